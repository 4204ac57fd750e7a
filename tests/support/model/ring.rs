//! Placements computed from their definitions, with lists and scans.

use tenfold::hash::{StableHash, StableKey};

/// Nodes are numbers here; a weight belongs to each.
pub(crate) type Nodes = Vec<(u32, u32)>;

/// Candidates of a hash on the circle: the owners of all points, clockwise from the hash on.
pub(crate) fn native(nodes: &Nodes, points: u64, hash: u64) -> Vec<u32> {
    let mut circle = Vec::new();
    for (node, weight) in nodes {
        for j in 0..points * u64::from(*weight) {
            let position = StableHash::pair(node.stable_hash(), j) >> 24;
            circle.push((position, node.stable_hash(), *node));
        }
    }
    circle.sort_unstable();
    let (before, after): (Vec<_>, Vec<_>) = circle
        .into_iter()
        .partition(|(position, ..)| *position < hash >> 24);
    after
        .into_iter()
        .chain(before)
        .map(|(.., node)| node)
        .collect()
}

/// The whole table of the Maglev paper, with weights as turns.
pub(crate) fn maglev(nodes: &Nodes, size: u64) -> Vec<u32> {
    let mut nodes: Nodes = nodes
        .iter()
        .copied()
        .filter(|(_, weight)| *weight > 0)
        .collect();
    nodes.sort_by_key(|(node, _)| node.stable_hash());
    let Some(heaviest) = nodes.iter().map(|(_, weight)| u64::from(*weight)).max() else {
        return Vec::new();
    };
    let permutation = |node: u32| {
        let offset = StableHash::pair(node.stable_hash(), 0) % size;
        let step = StableHash::pair(node.stable_hash(), 1) % (size - 1).max(1) + 1;
        (0..size).map(move |j| (offset + j * step) % size)
    };
    let mut preferences: Vec<Vec<u64>> = nodes
        .iter()
        .map(|(node, _)| permutation(*node).collect())
        .collect();
    let mut table = vec![None; size as usize];
    for round in 1.. {
        for ((node, weight), preferred) in nodes.iter().zip(&mut preferences) {
            // Its turns so far are the rounds so far, scaled by its weight, and the fraction of a turn that it starts with.
            let start = u128::from(StableHash::pair(node.stable_hash(), 2) as u32);
            let turns = |rounds: u64| {
                let scaled = u128::from(rounds * u64::from(*weight)) << 32;
                (scaled + start * u128::from(heaviest)) / (u128::from(heaviest) << 32)
            };
            if turns(round) == turns(round - 1) {
                continue;
            }
            preferred.retain(|entry| table[*entry as usize].is_none());
            let Some(entry) = preferred.first() else {
                return table.into_iter().flatten().collect();
            };
            table[*entry as usize] = Some(*node);
        }
    }
    unreachable!("rounds do not end")
}

/// Jump consistent hashing in integers: the next jump is the first bucket that the drawn fraction allows.
pub(crate) fn jump(hash: u64, buckets: u64) -> u64 {
    let (mut state, mut bucket, mut next) = (hash, 0_u64, 0_u64);
    while next < buckets {
        bucket = next;
        state = state
            .wrapping_mul(2_862_933_555_777_941_757)
            .wrapping_add(1);
        next = (bucket + 1) * (1 << 31) / ((state >> 33) + 1);
    }
    bucket
}
