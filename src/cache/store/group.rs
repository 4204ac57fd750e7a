//! Which slots of a table are taken, and by whom: groups of fourteen, each half a cache line.
//!
//! The tags of a group, a byte of the hash each, stand together in two words, so that a few instructions find the slots to look at. An
//! entry that finds its home group full goes on to another one, and every full group it passes counts it, in one of four counts by its
//! hash: a search goes on only behind a group that somebody of its kind passed.
//!
//! # Invariants
//!
//! * Only the holder of the shard's lock changes tags and counts. Readers change nothing but uses.
//! * A tag stands from when its entry is filled until it is retired, and the mark [`GONE`] from then until it is reclaimed.
//! * A count saturates; a saturated one is never lowered, and a new table starts afresh.

pub(super) use super::lanes::SLOTS;
use super::lanes::{self, Lanes};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU8, AtomicU64, Ordering};

/// A slot without an entry.
const FREE: u8 = 0;
/// A slot whose entry was taken out and may still be read.
const GONE: u8 = 1;
/// Where the two counts of a word begin, four bits each.
const COUNTS: u32 = 56;
pub(super) const FULL: u64 = 15;

/// How often an entry was used is in the low bits of its byte, and stays at this.
const SATURATED: u8 = 3;
/// The entry has something that a reader must look at before its value.
pub(super) const SPECIAL: u8 = 0x80;

#[repr(align(32))]
pub(super) struct Group {
    /// A tag for each of seven slots, even and odd, and in the highest byte two counts of those who passed.
    tags: [AtomicU64; 2],
    /// Uses since the policy looked last.
    uses: [AtomicU8; SLOTS],
}

/// The tag of a key: never one of the marks.
#[inline(always)]
pub(super) fn tag_of(place: u32) -> u8 {
    (place as u8).max(GONE + 1)
}

/// Which count stands for a key: the word, and the shift in it.
#[inline(always)]
fn count_of(place: u32) -> (usize, u32) {
    ((place >> 8 & 1) as usize, COUNTS + (place >> 7 & 4))
}

/// Names a slot of a table: sixteen ids for each group, of which the last two are never used.
#[inline(always)]
pub(super) fn id_of(group: usize, slot: usize) -> u32 {
    (group << 4 | slot) as u32
}

/// The group and the slot of an id.
#[inline(always)]
pub(super) fn slot_of(id: u32) -> (usize, usize) {
    (id as usize >> 4, id as usize & 15)
}

/// The group of an id.
#[inline(always)]
pub(crate) fn group_of(id: u32) -> usize {
    slot_of(id).0
}

/// The ids of a group.
#[inline]
pub(crate) fn ids_of(group: usize) -> impl Iterator<Item = u32> {
    (0..SLOTS).map(move |slot| id_of(group, slot))
}

/// Where an array with an entry for each slot has that of `id`.
#[inline(always)]
pub(crate) fn dense(id: u32) -> usize {
    (id - (id >> 4) * 2) as usize
}

/// Whether a reader who has seen `old` taken out will see what was put into `new` before: it looks at one word after the other.
pub(super) fn is_seen_after(new: usize, old: usize) -> bool {
    new % 2 == 1 || old % 2 == 0
}

impl Group {
    pub(super) fn new() -> Self {
        Self {
            tags: std::array::from_fn(|_| AtomicU64::new(0)),
            uses: std::array::from_fn(|_| AtomicU8::new(0)),
        }
    }

    /// The slots whose tag is `tag`. The first word is looked at before the second.
    #[inline(always)]
    pub(super) fn hits(&self, tag: u8) -> Lanes {
        lanes::equal(self.words(Ordering::SeqCst), tag)
    }

    #[inline(always)]
    fn words(&self, order: Ordering) -> [u64; 2] {
        let [first, second] = &self.tags;
        let first = first.load(order);
        [first, second.load(order)]
    }

    /// A number that stands for a slot as long as the group exists: even, and no address of anything else.
    #[inline(always)]
    pub(super) fn mark(&self, slot: usize) -> usize {
        std::ptr::from_ref(self).addr() + 2 * slot
    }

    /// Whether an entry like the one of `place` may have passed.
    #[inline]
    pub(super) fn was_passed(&self, place: u32) -> bool {
        let (word, shift) = count_of(place);
        let word = self
            .tags
            .get(word)
            .map_or(0, |word| word.load(Ordering::SeqCst));
        word >> shift & FULL != 0
    }

    /// The word in which the tag of a slot is, and where: slots take turns.
    #[inline(always)]
    fn seat(&self, slot: usize) -> (&AtomicU64, usize) {
        let [first, second] = &self.tags;
        (if slot & 1 == 0 { first } else { second }, slot >> 1 << 3)
    }

    #[inline(always)]
    fn tag(&self, slot: usize) -> u8 {
        let (word, shift) = self.seat(slot);
        (word.load(Ordering::SeqCst) >> shift) as u8
    }

    /// Whether a slot has an entry with that tag, now.
    #[inline(always)]
    pub(super) fn holds(&self, slot: usize, tag: u8) -> bool {
        self.tag(slot) == tag || faulty(Fault::SkipSecondLook)
    }

    /// Counts a use: a plain store, and none for an entry that is in use all the time. A use that is lost to another thread's does no harm.
    #[inline(always)]
    pub(super) fn touch(&self, slot: usize) -> u8 {
        let Some(byte) = self.uses.get(slot) else {
            return 0;
        };
        let uses = byte.load(Ordering::Relaxed);
        if uses & SATURATED < SATURATED {
            byte.store(uses + 1, Ordering::Relaxed);
        }
        uses
    }

    /// As [`touch`](Self::touch), unless a reader must look at something before the value. Returns whether it did.
    #[inline(always)]
    pub(super) fn touch_plain(&self, slot: usize) -> bool {
        let Some(byte) = self.uses.get(slot) else {
            return false;
        };
        let uses = byte.load(Ordering::Relaxed);
        if uses < SATURATED {
            byte.store(uses + 1, Ordering::Relaxed);
        }
        uses <= SATURATED
    }

    pub(super) fn uses(&self, slot: usize) -> u8 {
        self.uses
            .get(slot)
            .map_or(0, |byte| byte.load(Ordering::Relaxed) & SATURATED)
    }

    pub(super) fn set_uses(&self, slot: usize, uses: u8) {
        if let Some(byte) = self.uses.get(slot) {
            let special = byte.load(Ordering::Relaxed) & SPECIAL;
            byte.store(special | uses.min(SATURATED), Ordering::Relaxed);
        }
    }

    /// A slot that is free, or a number past the last.
    #[inline(always)]
    pub(super) fn free(&self) -> usize {
        lanes::equal(self.words(Ordering::Relaxed), FREE).first()
    }

    /// Slots whose entry was taken out.
    pub(super) fn gone(&self) -> usize {
        lanes::equal(self.words(Ordering::Relaxed), GONE).count()
    }

    /// Slots with an entry that was not taken out.
    pub(super) fn linked(&self) -> impl Iterator<Item = usize> {
        (0..SLOTS).filter(|slot| self.tag(*slot) > GONE)
    }

    /// Whether the slot has an entry, taken out or not.
    #[inline]
    pub(super) fn is_filled(&self, slot: usize) -> bool {
        slot < SLOTS && self.tag(slot) != FREE
    }

    /// Whether the slot has an entry that was not taken out.
    #[inline]
    pub(super) fn is_linked(&self, slot: usize) -> bool {
        slot < SLOTS && self.tag(slot) > GONE
    }

    #[inline]
    pub(super) fn link(&self, slot: usize, tag: u8, special: bool) {
        if let Some(byte) = self.uses.get(slot) {
            byte.store(if special { SPECIAL } else { 0 }, Ordering::Relaxed);
        }
        self.set(slot, tag);
    }

    #[inline]
    pub(super) fn retire(&self, slot: usize) {
        self.set(slot, GONE);
    }

    /// Takes back that an entry was taken out.
    pub(super) fn link_again(&self, slot: usize, tag: u8) {
        self.set(slot, tag);
    }

    #[inline]
    pub(super) fn vacate(&self, slot: usize) {
        self.set(slot, FREE);
    }

    #[inline(always)]
    fn set(&self, slot: usize, tag: u8) {
        let (word, shift) = self.seat(slot);
        let others = word.load(Ordering::Relaxed) & !(0xFF << shift);
        let order = if faulty(Fault::LinkRelaxed) {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        word.store(others | u64::from(tag) << shift, order);
    }

    /// Makes a group without entries as good as new.
    pub(super) fn clear(&self) {
        for word in &self.tags {
            word.store(0, Ordering::Release);
        }
    }

    /// An entry passes on its way to a slot elsewhere.
    pub(super) fn pass(&self, place: u32) {
        self.count(place, |count| (count + 1).min(FULL));
    }

    /// An entry that passed is no more.
    pub(super) fn pass_no_more(&self, place: u32) {
        self.count(place, |count| {
            if count == FULL {
                count
            } else {
                count.saturating_sub(1)
            }
        });
    }

    /// How many of each kind passed, and the kind of a key.
    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(super) fn passers(&self) -> [u64; 4] {
        let [first, second] = self
            .tags
            .each_ref()
            .map(|word| word.load(Ordering::Relaxed) >> COUNTS);
        [
            first & FULL,
            first >> 4 & FULL,
            second & FULL,
            second >> 4 & FULL,
        ]
    }

    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(super) fn kind(place: u32) -> usize {
        let (word, shift) = count_of(place);
        word * 2 + usize::from(shift > COUNTS)
    }

    fn count(&self, place: u32, change: impl Fn(u64) -> u64) {
        let (word, shift) = count_of(place);
        if let Some(word) = self.tags.get(word) {
            let old = word.load(Ordering::Relaxed);
            let count = change(old >> shift & FULL);
            word.store(old & !(FULL << shift) | count << shift, Ordering::Release);
        }
    }
}
