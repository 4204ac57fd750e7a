//! Running what nobody runs in the background.
//!
//! In a pool of futures without a spawner, connects and checks are run by those that wait, within their own polls: whoever finds some that nobody
//! runs takes them along, and leaves those that have not ended to the next when it goes. If nobody waits any more a connect is dropped, which
//! ends it; a check stands still until somebody waits, and what has arrived meanwhile is found then, since to drop it would cost the
//! connection.

use std::sync::Arc;
use std::task::{Context, Waker};

use super::base::Core;
use super::errand::Kind;
use super::verbs::{BoxFuture, Verbs};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::shielded;
use crate::pool::Manage;

/// One that nobody runs.
pub(super) type Orphan = (Kind, BoxFuture);

/// Futures that one caller runs.
#[derive(Default)]
pub(super) struct Driven(Vec<Orphan>);

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
        self.0.retain_mut(|(_, future)| {
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
        if any && !faulty(Fault::LeaveUntold) {
            core.rouse_driver();
        }
    }
}

impl<M: Manage> Core<M> {
    /// Whether futures are run by whoever waits.
    pub(super) const fn is_driverless(&self) -> bool {
        matches!(self.verbs, Verbs::Async(_, None))
    }

    /// Ends what nobody is going to run: those that `gone` says so of.
    pub(super) fn drop_orphans(&self, gone: impl Fn(Kind) -> bool) {
        let mut orphans = self.orphans.lock();
        let (ended, kept) = std::mem::take(&mut *orphans)
            .into_iter()
            .partition::<Vec<_>, _>(|(kind, _)| gone(*kind));
        *orphans = kept;
        drop(orphans);
        shielded(|| drop(ended));
    }

    /// Somebody has to run what nobody runs.
    fn rouse_driver(&self) {
        if self.is_closed() && !self.watch.is_watched() {
            self.drop_orphans(|_| true);
        } else if self.line.waiting() > 0 {
            self.line.rouse(self.time.now());
        } else if !self.watch.is_watched() {
            // Nobody is there to run more of them.
            self.missing.store(0, Ordering::SeqCst);
            self.drop_orphans(|kind| kind == Kind::Connect);
        }
        self.watch.notify();
    }
}
