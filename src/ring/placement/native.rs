//! The default placement: points on a circle.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::points::{Circle, CircleTable, owner, point};
use super::stored::stored;
use super::{Limits, Member, Placement};
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

impl Native {
    /// Checks what is asked for, and counts the points.
    fn check(&self, members: &[Member], limits: Limits) -> Result<usize, Error> {
        if self.points == 0 {
            return Err(Error::NoPoints);
        }
        CircleTable::check(members)?;
        let total_weight: u128 = members.iter().map(|member| u128::from(member.weight)).sum();
        let needed = u64::try_from(total_weight * u128::from(self.points)).unwrap_or(u64::MAX);
        limits.check(needed)
    }

    /// The points of one member, whose owner has this number.
    fn points_of(&self, member: &Member, owner: usize) -> impl Iterator<Item = u64> {
        let own = u64::from(self.points) * u64::from(member.weight);
        let id = member.id;
        (0..own).map(move |j| point(StableHash::pair(id, j), owner as u32))
    }
}

impl Placement for Native {
    type Table = CircleTable;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<CircleTable, Error> {
        let count = self.check(members, limits)?;
        // Owners are first numbered in the order of their ids, so that sorting whole words settles who has a position that
        // two of them hit, whatever order the members came in.
        let mut by_id: Vec<u32> = (0..members.len() as u32).collect();
        let member = |index: u32| members.get(index as usize);
        by_id.sort_unstable_by_key(|index| member(*index).map(|member| member.id));
        let points = || {
            let ranked = by_id.iter().filter_map(|index| member(*index)).enumerate();
            ranked.flat_map(|(rank, member)| self.points_of(member, rank))
        };
        let index_of = |rank: usize| by_id.get(rank).copied().unwrap_or(0);
        Ok(CircleTable::new(Circle::from_many(count, points, index_of)))
    }

    /// Merges the points of members that are new or weigh something else into those that stay: nothing is sorted but these.
    fn change(
        &self,
        old: &CircleTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<CircleTable, Error> {
        let count = self.check(members, limits)?;
        let known: HashMap<(u64, u32), u32> = (0..)
            .zip(before)
            .map(|(index, member)| ((member.id, member.weight), index))
            .collect();
        // For each old index the new one, if the member stays as it is.
        let mut stays: Vec<Option<u32>> = vec![None; before.len()];
        let mut fresh: Vec<(usize, &Member)> = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let old_index = known.get(&(member.id, member.weight));
            match old_index.and_then(|old| stays.get_mut(*old as usize)) {
                Some(place) => *place = Some(index as u32),
                None => fresh.push((index, member)),
            }
        }
        let id_of = |word: u64| members.get(owner(word)).map(|member| member.id);
        let position = |word: u64| point(word, 0);
        let mut new: Vec<u64> = fresh
            .iter()
            .flat_map(|(index, member)| self.points_of(member, *index))
            .collect();
        new.sort_unstable_by_key(|word| (position(*word), id_of(*word)));

        let old = old.circle().words().iter().filter_map(|word| {
            let index = (*stays.get(owner(*word))?)?;
            Some(point(*word, index))
        });
        let mut words = Vec::with_capacity(count + Circle::SPARE);
        let mut new = new.into_iter().peekable();
        for word in old {
            let is_before = |next: &u64| match position(*next).cmp(&position(word)) {
                Ordering::Equal => id_of(*next) < id_of(word),
                unequal => unequal.is_lt(),
            };
            while let Some(next) = new.next_if(is_before) {
                words.push(next);
            }
            words.push(word);
        }
        words.extend(new);
        Ok(CircleTable::new(Circle::from_sorted(words)))
    }
}
