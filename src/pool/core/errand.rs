//! A connect, check or close under way, and its time limit.
//!
//! ```text
//!              it ends                        its result counts
//!   RUNNING ─────────────▶ ENDED
//!      │
//!      │ its time is over: nobody waits for it any more
//!      ▼          it ends
//!   ABANDONED ─────────────▶ its result is closed
//! ```
//!
//! A close that takes too long gives the place of its connection back, unless as many linger already as there may be connections. Everything
//! else keeps its place: a call that blocks can't be stopped. Its thread, and its place among those that there may be at a time, are its own until it
//! returns; so that the others go on, the pool has one thread more meanwhile. A future that takes too long is dropped, so it never is
//! abandoned.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use super::Core;
use super::slot::Claim;
use crate::kernel::clock::Tick;
use crate::kernel::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::{TimerKey, shielded, wake_at};
use crate::kernel::workers::{Executor, Task};
use crate::pool::Manage;

const RUNNING: u64 = 0;
const ENDED: u64 = 1;
const ABANDONED: u64 = 2;

/// The thread of one that is abandoned: nothing yet, there is one more, or it has ended.
const KEPT: u64 = 0;
const LENT: u64 = 1;
const BACK: u64 = 2;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Check,
    Close,
}

/// One that is under way, held by whoever runs it. When this is dropped it has ended, and nobody expects anything of it any more: what came of it
/// is where it belongs by then, or a connection more than needed is made. Who drops it has the pool [looked at](Core::stir) after that.
pub(crate) struct Errand<M: Manage>(Arc<Watched<M>>);

/// One that is under way, with the place that it is for.
pub(crate) type Underway<M> = (Claim<Arc<Core<M>>>, Errand<M>);

struct Watched<M: Manage> {
    core: Arc<Core<M>>,
    kind: Kind,
    /// When somebody began to run it, and when its time is over.
    began: AtomicU64,
    due: AtomicU64,
    state: AtomicU64,
    timer: Mutex<Option<TimerKey>>,
    thread: AtomicU64,
    /// Somebody sets the alarm.
    watching: AtomicBool,
    /// The place of a connection that is being closed: given back when that takes too long.
    place: Mutex<Option<Claim<Arc<Core<M>>>>>,
}

impl<M: Manage> Errand<M> {
    /// Counts one that is to be run.
    pub(crate) fn begin(core: &Arc<Core<M>>, kind: Kind) -> Self {
        core.counts.begin(kind);
        Self(Arc::new(Watched {
            core: core.clone(),
            kind,
            began: AtomicU64::new(0),
            due: AtomicU64::new(u64::MAX),
            state: AtomicU64::new(RUNNING),
            timer: Mutex::new(None),
            thread: AtomicU64::new(KEPT),
            watching: AtomicBool::new(false),
            place: Mutex::new(None),
        }))
    }

    /// Somebody begins to run it: its time begins. When that is over.
    pub(crate) fn start(&self) -> Tick {
        let began = self.0.core.time.now();
        let limit = self.0.core.limit(self.0.kind);
        let due = limit.map_or(Tick::MAX, |limit| began.saturating_add(limit));
        self.0.began.store(began.as_nanos(), Ordering::SeqCst);
        self.0.due.store(due.as_nanos(), Ordering::SeqCst);
        due
    }

    /// As [`start`](Self::start), for a call that can't be stopped: it is abandoned when its time is over.
    pub(crate) fn start_watched(&self) {
        self.start();
        self.0.watch();
    }

    /// When it began.
    pub(crate) fn began(&self) -> Tick {
        self.0.began()
    }

    /// The time that it may take.
    pub(crate) fn limit(&self) -> Duration {
        self.0.limit()
    }

    /// Gives `place` back when it has ended, or takes too long.
    pub(crate) fn keep(&self, place: Claim<Arc<Core<M>>>) {
        *self.0.place.lock() = Some(place);
    }

    /// It has ended. Whether its result counts. Until this is dropped it is expected still.
    pub(crate) fn end(&self) -> bool {
        let watched = &self.0;
        let ended =
            watched
                .state
                .compare_exchange(RUNNING, ENDED, Ordering::SeqCst, Ordering::SeqCst);
        if ended.is_ok() {
            watched.unwatch();
        }
        ended.is_ok()
    }
}

impl<M: Manage> Drop for Errand<M> {
    fn drop(&mut self) {
        self.end();
        let counts = &self.0.core.counts;
        counts.end(self.0.kind);
        if self.0.state.load(Ordering::SeqCst) == ABANDONED {
            counts.lingering.fetch_sub(1, Ordering::SeqCst);
            self.0.take_thread_back();
        } else {
            counts.give_up(self.0.kind);
        }
        self.0.give_place_back();
        if matches!(self.0.kind, Kind::Check) {
            // It runs the clock's code.
            shielded(|| self.0.core.look_behind_check());
        }
        if std::thread::panicking() {
            // Who was to have the pool looked at won't.
            self.0.core.stir();
        }
    }
}

impl<M: Manage> Watched<M> {
    fn began(&self) -> Tick {
        Tick::from_nanos(self.began.load(Ordering::SeqCst))
    }

    fn due(&self) -> Tick {
        Tick::from_nanos(self.due.load(Ordering::SeqCst))
    }

    fn limit(&self) -> Duration {
        self.due().since(self.began())
    }

    fn give_place_back(&self) {
        // A statement of its own: the lock is released at its end.
        let place = self.place.lock().take();
        drop(place);
    }

    /// Without a limit if it can't be waited for: then the waker is called before this returns.
    fn watch(self: &Arc<Self>) {
        let due = self.due();
        if due == Tick::MAX {
            return;
        }
        let clock = &*self.core.time.clock;
        self.watching.store(true, Ordering::SeqCst);
        let key = shielded(|| wake_at(clock, due, Waker::from(self.clone()))).flatten();
        *self.timer.lock() = key;
        self.watching.store(false, Ordering::SeqCst);
        let over = self.time_is_over();
        if self.state.load(Ordering::SeqCst) != RUNNING || over {
            self.unwatch();
        }
        if over {
            self.give_up();
        }
    }

    fn time_is_over(&self) -> bool {
        shielded(|| self.core.time.now()).is_some_and(|now| now >= self.due())
    }

    /// Its time is over.
    fn give_up(self: &Arc<Self>) {
        let abandoned =
            self.state
                .compare_exchange(RUNNING, ABANDONED, Ordering::SeqCst, Ordering::SeqCst);
        if abandoned.is_err() {
            return;
        }
        self.core.counts.give_up(self.kind);
        self.core.counts.lingering.fetch_add(1, Ordering::SeqCst);
        // Whoever wakes those whose time is over does nothing but wake.
        let own = self.clone();
        let rest = Box::new(move || own.after_giving_up());
        let executor = Executor::of(&*self.core.time.clock);
        if let Err(rest) = executor.execute(Task::Own, rest) {
            rest();
        }
    }

    fn after_giving_up(&self) {
        self.lend_thread();
        let (max, _) = self.core.room.look();
        if self.core.counts.lingering() <= u64::from(max) {
            self.give_place_back();
        }
        self.core.abandoned(self.kind, self.limit());
    }

    /// It may have ended before this is run.
    fn lend_thread(&self) {
        self.core.verbs.lend_thread();
        let lent = self
            .thread
            .compare_exchange(KEPT, LENT, Ordering::SeqCst, Ordering::SeqCst);
        if lent.is_err() {
            self.core.verbs.take_thread_back();
        }
    }

    fn take_thread_back(&self) {
        if self.thread.swap(BACK, Ordering::SeqCst) == LENT {
            self.core.verbs.take_thread_back();
        }
    }

    fn unwatch(&self) {
        // A statement of its own: the lock is released at its end.
        let key = self.timer.lock().take();
        if let Some(key) = key {
            shielded(|| self.core.time.clock.timers().cancel(key));
        }
    }
}

impl<M: Manage> Wake for Watched<M> {
    fn wake(self: Arc<Self>) {
        if self.watching.load(Ordering::SeqCst) {
            // From within: who sets the alarm looks itself.
            return;
        }
        if self.time_is_over() {
            self.give_up();
        } else if self.state.load(Ordering::SeqCst) == RUNNING {
            self.watch();
        }
    }
}

/// Errands under way.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Connects, also abandoned ones.
    connecting: AtomicU64,
    /// Connects and checks whose result will count.
    coming: AtomicU64,
    /// Checks whose result will count.
    checking: AtomicU64,
    /// Checks, also abandoned ones.
    checks: AtomicU64,
    /// Those that took too long and have not ended.
    lingering: AtomicU64,
}

impl Counts {
    fn begin(&self, kind: Kind) {
        if kind == Kind::Connect {
            self.connecting.fetch_add(1, Ordering::SeqCst);
        }
        if kind == Kind::Check {
            self.checks.fetch_add(1, Ordering::SeqCst);
            self.checking.fetch_add(1, Ordering::SeqCst);
        }
        if kind != Kind::Close {
            self.coming.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn give_up(&self, kind: Kind) {
        if kind == Kind::Check {
            self.checking.fetch_sub(1, Ordering::SeqCst);
        }
        if kind != Kind::Close {
            self.coming.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn end(&self, kind: Kind) {
        if kind == Kind::Connect {
            self.connecting.fetch_sub(1, Ordering::SeqCst);
        }
        if kind == Kind::Check {
            self.checks.fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn connecting(&self) -> u64 {
        self.connecting.load(Ordering::SeqCst)
    }

    /// Connects whose result will count.
    pub(crate) fn connects_coming(&self) -> u64 {
        self.coming().saturating_sub(self.checking())
    }

    /// Connects whose result does not count any more.
    pub(super) fn connects_abandoned(&self) -> u64 {
        self.connecting().saturating_sub(self.connects_coming())
    }

    /// And checks.
    pub(super) fn checks_abandoned(&self) -> u64 {
        let checks = self.checks.load(Ordering::SeqCst);
        checks.saturating_sub(self.checking())
    }

    /// Calls that took too long and have not ended.
    pub(crate) fn lingering(&self) -> u64 {
        // One may end before who gave it up has counted it.
        let lingering = self.lingering.load(Ordering::SeqCst);
        if lingering > u64::MAX / 2 {
            0
        } else {
            lingering
        }
    }

    pub(crate) fn checking(&self) -> u64 {
        self.checking.load(Ordering::SeqCst)
    }

    pub(crate) fn coming(&self) -> u64 {
        self.coming.load(Ordering::SeqCst)
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
#[path = "errand_tests.rs"]
mod tests;
