//! Many keys at a time: what users call.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::super::MemoryCache;
use super::error::LoadError;
use super::many::{Manner, Many};
use super::parcel::Loaded;
use crate::kernel::clock::Tick;
use crate::kernel::flight::Denied;

/// A bulk load that does not fail, made by [`MemoryCache::get_or_load_many_async`].
///
/// # Cancel safety
///
/// Dropping it at any time stores nothing and keeps nobody waiting: the keys that it loads are loaded by others that wait for them.
#[must_use = "futures do nothing unless polled"]
pub struct GetOrLoadMany<'c, 'k, K, Q: ?Sized, V, S, L, F>(
    pub(super) Many<'c, 'k, K, Q, V, S, L, F, Surely>,
);

/// A bulk load that may fail, made by [`MemoryCache::try_get_or_load_many_async`].
///
/// # Cancel safety
///
/// As [`GetOrLoadMany`].
#[must_use = "futures do nothing unless polled"]
pub struct TryGetOrLoadMany<'c, 'k, K, Q: ?Sized, V, S, L, F>(
    pub(super) Many<'c, 'k, K, Q, V, S, L, F, Fallibly>,
);

/// Loaders that bring pairs.
pub(super) struct Surely;

/// Loaders that bring pairs or an error.
pub(super) struct Fallibly;

impl<I> Manner<I> for Surely {
    type Pairs = I;
    type Error = Infallible;
    type Ended = Infallible;

    fn open(loaded: I) -> Result<I, Infallible> {
        Ok(loaded)
    }

    fn failed(error: Arc<Infallible>) -> Infallible {
        match *error {}
    }

    fn denied(_: Denied) -> Option<Infallible> {
        None
    }

    fn timed_out() -> Option<Infallible> {
        None
    }
}

impl<I, E: Send + Sync + 'static> Manner<Result<I, E>> for Fallibly {
    type Pairs = I;
    type Error = E;
    type Ended = LoadError<E>;

    fn open(loaded: Result<I, E>) -> Result<I, E> {
        loaded
    }

    fn failed(error: Arc<E>) -> LoadError<E> {
        LoadError::Failed(error)
    }

    fn denied(why: Denied) -> Option<LoadError<E>> {
        Some(LoadError::of(why))
    }

    fn timed_out() -> Option<LoadError<E>> {
        Some(LoadError::TimedOut)
    }
}

// The loader's futures are on the heap when they are polled.
impl<K, Q: ?Sized, V, S, L, F> Unpin for GetOrLoadMany<'_, '_, K, Q, V, S, L, F> {}
impl<K, Q: ?Sized, V, S, L, F> Unpin for TryGetOrLoadMany<'_, '_, K, Q, V, S, L, F> {}

impl<K, Q, V, S, L, F, Y> Future for GetOrLoadMany<'_, '_, K, Q, V, S, L, F>
where
    K: Eq + Hashable + Borrow<Q>,
    Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
    L: FnMut(Vec<K>) -> F,
    F: Future,
    F::Output: IntoIterator<Item = (K, Y)>,
    Y: Loaded<V>,
{
    type Output = Vec<Option<V>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().0.poll(context).map(|found| {
            let Ok(found) = found;
            found
        })
    }
}

impl<K, Q, V, S, L, F, I, Y, E> Future for TryGetOrLoadMany<'_, '_, K, Q, V, S, L, F>
where
    K: Eq + Hashable + Borrow<Q>,
    Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
    L: FnMut(Vec<K>) -> F,
    F: Future<Output = Result<I, E>>,
    I: IntoIterator<Item = (K, Y)>,
    Y: Loaded<V>,
    E: Send + Sync + 'static,
{
    type Output = Result<Vec<Option<V>>, LoadError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().0.poll(context)
    }
}

impl<K, Q: ?Sized, V, S, L, F> fmt::Debug for GetOrLoadMany<'_, '_, K, Q, V, S, L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrLoadMany").finish_non_exhaustive()
    }
}

impl<K, Q: ?Sized, V, S, L, F> fmt::Debug for TryGetOrLoadMany<'_, '_, K, Q, V, S, L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGetOrLoadMany").finish_non_exhaustive()
    }
}

/// # Many keys at a time
impl<K: Eq + Hashable, V: Clone, S: BuildHasher> MemoryCache<K, V, S> {
    /// Clones of the values of keys, in the order of the keys. As [`get`](Self::get) it loads nothing and refreshes nothing: a value that is
    /// [due to be loaded anew](super::super::Builder::refresh_after_write) is returned as it is.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(100);
    /// cache.insert("a".to_string(), 1);
    /// assert_eq!(cache.get_many(["a", "b"]), [Some(1), None]);
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`get`](Self::get).
    pub fn get_many<'k, Q>(&self, keys: impl IntoIterator<Item = &'k Q>) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized + 'k,
    {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// The values of keys, in their order: those that are cached, those that others are loading, and for the rest what one call of `load`
    /// brings.
    ///
    /// The loader gets the keys that nobody has and nobody loads, each once, and returns pairs in any order: a `HashMap` or a `Vec`. What
    /// it does not return is absent, also for those who wait for it; what it was not asked for is dropped. Each key is stored, shared
    /// and fenced for itself, as by [`get_or_load`](Self::get_or_load).
    ///
    /// The loader is called again only for keys that another caller began to load and gave up, or whose load came to nothing for this caller
    /// because of a [tag](Self::invalidate_tag).
    ///
    /// # What it does not do
    ///
    /// * It refreshes nothing: a value that is [due to be loaded anew](super::super::Builder::refresh_after_write), or
    ///   [early](super::super::Builder::early_refresh), is returned as it is. One caller of [`get_or_load`](Self::get_or_load) does that.
    /// * It has no use for values that are [kept for failures](super::super::Builder::stale_if_error): one answer for many keys can't say which of
    ///   them are old.
    /// * It has no deadline, since it never fails: [`try_get_or_load_many_timeout`](Self::try_get_or_load_many_timeout) does. A key whose load
    ///   can't be shared (see [`get_or_load`](Self::get_or_load)) it loads with the others, and does not store it; the forms that may fail return
    ///   the error.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache = MemoryCache::new(100);
    /// cache.insert(1, "one".to_string());
    /// let names = cache.get_or_load_many(&[1, 2, 3], |missing| {
    ///     assert_eq!(missing, [2, 3]);
    ///     vec![(2, "two".to_string())] // select … where id in (2, 3)
    /// });
    /// assert_eq!(names, [Some("one".to_string()), Some("two".to_string()), None]);
    /// ```
    ///
    /// # Blocking
    ///
    /// As long as the load, and those of others. It loads before it waits, so callers with each other's keys don't wait for each other.
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn get_or_load_many<'k, Q, I>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: impl FnMut(&[K]) -> I,
    ) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        V: Send + Sync + 'static,
        I: IntoIterator<Item = (K, V)>,
    {
        self.load_many(keys, load)
    }

    /// As [`get_or_load_many`](Self::get_or_load_many), for a loader that may fail.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_load`](Self::try_get_or_load), also if that happens to a load of another caller that it waits for. Then none of the
    /// keys is answered; what was loaded before is stored all the same.
    ///
    /// # Blocking
    ///
    /// As [`get_or_load_many`](Self::get_or_load_many).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_many<'k, Q, I, E>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: impl FnMut(&[K]) -> Result<I, E>,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        V: Send + Sync + 'static,
        I: IntoIterator<Item = (K, V)>,
        E: Send + Sync + 'static,
    {
        self.try_load_many(keys, Tick::MAX, load)
    }

    /// As [`try_get_or_load_many`](Self::try_get_or_load_many); loads of other callers are waited for no longer than until `patience` is over,
    /// counted from now on.
    ///
    /// # Errors
    ///
    /// [`LoadError::TimedOut`], and those of [`try_get_or_load_many`](Self::try_get_or_load_many). What this call has loaded is stored, and the
    /// loads that it waited for go on.
    ///
    /// # Blocking
    ///
    /// As [`try_get_or_load_timeout`](Self::try_get_or_load_timeout).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_many_timeout<'k, Q, I, E>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: impl FnMut(&[K]) -> Result<I, E>,
        patience: Duration,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        V: Send + Sync + 'static,
        I: IntoIterator<Item = (K, V)>,
        E: Send + Sync + 'static,
    {
        self.try_load_many(keys, self.core.due(patience), load)
    }

    /// As [`get_or_load_many`](Self::get_or_load_many), as a future.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// async fn names(cache: &MemoryCache<u64, String>, ids: &[u64]) -> Vec<Option<String>> {
    ///     let load = |missing: Vec<u64>| async move {
    ///         missing.into_iter().map(|id| (id, format!("user {id}"))).collect::<Vec<_>>()
    ///     };
    ///     cache.get_or_load_many_async(ids, load).await
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn get_or_load_many_async<'c, 'k, Q, L, F>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
    ) -> GetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        V: Send + Sync + 'static,
        L: FnMut(Vec<K>) -> F,
        F: Future,
        F::Output: IntoIterator<Item = (K, V)>,
    {
        self.begin_many(keys, load)
    }

    /// As [`try_get_or_load_many`](Self::try_get_or_load_many), as a future: its errors are the same.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_many_async<'c, 'k, Q, L, F, I, E>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
    ) -> TryGetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        V: Send + Sync + 'static,
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, V)>,
        E: Send + Sync + 'static,
    {
        self.try_begin_many(keys, Tick::MAX, load)
    }

    /// As [`try_get_or_load_many_async`](Self::try_get_or_load_many_async), for at most `patience` from now on, by the cache's clock.
    ///
    /// It fails with [`LoadError::TimedOut`] then, also if it loads: the loader's future is dropped, and those that wait for its keys load
    /// them in its stead. What was loaded before is stored.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_many_timeout_async<'c, 'k, Q, L, F, I, E>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
        patience: Duration,
    ) -> TryGetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        V: Send + Sync + 'static,
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, V)>,
        E: Send + Sync + 'static,
    {
        self.try_begin_many(keys, self.core.due(patience), load)
    }
}
