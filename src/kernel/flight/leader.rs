//! The guard of who loads.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::core::Flight;
use super::frames::{self, Frame};
use super::rules::Freight;

/// Leads a flight. Dropped before it has landed, because the loader panicked or the future was dropped, it hands the lead to the first that
/// waits.
#[must_use = "a leader that is dropped hands the lead to somebody else"]
pub struct Leader<T: Freight> {
    flight: Arc<Flight<T>>,
    term: u64,
    wakers: Wakers,
    landed: bool,
}

impl<T: Freight> Leader<T> {
    pub(super) const fn new(flight: Arc<Flight<T>>, term: u64) -> Self {
        Self {
            flight,
            term,
            wakers: Wakers::new(),
            landed: false,
        }
    }

    /// What it leads.
    #[must_use]
    pub const fn flight(&self) -> &Arc<Flight<T>> {
        &self.flight
    }

    /// Whether it has not lost the lead.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.flight.lock().hand(self.term).is_some()
    }

    /// As [`leads`](Self::leads), and the lead is not taken from it any more before it lands.
    pub(super) fn holds(&self) -> bool {
        self.flight.leader_runs(self.term)
    }

    /// Runs a loader, or whatever makes the future of one. What it does on this thread is known to be done by this leader.
    ///
    /// # Blocking
    ///
    /// As long as `load` does. The lead is not taken from a leader that runs.
    pub fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        frames::within(self.frame(), load)
    }

    /// Polls a loader. Between polls the lead is taken from it if it was woken, is not polled for the patience of its table, and another one
    /// waits; the loader may go on even so, for its own caller.
    pub fn poll_with<F: Future + ?Sized>(
        &mut self,
        context: &mut Context<'_>,
        load: Pin<&mut F>,
    ) -> Poll<F::Output> {
        let mut wakers = std::mem::replace(&mut self.wakers, Wakers::new());
        let waker = wakers.noting(context.waker(), std::slice::from_ref(self));
        self.wakers = wakers;
        self.begin_poll();
        let polled = self.run(|| load.poll(&mut Context::from_waker(&waker)));
        if polled.is_pending() {
            self.end_poll();
        }
        polled
    }

    fn leg(&self) -> (Weak<Flight<T>>, u64) {
        (Arc::downgrade(&self.flight), self.term)
    }

    pub(super) fn begin_poll(&self) {
        self.flight.leader_runs(self.term);
    }

    pub(super) fn end_poll(&self) {
        self.flight.leader_pending(self.term);
    }

    /// Gives `value` to all that wait. The owner has asked its table before whether it may be [stored](super::FlightTable::land).
    /// `false`: this leader has lost the lead, and nobody got the value.
    ///
    /// Clones the value once, if anybody waits.
    pub fn land(self, value: &T) -> bool {
        self.land_with(|| value.clone())
    }

    /// As [`land`](Self::land), with a value that is made only if anybody waits, and without any lock.
    pub fn land_with(mut self, value: impl FnOnce() -> T) -> bool {
        let landed = self.flight.land(self.term, value);
        self.landed = true;
        landed
    }

    pub(super) fn frame(&self) -> Frame {
        Frame {
            flight: self.flight.clone(),
            term: self.term,
        }
    }
}

impl<T: Freight> Drop for Leader<T> {
    fn drop(&mut self) {
        if !self.landed {
            self.flight.abandon(self.term);
        }
    }
}

impl<T: Freight> fmt::Debug for Leader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader")
            .field("term", &self.term)
            .finish_non_exhaustive()
    }
}

/// The waker of a leader's task, and the one that its future gets instead.
#[derive(Debug)]
pub(super) struct Wakers(Option<(Waker, Waker)>);

impl Wakers {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// A waker that notes for all `leaders` that their task was woken.
    pub(super) fn noting<T: Freight>(&mut self, task: &Waker, leaders: &[Leader<T>]) -> Waker {
        match &self.0 {
            Some((known, noting)) if known.will_wake(task) => noting.clone(),
            _ => {
                let noting = Waker::from(Arc::new(Noting {
                    flights: leaders.iter().map(Leader::leg).collect(),
                    task: task.clone(),
                }));
                self.0 = Some((task.clone(), noting.clone()));
                noting
            }
        }
    }
}

/// Wakes the task of leaders. Whoever keeps it keeps no flight.
struct Noting<T> {
    flights: Vec<(Weak<Flight<T>>, u64)>,
    task: Waker,
}

impl<T: Freight> Wake for Noting<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        for (flight, term) in &self.flights {
            if let Some(flight) = flight.upgrade() {
                flight.leader_woken(*term);
            }
        }
        self.task.wake_by_ref();
    }
}
