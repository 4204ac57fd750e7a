//! Replacing, and what is done only if.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::MemoryCache;
use super::super::core::Core;
use super::super::state::{NoRoom, Terms};
use super::super::store::{Hash, Held};

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// Stores a value, and keeps the one that was there for the caller.
    fn exchange(&self, hash: Hash, key: K, value: V, terms: Terms<'_>) -> Option<Held<'_, K, V>> {
        let shard = self.shard(hash)?;
        let mut pair = Some((key, value));
        let mut after = self.aftermath();
        let mut state = shard.lock();
        // Before the old value is kept: entries that are kept don't move.
        state.prepare(&shard.arena, &terms, &mut after);
        let mut old = None;
        if let Some((key, _)) = pair.as_ref() {
            old = self.find_served(shard, &mut state, hash, key, terms.now, &mut after);
            state.fence(hash, key, &mut after);
        }
        let old = old.and_then(|old| state.owner.hold(&shard.arena, old));
        let (arena, budget) = (&shard.arena, &self.budget);
        let stored = state.insert(arena, budget, hash, &mut pair, &terms, &mut after);
        drop(state);
        after.settle();
        if let Err(NoRoom(missing)) = stored {
            self.insert_heavy(hash, pair, missing, terms);
        }
        old
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// Stores a value, and returns a clone of the one that was there. [`insert`](Self::insert) is faster.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(1_000);
    /// assert_eq!(cache.replace("a", 1), None);
    /// assert_eq!(cache.replace("a", 2), Some(1));
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert). The clone is made outside all locks.
    pub fn replace(&self, key: K, value: V) -> Option<V>
    where
        V: Clone,
    {
        let hash = self.core.hash(&key);
        let Some(terms) = self.core.terms(hash, &key, &value) else {
            return self.core.remove(&key, V::clone);
        };
        let old = self.core.exchange(hash, key, value, terms)?;
        Some(old.value().clone())
    }

    /// Stores a value in place of one that satisfies `is_due`, and returns a clone of the old one.
    ///
    /// `is_due` runs without any lock, and again for the new value if the key was changed meanwhile.
    ///
    /// # Errors
    ///
    /// The value comes back if the key has none that is to be replaced.
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert), and only if there is something to replace.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let versions = MemoryCache::new(1_000);
    /// versions.insert("a", 5);
    /// assert_eq!(versions.replace_if("a", 4, |old| *old < 4), Err(4));
    /// assert_eq!(versions.replace_if("a", 6, |old| *old < 6), Ok(5));
    /// ```
    pub fn replace_if(&self, key: K, value: V, mut is_due: impl FnMut(&V) -> bool) -> Result<V, V>
    where
        V: Clone,
    {
        let hash = self.core.hash(&key);
        let terms = self.core.terms(hash, &key, &value);
        let (mut key, mut value) = (key, value);
        loop {
            let Some(held) = self
                .core
                .hold(hash, &key)
                .filter(|held| is_due(held.value()))
            else {
                return Err(value);
            };
            let old = held.value().clone();
            match self.core.put_if(hash, key, value, terms, Some(held)) {
                Ok(()) => return Ok(old),
                Err(back) => (key, value) = back,
            }
        }
    }

    /// Removes an entry whose value satisfies `is_due`. Returns whether it did.
    ///
    /// `is_due` runs without any lock, and again for the new value if the key was changed meanwhile. A load that is under way does not store
    /// its value if the entry is removed, or if there is none: what is loaded may be what should go.
    ///
    /// # Blocking
    ///
    /// Takes the lock of the key's shard, unless there is an entry and it stays.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(1_000);
    /// cache.insert("a", 5);
    /// assert!(!cache.remove_if("a", |value| *value == 4));
    /// assert!(cache.remove_if("a", |value| *value == 5));
    /// assert!(!cache.contains("a"));
    /// ```
    pub fn remove_if<Q>(&self, key: &Q, mut is_due: impl FnMut(&V) -> bool) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.core.hash(key);
        loop {
            let held = self.core.hold(hash, key);
            if held.as_ref().is_some_and(|held| !is_due(held.value())) {
                return false;
            }
            if self.core.remove_if(hash, key, held.as_ref()) {
                return held.is_some();
            }
        }
    }

    /// Stores a value if the key has none.
    ///
    /// # Errors
    ///
    /// The value comes back if the key has one.
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert), and only if there is none.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(1_000);
    /// assert_eq!(cache.insert_if_absent("a", 1), Ok(()));
    /// assert_eq!(cache.insert_if_absent("a", 2), Err(2));
    /// assert_eq!(cache.get("a"), Some(1));
    /// ```
    pub fn insert_if_absent(&self, key: K, value: V) -> Result<(), V> {
        if self.contains(&key) {
            return Err(value);
        }
        let hash = self.core.hash(&key);
        let terms = self.core.terms(hash, &key, &value);
        self.core
            .put_if(hash, key, value, terms, None)
            .map_err(|(_, value)| value)
    }
}
