//! What happened at a limiter.

/// What happened at a limiter since it was made.
///
/// ```
/// use tenfold::limit::{Quota, TokenBucket};
///
/// let limiter = TokenBucket::new(Quota::per_hour(1));
/// let before = limiter.stats();
/// assert!(limiter.try_acquire() && !limiter.try_acquire());
/// let stats = limiter.stats().since(&before);
/// assert_eq!((stats.allowed, stats.refused), (1, 1));
/// assert_eq!(stats.refused_ratio(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Calls that got their tokens, waiters and reservations included.
    pub allowed: u64,
    /// Calls that did not.
    pub refused: u64,
    /// Tokens of cancelled reservations that could not be given back, because others had taken tokens since.
    pub lost: u64,
    /// Callers that wait now.
    pub waiting: usize,
}

impl Stats {
    /// What happened since `earlier`: the counters as differences, everything else as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            allowed: self.allowed.saturating_sub(earlier.allowed),
            refused: self.refused.saturating_sub(earlier.refused),
            lost: self.lost.saturating_sub(earlier.lost),
            waiting: self.waiting,
        }
    }

    /// The part of calls that was refused: 0 to 1, and 0 if there were none.
    #[must_use]
    pub fn refused_ratio(&self) -> f64 {
        self.refused as f64 / self.allowed.saturating_add(self.refused).max(1) as f64
    }
}
