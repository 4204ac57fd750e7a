//! Where an entry is: a table of buckets, each one cache line, read without a lock.
//!
//! A bucket is half a cache line and has six slots. Their tags, a byte of the hash each, stand together in one word, so that one
//! comparison finds the slots to look at; an id names the entry. An entry that finds its home bucket full goes to the next one, and every
//! full bucket it passes counts it: a search goes on only behind a bucket that somebody passed.
//!
//! # Invariants
//!
//! * An entry stays in its slot until it is removed or the table is replaced: nothing moves under a reader.
//! * Only the holder of the shard's lock writes. An id is stored before its tag, and a tag is cleared before its id.
//! * The count of a bucket saturates; a saturated one is never lowered, and a new table starts afresh.
//!
//! A reader that announces an entry after it found it must look at the slot again: [`Slot::holds`].

use super::hash::Hash;
use crate::kernel::sync::{AtomicU32, AtomicU64, Ordering};

/// Slots in a bucket.
const SLOTS: usize = 6;
/// Slots that are filled, of a hundred, in a table of just the right size.
const LOAD: usize = 80;
/// No entry.
const NONE: u32 = 0;

#[repr(align(32))]
struct Bucket {
    /// A tag for each slot, and in the highest byte the count of those who passed.
    tags: AtomicU64,
    /// One more than the id, or nothing.
    ids: [AtomicU32; SLOTS],
}

/// Where the count begins.
const PASSED: u32 = 56;
/// The highest bit of each tag.
const HIGHS: u64 = 0x0000_8080_8080_8080;

pub(super) struct Table {
    buckets: Box<[Bucket]>,
}

/// A slot that holds an entry at the time of looking.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'t> {
    id: &'t AtomicU32,
    bucket: u32,
    index: u32,
}

impl Slot<'_> {
    /// Whether the entry is still in the slot where it was found.
    #[inline]
    pub(super) fn holds(&self, id: u32) -> bool {
        self.id.load(Ordering::SeqCst) == id + 1
    }

    /// What is in the slot now.
    #[inline]
    fn look(&self) -> Option<u32> {
        self.id.load(Ordering::SeqCst).checked_sub(1)
    }

    /// Puts another entry of the same key in place of the one that is here.
    pub(super) fn replace(&self, id: u32) {
        self.id.store(id + 1, Ordering::Release);
    }
}

/// What a look at a candidate says.
pub(super) enum Look<R> {
    /// Another key.
    Other,
    /// The slot has changed meanwhile.
    Again,
    Found(R),
}

/// The slots whose tag is `tag`, by the highest bit of their byte. Above one that is there may be one that isn't, which does no harm.
#[inline]
fn matches(tags: u64, tag: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let differences = tags ^ (u64::from(tag) * ONES);
    differences.wrapping_sub(ONES) & !differences & HIGHS
}

impl Table {
    /// For `entries` at most; more may fit.
    pub(super) fn new(entries: usize) -> Self {
        let buckets = (entries.saturating_mul(100) / (SLOTS * LOAD)).saturating_add(1);
        // One number less than a whole turn of the place, which is 32 bits.
        let buckets = buckets.min(1 << 28);
        let bucket = || Bucket {
            tags: AtomicU64::new(0),
            ids: [const { NONE }; SLOTS].map(AtomicU32::new),
        };
        Self {
            buckets: std::iter::repeat_with(bucket).take(buckets).collect(),
        }
    }

    /// Entries for which the table is large enough.
    pub(super) fn room(&self) -> usize {
        self.buckets.len() * SLOTS * LOAD / 100
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    #[inline]
    fn home(&self, place: u32) -> usize {
        ((u64::from(place) * self.buckets.len() as u64) >> 32) as usize
    }

    /// The first slot to look at, for nearly all searches the only one; or nothing, and then [`find`](Self::find) knows more.
    #[inline(always)]
    pub(super) fn first(&self, hash: Hash) -> Option<(&AtomicU32, u32)> {
        let bucket = self.buckets.get(self.home(hash.place()))?;
        let hits = matches(bucket.tags.load(Ordering::SeqCst), hash.tag());
        let id = bucket.ids.get(hits.trailing_zeros() as usize / 8)?;
        Some((id, id.load(Ordering::SeqCst).checked_sub(1)?))
    }

    /// Shows `look` the entries that may be those of `hash`, until it has found the one.
    #[inline]
    pub(super) fn find<'t, R>(
        &'t self,
        hash: Hash,
        mut look: impl FnMut(Slot<'t>, u32) -> Look<R>,
    ) -> Option<R> {
        let mut index = self.home(hash.place());
        for _ in 0..self.buckets.len() {
            let bucket = self.buckets.get(index)?;
            let tags = bucket.tags.load(Ordering::SeqCst);
            let mut hits = matches(tags, hash.tag());
            while hits != 0 {
                let slot = hits.trailing_zeros() / 8;
                hits &= hits - 1;
                // Always there.
                let id = bucket.ids.get(slot as usize)?;
                let slot = Slot { id, bucket: index as u32, index: slot };
                while let Some(id) = slot.look() {
                    match look(slot, id) {
                        Look::Other => break,
                        Look::Again => {}
                        Look::Found(found) => return Some(found),
                    }
                }
            }
            if tags >> PASSED == 0 {
                return None;
            }
            index = if index + 1 == self.buckets.len() { 0 } else { index + 1 };
        }
        None
    }

    /// The slot of `id`, whose key has that place.
    pub(super) fn slot(&self, place: u32, id: u32) -> Option<Slot<'_>> {
        let mut index = self.home(place);
        for _ in 0..self.buckets.len() {
            let bucket = self.buckets.get(index)?;
            let found = bucket.ids.iter().position(|slot| slot.load(Ordering::Relaxed) == id + 1);
            if let Some(slot) = found {
                let id = bucket.ids.get(slot)?;
                return Some(Slot { id, bucket: index as u32, index: slot as u32 });
            }
            if bucket.tags.load(Ordering::Relaxed) >> PASSED == 0 {
                return None;
            }
            index = if index + 1 == self.buckets.len() { 0 } else { index + 1 };
        }
        None
    }

    /// Enters `id`, whose key is nowhere in the table. `false` if all buckets near its home are full.
    pub(super) fn enter(&self, place: u32, tag: u8, id: u32) -> bool {
        /// Buckets that a search may have to look at.
        const REACH: usize = 32;
        let mut index = self.home(place);
        for passed in 0..REACH.min(self.buckets.len()) {
            let Some(bucket) = self.buckets.get(index) else {
                return false;
            };
            if let Some(slot) = bucket.free() {
                bucket.put(slot, tag, id);
                self.count(place, passed, |count| count.saturating_add(1));
                return true;
            }
            index = if index + 1 == self.buckets.len() { 0 } else { index + 1 };
        }
        false
    }

    /// Takes the entry out of its slot.
    pub(super) fn clear(&self, place: u32, slot: Slot<'_>) {
        let Some(bucket) = self.buckets.get(slot.bucket as usize) else {
            return;
        };
        bucket.clear(slot.index);
        let buckets = self.buckets.len();
        let passed = (slot.bucket as usize + buckets - self.home(place)) % buckets;
        let lower = |count: u8| if count == u8::MAX { count } else { count.saturating_sub(1) };
        self.count(place, passed, lower);
    }

    fn count(&self, place: u32, passed: usize, change: impl Fn(u8) -> u8) {
        let home = self.home(place);
        for step in 0..passed {
            if let Some(bucket) = self.buckets.get((home + step) % self.buckets.len()) {
                bucket.change_count(&change);
            }
        }
    }

    /// All entries with their tags, for a table that follows this one.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u8, u32)> {
        let slots = |bucket: &'_ Bucket| {
            let tags = bucket.words();
            let ids = bucket.ids.each_ref().map(|id| id.load(Ordering::Relaxed));
            tags.into_iter().zip(ids).filter(|(tag, _)| *tag != 0)
        };
        self.buckets
            .iter()
            .flat_map(slots)
            .filter_map(|(tag, id)| Some((tag, id.checked_sub(1)?)))
    }

    /// Takes everything out, so that readers who are still here look for the table that follows.
    pub(super) fn abandon(&self) {
        for bucket in &self.buckets {
            for id in &bucket.ids {
                id.store(NONE, Ordering::Release);
            }
        }
    }
}

impl Bucket {
    fn words(&self) -> [u8; SLOTS] {
        let [a, b, c, d, e, f, ..] = self.tags.load(Ordering::Relaxed).to_le_bytes();
        [a, b, c, d, e, f]
    }

    fn free(&self) -> Option<u32> {
        self.words().iter().position(|tag| *tag == 0).map(|slot| slot as u32)
    }

    fn put(&self, slot: u32, tag: u8, id: u32) {
        if let Some(place) = self.ids.get(slot as usize) {
            place.store(id + 1, Ordering::Release);
        }
        self.tag(slot, tag);
    }

    fn clear(&self, slot: u32) {
        self.tag(slot, 0);
        if let Some(place) = self.ids.get(slot as usize) {
            place.store(NONE, Ordering::Release);
        }
    }

    fn tag(&self, slot: u32, tag: u8) {
        let shift = slot * 8;
        let others = self.tags.load(Ordering::Relaxed) & !(0xFF << shift);
        self.tags.store(others | u64::from(tag) << shift, Ordering::Release);
    }

    fn change_count(&self, change: impl Fn(u8) -> u8) {
        let old = self.tags.load(Ordering::Relaxed);
        let count = change((old >> PASSED) as u8);
        let others = old & !(0xFF << PASSED);
        self.tags.store(others | u64::from(count) << PASSED, Ordering::Release);
    }
}
