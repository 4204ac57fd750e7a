//! Taking a backend out once it has finished.
//!
//! While a backend drains its word of leases is closed: nobody enters any more, not even a caller that found it in an older state. So when
//! the closed word has no leases there are none and there will be none, and the backend is removed and that reported.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::core::Inner;
use super::policy::{Adaptive, Policy};
use super::vitals::Vitals;
use super::{BackendId, Balancer, Changes, Error};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::sync::Arc;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::Deadline;
use crate::kernel::wait::block_on;

/// A backend that finishes what it has: made by [`Balancer::drain`].
///
/// It is a future of how it ended. If this is dropped the backend goes on draining, stays in the set, and can be
/// [put back](Changes::set_draining) or [removed](Changes::remove).
///
/// # Cancel safety
///
/// Polling does nothing but look and remove; a future that was dropped can be made anew by another [`drain`](Balancer::drain).
#[must_use = "a backend that has finished is removed when this is waited for"]
pub struct Drain<T, P: Policy = Adaptive, C: Clock = MonotonicClock> {
    inner: Arc<Inner<T, P, C>>,
    id: BackendId,
    vitals: Arc<Vitals>,
    /// Names this one among those that wait for the same backend.
    ticket: u64,
}

/// How a [`Drain`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drained {
    /// All leases have ended, and the backend is out of the set.
    Finished,
    /// The backend was put back into service meanwhile.
    Resumed,
}

impl<T, P: Policy, C: Clock> Balancer<T, P, C> {
    /// Gives a backend nothing new, and removes it when all its leases have ended, which [`Drain`] waits for.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::balance::{Balancer, Drained, Request};
    ///
    /// let balancer = Balancer::new(["old:80", "new:80"])?;
    /// let drain = balancer.drain("old:80")?;
    /// assert_eq!(drain.wait_timeout(Duration::from_secs(30)).ok(), Some(Drained::Finished));
    /// assert_eq!(balancer.stats().backends, 1);
    /// # Ok::<(), tenfold::balance::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn drain(&self, key: &str) -> Result<Drain<T, P, C>, Error> {
        let unknown = || Error::UnknownKey { key: key.into() };
        self.update(|changes| {
            changes.set_draining(key, true);
        })?;
        let id = BackendId::of(key);
        let state = self.inner().state.load();
        let vitals = state.vitals_of(id).ok_or_else(unknown)?;
        Ok(Drain {
            inner: self.inner().clone(),
            id,
            ticket: vitals.drain_ticket(),
            vitals,
        })
    }
}

impl<T, P: Policy, C: Clock> Drain<T, P, C> {
    /// Leases that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.vitals.in_flight()
    }

    /// Waits until the backend has finished.
    ///
    /// # Blocking
    ///
    /// Until its last lease ends, or it is put back.
    #[must_use]
    pub fn wait(self) -> Drained {
        block_on(|waker| self.poll_with(waker))
    }

    /// As [`wait`](Self::wait), for at most `patience`.
    ///
    /// # Errors
    ///
    /// This drain itself, if the time is over: to wait on, or to see how many leases are left.
    ///
    /// # Blocking
    ///
    /// For at most `patience`, by the balancer's clock.
    pub fn wait_timeout(self, patience: Duration) -> Result<Drained, Self> {
        let clock = &self.inner.clock;
        let mut deadline = Deadline::new(clock, clock.now().saturating_add(patience));
        let ended = block_on(|waker| match self.poll_with(waker) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending => deadline.poll(waker).map(|()| None),
        });
        drop(deadline);
        ended.ok_or(self)
    }

    fn poll_with(&self, waker: &Waker) -> Poll<Drained> {
        if let Some(ended) = self.look() {
            return Poll::Ready(ended);
        }
        self.vitals.watch_drain(self.ticket, waker.clone());
        if faulty(Fault::SkipDrainRecheck) {
            return Poll::Pending;
        }
        // It may have ended before the waker was in place.
        self.look().map_or(Poll::Pending, Poll::Ready)
    }

    fn look(&self) -> Option<Drained> {
        if !self.vitals.is_closed() {
            return Some(Drained::Resumed);
        }
        if !self.vitals.is_drained() {
            return None;
        }
        let mut changes = Changes::new();
        changes.remove_drained(self.id);
        // Removing can't make the set too large, and nothing else can be wrong with it.
        let _ = self.inner.apply(&changes);
        let state = self.inner.state.guard();
        match state.record(self.id) {
            None => Some(Drained::Finished),
            Some(record) if !record.standing.draining => Some(Drained::Resumed),
            // It was put back, entered and drained again meanwhile.
            Some(_) => None,
        }
    }
}

impl<T, P: Policy, C: Clock> Future for Drain<T, P, C> {
    type Output = Drained;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Drained> {
        self.poll_with(context.waker())
    }
}

impl<T, P: Policy, C: Clock> Drop for Drain<T, P, C> {
    fn drop(&mut self) {
        self.vitals.forget_drain(self.ticket);
    }
}

impl<T, P: Policy, C: Clock> fmt::Debug for Drain<T, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("id", &self.id)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
