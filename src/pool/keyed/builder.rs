//! Settings of a pool of many keys.

use std::any::TypeId;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::KeyedPool;
use super::budget::{Budget, Share};
use super::core::Core;
use super::reap::{Reap, Reaper};
use super::table::Table;
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::sync::{AtomicBool, AtomicU64, Mutex};
use crate::kernel::upkeep::Periodic;
use crate::kernel::workers::Executor;
use crate::pool::builder::Common;
use crate::pool::config::MOST;
use crate::pool::core::{BoxFuture, Time};
use crate::pool::{AsyncConnect, Builder, Config, Connect, Error, Manage, Pool, Stats, Upkeep};

const MILLI: Duration = Duration::from_millis(1);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Settings of a [`KeyedPool`].
///
/// ```
/// use tenfold::pool::{self, KeyedConfig, KeyedPool};
///
/// let mut config = KeyedConfig::default();
/// config.max_total = 50;
/// config.pool.max_size = 5;
/// let pools = KeyedPool::builder(|_: &u32| pool::from_fn(|| Ok::<_, std::io::Error>(()))).config(config.clone()).build()?;
/// assert_eq!(pools.config(), &config);
/// # Ok::<(), tenfold::pool::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct KeyedConfig {
    /// The settings of each key's own pool. Its `max_size` is what one key may have at most; `min_idle` must be 0, since idle
    /// connections give way to keys that wait.
    pub pool: Config,
    /// Connections of all keys together, in whatever state: 100 by default, 1 to 100 000.
    pub max_total: u32,
    /// Keys at a time: 1024 by default, at least 1. Another one takes the place of the key that nobody uses and that nobody has asked for for
    /// longest.
    pub max_keys: usize,
    /// A key that has no connection, no caller and no handle for so long is forgotten: 5 min by default. `None`: only when there
    /// are too many.
    pub key_idle_timeout: Option<Duration>,
    /// How long a key that has connections may wait for one more, until others give way to it that have no more than it has, and callers of
    /// their own: 1 s by default. The shorter it is, the more often connections are closed to be made for another key; with 0 keys take turns for
    /// each single connection.
    pub turn: Duration,
}

impl Default for KeyedConfig {
    fn default() -> Self {
        Self {
            pool: Config::default(),
            max_total: 100,
            max_keys: 1024,
            key_idle_timeout: Some(Duration::from_secs(300)),
            turn: Duration::from_secs(1),
        }
    }
}

impl KeyedConfig {
    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] for the first that is not.
    pub fn validate(&self) -> Result<(), Error> {
        validate_pool(&self.pool)?;
        Error::unless(
            (1..=MOST).contains(&self.max_total),
            "max_total must be 1 to 100 000",
        )?;
        Error::unless(self.max_keys >= 1, "max_keys must be at least 1")?;
        Error::unless(
            self.key_idle_timeout
                .is_none_or(|time| (MILLI..=YEAR).contains(&time)),
            "key_idle_timeout must be 1 ms to a year",
        )
    }
}

fn validate_pool(config: &Config) -> Result<(), Error> {
    config.validate()?;
    Error::unless(
        config.min_idle == 0,
        "min_idle must be 0 in a pool of many keys",
    )
}

type Factory<K, M> = Box<dyn Fn(&K) -> M + Send + Sync>;
type Customizer<K, M> = Box<dyn Fn(&K, Builder<M>) -> Builder<M> + Send + Sync>;
type Build<M> = fn(Builder<M>) -> Result<Pool<M>, Error>;

/// How the pool of a key is made.
pub(super) struct Recipe<K, M: Manage> {
    factory: Factory<K, M>,
    customize: Option<Customizer<K, M>>,
    common: Common,
    build: Build<M>,
}

impl<K, M: Manage> Recipe<K, M> {
    pub(super) fn pool(
        &self,
        key: &K,
        config: &KeyedConfig,
        share: &Arc<Share>,
    ) -> Result<Pool<M>, Error> {
        let manager = (self.factory)(key);
        let mut builder = Pool::builder(manager).config(config.pool.clone());
        builder = builder.common(&self.common);
        if let Some(customize) = &self.customize {
            builder = customize(key, builder);
        }
        builder = builder.among(&self.common, config.pool.upkeep, share.clone());
        validate_pool(builder.settings())?;
        (self.build)(builder)
    }
}

/// Builds a [`KeyedPool`].
#[must_use = "a builder does nothing until `build`"]
pub struct KeyedBuilder<K, M: Manage> {
    config: KeyedConfig,
    factory: Factory<K, M>,
    customize: Option<Customizer<K, M>>,
    common: Common,
}

impl<K, M: Manage> KeyedBuilder<K, M> {
    pub(super) fn new(factory: Factory<K, M>) -> Self {
        Self {
            config: KeyedConfig::default(),
            factory,
            customize: None,
            common: Common {
                clock: Arc::new(MonotonicClock::new()),
                coarse: true,
                executor: None,
                spawner: None,
            },
        }
    }

    /// All settings at once.
    pub fn config(self, config: KeyedConfig) -> Self {
        Self { config, ..self }
    }

    /// See [`KeyedConfig::pool`].
    pub fn pool(mut self, pool: Config) -> Self {
        self.config.pool = pool;
        self
    }

    /// Connections that one key may have: [`Config::max_size`] of each key's pool.
    pub fn max_size(mut self, max_size: u32) -> Self {
        self.config.pool.max_size = max_size;
        self
    }

    /// See [`KeyedConfig::max_total`].
    pub fn max_total(mut self, max_total: u32) -> Self {
        self.config.max_total = max_total;
        self
    }

    /// See [`KeyedConfig::max_keys`].
    pub fn max_keys(mut self, max_keys: usize) -> Self {
        self.config.max_keys = max_keys;
        self
    }

    /// See [`KeyedConfig::key_idle_timeout`].
    pub fn key_idle_timeout(mut self, key_idle_timeout: Option<Duration>) -> Self {
        self.config.key_idle_timeout = key_idle_timeout;
        self
    }

    /// See [`KeyedConfig::turn`].
    pub fn turn(mut self, turn: Duration) -> Self {
        self.config.turn = turn;
        self
    }

    /// Changes settings for single keys, and sets hooks: called with the builder of each pool that is made. The clock and
    /// [`Config::upkeep`] stay those of the whole.
    ///
    /// ```
    /// use tenfold::pool::{self, KeyedPool};
    ///
    /// let pools: KeyedPool<String, _> = KeyedPool::builder(|_: &String| pool::from_fn(|| Ok::<_, std::io::Error>(())))
    ///     .max_size(2)
    ///     .customize(|tenant, builder| if tenant.starts_with("paying:") { builder.max_size(20) } else { builder })
    ///     .build()?;
    /// assert_eq!(pools.pool("paying:7")?.config().max_size, 20);
    /// assert_eq!(pools.pool("trial:8")?.config().max_size, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn customize(
        mut self,
        customize: impl Fn(&K, Builder<M>) -> Builder<M> + Send + Sync + 'static,
    ) -> Self {
        self.customize = Some(Box::new(customize));
        self
    }

    /// The clock of all pools: see [`Builder::clock`].
    pub fn clock<C: Clock + 'static>(mut self, clock: C) -> Self {
        self.common.coarse = TypeId::of::<C>() == TypeId::of::<MonotonicClock>();
        self.common.clock = Arc::new(clock);
        self
    }

    /// Who runs blocking calls: see [`Builder::executor`]. Each pool has its own threads, which end when there is nothing to do.
    pub fn executor(mut self, executor: Executor) -> Self {
        self.common.executor = Some(executor);
        self
    }

    /// Who runs futures in the background: see [`Builder::spawner`].
    pub fn spawner(mut self, spawner: impl Fn(BoxFuture) + Send + Sync + 'static) -> Self {
        self.common.spawner = Some(Arc::new(spawner));
        self
    }
}

impl<K, M> KeyedBuilder<K, M>
where
    K: Hash + Eq + Send + Sync + 'static,
    M: Manage,
{
    fn finish(self, build: Build<M>) -> Result<KeyedPool<K, M>, Error> {
        self.config.validate()?;
        let clock = self.common.clock.clone();
        let time = Time::new(clock.clone(), self.common.coarse);
        let config = self.config;
        let core = Arc::new(Core {
            table: Table::new(config.max_keys),
            budget: Budget::new(config.max_total, config.turn, time.clone()),
            recipe: Recipe {
                factory: self.factory,
                customize: self.customize,
                common: self.common,
                build,
            },
            time,
            hasher: DefaultHashBuilder::new(),
            closed: AtomicBool::new(false),
            made: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            past: Mutex::new(Stats::default()),
            keeper: OnceLock::new(),
            config,
        });
        if core.config.pool.upkeep != Upkeep::Manual {
            let reap: Arc<dyn Reap> = core.clone();
            let reaper = Reaper(Arc::downgrade(&reap));
            let _ = core.keeper.set(Periodic::new(Arc::new(reaper), clock));
        }
        let weak = Arc::downgrade(&core);
        core.budget.on_emptied(move |now| {
            if let Some(core) = weak.upgrade() {
                core.expect_idle(now);
            }
        });
        let weak = Arc::downgrade(&core);
        core.budget.on_expecting(move |due| {
            if let Some(keeper) = weak.upgrade().as_ref().and_then(|core| core.keeper.get()) {
                keeper.nudger().nudge(due);
            }
        });
        Ok(KeyedPool::of(core))
    }
}

impl<K, M> KeyedBuilder<K, M>
where
    K: Hash + Eq + Send + Sync + 'static,
    M: Connect,
{
    /// The pool. Nothing is connected before somebody asks for a key.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] for a setting out of its range.
    pub fn build(self) -> Result<KeyedPool<K, M>, Error> {
        self.finish(Builder::build)
    }
}

impl<K, M> KeyedBuilder<K, M>
where
    K: Hash + Eq + Send + Sync + 'static,
    M: AsyncConnect,
{
    /// The pool, for managers whose calls are futures.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] for a setting out of its range, and [`Error::NoSpawner`] for [`Config::keepalive`] without a
    /// [spawner](Self::spawner).
    pub fn build_async(self) -> Result<KeyedPool<K, M>, Error> {
        if self.common.spawner.is_none() && self.config.pool.keepalive.is_some() {
            return Err(Error::NoSpawner {
                setting: "keepalive",
            });
        }
        self.finish(Builder::build_async)
    }
}

impl<K, M: Manage> fmt::Debug for KeyedBuilder<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBuilder")
            .field("config", &self.config)
            .field("clock", &self.common.clock)
            .finish_non_exhaustive()
    }
}
