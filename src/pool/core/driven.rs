//! Running what nobody runs in the background.
//!
//! In a pool of futures without a spawner, connects and checks are run by those that wait, within their own polls. The futures stay with the
//! pool: whoever waits and is polled takes them out, polls them, and puts back those that have not ended. What they wait for wakes the
//! pool, which wakes the first in line; if that one is not polled within its patience, the upkeep wakes the next.
//!
//! If nobody waits any more, a connect is dropped, which ends it. A check stands still until somebody asks or its time is over: what has
//! arrived meanwhile is found then, and to drop it would cost the connection.

use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

use super::base::Core;
use super::errand::Kind;
use super::hint::this_thread;
use super::verbs::{BoxFuture, Verbs};
use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::shielded;
use crate::pool::Manage;

/// One that nobody runs.
struct Orphan {
    kind: Kind,
    /// When its time is over, if nobody has polled it until then.
    due: Tick,
    future: BoxFuture,
}

/// Futures that are run by whoever waits.
#[derive(Default)]
pub(super) struct Orphanage {
    orphans: Mutex<Vec<Orphan>>,
    /// Calls of `run` that are not done with.
    runs: AtomicU64,
    /// The thread that does; 0 if none.
    runner: AtomicU64,
    /// Whether something has happened that nobody has looked at.
    unseen: AtomicBool,
}

/// What the futures wake.
struct Bell<M: Manage>(Weak<Core<M>>);

impl<M: Manage> Wake for Bell<M> {
    fn wake(self: Arc<Self>) {
        if let Some(core) = self.0.upgrade() {
            core.rouse_driver();
        }
    }
}

impl<M: Manage> Core<M> {
    /// Whether futures are run by whoever waits.
    pub(super) const fn is_driverless(&self) -> bool {
        matches!(self.verbs, Verbs::Async(_, None))
    }

    /// Leaves a future to those that wait.
    pub(super) fn leave_to_others(&self, kind: Kind, future: BoxFuture) {
        let limit = self.limit(kind);
        let due = limit.map_or(Tick::MAX, |limit| self.time.now().saturating_add(limit));
        let orphan = Orphan { kind, due, future };
        self.orphanage.orphans.lock().push(orphan);
        if self.is_closed() {
            // Whoever closed the pool may have been here before.
            return self.drop_orphans(|_, _| true);
        }
        self.rouse_driver();
    }

    /// Runs what nobody else runs just now. Whether any of it has ended.
    pub(super) fn run_orphans(self: &Arc<Self>) -> bool {
        let house = &self.orphanage;
        if !self.is_driverless() {
            return false;
        }
        let me = this_thread();
        if me != 0 && house.runner.load(Ordering::SeqCst) == me {
            // From within one of them. To poll it again for that would never end.
            return false;
        }
        let mut mark = house.runs.fetch_add(1, Ordering::SeqCst) + 1;
        if mark > 1 {
            // Whoever runs them looks again.
            return false;
        }
        let waker = Waker::from(Arc::new(Bell(Arc::downgrade(self))));
        let mut any = false;
        loop {
            house.runner.store(me, Ordering::SeqCst);
            house.unseen.store(false, Ordering::SeqCst);
            let mut out = std::mem::take(&mut *house.orphans.lock());
            let before = out.len();
            let mut context = Context::from_waker(&waker);
            out.retain_mut(|orphan| {
                // The manager's panics are caught within; with any other one, it has ended too.
                let polled = shielded(|| orphan.future.as_mut().poll(&mut context));
                polled.is_some_and(|polled| polled.is_pending())
            });
            any |= out.len() < before;
            let mut orphans = house.orphans.lock();
            let more_came = !orphans.is_empty();
            orphans.append(&mut out);
            drop(orphans);
            if more_came {
                continue;
            }
            house.runner.store(0, Ordering::SeqCst);
            let done = house
                .runs
                .compare_exchange(mark, 0, Ordering::SeqCst, Ordering::SeqCst);
            match done {
                Ok(_) => break,
                Err(more) => mark = more,
            }
        }
        if self.is_closed() {
            self.drop_orphans(|_, _| true);
        }
        any
    }

    /// Somebody who waited does not wait any more.
    pub(super) fn leave_orphans(&self) {
        if !self.is_driverless() || faulty(Fault::LeaveUntold) {
            return;
        }
        if self.line.waiting() > 0 || self.watch.is_watched() {
            if self.orphanage.unseen.load(Ordering::SeqCst) {
                self.rouse_driver();
            }
            return;
        }
        // Nobody is there to run more of them.
        self.missing.store(0, Ordering::SeqCst);
        let closed = self.is_closed();
        self.drop_orphans(|kind, _| closed || kind == Kind::Connect);
    }

    /// Something has happened: somebody who waits is to run the futures.
    fn rouse_driver(&self) {
        self.orphanage.unseen.store(true, Ordering::SeqCst);
        self.line.rouse(self.time.now());
        self.watch.notify();
        self.expect_somebody();
    }

    /// The part of a pass: whoever was roused has not come, so the next is; and nobody came for a check in its time.
    pub(super) fn look_at_orphans(&self, now: Tick) -> u64 {
        let house = &self.orphanage;
        if !self.is_driverless() {
            return u64::MAX;
        }
        if self.line.waiting() == 0 && !self.watch.is_watched() {
            self.drop_orphans(|_, due| due <= now);
            let orphans = house.orphans.lock();
            let due = orphans.iter().map(|orphan| orphan.due.as_nanos()).min();
            return due.unwrap_or(u64::MAX);
        }
        if !house.unseen.load(Ordering::SeqCst) {
            return u64::MAX;
        }
        self.line.rouse(now);
        now.saturating_add(self.config.patience).as_nanos()
    }

    /// Ends what nobody is going to run: those that `gone` says so of.
    pub(super) fn drop_orphans(&self, gone: impl Fn(Kind, Tick) -> bool) {
        let mut orphans = self.orphanage.orphans.lock();
        let (ended, kept) = std::mem::take(&mut *orphans)
            .into_iter()
            .partition::<Vec<_>, _>(|orphan| gone(orphan.kind, orphan.due));
        *orphans = kept;
        drop(orphans);
        shielded(|| drop(ended));
    }
}
