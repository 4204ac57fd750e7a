//! What may be said about one entry.

use super::Ttl;

/// What is to be different about one entry: for [`MemoryCache::insert_with`](super::MemoryCache::insert_with).
///
/// ```
/// use std::time::Duration;
/// use tenfold::cache::{InsertOptions, MemoryCache, Ttl};
///
/// let pages = MemoryCache::new(1_000);
/// let options = InsertOptions::new().weight(3).tags(["user:7", "layout"]);
/// pages.insert_with("/home", "<html>", &options);
/// assert_eq!(pages.weight(), 3);
/// pages.invalidate_tag("user:7");
/// assert_eq!(pages.get("/home"), None);
///
/// let soon = InsertOptions::new().ttl(Ttl::For(Duration::from_secs(300)));
/// pages.insert_with("/news", "<html>", &soon);
/// assert_eq!(pages.get("/news"), Some("<html>"));
/// // No time is not "as usual": it stores nothing, and the old value is gone.
/// pages.insert_with("/news", "<html>", &soon.ttl(Ttl::For(Duration::ZERO)));
/// assert_eq!(pages.get("/news"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "options do nothing by themselves"]
pub struct InsertOptions {
    pub(super) weight: Option<u64>,
    pub(super) ttl: Ttl,
    pub(super) tags: Vec<Box<str>>,
}

impl InsertOptions {
    /// Nothing different.
    pub const fn new() -> Self {
        Self {
            weight: None,
            ttl: Ttl::Default,
            tags: Vec::new(),
        }
    }

    /// What the entry weighs, whatever the weigher would say. An entry of weight zero is pinned: it is never evicted, unless it
    /// is held when its table can't wait any longer to grow: see [`get_ref`](super::MemoryCache::get_ref).
    pub const fn weight(mut self, weight: u64) -> Self {
        self.weight = Some(weight);
        self
    }

    /// For how long the entry is served, whatever the cache's settings say.
    ///
    /// In a cache that was built without any time to live the first entry that has one makes its shard's table be replaced by one that keeps
    /// times.
    pub const fn ttl(mut self, ttl: Ttl) -> Self {
        self.ttl = ttl;
        self
    }

    /// Tags of the entry, besides those it has: when one of them is [invalidated](super::MemoryCache::invalidate_tag), so is the entry.
    pub fn tags<T: Into<Box<str>>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }
}
