//! What a cache has done, and holds.

/// Counts of a cache since it was built, and what it holds now.
///
/// Counters only grow, and are exact when nobody is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Reads that found their entry.
    pub hits: u64,
    /// Reads that didn't.
    pub misses: u64,
    /// Of the misses, those for which it was known that there is nothing to load.
    pub negative_hits: u64,
    /// Entries stored under a key that had none.
    pub insertions: u64,
    /// Entries stored in place of another.
    pub replacements: u64,
    /// Entries that somebody removed or invalidated.
    pub removals: u64,
    /// Entries whose time was over.
    pub expirations: u64,
    /// Entries evicted because there was no room.
    pub evictions: u64,
    /// What those weighed.
    pub evicted_weight: u64,
    /// Entries that never were stored: too heavy, or there was no place.
    pub refusals: u64,
    /// Loads that brought a value, or found that there is none.
    pub loads: u64,
    /// Loads that failed, panicked or were given up.
    pub load_failures: u64,
    /// Nanoseconds spent in loads.
    pub load_nanos: u64,
    /// Entries there are.
    pub entries: u64,
    /// What they weigh.
    pub weight: u64,
}

impl Stats {
    /// The share of reads that found their entry; `None` if there were none.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.hits.saturating_add(self.misses);
        (reads > 0).then(|| self.hits as f64 / reads as f64)
    }

    /// What happened since `earlier`; what there is stays as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(earlier.hits),
            misses: self.misses.saturating_sub(earlier.misses),
            negative_hits: self.negative_hits.saturating_sub(earlier.negative_hits),
            insertions: self.insertions.saturating_sub(earlier.insertions),
            replacements: self.replacements.saturating_sub(earlier.replacements),
            removals: self.removals.saturating_sub(earlier.removals),
            expirations: self.expirations.saturating_sub(earlier.expirations),
            evictions: self.evictions.saturating_sub(earlier.evictions),
            evicted_weight: self.evicted_weight.saturating_sub(earlier.evicted_weight),
            refusals: self.refusals.saturating_sub(earlier.refusals),
            loads: self.loads.saturating_sub(earlier.loads),
            load_failures: self.load_failures.saturating_sub(earlier.load_failures),
            load_nanos: self.load_nanos.saturating_sub(earlier.load_nanos),
            entries: self.entries,
            weight: self.weight,
        }
    }
}
