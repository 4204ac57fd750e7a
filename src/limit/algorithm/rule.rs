//! What all limiters behind a lock have in common.

use std::fmt::Debug;
use std::time::Duration;

use crate::limit::{Decision, Error, Quota};

/// A limit and what was taken of it. Times are nanoseconds since the clock's origin.
///
/// * What is asked and refused changes nothing, and neither does a cost of zero, which is always admitted.
/// * Waiting only helps: what is admitted at one time is admitted at every later one if nothing is taken in between.
/// * Any number is a possible time, cost and limit.
pub(crate) trait Rule: Debug + Send {
    /// Whether `cost` is there at `now`.
    fn admits(&self, now: u64, cost: u64) -> bool;

    /// Takes `cost` if it is there.
    fn take(&mut self, now: u64, cost: u64) -> bool;

    /// What there is to say of `cost`: as it will be after it was taken, or as it is if it is refused.
    fn look(&self, now: u64, cost: u64) -> Decision;
}

/// Nanoseconds of a window that a rule can count with: they and their double stay below `2^64`.
pub(crate) const fn window_nanos(window: Duration) -> Result<u64, Error> {
    if window.is_zero() || window.as_nanos() > Quota::MAX_PERIOD.as_nanos() {
        return Err(Error::BadWindow);
    }
    // At most 2^63 - 1, as was just checked.
    Ok(window.as_nanos() as u64)
}

/// A rule's numbers at one moment, from which a decision is made.
pub(super) struct Numbers {
    pub(super) limit: u64,
    pub(super) window: u64,
    pub(super) remaining: u64,
    /// If the cost is refused and below the limit: when it will be there. `None` if the clock ends before.
    pub(super) ready_at: Option<u64>,
    /// When everything is there.
    pub(super) full_at: Option<u64>,
}

impl Numbers {
    pub(super) fn decision(self, now: u64, cost: u64, allowed: bool) -> Decision {
        let until = |tick: u64| Duration::from_nanos(tick.saturating_sub(now));
        let ready_at = self.ready_at.filter(|_| cost <= self.limit);
        let retry_after = if allowed {
            Some(Duration::ZERO)
        } else {
            ready_at.map(until)
        };
        Decision {
            allowed,
            cost,
            limit: self.limit,
            window: Duration::from_nanos(self.window),
            remaining: self.remaining,
            retry_after,
            reset_after: self.full_at.map(until),
            limiting: 0,
        }
    }
}
