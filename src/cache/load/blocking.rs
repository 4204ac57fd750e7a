//! Loads of one key, for threads.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::super::MemoryCache;
use super::super::core::Core;
use super::board::{Ended, Seat};
use super::error::LoadError;
use super::parcel::{Loaded, unpack};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::flight::{Denied, Outcome};

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// The value of a key: waits for its load until `due`, or loads it.
    pub(super) fn load<Q, Y, E, L>(
        &self,
        key: &Q,
        due: Tick,
        load: L,
    ) -> Result<Y::Answer, Ended<E, L>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        V: Clone + Send + Sync + 'static,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
        L: FnOnce(&Q) -> Result<Y, E>,
    {
        let (hash, luck) = (self.hash(key), self.luck());
        if let Some(value) = self.glance(hash, key, luck) {
            return Ok(Y::found(value));
        }
        let arrived = self.tag_clock();
        let (lead, old) = loop {
            let (passenger, old) = match self.board::<_, Y>(hash, key, luck) {
                Seat::Found(loaded) => return Ok(loaded),
                Seat::Lead(lead, old) => break (lead, old),
                Seat::Wait(passenger, old) => (passenger, old),
                Seat::Denied(denied, old) => {
                    return self.or_old::<Y, _, _>(old, Ended::Refused(denied, load));
                }
            };
            match passenger.until(due).wait() {
                Outcome::Landed(cargo) => match unpack::<V, Y, E>(cargo, arrived) {
                    Some(Ok(loaded)) => return Ok(loaded),
                    Some(Err(error)) => return self.or_old::<Y, _, _>(old, Ended::Failed(error)),
                    // Of no use to this caller: it loads for itself, or joins one who does.
                    None => continue,
                },
                Outcome::Lead(leader) => break (self.take_over(leader), old),
                Outcome::TimedOut => return self.or_old::<Y, _, _>(old, Ended::TimedOut(load)),
                Outcome::Recursive => {
                    return self.or_old::<Y, _, _>(old, Ended::Refused(Denied::Recursive, load));
                }
            }
        };
        let timing = self.timing();
        let loaded = lead.leader.run(|| load(key));
        let spent = timing.end(&loaded);
        match self.land(hash, key.to_owned(), lead, loaded, spent) {
            Ok(loaded) => Ok(loaded),
            Err(error) => self.or_old::<Y, _, _>(old, Ended::Failed(error)),
        }
    }

    /// As [`load`](Self::load), for loaders that don't fail: who is not let on board loads without sharing.
    pub(super) fn load_surely<Q, Y>(&self, key: &Q, load: impl FnOnce(&Q) -> Y) -> Y::Answer
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        V: Clone + Send + Sync + 'static,
        Y: Loaded<V>,
    {
        let never_fails = |key: &Q| Ok::<_, Infallible>(load(key));
        match self.load(key, Tick::MAX, never_fails) {
            Ok(loaded) => loaded,
            Err(Ended::Failed(never)) => match *never {},
            Err(Ended::TimedOut(load) | Ended::Refused(_, load)) => {
                let timing = self.timing();
                let loaded = load(key);
                timing.end(&loaded);
                let Ok(loaded) = loaded;
                loaded.answer()
            }
        }
    }

    /// When a call is over that begins now.
    pub(crate) fn due(&self, patience: Duration) -> Tick {
        self.clock.now().saturating_add(patience)
    }
}

/// # Loading
///
/// All of these return what is cached, or else load it: one load per key, however many threads and tasks ask for it at the same
/// time. See [`load`](crate::cache#loading) for what holds for all of them.
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S>
where
    V: Clone + Send + Sync + 'static,
{
    /// The value of a key, or what `load` makes of it, which is stored.
    ///
    /// Callers of the same key wait for the one that loads, be they threads or tasks, and get a clone of its value. The key is borrowed, and
    /// made an owned one only if it has to be loaded. A loader that may find nothing, or fail, is for
    /// [`get_or_load_optional`](Self::get_or_load_optional) and [`try_get_or_load`](Self::try_get_or_load).
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache: MemoryCache<u64, String> = MemoryCache::new(100);
    /// let page = cache.get_or_load(&7, |id| format!("page {id}"));
    /// assert_eq!(page, "page 7");
    /// assert_eq!(cache.get_or_load(&7, |_| unreachable!()), "page 7");
    /// ```
    ///
    /// # When it can't share a load
    ///
    /// It never fails, so where the other forms return [`LoadError::TooManyWaiters`], [`LoadError::TooManyLoads`] or
    /// [`LoadError::Recursive`], it calls its own loader without sharing, and nothing is stored. A loader that asks for its own key calls
    /// the inner loader, as any function that calls another.
    ///
    /// For the same reason it has no deadline: [`try_get_or_load_timeout`](Self::try_get_or_load_timeout) does.
    ///
    /// # Blocking
    ///
    /// As long as the load, its own or the other one's. No lock is held meanwhile. In async code take
    /// [`get_or_load_async`](Self::get_or_load_async).
    ///
    /// # Panics
    ///
    /// If `load` does. Then one of those that wait loads in its stead.
    pub fn get_or_load<Q>(&self, key: &Q, load: impl FnOnce(&Q) -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    {
        self.core.load_surely(key, load)
    }

    /// As [`get_or_load`](Self::get_or_load), for a loader that may find nothing.
    ///
    /// Nothing is stored then, but that may be [remembered](super::super::Builder::negative_ttl).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::cache::MemoryCache;
    ///
    /// let cache: MemoryCache<u64, String> = MemoryCache::builder().negative_ttl(Duration::from_secs(5)).build()?;
    /// assert_eq!(cache.get_or_load_optional(&404, |_| None), None);
    /// // The database is not asked again for five seconds.
    /// assert_eq!(cache.get_or_load_optional(&404, |_| unreachable!()), None);
    /// # Ok::<(), tenfold::cache::Error>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn get_or_load_optional<Q>(&self, key: &Q, load: impl FnOnce(&Q) -> Option<V>) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
    {
        self.core.load_surely(key, load)
    }

    /// The value of a key, or what `load` brings, which is stored.
    ///
    /// An error is stored nowhere; those that wait for this load share it. A caller whose loader has another type of error is no part of
    /// that, and loads for itself.
    ///
    /// ```
    /// use tenfold::cache::{LoadError, MemoryCache};
    ///
    /// let cache: MemoryCache<String, u64> = MemoryCache::new(100);
    /// let parse = |text: &str| text.parse::<u64>();
    /// assert_eq!(cache.try_get_or_load("42", parse).ok(), Some(42));
    /// assert!(matches!(cache.try_get_or_load("x", parse), Err(LoadError::Failed(_))));
    /// assert_eq!(cache.get("x"), None);
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with what the loader returned; [`LoadError::Recursive`] if a loader asks for its own key, itself or by way of
    /// others, on the same thread; [`LoadError::TooManyWaiters`] and [`LoadError::TooManyLoads`].
    ///
    /// # Blocking
    ///
    /// As [`get_or_load`](Self::get_or_load).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce(&Q) -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        Ok(self.core.load(key, Tick::MAX, load)?)
    }

    /// As [`try_get_or_load`](Self::try_get_or_load), for a loader that may find nothing.
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
    pub fn try_get_or_load_optional<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce(&Q) -> Result<Option<V>, E>,
    ) -> Result<Option<V>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        Ok(self.core.load(key, Tick::MAX, load)?)
    }

    /// As [`try_get_or_load`](Self::try_get_or_load); another caller's load is waited for no longer than `patience`.
    ///
    /// # Errors
    ///
    /// [`LoadError::TimedOut`], and those of [`try_get_or_load`](Self::try_get_or_load). The load that was waited for goes on, and is
    /// stored.
    ///
    /// # Blocking
    ///
    /// At most `patience`, by the cache's clock, if another caller loads. A loader of its own that blocks can't be stopped; one that is a
    /// future can, see [`try_get_or_load_timeout_async`](Self::try_get_or_load_timeout_async).
    ///
    /// # Panics
    ///
    /// If `load` does.
    pub fn try_get_or_load_timeout<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce(&Q) -> Result<V, E>,
        patience: Duration,
    ) -> Result<V, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        Ok(self.core.load(key, self.core.due(patience), load)?)
    }

    /// As [`try_get_or_load_timeout`](Self::try_get_or_load_timeout), for a loader that may find nothing.
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
    pub fn try_get_or_load_optional_timeout<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce(&Q) -> Result<Option<V>, E>,
        patience: Duration,
    ) -> Result<Option<V>, LoadError<E>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        E: Send + Sync + 'static,
    {
        Ok(self.core.load(key, self.core.due(patience), load)?)
    }
}
