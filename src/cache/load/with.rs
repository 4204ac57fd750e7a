//! Loads of one key whose loaders say more about an entry than its value.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::super::MemoryCache;
use super::error::LoadError;
use super::futures::{GetOrLoad, TryGetOrLoad};
use super::parcel::Loaded;
use crate::kernel::clock::Tick;

/// # Loading with options
///
/// The loaders of these bring [`InsertOptions`](super::super::InsertOptions) with each value: how long it is served, what it weighs, and its
/// tags. They return `(V, InsertOptions)`, or `Option<(V, InsertOptions)>` if they may find nothing; the caller gets `V` or `Option<V>`.
/// All else is as in the forms without `with`, and they share their loads.
///
/// A value is as old as the beginning of its load. If one of its tags is [invalidated](Self::invalidate_tag) after that, the value is neither
/// stored nor given to callers that come after the invalidation: they load once more. Those that waited already get it.
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S>
where
    V: Clone + Send + Sync + 'static,
{
    /// As [`get_or_load`](Self::get_or_load) and [`get_or_load_optional`](Self::get_or_load_optional), with options for the entry.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::cache::{InsertOptions, MemoryCache, Ttl};
    ///
    /// let cache: MemoryCache<u64, String> = MemoryCache::new(100);
    /// let load = |id: &u64| {
    ///     let options = InsertOptions::new().ttl(Ttl::For(Duration::from_secs(60)));
    ///     (format!("page {id}"), options.tags(["layout"]))
    /// };
    /// assert_eq!(cache.get_or_load_with(&7, load), "page 7");
    /// cache.invalidate_tag("layout");
    /// assert_eq!(cache.get(&7), None);
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn get_or_load_with<Q, Y>(&self, key: &Q, load: impl FnOnce(&Q) -> Y) -> Y::Answer
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        Y: Loaded<V>,
    {
        self.core.load_surely(key, load)
    }

    /// As [`try_get_or_load`](Self::try_get_or_load) and [`try_get_or_load_optional`](Self::try_get_or_load_optional), with options for the
    /// entry.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_load`](Self::try_get_or_load).
    ///
    /// # Blocking
    ///
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_with<Q, Y, E>(
        &self,
        key: &Q,
        load: impl FnOnce(&Q) -> Result<Y, E>,
    ) -> Result<Y::Answer, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        Ok(self.core.load(key, Tick::MAX, load)?)
    }

    /// As [`try_get_or_load_timeout`](Self::try_get_or_load_timeout), with options for the entry.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_load_timeout`](Self::try_get_or_load_timeout).
    ///
    /// # Blocking
    ///
    /// As [`try_get_or_load_timeout`](Self::try_get_or_load_timeout).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_with_timeout<Q, Y, E>(
        &self,
        key: &Q,
        load: impl FnOnce(&Q) -> Result<Y, E>,
        patience: Duration,
    ) -> Result<Y::Answer, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        Ok(self.core.load(key, self.core.due(patience), load)?)
    }

    /// As [`get_or_load_with`](Self::get_or_load_with), as a future.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn get_or_load_with_async<'c, Q, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> GetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        F: Future,
        F::Output: Loaded<V>,
    {
        self.begin_surely(key, load)
    }

    /// As [`try_get_or_load_with`](Self::try_get_or_load_with), as a future: its errors are the same.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_with_async<'c, Q, Y, E, F>(
        &'c self,
        key: &'c Q,
        load: F,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
        F: Future<Output = Result<Y, E>>,
    {
        self.begin(key, Tick::MAX, load)
    }

    /// As [`try_get_or_load_timeout_async`](Self::try_get_or_load_timeout_async), with options for the entry.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_with_timeout_async<'c, Q, Y, E, F>(
        &'c self,
        key: &'c Q,
        load: F,
        patience: Duration,
    ) -> TryGetOrLoad<'c, K, Q, V, S, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
        F: Future<Output = Result<Y, E>>,
    {
        self.begin(key, self.core.due(patience), load)
    }
}
