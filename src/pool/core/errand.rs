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
//! returns. A future that takes too long is dropped, so it never is abandoned.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use super::Core;
use super::slot::Claim;
use crate::kernel::clock::Tick;
use crate::kernel::sync::{AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::{TimerKey, shielded, wake_at};
use crate::pool::Manage;

const RUNNING: u64 = 0;
const ENDED: u64 = 1;
const ABANDONED: u64 = 2;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Check,
    Close,
}

/// One that is under way, held by whoever runs it. When this is dropped it has ended.
pub(crate) struct Errand<M: Manage>(Arc<Watched<M>>);

struct Watched<M: Manage> {
    core: Arc<Core<M>>,
    kind: Kind,
    began: Tick,
    due: Tick,
    state: AtomicU64,
    timer: Mutex<Option<TimerKey>>,
    /// The place of a connection that is being closed: given back when that takes too long.
    place: Mutex<Option<Claim<Arc<Core<M>>>>>,
}

impl<M: Manage> Errand<M> {
    /// Counts one that begins now.
    pub(crate) fn begin(core: &Arc<Core<M>>, kind: Kind) -> Self {
        let began = core.time.now();
        let due = core
            .limit(kind)
            .map_or(Tick::MAX, |limit| began.saturating_add(limit));
        core.counts.begin(kind);
        Self(Arc::new(Watched {
            core: core.clone(),
            kind,
            began,
            due,
            state: AtomicU64::new(RUNNING),
            timer: Mutex::new(None),
            place: Mutex::new(None),
        }))
    }

    /// When it began.
    pub(crate) fn began(&self) -> Tick {
        self.0.began
    }

    /// When its time is over.
    pub(crate) fn due(&self) -> Tick {
        self.0.due
    }

    /// The time that it may take.
    pub(crate) fn limit(&self) -> Duration {
        self.0.limit()
    }

    /// From now on it is abandoned when its time is over.
    pub(crate) fn watch(&self) {
        self.0.watch();
    }

    /// Gives `place` back when it has ended, or takes too long.
    pub(crate) fn keep(&self, place: Claim<Arc<Core<M>>>) {
        *self.0.place.lock() = Some(place);
    }

    /// It has ended. Whether its result counts.
    pub(crate) fn end(&self) -> bool {
        let watched = &self.0;
        let ended =
            watched
                .state
                .compare_exchange(RUNNING, ENDED, Ordering::SeqCst, Ordering::SeqCst);
        if ended.is_ok() {
            watched.unwatch();
            watched.core.counts.give_up(watched.kind);
        }
        ended.is_ok()
    }
}

impl<M: Manage> Drop for Errand<M> {
    fn drop(&mut self) {
        if !self.end() && self.0.state.load(Ordering::SeqCst) == ABANDONED {
            self.0.core.counts.lingering.fetch_sub(1, Ordering::SeqCst);
        }
        self.0.core.counts.end(self.0.kind);
        self.0.give_place_back();
    }
}

impl<M: Manage> Watched<M> {
    fn limit(&self) -> Duration {
        self.due.since(self.began)
    }

    fn give_place_back(&self) {
        // A statement of its own: the lock is released at its end.
        let place = self.place.lock().take();
        drop(place);
    }

    fn watch(self: &Arc<Self>) {
        if self.due == Tick::MAX {
            return;
        }
        let clock = &*self.core.time.clock;
        let key = shielded(|| wake_at(clock, self.due, Waker::from(self.clone()))).flatten();
        *self.timer.lock() = key;
        if self.state.load(Ordering::SeqCst) != RUNNING {
            self.unwatch();
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
        let now = shielded(|| self.core.time.now()).unwrap_or(Tick::MAX);
        if now < self.due {
            if self.state.load(Ordering::SeqCst) == RUNNING {
                self.watch();
            }
            return;
        }
        let abandoned =
            self.state
                .compare_exchange(RUNNING, ABANDONED, Ordering::SeqCst, Ordering::SeqCst);
        if abandoned.is_ok() {
            self.core.counts.give_up(self.kind);
            let lingering = self.core.counts.lingering.fetch_add(1, Ordering::SeqCst);
            let (max, _) = self.core.room.look();
            if lingering < u64::from(max) {
                self.give_place_back();
            }
            self.core.abandoned(self.kind, self.limit());
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
    /// Those that took too long and have not ended.
    lingering: AtomicU64,
}

impl Counts {
    fn begin(&self, kind: Kind) {
        if kind == Kind::Connect {
            self.connecting.fetch_add(1, Ordering::SeqCst);
        }
        if kind == Kind::Check {
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
    }

    pub(crate) fn connecting(&self) -> u64 {
        self.connecting.load(Ordering::SeqCst)
    }

    pub(crate) fn checking(&self) -> u64 {
        self.checking.load(Ordering::SeqCst)
    }

    pub(crate) fn coming(&self) -> u64 {
        self.coming.load(Ordering::SeqCst)
    }
}
