//! Futures of a connection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::core::{Core, Wait};
use super::{AcquireError, Lease, Manage, OwnedLease};

/// A connection to come, made by [`Pool::acquire_async`](super::Pool::acquire_async) and the like.
///
/// # Cancel safety
///
/// Dropping it at any time leaves the line; a connection that was handed to it goes to the next. One that is not polled although a connection
/// was handed to it loses that after [`Config::patience`](super::Config::patience), and keeps its place in line.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'p, M: Manage> {
    core: &'p Arc<Core<M>>,
    wait: Wait,
}

/// As [`Acquire`], of an [`OwnedLease`].
#[must_use = "futures do nothing unless polled"]
pub struct AcquireOwned<M: Manage> {
    core: Arc<Core<M>>,
    wait: Wait,
}

impl<'p, M: Manage> Acquire<'p, M> {
    pub(super) const fn new(core: &'p Arc<Core<M>>, wait: Wait) -> Self {
        Self { core, wait }
    }
}

impl<M: Manage> AcquireOwned<M> {
    pub(super) const fn new(core: Arc<Core<M>>, wait: Wait) -> Self {
        Self { core, wait }
    }
}

impl<'p, M: Manage> Future for Acquire<'p, M> {
    type Output = Result<Lease<'p, M>, AcquireError<M::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let core = this.core;
        this.wait
            .poll(core, context.waker())
            .map_ok(|right| Lease::new(core.claim(right)))
    }
}

impl<M: Manage> Future for AcquireOwned<M> {
    type Output = Result<OwnedLease<M>, AcquireError<M::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let core = &this.core;
        this.wait
            .poll(core, context.waker())
            .map_ok(|right| OwnedLease::new(core.claim_shared(right)))
    }
}

impl<M: Manage> Drop for Acquire<'_, M> {
    #[inline]
    fn drop(&mut self) {
        self.wait.leave(self.core);
    }
}

impl<M: Manage> Drop for AcquireOwned<M> {
    #[inline]
    fn drop(&mut self) {
        self.wait.leave(&self.core);
    }
}

impl<M: Manage> fmt::Debug for Acquire<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").finish_non_exhaustive()
    }
}

impl<M: Manage> fmt::Debug for AcquireOwned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOwned").finish_non_exhaustive()
    }
}
