//! What changes hands between two rings, as their users see it.

use std::collections::BTreeMap;
use std::fmt;

use super::flow::{Flow, RangeMove};
use super::jump::JumpPlan;
use crate::ring::Error;
use crate::ring::placement::Member;

/// 2^64, as a number of hashes.
const ALL_HASHES: f64 = 18_446_744_073_709_551_616.0;

/// What changes hands on the way from one ring to another: made by [`Ring::plan`](crate::ring::Ring::plan) and
/// [`Ring::plan_copies`](crate::ring::Ring::plan_copies).
///
/// Nodes are given by their index in the ring they belong to: `from` counts the nodes of the old ring and `to` those of the
/// new one. `None` is nobody, where a ring has no node with weight. A node that is in both rings keeps what it keeps.
///
/// # Example: moving rows to a new shard
///
/// ```
/// use tenfold::ring::Ring;
///
/// let old = Ring::new(["shard-1", "shard-2", "shard-3"])?;
/// let new = old.with("shard-4")?;
/// let plan = old.plan(&new)?;
///
/// // Only the new shard receives, and about a quarter.
/// assert!(plan.flows().all(|flow| flow.to == Some(3)));
/// assert!((0.15..0.35).contains(&plan.moved_fraction()));
/// // A key moves if and only if the plan says so.
/// let hash = tenfold::hash::StableHash::bytes(b"user:42");
/// assert_eq!(plan.changes(hash), old.locate_hash(hash) != new.locate_hash(hash));
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored", into = "Stored"))]
pub struct Plan {
    moved: f64,
    detail: Detail,
}

#[derive(Clone, Debug, PartialEq)]
enum Detail {
    Ranges {
        moves: Vec<RangeMove>,
        flows: BTreeMap<(Option<usize>, Option<usize>), u128>,
    },
    Jump(JumpPlan),
}

/// What a plan is stored as; the rest follows from it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
enum Stored {
    Ranges(Vec<RangeMove>),
    Jump(JumpPlan),
}

impl TryFrom<Stored> for Plan {
    type Error = Error;

    /// Ranges must be equal or follow each other.
    fn try_from(stored: Stored) -> Result<Self, Error> {
        let follows = |pair: &[RangeMove]| match pair {
            [one, other] => {
                (one.first, one.last) == (other.first, other.last) || one.last < other.first
            }
            _ => true,
        };
        match stored {
            Stored::Ranges(moves)
                if moves.iter().all(|range| range.first <= range.last)
                    && moves.windows(2).all(follows) =>
            {
                Ok(Self::of_moves(moves))
            }
            Stored::Ranges(_) => Err(Error::BadState),
            Stored::Jump(plan) => Ok(Self::of_jumps(plan)),
        }
    }
}

impl From<Plan> for Stored {
    fn from(plan: Plan) -> Self {
        match plan.detail {
            Detail::Ranges { moves, .. } => Self::Ranges(moves),
            Detail::Jump(plan) => Self::Jump(plan),
        }
    }
}

impl Plan {
    /// A plan of these moves, whose ranges are in ascending order.
    pub(in crate::ring) fn of_moves(moves: Vec<RangeMove>) -> Self {
        let mut flows = BTreeMap::<_, u128>::new();
        for range in &moves {
            *flows.entry((range.from, range.to)).or_default() += range.hashes();
        }
        let moved = flows.values().sum::<u128>() as f64 / ALL_HASHES;
        Self {
            moved,
            detail: Detail::Ranges { moves, flows },
        }
    }

    /// A plan between two lists of buckets, each with the members that own them.
    pub(in crate::ring) fn between_buckets(
        old: (&[u32], &[Member]),
        new: (&[u32], &[Member]),
    ) -> Self {
        Self::of_jumps(JumpPlan::new(old, new))
    }

    fn of_jumps(plan: JumpPlan) -> Self {
        Self {
            moved: plan.moved_fraction(),
            detail: Detail::Jump(plan),
        }
    }

    /// The part of the hash space whose owner changes, 0 to 1: exact, as nearly as a floating-point number can be. In a plan
    /// of copies each copy counts, so that it may be more than 1.
    ///
    /// For [`Jump`](crate::ring::Jump) it is the part of all keys in expectation, since its hash space has no ranges.
    #[must_use]
    pub const fn moved_fraction(&self) -> f64 {
        self.moved
    }

    /// Who gives how much to whom, in ascending order of `from` and `to`.
    ///
    /// For [`Jump`](crate::ring::Jump) nearly every pair of nodes may be in it when many join or leave at once; the flows are worked
    /// out as they are asked for.
    pub fn flows(&self) -> impl Iterator<Item = Flow> + '_ {
        let (of_ranges, of_jumps) = match &self.detail {
            Detail::Ranges { flows, .. } => (Some(flows), None),
            Detail::Jump(plan) => (None, Some(plan.flows())),
        };
        let flow = |(&(from, to), &hashes): (_, &u128)| Flow {
            from,
            to,
            fraction: hashes as f64 / ALL_HASHES,
        };
        of_ranges
            .into_iter()
            .flatten()
            .map(flow)
            .chain(of_jumps.into_iter().flatten())
    }

    /// The ranges that move, in ascending order, and for one range in the order of roles; `None` for [`Jump`](crate::ring::Jump), whose keys move one by one.
    #[must_use]
    pub fn ranges(&self) -> Option<&[RangeMove]> {
        match &self.detail {
            Detail::Ranges { moves, .. } => Some(moves),
            Detail::Jump(_) => None,
        }
    }

    /// Where this hash goes: indices of its old and its new owner, or `None` if it stays where it is. In a plan of copies it
    /// is the first of [`moves_of`](Self::moves_of).
    #[must_use]
    pub fn move_of(&self, hash: u64) -> Option<(Option<usize>, Option<usize>)> {
        let first = self.moves_of(hash).next()?;
        Some((first.from, first.to))
    }

    /// All moves of this hash, in the order of roles.
    pub fn moves_of(&self, hash: u64) -> impl Iterator<Item = RangeMove> + '_ {
        let (of_ranges, of_jumps) = match &self.detail {
            Detail::Ranges { moves, .. } => {
                let begin = moves.partition_point(|range| range.last < hash);
                (moves.get(begin..), None)
            }
            Detail::Jump(plan) => (None, plan.move_of(hash)),
        };
        of_ranges
            .into_iter()
            .flatten()
            .take_while(move |range| range.first <= hash)
            .copied()
            .chain(of_jumps)
    }

    /// Whether this hash moves.
    #[must_use]
    pub fn changes(&self, hash: u64) -> bool {
        self.move_of(hash).is_some()
    }

    /// Whether nothing moves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moved == 0.0
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.ranges().map(<[RangeMove]>::len);
        f.debug_struct("Plan")
            .field("moved_fraction", &self.moved)
            .field("ranges", &ranges)
            .finish_non_exhaustive()
    }
}
