//! Nodes behind the owner, for placements whose table knows owners only.
//!
//! They stand on a circle of their own. A node that joins or leaves changes nothing there but its own points, and the table
//! changes an owner only from or to that node: so the list of a key changes by at most one member.

use super::{CircleTable, Limits, Member, Native, Placement, Table, Walk};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Points per unit of weight.
pub(super) const POINTS: u32 = 32;

const CIRCLE: Native = Native::with_points(POINTS);

#[derive(Debug)]
pub(super) struct Followers {
    circle: CircleTable,
}

impl Followers {
    pub(super) fn build(members: &[Member], limits: Limits) -> Result<Self, Error> {
        let circle = CIRCLE.build(members, limits)?;
        Ok(Self { circle })
    }

    pub(super) fn change(
        &self,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<Self, Error> {
        let circle = CIRCLE.change(&self.circle, before, members, limits)?;
        Ok(Self { circle })
    }

    /// The next candidate: the owner of the place first, then whoever follows on the circle.
    pub(super) fn candidate(
        &self,
        owner: Option<usize>,
        place: u64,
        walk: &mut Walk,
    ) -> Option<usize> {
        // The circle keeps the first word for itself.
        if walk.state[1] == 0 {
            walk.state[1] = 1;
            return owner;
        }
        self.circle.candidate(StableHash::u64(place), walk)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.circle.size().1
    }
}
