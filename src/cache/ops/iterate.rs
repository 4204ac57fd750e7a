//! Walks over all entries, without a lock.

use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::core::Core;
use super::super::store::Walk;
use super::super::{MemoryCache, Ref};
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::pins;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    fn for_each(&self, mut each: impl FnMut(&K, &V)) {
        for shard in &self.shards {
            let mut walk = Walk::default();
            let mut pin = pins::stand_by();
            while let Some(entry) = shard.next(&mut pin, &mut walk) {
                if self.is_fresh(&entry) && entry.is_current() {
                    each(entry.key, entry.value);
                }
            }
        }
    }

    fn invalidate_where(&self, mut is_due: impl FnMut(&K, &V) -> bool) -> u64 {
        let mut removed = 0;
        for shard in &self.shards {
            // What is being loaded may be what should go.
            shard.lock().flights.detach_all();
            let mut walk = Walk::default();
            while let Some(held) = shard.hold_next(&mut walk) {
                if self.is_served(&held) && is_due(held.key(), held.value()) {
                    let hash = self.hash(held.key());
                    removed += u64::from(self.remove_if(hash, held.key(), Some(&held)));
                }
            }
        }
        removed
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// Runs `each` on every entry: the fastest walk, without clones.
    ///
    /// What it sees is said at [`iter`](Self::iter).
    ///
    /// # Blocking
    ///
    /// As [`iter`](Self::iter). `each` runs without any lock and may use the cache.
    pub fn for_each(&self, each: impl FnMut(&K, &V)) {
        self.core.for_each(each);
    }

    /// All entries, in no particular order, while others read and write.
    ///
    /// An entry that is there from before the walk until its end is seen, and an entry that is removed before the walk begins is not. What is
    /// stored, replaced or removed meanwhile may be seen or not; a key whose value is replaced meanwhile may be seen with either value, with
    /// both, or not at all. An entry is seen once, unless a table is replaced while the walk is in it (it grew, or all was invalidated): then
    /// that shard is walked through again from its beginning. Counts neither as uses nor as hits.
    ///
    /// Each entry is kept for as long as its [`Ref`] lives. To collect very many of them is not a good idea: each takes a record of 128 bytes
    /// that is not given back to the system; [`for_each`](Self::for_each) needs none.
    ///
    /// # Blocking
    ///
    /// Nobody waits for the walk, and the walk waits for nobody, but while the table is being replaced.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(1_000);
    /// cache.insert("a", 1);
    /// cache.insert("b", 2);
    /// let sum: i32 = cache.iter().map(|entry| *entry.value()).sum();
    /// assert_eq!(sum, 3);
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V, S> {
        Iter {
            core: &self.core,
            shard: 0,
            walk: Walk::default(),
        }
    }

    /// Clones of all keys: those that [`iter`](Self::iter) sees.
    pub fn keys(&self) -> impl Iterator<Item = K>
    where
        K: Clone,
    {
        self.iter().map(|entry| entry.key().clone())
    }

    /// Removes all entries that satisfy `is_due`, and returns how many.
    ///
    /// Sees what [`iter`](Self::iter) sees: entries that are stored meanwhile may stay. None of the loads under way, of whatever key, stores
    /// its value.
    ///
    /// # Blocking
    ///
    /// Looks at all entries, without a lock. Takes the lock of a shard for each entry to remove, and once.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(1_000);
    /// for n in 0..10 {
    ///     cache.insert(n, n * n);
    /// }
    /// assert_eq!(cache.invalidate_where(|_, square| square % 2 == 1), 5);
    /// assert_eq!(cache.len(), 5);
    /// ```
    pub fn invalidate_where(&self, is_due: impl FnMut(&K, &V) -> bool) -> u64 {
        self.core.invalidate_where(is_due)
    }
}

/// A walk over all entries of a cache: made by [`MemoryCache::iter`].
#[must_use = "a walk that nobody goes does nothing"]
pub struct Iter<'c, K, V, S = DefaultHashBuilder> {
    core: &'c Core<K, V, S>,
    shard: usize,
    walk: Walk,
}

impl<'c, K: Eq + Hashable, V, S: BuildHasher> Iterator for Iter<'c, K, V, S> {
    type Item = Ref<'c, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let shard = self.core.shards.get(self.shard)?;
            match shard.hold_next(&mut self.walk) {
                Some(held) if self.core.is_served(&held) => return Some(Ref(held)),
                Some(_) => {}
                None => (self.shard, self.walk) = (self.shard + 1, Walk::default()),
            }
        }
    }
}

impl<'c, K: Eq + Hashable, V, S: BuildHasher> IntoIterator for &'c MemoryCache<K, V, S> {
    type Item = Ref<'c, K, V>;
    type IntoIter = Iter<'c, K, V, S>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V, S> fmt::Debug for Iter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}
