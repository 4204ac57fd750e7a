//! quick_cache, foyer, TinyUFO, scc's cache, and a list behind a lock.

use std::num::NonZeroUsize;

use ahash::RandomState;
use foyer_memory::{Cache as FoyerCache, CacheBuilder, CacheProperties, S3FifoConfig};
use parking_lot::Mutex;
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{OptionsBuilder, UnitWeighter};

use super::contestant::{Contestant, Key, Value};

/// With its own choice of a hash function, foldhash, it is neither faster nor slower.
pub(super) struct Quick<K, V>(quick_cache::sync::Cache<K, V, UnitWeighter, RandomState>);

impl<K: Key, V: Value> Contestant<K, V> for Quick<K, V> {
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self(quick_cache::sync::Cache::with_options(
            options,
            UnitWeighter,
            RandomState::new(),
            DefaultLifecycle::default(),
        )))
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
        let made = || Ok::<_, std::convert::Infallible>(make());
        match cache.0.get_or_insert_with(key, made) {
            Ok(value) => value.word(),
            Err(never) => match never {},
        }
    }
}

/// With the policy whose reads take no exclusive lock, and as many shards as it has by default.
pub(super) struct Foyer<K: Key, V: Value>(FoyerCache<K, V, RandomState, CacheProperties>);

impl<K: Key, V: Value> Contestant<K, V> for Foyer<K, V> {
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let builder = CacheBuilder::new(capacity).with_eviction_config(S3FifoConfig::default());
        Ok(Self(builder.with_hash_builder(RandomState::new()).build()))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.get(key).map(|entry| entry.value().word())
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        cache.0.insert(key, value);
    }

    /// It has one call for both only for tasks.
    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        let found = cache.0.get(key);
        let entry = found.unwrap_or_else(|| cache.0.insert(key.clone(), make()));
        entry.value().word()
    }
}

/// Its fast table, not the compact one. It compares hashes only, and may refuse a key.
pub(super) struct Ufo<K, V>(tinyufo::TinyUfo<K, V>);

impl<K: Key, V: Value> Contestant<K, V> for Ufo<K, V> {
    type Handle<'c> = &'c Self;

    const KEEPS_NEW: bool = false;

    fn build(capacity: usize) -> Result<Self, String> {
        Ok(Self(tinyufo::TinyUfo::new(capacity, capacity)))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.get(key).map(|value| value.word())
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        cache.0.put(key, value, 1);
    }

    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        if let Some(value) = cache.0.get(key) {
            return value.word();
        }
        let value = make();
        let word = value.word();
        cache.0.put(key.clone(), value, 1);
        word
    }
}

/// Every bucket of 32 evicts on its own, so it does not hold all that it could; its capacity is rounded up to a power of two.
pub(super) struct Scc<K: Key, V: Value>(scc::HashCache<K, V, RandomState>);

impl<K: Key, V: Value> Contestant<K, V> for Scc<K, V> {
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let cache = scc::HashCache::with_capacity_and_hasher(0, capacity, RandomState::new());
        Ok(Self(cache))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.read_sync(key, |_, value| value.word())
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        cache.0.entry_sync(key).put_entry(value);
    }

    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        let (_evicted, entry) = cache.0.entry_sync(key.clone()).or_put_with(make);
        entry.get().word()
    }

    /// Cheaper where the key is known to be new.
    fn turn_over(cache: &mut &Self, key: K, value: V, _old: &K) {
        let _evicted = cache.0.put_sync(key, value);
    }
}

pub(super) struct Lru<K: Key, V: Value>(Mutex<lru::LruCache<K, V, RandomState>>);

impl<K: Key, V: Value> Contestant<K, V> for Lru<K, V> {
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let capacity = NonZeroUsize::new(capacity).ok_or("no capacity")?;
        let cache = lru::LruCache::with_hasher(capacity, RandomState::new());
        Ok(Self(Mutex::new(cache)))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        cache.0.lock().get(key).map(Value::word)
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        let replaced = cache.0.lock().push(key, value);
        drop(replaced);
    }

    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        cache.0.lock().get_or_insert_ref(key, make).word()
    }
}
