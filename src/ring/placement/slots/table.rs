//! The recipe and the table of slots.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::super::entries::Entries;
use super::super::followers::Followers;
use super::super::stored::stored;
use super::super::{Layout, Limits, Member, Placement, Table, Walk};
use super::assign::assign;
use super::quota::quotas;
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// A fixed number of slots that nodes own: one load per lookup, shares as even as slots can be, and exactly as much movement as
/// the change asks for.
///
/// Each slot is an equal part of the hash space. Every node gets its quota of slots, and a change moves a slot only if
/// one node has too many of them and another too few: from everybody to a node that joins, from a node that leaves to
/// everybody, and never between two that stay as they are.
///
/// # The table is the state
///
/// Who owns which slot depends on the changes so far, not on the nodes alone: the same changes in the same order give the same
/// table, and a ring that is built anew from the same nodes gives another one. So processes don't agree by knowing the nodes. One of them
/// makes the changes and hands the ring on with the feature `serde`: what is stored has the table in it. A ring that is built
/// at once from nodes and weights does not depend on their order.
///
/// # Weights
///
/// Quotas follow weights by the method of Huntington and Hill. Each node with weight has at least one slot, so there can't
/// be more such nodes than slots.
///
/// # Complexity
///
/// A lookup is one load. 2 bytes per slot, 4 with more than 2^16 nodes, and for the nodes behind the owner (see
/// [`replicas`](crate::ring::Ring::replicas)) 32 points of 9 to 10 bytes per unit of weight. A change looks at each slot once or
/// twice. Stored, a slot takes as many bytes as the number of its node has digits.
///
/// # Source
///
/// Quotas: E. V. Huntington, "The Apportionment of Representatives in Congress", 1928, and M. L. Balinski, H. P. Young, "Fair
/// Representation", 1982, on what divisor methods keep. A hash `h` belongs to slot `h × slots / 2^64`.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct SlotTable {
    slots: u32,
    table: Option<Arc<Assignment>>,
}

/// Who owned which slot.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Assignment {
    /// Ids of the nodes.
    nodes: Vec<u64>,
    /// For each slot the place of its node in that list.
    owners: Vec<u32>,
}

stored!(SlotTable {
    slots: u32,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    table: Option<Arc<Assignment>>
});

impl SlotTable {
    /// So many slots: best a hundred times the number of nodes or more. Zero is refused when the ring is built.
    #[must_use]
    pub const fn with_slots(slots: u32) -> Self {
        Self { slots, table: None }
    }

    /// How many slots there are.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// A table in which as many slots as possible stay with those who have them. Owners are places in the list of ids.
    fn assign(
        &self,
        ids: impl Iterator<Item = u64>,
        owners: impl Iterator<Item = usize>,
        members: &[Member],
        limits: Limits,
    ) -> Result<Entries, Error> {
        if self.slots == 0 {
            return Err(Error::NoSlots);
        }
        let slots = limits.check(u64::from(self.slots))?;
        let alive = members.iter().filter(|member| member.weight > 0).count();
        if alive > slots {
            let nodes = u32::try_from(alive).unwrap_or(u32::MAX);
            return Err(Error::TooManyNodes {
                nodes,
                limit: self.slots,
            });
        }
        if alive == 0 {
            return Ok(Entries::new(Vec::new(), 0));
        }
        let index: HashMap<u64, u32> = members.iter().map(|member| member.id).zip(0..).collect();
        let stays: Vec<Option<u32>> = ids.map(|id| index.get(&id).copied()).collect();
        let mut slots: Vec<Option<u32>> = owners
            .map(|owner| stays.get(owner).copied().flatten())
            .chain(std::iter::repeat(None))
            .take(slots)
            .collect();
        assign(&mut slots, &quotas(members, self.slots), members);
        Ok(Entries::new(
            slots.into_iter().flatten().collect(),
            members.len(),
        ))
    }
}

impl Default for SlotTable {
    /// 65 536 slots: shares of a hundred equal nodes differ by a sixth of a per cent.
    fn default() -> Self {
        Self::with_slots(65_536)
    }
}

impl fmt::Debug for SlotTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotTable")
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

impl Placement for SlotTable {
    type Table = SlotsTable;
    type Hash = StableHash;

    /// From the stored table, if there is one.
    fn build(&self, members: &[Member], limits: Limits) -> Result<SlotsTable, Error> {
        let stored = self.table.as_deref();
        let fits = |table: &Assignment| {
            let known = |owner: &u32| (*owner as usize) < table.nodes.len();
            table.owners.len() == self.slots as usize && table.owners.iter().all(known)
        };
        if !stored.is_none_or(fits) {
            return Err(Error::BadState);
        }
        let ids = stored
            .into_iter()
            .flat_map(|table| table.nodes.iter().copied());
        let owners = stored.into_iter().flat_map(|table| &table.owners);
        let owners = owners.map(|owner| *owner as usize);
        Ok(SlotsTable {
            entries: self.assign(ids, owners, members, limits)?,
            followers: Followers::build(members, limits)?,
        })
    }

    fn change(
        &self,
        old: &SlotsTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<SlotsTable, Error> {
        let ids = before.iter().map(|member| member.id);
        Ok(SlotsTable {
            entries: self.assign(ids, old.entries.iter(), members, limits)?,
            followers: old.followers.change(before, members, limits)?,
        })
    }

    fn with_state(&self, table: &SlotsTable, members: &[Member]) -> Option<Self> {
        if table.entries.len() == 0 {
            return None;
        }
        let nodes = members.iter().map(|member| member.id).collect();
        let owners = table.entries.iter().map(|owner| owner as u32).collect();
        Some(Self {
            slots: self.slots,
            table: Some(Arc::new(Assignment { nodes, owners })),
        })
    }

    fn forget_state(&mut self) {
        self.table = None;
    }
}

/// The table of [`SlotTable`].
#[derive(Debug)]
pub struct SlotsTable {
    entries: Entries,
    followers: Followers,
}

impl Table for SlotsTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.entries.owner(self.entries.index(hash))
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        let slot = self.entries.index(hash);
        self.followers
            .candidate(self.entries.owner(slot), slot as u64, walk)
    }

    fn layout(&self) -> Layout<'_> {
        Layout::Ranges(Box::new(self.entries.ranges()))
    }

    fn size(&self) -> (usize, usize) {
        let bytes = self.entries.heap_bytes() + self.followers.heap_bytes();
        (self.entries.len(), bytes)
    }
}
