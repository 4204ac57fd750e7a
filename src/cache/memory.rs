//! The handle.
use std::hash::{BuildHasher, Hash as Hashable};
use std::borrow::Borrow;
use super::shard::Shard;
use super::store::Hash;
use crate::kernel::counters::Counters;
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::pins;

/// x
#[allow(missing_debug_implementations)]
pub struct MemoryCache<K, V, S = DefaultHashBuilder> {
    shards: Box<[Shard<K, V>]>,
    mask: usize,
    hasher: S,
    counters: Counters<4>,
}
impl<K: Eq + Hashable, V> MemoryCache<K, V> {
    /// x
    pub fn new(capacity: u64) -> Self {
        let bits = (capacity / 2048).max(1).ilog2().min(3);
        Self { shards: (0..1 << bits).map(|_| Shard::new(capacity >> bits)).collect(), mask: (1 << bits) - 1, hasher: DefaultHashBuilder::new(), counters: Counters::new() }
    }
}
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// x
    #[inline]
    pub fn read<Q: Hashable + Eq + ?Sized, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<R> where K: Borrow<Q> {
        let hash = Hash::of(&self.hasher, key);
        let shard = self.shards.get(hash.shard(self.mask))?;
        let pin = pins::stand_by();
        let Some(entry) = shard.read(&pin, hash, |k| k.borrow() == key) else {
            self.counters.raise(1);
            return None;
        };
        entry.touch();
        if !self.counters.raise_briefly(0) { self.counters.raise(0) }
        Some(f(entry.value))
    }
    /// x
    #[inline]
    pub fn get<Q: Hashable + Eq + ?Sized>(&self, key: &Q) -> Option<V> where K: Borrow<Q>, V: Clone { self.read(key, V::clone) }
    /// x
    pub fn insert(&self, key: K, value: V) {
        let hash = Hash::of(&self.hasher, &key);
        if let Some(shard) = self.shards.get(hash.shard(self.mask)) { shard.insert(hash, key, value) }
    }
    /// x
    pub fn bytes(&self) -> usize { self.shards.iter().map(Shard::bytes).sum() }
    /// x
    pub fn len(&self) -> usize { self.shards.iter().map(Shard::len).sum() }
}
