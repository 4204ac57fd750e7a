//! What a module hands to the frame: workloads, their contestants and how a contestant is driven.

use std::time::Duration;

/// Who a contestant is in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// This crate: the row named exactly `tenfold` is the default configuration through the documented call, except for
    /// what has to be said: the placement, and the capacity of one that can't grow.
    Tenfold,
    /// Another crate or the standard library, in its best public settings.
    Peer,
    /// What the machine needs for the bare minimum of the work, whoever does it.
    Limit,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tenfold => "tenfold",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

/// A contestant before it is built; `make` builds it, checks its answers and says what is wrong with them.
pub(crate) struct Contestant<T> {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) make: Make<T>,
}

pub(crate) type Make<T> = Box<dyn Fn() -> Result<T, String>>;

impl<T> Contestant<T> {
    pub(crate) fn new(
        name: &'static str,
        role: Role,
        make: impl Fn() -> Result<T, String> + 'static,
    ) -> Self {
        Self {
            name,
            role,
            make: Box::new(make),
        }
    }
}

/// One comparison: the same work done by every contestant.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    /// Nanoseconds per operation, measured with each of these numbers of threads.
    Timed {
        threads: &'static [usize],
        contestants: Vec<Contestant<Box<dyn Timed>>>,
    },
    /// A figure that is computed, not timed; `make` returns it.
    Counted {
        unit: &'static str,
        contestants: Vec<Contestant<f64>>,
    },
    /// Several figures of one scene, which takes as long as it takes.
    Played {
        figures: &'static [Figure],
        threads: usize,
        contestants: Vec<Contestant<Box<dyn Play>>>,
    },
}

/// What one figure of a scene tells. Less is better.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
}

/// A built contestant that plays a scene with threads or tasks of its own.
pub(crate) trait Play {
    /// Plays for about so long, if the scene has no length of its own, and tells its figures in their order.
    fn play(&self, length: Duration) -> Result<Vec<f64>, String>;
}

impl Workload {
    pub(crate) fn timed(
        name: impl Into<String>,
        threads: &'static [usize],
        contestants: Vec<Contestant<Box<dyn Timed>>>,
    ) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Timed {
                threads,
                contestants,
            },
        }
    }

    pub(crate) fn counted(
        name: impl Into<String>,
        unit: &'static str,
        contestants: Vec<Contestant<f64>>,
    ) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Counted { unit, contestants },
        }
    }

    pub(crate) fn played(
        name: impl Into<String>,
        threads: usize,
        figures: &'static [Figure],
        contestants: Vec<Contestant<Box<dyn Play>>>,
    ) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Played {
                figures,
                threads,
                contestants,
            },
        }
    }

    /// Keeps everything when the workload's name contains `text`, else the contestants whose name does.
    pub(crate) fn filter(&mut self, text: &str) {
        if self.name.contains(text) {
            return;
        }
        match &mut self.kind {
            Kind::Timed { contestants, .. } => {
                contestants.retain(|contestant| contestant.name.contains(text));
            }
            Kind::Counted { contestants, .. } => {
                contestants.retain(|contestant| contestant.name.contains(text));
            }
            Kind::Played { contestants, .. } => {
                contestants.retain(|contestant| contestant.name.contains(text));
            }
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Timed { contestants, .. } => contestants.is_empty(),
            Kind::Counted { contestants, .. } => contestants.is_empty(),
            Kind::Played { contestants, .. } => contestants.is_empty(),
        }
    }
}

/// A built contestant, shared by the threads that drive it.
pub(crate) trait Timed: Sync {
    /// Operations in one batch of this contestant's workers.
    fn batch(&self) -> u64;

    /// Called once on each thread; cached readers, recorders and inputs of that thread live in what it returns.
    fn worker(&self, thread: usize) -> Box<dyn Worker + '_>;
}

/// One thread's hold on a contestant.
pub(crate) trait Worker {
    /// Does `batches` batches of operations in a loop without a virtual call inside.
    fn run(&mut self, batches: u64);

    /// What is reported of the last run instead of the time per operation, in nanoseconds.
    fn figure(&mut self) -> Option<f64> {
        None
    }
}
