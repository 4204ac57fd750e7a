//! What changes hands between two rings, exactly.

use std::collections::BTreeMap;

use super::Error;
use super::placement::{Layout, Member, Table, bucket};

/// 2^64, as a number of hashes.
const ALL_HASHES: f64 = 18_446_744_073_709_551_616.0;

/// What changes hands on the way from one ring to another: made by [`Ring::plan`](super::Ring::plan).
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
/// assert!(plan.flows().iter().all(|flow| flow.to == Some(3)));
/// assert!((0.15..0.35).contains(&plan.moved_fraction()));
/// // A key moves if and only if the plan says so.
/// let hash = tenfold::hash::StableHash::bytes(b"user:42");
/// assert_eq!(plan.changes(hash), old.locate_hash(hash) != new.locate_hash(hash));
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    flows: Vec<Flow>,
    moved: f64,
    detail: Detail,
}

#[derive(Clone, Debug, PartialEq)]
enum Detail {
    Ranges(Vec<RangeMove>),
    /// Owners of the buckets, old and new, numbered across both rings.
    Jump(Vec<Identity>, Vec<Identity>),
}

/// How much goes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Flow {
    /// Index of the giving node in the old ring.
    pub from: Option<usize>,
    /// Index of the receiving node in the new ring.
    pub to: Option<usize>,
    /// The part of the hash space, 0 to 1.
    pub fraction: f64,
}

/// A range of hashes that goes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RangeMove {
    /// The first hash of the range.
    pub first: u64,
    /// The last hash of the range.
    pub last: u64,
    /// Index of the giving node in the old ring.
    pub from: Option<usize>,
    /// Index of the receiving node in the new ring.
    pub to: Option<usize>,
}

impl Plan {
    /// The part of the hash space whose owner changes, 0 to 1: exact but for the rounding of a sum of floating-point numbers.
    ///
    /// For [`Jump`](super::Jump) it is the part of all keys in expectation, since its hash space has no ranges.
    #[must_use]
    pub const fn moved_fraction(&self) -> f64 {
        self.moved
    }

    /// Who gives how much to whom, in ascending order of `from` and `to`.
    #[must_use]
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The ranges that move, in ascending order; `None` for [`Jump`](super::Jump), whose keys move one by one.
    #[must_use]
    pub fn ranges(&self) -> Option<&[RangeMove]> {
        match &self.detail {
            Detail::Ranges(ranges) => Some(ranges),
            Detail::Jump(..) => None,
        }
    }

    /// Whether the owner of this hash changes.
    #[must_use]
    pub fn changes(&self, hash: u64) -> bool {
        match &self.detail {
            Detail::Ranges(ranges) => {
                let index = ranges.partition_point(|range| range.last < hash);
                ranges.get(index).is_some_and(|range| range.first <= hash)
            }
            Detail::Jump(old, new) => owner_in(old, hash) != owner_in(new, hash),
        }
    }

    /// Whether nothing moves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }
}

/// A node in both rings: its id, and its index in each.
type Identity = (u64, usize);

fn owner_in(buckets: &[Identity], hash: u64) -> Option<u64> {
    if buckets.is_empty() {
        return None;
    }
    buckets.get(bucket(hash, buckets.len())).map(|(id, _)| *id)
}

pub(super) fn between<A: Table, B: Table>(
    old: (&A, &[Member]),
    new: (&B, &[Member]),
) -> Result<Plan, Error> {
    let identity =
        |members: &[Member], index: usize| members.get(index).map(|member| (member.id, index));
    match (old.0.layout(), new.0.layout()) {
        (Layout::Ranges(before), Layout::Ranges(after)) => Ok(between_ranges(
            before.map(|(last, owner)| (last, identity(old.1, owner))),
            after.map(|(last, owner)| (last, identity(new.1, owner))),
        )),
        (Layout::Jump(before), Layout::Jump(after)) => Ok(between_jumps(
            before
                .iter()
                .filter_map(|owner| identity(old.1, *owner as usize))
                .collect(),
            after
                .iter()
                .filter_map(|owner| identity(new.1, *owner as usize))
                .collect(),
        )),
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
    let mut hashes = BTreeMap::<_, u128>::new();
    for range in &ranges {
        *hashes.entry((range.from, range.to)).or_default() +=
            u128::from(range.last - range.first) + 1;
    }
    let moved = hashes.values().sum::<u128>() as f64 / ALL_HASHES;
    let flow = |((from, to), hashes)| Flow {
        from,
        to,
        fraction: hashes as f64 / ALL_HASHES,
    };
    Plan {
        flows: hashes.into_iter().map(flow).collect(),
        moved,
        detail: Detail::Ranges(ranges),
    }
}

/// With `n` old and `m` new buckets, `n <= m`: a key in old bucket `b` stays in bucket `b` with probability `n / m` and is in
/// each of the buckets `n..m` with probability `1 / m`. So `(b, b)` has probability `1 / m`, and `(b, c)` with `c` in `n..m`
/// has `1 / (n m)`. The other way round it is the same with the roles exchanged.
fn between_jumps(old: Vec<Identity>, new: Vec<Identity>) -> Plan {
    let mut weights = BTreeMap::<(Option<usize>, Option<usize>), f64>::new();
    let mut add = |from: Option<Identity>, to: Option<Identity>, probability: f64| {
        if from.map(|(id, _)| id) != to.map(|(id, _)| id) {
            *weights
                .entry((from.map(|(_, index)| index), to.map(|(_, index)| index)))
                .or_default() += probability;
        }
    };
    let (n, m) = (old.len(), new.len());
    if n == 0 || m == 0 {
        let one = 1.0 / n.max(m).max(1) as f64;
        old.iter().for_each(|from| add(Some(*from), None, one));
        new.iter().for_each(|to| add(None, Some(*to), one));
    } else {
        let common = n.min(m);
        let longer = n.max(m) as f64;
        for (from, to) in old.iter().zip(&new) {
            add(Some(*from), Some(*to), 1.0 / longer);
        }
        let pair = 1.0 / (common as f64 * longer);
        let (shared_old, extra_old) = tally(&old, common);
        let (shared_new, extra_new) = tally(&new, common);
        for (from, from_buckets) in &shared_old {
            for (to, to_buckets) in &extra_new {
                add(Some(*from), Some(*to), pair * from_buckets * to_buckets);
            }
        }
        for (from, from_buckets) in &extra_old {
            for (to, to_buckets) in &shared_new {
                add(Some(*from), Some(*to), pair * from_buckets * to_buckets);
            }
        }
    }
    let flow = |((from, to), fraction)| Flow { from, to, fraction };
    let flows: Vec<Flow> = weights.into_iter().map(flow).collect();
    let moved = flows.iter().map(|flow| flow.fraction).sum();
    Plan {
        flows,
        moved,
        detail: Detail::Jump(old, new),
    }
}

/// Buckets per node, among the first `common` ones and among the rest.
fn tally(
    buckets: &[Identity],
    common: usize,
) -> (BTreeMap<Identity, f64>, BTreeMap<Identity, f64>) {
    let mut counts = (BTreeMap::new(), BTreeMap::new());
    for (index, node) in buckets.iter().enumerate() {
        let side = if index < common {
            &mut counts.0
        } else {
            &mut counts.1
        };
        *side.entry(*node).or_insert(0.0) += 1.0;
    }
    counts
}
