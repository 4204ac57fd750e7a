//! The public handle.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::super::{Active, AsyncCheck, Check, Error, Stats, Status};
use super::builder::{Builder, Upkeep};
use super::core::{Core, Work};
use super::runner::Runner;
use super::task::CheckTask;
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::upkeep::Periodic;

/// Checks a changing set of targets again and again, and says when one of them changes its status.
///
/// Targets are known by their keys. One that is removed and added again starts anew, and no answer from before counts for it.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::ManualClock;
/// use tenfold::health::{Active, CheckError, Monitor, Status};
///
/// let clock = ManualClock::new();
/// let check = |port: &u16| if *port == 80 { Ok(()) } else { Err(CheckError::failed("closed")) };
/// let monitor = Monitor::builder(check)
///     .config(Active::default().rise(1).fall(1))
///     .clock(clock.clone())
///     .on_change(|key, status| println!("{key} is {status:?}"))
///     .build()?;
/// monitor.add("web", 80)?;
/// monitor.add("mail", 25)?;
/// assert_eq!(monitor.status("web"), Some(Status::Unknown));
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(monitor.status("web"), Some(Status::Healthy));
/// assert_eq!(monitor.status("mail"), Some(Status::Unhealthy));
/// # Ok::<(), tenfold::health::Error>(())
/// ```
///
/// A target has one check at most that has not returned. One that takes longer than [`Active::timeout`] has failed, and has failed once
/// more after each interval in which it does not return; so a target that hangs costs one place, and one thread if its check blocks. A
/// check that is spawned is dropped when it has had its time. The time runs from when a thread begins the check, so nobody fails for
/// want of threads.
///
/// Dropping it stops everything: no check and no call of the sink begins after that; checks that are spawned are dropped, and those that
/// block go on.
///
/// # Complexity
///
/// Adding, removing and an answer take O(log n) steps under a lock, and about 200 bytes per target. Removing one whose check stands in
/// line takes a step per target in line.
pub struct Monitor<T, C = MonotonicClock>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    pub(super) core: Arc<Core<T, C>>,
    /// Stops when it is dropped.
    pub(super) _periodic: Option<Periodic<Work<T, C>, Arc<C>>>,
    pub(super) config: Active,
}

impl<T: Send + Sync + 'static> Monitor<T> {
    /// A monitor whose checks run on the workers.
    pub fn builder(check: impl Check<T> + 'static) -> Builder<T> {
        Self::with(Runner::Blocking(Arc::new(check)))
    }

    /// A monitor whose checks are given to `spawn`, which has a runtime run them: with tokio, `let runtime = Handle::current()` and
    /// `move |task| { runtime.spawn(task); }`. It is called by a thread of this crate's. It must
    /// not wait for them.
    pub fn spawning<A>(check: A, spawn: impl Fn(CheckTask) + Send + Sync + 'static) -> Builder<T>
    where
        A: AsyncCheck<T> + 'static,
    {
        Self::with(Runner::spawning(check, Box::new(spawn)))
    }

    fn with(runner: Runner<T>) -> Builder<T> {
        Builder {
            runner,
            config: Active::default(),
            clock: MonotonicClock::new(),
            sink: Box::new(|_, _| ()),
            upkeep: Upkeep::Automatic,
            executor: None,
        }
    }
}

impl<T, C> Monitor<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    /// Watches one more target. Its first check begins within the jitter of an interval.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateKey`] if there is one of this key, [`Error::TooMany`] if there are as many as may be.
    pub fn add(&self, key: &str, target: T) -> Result<(), Error> {
        let now = self.core.clock.now();
        let target = Arc::new(target);
        let added = self.core.book.lock().add(key.into(), target.clone(), now);
        self.core.nudge();
        added
    }

    /// Watches a target no more. Whether there was one. The sink is not told; a call for this target may be under way.
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn remove(&self, key: &str) -> bool {
        // Dropped behind the lock.
        let removed = self.core.book.lock().remove(key);
        self.core.nudge();
        removed.is_some()
    }

    /// Watches exactly these targets: those whose keys are not among them are removed, those that are new are added, and the others keep
    /// their status and get the new value, which their next check looks at: after the one that is under way, also if that hangs. Of equal
    /// keys the last one counts.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] if these are more than may be. Then nothing has changed.
    pub fn replace<K: Into<String>>(
        &self,
        targets: impl IntoIterator<Item = (K, T)>,
    ) -> Result<(), Error> {
        let targets = targets.into_iter();
        let targets: BTreeMap<String, Arc<T>> = targets
            .map(|(key, value)| (key.into(), Arc::new(value)))
            .collect();
        let limit = self.config.max_targets;
        if targets.len() > limit {
            return Err(Error::TooMany { limit });
        }
        let now = self.core.clock.now();
        let (mut gone, mut replaced) = (Vec::new(), Vec::new());
        let mut book = self.core.book.lock();
        for (key, _) in book.statuses() {
            if !targets.contains_key(&*key) {
                gone.extend(book.remove(&key));
            }
        }
        for (key, value) in targets {
            match book.set_value(&key, value) {
                Ok(old) => replaced.push(old),
                // There is room, and no such key.
                Err(new) => {
                    let _ = book.add(key.into(), new, now);
                }
            }
        }
        drop(book);
        drop((gone, replaced));
        self.core.nudge();
        Ok(())
    }

    /// What a target is taken for.
    #[must_use]
    pub fn status(&self, key: &str) -> Option<Status> {
        self.core.book.lock().status(key)
    }

    /// What all targets are taken for, in the order of their keys: one pass over them under the lock.
    #[must_use]
    pub fn statuses(&self) -> Vec<(Arc<str>, Status)> {
        self.core.book.lock().statuses()
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.book.lock().stats()
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Active {
        &self.config
    }

    /// Begins the checks that are due at `now` and gives those up that have had their time. Returns when to call it next; an answer, a new
    /// target and a removed one may make that earlier. For [`Upkeep::Manual`]; otherwise it is done already.
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.core.upkeep(now)
    }
}

impl<T, C> Drop for Monitor<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn drop(&mut self) {
        // Without targets nothing begins and nobody is told.
        let targets = self.core.book.lock().clear();
        drop(targets);
    }
}

impl<T, C> fmt::Debug for Monitor<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("config", &self.config)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
