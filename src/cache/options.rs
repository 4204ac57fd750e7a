//! What may be said about one entry.

/// What is to be different about one entry: for [`MemoryCache::insert_with`](super::MemoryCache::insert_with).
///
/// ```
/// use tenfold::cache::{InsertOptions, MemoryCache};
///
/// let pages = MemoryCache::new(1_000);
/// let options = InsertOptions::new().weight(3).tags(["user:7", "layout"]);
/// pages.insert_with("/home", "<html>", &options);
/// assert_eq!(pages.weight(), 3);
/// pages.invalidate_tag("user:7");
/// assert_eq!(pages.get("/home"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InsertOptions {
    pub(super) weight: Option<u64>,
    pub(super) tags: Vec<Box<str>>,
}

impl InsertOptions {
    /// Nothing different.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            weight: None,
            tags: Vec::new(),
        }
    }

    /// What the entry weighs, whatever the weigher would say. An entry of weight zero is pinned: it is never evicted.
    #[must_use]
    pub const fn weight(mut self, weight: u64) -> Self {
        self.weight = Some(weight);
        self
    }

    /// Tags of the entry, besides those it has: when one of them is [invalidated](super::MemoryCache::invalidate_tag), so is the entry.
    #[must_use]
    pub fn tags<T: Into<Box<str>>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }
}
