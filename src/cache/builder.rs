//! Builds a [`MemoryCache`].

use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;
use std::time::Duration;

use super::budget::Budget;
use super::cause::{Listener, RemovalCause};
use super::config::{Config, MOST_SHARDS};
use super::core::{Core, Weigh};
use super::flights::Flights;
use super::policy::{Chooser, EvictionPolicy, Policy};
use super::shard::Shard;
use super::{Error, MemoryCache};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::hash::DefaultHashBuilder;

/// Entries in a shard for which it is worth having one more.
const ENTRIES_PER_SHARD: u64 = 2048;

/// Entries for which the policy prepares at most.
const MOST_EXPECTED: usize = 1 << 24;
/// Entries for which the policy of a shard prepares at first, if it can't be known.
const FIRST_EXPECTED: usize = 1 << 10;

/// Builds a [`MemoryCache`].
pub struct Builder<K, V, S = DefaultHashBuilder> {
    config: Config,
    hasher: S,
    weigher: Option<Box<Weigh<K, V>>>,
    listener: Option<Listener<K, V>>,
    clock: Arc<dyn Clock>,
}

impl<K, V> Builder<K, V> {
    pub(super) fn new() -> Self {
        Self {
            config: Config::default(),
            hasher: DefaultHashBuilder::new(),
            weigher: None,
            listener: None,
            clock: Arc::new(MonotonicClock::new()),
        }
    }
}

impl<K, V, S> Builder<K, V, S> {
    /// All settings at once.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The weight of all entries together, which is their number unless there is a [`weigher`](Self::weigher): 65 536 by default.
    #[must_use]
    pub fn capacity(mut self, capacity: u64) -> Self {
        self.config.capacity = capacity;
        self
    }

    /// What to evict when there is no room.
    #[must_use]
    pub fn policy(mut self, policy: EvictionPolicy) -> Self {
        self.config.policy = policy;
        self
    }

    /// How long an entry is served after it was stored.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.config.time_to_live = Some(ttl);
        self
    }

    /// Shards: a power of two up to 4096, or zero for what fits the machine and the capacity.
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        self.config.shards = shards;
        self
    }

    /// What an entry weighs. One of weight zero is pinned: it is never evicted, only removed or expired.
    ///
    /// Runs outside all locks, once for every entry that is stored.
    #[must_use]
    pub fn weigher(mut self, weigh: impl Fn(&K, &V) -> u64 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Box::new(weigh));
        self
    }

    /// Who hears of every entry that is no longer in the cache, and why.
    ///
    /// It runs in the thread that caused the removal, outside all locks, after the removal; a panic in it is caught. It may use the cache.
    #[must_use]
    pub fn listener(mut self, hear: impl Fn(&K, &V, RemovalCause) + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener(Box::new(hear)));
        self
    }

    /// The clock that entries expire by: real time by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Keys that are loaded at a time; a call that would load one more fails, or loads without sharing if it can't fail. No bound by default.
    #[must_use]
    pub fn max_loads(mut self, most: usize) -> Self {
        self.config.loads.max_loads = Some(most);
        self
    }

    /// Callers that wait for one load; one more fails, or loads without sharing if it can't fail. A million by default.
    #[must_use]
    pub fn max_waiters(mut self, most: usize) -> Self {
        self.config.loads.max_waiters = most;
        self
    }

    /// How long a task that leads a load may be ready to go on and not be polled before one that waits takes over: 100 ms by default.
    ///
    /// It bounds what a future does to others that nobody polls any more and that nobody drops. Loaders that block are never taken over.
    #[must_use]
    pub fn load_patience(mut self, patience: Duration) -> Self {
        self.config.loads.patience = patience;
        self
    }

    /// How long it is remembered that an optional load found nothing; not at all by default.
    ///
    /// Absences are kept in a table of their own: they take nothing of the capacity and evict no entry. It has room for an eighth of the
    /// capacity, at least 64 and at most 65 536 keys, and forgets the oldest first.
    #[must_use]
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.config.loads.negative_ttl = Some(ttl);
        self
    }

    /// How long a value is fresh after it was stored. From then on, until its time to live is over, it is still served, while one caller
    /// loads it anew: the first that asks by one of the `get_or_load` family does so for itself, and the others get the old value at
    /// once. This is also known as stale-while-revalidate.
    ///
    /// A reload that fails leaves the old value, which is returned, and is tried again after a tenth of this time. One that finds nothing
    /// removes it. `get`, `read` and bulk loads neither reload nor wait for it.
    #[must_use]
    pub fn refresh_after_write(mut self, fresh: Duration) -> Self {
        self.config.loads.refresh_after_write = Some(fresh);
        self
    }

    /// How long a value is kept behind its time to live, for those whose load fails: they get it instead of the error. Nobody else does, and
    /// nobody if the key was removed or invalidated. It needs a [`time_to_live`](Self::time_to_live), and counts against the capacity.
    #[must_use]
    pub fn stale_if_error(mut self, kept: Duration) -> Self {
        self.config.loads.stale_if_error = Some(kept);
        self
    }

    /// Lets callers reload an entry before its time to live is over, each with a probability that grows towards the end, so that one of
    /// many does before it expires for all. How early that is depends on how long its load took: `beta` times that, on average; 1 is a good
    /// value, more is earlier. Callers that don't reload get the old value, as in [`refresh_after_write`](Self::refresh_after_write).
    ///
    /// It is the optimal way of that kind: Vattani, Chierichetti, Lowenstein, VLDB 2015. It takes 16 bytes per entry.
    #[must_use]
    pub fn early_refresh(mut self, beta: f64) -> Self {
        self.config.loads.early_refresh = Some(beta);
        self
    }

    /// The hasher of keys. Any will do that spreads keys over 64 bits.
    #[must_use]
    pub fn hasher<T: BuildHasher>(self, hasher: T) -> Builder<K, V, T> {
        Builder {
            config: self.config,
            hasher,
            weigher: self.weigher,
            listener: self.listener,
            clock: self.clock,
        }
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> Builder<K, V, S> {
    /// The cache.
    ///
    /// # Errors
    ///
    /// [`Error::Shards`], [`Error::NoTimeToLive`], [`Error::NoFreshness`] and [`Error::EarlyRefresh`], for settings that are not possible.
    pub fn build(self) -> Result<MemoryCache<K, V, S>, Error> {
        let config = self.config;
        let shards = shards(&config)?;
        if let Some(ttl) = config.time_to_live.filter(Duration::is_zero) {
            return Err(Error::NoTimeToLive { ttl });
        }
        config.loads.check()?;
        let expires = config.time_to_live.is_some();
        let budget = Budget::new(config.capacity, shards as u64);
        let weighted = self.weigher.is_some();
        let columns = config.loads.columns(expires);
        // How many entries there will be is known only where each weighs one.
        let expected = move |capacity: u64| {
            let entries = usize::try_from(capacity).unwrap_or(usize::MAX);
            entries.clamp(
                1,
                if weighted {
                    FIRST_EXPECTED
                } else {
                    MOST_EXPECTED
                },
            )
        };
        let chooser = Arc::new(Chooser::new(expected(config.capacity)));
        let shard = |index| {
            let share = budget.share(index);
            let policy = Policy::new(config.policy, share, expected(share), &chooser);
            let flights = Flights::new(config.loads.rules(self.clock.clone()));
            Shard::new(share, weighted, columns, policy, flights, shards)
        };
        let shards = (0..shards).map(shard).collect();
        let core = Core::new(
            shards,
            self.hasher,
            budget,
            self.weigher,
            self.listener,
            self.clock,
            config,
            expires,
            chooser,
        );
        Ok(MemoryCache::of(core))
    }
}

fn shards(config: &Config) -> Result<usize, Error> {
    let shards = config.shards;
    if shards == 0 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let worth = usize::try_from(config.capacity / ENTRIES_PER_SHARD)
            .unwrap_or(usize::MAX)
            .max(1);
        return Ok((1 << worth.ilog2())
            .min(cores.saturating_mul(4).next_power_of_two())
            .min(MOST_SHARDS));
    }
    if shards.is_power_of_two() && shards <= MOST_SHARDS {
        Ok(shards)
    } else {
        Err(Error::Shards { shards })
    }
}

impl<K, V, S> fmt::Debug for Builder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
