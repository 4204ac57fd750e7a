//! A table of owners, two bytes for each where that is enough.

use super::Walk;

/// `hash × bound / 2^64`: below the bound, and even if hashes are.
#[inline]
pub(super) const fn below(hash: u64, bound: u64) -> u64 {
    ((hash as u128 * bound as u128) >> 64) as u64
}

/// Owners of equal parts of the hash space.
#[derive(Debug)]
pub(super) enum Entries {
    Small(Box<[u16]>),
    Large(Box<[u32]>),
}

impl Entries {
    /// These owners, all below `members`.
    pub(super) fn new(owners: Vec<u32>, members: usize) -> Self {
        if members <= 1 << 16 {
            Self::Small(owners.into_iter().map(|owner| owner as u16).collect())
        } else {
            Self::Large(owners.into_boxed_slice())
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Small(owners) => owners.len(),
            Self::Large(owners) => owners.len(),
        }
    }

    /// The owner of this entry.
    #[inline]
    pub(super) fn owner(&self, index: usize) -> Option<usize> {
        match self {
            Self::Small(owners) => owners.get(index).map(|owner| usize::from(*owner)),
            Self::Large(owners) => owners.get(index).map(|owner| *owner as usize),
        }
    }

    /// The entry of `hash`, where the hash space is cut into as many equal ranges.
    #[inline]
    pub(super) fn index(&self, hash: u64) -> usize {
        // Below the number of entries.
        below(hash, self.len() as u64) as usize
    }

    /// The owners of the entries from this one on, once around the table.
    pub(super) fn next_owner(&self, begin: usize, walk: &mut Walk) -> Option<usize> {
        let entries = self.len();
        let step = walk.step();
        if step >= entries {
            return None;
        }
        let index = begin + step;
        self.owner(if index < entries {
            index
        } else {
            index - entries
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter_map(|index| self.owner(index))
    }

    /// The last hash of each range, and its owner.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        let entries = self.len() as u128;
        let last = move |index: usize| (((index as u128 + 1) << 64).div_ceil(entries) - 1) as u64;
        self.iter()
            .enumerate()
            .map(move |(index, owner)| (last(index), owner))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Small(owners) => size_of_val(&**owners),
            Self::Large(owners) => size_of_val(&**owners),
        }
    }
}
