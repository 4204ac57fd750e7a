//! Concurrent maps, which evict nothing: what the table alone costs.

use ahash::RandomState;
use dashmap::DashMap;

use super::contestant::{Contestant, Key, Value};

pub(super) struct Dash<K: Key, V: Value>(DashMap<K, V, RandomState>);

impl<K: Key, V: Value> Contestant<K, V> for Dash<K, V> {
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let map = DashMap::with_capacity_and_hasher(capacity, RandomState::new());
        Ok(Self(map))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(map: &mut &Self, key: &K) -> Option<u64> {
        map.0.get(key).map(|entry| entry.value().word())
    }

    fn insert(map: &mut &Self, key: K, value: V) {
        map.0.insert(key, value);
    }

    fn get_or_insert(map: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        map.0.entry(key.clone()).or_insert_with(make).word()
    }

    fn turn_over(map: &mut &Self, key: K, value: V, old: &K) {
        map.0.insert(key, value);
        map.0.remove(old);
    }
}

/// A guard for every operation.
pub(super) struct Papaya<K: Key, V: Value>(papaya::HashMap<K, V, RandomState>);

impl<K: Key, V: Value> Contestant<K, V> for Papaya<K, V> {
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let map = papaya::HashMap::with_capacity_and_hasher(capacity, RandomState::new());
        Ok(Self(map))
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(map: &mut &Self, key: &K) -> Option<u64> {
        map.0.pin().get(key).map(Value::word)
    }

    fn insert(map: &mut &Self, key: K, value: V) {
        map.0.pin().insert(key, value);
    }

    fn get_or_insert(map: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        map.0.pin().get_or_insert_with(key.clone(), make).word()
    }

    fn turn_over(map: &mut &Self, key: K, value: V, old: &K) {
        let map = map.0.pin();
        map.insert(key, value);
        map.remove(old);
    }
}
