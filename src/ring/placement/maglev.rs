//! Maglev hashing: a lookup table that nodes fill in turns.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::entries::Entries;
use super::stored::stored;
use super::{Layout, Limits, Member, Placement, Table, Walk};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Maglev hashing: one load per lookup and nearly equal shares, for somewhat more movement.
///
/// Each node prefers the entries of a table in an order of its own; they take turns at picking their next free one until the
/// table is full, so equal nodes differ by at most one entry. When a node leaves, its entries are shared out, and some
/// entries of other nodes change hands as well. The more nodes for a table, the more of that: the table in the
/// [guide](crate::guide::ring) tells.
///
/// # Weights
///
/// A node of weight `w` gets its turn in `w` of every `max` rounds, `max` being the largest weight, beginning at a round of its
/// own. A node whose weight entitles it to less than one entry may own none.
///
/// # Complexity
///
/// 2 bytes per entry, 4 with more than 2^16 nodes. Building takes about as many steps as there are entries, times the logarithms of entries and nodes.
///
/// # Source
///
/// D. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016. Offset and step of a node
/// are XXH3-64 over the 16 little-endian bytes of its stable hash and 0 or 1, modulo the size and modulo the size less one
/// plus one; nodes take turns in the order of their stable hashes, and the lower 32 bits of the hash with 2 are the fraction of a turn
/// that a node starts with; a hash `h` belongs to entry `h × size / 2^64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct Maglev {
    table_size: u32,
}

impl Maglev {
    /// A table of `size` entries: a prime, best a hundred times the number of nodes or more. Anything else than a prime is
    /// refused when the ring is built.
    #[must_use]
    pub const fn with_table_size(size: u32) -> Self {
        Self { table_size: size }
    }

    /// Entries in the table.
    #[must_use]
    pub const fn table_size(&self) -> u32 {
        self.table_size
    }
}

impl Default for Maglev {
    /// 65 537 entries, the smaller size of the paper: good for a hundred nodes.
    fn default() -> Self {
        Self::with_table_size(65_537)
    }
}

const FREE: u32 = u32::MAX;

stored!(Maglev { table_size: u32 });

impl Placement for Maglev {
    type Table = MaglevTable;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<MaglevTable, Error> {
        let size = self.table_size;
        if !is_prime(size) {
            return Err(Error::NotPrime { size });
        }
        let mut pickers = pickers(members, size);
        if pickers.is_empty() {
            return Ok(MaglevTable {
                entries: Entries::new(Vec::new(), 0),
            });
        }
        let entries = limits.check(u64::from(size))?;
        if pickers.len() > entries {
            let nodes = u32::try_from(pickers.len()).unwrap_or(u32::MAX);
            return Err(Error::TooManyNodes { nodes, limit: size });
        }
        let mut owners = vec![FREE; entries];
        fill(&mut owners, &mut pickers, size);
        Ok(MaglevTable {
            entries: Entries::new(owners, members.len()),
        })
    }
}

/// Gives every entry an owner. Turns are taken round by round, and in one round in the order of ids.
fn fill(owners: &mut [u32], pickers: &mut [Picker], size: u32) {
    let heaviest = pickers
        .iter()
        .map(|picker| picker.weight)
        .max()
        .unwrap_or(1);
    let total: u64 = pickers.iter().map(|picker| u64::from(picker.weight)).sum();
    for picker in pickers.iter_mut() {
        picker.next = picker.round_of(1, heaviest);
    }
    let mut free = owners.len();
    if pickers.len() as u64 * u64::from(heaviest) <= 16 * total {
        // Most nodes have a turn in most rounds.
        let mut round = 1;
        while free > 0 {
            for picker in pickers
                .iter_mut()
                .filter(|picker| picker.next == round)
                .take(free)
            {
                picker.take_turn(owners, size, heaviest);
                free -= 1;
            }
            round += 1;
        }
    } else {
        let next_of = |(rank, picker): (usize, &Picker)| Reverse((picker.next, rank));
        let mut turns: BinaryHeap<_> = pickers.iter().enumerate().map(next_of).collect();
        for _ in 0..free {
            let Some(mut next) = turns.peek_mut() else {
                break;
            };
            let Some(picker) = pickers.get_mut(next.0.1) else {
                break;
            };
            picker.take_turn(owners, size, heaviest);
            next.0.0 = picker.next;
        }
    }
}

/// A node that picks entries.
struct Picker {
    owner: u32,
    /// The next entry it would like, and the distance to the one after.
    position: u32,
    step: u32,
    weight: u32,
    /// How much of its first turn it need not wait for, in units of 2^-32: so light nodes don't all begin in one round.
    advance: u32,
    /// Turns it has taken, and the round of the next one.
    turns: u64,
    next: u64,
}

/// Members that have weight, in the order of their ids.
fn pickers(members: &[Member], size: u32) -> Vec<Picker> {
    let alive = members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.weight > 0);
    let mut order: Vec<(u64, u32, u32)> = alive
        .map(|(index, member)| (member.id, index as u32, member.weight))
        .collect();
    order.sort_unstable();
    let size = u64::from(size);
    let picker = |(id, owner, weight): (u64, u32, u32)| Picker {
        owner,
        // Both remainders are below the size, which fits into 32 bits.
        position: (StableHash::pair(id, 0) % size) as u32,
        step: (StableHash::pair(id, 1) % (size - 1).max(1) + 1) as u32,
        weight,
        advance: StableHash::pair(id, 2) as u32,
        turns: 0,
        next: 0,
    };
    order.into_iter().map(picker).collect()
}

impl Picker {
    /// The round of its `turn`-th turn, from 1: the first in which its weight adds up to so many turns of the heaviest node.
    fn round_of(&self, turn: u64, heaviest: u32) -> u64 {
        if self.weight == heaviest {
            return turn;
        }
        let wanted = (u128::from(turn) << 32) - u128::from(self.advance);
        let round = (wanted * u128::from(heaviest)).div_ceil(u128::from(self.weight) << 32);
        // A table has fewer than 2^32 entries, so nobody has more turns, and a round is below 2^64.
        round as u64
    }

    /// Takes the first free entry in its order. There must be one.
    fn take_turn(&mut self, owners: &mut [u32], size: u32, heaviest: u32) {
        self.turns += 1;
        self.next = self.round_of(self.turns + 1, heaviest);
        // A prime size and a step below it visit every entry once.
        for _ in 0..size {
            let here = self.position as usize;
            let next = u64::from(self.position) + u64::from(self.step);
            self.position = (if next >= u64::from(size) {
                next - u64::from(size)
            } else {
                next
            }) as u32;
            if let Some(entry) = owners.get_mut(here).filter(|entry| **entry == FREE) {
                *entry = self.owner;
                return;
            }
        }
    }
}

/// The least prime from `n` on, or the largest of 32 bits.
pub(in crate::ring) fn next_prime(n: u32) -> u32 {
    (n..=u32::MAX)
        .find(|n| is_prime(*n))
        .unwrap_or(4_294_967_291)
}

const fn is_prime(n: u32) -> bool {
    if n < 4 {
        return n > 1;
    }
    if n % 2 == 0 {
        return false;
    }
    let mut divisor = 3;
    while divisor <= n / divisor {
        if n % divisor == 0 {
            return false;
        }
        divisor += 2;
    }
    true
}

/// The table of [`Maglev`].
#[derive(Debug)]
pub struct MaglevTable {
    entries: Entries,
}

impl Table for MaglevTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.entries.owner(self.entries.index(hash))
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.entries.next_owner(self.entries.index(hash), walk)
    }

    fn layout(&self) -> Layout<'_> {
        Layout::Ranges(Box::new(self.entries.ranges()))
    }

    fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.entries.heap_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::is_prime;

    #[test]
    fn primes() {
        let small: Vec<u32> = (0..40).filter(|n| is_prime(*n)).collect();
        assert_eq!(small, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]);
        assert!(is_prime(65_537) && is_prime(655_373) && is_prime(4_294_967_291));
        assert!(!is_prime(u32::MAX) && !is_prime(65_536) && !is_prime(65_535));
    }
}
