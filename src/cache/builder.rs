//! Builds a [`MemoryCache`].

use std::any::TypeId;
use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;
use std::time::Duration;

use super::budget::Budget;
use super::cause::{Listener, RemovalCause};
use super::config::{Config, MOST_EXPECTED, MOST_SHARDS};
use super::core::{Core, Weigh};
use super::expiry::{OnRead, OnWrite, Rules, Ttl, Written};
use super::flights::Flights;
use super::policy::{Chooser, EvictionPolicy, Policy};
use super::shard::Shard;
use super::{Error, MemoryCache, Upkeep, upkeep};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::sync::Arc as Shared;

/// Entries in a shard for which it is worth having one more.
const ENTRIES_PER_SHARD: u64 = 2048;

/// Entries for which the policy of a shard prepares at first, if it can't be known.
const FIRST_EXPECTED: usize = 1 << 10;

/// Builds a [`MemoryCache`].
pub struct Builder<K, V, S = DefaultHashBuilder> {
    config: Config,
    hasher: S,
    weigher: Option<Box<Weigh<K, V>>>,
    listener: Option<Listener<K, V>>,
    clock: Arc<dyn Clock>,
    /// Whether the clock is the process's.
    coarse: bool,
    on_write: Option<Box<OnWrite<K, V>>>,
    on_read: Option<Box<OnRead<K, V>>>,
}

impl<K, V> Builder<K, V> {
    pub(super) fn new() -> Self {
        Self {
            config: Config::default(),
            hasher: DefaultHashBuilder::new(),
            weigher: None,
            listener: None,
            clock: Arc::new(MonotonicClock::new()),
            coarse: true,
            on_write: None,
            on_read: None,
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
    ///
    /// `u64::MAX / 2` is the most there can be; more counts as that, so `u64::MAX` will do for a cache that evicts nothing.
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

    /// What an entry weighs. One of weight zero is pinned: it is never evicted, only removed or expired. There is one exception, of which
    /// [`get_ref`](MemoryCache::get_ref) tells: an entry that is held while its table has to grow and can't wait any longer.
    ///
    /// Runs outside all locks, once for every entry that is stored.
    #[must_use]
    pub fn weigher(mut self, weigh: impl Fn(&K, &V) -> u64 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Box::new(weigh));
        self
    }

    /// Who hears of every entry that is no longer in the cache, and why.
    ///
    /// It runs in the thread that caused the removal or in the upkeep's, outside all locks, after the removal; a panic in it is caught. It may use
    /// the cache. Of a value that is refused, since it is too heavy, it hears as [`Evicted`](RemovalCause::Evicted).
    #[must_use]
    pub fn listener(mut self, hear: impl Fn(&K, &V, RemovalCause) + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener(Box::new(hear)));
        self
    }

    /// The clock that entries expire by: real time by default.
    ///
    /// On the process's [`MonotonicClock`] a value is served for a tick longer than it should be, at most: 4 ms, and as much as the
    /// housekeeper is late, which advances the tick while somebody reads entries that expire and for up to a second after that. Values are exact to the nanosecond on any other clock, which each read then reads.
    #[must_use]
    pub fn clock<C: Clock + 'static>(mut self, clock: C) -> Self {
        self.coarse = TypeId::of::<C>() == TypeId::of::<MonotonicClock>();
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
    /// removes it. `get`, `read`, bulk loads and tokens neither reload nor wait for it. Nothing is reloaded that nobody asks for: there is no
    /// loader but the caller's.
    #[must_use]
    pub fn refresh_after_write(mut self, fresh: Duration) -> Self {
        self.config.loads.refresh_after_write = Some(fresh);
        self
    }

    /// How long a value is kept behind its time to live, or to idle, for those whose load fails: they get it instead of the error. Nobody else
    /// does, and nobody if the key was removed or invalidated. Does nothing for entries that don't expire. What is kept counts against the
    /// capacity, and is told of as expired when it goes.
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
            coarse: self.coarse,
            on_write: self.on_write,
            on_read: self.on_read,
        }
    }
}

/// When entries expire.
impl<K, V, S> Builder<K, V, S> {
    /// How long an entry is served that nobody reads. Each read begins it anew, up to the end of the time to live.
    ///
    /// On the process's clock a read may count as a tick of 4 ms earlier than it was, and as 4 ms more, or a sixteenth of this time if that is
    /// less; in return, an entry that is read all the time costs a store each 4 ms. Keeps sixteen bytes of times for each slot of the table in place of eight.
    #[must_use]
    pub fn time_to_idle(mut self, idle: Duration) -> Self {
        self.config.time_to_idle = Some(idle);
        self
    }

    /// By how much of itself each time to live is shortened at most, at random: 0.1 for up to a tenth. What was stored together then does not
    /// expire together, and is not all loaded at once again. Applies to times of single entries as well.
    ///
    /// It does not apply to the time to idle and to what [`expire_after_read`](Self::expire_after_read) decides: they begin anew with each
    /// read, so they are spread as reads are, and whoever decides can spread them further.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.config.jitter = fraction;
        self
    }

    /// Decides for each entry that is stored without a time of its own how long it is served. It is told what the write seemed to be a moment
    /// before.
    ///
    /// Runs outside all locks, in the thread that stores, and may use the cache.
    #[must_use]
    pub fn expire_after_write(
        mut self,
        decide: impl Fn(&K, &V, Written) -> Ttl + Send + Sync + 'static,
    ) -> Self {
        self.on_write = Some(Box::new(decide));
        self
    }

    /// Decides at each read how long the entry is served from now on; it is told what is left. [`Ttl::Default`] leaves it as it is, and
    /// `For(Duration::ZERO)` makes it the last read.
    ///
    /// Runs outside all locks, in the thread that reads and before it has the value, and may use the cache. Each read pays for the call; a
    /// longer time is a store, and a shorter one, or a change from or to [`Ttl::Never`], takes the lock of the key's shard.
    #[must_use]
    pub fn expire_after_read(
        mut self,
        decide: impl Fn(&K, &V, Option<Duration>) -> Ttl + Send + Sync + 'static,
    ) -> Self {
        self.on_read = Some(Box::new(decide));
        self
    }

    /// Who sees to it that expired entries go and evicted ones are dropped: by default the process's housekeeper.
    #[must_use]
    pub fn upkeep(mut self, upkeep: Upkeep) -> Self {
        self.config.upkeep = upkeep;
        self
    }
}

impl<K, V, S> Builder<K, V, S>
where
    K: Eq + Hashable + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// The cache.
    ///
    /// Keys and values are `'static` and may go to another thread, because the upkeep drops them and tells the listener there; for others
    /// there is [`build_unattended`](Self::build_unattended).
    ///
    /// # Errors
    ///
    /// For settings that are not possible: [`Error::Shards`], [`Error::NoTimeToLive`], [`Error::Jitter`], [`Error::NoFreshness`] and
    /// [`Error::EarlyRefresh`].
    pub fn build(self) -> Result<MemoryCache<K, V, S>, Error> {
        let attended = self.config.upkeep == Upkeep::Automatic;
        let core = Arc::new(self.core()?);
        let handle = attended.then(|| Arc::new(upkeep::keep(&core)));
        Ok(MemoryCache::of(core, handle))
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> Builder<K, V, S> {
    /// The cache, with [`Upkeep::Manual`]: for keys and values that borrow, or belong to their thread.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_unattended(mut self) -> Result<MemoryCache<K, V, S>, Error> {
        self.config.upkeep = Upkeep::Manual;
        self.core()
            .map(|core| MemoryCache::of(Arc::new(core), None))
    }

    fn core(self) -> Result<Core<K, V, S>, Error> {
        let config = self.config;
        let shards = shards(&config)?;
        let times = [config.time_to_live, config.time_to_idle];
        if let Some(ttl) = times.into_iter().flatten().find(Duration::is_zero) {
            return Err(Error::NoTimeToLive { ttl });
        }
        config.loads.check()?;
        if !(0.0..=1.0).contains(&config.jitter) {
            return Err(Error::Jitter);
        }
        let rules = Rules::new(&config, self.on_write, self.on_read);
        let budget = Budget::new(config.capacity, shards as u64);
        let weighted = self.weigher.is_some();
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
        let chooser = Shared::new(Chooser::new(expected(config.capacity)));
        let shard = |index| {
            let share = budget.share(index);
            let policy = Policy::new(config.policy, share, expected(share), &chooser);
            let flights = Flights::new(config.loads.rules(self.clock.clone()));
            Shard::new(share, weighted, &rules, policy, flights, shards)
        };
        let shards = (0..shards).map(shard).collect();
        Ok(Core::new(
            shards,
            self.hasher,
            budget,
            self.weigher,
            self.listener,
            self.clock,
            config,
            rules,
            self.coarse,
            chooser,
        ))
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
