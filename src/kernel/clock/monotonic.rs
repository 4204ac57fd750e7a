//! Real time, as cheaply as this machine allows.

use std::sync::LazyLock;
use std::time::Instant;

use super::counter::{self, TimeStampCounter};
use super::discipline::{Disciplined, Source};
use super::tick::{Clock, Tick, saturating_nanos};

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
static DISCIPLINED: LazyLock<Option<Disciplined<Machine>>> =
    LazyLock::new(|| counter::usable().map(|counter| Disciplined::new(Machine(counter))));

/// The process's monotonic clock. Every instance shows the same time; its origin is its first use.
///
/// It never runs backwards for a caller. Where the operating system itself keeps time by the processor's time-stamp
/// counter, and the processor says that this counter runs at a constant rate in all power states (x86-64 Linux), the clock
/// reads the counter and follows the operating system's clock; elsewhere it is the operating system's clock.
///
/// # Complexity
///
/// `now` reads the counter and four words that change every 50 ms or so, when one caller compares the clocks anew.
/// `docs/performance.md` compares it with [`Instant::now`].
///
/// # Accuracy
///
/// Between two comparisons it deviates from [`Instant`] by what the operating system slews in that time: at most 500 parts
/// per million of 2^27 counter steps, 27 microseconds at 2.5 GHz. It is set anew at each comparison, by a step forwards if
/// it is late and by running slower if it is early. A machine whose counter does not keep what it promised (three
/// comparisons in a row that differ by more than 0.2 per cent) gets the operating system's clock for the rest of the process.
///
/// # Blocking
///
/// The caller that compares the clocks holds a lock for two clock readings; callers that arrive in that moment wait for it.
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
        match &*DISCIPLINED {
            Some(clock) => clock.now(),
            None => Tick::from_nanos(nanos_of_the_system()),
        }
    }
}

fn nanos_of_the_system() -> u64 {
    saturating_nanos(ORIGIN.elapsed())
}

#[derive(Debug)]
struct Machine(TimeStampCounter);

impl Source for Machine {
    #[inline]
    fn counter(&self) -> u64 {
        self.0.read()
    }

    fn nanos(&self) -> u64 {
        nanos_of_the_system()
    }
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

    #[test]
    fn threads_that_hand_over_a_tick_never_see_an_earlier_one() {
        let (to, from) = std::sync::mpsc::sync_channel::<Tick>(1);
        let receiver = std::thread::spawn(move || {
            let clock = MonotonicClock::new();
            from.into_iter().filter(|sent| clock.now() < *sent).count()
        });
        let clock = MonotonicClock::new();
        for _ in 0..20_000 {
            to.send(clock.now()).unwrap();
        }
        drop(to);
        // Processors read their counters out of step by some nanoseconds at most; a caller's own order is exact.
        let backwards = receiver.join().unwrap();
        assert!(
            backwards == 0,
            "{backwards} of 20000 ticks were ahead of the receiver's clock"
        );
    }
}
