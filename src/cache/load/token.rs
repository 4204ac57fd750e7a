//! Cache-aside: who loads by itself, and stores what it got only if nobody has changed the key meanwhile.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::core::Core;
use super::super::meters::Meter;
use super::super::store::Hash;
use super::super::{InsertOptions, MemoryCache};
use super::board::EPOCH;
use super::error::Stale;
use super::land::is_current;
use crate::kernel::flight::Token;

/// What is known of a key.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "these three are all there can be")]
pub enum Lookup<K, V> {
    /// The value.
    Hit(V),
    /// It is known that there is none: see [`negative_ttl`](super::super::Builder::negative_ttl).
    NegativeHit,
    /// Nothing is. Whoever has the token may [fill](MemoryCache::fill) the key, if nobody changes it before.
    Miss(LoadToken<K>),
}

impl<K, V> Lookup<K, V> {
    /// The value, if there is one.
    #[must_use]
    pub fn hit(self) -> Option<V> {
        match self {
            Self::Hit(value) => Some(value),
            Self::NegativeHit | Self::Miss(_) => None,
        }
    }
}

/// The right to fill a key, until somebody changes it.
///
/// It is void as soon as the key is inserted, removed or invalidated, or filled or loaded by another one. A token that is dropped is
/// forgotten. It belongs to the cache that handed it out; every other one takes it for void.
#[must_use = "a token that is dropped fills nothing"]
pub struct LoadToken<K> {
    key: K,
    hash: Hash,
    /// None is void.
    token: Option<Token>,
    /// The count of invalidations of tags when it was handed out.
    born: u64,
}

impl<K> LoadToken<K> {
    /// The key that may be filled.
    pub const fn key(&self) -> &K {
        &self.key
    }
}

impl<K: fmt::Debug> fmt::Debug for LoadToken<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("LoadToken");
        debug.field("key", &self.key).finish_non_exhaustive()
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    fn lookup<Q>(&self, key: &Q) -> Lookup<K, V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        V: Clone,
    {
        let hash = self.hash(key);
        let born = self.tag_clock();
        if let Some(value) = self.read(key, V::clone) {
            return Lookup::Hit(value);
        }
        // Keys are cloned and clocks are read outside of the lock.
        let (own, theirs, now) = (key.to_owned(), key.to_owned(), self.load_time());
        let void = |key| LoadToken {
            key,
            hash,
            token: None,
            born,
        };
        let Some(shard) = self.shard(hash) else {
            return Lookup::Miss(void(own));
        };
        let mut after = self.aftermath();
        let mut state = shard.lock();
        if let Some(held) = self.find_fresh(shard, &state, hash, key, now) {
            drop(state);
            return Lookup::Hit(held.value().clone());
        }
        if state.negatives.has(hash, key, now) {
            self.meters.raise(Meter::NegativeHits);
            return Lookup::NegativeHit;
        }
        let debris = &mut after.pile().debris;
        let token = state.flights.token(hash.whole(), theirs, EPOCH, debris);
        drop(state);
        after.settle();
        Lookup::Miss(LoadToken {
            token: Some(token),
            ..void(own)
        })
    }
}

/// # Cache-aside
///
/// For whoever can't put the load into a closure or a future. The token is what keeps a slow reader from storing what a writer has
/// changed meanwhile.
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// The value of a key, or a token that lets its holder fill it.
    ///
    /// Any number of callers may get a token at the same time; the first that fills wins. Loads are not shared: that is what
    /// [`get_or_load`](Self::get_or_load) is for. Nor is anything refreshed: a value that is
    /// [due to be loaded anew](super::super::Builder::refresh_after_write) is a hit, and one that is
    /// [kept for failures](super::super::Builder::stale_if_error) is a miss.
    ///
    /// ```
    /// use tenfold::cache::{Lookup, MemoryCache};
    ///
    /// let cache: MemoryCache<u64, String> = MemoryCache::new(100);
    /// let Lookup::Miss(token) = cache.get_or_token(&1) else { unreachable!() };
    /// let read = "old".to_string(); // from the database, slowly
    /// // Another one writes to the database and invalidates the key meanwhile.
    /// cache.invalidate(&1);
    /// let stale = cache.fill(token, read).unwrap_err();
    /// assert_eq!((stale.value.as_str(), cache.get(&1)), ("old", None));
    ///
    /// let Lookup::Miss(token) = cache.get_or_token(&1) else { unreachable!() };
    /// assert!(cache.fill(token, "new".to_string()).is_ok());
    /// assert_eq!(cache.get(&1).as_deref(), Some("new"));
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`get`](Self::get) if the value is there; otherwise it takes the lock of the key's shard.
    pub fn get_or_token<Q>(&self, key: &Q) -> Lookup<K, V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        V: Clone,
    {
        self.core.lookup(key)
    }

    /// Stores a value for the key of a token, if nobody has changed it since.
    ///
    /// # Errors
    ///
    /// [`Stale`] with the value, if the key was inserted, removed, invalidated, filled or loaded since the token was handed out, or if there
    /// were too many tokens at that time (65 536 for a shard).
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert).
    pub fn fill(&self, token: LoadToken<K>, value: V) -> Result<(), Stale<V>> {
        self.fill_with(token, value, &InsertOptions::new())
    }

    /// As [`fill`](Self::fill), with options for this entry: see [`InsertOptions`].
    ///
    /// ```
    /// use tenfold::cache::{InsertOptions, Lookup, MemoryCache};
    ///
    /// let cache: MemoryCache<u64, String> = MemoryCache::new(100);
    /// let Lookup::Miss(token) = cache.get_or_token(&1) else { unreachable!() };
    /// let read = "the layout of yesterday".to_string(); // slowly
    /// cache.invalidate_tag("layout"); // meanwhile
    /// let options = InsertOptions::new().tags(["layout"]);
    /// assert!(cache.fill_with(token, read, &options).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`fill`](Self::fill), and if one of the tags was invalidated since the token was handed out.
    ///
    /// # Blocking
    ///
    /// As [`insert_with`](Self::insert_with).
    pub fn fill_with(
        &self,
        token: LoadToken<K>,
        value: V,
        options: &InsertOptions,
    ) -> Result<(), Stale<V>> {
        let LoadToken {
            key,
            hash,
            token,
            born,
        } = token;
        let extra = self.core.extra(options, Some(born));
        if !is_current(extra.as_ref()) {
            return Err(Stale { value });
        }
        let parcel = (value, options, extra.as_ref());
        let stored = self.core.store(hash, key, parcel, 0, |flights, debris| {
            let token = token.as_ref();
            token.is_some_and(|token| flights.fill(token, EPOCH, debris))
        });
        stored.map_err(|value| Stale { value })
    }

    /// Remembers that there is nothing for the key of a token, if nobody has changed it since; for as long as
    /// [`negative_ttl`](super::super::Builder::negative_ttl) says, and not at all without one.
    ///
    /// # Errors
    ///
    /// As [`fill`](Self::fill).
    ///
    /// # Blocking
    ///
    /// As [`insert`](Self::insert).
    pub fn fill_absent(&self, token: LoadToken<K>) -> Result<(), Stale<()>> {
        let LoadToken {
            key, hash, token, ..
        } = token;
        let stored = self.core.store_absence(hash, key, |flights, debris| {
            let token = token.as_ref();
            token.is_some_and(|token| flights.fill(token, EPOCH, debris))
        });
        if stored {
            Ok(())
        } else {
            Err(Stale { value: () })
        }
    }
}
