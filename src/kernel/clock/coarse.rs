//! The process's time to a few milliseconds, for the price of a load.
//!
//! One word has the time of [`MonotonicClock`] at the last tick. The housekeeper writes it every [`TICK`] while it is used:
//!
//! ```text
//!           a reader finds no time: it reads the clock, and arms the ticker         first tick
//!   Stale ──────────────────────────────────────────────────────────────▶ Armed ─────────────────▶ Ticking
//!     ▲                                                                     │                        │ a tick each 4 ms
//!     │                        it can't be armed                            │                        ▼
//!     └─────────────────────────────────────────────────────────────────────┴──────────────── 250 ticks are over
//! ```
//!
//! Whether it is used costs readers nothing to tell: the ticker just stops after a second, and the next reader, if there is one, starts it
//! again. So a process that is idle has no ticker a second later, and one that is not reads the clock itself for 4 ms of each second.
//!
//! # Invariants
//!
//! * The word has a time only while a ticker is armed that will write a later one or [`STALE`]: only a tick brings a time in place of
//!   [`STALE`], after it has armed the next tick. Whoever starts the ticker leaves the word alone, or it could write the time of long ago
//!   behind a ticker's back that stopped meanwhile.
//! * `STALE` is later than every deadline, so a reader needs one comparison: what is not over by the word is not over, and what seems to be
//!   is looked at by the clock.
//! * One ticker at a time: `armed` is taken by whoever starts it, and given back by the tick that ends it.
//!
//! # How late
//!
//! The word is at most [`TICK`] old, and as late as the housekeeper is besides: some tens of microseconds on a machine that has a processor
//! to spare. If the housekeeper does not get one (a process that was stopped and goes on, a machine under far too much load), the word stays
//! as long as that lasts; callers that read the clock for reasons of their own bring it forward then, by [`note`].
//!
//! # Memory ordering
//!
//! The word is relaxed: it guards no other memory, and an old one means what it says above. `armed` is given back by a release store, so that
//! the next ticker's times come after the `STALE` of the one before.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use super::monotonic::MonotonicClock;
use super::tick::{Clock, Tick, saturating_nanos};
use crate::kernel::sync::{AtomicBool, AtomicU64, Ordering};
use crate::kernel::upkeep::wake_at;

/// Between two ticks.
pub(crate) const TICK: Duration = Duration::from_millis(4);
/// Ticks of a ticker: a second of them.
const TICKS: u32 = 250;
/// No time. Later than every deadline that comes.
const STALE: u64 = u64::MAX - 1;

static PROCESS: Coarse<MonotonicClock> = Coarse::new(MonotonicClock::new());

/// Whether the process's clock has not come to `due` yet, as far as a tick tells; [`Tick::MAX`] it never comes to.
#[inline(always)]
pub(crate) fn is_before(due: u64) -> bool {
    PROCESS.is_before(due)
}

/// As [`is_before`], without a look at the clock: `false` if the tick does not tell.
#[inline(always)]
pub(crate) fn is_surely_before(due: u64) -> bool {
    PROCESS.word.load(Ordering::Relaxed) < due
}

/// The time of the process's clock at the last tick.
#[inline]
pub(crate) fn now() -> u64 {
    PROCESS.now()
}

/// Brings the last tick forward if it fell behind, by what somebody has read from the process's clock.
#[inline]
pub(crate) fn note(now: u64) {
    PROCESS.note(now);
}

struct Coarse<C> {
    clock: C,
    word: AtomicU64,
    /// Whether there is a ticker.
    armed: AtomicBool,
}

impl<C: Clock + 'static> Coarse<C> {
    const fn new(clock: C) -> Self {
        Self {
            clock,
            word: AtomicU64::new(STALE),
            armed: AtomicBool::new(false),
        }
    }

    #[inline(always)]
    fn is_before(&'static self, due: u64) -> bool {
        self.word.load(Ordering::Relaxed) < due || self.is_before_exactly(due)
    }

    #[cold]
    #[inline(never)]
    fn is_before_exactly(&'static self, due: u64) -> bool {
        due == u64::MAX || self.look() < due
    }

    #[inline]
    fn now(&'static self) -> u64 {
        match self.word.load(Ordering::Relaxed) {
            STALE => self.look(),
            now => now,
        }
    }

    /// Reads the clock, and sees to it that the next reader need not.
    #[cold]
    fn look(&'static self) -> u64 {
        let now = self.clock.now();
        if self.word.load(Ordering::Relaxed) == STALE {
            self.start(now);
        } else {
            self.note(now.as_nanos());
        }
        now.as_nanos()
    }

    #[inline]
    fn note(&self, now: u64) {
        let seen = self.word.load(Ordering::Relaxed);
        if now.saturating_sub(seen) > 2 * saturating_nanos(TICK) {
            // Never in place of `STALE`, which is later than any time.
            let _ = self
                .word
                .compare_exchange(seen, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn start(&'static self, now: Tick) {
        if !self.armed.load(Ordering::Relaxed) && !self.armed.swap(true, Ordering::Acquire) {
            let _ = self.arm(now, TICKS);
        }
    }

    /// Arms a tick. If that can't be, the waker has been called already, before its time.
    fn arm(&'static self, now: Tick, left: u32) -> bool {
        let due = now.saturating_add(TICK);
        let waker = Waker::from(Arc::new(Ticker {
            coarse: self,
            due,
            left,
        }));
        wake_at(&self.clock, due, waker).is_some()
    }
}

/// What the housekeeper wakes for a tick.
struct Ticker<C: 'static> {
    coarse: &'static Coarse<C>,
    due: Tick,
    /// Ticks after this one.
    left: u32,
}

impl<C: Clock + 'static> Wake for Ticker<C> {
    fn wake(self: Arc<Self>) {
        let coarse = self.coarse;
        let now = coarse.clock.now();
        // Who is called before the time is called because nobody will be.
        if self.left == 0 || now < self.due {
            coarse.word.store(STALE, Ordering::Relaxed);
            coarse.armed.store(false, Ordering::Release);
        } else if coarse.arm(now, self.left - 1) {
            // Whoever calls this calls the next one as well, and so after this.
            coarse
                .word
                .store(now.as_nanos().min(STALE - 1), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::ManualClock;

    fn coarse() -> (ManualClock, &'static Coarse<ManualClock>) {
        let clock = ManualClock::starting_at(Tick::from_nanos(1_000));
        (clock.clone(), Box::leak(Box::new(Coarse::new(clock))))
    }

    fn word(coarse: &Coarse<ManualClock>) -> u64 {
        coarse.word.load(Ordering::Relaxed)
    }

    #[test]
    fn a_ticker_starts_with_a_reader_and_stops_by_itself() {
        let (clock, coarse) = coarse();
        assert!(clock.timers().is_empty());
        assert!(coarse.is_before(1_001) && !coarse.is_before(1_000) && coarse.is_before(u64::MAX));
        assert_eq!((clock.timers().len(), word(coarse)), (1, STALE));
        for _ in 0..TICKS {
            clock.advance(TICK);
            assert_eq!(word(coarse), clock.now().as_nanos());
        }
        clock.advance(TICK);
        assert_eq!((clock.timers().len(), word(coarse)), (0, STALE));
        // And again.
        assert_eq!(coarse.now(), clock.now().as_nanos());
        clock.advance(TICK);
        assert_eq!(
            (clock.timers().len(), word(coarse)),
            (1, clock.now().as_nanos())
        );
    }

    #[test]
    fn a_reader_is_a_tick_late_and_never_early() {
        let (clock, coarse) = coarse();
        assert!(coarse.is_before(2_000));
        clock.advance(TICK);
        let due = clock.now().as_nanos() + 1_000_000;
        clock.advance(TICK / 2);
        // Two milliseconds on, and the word does not know.
        assert!(coarse.is_before(due));
        clock.advance(TICK / 2);
        assert!(!coarse.is_before(due) && coarse.is_before(due + saturating_nanos(TICK)));
    }

    #[test]
    fn a_word_that_fell_behind_is_brought_forward_and_a_stale_one_stays() {
        let (clock, coarse) = coarse();
        coarse.note(1 << 40);
        assert_eq!(word(coarse), STALE);
        assert!(coarse.is_before(2_000));
        clock.advance(TICK);
        let last = word(coarse);
        coarse.note(last + saturating_nanos(2 * TICK));
        assert_eq!(word(coarse), last);
        coarse.note(last + saturating_nanos(2 * TICK) + 1);
        assert_eq!(word(coarse), last + saturating_nanos(2 * TICK) + 1);
    }

    #[test]
    fn where_nobody_ticks_the_clock_is_read() {
        let (clock, coarse) = coarse();
        assert!(coarse.is_before(2_000));
        // Everybody is woken before the time, as when no thread can be started.
        clock.timers().run_due(Tick::MAX);
        assert_eq!((clock.timers().len(), word(coarse)), (0, STALE));
        assert!(!coarse.is_before(1_000));
        assert_eq!(clock.timers().len(), 1, "tried again");
    }

    #[test]
    fn the_process_has_one() {
        let before = MonotonicClock::new().now().as_nanos();
        assert!(is_before(before + 3_600_000_000_000) && !is_before(before));
        assert!(now() <= MonotonicClock::new().now().as_nanos());
        note(before);
    }
}
