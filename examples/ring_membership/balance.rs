//! How even a ring is.

use tenfold::ring::{Placement, Ring};

/// Shares of the nodes with weight, each as a multiple of what its weight entitles it to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Balance {
    pub(crate) min: f64,
    pub(crate) mean: f64,
    pub(crate) max: f64,
}

impl Balance {
    /// By what the ring tells of itself, or by who owns these keys if it does not tell.
    pub(crate) fn of<P: Placement>(ring: &Ring<u32, P>, owners: &[u32]) -> Self {
        let shares: Vec<f64> = match ring.shares() {
            Some(shares) => shares.map(|(_, share)| share).collect(),
            None => counted(ring, owners),
        };
        let weights: f64 = ring.nodes().map(|(_, weight)| f64::from(weight)).sum();
        let relative: Vec<f64> = ring
            .nodes()
            .zip(shares)
            .filter(|((_, weight), _)| *weight > 0)
            .map(|((_, weight), share)| share * weights / f64::from(weight))
            .collect();
        Self {
            min: relative.iter().copied().fold(f64::INFINITY, f64::min),
            mean: relative.iter().sum::<f64>() / relative.len() as f64,
            max: relative.iter().copied().fold(0.0, f64::max),
        }
    }
}

fn counted<P: Placement>(ring: &Ring<u32, P>, owners: &[u32]) -> Vec<f64> {
    let mut keys = owners.to_vec();
    keys.sort_unstable();
    let upto = |node: u32| keys.partition_point(|owner| *owner <= node);
    let own = |node: u32| upto(node) - upto(node.saturating_sub(1));
    ring.nodes()
        .map(|(node, _)| own(*node) as f64 / owners.len() as f64)
        .collect()
}
