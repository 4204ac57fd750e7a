//! Real time, as cheaply as this machine allows.

use std::sync::LazyLock;
use std::time::Instant;

use super::counted;
use super::tick::{Clock, Tick, saturating_nanos};

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The process's monotonic clock. Every instance shows the same time; its origin is its first use.
///
/// It never runs backwards for a thread. Where the operating system itself keeps time by the processor's time-stamp counter, and
/// the processor says that this counter runs at a constant rate in all power states (x86-64 Linux), the clock reads the
/// counter and follows the operating system's clock; elsewhere it is the operating system's clock.
///
/// # Concurrency
///
/// A processor may read its counter before loads that precede it in the program. So a thread that took over another one's tick may
/// see a time that is earlier by up to a microsecond or so. [`Tick::since`] is zero then; code that compares ticks of several
/// threads should allow for it, as this crate does. Waiting for those loads would cost as much as half of a reading.
///
/// # Complexity
///
/// `now` reads the counter and four words that change every 50 ms or so, when one caller compares the clocks anew.
/// `docs/performance.md` compares it with [`Instant::now`].
///
/// # Accuracy
///
/// Between two comparisons it deviates from [`Instant`] by what the operating system changes in the rate of its clock in that
/// time: 27 microseconds per 500 parts per million at 2.5 GHz, 2^27 counter steps being one stretch. It is set anew at each comparison, by a
/// step forwards if it is late and by running slower if it is early. A counter whose rate changes by more than 0.2 per cent from one
/// stretch to the next is not used until two stretches agree again; after three contradictions in a row it is not used any more.
/// The deviation is tested in simulated hours and against the real clock.
///
/// # Blocking
///
/// The first use finds out about the counter, by reading two small files on Linux. A caller that compares the clocks holds a lock
/// for a few readings of both, and callers that arrive in that moment wait for it: one call per 2^27 steps, and all calls of the first
/// 2^25, about 13 ms, in which the counter is not known well enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonotonicClock;

impl MonotonicClock {
    /// The process's clock.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for MonotonicClock {
    #[inline]
    fn now(&self) -> Tick {
        counted::now().unwrap_or_else(slow_now)
    }
}

/// Apart, so that what is done 18 times a second does not burden the caller's code.
#[cold]
#[inline(never)]
fn slow_now() -> Tick {
    counted::compared().unwrap_or_else(|| Tick::from_nanos(nanos_of_the_system()))
}

/// What the operating system's clock says.
pub(super) fn nanos_of_the_system() -> u64 {
    saturating_nanos(ORIGIN.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock lies between two readings of the operating system's, give or take the stated deviation: whatever
    /// interrupts the test widens the bracket and cannot break it.
    #[test]
    fn stays_by_the_clock_of_the_operating_system() {
        const DEVIATION: u64 = 200_000;
        let clock = MonotonicClock::new();
        let mut last = clock.now();
        let mut worst = 0;
        // Long enough for several comparisons.
        while nanos_of_the_system() < 400_000_000 {
            let before = nanos_of_the_system();
            let now = clock.now();
            let after = nanos_of_the_system();
            let (low, high) = (
                before.saturating_sub(now.as_nanos()),
                now.as_nanos().saturating_sub(after),
            );
            worst = worst.max(low).max(high);
            assert!(
                low <= DEVIATION && high <= DEVIATION,
                "{now:?} is not within {before}..={after} ns"
            );
            assert!(now >= last, "{now:?} after {last:?}");
            last = now;
        }
        println!("worst deviation seen: {worst} ns");
    }
}
