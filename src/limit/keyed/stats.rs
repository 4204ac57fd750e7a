//! What happened at a limiter of many keys.

/// What happened at a [`Keyed`](super::Keyed) since it was made, and how large it is.
///
/// ```
/// use tenfold::limit::{Keyed, Quota};
///
/// let limiter: Keyed<String> = Keyed::new(Quota::per_hour(1));
/// let before = limiter.stats();
/// assert!(limiter.try_acquire("one") && limiter.try_acquire("two"));
/// assert!(!limiter.try_acquire("one"));
/// let stats = limiter.stats().since(&before);
/// assert_eq!((stats.allowed, stats.refused, stats.evicted), (2, 1, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct KeyedStats {
    /// Calls that got their tokens.
    pub allowed: u64,
    /// Calls that did not.
    pub refused: u64,
    /// Keys that lost their place while their bucket was not full.
    pub evicted: u64,
    /// Tokens that were forgotten: what the buckets of evicted keys lacked, each rounded up to a whole token, and charges that
    /// found no place.
    pub forgiven: u64,
    /// Calls that a shared bucket decided.
    pub shared: u64,
    /// Calls that were refused for want of a place.
    pub denied: u64,
    /// Places in the table. A key can stand in seven of them, so half as many keys find theirs with hardly an exception.
    pub capacity: usize,
    /// Bytes of the table.
    pub bytes: usize,
}

impl KeyedStats {
    /// What happened since `earlier`: the counters as differences, the size as it is.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            allowed: self.allowed.saturating_sub(earlier.allowed),
            refused: self.refused.saturating_sub(earlier.refused),
            evicted: self.evicted.saturating_sub(earlier.evicted),
            forgiven: self.forgiven.saturating_sub(earlier.forgiven),
            shared: self.shared.saturating_sub(earlier.shared),
            denied: self.denied.saturating_sub(earlier.denied),
            capacity: self.capacity,
            bytes: self.bytes,
        }
    }

    /// The part of calls that was refused: 0 to 1, and 0 if there were none.
    #[must_use]
    pub fn refused_ratio(&self) -> f64 {
        self.refused as f64 / self.allowed.saturating_add(self.refused).max(1) as f64
    }
}
