//! The handle of a pool of many keys.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::acquire::{AcquireKeyed, DrainKeyed};
use super::builder::{KeyedBuilder, KeyedConfig};
use super::core::Core;
use super::stats::{KeyedStats, KeyedStatus, sum, sum_status};
use crate::kernel::clock::Tick;
use crate::kernel::sync::Ordering;
use crate::kernel::wait::block_on;
use crate::pool::core::Wait;
use crate::pool::{
    AcquireError, AsyncConnect, Connect, DrainReport, Error, Manage, OwnedLease, Pool, Stats,
    Status,
};

/// A [`Pool`] per key (a tenant, a shard, a user of the database), and one budget of connections for all of them.
///
/// ```
/// use tenfold::pool::{self, KeyedPool};
///
/// // What makes the connections of a tenant.
/// let connect = |tenant: &String| {
///     let tenant = tenant.clone();
///     pool::from_fn(move || Ok::<_, std::io::Error>(format!("connection of {tenant}")))
/// };
/// let pools = KeyedPool::builder(connect).max_size(3).max_total(4).build()?;
///
/// let first = pools.acquire("acme")?;
/// let second = pools.acquire("globex")?;
/// assert_eq!(*second, "connection of globex");
/// assert_eq!(pools.status().total, 2);
///
/// // No tenant has more than 3, and all together no more than 4. What is idle gives way to a tenant that waits.
/// drop(first);
/// let more: Vec<_> = (0..3).map(|_| pools.acquire("initech")).collect::<Result<_, _>>()?;
/// assert_eq!(pools.stats().gave_way, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Who gets a connection
///
/// Each key has its own line, and its own [`max_size`](crate::pool::Config::max_size). Where a key wants one more and
/// [`max_total`](KeyedConfig::max_total) is reached, the connection of another key that has been idle for longest is closed for it. If none is
/// idle, keys stand in a line, one place for each whatever the number of its callers, and get what comes back:
///
/// * of a key without callers, at once;
/// * of a key with callers of its own, if the one in line has no connection, or at least two fewer, or has waited for a
///   [`turn`](KeyedConfig::turn).
///
/// So keys that are always busy come to have equal shares, and a key without connections waits for no more than one use per key in front of
/// it. With more busy keys than connections each use by another key costs a connect: raise `max_total` then.
///
/// # Keys
///
/// The pool of a key is built when somebody asks for the key. It is forgotten when it has had no connection, caller, lease or
/// [handle](Self::pool) for [`key_idle_timeout`](KeyedConfig::key_idle_timeout); how long an idle connection is kept is a setting of the pool.
/// There are never more than [`max_keys`](KeyedConfig::max_keys).
///
/// Clones are handles to one pool; when the last one is dropped everything is [closed](Self::close). Leases may outlive it.
///
/// # Complexity
///
/// A checkout looks the key up under a lock of one in 16 shards, and counts a reference to its pool and to the lease's; the rest is as with a
/// [`Pool`]. While some key waits for the budget, each return takes a lock that all keys share. Who needs the most of
/// one key takes its [`pool`](Self::pool) once.
pub struct KeyedPool<K, M: Manage> {
    core: Arc<Core<K, M>>,
}

impl<K, M: Manage> Clone for KeyedPool<K, M> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
        }
    }
}

impl<K, M> KeyedPool<K, M>
where
    K: Hash + Eq + Send + Sync + 'static,
    M: Connect,
{
    /// With the default settings: see [`KeyedConfig`].
    ///
    /// # Errors
    ///
    /// None with the default settings.
    pub fn new(factory: impl Fn(&K) -> M + Send + Sync + 'static) -> Result<Self, Error> {
        Self::builder(factory).build()
    }
}

impl<K, M> KeyedPool<K, M>
where
    K: Hash + Eq + Send + Sync + 'static,
    M: AsyncConnect,
{
    /// As [`new`](Self::new), for managers whose calls are futures.
    ///
    /// # Errors
    ///
    /// None with the default settings.
    pub fn new_async(factory: impl Fn(&K) -> M + Send + Sync + 'static) -> Result<Self, Error> {
        Self::builder(factory).build_async()
    }
}

impl<K, M: Manage> KeyedPool<K, M> {
    /// With settings. `factory` makes the manager of a key, on the thread that asks for the key; if it panics, so does that call, and nothing
    /// is left of it. Two calls for one key may call it at the same time; one manager stays.
    pub fn builder(factory: impl Fn(&K) -> M + Send + Sync + 'static) -> KeyedBuilder<K, M> {
        KeyedBuilder::new(Box::new(factory))
    }

    pub(super) const fn of(core: Arc<Core<K, M>>) -> Self {
        Self { core }
    }
}

impl<K, M> KeyedPool<K, M>
where
    K: Hash + Eq + Send + Sync + 'static,
    M: Manage,
{
    /// A connection of this key that is idle now.
    ///
    /// # Errors
    ///
    /// As [`Pool::try_acquire`], and [`AcquireError::TooManyKeys`].
    ///
    /// # Blocking
    ///
    /// As [`Pool::try_acquire`].
    #[track_caller]
    pub fn try_acquire<Q>(&self, key: &Q) -> Result<OwnedLease<M>, AcquireError<M::Error>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let tenant = self.core.tenant(key)?;
        tenant.pool.try_acquire_owned()
    }

    /// A connection of this key: one that is idle, or the first that comes back, or is made once there may be one more.
    ///
    /// # Errors
    ///
    /// As [`Pool::acquire`], and [`AcquireError::TooManyKeys`].
    ///
    /// # Blocking
    ///
    /// As [`Pool::acquire`].
    #[track_caller]
    pub fn acquire<Q>(&self, key: &Q) -> Result<OwnedLease<M>, AcquireError<M::Error>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let tenant = self.core.tenant(key)?;
        tenant.pool.acquire_owned()
    }

    /// As [`acquire`](Self::acquire), for at most `patience`.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Blocking
    ///
    /// For at most `patience`, by the pool's clock.
    #[track_caller]
    pub fn acquire_timeout<Q>(
        &self,
        key: &Q,
        patience: Duration,
    ) -> Result<OwnedLease<M>, AcquireError<M::Error>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let tenant = self.core.tenant(key)?;
        tenant.pool.acquire_owned_timeout(patience)
    }

    /// As [`acquire`](Self::acquire), as a future. The key's pool is looked for, or built, by this call; the future stands in line from its
    /// first poll on.
    ///
    /// ```
    /// # use tenfold::pool::{KeyedPool, Manage};
    /// async fn work<M: Manage>(pools: &KeyedPool<String, M>) -> Result<(), tenfold::pool::Error> {
    ///     let mut connection = pools.acquire_async("acme").await?;
    ///     // use it; it goes back when it is dropped
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[track_caller]
    pub fn acquire_async<Q>(&self, key: &Q) -> AcquireKeyed<K, M>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let caller = Location::caller();
        let wait = |pool: &Pool<M>| Wait::new(caller, pool.config().wait_timeout);
        AcquireKeyed::new(self.core.tenant(key), wait)
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), as a future.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_timeout_async<Q>(&self, key: &Q, patience: Duration) -> AcquireKeyed<K, M>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let caller = Location::caller();
        AcquireKeyed::new(self.core.tenant(key), |_| Wait::new(caller, Some(patience)))
    }

    /// The pool of a key, which is built if there is none: for whatever a [`Pool`] can do. As long as somebody has it the key is not
    /// forgotten.
    ///
    /// # Errors
    ///
    /// [`AcquireError::TooManyKeys`], [`AcquireError::Settings`], or that the whole is closed.
    pub fn pool<Q>(&self, key: &Q) -> Result<Pool<M>, AcquireError<M::Error>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        Ok(self.core.tenant(key)?.pool.clone())
    }

    /// The pool of a key, if there is one. It does not count as a use.
    #[must_use]
    pub fn peek<Q>(&self, key: &Q) -> Option<Pool<M>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.core.find(key)?.pool.clone())
    }

    /// The keys that have a pool, in no particular order.
    #[must_use]
    pub fn keys(&self) -> Vec<K>
    where
        K: Clone,
    {
        let all = self.core.table.all();
        all.iter().map(|tenant| tenant.key.clone()).collect()
    }

    /// Closes the pool of a key, and forgets the key. Callers that wait are told that it is closed, leases go on, and whoever asks for the key
    /// next gets a new pool. Whether there was one.
    pub fn evict_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.core.evict(key)
    }

    /// The pool of a key at this moment, if there is one.
    #[must_use]
    pub fn status_of<Q>(&self, key: &Q) -> Option<Status>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.core.find(key)?.pool.status())
    }

    /// What happened in the pool of a key, if there is one.
    #[must_use]
    pub fn stats_of<Q>(&self, key: &Q) -> Option<Stats>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.core.find(key)?.pool.stats())
    }
}

impl<K, M: Manage> KeyedPool<K, M> {
    /// [Clears](Pool::clear) the pool of each key: what was connected until now is not handed out any more.
    pub fn clear(&self) {
        self.core.pools().for_each(|pool| pool.clear());
    }

    /// Closes the pools of all keys, for good.
    pub fn close(&self) {
        self.core.close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// [Closes](Self::close) everything, and waits until the last connection is, or the time is over.
    ///
    /// # Blocking
    ///
    /// For at most `patience`.
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn drain(&self, patience: Duration) -> DrainReport {
        let mut drain = self.drain_async(patience);
        block_on(|waker| drain.poll_with(waker))
    }

    /// As [`drain`](Self::drain), as a future. Everything is closed with this call. Keys that were forgotten before do not matter.
    pub fn drain_async(&self, patience: Duration) -> DrainKeyed<M> {
        let drain = DrainKeyed::new(self.core.pools(), patience);
        self.core.close();
        drain
    }

    /// The whole at this moment. Looks at each connection once.
    #[must_use]
    pub fn status(&self) -> KeyedStatus {
        let core = &*self.core;
        let mut pools = Status {
            closed: core.is_closed(),
            ..Status::default()
        };
        core.table
            .each(|tenant| pools = sum_status(&pools, &tenant.pool.status()));
        let (total, starving) = core.budget.look();
        KeyedStatus {
            keys: core.table.len(),
            total,
            max_total: core.config.max_total,
            starving,
            pools,
        }
    }

    /// What happened since it was built.
    #[must_use]
    pub fn stats(&self) -> KeyedStats {
        let core = &*self.core;
        let mut pools = *core.past.lock();
        let status = self.status();
        core.table
            .each(|tenant| pools = sum(&pools, &tenant.pool.stats()));
        pools.status = status.pools;
        KeyedStats {
            keys_made: core.made.load(Ordering::Relaxed),
            keys_forgotten: core.forgotten.load(Ordering::Relaxed),
            keys_refused: core.refused.load(Ordering::Relaxed),
            gave_way: core.budget.gave_way(),
            pools,
            status,
        }
    }

    /// The settings that it was built with.
    #[must_use]
    pub fn config(&self) -> &KeyedConfig {
        &self.core.config
    }

    /// Does what is due, and says when to call again: with [`Upkeep::Manual`](crate::pool::Upkeep::Manual) in the settings of the pools.
    /// `None`: not before somebody uses it.
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn run_upkeep(&self) -> Option<Tick> {
        self.core.run_upkeep()
    }
}

impl<K, M: Manage> fmt::Debug for KeyedPool<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedPool")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
