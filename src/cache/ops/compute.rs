//! Changing a value by what it is.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::core::Core;
use super::super::store::Held;
use super::super::{InsertOptions, MemoryCache};

/// What is to become of a key: the answer of the closure of [`MemoryCache::compute`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compute<V> {
    /// Stores this value. It has the tags of the value it replaces, from which it was made, and is invalidated with them.
    Put(V),
    /// Stores this value, with these options and no others.
    PutWith(V, InsertOptions),
    /// Leaves everything as it is.
    Keep,
    /// Removes the entry, if there is one.
    Remove,
}

/// What became of a key: the answer of [`MemoryCache::compute`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Computed {
    /// A value was stored where there was none.
    Inserted,
    /// A value was stored in place of another.
    Replaced,
    /// The value was removed.
    Removed,
    /// Nothing changed.
    Unchanged,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    fn compute<Q>(&self, key: &Q, mut change: impl FnMut(Option<&V>) -> Compute<V>) -> Computed
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hash(key);
        loop {
            // What is made from something that is invalidated meanwhile is invalid as well.
            let born = self.tag_clock();
            let held = self.hold(hash, key);
            let (value, options) = match change(held.as_ref().map(Held::value)) {
                Compute::Keep => return Computed::Unchanged,
                Compute::Remove => {
                    if !self.remove_if(hash, key, held.as_ref()) {
                        continue;
                    }
                    return if held.is_some() {
                        Computed::Removed
                    } else {
                        Computed::Unchanged
                    };
                }
                Compute::Put(value) => (value, None),
                Compute::PutWith(value, options) => (value, Some(options)),
            };
            let owned = key.to_owned();
            let extra = match &options {
                Some(options) => self.extra(options, Some(born)),
                None => held.as_ref().and_then(Held::extra).cloned(),
            };
            let options = options.unwrap_or_default();
            let terms = self.terms_with(hash, &owned, &value, &options, extra.as_ref());
            let (was, stores) = (held.is_some(), terms.is_some());
            if self.put_if(hash, owned, value, terms, held).is_ok() {
                return match (was, stores) {
                    (true, true) => Computed::Replaced,
                    (true, false) => Computed::Removed,
                    (false, true) => Computed::Inserted,
                    (false, false) => Computed::Unchanged,
                };
            }
        }
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// Changes the value of a key by what it is, as one step: nobody's change is lost between what `change` saw and what it decided.
    ///
    /// `change` runs without any lock, so it may take its time and may use the cache. If the key was changed meanwhile, what it decided is
    /// dropped and **it runs again** with what is there then; an entry that was evicted, has expired or was invalidated is not there. Each
    /// time that it runs again somebody else has made a change. Counts neither as a use nor as a hit or miss.
    ///
    /// Loads of the key that are under way don't store their value, unless nothing was decided ([`Keep`](Compute::Keep)).
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert).
    ///
    /// ```
    /// use tenfold::cache::{Compute, Computed, MemoryCache};
    ///
    /// let visits: MemoryCache<String, u64> = MemoryCache::new(1_000);
    /// let count = |visits: Option<&u64>| Compute::Put(visits.map_or(1, |n| n + 1));
    /// assert_eq!(visits.compute("home", count), Computed::Inserted);
    /// assert_eq!(visits.compute("home", count), Computed::Replaced);
    /// assert_eq!(visits.get("home"), Some(2));
    /// ```
    pub fn compute<Q>(&self, key: &Q, change: impl FnMut(Option<&V>) -> Compute<V>) -> Computed
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    {
        self.core.compute(key, change)
    }
}
