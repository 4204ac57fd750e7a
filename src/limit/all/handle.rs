//! The limits as their users see them.

use std::fmt;

use super::AllBuilder;
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::limit::algorithm::Together;
use crate::limit::locked::{Locked, locked};
use crate::limit::{Decision, Error, Quota, RateLimiter, Stats};

/// Several limits at once, such as so many per second and so many per hour: a call takes from all of them, or from none.
///
/// Limiters one after the other do not do that: what the second one refuses is lost in the first.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::ManualClock;
/// use tenfold::limit::{All, Quota};
///
/// let clock = ManualClock::new();
/// let limiter = All::builder()
///     .quota(Quota::per_second(10))
///     .sliding_log(15, Duration::from_secs(3600))
///     .clock(clock.clone())
///     .build()?;
/// assert!(limiter.try_acquire_n(10));
/// assert_eq!(limiter.decide(1).limiting, 0); // ten per second
/// clock.advance(Duration::from_secs(1));
/// let refused = limiter.decide(10);
/// assert!(!refused.allowed);
/// assert_eq!(refused.limiting, 1); // fifteen per hour
/// assert_eq!(limiter.peek_each(0).map(|one| one.remaining).collect::<Vec<_>>(), [10, 5]);
/// # Ok::<(), tenfold::limit::Error>(())
/// ```
///
/// # Decisions
///
/// All numbers of a [`Decision`] are those of one limit, whose place in the order is [`limiting`](Decision::limiting): if the
/// call is refused, the one that refuses for longest, so [`retry_after`](Decision::retry_after) is when all of them will have the tokens;
/// if it is allowed, the one with the least left. [`peek_each`](Self::peek_each) tells the numbers of all.
///
/// # Blocking
///
/// Callers take turns at a lock, while all limits are looked at.
///
/// # Complexity
///
/// The sum of the limits; each is looked at twice. A token bucket has 72 bytes here. 2.1 KiB of counters.
pub struct All<C = MonotonicClock> {
    inner: Locked<Together, C>,
}

impl All {
    /// Token buckets on the process's clock.
    ///
    /// # Errors
    ///
    /// [`Error::BadCount`] if there are no quotas or more than 16.
    pub fn new(quotas: impl IntoIterator<Item = Quota>) -> Result<Self, Error> {
        Self::with_clock(quotas, MonotonicClock::new())
    }

    /// For other kinds of limits, and a clock of your own.
    pub const fn builder() -> AllBuilder {
        AllBuilder::new()
    }
}

impl<C: Clock> All<C> {
    /// Token buckets on a clock of your own.
    ///
    /// # Errors
    ///
    /// [`Error::BadCount`] if there are no quotas or more than 16.
    pub fn with_clock(quotas: impl IntoIterator<Item = Quota>, clock: C) -> Result<Self, Error> {
        All::builder().clock(clock).quotas(quotas).build()
    }

    pub(super) fn from_rules(rules: Together, clock: C) -> Self {
        Self {
            inner: Locked::new(rules, clock),
        }
    }

    /// What each limit says of `cost` by itself, in their order and in one moment; takes nothing.
    pub fn peek_each(&self, cost: u64) -> impl Iterator<Item = Decision> + use<C> {
        let now = self.inner.now().as_nanos();
        let each = self
            .inner
            .look(|rules| rules.each(now, cost).collect::<Vec<_>>());
        each.into_iter()
    }
}

locked!(All);

impl<C> fmt::Debug for All<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("All")
            .field("limits", &self.inner.look(Together::count))
            .finish_non_exhaustive()
    }
}
