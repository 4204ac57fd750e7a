//! Maglev hashing: a lookup table that nodes fill in turns.

use super::{Cursor, Layout, Limits, Member, Placement, Table};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Maglev hashing: one load per lookup and nearly equal shares, for somewhat more movement.
///
/// Each node prefers the entries of a table in an order of its own; they take turns at picking their next free one until the
/// table is full, so equal nodes differ by at most one entry. When a node leaves, its entries are shared out, and some
/// entries of other nodes change hands as well: the price for the balance, about half of the leaving share at 100 nodes.
///
/// # Weights
///
/// A node of weight `w` gets its turn in `w` of every `max` rounds, `max` being the largest weight.
///
/// # Complexity
///
/// 4 bytes per entry. Building takes about as many steps as there are entries, times their logarithm; with very unequal
/// weights up to entries times nodes.
///
/// # Source
///
/// D. Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016. Offset and step of a node
/// are XXH3-64 over the 16 little-endian bytes of its stable hash and 0 or 1, modulo the size and modulo the size less one
/// plus one; nodes take turns in the order of their stable hashes; a hash `h` belongs to entry `h × size / 2^64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
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
    /// 65 537 entries, the smaller size of the paper: good for some hundred nodes.
    fn default() -> Self {
        Self::with_table_size(65_537)
    }
}

/// A node that picks entries.
struct Picker {
    owner: u32,
    /// The next entry it would like, and the distance to the one after.
    position: u32,
    step: u32,
    weight: u64,
    /// Rounds it has waited, in units of its weight.
    credit: u64,
}

const FREE: u32 = u32::MAX;

impl Placement for Maglev {
    type Table = MaglevTable;

    fn build(&self, members: &[Member], limits: Limits) -> Result<MaglevTable, Error> {
        let size = self.table_size;
        if !is_prime(size) {
            return Err(Error::NotPrime { size });
        }
        let entries = limits.check(u64::from(size))?;
        if members.len() > entries {
            let nodes = u32::try_from(members.len()).unwrap_or(u32::MAX);
            return Err(Error::TooManyNodes { nodes, limit: size });
        }
        let mut pickers = pickers(members, size);
        let heaviest = pickers
            .iter()
            .map(|picker| picker.weight)
            .max()
            .unwrap_or(0);
        let mut owners = if heaviest == 0 {
            Vec::new()
        } else {
            vec![FREE; entries]
        };
        let mut free = owners.len();
        while free > 0 {
            for picker in &mut pickers {
                picker.credit += picker.weight;
                if picker.credit < heaviest {
                    continue;
                }
                picker.credit -= heaviest;
                picker.pick(&mut owners, size);
                free -= 1;
                if free == 0 {
                    break;
                }
            }
        }
        Ok(MaglevTable {
            owners: owners.into_boxed_slice(),
        })
    }
}

/// Members that have weight, in the order of their ids.
fn pickers(members: &[Member], size: u32) -> Vec<Picker> {
    let mut order: Vec<(u64, u32, u32)> = members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.weight > 0)
        .map(|(index, member)| (member.id, index as u32, member.weight))
        .collect();
    order.sort_unstable();
    let size = u64::from(size);
    let picker = |(id, owner, weight): (u64, u32, u32)| Picker {
        owner,
        // Both remainders are below the size, which fits into 32 bits.
        position: (StableHash::pair(id, 0) % size) as u32,
        step: (StableHash::pair(id, 1) % (size - 1).max(1) + 1) as u32,
        weight: u64::from(weight),
        credit: 0,
    };
    order.into_iter().map(picker).collect()
}

impl Picker {
    /// Takes the first free entry in its order. There must be one.
    fn pick(&mut self, owners: &mut [u32], size: u32) {
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
    owners: Box<[u32]>,
}

impl MaglevTable {
    #[inline]
    fn entry(&self, hash: u64) -> usize {
        // Below the number of entries.
        ((u128::from(hash) * self.owners.len() as u128) >> 64) as usize
    }
}

impl Table for MaglevTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.owners
            .get(self.entry(hash))
            .map(|owner| *owner as usize)
    }

    fn step(&self, cursor: &mut Cursor) -> Option<usize> {
        let entries = self.owners.len();
        let index = self.entry(cursor.hash()) + cursor.next_of(entries)?;
        self.owners
            .get(if index >= entries {
                index - entries
            } else {
                index
            })
            .map(|owner| *owner as usize)
    }

    fn layout(&self) -> Layout<'_> {
        let entries = self.owners.len() as u128;
        let last = move |index: usize| (((index as u128 + 1) << 64).div_ceil(entries) - 1) as u64;
        Layout::Ranges(Box::new(
            self.owners
                .iter()
                .enumerate()
                .map(move |(index, owner)| (last(index), *owner as usize)),
        ))
    }

    fn size(&self) -> (usize, usize) {
        (self.owners.len(), size_of_val(&*self.owners))
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
