//! Why an entry is no longer in a cache, and who wants to know.

use std::fmt;

/// Why an entry was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemovalCause {
    /// Its time was over.
    Expired,
    /// There was no room for it, or it was too heavy for the cache.
    Evicted,
    /// Its key got another value.
    Replaced,
    /// Somebody removed or invalidated it.
    Removed,
}

impl RemovalCause {
    /// Whether nobody asked for it: the entry expired or was evicted.
    #[must_use]
    pub const fn was_evicted(self) -> bool {
        matches!(self, Self::Expired | Self::Evicted)
    }
}

type Hear<K, V> = dyn Fn(&K, &V, RemovalCause) + Send + Sync;

/// Who hears of removed entries.
pub(crate) struct Listener<K, V>(pub(crate) Box<Hear<K, V>>);

impl<K, V> fmt::Debug for Listener<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
