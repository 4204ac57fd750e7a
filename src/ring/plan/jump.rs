//! What changes hands between two rings of jump consistent hashing.
//!
//! With `n` old and `m` new buckets, `n <= m`: a key in old bucket `b` stays in bucket `b` with probability `n / m` and is in
//! each of the buckets `n..m` with probability `1 / m`. So the pair `(b, b)` has probability `1 / m`, and `(b, c)` with `c` in
//! `n..m` has `1 / (n m)`. The other way round it is the same with the roles exchanged. In units of `1 / (n m)` all of these
//! are whole numbers.

use std::collections::BTreeMap;

use super::flow::{Flow, Identity, RangeMove};
use crate::ring::placement::{Jump, Member};

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct JumpPlan {
    /// Owners of the buckets.
    old: Vec<Identity>,
    new: Vec<Identity>,
}

type Tally = BTreeMap<Identity, u128>;

impl JumpPlan {
    /// The plan between two lists of buckets, each with the members that own them.
    pub(super) fn new(old: (&[u32], &[Member]), new: (&[u32], &[Member])) -> Self {
        let owners = |(buckets, members): (&[u32], &[Member])| -> Vec<Identity> {
            let identity = |owner: &u32| {
                let index = *owner as usize;
                Some((members.get(index)?.id, index))
            };
            buckets.iter().filter_map(identity).collect()
        };
        Self {
            old: owners(old),
            new: owners(new),
        }
    }

    pub(super) fn move_of(&self, hash: u64) -> Option<RangeMove> {
        let owner = |buckets: &[Identity]| buckets.get(Jump::bucket(hash, buckets.len())).copied();
        let (from, to) = (owner(&self.old), owner(&self.new));
        let moves = from.map(|(id, _)| id) != to.map(|(id, _)| id);
        moves.then_some(RangeMove {
            first: hash,
            last: hash,
            from: from.map(|(_, index)| index),
            to: to.map(|(_, index)| index),
            role: 0,
        })
    }

    /// Buckets that both rings have.
    fn common(&self) -> usize {
        self.old.len().min(self.new.len())
    }

    /// The whole, in units of the fractions below.
    fn unit(&self) -> f64 {
        self.common().max(1) as f64 * self.old.len().max(self.new.len()).max(1) as f64
    }

    pub(super) fn moved_fraction(&self) -> f64 {
        if self.common() == 0 {
            return if self.old.len() == self.new.len() {
                0.0
            } else {
                1.0
            };
        }
        let common = self.common() as u128;
        let straight = self
            .old
            .iter()
            .zip(&self.new)
            .filter(|(from, to)| from.0 != to.0)
            .count() as u128;
        let (shared_old, extra_old) = tally(&self.old, self.common());
        let (shared_new, extra_new) = tally(&self.new, self.common());
        let across = pairs_of_two(&shared_old, &extra_new) + pairs_of_two(&extra_old, &shared_new);
        (straight * common + across) as f64 / self.unit()
    }

    /// All flows, in ascending order of the giving and the receiving node.
    pub(super) fn flows(&self) -> impl Iterator<Item = Flow> + '_ {
        let common = self.common();
        let (shared_old, extra_old) = tally(&self.old, common);
        let (shared_new, extra_new) = tally(&self.new, common);
        // Who meets whom in a bucket of one number.
        let mut met = BTreeMap::<usize, Vec<Identity>>::new();
        for (from, to) in self.old.iter().zip(&self.new) {
            met.entry(from.1).or_default().push(*to);
        }
        let mut giving: Vec<Identity> =
            shared_old.keys().chain(extra_old.keys()).copied().collect();
        giving.sort_unstable_by_key(|(_, index)| *index);
        giving.dedup();
        let from_nobody = if self.old.is_empty() {
            tally(&self.new, self.new.len()).0
        } else {
            Tally::new()
        };
        let nobody = by_index(from_nobody).map(|(to, buckets)| (None, Some(to), buckets));
        let somebody = giving.into_iter().flat_map(move |from| {
            let mut received = Tally::new();
            let own_shared = shared_old.get(&from).copied().unwrap_or(0);
            let own_extra = extra_old.get(&from).copied().unwrap_or(0);
            let mut add = |to: Identity, amount: u128| {
                if to.0 != from.0 && amount > 0 {
                    *received.entry(to).or_default() += amount;
                }
            };
            met.get(&from.1)
                .into_iter()
                .flatten()
                .for_each(|to| add(*to, common as u128));
            extra_new
                .iter()
                .for_each(|(to, buckets)| add(*to, own_shared * buckets));
            shared_new
                .iter()
                .for_each(|(to, buckets)| add(*to, own_extra * buckets));
            let to_nobody = (common == 0).then_some((Some(from.1), None, own_extra));
            by_index(received)
                .map(move |(to, amount)| (Some(from.1), Some(to), amount))
                .chain(to_nobody)
        });
        let unit = self.unit();
        nobody.chain(somebody).map(move |(from, to, amount)| Flow {
            from,
            to,
            fraction: amount as f64 / unit,
        })
    }
}

/// In the order of indices, which is not that of ids.
fn by_index(tally: Tally) -> impl Iterator<Item = (usize, u128)> {
    let mut nodes: Vec<(usize, u128)> = tally
        .into_iter()
        .map(|((_, index), amount)| (index, amount))
        .collect();
    nodes.sort_unstable();
    nodes.into_iter()
}

/// Pairs of a bucket of the one and a bucket of the other side that belong to different nodes.
fn pairs_of_two(one: &Tally, other: &Tally) -> u128 {
    let total = |tally: &Tally| tally.values().sum::<u128>();
    let by_id: BTreeMap<u64, u128> = other
        .iter()
        .map(|((id, _), buckets)| (*id, *buckets))
        .collect();
    let same = one
        .iter()
        .map(|((id, _), buckets)| buckets * by_id.get(id).copied().unwrap_or(0));
    total(one) * total(other) - same.sum::<u128>()
}

/// Buckets per node, among the first `common` ones and among the rest.
fn tally(buckets: &[Identity], common: usize) -> (Tally, Tally) {
    let mut counts = (Tally::new(), Tally::new());
    for (index, node) in buckets.iter().enumerate() {
        let side = if index < common {
            &mut counts.0
        } else {
            &mut counts.1
        };
        *side.entry(*node).or_default() += 1;
    }
    counts
}
