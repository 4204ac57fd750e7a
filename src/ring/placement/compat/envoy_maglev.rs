//! The Maglev table of Envoy.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Xxh64Hash;
use super::listed::{listed, normalised};
use crate::ring::Error;
use crate::ring::placement::entries::Entries;
use crate::ring::placement::stored::stored;
use crate::ring::placement::{Layout, Limits, Member, Placement, Table, Walk, next_prime};

/// The Maglev table of Envoy: every key where its `maglev` load balancer places it.
///
/// Names are those of [`EnvoyRing`](super::EnvoyRing). Hosts take turns, in the order of their names, at picking the
/// next free entry in an order of their own, until the table is full; a key belongs to entry `hash % size`. How
/// [`Maglev`](crate::ring::Maglev) differs: it has other hashes, cuts the hash space into ranges, and spreads the first
/// turns of light nodes.
///
/// ```
/// use tenfold::ring::Ring;
/// use tenfold::ring::placement::EnvoyMaglev;
///
/// let hosts = (90..96).map(|port| format!("127.0.0.1:{port}"));
/// let ring = Ring::builder().nodes(hosts).placement(EnvoyMaglev::with_table_size(7)).build()?;
/// let table: Vec<_> = (0..7).filter_map(|entry| ring.locate_hash(entry)).collect();
/// assert_eq!(table[..2], ["127.0.0.1:92", "127.0.0.1:94"]);
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
///
/// # Weights
///
/// All hosts have a turn in the first round, then each as often as its weight says, compared with the heaviest; so a
/// light host can own an entry more than its share. With more hosts than entries the last by name own none. Envoy takes
/// a weight of zero as one, and refuses weights that add up to 2^32 or more; here a node of weight zero is not on the
/// list, and there is no such limit.
///
/// A change moves more than it must: entries of hosts that stay change hands as well, more of them the more hosts there are
/// for a table. The order of the list does not matter. Two nodes with one name, which Envoy has no order for, take turns in
/// that of the list.
///
/// # What Envoy does besides
///
/// It fills the table with healthy hosts only, or all of them in a panic, and has a table for each priority; it can multiply
/// weights by those of localities, and pass over hosts with too much load. None of that is here. Candidates are the owners of
/// the entries that follow; retries of Envoy jump elsewhere, the `n`-th to the entry of `hash ^ (2^64 - n)`.
///
/// # Complexity
///
/// A lookup is a division and one load. 2 bytes per entry, 4 with more than 2^16 nodes. Building takes about as many steps as
/// there are entries, times the logarithms of entries and hosts. The arithmetic is that of IEEE 754. Consecutive entries are
/// not consecutive hashes, so there is no plan from or to such a table.
///
/// # Source
///
/// Envoy, `maglev_lb.cc` and `thread_aware_lb_impl.cc`, after D. Eisenbud et al., "Maglev: A Fast and Reliable Software
/// Network Load Balancer", NSDI 2016. Offset and step of a host are XXH64 of its name with seed 0, modulo the size, and with
/// seed 1, modulo the size less one, plus one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct EnvoyMaglev {
    table_size: u32,
}

impl EnvoyMaglev {
    /// A table of `size` entries: a prime, of which Envoy takes up to 5 000 011. Anything else than a prime is refused when
    /// the ring is built.
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

impl Default for EnvoyMaglev {
    /// 65 537 entries, as Envoy has it.
    fn default() -> Self {
        Self::with_table_size(65_537)
    }
}

const FREE: u32 = u32::MAX;
/// A round that no table needs.
const NEVER: u64 = u64::MAX;

stored!(EnvoyMaglev { table_size: u32 });

impl Placement for EnvoyMaglev {
    type Table = EnvoyMaglevTable;
    type Hash = Xxh64Hash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<EnvoyMaglevTable, Error> {
        let size = self.table_size;
        if next_prime(size) != size {
            return Err(Error::NotPrime { size });
        }
        let mut pickers = pickers(members, size)?;
        let mut owners = Vec::new();
        if !pickers.is_empty() {
            owners.resize(limits.check(u64::from(size))?, FREE);
            fill(&mut owners, &mut pickers);
        }
        Ok(EnvoyMaglevTable {
            entries: Entries::new(owners, members.len()),
        })
    }

    fn by_name(&self) -> bool {
        true
    }
}

/// A host that picks entries.
struct Picker {
    owner: u32,
    /// The next entry it would like, and the distance to the one after.
    position: u64,
    step: u64,
    weight: f64,
    /// What its weight must have added up to for its next turn.
    target: f64,
}

/// Members with weight, in the order of their names.
fn pickers(members: &[Member], size: u32) -> Result<Vec<Picker>, Error> {
    let hosts = listed(members)?;
    let mut hosts: Vec<_> = hosts.iter().zip(normalised(&hosts)).collect();
    hosts.sort_by_key(|(host, _)| host.name);
    let size = u64::from(size);
    let pickers = hosts.into_iter().map(|(host, weight)| Picker {
        owner: host.owner,
        position: Xxh64Hash::bytes(host.name) % size,
        step: Xxh64Hash::seeded(1, host.name) % (size - 1) + 1,
        weight,
        target: 0.0,
    });
    Ok(pickers.collect())
}

/// Gives every entry an owner. Turns are taken round by round, and in one round in the order of names.
fn fill(owners: &mut [u32], pickers: &mut [Picker]) {
    let heaviest = pickers
        .iter()
        .map(|picker| picker.weight)
        .fold(0.0, f64::max);
    let mut turns: BinaryHeap<_> = (0..pickers.len()).map(|rank| Reverse((1, rank))).collect();
    for _ in 0..owners.len() {
        let Some(mut next) = turns.peek_mut() else {
            break;
        };
        let Reverse((round, rank)) = *next;
        let Some(picker) = pickers.get_mut(rank) else {
            break;
        };
        picker.target += heaviest;
        picker.pick(owners);
        *next = Reverse((picker.round_from(round + 1), rank));
    }
}

impl Picker {
    /// The first round from this one on in which it has a turn: in which round times weight, as rounded, is no less than the
    /// target.
    fn round_from(&self, earliest: u64) -> u64 {
        let due = |round: u64| round as f64 * self.weight >= self.target;
        let estimate = (self.target / self.weight).ceil();
        // There are about as many rounds as entries, which fit into 32 bits.
        if estimate > f64::from(u32::MAX) {
            return NEVER;
        }
        // The quotient is rounded as well, so the round may be a neighbour.
        let mut round = (estimate as u64).max(earliest);
        while round > earliest && due(round - 1) {
            round -= 1;
        }
        while !due(round) {
            round += 1;
        }
        round
    }

    /// Takes the first free entry in its order. There must be one.
    fn pick(&mut self, owners: &mut [u32]) {
        let size = owners.len() as u64;
        // A prime size and a step below it visit every entry once.
        for _ in 0..size {
            let here = self.position as usize;
            self.position += self.step;
            if self.position >= size {
                self.position -= size;
            }
            if let Some(entry) = owners.get_mut(here).filter(|entry| **entry == FREE) {
                *entry = self.owner;
                return;
            }
        }
    }
}

/// The table of [`EnvoyMaglev`].
#[derive(Debug)]
pub struct EnvoyMaglevTable {
    entries: Entries,
}

impl EnvoyMaglevTable {
    /// The entry of `hash`, if there are any.
    #[inline]
    fn entry(&self, hash: u64) -> Option<usize> {
        hash.checked_rem(self.entries.len() as u64)
            .map(|entry| entry as usize)
    }
}

impl Table for EnvoyMaglevTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.entries.owner(self.entry(hash)?)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.entries.next_owner(self.entry(hash)?, walk)
    }

    fn layout(&self) -> Layout<'_> {
        // Of 2^64 hashes some entries have one more than others.
        Layout::Scattered(Box::new(self.entries.iter().map(|owner| (owner, 1))))
    }

    fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.entries.heap_bytes())
    }
}
