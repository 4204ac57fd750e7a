//! Who keeps a cache up.

/// Who sees to it that expired entries go and evicted ones are dropped in a cache that nobody calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Upkeep {
    /// The process's housekeeper, on one of its workers; on a clock that is moved by hand, whoever moves it.
    #[default]
    Automatic,
    /// The caller, by [`MemoryCache::run_upkeep`](crate::cache::MemoryCache::run_upkeep), and insertions a little.
    Manual,
}
