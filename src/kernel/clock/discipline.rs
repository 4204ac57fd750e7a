//! A fast counter that follows a slow clock.
//!
//! Time is cut into segments of a fixed number of counter steps. Within a segment the time is a linear function of the
//! counter, the same for all callers; the caller that first finds the segment over reads both clocks and starts the next.
//!
//! # Invariants
//!
//! * A segment starts no earlier than the one before it ended, so the time never runs backwards, also for a caller that
//!   still computes with the old segment.
//! * A segment starts at the slow clock's time if that is not earlier than the end of the last segment (a step forwards).
//!   Otherwise the clock is early by `d`, starts where the last segment ended, and runs slower by `d` per segment, down to
//!   half its rate. A counter that falls back leaves it early by one segment at most.
//! * A counter that jumps out of the current segment, either way, is noticed at the next reading. One that falls back into it
//!   is not: that the processor's promise excludes it is why the promise is asked for.
//! * Before there is a first segment, and after the counter has lost its trust, the time is the slow clock's.
//!
//! ```text
//!   Unmeasured ──(two stretches of the same rate)──▶ Segments ──(three contradictions in a row)──▶ SlowClock
//! ```

use super::tick::Tick;
use crate::kernel::seqlock::SeqLock;
use crate::kernel::sync::{AtomicBool, AtomicU64, Mutex, Ordering};

/// Counter steps per segment: 54 ms at 2.5 GHz, so that comparing costs nothing measurable and a slew stays small.
const SEGMENT: u64 = 1 << 27;
/// Counter steps after which the rate is known well enough to begin: two readings that are off by half of [`TIGHT`] each
/// make an error of 61 parts per million.
const FIRST_STRETCH: u64 = 1 << 24;
/// A counter that is behind by no more than this was read on a processor that lags, or before the segment began.
const LAG: u64 = 1 << 16;
/// Both clocks are read within this many steps, or again.
const TIGHT: u64 = 1 << 10;
/// Rates are fixed-point numbers of nanoseconds per step.
const FRACTION_BITS: u32 = 32;
/// Rates outside of this range (a counter below 250 MHz or above 64 GHz) are contradictions.
const PLAUSIBLE: std::ops::RangeInclusive<u64> = 1 << (FRACTION_BITS - 6)..=4 << FRACTION_BITS;
/// Two rates are the same if they differ by less than one part in this many: a slew that turns makes one in 1000.
const TOLERANCE: u64 = 500;
/// Contradictions in a row that end the trust.
const CONTRADICTIONS: u32 = 3;

/// What a disciplined clock is made of.
pub(super) trait Source {
    /// The fast counter.
    fn counter(&self) -> u64;
    /// The slow clock, in nanoseconds. It does not run backwards.
    fn nanos(&self) -> u64;
}

#[derive(Debug)]
pub(super) struct Disciplined<S> {
    source: S,
    /// Counter at the start, nanoseconds at the start, rate.
    segment: SeqLock<3>,
    /// Set for good when the counter contradicted itself too often.
    distrusted: AtomicBool,
    /// No time before this is shown once the counter is distrusted.
    floor: AtomicU64,
    comparing: Mutex<Comparing>,
}

#[derive(Debug)]
struct Comparing {
    last: Option<Pair>,
    /// The latest time that a comparison has shown.
    shown: u64,
    /// The rate between the last two comparisons, zero if unknown.
    rate: u64,
    contradictions: u32,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    counter: u64,
    nanos: u64,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    counter: u64,
    nanos: u64,
    rate: u64,
}

impl Segment {
    #[inline]
    fn at(self, steps: u64) -> u64 {
        // At most 2^27 steps at a rate of at most 2^34: below 2^61, and 584 years are more than a process lives.
        self.nanos
            .wrapping_add((steps * self.rate) >> FRACTION_BITS)
    }

    fn end(self) -> u64 {
        self.at(SEGMENT)
    }
}

impl<S: Source> Disciplined<S> {
    pub(super) const fn new(source: S) -> Self {
        Self {
            source,
            segment: SeqLock::empty(),
            distrusted: AtomicBool::new(false),
            floor: AtomicU64::new(0),
            comparing: Mutex::new(Comparing {
                last: None,
                shown: 0,
                rate: 0,
                contradictions: 0,
            }),
        }
    }

    #[inline]
    pub(super) fn now(&self) -> Tick {
        self.within_segment().unwrap_or_else(|| self.compare())
    }

    /// The time, unless the segment is over: nearly always.
    #[inline]
    pub(super) fn within_segment(&self) -> Option<Tick> {
        let segment = self.segment()?;
        let steps = self.source.counter().wrapping_sub(segment.counter);
        (steps < SEGMENT).then(|| Tick::from_nanos(segment.at(steps)))
    }

    #[inline]
    fn segment(&self) -> Option<Segment> {
        let [counter, nanos, rate] = self.segment.read()?;
        Some(Segment {
            counter,
            nanos,
            rate,
        })
    }

    #[cold]
    fn compare(&self) -> Tick {
        if self.distrusted.load(Ordering::Acquire) {
            return Tick::from_nanos(self.source.nanos().max(self.floor.load(Ordering::Relaxed)));
        }
        let mut comparing = self.comparing.lock();
        if comparing.contradictions >= CONTRADICTIONS {
            return Tick::from_nanos(self.source.nanos().max(comparing.shown));
        }
        let pair = self.read_both();
        let current = self.segment();
        if let Some(segment) = current {
            let steps = pair.counter.wrapping_sub(segment.counter);
            if steps < SEGMENT {
                // Another caller compared while this one waited.
                return Tick::from_nanos(segment.at(steps));
            }
            if steps.wrapping_neg() <= LAG {
                return Tick::from_nanos(segment.nanos);
            }
        }
        let shown = self.next(&mut comparing, current, pair);
        Tick::from_nanos(shown)
    }

    /// Starts a segment if the rate is known. Returns the time to show.
    fn next(&self, comparing: &mut Comparing, current: Option<Segment>, pair: Pair) -> u64 {
        // What callers may have computed with the segment that is over.
        let ended = current.map_or(0, Segment::end);
        let shown = pair.nanos.max(ended).max(comparing.shown);
        comparing.shown = shown;
        let Some(last) = comparing.last else {
            comparing.last = Some(pair);
            return shown;
        };
        let stretch = pair.counter.wrapping_sub(last.counter);
        if stretch < FIRST_STRETCH {
            return shown;
        }
        comparing.last = Some(pair);
        let measured = rate(stretch, pair.nanos.saturating_sub(last.nanos));
        if !comparing.confirmed_by(measured) {
            self.segment.clear();
            if comparing.contradictions >= CONTRADICTIONS {
                self.floor.store(shown, Ordering::Relaxed);
                self.distrusted.store(true, Ordering::Release);
            }
            return shown;
        }
        let length = (SEGMENT * measured) >> FRACTION_BITS;
        let early = (shown - pair.nanos).min(length / 2);
        let slower = u128::from(measured) * u128::from(length - early) / u128::from(length);
        // No more than `measured`, so it fits.
        self.segment.write([pair.counter, shown, slower as u64]);
        shown
    }

    /// Both clocks at one moment, as nearly as a few tries allow.
    fn read_both(&self) -> Pair {
        let mut best = self.read_once();
        for _ in 0..7 {
            if best.0 <= TIGHT {
                break;
            }
            let next = self.read_once();
            if next.0 < best.0 {
                best = next;
            }
        }
        best.1
    }

    /// The slow clock between two readings of the counter, and how far these are apart.
    fn read_once(&self) -> (u64, Pair) {
        let before = self.source.counter();
        let nanos = self.source.nanos();
        let width = self.source.counter().wrapping_sub(before);
        (
            width,
            Pair {
                counter: before.wrapping_add(width / 2),
                nanos,
            },
        )
    }
}

impl Comparing {
    /// Takes in a measured rate: whether the one before it was the same, as nearly as a slew allows.
    fn confirmed_by(&mut self, measured: u64) -> bool {
        let known = self.rate != 0;
        let confirms = known && measured.abs_diff(self.rate) <= self.rate / TOLERANCE;
        let contradicts = !PLAUSIBLE.contains(&measured) || known && !confirms;
        if confirms {
            self.contradictions = 0;
        } else if contradicts {
            self.contradictions += 1;
        }
        self.rate = if contradicts { 0 } else { measured };
        confirms
    }
}

/// Nanoseconds per step; far too large if it doesn't fit.
fn rate(steps: u64, nanos: u64) -> u64 {
    u64::try_from((u128::from(nanos) << FRACTION_BITS) / u128::from(steps.max(1)))
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "discipline_tests.rs"]
mod tests;
