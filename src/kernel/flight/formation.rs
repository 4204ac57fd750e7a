//! Several flights with one load: what loads many keys at a time.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::core::Flight;
use super::frames;
use super::leader::Leader;
use super::rules::Freight;

/// Leads any number of flights, none included, for as long as one load takes.
///
/// Each flight is led for itself: one may be lost to a waiter that has no patience any more, and the others not.
#[derive(Debug)]
#[must_use = "leaders that are dropped hand their leads to others"]
pub struct Formation<T: Freight> {
    leaders: Vec<Leader<T>>,
    /// The waker of the task, and the one that the future gets.
    wakers: Option<(Waker, Waker)>,
}

impl<T: Freight> Formation<T> {
    /// Leads all of them.
    pub const fn new(leaders: Vec<Leader<T>>) -> Self {
        Self {
            leaders,
            wakers: None,
        }
    }

    /// Lets them go their own ways, in the order in which they came.
    pub fn part(self) -> Vec<Leader<T>> {
        self.leaders
    }

    /// As [`Leader::run`], for all of them.
    ///
    /// # Blocking
    ///
    /// As long as `load` does.
    pub fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        frames::within_all(self.leaders.iter().map(Leader::frame), load)
    }

    /// As [`Leader::poll_with`], for all of them.
    pub fn poll_with<F: Future + ?Sized>(
        &mut self,
        context: &mut Context<'_>,
        load: Pin<&mut F>,
    ) -> Poll<F::Output> {
        let waker = self.waker(context.waker());
        for leader in &self.leaders {
            leader.flight().leader_runs(leader.term());
        }
        let mut context = Context::from_waker(&waker);
        let polled = self.run(|| load.poll(&mut context));
        if polled.is_pending() {
            for leader in &self.leaders {
                leader.flight().leader_pending(leader.term());
            }
        }
        polled
    }

    /// A waker that notes in each flight that the task was woken.
    fn waker(&mut self, task: &Waker) -> Waker {
        let known = self
            .wakers
            .as_ref()
            .filter(|(known, _)| known.will_wake(task));
        if let Some((_, noting)) = known {
            return noting.clone();
        }
        let led = |leader: &Leader<T>| (Arc::downgrade(leader.flight()), leader.term());
        let noting = Waker::from(Arc::new(Noting {
            led: self.leaders.iter().map(led).collect(),
            task: task.clone(),
        }));
        self.wakers = Some((task.clone(), noting.clone()));
        noting
    }
}

/// The waker of a task with several flights. Whoever keeps it keeps none of them.
struct Noting<T> {
    led: Vec<(Weak<Flight<T>>, u64)>,
    task: Waker,
}

impl<T: Freight> Wake for Noting<T> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        for (flight, term) in &self.led {
            if let Some(flight) = flight.upgrade() {
                flight.leader_woken(*term);
            }
        }
        self.task.wake_by_ref();
    }
}
