//! From a key to its pool.
//!
//! A pool is built by the call that finds none, without a lock. Of two that do so for one key at the same time, one pool stays; the other one,
//! which has not connected, is dropped.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, OnceLock};

use super::budget::Budget;
use super::builder::{KeyedConfig, Recipe};
use super::reap::Reaper;
use super::stats::sum;
use super::table::Table;
use super::tenant::Tenant;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::Periodic;
use crate::pool::core::{Guest, Time};
use crate::pool::{AcquireError, Manage, Pool, Stats, Upkeep};

pub(super) type Keeper = Periodic<Reaper, Arc<dyn Clock>>;
type Asked<K, M> = Result<Arc<Tenant<K, M>>, AcquireError<<M as Manage>::Error>>;

pub(super) struct Core<K, M: Manage> {
    pub(super) config: KeyedConfig,
    pub(super) recipe: Recipe<K, M>,
    pub(super) table: Table<K, M>,
    pub(super) budget: Arc<Budget>,
    pub(super) time: Time,
    pub(super) hasher: DefaultHashBuilder,
    pub(super) closed: AtomicBool,
    pub(super) made: AtomicU64,
    pub(super) forgotten: AtomicU64,
    pub(super) refused: AtomicU64,
    /// What happened in pools that are gone.
    pub(super) past: Mutex<Stats>,
    pub(super) keeper: OnceLock<Keeper>,
}

impl<K, M> Core<K, M>
where
    K: Hash + Eq,
    M: Manage,
{
    /// The pool of a key, which is built if there is none.
    #[inline]
    pub(super) fn tenant<Q>(&self, key: &Q) -> Asked<K, M>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if self.is_closed() {
            return Err(AcquireError::Closed);
        }
        let hash = self.hasher.hash_one(key);
        let found = self.table.get(hash, |known| known.borrow() == key);
        let tenant = match found {
            Some(tenant) => tenant,
            None => self.build(hash, key)?,
        };
        tenant.touch(self.time.about_now());
        Ok(tenant)
    }

    /// The pool of a key, if there is one.
    pub(super) fn find<Q>(&self, key: &Q) -> Option<Arc<Tenant<K, M>>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.table.get(hash, |known| known.borrow() == key)
    }

    pub(super) fn evict<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let removed = self.table.remove(hash, |known| known.borrow() == key);
        if let Some(tenant) = &removed {
            self.forget_one(tenant);
        }
        removed.is_some()
    }

    #[cold]
    fn build<Q>(&self, hash: u64, key: &Q) -> Asked<K, M>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if self.table.is_full() && !self.make_room() {
            // Perhaps it is the last one that came in.
            let found = self.table.get(hash, |known| known.borrow() == key);
            return found.ok_or_else(|| self.refuse());
        }
        let key = key.to_owned();
        let share = self.budget.open();
        let pool = self
            .recipe
            .pool(&key, &self.config, &share)
            .map_err(|error| AcquireError::Settings { error })?;
        let guest: Arc<dyn Guest> = pool.core().clone();
        share.attach(Arc::downgrade(&guest));
        let tenant = Arc::new(Tenant {
            key,
            hash,
            pool,
            share,
            used: AtomicU64::new(self.time.about_now()),
        });
        let known = loop {
            if let Some(known) = self.table.insert(&tenant) {
                break known;
            }
            if !self.make_room() {
                return Err(self.refuse());
            }
        };
        if Arc::ptr_eq(&known, &tenant) {
            self.made.fetch_add(1, Ordering::Relaxed);
            self.expect_idle(self.time.now());
        }
        if self.is_closed() {
            // Whoever closed it may not have seen this one.
            known.pool.close();
        }
        Ok(known)
    }
}

impl<K, M: Manage> Core<K, M> {
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn refuse(&self) -> AcquireError<M::Error> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        AcquireError::TooManyKeys {
            limit: self.config.max_keys,
        }
    }

    /// Forgets a key that nobody uses, though its time is not over. Whether there was one.
    fn make_room(&self) -> bool {
        let oldest = self.table.take_oldest_free();
        if let Some(tenant) = &oldest {
            self.forget_one(tenant);
        }
        oldest.is_some()
    }

    /// This one is not in the table any more.
    pub(super) fn forget_one(&self, tenant: &Tenant<K, M>) {
        tenant.pool.close();
        let stats = tenant.pool.stats();
        let mut past = self.past.lock();
        *past = sum(&past, &stats);
        drop(past);
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }

    /// A key has no connection from `now` on: it is looked at when its time is over.
    pub(super) fn expect_idle(&self, now: Tick) {
        if let (Some(limit), Some(keeper)) = (self.config.key_idle_timeout, self.keeper.get()) {
            keeper.nudger().nudge(now.saturating_add(limit));
        }
    }

    pub(super) fn pools(&self) -> impl Iterator<Item = Pool<M>> {
        let all = self.table.all();
        all.into_iter().map(|tenant| tenant.pool.clone())
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.pools().for_each(|pool| pool.close());
    }

    /// Does what is due in each pool, and forgets keys.
    pub(super) fn run_upkeep(&self) -> Option<Tick> {
        let manual = self.config.pool.upkeep == Upkeep::Manual;
        let pools = self.pools().filter(|_| manual);
        let due = pools.filter_map(|pool| pool.run_upkeep()).min();
        let now = self.time.now();
        let late = self.budget.look_again(now);
        due.into_iter().chain(late).chain(self.reap(now)).min()
    }
}

impl<K, M: Manage> Drop for Core<K, M> {
    fn drop(&mut self) {
        self.close();
    }
}
