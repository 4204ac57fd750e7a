//! Settings of a cache.

use std::time::Duration;

use super::Upkeep;
use super::load::LoadConfig;
use super::policy::EvictionPolicy;

/// Entries for which the policy of a shard prepares at most before there are more.
pub(super) const MOST_EXPECTED: usize = 1 << 20;

/// Settings of a [`MemoryCache`](super::MemoryCache).
///
/// ```
/// use std::time::Duration;
/// use tenfold::cache::{Config, MemoryCache};
///
/// let mut config = Config::new(10_000);
/// config.time_to_live = Some(Duration::from_secs(60));
/// let cache: MemoryCache<u64, String> = MemoryCache::builder().config(config).build()?;
/// assert_eq!(cache.capacity(), 10_000);
/// # Ok::<(), tenfold::cache::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// The weight of all entries together is never more than this; an entry weighs one unless there is a weigher. 65 536 by
    /// default, and `u64::MAX / 2` at most: more counts as that.
    pub capacity: u64,
    /// What to evict when there is no room.
    #[cfg_attr(feature = "serde", serde(default))]
    pub policy: EvictionPolicy,
    /// How long an entry is served after it was stored; for ever by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub time_to_live: Option<Duration>,
    /// Shards: a power of two, or zero for what fits the machine and the capacity.
    #[cfg_attr(feature = "serde", serde(default))]
    pub shards: usize,
    /// What goes for loads.
    #[cfg_attr(feature = "serde", serde(default))]
    pub loads: LoadConfig,
    /// How long an entry is served that nobody reads; for ever by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub time_to_idle: Option<Duration>,
    /// By how much of itself a time to live is shortened at most, at random, so that what was stored together does not expire together: from
    /// 0, the default, to 1.
    #[cfg_attr(feature = "serde", serde(default))]
    pub jitter: f64,
    /// Who sees to it that expired entries go and evicted ones are dropped.
    #[cfg_attr(feature = "serde", serde(default))]
    pub upkeep: Upkeep,
}

/// Entries that there is room for by default.
pub(crate) const DEFAULT_CAPACITY: u64 = 1 << 16;
/// The most shards that may be asked for.
pub(crate) const MOST_SHARDS: usize = 1 << 12;

impl Config {
    /// The default settings for a capacity.
    #[must_use]
    pub const fn new(capacity: u64) -> Self {
        Self {
            capacity,
            policy: EvictionPolicy::Adaptive,
            time_to_live: None,
            shards: 0,
            loads: LoadConfig::new(),
            time_to_idle: None,
            jitter: 0.0,
            upkeep: Upkeep::Automatic,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}
