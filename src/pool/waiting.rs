//! Futures of a pool that comes to something: warm, or empty.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::core::{Await, Core};
use super::{DrainReport, Manage};

/// A pool that is being filled: made by [`Pool::warm_up_async`](super::Pool::warm_up_async). It comes to whether there are as many
/// connections in time.
///
/// # Cancel safety
///
/// Dropping it stops nothing that runs in the background.
#[must_use = "futures do nothing unless polled"]
pub struct WarmUp<'p, M: Manage> {
    core: &'p Arc<Core<M>>,
    wait: Await,
    target: u32,
}

/// A pool that is being emptied: made by [`Pool::drain_async`](super::Pool::drain_async). It comes to what is left.
///
/// # Cancel safety
///
/// The pool is closed whether this is polled or not.
#[must_use = "futures do nothing unless polled"]
pub struct Drain<'p, M: Manage> {
    core: &'p Arc<Core<M>>,
    wait: Await,
}

impl<'p, M: Manage> WarmUp<'p, M> {
    pub(super) const fn new(core: &'p Arc<Core<M>>, wait: Await, target: u32) -> Self {
        Self { core, wait, target }
    }

    pub(super) fn poll_with(&mut self, waker: &Waker) -> Poll<bool> {
        let target = u64::from(self.target);
        let there = |core: &Core<M>| core.established() >= target || core.is_closed();
        if self.wait.poll(self.core, waker, there).is_ready() {
            return Poll::Ready(self.core.established() >= target);
        }
        // A connect may have failed since, or what it made is gone.
        self.core.warm(self.target);
        Poll::Pending
    }
}

impl<'p, M: Manage> Drain<'p, M> {
    pub(super) const fn new(core: &'p Arc<Core<M>>, wait: Await) -> Self {
        Self { core, wait }
    }

    pub(super) fn poll_with(&mut self, waker: &Waker) -> Poll<DrainReport> {
        let empty = |core: &Core<M>| core.total() == 0;
        let polled = self.wait.poll(self.core, waker, empty);
        polled.map(|empty| self.wait.report(self.core, empty))
    }
}

impl<M: Manage> Future for WarmUp<'_, M> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        self.get_mut().poll_with(context.waker())
    }
}

impl<M: Manage> Future for Drain<'_, M> {
    type Output = DrainReport;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<DrainReport> {
        self.get_mut().poll_with(context.waker())
    }
}

impl<M: Manage> Drop for WarmUp<'_, M> {
    fn drop(&mut self) {
        self.wait.leave(self.core);
    }
}

impl<M: Manage> Drop for Drain<'_, M> {
    fn drop(&mut self) {
        self.wait.leave(self.core);
    }
}

impl<M: Manage> fmt::Debug for WarmUp<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WarmUp")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl<M: Manage> fmt::Debug for Drain<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
