//! What changes hands between two rings, exactly.

use std::collections::BTreeMap;
use std::fmt;

use super::flow::{Flow, Identity, RangeMove};
use super::jump::JumpPlan;
use crate::ring::Error;
use crate::ring::placement::{Layout, Member, Table, ascending};

/// 2^64, as a number of hashes.
const ALL_HASHES: f64 = 18_446_744_073_709_551_616.0;

/// What changes hands on the way from one ring to another: made by [`Ring::plan`](crate::ring::Ring::plan).
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

impl Plan {
    /// The part of the hash space whose owner changes, 0 to 1: exact, as nearly as a floating-point number can be.
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

    /// The ranges that move, in ascending order; `None` for [`Jump`](crate::ring::Jump), whose keys move one by one.
    #[must_use]
    pub fn ranges(&self) -> Option<&[RangeMove]> {
        match &self.detail {
            Detail::Ranges { moves, .. } => Some(moves),
            Detail::Jump(_) => None,
        }
    }

    /// Where this hash goes: indices of its old and its new owner, or `None` if it stays where it is.
    #[must_use]
    pub fn move_of(&self, hash: u64) -> Option<(Option<usize>, Option<usize>)> {
        match &self.detail {
            Detail::Ranges { moves, .. } => {
                let range = moves.get(moves.partition_point(|range| range.last < hash))?;
                (range.first <= hash).then_some((range.from, range.to))
            }
            Detail::Jump(plan) => plan.move_of(hash),
        }
    }

    /// Whether the owner of this hash changes.
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

pub(in crate::ring) fn between<A: Table, B: Table>(
    old: (&A, &[Member]),
    new: (&B, &[Member]),
) -> Result<Plan, Error> {
    let identity =
        |members: &[Member], index: usize| members.get(index).map(|member| (member.id, index));
    match (old.0.layout(), new.0.layout()) {
        (Layout::Ranges(before), Layout::Ranges(after)) => Ok(between_ranges(
            ascending(before).map(|(last, owner)| (last, identity(old.1, owner))),
            ascending(after).map(|(last, owner)| (last, identity(new.1, owner))),
        )),
        (Layout::Jump(before), Layout::Jump(after)) => {
            let plan = JumpPlan::new(
                before
                    .iter()
                    .filter_map(|owner| identity(old.1, *owner as usize))
                    .collect(),
                after
                    .iter()
                    .filter_map(|owner| identity(new.1, *owner as usize))
                    .collect(),
            );
            Ok(Plan {
                moved: plan.moved_fraction(),
                detail: Detail::Jump(plan),
            })
        }
        _ => Err(Error::Incomparable),
    }
}

type Range = (u64, Option<Identity>);

/// Walks both lists of ranges at once, from boundary to boundary.
fn between_ranges(before: impl Iterator<Item = Range>, after: impl Iterator<Item = Range>) -> Plan {
    let nobody = (u64::MAX, None);
    let (mut before, mut after) = (before.fuse(), after.fuse());
    let (mut old, mut new) = (
        before.next().unwrap_or(nobody),
        after.next().unwrap_or(nobody),
    );
    let mut ranges: Vec<RangeMove> = Vec::new();
    let mut first = 0_u64;
    loop {
        let last = old.0.min(new.0);
        if old.1.map(|(id, _)| id) != new.1.map(|(id, _)| id) {
            let (from, to) = (old.1.map(|(_, index)| index), new.1.map(|(_, index)| index));
            match ranges.last_mut().filter(|range| {
                (range.from, range.to) == (from, to) && range.last.wrapping_add(1) == first
            }) {
                Some(range) => range.last = last,
                None => ranges.push(RangeMove {
                    first,
                    last,
                    from,
                    to,
                }),
            }
        }
        if last == u64::MAX {
            break;
        }
        first = last + 1;
        if old.0 == last {
            old = before.next().unwrap_or(nobody);
        }
        if new.0 == last {
            new = after.next().unwrap_or(nobody);
        }
    }
    let mut flows = BTreeMap::<_, u128>::new();
    for range in &ranges {
        *flows.entry((range.from, range.to)).or_default() +=
            u128::from(range.last - range.first) + 1;
    }
    let moved = flows.values().sum::<u128>() as f64 / ALL_HASHES;
    Plan {
        moved,
        detail: Detail::Ranges {
            moves: ranges,
            flows,
        },
    }
}
