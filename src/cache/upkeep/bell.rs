//! When the upkeep comes, and how it is called.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::cache::store::NEVER;
use crate::kernel::clock::{Clock, Tick, coarse};
use crate::kernel::sync::{AtomicBool, AtomicU64, Ordering};
use crate::kernel::upkeep::shielded;

/// How long what was taken out waits to be dropped.
pub(super) const LITTER: Duration = coarse::TICK;
/// Expired entries are collected for so long, 8.4 ms, lest each of them has somebody woken.
const GRID: u64 = (1 << 23) - 1;

/// Has the upkeep run at a time.
pub(super) trait Keep: Send + Sync {
    fn nudge(&self, due: Tick);
}

pub(crate) struct Bell {
    keep: OnceLock<Box<dyn Keep>>,
    clock: Arc<dyn Clock>,
    /// Whether entries go at their time, and not a little later.
    exact: bool,
    /// Whether somebody comes within a tick for what was taken out. Also if there is nobody to come.
    littered: AtomicBool,
    /// When somebody comes. Zero if there is nobody to come.
    alarm: AtomicU64,
}

impl Bell {
    /// Nobody comes.
    pub(crate) fn new(clock: Arc<dyn Clock>, exact: bool) -> Self {
        Self {
            keep: OnceLock::new(),
            clock,
            exact,
            littered: AtomicBool::new(true),
            alarm: AtomicU64::new(0),
        }
    }

    /// From now on somebody does.
    pub(super) fn attach(&self, keep: Box<dyn Keep>) {
        if self.keep.set(keep).is_ok() {
            self.begin();
        }
    }

    /// Something was taken out, or is due at a time.
    #[inline]
    pub(crate) fn ring(&self, litters: bool, due: u64) {
        let unheard = litters && !self.littered.load(Ordering::Relaxed);
        if unheard || due < self.alarm.load(Ordering::Relaxed) {
            self.ring_on(unheard, due);
        }
    }

    #[cold]
    #[inline(never)]
    fn ring_on(&self, litters: bool, due: u64) {
        let mut due = self.round(due);
        if litters && !self.littered.swap(true, Ordering::SeqCst) {
            due = due.min(self.litter_due());
        }
        if due < self.alarm.fetch_min(due, Ordering::SeqCst) {
            self.nudge(due);
        }
    }

    fn litter_due(&self) -> u64 {
        // A clock that can't tell the time has it done at once.
        shielded(|| self.clock.now())
            .unwrap_or(Tick::ZERO)
            .saturating_add(LITTER)
            .as_nanos()
    }

    fn round(&self, due: u64) -> u64 {
        if self.exact || due == 0 {
            due
        } else {
            (due | GRID).saturating_add(1)
        }
    }

    /// A pass begins: whoever changes something from now on has to ring.
    pub(super) fn begin(&self) {
        if self.keep.get().is_some() {
            self.littered.store(false, Ordering::SeqCst);
            self.alarm.store(NEVER, Ordering::SeqCst);
        }
    }

    /// A pass is over that wants the next one when something is due, and after `wait` for what it had to leave.
    pub(super) fn end(&self, due: u64, wait: Option<Duration>) {
        if self.keep.get().is_none() {
            return;
        }
        let mut due = self.round(due);
        if let Some(wait) = wait {
            // Who waits longer is to be called for what comes meanwhile.
            if wait <= LITTER {
                self.littered.store(true, Ordering::SeqCst);
            }
            let now = shielded(|| self.clock.now()).unwrap_or(Tick::ZERO);
            due = due.min(now.saturating_add(wait).as_nanos());
        }
        // What was asked for during the pass is there.
        let due = self.alarm.fetch_min(due, Ordering::SeqCst).min(due);
        if due < NEVER {
            self.nudge(due);
        }
    }

    fn nudge(&self, due: u64) {
        if let Some(keep) = self.keep.get() {
            keep.nudge(Tick::from_nanos(due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::ManualClock;
    use crate::kernel::sync::Mutex;

    #[derive(Clone, Default)]
    struct Nudges(Arc<Mutex<Vec<u64>>>);

    impl Keep for Nudges {
        fn nudge(&self, due: Tick) {
            self.0.lock().push(due.as_nanos());
        }
    }

    fn bell(exact: bool) -> (Bell, Nudges) {
        let nudges = Nudges::default();
        let bell = Bell::new(
            Arc::new(ManualClock::starting_at(Tick::from_nanos(100))),
            exact,
        );
        bell.ring(true, 5);
        bell.attach(Box::new(nudges.clone()));
        (bell, nudges)
    }

    const TICK: u64 = LITTER.as_nanos() as u64;

    #[test]
    fn who_is_called_already_is_not_called_again() {
        let (bell, nudges) = bell(true);
        bell.ring(false, 70 * TICK);
        bell.ring(false, 80 * TICK);
        bell.ring(true, 90 * TICK);
        bell.ring(true, 90 * TICK);
        bell.ring(false, 60);
        bell.ring(true, NEVER);
        assert_eq!(*nudges.0.lock(), [70 * TICK, 100 + TICK, 60]);
    }

    #[test]
    fn what_comes_during_a_pass_is_not_forgotten() {
        let (bell, nudges) = bell(true);
        bell.ring(true, 70 * TICK);
        bell.begin();
        bell.ring(false, 50 * TICK);
        bell.end(80 * TICK, None);
        bell.begin();
        bell.end(NEVER, None);
        bell.ring(false, 90 * TICK);
        assert_eq!(
            *nudges.0.lock(),
            [100 + TICK, 50 * TICK, 50 * TICK, 90 * TICK]
        );
    }

    #[test]
    fn who_waits_long_is_called_for_what_comes_meanwhile() {
        let (bell, nudges) = bell(true);
        bell.begin();
        bell.end(NEVER, Some(LITTER));
        bell.ring(true, NEVER);
        bell.begin();
        bell.end(NEVER, Some(16 * LITTER));
        bell.ring(true, NEVER);
        assert_eq!(*nudges.0.lock(), [100 + TICK, 100 + 16 * TICK, 100 + TICK]);
    }

    #[test]
    fn entries_that_are_due_soon_after_each_other_go_together() {
        let (bell, nudges) = bell(false);
        (1..=GRID)
            .step_by(1 << 18)
            .for_each(|due| bell.ring(false, (1 << 40) + due));
        assert_eq!(*nudges.0.lock(), [(1 << 40) + GRID + 1]);
    }
}
