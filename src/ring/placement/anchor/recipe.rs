//! The recipe and the table of AnchorHash.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::super::followers::Followers;
use super::super::stored::stored;
use super::super::{Layout, Limits, Member, Placement, Table, Walk};
use super::buckets::Buckets;
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// AnchorHash: shares as even as hashes are, any node may leave, nothing moves that need not, and a lookup among thousands of
/// nodes takes about as long as among ten.
///
/// The capacity, how many units of weight there may ever be, is fixed from the start; growing beyond it takes a new ring. The larger it is against what is
/// there, the more steps a lookup takes.
///
/// # The table is the state
///
/// As with [`SlotTable`](super::super::SlotTable): where keys are depends on the changes so far, and processes agree by handing
/// on the stored ring. A ring that is built at once from nodes and weights does not depend on their order.
///
/// # Weights
///
/// A node of weight `w` has `w` buckets.
///
/// # Complexity
///
/// A lookup takes `1 + ln(capacity / weights)` steps in expectation. 16 bytes per unit of capacity, 20 where it is not used, and for the nodes behind the
/// owner (see [`replicas`](crate::ring::Ring::replicas)) 32 points of 9 to 10 bytes per unit of weight.
///
/// # Source
///
/// G. Mendelson et al., "AnchorHash: A Scalable Consistent Hash", IEEE/ACM Transactions on Networking, 2020 (arXiv 1812.09674). A hash
/// `h` belongs to bucket `h × capacity / 2^64`; in a removed bucket `b` it is drawn again as XXH3-64 over the 16 little-endian
/// bytes of `h` and `b`, scaled to the size of `b` in the same way. At first nodes have buckets in the order of their ids.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct Anchor {
    capacity: u32,
    table: Option<Arc<Assignment>>,
}

/// Who owned which bucket.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Assignment {
    /// Ids of the nodes.
    nodes: Vec<u64>,
    /// For each working bucket, in ascending order, the place of its node in that list.
    owners: Vec<u32>,
    /// Buckets that don't work, in the order in which they were removed.
    removed: Vec<u32>,
}

stored!(Anchor {
    capacity: u32,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    table: Option<Arc<Assignment>>
});

impl Anchor {
    /// Room for so many units of weight. Zero is refused when the ring is built.
    #[must_use]
    pub const fn with_capacity(capacity: u32) -> Self {
        Self {
            capacity,
            table: None,
        }
    }

    /// Units of weight there may be.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Checks what is asked for, and returns the number of buckets.
    fn check(&self, members: &[Member], limits: Limits) -> Result<usize, Error> {
        if self.capacity == 0 {
            return Err(Error::NoSlots);
        }
        let total: u64 = members.iter().map(|member| u64::from(member.weight)).sum();
        if total > u64::from(self.capacity) {
            return Err(Error::CapacityExceeded {
                needed: u32::try_from(total).unwrap_or(u32::MAX),
                capacity: self.capacity,
            });
        }
        limits.check(u64::from(self.capacity))
    }

    /// Buckets as they were stored, with the ids of their owners.
    fn restore(&self, state: &Assignment) -> Result<(Buckets, Vec<u64>), Error> {
        let capacity = self.capacity as usize;
        let mut works = vec![true; capacity];
        let mut buckets = Buckets::all(capacity);
        if state.owners.len() + state.removed.len() != capacity {
            return Err(Error::BadState);
        }
        for number in &state.removed {
            match works.get_mut(*number as usize) {
                Some(works) if *works => *works = false,
                _ => return Err(Error::BadState),
            }
            buckets.remove(*number);
        }
        let owners = state.owners.iter();
        let ids = owners.map(|owner| state.nodes.get(*owner as usize).copied());
        let ids = ids.collect::<Option<Vec<u64>>>().ok_or(Error::BadState)?;
        Ok((buckets, ids))
    }
}

impl Default for Anchor {
    /// Room for 1024 units of weight.
    fn default() -> Self {
        Self::with_capacity(1024)
    }
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchor")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// Makes the buckets, whose owners had these ids, those of `members`: releases what is too much, then takes what is missing.
fn hand_over(buckets: &mut Buckets, ids: impl Iterator<Item = u64>, members: &[Member]) {
    let mut held: HashMap<u64, Vec<u32>> = HashMap::new();
    let mut order = Vec::new();
    for ((number, _), id) in buckets.owners().zip(ids) {
        let own = held.entry(id).or_default();
        if own.is_empty() {
            order.push(id);
        }
        own.push(number);
    }
    let wanted: BTreeMap<u64, (u32, u32)> = (0..)
        .zip(members)
        .map(|(index, member)| (member.id, (index, member.weight)))
        .collect();
    // The order of first buckets, and of one node the highest first.
    for id in order {
        let (index, weight) = wanted.get(&id).copied().unwrap_or_default();
        let own = held.entry(id).or_default();
        while own.len() > weight as usize {
            own.pop()
                .into_iter()
                .for_each(|number| buckets.remove(number));
        }
        own.iter()
            .for_each(|number| buckets.set_owner(*number, index));
    }
    for (id, (index, weight)) in wanted {
        let has = held.get(&id).map_or(0, Vec::len);
        (has..weight as usize).for_each(|_| buckets.add(index));
    }
}

impl Placement for Anchor {
    type Table = AnchorTable;
    type Hash = StableHash;

    /// From the stored table, if there is one.
    fn build(&self, members: &[Member], limits: Limits) -> Result<AnchorTable, Error> {
        let capacity = self.check(members, limits)?;
        let (mut buckets, ids) = match self.table.as_deref() {
            Some(state) => self.restore(state)?,
            None => {
                let mut buckets = Buckets::all(capacity);
                (0..self.capacity)
                    .rev()
                    .for_each(|number| buckets.remove(number));
                (buckets, Vec::new())
            }
        };
        hand_over(&mut buckets, ids.into_iter(), members);
        Ok(AnchorTable {
            buckets,
            followers: Followers::build(members, limits)?,
        })
    }

    fn change(
        &self,
        old: &AnchorTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<AnchorTable, Error> {
        self.check(members, limits)?;
        let mut buckets = old.buckets.clone();
        let owners = old.buckets.owners();
        let ids =
            owners.filter_map(|(_, owner)| before.get(owner as usize).map(|member| member.id));
        hand_over(&mut buckets, ids, members);
        Ok(AnchorTable {
            buckets,
            followers: old.followers.change(before, members, limits)?,
        })
    }

    fn with_state(&self, table: &AnchorTable, members: &[Member]) -> Option<Self> {
        let owners = table.buckets.owners().map(|(_, owner)| owner);
        Some(Self {
            capacity: self.capacity,
            table: Some(Arc::new(Assignment {
                nodes: members.iter().map(|member| member.id).collect(),
                owners: owners.collect(),
                removed: table.buckets.removed().to_vec(),
            })),
        })
    }

    fn forget_state(&mut self) {
        self.table = None;
    }
}

/// The table of [`Anchor`].
#[derive(Debug)]
pub struct AnchorTable {
    buckets: Buckets,
    followers: Followers,
}

impl Table for AnchorTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.buckets.owner(hash)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.followers
            .candidate(self.buckets.owner(hash), hash, walk)
    }

    fn layout(&self) -> Layout<'_> {
        let owners = self.buckets.owners();
        Layout::Scattered(Box::new(owners.map(|(_, owner)| (owner as usize, 1))))
    }

    fn size(&self) -> (usize, usize) {
        let bytes = self.buckets.heap_bytes() + self.followers.heap_bytes();
        (self.buckets.len(), bytes)
    }
}
