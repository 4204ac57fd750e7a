//! Loads of many keys whose loaders say more about entries than their values; and what all bulk loads begin with.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::task::Context;
use std::time::Duration;

use super::super::MemoryCache;
use super::bulk::{Fallibly, GetOrLoadMany, Surely, TryGetOrLoadMany};
use super::error::LoadError;
use super::many::Many;
use super::parcel::Loaded;
use crate::kernel::clock::Tick;
use crate::kernel::wait::block_on;

/// # Many keys at a time, with options
///
/// The loaders of these bring pairs of keys and `(V, InsertOptions)`: see [`get_or_load_with`](Self::get_or_load_with) for what that means.
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S>
where
    V: Clone + Send + Sync + 'static,
{
    /// As [`get_or_load_many`](Self::get_or_load_many), with options for the entries.
    ///
    /// ```
    /// use tenfold::cache::{InsertOptions, MemoryCache};
    ///
    /// let cache = MemoryCache::new(100);
    /// let load = |missing: &[u64]| {
    ///     let user = |id: &u64| (*id, (format!("user {id}"), InsertOptions::new().tags(["users"])));
    ///     missing.iter().map(user).collect::<Vec<_>>()
    /// };
    /// assert_eq!(cache.get_or_load_many_with(&[1], load), [Some("user 1".to_string())]);
    /// cache.invalidate_tag("users");
    /// assert_eq!(cache.get(&1), None);
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`get_or_load_many`](Self::get_or_load_many).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn get_or_load_many_with<'k, Q, I, Y>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: impl FnMut(&[K]) -> I,
    ) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
    {
        self.load_many(keys, load)
    }

    /// As [`try_get_or_load_many`](Self::try_get_or_load_many), with options for the entries.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_load_many`](Self::try_get_or_load_many).
    ///
    /// # Blocking
    ///
    /// As [`get_or_load_many`](Self::get_or_load_many).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_many_with<'k, Q, I, Y, E>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: impl FnMut(&[K]) -> Result<I, E>,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        self.try_load_many(keys, Tick::MAX, load)
    }

    /// As [`try_get_or_load_many_timeout`](Self::try_get_or_load_many_timeout), with options for the entries.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_load_many_timeout`](Self::try_get_or_load_many_timeout).
    ///
    /// # Blocking
    ///
    /// As [`try_get_or_load_timeout`](Self::try_get_or_load_timeout).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_many_with_timeout<'k, Q, I, Y, E>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: impl FnMut(&[K]) -> Result<I, E>,
        patience: Duration,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        self.try_load_many(keys, self.core.due(patience), load)
    }

    /// As [`get_or_load_many_with`](Self::get_or_load_many_with), as a future.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn get_or_load_many_with_async<'c, 'k, Q, L, F, Y>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
    ) -> GetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        L: FnMut(Vec<K>) -> F,
        F: Future,
        F::Output: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
    {
        self.begin_many(keys, load)
    }

    /// As [`try_get_or_load_many_with`](Self::try_get_or_load_many_with), as a future: its errors are the same.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_many_with_async<'c, 'k, Q, L, F, I, Y, E>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
    ) -> TryGetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        self.try_begin_many(keys, Tick::MAX, load)
    }

    /// As [`try_get_or_load_many_timeout_async`](Self::try_get_or_load_many_timeout_async), with options for the entries.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_load_async`](Self::get_or_load_async).
    pub fn try_get_or_load_many_with_timeout_async<'c, 'k, Q, L, F, I, Y, E>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
        patience: Duration,
    ) -> TryGetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        self.try_begin_many(keys, self.core.due(patience), load)
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S>
where
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn load_many<'k, Q, I, Y>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        mut load: impl FnMut(&[K]) -> I,
    ) -> Vec<Option<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
    {
        let load = |keys: Vec<K>| std::future::ready(load(&keys));
        let mut many = Many::<_, _, _, _, _, _, Surely>::new(&self.core, keys, Tick::MAX, load);
        let Ok(found) = block_on(|waker| many.poll(&mut Context::from_waker(waker)));
        found
    }

    pub(super) fn try_load_many<'k, Q, I, Y, E>(
        &self,
        keys: impl IntoIterator<Item = &'k Q>,
        due: Tick,
        mut load: impl FnMut(&[K]) -> Result<I, E>,
    ) -> Result<Vec<Option<V>>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        let load = |keys: Vec<K>| std::future::ready(load(&keys));
        let mut many = Many::<_, _, _, _, _, _, Fallibly>::new(&self.core, keys, due, load);
        block_on(|waker| many.poll(&mut Context::from_waker(waker)))
    }

    pub(super) fn begin_many<'c, 'k, Q, L, F, Y>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        load: L,
    ) -> GetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        L: FnMut(Vec<K>) -> F,
        F: Future,
        F::Output: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
    {
        GetOrLoadMany(Many::new(&self.core, keys, Tick::MAX, load))
    }

    pub(super) fn try_begin_many<'c, 'k, Q, L, F, I, Y, E>(
        &'c self,
        keys: impl IntoIterator<Item = &'k Q>,
        due: Tick,
        load: L,
    ) -> TryGetOrLoadMany<'c, 'k, K, Q, V, S, L, F>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized + 'k,
        L: FnMut(Vec<K>) -> F,
        F: Future<Output = Result<I, E>>,
        I: IntoIterator<Item = (K, Y)>,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        TryGetOrLoadMany(Many::new(&self.core, keys, due, load))
    }
}
