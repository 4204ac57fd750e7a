//! Running what nobody runs in the background.
//!
//! In a pool of futures without a spawner, connects and checks are run by those that wait, within their own polls: whoever finds some that nobody
//! runs takes them along, and leaves those that have not ended to the next when it goes. If nobody waits any more they are dropped,
//! which ends them.

use std::sync::Arc;
use std::task::{Context, Waker};

use super::base::Core;
use super::verbs::{BoxFuture, Verbs};
use crate::kernel::sync::Ordering;
use crate::kernel::upkeep::shielded;
use crate::pool::Manage;

/// Futures that one caller runs.
#[derive(Default)]
pub(super) struct Driven(Vec<BoxFuture>);

impl Driven {
    /// Runs what nobody else runs. Whether any of it has ended.
    pub(super) fn run<M: Manage>(&mut self, core: &Arc<Core<M>>, waker: &Waker) -> bool {
        if !core.is_driverless() {
            return false;
        }
        let mut new = std::mem::take(&mut *core.orphans.lock());
        self.0.append(&mut new);
        let before = self.0.len();
        let mut context = Context::from_waker(waker);
        self.0.retain_mut(|future| {
            // The manager's panics are caught within; with any other one, it has ended too.
            let polled = shielded(|| future.as_mut().poll(&mut context));
            polled.is_some_and(|polled| polled.is_pending())
        });
        self.0.len() < before
    }

    /// Leaves them to the next.
    pub(super) fn leave<M: Manage>(&mut self, core: &Arc<Core<M>>) {
        if !core.is_driverless() {
            return;
        }
        let mut driven = std::mem::take(&mut self.0);
        let mut orphans = core.orphans.lock();
        orphans.append(&mut driven);
        let any = !orphans.is_empty();
        drop(orphans);
        if any {
            core.rouse_driver();
        }
    }
}

impl<M: Manage> Core<M> {
    /// Whether futures are run by whoever waits.
    pub(super) const fn is_driverless(&self) -> bool {
        matches!(self.verbs, Verbs::Async(_, None))
    }

    /// Somebody has to run what nobody runs.
    fn rouse_driver(&self) {
        if self.line.waiting() > 0 {
            self.line.rouse(self.time.now());
        } else if !self.watch.is_watched() {
            // Nobody is there to run more of them.
            self.missing.store(0, Ordering::SeqCst);
            // A statement of its own: they end outside of the lock.
            let orphans = std::mem::take(&mut *self.orphans.lock());
            shielded(|| drop(orphans));
        }
        self.watch.notify();
    }
}
