//! The default placement: points on a circle.

use super::points::{MAX_OWNERS, PADDING, Points, point};
use super::stored::stored;
use super::{Layout, Limits, Member, Placement, Table};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Points on a circle: the default placement.
///
/// Every node has `points × weight` pseudo-random points on a circle of 2^40 positions; a key belongs to the first point at
/// or after it. A node that joins takes arcs from others and a node that leaves gives its arcs to their neighbours; between
/// the nodes that stay nothing moves. The share of a node varies by about `1 / √points`: 8 % with the default of 160, 3 %
/// with 1024.
///
/// # Complexity
///
/// A lookup reads two entries of a guide and four neighbouring points, whatever the number of nodes. 9 to 10 bytes per point: 8
/// for the point and one for each of as many guide entries, rounded up to a power of two. Building sorts the points.
///
/// # Source
///
/// D. Karger et al., "Consistent Hashing and Random Trees", STOC 1997. Point `j` of a node is the upper 40 bits of XXH3-64
/// over the 16 little-endian bytes of the node's stable hash and `j`; where two nodes share a position, the one with the
/// smaller stable hash has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct Native {
    points: u32,
}

impl Native {
    /// `points` per unit of weight. Zero is refused when the ring is built.
    #[must_use]
    pub const fn with_points(points: u32) -> Self {
        Self { points }
    }

    /// Points per unit of weight.
    #[must_use]
    pub const fn points(&self) -> u32 {
        self.points
    }
}

impl Default for Native {
    /// 160 points per unit of weight, as the ketama family has.
    fn default() -> Self {
        Self::with_points(160)
    }
}

stored!(Native { points: u32 });

impl Placement for Native {
    type Table = NativeTable;

    fn build(&self, members: &[Member], limits: Limits) -> Result<NativeTable, Error> {
        if self.points == 0 {
            return Err(Error::NoPoints);
        }
        if members.len() > MAX_OWNERS {
            let nodes = u32::try_from(members.len()).unwrap_or(u32::MAX);
            return Err(Error::TooManyNodes {
                nodes,
                limit: MAX_OWNERS as u32,
            });
        }
        let total_weight: u128 = members.iter().map(|member| u128::from(member.weight)).sum();
        let needed = u64::try_from(total_weight * u128::from(self.points)).unwrap_or(u64::MAX);
        let count = limits.check(needed)?;

        // Owners are first numbered in the order of their ids, so that sorting whole words settles who has a position that
        // two of them hit, whatever order the members came in.
        let mut by_id: Vec<u32> = (0..members.len() as u32).collect();
        by_id.sort_unstable_by_key(|index| members.get(*index as usize).map(|member| member.id));
        let mut points = Vec::with_capacity(count + PADDING);
        for (rank, member) in by_id
            .iter()
            .filter_map(|index| members.get(*index as usize))
            .enumerate()
        {
            let own = u64::from(self.points) * u64::from(member.weight);
            points.extend((0..own).map(|j| point(StableHash::pair(member.id, j), rank as u32)));
        }
        points.sort_unstable();
        let index_of = |word: u64| {
            by_id
                .get(word as usize & (MAX_OWNERS - 1))
                .copied()
                .unwrap_or(0)
        };
        for word in &mut points {
            *word = point(*word, index_of(*word));
        }
        Ok(NativeTable {
            points: Points::from_sorted(points),
        })
    }
}

/// The table of [`Native`].
#[derive(Debug)]
pub struct NativeTable {
    points: Points,
}

impl Table for NativeTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.points.owner(hash)
    }

    fn candidate(&self, hash: u64, n: usize) -> Option<usize> {
        self.points.owner_after(hash, n)
    }

    fn layout(&self) -> Layout<'_> {
        Layout::Ranges(Box::new(self.points.ranges()))
    }

    fn size(&self) -> (usize, usize) {
        (self.points.len(), self.points.heap_bytes())
    }
}
