//! The deadline of one waiter.
#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

use std::task::{Poll, Waker};

use super::arm::wake_at;
use super::timers::TimerKey;
use super::waking::Discarded;
use crate::kernel::clock::{Clock, Tick};

/// Wakes a waiter when its time is over, and nobody once it is dropped.
#[derive(Debug)]
pub struct Deadline<C: Clock> {
    clock: C,
    due: Tick,
    /// The key is missing if it could not be armed: then the waker has been woken.
    armed: Option<(Option<TimerKey>, Waker)>,
}

impl<C: Clock> Deadline<C> {
    /// Nothing is armed before the first poll. [`Tick::MAX`] never comes and is not armed at all.
    #[must_use]
    pub const fn new(clock: C, due: Tick) -> Self {
        Self {
            clock,
            due,
            armed: None,
        }
    }

    /// When it is due.
    #[must_use]
    pub const fn due(&self) -> Tick {
        self.due
    }

    /// Whether the time is over. If not, `waker` is woken when it may be, and the waiter polls again.
    pub fn poll(&mut self, waker: &Waker) -> Poll<()> {
        if self.due == Tick::MAX {
            return Poll::Pending;
        }
        if self.clock.now() >= self.due {
            self.cancel();
            return Poll::Ready(());
        }
        let timers = self.clock.timers();
        let good = |(key, armed): &(Option<TimerKey>, Waker)| {
            armed.will_wake(waker) && key.is_some_and(|key| timers.is_armed(key))
        };
        if !self.armed.as_ref().is_some_and(good) {
            self.cancel();
            // Both clones before anything is armed: cloning may panic.
            let (theirs, own) = (waker.clone(), waker.clone());
            self.armed = Some((wake_at(&self.clock, self.due, theirs), own));
        }
        Poll::Pending
    }

    fn cancel(&mut self) {
        if let Some((key, waker)) = self.armed.take() {
            let _waker = Discarded(Some(waker));
            if let Some(key) = key {
                self.clock.timers().cancel(key);
            }
        }
    }
}

impl<C: Clock> Drop for Deadline<C> {
    fn drop(&mut self) {
        self.cancel();
    }
}
