//! Placements computed from their definitions, with lists and scans. Nodes are numbers with weights.

use std::cmp::Ordering;
use std::collections::HashSet;

use tenfold::hash::{StableHash, StableKey};

type Nodes = [(u32, u32)];

/// Each node where it comes up first.
pub(crate) fn distinct(candidates: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut seen = HashSet::new();
    let is_new = |node: &u32| seen.insert(*node);
    candidates.into_iter().filter(is_new).collect()
}

/// Positions of 40 bits with their nodes, ascending; of two at one position the one with the smaller hash is first.
pub(crate) fn points(nodes: &Nodes, per_weight: u64) -> Vec<(u64, u32)> {
    let mut points = Vec::new();
    for (node, weight) in nodes {
        let id = node.stable_hash();
        for j in 0..per_weight * u64::from(*weight) {
            points.push((StableHash::pair(id, j) >> 24, id, *node));
        }
    }
    points.sort_unstable();
    points
        .into_iter()
        .map(|(position, _, node)| (position, node))
        .collect()
}

/// The owners of all points, clockwise from the hash on.
pub(crate) fn clockwise(nodes: &Nodes, per_weight: u64, hash: u64) -> Vec<u32> {
    let points = points(nodes, per_weight);
    let (before, after): (Vec<_>, Vec<_>) = points
        .into_iter()
        .partition(|(position, _)| *position < hash >> 24);
    after
        .into_iter()
        .chain(before)
        .map(|(_, node)| node)
        .collect()
}

/// Each node with weight and how long it takes, the fastest first.
pub(crate) fn rendezvous(nodes: &Nodes, hash: u64) -> Vec<(f64, u32)> {
    let draw = |node: &u32| StableHash::pair(hash, node.stable_hash());
    let uniform = |draw: u64| (draw as f64 + 1.0) / 2_f64.powi(64);
    let mut times: Vec<(f64, u32)> = nodes
        .iter()
        .filter(|(_, weight)| *weight > 0)
        .map(|(node, weight)| (-uniform(draw(node)).ln() / f64::from(*weight), *node))
        .collect();
    times.sort_by(|one, other| one.0.total_cmp(&other.0));
    times
}

/// All candidates of a hash: the points behind each probe, once around, the nearest first.
pub(crate) fn multi_probe(nodes: &Nodes, probes: u64, hash: u64) -> Vec<u32> {
    let step = StableHash::pair(hash, 0) | 1;
    let mut found = Vec::new();
    for probe in 0..probes {
        let place = hash.wrapping_add(step.wrapping_mul(probe));
        for (position, node) in points(nodes, 1) {
            let last = position << 24 | 0xFF_FFFF;
            found.push((last.wrapping_sub(place), probe, node));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(.., node)| node).collect()
}

/// AnchorHash as the paper has it: with the working buckets as they were behind each removal.
pub(crate) struct Anchor {
    capacity: usize,
    working: Vec<usize>,
    /// Removed buckets in their order, each with the buckets that worked when it was gone.
    removed: Vec<(usize, Vec<usize>)>,
    /// The node of each working bucket.
    owners: Vec<Option<u32>>,
}

impl Anchor {
    pub(crate) fn new(capacity: usize, nodes: &Nodes) -> Self {
        let mut anchor = Self {
            capacity,
            working: (0..capacity).collect(),
            removed: Vec::new(),
            owners: vec![None; capacity],
        };
        (0..capacity).rev().for_each(|bucket| anchor.remove(bucket));
        let mut nodes = nodes.to_vec();
        nodes.sort_by_key(|(node, _)| node.stable_hash());
        for (node, weight) in nodes {
            anchor.weigh(node, weight as usize);
        }
        anchor
    }

    fn remove(&mut self, bucket: usize) {
        let place = self
            .working
            .iter()
            .position(|working| *working == bucket)
            .unwrap();
        self.working.swap_remove(place);
        self.removed.push((bucket, self.working.clone()));
        self.owners[bucket] = None;
    }

    /// Brings back the bucket that was removed last, and with it the order there was.
    fn add(&mut self, node: u32) {
        let (bucket, _) = self.removed.pop().unwrap();
        self.working = match self.removed.last() {
            Some((_, left)) => left.clone(),
            None => (0..self.capacity).collect(),
        };
        self.owners[bucket] = Some(node);
    }

    /// Gives the node so many buckets.
    pub(crate) fn weigh(&mut self, node: u32, weight: usize) {
        loop {
            let of_node: Vec<usize> = (0..self.capacity)
                .filter(|bucket| self.owners[*bucket] == Some(node))
                .collect();
            match of_node.len().cmp(&weight) {
                Ordering::Less => self.add(node),
                Ordering::Equal => return,
                Ordering::Greater => self.remove(*of_node.last().unwrap()),
            }
        }
    }

    pub(crate) fn owner(&self, hash: u64) -> Option<u32> {
        if self.working.is_empty() {
            return None;
        }
        let mut bucket = below(hash, self.capacity);
        while let Some((_, left)) = self.removed.iter().find(|(removed, _)| *removed == bucket) {
            bucket = left[below(StableHash::pair(hash, bucket as u64), left.len())];
        }
        self.owners[bucket]
    }
}

fn below(hash: u64, bound: usize) -> usize {
    ((u128::from(hash) * bound as u128) >> 64) as usize
}

/// Slots for each node: all claims in order, and the first of them served. The `k`-th claim of a node of weight `w` is worth
/// `w² / (k (k - 1))`; of equals the smaller hash is first.
pub(crate) fn quotas(nodes: &Nodes, slots: u32) -> Vec<u32> {
    let mut claims = Vec::new();
    for (index, (node, weight)) in nodes
        .iter()
        .enumerate()
        .filter(|(_, (_, weight))| *weight > 0)
    {
        for k in 1..=u128::from(slots) {
            claims.push((
                u128::from(*weight) * u128::from(*weight),
                k * (k - 1),
                node.stable_hash(),
                index,
            ));
        }
    }
    claims.sort_by(|one, other| {
        let is_first = |claim: &(u128, u128, u64, usize)| claim.1 == 0;
        match (is_first(one), is_first(other)) {
            (true, true) => other.0.cmp(&one.0).then(one.2.cmp(&other.2)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => (other.0 * one.1)
                .cmp(&(one.0 * other.1))
                .then(one.2.cmp(&other.2)),
        }
    });
    let mut quotas = vec![0; nodes.len()];
    claims
        .iter()
        .take(slots as usize)
        .for_each(|claim| quotas[claim.3] += 1);
    quotas
}

/// The last hash of each of so many equal parts.
pub(crate) fn cuts(parts: u32) -> Vec<u64> {
    (1..=u128::from(parts))
        .map(|part| ((part << 64).div_ceil(u128::from(parts)) - 1) as u64)
        .collect()
}
