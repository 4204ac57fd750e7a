//! Entries of which more is said than key and value.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::cause::RemovalCause;
use super::super::core::Core;
use super::super::store::Hash;
use super::super::tags::Extra;
use super::super::{InsertOptions, MemoryCache};
use crate::kernel::sync::Arc;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// The count of invalidations. Whoever makes a value takes it at the beginning, and hands it over with the tags of what it makes.
    pub(crate) fn tag_clock(&self) -> u64 {
        self.tags.clock()
    }

    /// What an entry with these options has besides key and value. Its value is as old as the count of invalidations in `born`, or new.
    pub(crate) fn extra(&self, options: &InsertOptions, born: Option<u64>) -> Option<Arc<Extra>> {
        self.tags.extra(&options.tags, born)
    }

    /// Removes an entry one of whose tags was invalidated.
    #[cold]
    pub(in super::super) fn drop_outdated<Q>(&self, hash: Hash, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut after = self.aftermath();
        let mut state = shard.lock();
        let (arena, owner) = (&shard.arena, &state.owner);
        let found = owner.find(arena, hash, |found| found.borrow() == key);
        let is_outdated = |id: &u32| {
            let entry = owner.entry(arena, *id);
            entry.is_some_and(|entry| !entry.is_current())
        };
        if let Some(id) = found.filter(is_outdated) {
            state.remove(&shard.arena, id, RemovalCause::Removed, &mut after);
        }
        drop(state);
        after.settle();
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// As [`insert`](Self::insert), with options for this entry: see [`InsertOptions`].
    ///
    /// `Ttl::For(Duration::ZERO)` stores nothing, and removes what was there; the listener hears of what was removed, and not of the value
    /// that never was in the cache.
    ///
    /// In a cache that has no settings of expiry the first entry with a time of its own has the table of its shard made anew, with room for
    /// deadlines. Entries that somebody still reads or holds after some 60 ms are evicted then.
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert); tags are looked up under locks of their own.
    pub fn insert_with(&self, key: K, value: V, options: &InsertOptions) {
        let hash = self.core.hash(&key);
        let extra = self.core.extra(options, None);
        let terms = self
            .core
            .terms_with(hash, &key, &value, options, extra.as_ref());
        match terms {
            Some(terms) => self.core.insert(hash, key, value, terms),
            None => drop(self.core.remove(&key, |_| ())),
        }
    }

    /// Invalidates all entries with a tag: nobody is served one of them from now on.
    ///
    /// The time it takes does not depend on how many there are. They are removed one by one, as [`Removed`](RemovalCause::Removed), when
    /// somebody asks for them; until then they are counted in [`len`](Self::len) and [`weight`](Self::weight), and are evicted or replaced
    /// like any other.
    /// A load that began before does not bring them back: what it [says to have this tag](Self::get_or_load_with) is not stored, and not given to
    /// callers that come after this has returned.
    ///
    /// # Blocking
    ///
    /// Takes a lock among those of the tags.
    ///
    /// ```
    /// use tenfold::cache::{InsertOptions, MemoryCache};
    ///
    /// let cache = MemoryCache::new(1_000);
    /// for page in 0..100 {
    ///     let tag = if page % 2 == 0 { "even" } else { "odd" };
    ///     cache.insert_with(page, "…", &InsertOptions::new().tags([tag]));
    /// }
    /// cache.invalidate_tag("odd");
    /// assert!(cache.contains(&4) && !cache.contains(&5));
    /// ```
    pub fn invalidate_tag(&self, tag: &str) {
        self.core.tags.invalidate(tag);
    }
}
