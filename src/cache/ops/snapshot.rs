//! A cache as data, so that the next process begins warm.

use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::super::core::Core;
use super::super::store::Hash;
use super::super::{Error, InsertOptions, MemoryCache};
use super::introspect::{Order, SATURATED};
use crate::kernel::pins;

/// The form of a snapshot, which changes when an older reader would misunderstand it.
pub(crate) const VERSION: u32 = 1;

/// The entries of a cache at some moment, in the order in which they would be evicted: made by [`MemoryCache::snapshot`].
///
/// Plain data. With the feature `serde` it is serialised in whatever format suits keys and values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot<K, V> {
    /// The form of the snapshot: 1.
    pub version: u32,
    /// The entries, the coldest first.
    pub entries: Vec<SnapshotEntry<K, V>>,
}

/// One entry of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SnapshotEntry<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// What it weighed; zero if it was pinned.
    pub weight: u64,
    /// Uses since the policy had looked last.
    #[cfg_attr(feature = "serde", serde(default))]
    pub uses: u8,
    /// How long it was to be served from then on; nothing if it did not expire.
    #[cfg_attr(feature = "serde", serde(default))]
    pub expires_in: Option<Duration>,
    /// Its tags.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tags: Vec<String>,
}

impl<K, V> Snapshot<K, V> {
    /// The snapshot after some time has passed, which a cache that it is restored to can't know: what has expired meanwhile is left out.
    #[must_use]
    pub fn aged(mut self, by: Duration) -> Self {
        self.entries
            .retain_mut(|entry| match &mut entry.expires_in {
                Some(left) => {
                    *left = left.saturating_sub(by);
                    !left.is_zero()
                }
                None => true,
            });
        self
    }
}

/// What became of the entries of a [`Snapshot`]: made by [`MemoryCache::restore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Restored {
    /// Entries that were stored.
    pub stored: u64,
    /// Entries whose key had a value already, which is the newer one.
    pub present: u64,
    /// Entries whose time was over, or that this cache serves for no time at all.
    pub expired: u64,
    /// Entries for which there was no room: the coldest, and those that are too heavy.
    pub no_room: u64,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    fn snapshot(&self) -> Snapshot<K, V>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.now();
        let entries = self.in_order(Order::All, usize::MAX, |known| SnapshotEntry {
            key: known.held.key().clone(),
            value: known.held.value().clone(),
            weight: known.weight,
            uses: known.uses,
            expires_in: self.left(known.held.deadline(), now),
            tags: known.tags(),
        });
        Snapshot {
            version: VERSION,
            entries,
        }
    }

    fn restore(&self, snapshot: Snapshot<K, V>) -> Result<Restored, Error> {
        if snapshot.version != VERSION {
            return Err(Error::SnapshotVersion {
                version: snapshot.version,
            });
        }
        let mut restored = Restored::default();
        let mut room = self.budget.capacity().saturating_sub(self.weight());
        let mut entries = Vec::new();
        // The hottest are chosen first, so that the coldest are left out if there is not enough room, and stored last.
        for mut entry in snapshot.entries.into_iter().rev() {
            if let Some(weigh) = &self.weigher {
                entry.weight = weigh(&entry.key, &entry.value);
            }
            if entry.expires_in.is_some_and(|left| left.is_zero()) {
                restored.expired += 1;
            } else if entry.weight > room {
                restored.no_room += 1;
            } else {
                room -= entry.weight;
                entries.push(entry);
            }
        }
        while let Some(entry) = entries.pop() {
            *match self.restore_entry(entry) {
                None => &mut restored.expired,
                Some(true) => &mut restored.stored,
                Some(false) => &mut restored.present,
            } += 1;
        }
        Ok(restored)
    }

    /// Whether the key had no value; `None` if the entry is not to be stored.
    fn restore_entry(&self, entry: SnapshotEntry<K, V>) -> Option<bool> {
        let SnapshotEntry {
            key,
            value,
            weight,
            uses,
            expires_in,
            tags,
        } = entry;
        let hash = self.hash(&key);
        let options = InsertOptions::new().weight(weight).tags(tags);
        let extra = self.extra(&options, None);
        let terms = self.terms_within(hash, &key, &value, &options, extra.as_ref(), expires_in)?;
        let stored = self.put_if(hash, key, value, Some(terms), None);
        if stored.is_ok() {
            self.use_again(hash, uses);
        }
        Some(stored.is_ok())
    }

    /// Lets the policy know that an entry that was just stored had been in use.
    fn use_again(&self, hash: Hash, uses: u8) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut pin = pins::stand_by();
        let entry = shard.search(&mut pin, hash, |key| self.hash(key) == hash);
        if let Some(entry) = entry {
            for _ in 0..uses.min(SATURATED) {
                entry.touch();
            }
        }
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// The entries as data: clones of keys and values, with weights, uses, tags, and how long each was still to be served.
    ///
    /// Others read and write meanwhile: each shard's order is that of one moment, and an entry that is removed or replaced before it is
    /// cloned is left out or is there with its new value. Invalidations of tags are not part of it: what is invalid is left out.
    ///
    /// # Blocking
    ///
    /// Holds the lock of each shard while it lists the slots of its entries, and then for sixteen entries at a time; clones are made
    /// outside.
    ///
    /// ```
    /// use tenfold::cache::MemoryCache;
    ///
    /// let before = MemoryCache::new(1_000);
    /// before.insert("a".to_string(), 1);
    /// let json = serde_json::to_string(&before.snapshot())?;
    ///
    /// // In the next process.
    /// let after: MemoryCache<String, i32> = MemoryCache::new(1_000);
    /// let restored = after.restore(serde_json::from_str(&json)?)?;
    /// assert_eq!((restored.stored, after.get("a")), (1, Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<K, V>
    where
        K: Clone,
        V: Clone,
    {
        self.core.snapshot()
    }

    /// Stores the entries of a snapshot, the hottest last, as far as there is room; a key that has a value keeps it.
    ///
    /// The coldest that don't fit besides what is there are left out beforehand. Shards fill unevenly, so a cache that becomes full evicts a
    /// few all the same.
    ///
    /// An entry weighs what the weigher says, or without one what it weighed, and is served for what was left of its time, or for the time
    /// to live of this cache if that is shorter. The time between the snapshot and now is not known: see [`Snapshot::aged`]. What can't be
    /// stored is counted.
    ///
    /// # Errors
    ///
    /// [`Error::SnapshotVersion`] if the snapshot is of a form that is not known; nothing was stored.
    ///
    /// # Blocking
    ///
    /// As an [`insert`](Self::insert) for each entry.
    pub fn restore(&self, snapshot: Snapshot<K, V>) -> Result<Restored, Error> {
        self.core.restore(snapshot)
    }
}
