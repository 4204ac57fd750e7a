//! Several flights with one leader: a bulk load of the keys that are missing.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::frames;
use super::leader::{Leader, Wakers};
use super::rules::Freight;

/// Leads any number of flights, none included, by one load. Each lands on its own; those that have not landed when this is dropped are handed on.
///
/// Who has joined flights of others as well waits for these after its own load has landed: two callers of several keys each would wait
/// for each other otherwise, and one of them would be told that it is in a circle.
#[derive(Debug)]
#[must_use = "leaders that are dropped hand the lead to somebody else"]
pub struct Convoy<T: Freight> {
    leaders: Vec<Leader<T>>,
    wakers: Wakers,
}

impl<T: Freight> Convoy<T> {
    /// All of these load together.
    pub const fn new(leaders: Vec<Leader<T>>) -> Self {
        Self {
            leaders,
            wakers: Wakers::new(),
        }
    }

    /// The guard of each flight, to be landed, in the order in which they came.
    #[must_use]
    pub fn into_leaders(self) -> Vec<Leader<T>> {
        self.leaders
    }

    /// As [`Leader::run`].
    ///
    /// # Blocking
    ///
    /// As long as `load` does.
    pub fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        frames::within_all(self.leaders.iter().map(Leader::frame), load)
    }

    /// As [`Leader::poll_with`]: each lead may be taken away on its own.
    pub fn poll_with<F: Future + ?Sized>(
        &mut self,
        context: &mut Context<'_>,
        load: Pin<&mut F>,
    ) -> Poll<F::Output> {
        let leaders = &self.leaders;
        let waker = self.wakers.noting(context.waker(), leaders);
        leaders.iter().for_each(Leader::begin_poll);
        let polled = self.run(|| load.poll(&mut Context::from_waker(&waker)));
        if polled.is_pending() {
            self.leaders.iter().for_each(Leader::end_poll);
        }
        polled
    }
}
