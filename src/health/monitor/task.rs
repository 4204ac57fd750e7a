//! A check that somebody else's runtime runs, and how it is ended early.
//!
//! # Invariants
//!
//! * Whoever polls the future has taken it out: it runs, and is dropped, without the lock. A check that is stopped meanwhile is dropped by
//!   who polls it, and not polled again.
//! * A task whose future is gone is ready. Whoever takes the future away from one that waits wakes it, so that the runtime lets go of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::kernel::sync::{Arc, Mutex};
use crate::kernel::upkeep::{Discarded, shielded, wake};

pub(super) type Checking = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A check under way, for whoever spawns checks: a future without a result.
///
/// The check begins at the first poll, and its time runs from there. Once it has had its time, or its target is removed, the check is
/// dropped and the task is ready. Dropping the task counts as a check that failed if it had begun, and as one that found no thread if not.
#[must_use = "a check that is dropped has failed"]
pub struct CheckTask(Arc<Slot>);

/// Ends the check when it is dropped, unless it is being polled: then it ends after that. The caller holds no lock.
pub(super) struct Stop(Arc<Slot>);

struct Slot(Mutex<Stage>);

enum Stage {
    Idle {
        future: Checking,
        waker: Option<Waker>,
    },
    Polling,
    Done,
}

impl CheckTask {
    pub(super) fn new(future: Checking) -> Self {
        let waker = None;
        Self(Arc::new(Slot(Mutex::new(Stage::Idle { future, waker }))))
    }

    pub(super) fn stop(&self) -> Stop {
        Stop(self.0.clone())
    }
}

impl Slot {
    fn change(&self, stage: Stage) -> Stage {
        std::mem::replace(&mut *self.0.lock(), stage)
    }

    /// Whoever waited for the future, if it had not been done.
    fn end(&self) -> Option<Waker> {
        let Stage::Idle { future, waker } = self.change(Stage::Done) else {
            return None;
        };
        shielded(|| drop(future));
        waker
    }
}

impl Future for CheckTask {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let slot = &*self.0;
        let Stage::Idle { mut future, waker } = slot.change(Stage::Polling) else {
            slot.change(Stage::Done);
            return Poll::Ready(());
        };
        drop(Discarded(waker));
        let waker = Some(context.waker().clone());
        if future.as_mut().poll(context).is_ready() {
            slot.change(Stage::Done);
            drop(Discarded(waker));
            return Poll::Ready(());
        }
        let mut stage = slot.0.lock();
        if matches!(*stage, Stage::Done) {
            drop(stage);
            shielded(|| drop(future));
            drop(Discarded(waker));
            return Poll::Ready(());
        }
        *stage = Stage::Idle { future, waker };
        Poll::Pending
    }
}

impl Drop for CheckTask {
    fn drop(&mut self) {
        drop(Discarded(self.0.end()));
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(waker) = self.0.end() {
            wake(waker);
        }
    }
}

impl fmt::Debug for CheckTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckTask").finish_non_exhaustive()
    }
}
