//! The cache in this process's memory.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;

use super::core::Core;
use super::upkeep::Handle;
use super::{Builder, Cache, Config, Ref, Stats, Ttl};
use crate::kernel::clock::Tick;
use crate::kernel::hash::DefaultHashBuilder;

/// A cache in this process's memory, shared by reference: all methods take `&self`.
///
/// ```
/// use tenfold::cache::MemoryCache;
///
/// let cache = MemoryCache::new(1000);
/// cache.insert("answer", 42);
/// assert_eq!(cache.get("answer"), Some(42));
/// assert_eq!(cache.remove("answer"), Some(42));
/// assert_eq!(cache.get("answer"), None);
/// ```
///
/// Keys may be looked up by any borrowed form, as in a `HashMap`.
///
/// Clones are handles to one cache. When the last one is dropped, so are all entries, and the upkeep ends: if it is at work on another thread,
/// the drop waits for it to be done with what it has in hand, but no longer than 100 ms.
pub struct MemoryCache<K, V, S = DefaultHashBuilder> {
    handle: Option<Arc<Handle>>,
    pub(super) core: Arc<Core<K, V, S>>,
}

impl<K, V, S> Clone for MemoryCache<K, V, S> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            core: self.core.clone(),
        }
    }
}

impl<K: Eq + Hashable + Send + Sync + 'static, V: Send + Sync + 'static> MemoryCache<K, V> {
    /// A cache for at most so many entries, with the default settings. For keys and values that are not `'static` there is
    /// [`Builder::build_unattended`].
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let built = Self::builder().capacity(capacity).build();
        // The default settings are possible with every capacity.
        built.unwrap_or_else(|_| unreachable!())
    }
}

impl<K, V> MemoryCache<K, V> {
    /// A cache with settings.
    #[must_use]
    pub fn builder() -> Builder<K, V> {
        Builder::new()
    }
}

impl<K, V, S> MemoryCache<K, V, S> {
    pub(super) const fn of(core: Arc<Core<K, V, S>>, handle: Option<Arc<Handle>>) -> Self {
        Self { handle, core }
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// A clone of the value of a key.
    ///
    /// # Blocking
    ///
    /// Never waits, but while the table of the key's shard is being replaced, and then only if the key is not found at first. The clone runs
    /// without any lock.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
        V: Clone,
    {
        self.core.read(key, V::clone)
    }

    /// Runs `look` on the value of a key, without cloning it.
    ///
    /// The value stays while `look` runs, whatever becomes of the entry, and nothing else is kept for it. `look` may use the cache.
    ///
    /// # Blocking
    ///
    /// As [`get`](Self::get).
    #[inline]
    pub fn read<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.core.read(key, look)
    }

    /// The entry of a key, kept for as long as the guard lives.
    ///
    /// A table can't grow while one of its entries is held or read. It is put off then as long as there is room: until 95 of a hundred
    /// places are filled, or none is left where the next key belongs. Whoever inserts then waits for at most some 60 ms. What is still held
    /// after that is evicted, also if it is pinned; the guard keeps key and value nevertheless.
    ///
    /// # Blocking
    ///
    /// As [`get`](Self::get).
    pub fn get_ref<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.core.get_ref(key).map(Ref)
    }

    /// A clone of the value of a key, unnoticed: neither a use nor a hit or miss.
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
        V: Clone,
    {
        self.core.peek(key, V::clone)
    }

    /// Whether a key has an entry, unnoticed.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.core.peek(key, |_| ()).is_some()
    }

    /// Stores a value, in place of the one that was there.
    ///
    /// If the cache is full something goes, which may be this very entry if entries have weights. One that is heavier than the capacity is refused; what
    /// was there goes nevertheless.
    ///
    /// # Blocking
    ///
    /// Takes the lock of the key's shard. What was evicted or replaced is dropped behind it, at the latest by a later insertion. If the table has
    /// to grow and somebody goes on reading in it, this may sleep for some 60 ms: see [`get_ref`](Self::get_ref).
    #[inline]
    pub fn insert(&self, key: K, value: V) {
        let hash = self.core.hash(&key);
        match self.core.terms(hash, &key, &value) {
            Some(terms) => self.core.insert(hash, key, value, terms),
            None => drop(self.core.remove(&key, |_| ())),
        }
    }

    /// How long the entry of a key will be served, unnoticed: [`Ttl::For`] what is left, or [`Ttl::Never`] if it doesn't expire; `None`
    /// without an entry. Exact on every clock.
    pub fn ttl<Q>(&self, key: &Q) -> Option<Ttl>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.core.ttl(key)
    }

    /// Takes all expired entries out, tells the listener of them, and drops whatever was taken out and nobody reads. Returns when it is to
    /// be called next, if nothing happens before: `None` if there is nothing to do.
    ///
    /// Needed where the upkeep is [`Manual`](super::Upkeep::Manual), and possible everywhere.
    ///
    /// # Complexity
    ///
    /// A fixed number of steps for each entry that expired, and for each shard. No lock is held for more than some hundred of them.
    #[expect(
        clippy::must_use_candidate,
        reason = "it is mostly called for what it does"
    )]
    pub fn run_upkeep(&self) -> Option<Tick> {
        self.core.run_upkeep()
    }

    /// Removes a value and returns a clone of it.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
        V: Clone,
    {
        self.core.remove(key, V::clone)
    }

    /// Removes an entry, and tells whether there was one. Loads of this key that are under way are not stored.
    pub fn invalidate<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.core.remove(key, |_| ()).is_some()
    }

    /// Removes everything, at once for whoever asks; what it was is dropped little by little, by later calls.
    pub fn invalidate_all(&self) {
        self.core.invalidate_all();
    }

    /// Entries there are, those included whose time is over and that nobody has noticed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all entries weigh.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.core.weight()
    }

    /// What they may weigh.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.core.budget.capacity()
    }

    /// Changes what entries may weigh, up to `u64::MAX / 2`. Below what they weigh now, entries are evicted before this returns.
    pub fn set_capacity(&self, capacity: u64) {
        self.core.set_capacity(capacity);
    }

    /// Bytes of the cache's own tables and of its policy, keys and values as such included, without what these own elsewhere.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.core.bytes()
    }

    /// What the cache has done, and holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// The settings with which it was built.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.core.config
    }
}

impl<K, V, S> Cache<K, V> for MemoryCache<K, V, S>
where
    K: Eq + Hashable + Send + Sync,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &K) -> Option<V> {
        self.get(key)
    }

    fn peek(&self, key: &K) -> Option<V> {
        self.peek(key)
    }

    fn insert(&self, key: K, value: V) {
        self.insert(key, value);
    }

    fn remove(&self, key: &K) -> Option<V> {
        self.remove(key)
    }

    fn invalidate_all(&self) {
        self.invalidate_all();
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn stats(&self) -> Stats {
        self.stats()
    }
}

impl<K, V, S> fmt::Debug for MemoryCache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache")
            .field("config", &self.core.config)
            .finish_non_exhaustive()
    }
}
