//! An entry that somebody holds.

use std::fmt;
use std::ops::Deref;

use super::store::Held;

/// The value of an entry, kept for its holder whatever becomes of the entry: made by [`MemoryCache::get_ref`](super::MemoryCache::get_ref).
///
/// It keeps this one entry and nothing else: other entries are evicted, removed and dropped as ever, however long it is held. Only growth
/// waits for it, while it can: see [`MemoryCache::get_ref`](super::MemoryCache::get_ref). It may be sent to another thread and held across
/// an `await`.
///
/// It does not outlive its cache:
///
/// ```compile_fail,E0505
/// use tenfold::cache::MemoryCache;
///
/// let cache = MemoryCache::new(10);
/// cache.insert(1, "one".to_string());
/// let held = cache.get_ref(&1);
/// drop(cache);
/// drop(held);
/// ```
#[must_use = "an entry that is held is kept in memory"]
pub struct Ref<'c, K, V>(pub(super) Held<'c, K, V>);

impl<K, V> Ref<'_, K, V> {
    /// The key of the entry.
    #[must_use]
    pub fn key(&self) -> &K {
        self.0.key()
    }

    /// The value of the entry.
    #[must_use]
    pub fn value(&self) -> &V {
        self.0.value()
    }
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref")
            .field("key", self.key())
            .field("value", self.value())
            .finish()
    }
}
