//! From a quota to a bucket's word, and from there to a decision.

use std::time::Duration;

use super::Meter;
use crate::limit::{Decision, Quota};

const MOMENT: Duration = Duration::from_nanos(1);

impl Meter {
    /// Units that are there; negative in debt.
    pub(crate) fn balance(&self, word: u64, now: u64) -> i128 {
        let floor = self.filling(now).floor;
        i128::from(floor) + i128::from(self.burst) - i128::from(word.max(floor))
    }

    /// The state of a bucket that holds its initial tokens at `now`.
    pub(crate) fn beginning(&self, quota: &Quota, now: u64) -> u64 {
        let missing = quota.burst() - quota.initial();
        match missing.saturating_mul(self.scale) {
            0 => 0,
            units => self.filling(now).ceiling + units,
        }
    }

    /// What to say of `cost` at `now`: `word` is the state after it, if it was allowed. `ahead` are tokens that others wait for.
    #[inline]
    pub(crate) fn decision(
        &self,
        word: u64,
        now: u64,
        cost: u64,
        allowed: bool,
        ahead: u64,
    ) -> Decision {
        let until =
            |tick: Option<u64>| tick.map(|tick| Duration::from_nanos(tick.saturating_sub(now)));
        let served_at = |units: u64| self.served_at(word, now, units, ahead);
        let retry_after = if allowed {
            Some(Duration::ZERO)
        } else {
            // Who is refused because others wait comes a moment later.
            until(self.units(cost).and_then(served_at)).map(|after| after.max(MOMENT))
        };
        Decision {
            allowed,
            cost,
            limit: self.tokens(self.burst),
            window: self.refill_time(),
            remaining: self.tokens(self.available(word, now)),
            retry_after,
            reset_after: until(self.reaches(word)),
            limiting: 0,
        }
    }
}

impl Meter {
    /// How long an empty bucket takes to fill, rounded up to a nanosecond; zero if it never does, or is never empty.
    fn refill_time(&self) -> Duration {
        let rate = u128::from(self.whole) * u128::from(self.period) + u128::from(self.part);
        let burst = u128::from(self.burst) * u128::from(self.period);
        let nanos = match rate {
            0 => 0,
            rate => burst.div_ceil(rate),
        };
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
