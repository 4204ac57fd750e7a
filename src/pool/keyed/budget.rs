//! The connections of all keys: a lock around the [ledger](super::ledger), and whoever does what follows from it.
//!
//! Whatever changes the ledger is followed by [`pump`](Budget::pump). One thread at a time pumps; others leave a mark, and it looks again. What it
//! does (tells pools, has idle connections closed, calls whose turn it is) is done without the lock, for it runs code of the user's.
//!
//! Nothing is lost between a key that joins the line and a connection that becomes idle: the gates are marked before the idle ones are
//! looked for, and a connection is idle before its owner looks at the gate.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::ledger::{LATE, Ledger, Spare, Step};
use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::shielded;
use crate::pool::core::{Guest, Quota, Time};

/// How to reach a pool.
type Reach = Arc<OnceLock<Weak<dyn Guest>>>;

type Tell = Box<dyn Fn(Tick) + Send + Sync>;

pub(super) struct Budget {
    ledger: Mutex<Ledger<Reach>>,
    /// Calls of `pump` that are not done with.
    marks: AtomicU64,
    time: Time,
    /// Told that a pool has no connection any more.
    emptied: OnceLock<Tell>,
    /// Told when to have a [look](Budget::look_again), lest a close that hangs is waited for.
    expecting: OnceLock<Tell>,
    gave_way: AtomicU64,
}

/// What one pool has of the budget.
pub(super) struct Share {
    budget: Arc<Budget>,
    id: u64,
    reach: Reach,
    /// Whether the pool may be in the line or have a grant: otherwise there is nothing to tell when it rests.
    asked: AtomicU64,
    /// Since when it has no connection; `u64::MAX` if it has one.
    empty_since: AtomicU64,
}

impl Budget {
    pub(super) fn new(max: u32, turn: Duration, time: Time) -> Arc<Self> {
        Arc::new(Self {
            ledger: Mutex::new(Ledger::new(max, turn)),
            marks: AtomicU64::new(0),
            time,
            emptied: OnceLock::new(),
            expecting: OnceLock::new(),
            gave_way: AtomicU64::new(0),
        })
    }

    /// The clock is the user's, and no count may be lost to a panic of it.
    fn now(&self) -> Tick {
        shielded(|| self.time.now()).unwrap_or(Tick::ZERO)
    }

    pub(super) fn on_emptied(&self, told: impl Fn(Tick) + Send + Sync + 'static) {
        let _ = self.emptied.set(Box::new(told));
    }

    pub(super) fn on_expecting(&self, told: impl Fn(Tick) + Send + Sync + 'static) {
        let _ = self.expecting.set(Box::new(told));
    }

    fn expect(&self, due: Option<Tick>) {
        if let Some((told, due)) = self.expecting.get().zip(due) {
            told(due);
        }
    }

    /// Time has passed. When to come again.
    pub(super) fn look_again(&self, now: Tick) -> Option<Tick> {
        // A statement of its own: the lock is released at its end.
        let restless = self.ledger.lock().is_restless();
        if restless {
            self.pump();
        }
        self.ledger.lock().next_late(now)
    }

    pub(super) fn open(self: &Arc<Self>) -> Arc<Share> {
        let now = self.now();
        let reach = Reach::default();
        let id = self.ledger.lock().open(reach.clone());
        Arc::new(Share {
            budget: self.clone(),
            id,
            reach,
            asked: AtomicU64::new(0),
            empty_since: AtomicU64::new(now.as_nanos()),
        })
    }

    /// Connections of all pools, and pools that want one more and can't have it yet.
    pub(super) fn look(&self) -> (u32, usize) {
        let ledger = self.ledger.lock();
        (ledger.total(), ledger.hungry())
    }

    /// Connections that were closed for another pool.
    pub(super) fn gave_way(&self) -> u64 {
        self.gave_way.load(Ordering::Relaxed)
    }

    fn pump(&self) {
        let mut mark = self.marks.fetch_add(1, Ordering::SeqCst) + 1;
        if mark > 1 {
            return;
        }
        loop {
            // It runs the clock's code.
            shielded(|| self.work());
            if faulty(Fault::ForgetPump) {
                return self.marks.store(0, Ordering::SeqCst);
            }
            let done = self
                .marks
                .compare_exchange(mark, 0, Ordering::SeqCst, Ordering::SeqCst);
            match done {
                Ok(_) => return,
                Err(more) => mark = more,
            }
        }
    }

    fn work(&self) {
        let mut searched = false;
        loop {
            let now = self.time.now();
            let mut ledger = self.ledger.lock();
            let step = ledger.step(searched, now);
            let late = ledger.next_late(now);
            drop(ledger);
            match step {
                Step::Tell(raised, pools) => {
                    let told = |_: &Arc<dyn Guest>| !faulty(Fault::StarveUntold);
                    let pools = pools.iter().filter_map(reached).filter(told);
                    pools.for_each(|pool| pool.starve(raised));
                }
                Step::Call(pool) => {
                    if let Some(pool) = reached(&pool) {
                        pool.call();
                    }
                }
                Step::MakeRoom(pools) => searched = !self.make_room(&pools, now),
                Step::Rest => return self.expect(late),
            }
        }
    }

    /// Closes the connection of these pools that has been idle for longest, but rather none where closes hang. Whether there was one.
    fn make_room(&self, pools: &[Spare<Reach>], now: Tick) -> bool {
        loop {
            let idle = pools.iter().filter_map(|spare| {
                let pool = reached(&spare.guest)?;
                Some((spare.hangs, pool.idle_since()?, spare.id, pool))
            });
            let oldest = idle.min_by_key(|(hangs, since, ..)| (*hangs, *since));
            let Some((_, _, id, pool)) = oldest else {
                return false;
            };
            // Before it is closed: that may be over at once.
            self.ledger.lock().depart(id, now);
            if pool.give_way() {
                self.gave_way.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            self.ledger.lock().recall(id);
        }
    }
}

fn reached(pool: &Reach) -> Option<Arc<dyn Guest>> {
    pool.get().and_then(Weak::upgrade)
}

impl Share {
    /// The pool that it is of. To be called before anybody uses that.
    pub(super) fn attach(&self, pool: Weak<dyn Guest>) {
        let _ = self.reach.set(pool);
        let mut ledger = self.budget.ledger.lock();
        ledger.introduce(self.id);
        let restless = ledger.is_restless();
        drop(ledger);
        if restless {
            self.budget.pump();
        }
    }

    /// Since when the pool has no connection.
    pub(super) fn empty_since(&self) -> Option<Tick> {
        let since = self.empty_since.load(Ordering::SeqCst);
        (since != u64::MAX).then_some(Tick::from_nanos(since))
    }

    /// Notes whether there is a connection, whoever changes that meanwhile: the last one to note saw the last change.
    fn note(&self) {
        let now = self.budget.now();
        let ledger = self.budget.ledger.lock();
        let empty = ledger.count(self.id) == 0;
        let since = if empty { now.as_nanos() } else { u64::MAX };
        let was_empty = self.empty_since.swap(since, Ordering::SeqCst) != u64::MAX;
        drop(ledger);
        if let Some(told) = self.budget.emptied.get().filter(|_| empty && !was_empty) {
            told(now);
        }
    }
}

impl Quota for Share {
    fn reserve(&self, waits: bool) -> bool {
        let now = self.budget.now();
        let mut ledger = self.budget.ledger.lock();
        let reserved = ledger.reserve(self.id, waits, now);
        if reserved {
            self.empty_since.store(u64::MAX, Ordering::SeqCst);
        } else if waits {
            self.asked.store(1, Ordering::SeqCst);
        }
        let restless = ledger.is_restless();
        drop(ledger);
        if restless {
            self.budget.pump();
        }
        reserved
    }

    fn give_back(&self) {
        if faulty(Fault::KeepBudget) {
            return;
        }
        let mut ledger = self.budget.ledger.lock();
        ledger.give_back(self.id);
        let empty = ledger.count(self.id) == 0;
        drop(ledger);
        if empty {
            self.note();
        }
    }

    fn rest(&self) {
        if self.asked.swap(0, Ordering::SeqCst) == 0 || faulty(Fault::KeepGrant) {
            return;
        }
        let mut ledger = self.budget.ledger.lock();
        ledger.rest(self.id);
        let empty = ledger.count(self.id) == 0;
        drop(ledger);
        if empty {
            self.note();
        }
        self.budget.pump();
    }

    fn is_starving(&self) -> bool {
        self.budget.ledger.lock().is_hungry(self.id)
    }

    fn cede(&self, waits: bool) -> bool {
        let now = self.budget.now();
        let ceded = self.budget.ledger.lock().cede(self.id, waits, now);
        if ceded {
            self.budget.gave_way.fetch_add(1, Ordering::Relaxed);
            self.budget.expect(Some(now.saturating_add(LATE)));
        }
        ceded
    }

    fn look(&self) {
        let restless = self.budget.ledger.lock().is_restless();
        if restless {
            self.budget.pump();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.ledger.lock().close(self.id);
        self.budget.pump();
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, hungry) = self.look();
        f.debug_struct("Budget")
            .field("total", &total)
            .field("hungry", &hungry)
            .finish_non_exhaustive()
    }
}
