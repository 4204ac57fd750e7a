//! When the other side can't be reached.
//!
//! ```text
//!                  fails                    fails                      succeeds
//!   GOOD ──────────────────▶ FAILING(1) ──────────────▶ FAILING(n) ────────────────▶ RECOVERING(1 at a time)
//!    ▲  ▲                       │  one attempt at a time, after a random        ▲        │        │ succeeds
//!    │  └──── succeeds ◀────────┘  time that doubles                            └─ fails ┘        ▼
//!    └──────────────────────────────────── as many at a time as may be ◀──────────────── RECOVERING(2, 4, ..)
//! ```

use std::time::Duration;

use crate::kernel::backoff::Backoff;
use crate::kernel::clock::Tick;

/// What is known of the other side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    backoff: Backoff,
    fail_fast_after: u32,
    failures: u32,
    retry_at: Tick,
    /// Connects at a time, while it recovers.
    pace: u32,
}

/// Whether a connect may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    Given,
    /// When one of those under way has ended.
    AfterOthers,
    /// Not before that.
    NotBefore(Tick),
}

impl Outage {
    pub(crate) const fn new(base: Duration, cap: Duration, fail_fast_after: u32) -> Self {
        Self {
            backoff: Backoff::new(base, cap),
            fail_fast_after,
            failures: 0,
            retry_at: Tick::ZERO,
            pace: u32::MAX,
        }
    }

    /// Whether one more connect may begin beside so many, of which there may be `most`, and of which so many are expected to end in time.
    pub(crate) fn leave(&self, now: Tick, connecting: u32, coming: u32, most: u32) -> Leave {
        let pace = if self.failures > 0 { 1 } else { self.pace };
        if connecting >= most || coming >= pace {
            return Leave::AfterOthers;
        }
        if self.failures > 0 && now < self.retry_at {
            return Leave::NotBefore(self.retry_at);
        }
        Leave::Given
    }

    /// A connect failed.
    pub(crate) fn fail(&mut self, now: Tick, random: u64) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now.saturating_add(self.backoff.delay(self.failures, random));
    }

    /// A connect succeeded.
    pub(crate) const fn succeed(&mut self) {
        self.pace = if self.failures > 0 {
            1
        } else {
            self.pace.saturating_mul(2)
        };
        self.failures = 0;
    }

    /// Failures in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether callers should not wait for the next attempt.
    pub(crate) const fn is_down(&self) -> bool {
        self.failures >= self.fail_fast_after
    }

    /// Time until the next attempt.
    pub(crate) const fn retry_after(&self, now: Tick) -> Duration {
        self.retry_at.since(now)
    }

    /// The clock stands at `now`: an attempt is not put off for longer than it would be if the last one had failed just now.
    pub(crate) fn not_later(&mut self, now: Tick) {
        let latest = now.saturating_add(self.backoff.bound(self.failures));
        self.retry_at = self.retry_at.min(latest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn outage() -> Outage {
        Outage::new(20 * MILLI, 100 * MILLI, 3)
    }

    #[test]
    fn in_good_times_as_many_begin_as_may() {
        let outage = outage();
        assert_eq!(outage.leave(Tick::ZERO, 1, 1, 2), Leave::Given);
        assert_eq!(outage.leave(Tick::ZERO, 2, 2, 2), Leave::AfterOthers);
    }

    #[test]
    fn in_bad_times_one_begins_after_a_while() {
        let mut outage = outage();
        outage.fail(Tick::ZERO, u64::MAX);
        let due = Tick::ZERO.saturating_add(20 * MILLI);
        assert_eq!(outage.leave(Tick::ZERO, 0, 0, 2), Leave::NotBefore(due));
        assert_eq!(outage.leave(due, 0, 0, 2), Leave::Given);
        assert_eq!(outage.leave(due, 1, 1, 2), Leave::AfterOthers);
        assert!(!outage.is_down());
        outage.fail(due, 0);
        outage.fail(due, u64::MAX);
        assert!(outage.is_down());
        assert_eq!(outage.retry_after(due), 80 * MILLI);
    }

    #[test]
    fn who_recovers_begins_slowly() {
        let mut outage = outage();
        outage.fail(Tick::ZERO, 0);
        outage.succeed();
        assert_eq!(outage.leave(Tick::ZERO, 1, 1, 8), Leave::AfterOthers);
        outage.succeed();
        assert_eq!(outage.leave(Tick::ZERO, 1, 1, 8), Leave::Given);
        assert_eq!(outage.leave(Tick::ZERO, 2, 2, 8), Leave::AfterOthers);
        (0..40).for_each(|_| outage.succeed());
        assert_eq!(outage.leave(Tick::ZERO, 7, 7, 8), Leave::Given);
    }

    #[test]
    fn a_clock_that_steps_back_puts_nothing_off_for_long() {
        let mut outage = outage();
        outage.fail(Tick::from_nanos(1 << 60), u64::MAX);
        outage.not_later(Tick::ZERO);
        assert_eq!(outage.retry_after(Tick::ZERO), 20 * MILLI);
    }
}
