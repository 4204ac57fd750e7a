//! How long to wait before the next attempt: random, and on average twice as long with each failure.
//!
//! Full jitter: the delay is uniform between nothing and a bound that doubles from failure to failure, up to a cap. So callers that failed
//! together do not come again together. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

use super::clock::saturating_nanos;

/// The bounds of delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    base: u64,
    cap: u64,
}

impl Backoff {
    /// The bound after the first failure, and the largest.
    #[must_use]
    pub(crate) const fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base: saturating_nanos(base),
            cap: saturating_nanos(cap),
        }
    }

    /// The longest delay after so many failures in a row.
    #[must_use]
    pub(crate) fn bound(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(63);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        Duration::from_nanos(if failures == 0 { 0 } else { bound })
    }

    /// The delay after so many failures in a row, by 64 random bits.
    #[must_use]
    pub(crate) fn delay(self, failures: u32, random: u64) -> Duration {
        let bound = u128::from(saturating_nanos(self.bound(failures))) + 1;
        // Less than the bound, which fits.
        Duration::from_nanos(((bound * u128::from(random)) >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn bounds_double_up_to_the_cap() {
        let backoff = Backoff::new(20 * MILLI, 100 * MILLI);
        let bounds = [0, 1, 2, 3, 4, 63, 64, 65, u32::MAX].map(|n| backoff.bound(n).as_millis());
        assert_eq!(bounds, [0, 20, 40, 80, 100, 100, 100, 100, 100]);
        let huge = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(huge.bound(3), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn delays_are_spread_over_all_that_is_allowed() {
        let backoff = Backoff::new(20 * MILLI, 100 * MILLI);
        assert_eq!(backoff.delay(2, 0), Duration::ZERO);
        assert_eq!(backoff.delay(2, 1 << 63), 20 * MILLI);
        assert_eq!(backoff.delay(2, u64::MAX), 40 * MILLI);
        assert_eq!(backoff.delay(0, u64::MAX), Duration::ZERO);
    }
}
