//! Futures of a pool of many keys.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::tenant::Tenant;
use crate::pool::core::{Await, Wait};
use crate::pool::{AcquireError, AcquireOwned, DrainReport, Manage, OwnedLease, Pool};

/// A connection of a key to come, made by [`KeyedPool::acquire_async`](super::KeyedPool::acquire_async) and the like.
///
/// # Cancel safety
///
/// As [`Acquire`](crate::pool::Acquire): dropping it at any time loses nothing.
#[must_use = "futures do nothing unless polled"]
pub struct AcquireKeyed<K, M: Manage> {
    state: State<K, M>,
}

enum State<K, M: Manage> {
    Waiting {
        acquire: AcquireOwned<M>,
        /// While somebody waits, the key is not forgotten.
        _tenant: Arc<Tenant<K, M>>,
    },
    Refused(AcquireError<M::Error>),
    Done,
}

impl<K, M: Manage> AcquireKeyed<K, M> {
    pub(super) fn new(
        tenant: Result<Arc<Tenant<K, M>>, AcquireError<M::Error>>,
        wait: impl FnOnce(&Pool<M>) -> Wait,
    ) -> Self {
        let state = match tenant {
            Ok(tenant) => State::Waiting {
                acquire: AcquireOwned::new(tenant.pool.core().clone(), wait(&tenant.pool)),
                _tenant: tenant,
            },
            Err(error) => State::Refused(error),
        };
        Self { state }
    }
}

// Nothing in it is pinned.
impl<K, M: Manage> Unpin for AcquireKeyed<K, M> {}

impl<K, M: Manage> Future for AcquireKeyed<K, M> {
    type Output = Result<OwnedLease<M>, AcquireError<M::Error>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let state = &mut self.get_mut().state;
        let result = match std::mem::replace(state, State::Done) {
            State::Waiting {
                mut acquire,
                _tenant,
            } => match Pin::new(&mut acquire).poll(context) {
                Poll::Ready(acquired) => acquired,
                Poll::Pending => {
                    *state = State::Waiting { acquire, _tenant };
                    return Poll::Pending;
                }
            },
            State::Refused(error) => Err(error),
            // Polled after it was ready.
            State::Done => return Poll::Pending,
        };
        Poll::Ready(result)
    }
}

impl<K, M: Manage> fmt::Debug for AcquireKeyed<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireKeyed").finish_non_exhaustive()
    }
}

/// Pools that are being emptied: made by [`KeyedPool::drain_async`](super::KeyedPool::drain_async). It comes to what is left.
///
/// # Cancel safety
///
/// The pools are closed whether this is polled or not.
#[must_use = "futures do nothing unless polled"]
pub struct DrainKeyed<M: Manage> {
    parts: Vec<Part<M>>,
}

struct Part<M: Manage> {
    pool: Pool<M>,
    wait: Await,
    report: Option<DrainReport>,
}

impl<M: Manage> DrainKeyed<M> {
    /// The pools are not closed yet.
    pub(super) fn new(pools: impl Iterator<Item = Pool<M>>, patience: Duration) -> Self {
        let parts = pools.map(|pool| Part {
            wait: Await::new(pool.core(), patience),
            pool,
            report: None,
        });
        Self {
            parts: parts.collect(),
        }
    }

    pub(super) fn poll_with(&mut self, waker: &Waker) -> Poll<DrainReport> {
        let mut pending = false;
        for part in &mut self.parts {
            let core = part.pool.core();
            if part.report.is_none() {
                let polled = part.wait.poll(core, waker, |core| core.total() == 0);
                if let Poll::Ready(empty) = polled {
                    part.report = Some(part.wait.report(core, empty));
                }
            }
            pending |= part.report.is_none();
        }
        if pending {
            return Poll::Pending;
        }
        let mut whole = DrainReport {
            closed: 0,
            pending: 0,
            held: Vec::new(),
        };
        for report in self.parts.iter().filter_map(|part| part.report.as_ref()) {
            whole.closed += report.closed;
            whole.pending += report.pending;
            whole.held.extend_from_slice(&report.held);
        }
        Poll::Ready(whole)
    }
}

impl<M: Manage> Future for DrainKeyed<M> {
    type Output = DrainReport;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<DrainReport> {
        self.get_mut().poll_with(context.waker())
    }
}

impl<M: Manage> Drop for DrainKeyed<M> {
    fn drop(&mut self) {
        for part in &mut self.parts {
            part.wait.leave(part.pool.core());
        }
    }
}

impl<M: Manage> fmt::Debug for DrainKeyed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainKeyed").finish_non_exhaustive()
    }
}
