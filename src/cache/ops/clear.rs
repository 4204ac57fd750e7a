//! Removing everything, to the last destructor.

use std::hash::{BuildHasher, Hash as Hashable};

use super::super::MemoryCache;
use super::super::core::Core;
use super::super::shard::Shard;
use super::super::store::Walk;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    fn clear(&self) {
        for shard in &self.shards {
            if self.listener.is_some() {
                self.remove_all(shard);
            } else {
                let mut after = self.aftermath();
                let mut state = shard.lock();
                state.abandon(&shard.arena, &mut after);
                state.settle(&self.budget);
                drop(state);
                after.settle();
            }
            self.reclaim_all(shard);
        }
    }

    /// Takes the entries out one by one, so that the listener hears of each.
    fn remove_all(&self, shard: &Shard<K, V>) {
        let mut state = shard.lock();
        state.flights.detach_all();
        state.negatives.forget_all();
        drop(state);
        let mut walk = Walk::default();
        while let Some(held) = shard.hold_next(&mut walk) {
            self.remove_held(shard, &held);
        }
    }

    /// Drops all that was taken out, but for what is being read.
    fn reclaim_all(&self, shard: &Shard<K, V>) {
        // Others may take out more all the time: this is enough for what there was.
        let mut attempts = shard.lock().owner.remains().saturating_add(1);
        while attempts > 0 {
            let mut after = self.aftermath();
            let mut state = shard.lock();
            let before = state.owner.remains();
            state.reclaim(&shard.arena, &mut after);
            let progress = before.saturating_sub(state.owner.remains());
            drop(state);
            after.settle();
            attempts = if progress == 0 {
                0
            } else {
                attempts.saturating_sub(progress)
            };
        }
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// Removes everything, and drops all of it before this returns, but for entries that somebody reads or holds at this moment.
    /// [`invalidate_all`](Self::invalidate_all) has the same effect on those who ask, in less time.
    ///
    /// Entries that others store meanwhile may stay. Loads that are under way don't store their value.
    ///
    /// # Blocking
    ///
    /// Takes the locks of the shards one after the other, each many times for a short time. The listener, if there is one, hears of each
    /// entry.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tenfold::cache::MemoryCache;
    ///
    /// let (cache, value) = (MemoryCache::new(1_000), Arc::new(1));
    /// cache.insert("a", value.clone());
    /// cache.clear();
    /// assert_eq!(Arc::strong_count(&value), 1);
    /// ```
    pub fn clear(&self) {
        self.core.clear();
    }
}
