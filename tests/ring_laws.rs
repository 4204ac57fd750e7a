//! The laws of placements: what each promises, that it keeps it, and that it breaks what it doesn't promise; models written
//! from the definitions; bounded loads; balance; frozen values; and what can't be or hardly can.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use proptest::prelude::*;
use tenfold::ring::{Placement, Ring};

#[path = "support/laws/balance.rs"]
mod balance;
#[path = "support/laws/bounded.rs"]
mod bounded;
#[path = "support/laws/definitions.rs"]
mod definitions;
#[path = "support/laws/degenerate.rs"]
mod degenerate;
#[path = "support/laws/effort.rs"]
mod effort;
#[path = "support/model/placements.rs"]
mod naive;
#[path = "support/laws/promises.rs"]
mod promises;
#[path = "support/laws/scripts.rs"]
mod scripts;
#[path = "support/laws/views.rs"]
mod views;
#[path = "support/laws/weaknesses.rs"]
mod weaknesses;

/// Nodes are numbers, with a weight for each.
type Nodes = Vec<(u32, u32)>;

fn built<P: Placement>(
    nodes: &[(u32, u32)],
    placement: P,
) -> Result<Ring<u32, P>, tenfold::ring::Error> {
    let mut builder = Ring::builder().placement(placement);
    for (node, weight) in nodes {
        builder = builder.weighted(*node, *weight);
    }
    builder.build()
}

fn ring_of<P: Placement>(nodes: &[(u32, u32)], placement: P) -> Ring<u32, P> {
    built(nodes, placement).unwrap()
}

/// The nodes of a ring and their weights, in its order.
fn list_of<P: Placement>(ring: &Ring<u32, P>) -> Nodes {
    ring.nodes().map(|(node, weight)| (*node, weight)).collect()
}

fn replicas<P: Placement>(ring: &Ring<u32, P>, hash: u64, n: usize) -> Vec<u32> {
    ring.replicas_hash(hash, n).copied().collect()
}

fn owner<P: Placement>(ring: &Ring<u32, P>, hash: u64) -> Option<u32> {
    ring.locate_hash(hash).copied()
}

/// Hashes at the edges and anywhere.
fn hashes() -> impl Strategy<Value = Vec<u64>> {
    let edge = prop_oneof![
        1 => Just(0),
        1 => Just(1),
        1 => Just(u64::MAX),
        1 => Just(u64::MAX - 1),
        1 => Just(1 << 63),
        1 => Just((1 << 63) - 1),
        10 => any::<u64>()
    ];
    prop::collection::vec(edge, 1..40)
}

/// No more cases than this, and fewer if so configured.
fn cases(most: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases.min(most),
        ..config
    }
}
