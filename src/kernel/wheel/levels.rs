//! Where a deadline belongs: eleven levels of 64 slots, six bits of the time each.

use crate::kernel::slab::List;

/// Bits of the time that one level tells apart.
const BITS: u32 = 6;
/// Slots per level.
const SLOTS: usize = 1 << BITS;
/// Levels, which cover 66 bits; the last one uses 16 of its slots.
const LEVELS: usize = 11;

/// A slot of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    level: usize,
    slot: usize,
}

impl Place {
    /// Where what is due at `due` belongs when time has come to `elapsed`, which is not later: the level of the highest bits that
    /// differ, and the slot that `due` has there.
    #[inline]
    pub(super) fn of(due: u64, elapsed: u64) -> Self {
        // The lowest level if nothing differs.
        let level = (due ^ elapsed | 1).ilog2() / BITS;
        Self {
            level: level as usize,
            slot: (due >> (level * BITS)) as usize % SLOTS,
        }
    }

    /// Whether the slot is one nanosecond wide.
    #[inline]
    pub(super) const fn is_exact(self) -> bool {
        self.level == 0
    }

    /// The first moment of the slot, in the turn of its level that `elapsed` is in.
    #[inline]
    pub(super) const fn start(self, elapsed: u64) -> u64 {
        let below = BITS * self.level as u32;
        // The highest level has no turn above it.
        let above = match elapsed.checked_shr(below + BITS) {
            Some(turn) => turn << (below + BITS),
            None => 0,
        };
        above | (self.slot as u64) << below
    }
}

/// The lists of all slots, and which of them are not empty.
#[derive(Debug)]
pub(super) struct Levels {
    /// One bit per slot that may hold something.
    occupied: [u64; LEVELS],
    /// Level after level; allocated with the first deadline.
    lists: Vec<List>,
}

impl Levels {
    pub(super) const fn new() -> Self {
        Self {
            occupied: [0; LEVELS],
            lists: Vec::new(),
        }
    }

    /// Changes the list of a slot.
    #[inline]
    pub(super) fn change(&mut self, place: Place, change: impl FnOnce(&mut List)) {
        if self.lists.is_empty() {
            self.lists.resize(LEVELS * SLOTS, List::EMPTY);
        }
        let list = self.lists.get_mut(place.level * SLOTS + place.slot);
        let bits = self.occupied.get_mut(place.level);
        if let (Some(list), Some(bits)) = (list, bits) {
            change(list);
            let bit = 1 << place.slot;
            *bits = if list.is_empty() {
                *bits & !bit
            } else {
                *bits | bit
            };
        }
    }

    /// The list of a slot.
    #[inline]
    pub(super) fn list(&self, place: Place) -> List {
        let list = self.lists.get(place.level * SLOTS + place.slot);
        list.copied().unwrap_or(List::EMPTY)
    }

    /// The slot that comes first in time. All slots of a level come before those of the next one, and none lies behind.
    #[inline]
    pub(super) fn first(&self) -> Option<Place> {
        let mut levels = self.occupied.iter().enumerate();
        let (level, bits) = levels.find(|(_, bits)| **bits != 0)?;
        Some(Place {
            level,
            slot: bits.trailing_zeros() as usize,
        })
    }
}
