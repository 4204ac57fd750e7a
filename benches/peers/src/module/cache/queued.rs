//! moka, mini-moka and stretto, which write down what was asked for and take account of it later.

use std::borrow::Borrow;
use std::hash::Hash;
use std::marker::PhantomData;
use std::time::Duration;

use ahash::RandomState;
use mini_moka::sync::ConcurrentCacheExt;
use stretto::{DefaultCacheCallback, DefaultCoster, DefaultUpdateValidator, KeyBuilder};

use super::contestant::{Contestant, Key, Value};

/// Longer than any run.
const TTL: Duration = Duration::from_secs(24 * 3600);

pub(super) struct Moka<K, V, const EXPIRES: bool>(moka::sync::Cache<K, V, RandomState>);

impl<K: Key, V: Value, const EXPIRES: bool> Contestant<K, V> for Moka<K, V, EXPIRES> {
    type Handle<'c> = &'c Self;

    const KEEPS_NEW: bool = false;

    fn build(capacity: usize) -> Result<Self, String> {
        let mut builder = moka::sync::Cache::builder().max_capacity(capacity as u64);
        if EXPIRES {
            builder = builder.time_to_live(TTL);
        }
        Ok(Self(builder.build_with_hasher(RandomState::new())))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.get(key).map(|value| value.word())
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        cache.0.insert(key, value);
    }

    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        cache.0.get_with_by_ref(key, make).word()
    }

    fn settle(&self) -> Result<(), String> {
        self.0.run_pending_tasks();
        Ok(())
    }
}

pub(super) struct MiniMoka<K, V, const EXPIRES: bool>(mini_moka::sync::Cache<K, V, RandomState>);

impl<K: Key, V: Value, const EXPIRES: bool> Contestant<K, V> for MiniMoka<K, V, EXPIRES> {
    type Handle<'c> = &'c Self;

    const KEEPS_NEW: bool = false;

    fn build(capacity: usize) -> Result<Self, String> {
        let mut builder = mini_moka::sync::Cache::builder().max_capacity(capacity as u64);
        if EXPIRES {
            builder = builder.time_to_live(TTL);
        }
        Ok(Self(builder.build_with_hasher(RandomState::new())))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.get(key).map(|value| value.word())
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        cache.0.insert(key, value);
    }

    /// It has no call for both.
    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        let value = cache.0.get(key).unwrap_or_else(|| {
            let value = make();
            cache.0.insert(key.clone(), value.clone());
            value
        });
        value.word()
    }

    fn settle(&self) -> Result<(), String> {
        self.0.sync();
        Ok(())
    }
}

type StrettoCache<K, V> = stretto::Cache<
    K,
    V,
    HashOnly<K>,
    DefaultCoster<V>,
    DefaultUpdateValidator<V>,
    DefaultCacheCallback<V>,
    RandomState,
>;

/// A thread of its own inserts, and may refuse a key.
pub(super) struct Stretto<K: Key, V: Value, const EXPIRES: bool>(StrettoCache<K, V>);

impl<K: Key, V: Value, const EXPIRES: bool> Contestant<K, V> for Stretto<K, V, EXPIRES> {
    type Handle<'c> = &'c Self;

    const KEEPS_NEW: bool = false;
    /// It draws the candidates of an eviction by looking at every entry.
    const SCALES: bool = false;

    fn build(capacity: usize) -> Result<Self, String> {
        // Ten counters for each entry, as its documentation advises.
        let most = i64::try_from(capacity).map_err(|error| error.to_string())?;
        let hash = HashOnly(RandomState::new(), PhantomData);
        stretto::CacheBuilder::new_with_key_builder(10 * capacity, most, hash)
            .set_ignore_internal_cost(true)
            .set_hasher(RandomState::new())
            .finalize()
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.get(key).map(|value| value.value().word())
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        if EXPIRES {
            cache.0.insert_with_ttl(key, value, 1, TTL);
        } else {
            cache.0.insert(key, value, 1);
        }
    }

    /// It has no call for both.
    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        if let Some(value) = cache.0.get(key) {
            return value.value().word();
        }
        let value = make();
        let word = value.word();
        Self::insert(cache, key.clone(), value);
        word
    }

    fn settle(&self) -> Result<(), String> {
        self.0.wait().map_err(|error| error.to_string())
    }
}

/// It never stores keys; one hash is the least that it can tell them apart by.
pub(super) struct HashOnly<K>(RandomState, PhantomData<fn(K)>);

impl<K: Key> KeyBuilder for HashOnly<K> {
    type Key = K;

    fn hash_index<Q>(&self, key: &Q) -> u64
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.hash_one(key)
    }
}
