//! A key so hot that its owner alone could not bear it.

use tenfold::ring::{Bounded, Lease, Ring};

use crate::problem::Problem;

const FACTOR: f64 = 1.25;
const LEASES_PER_NODE: u32 = 100;

pub(super) fn show(nodes: u32) -> Result<String, Problem> {
    let leases = nodes * LEASES_PER_NODE;
    let (hot, _) = fullest(nodes, |bounded| {
        (0..leases).filter_map(|_| bounded.lease("hot")).collect()
    })?;
    let (even, passed_on) = fullest(nodes, |bounded| {
        (0..leases).filter_map(|key| bounded.lease(&key)).collect()
    })?;
    Ok(format!(
        "
{leases} leases at a time, bounded by {FACTOR}: if all are for one key, the fullest node has {hot} of them; if all are for
different keys, it has {even}, and {:.1} % of the leases went to another node than the key's owner.
",
        100.0 * passed_on as f64 / f64::from(leases)
    ))
}

/// Leases of the node that has most, and how many went elsewhere than to the owner.
fn fullest(
    nodes: u32,
    take: impl FnOnce(&Bounded<u32>) -> Vec<Lease<u32>>,
) -> Result<(u64, u64), Problem> {
    let bounded = Bounded::new(Ring::new(1..=nodes)?, FACTOR)?;
    let leases = take(&bounded);
    let fullest = bounded.loads().iter().map(|(_, load)| *load).max();
    let fullest = fullest.unwrap_or_default();
    let passed_on = bounded.stats().overflows;
    let bound = (FACTOR * leases.len() as f64 / f64::from(nodes)).ceil();
    drop(leases);
    if fullest as f64 > bound || bounded.in_flight() != 0 {
        let finding = format!("a node had {fullest} leases, and {bound} is the bound");
        return Err(Problem::promise("Bounded", finding));
    }
    Ok((fullest, passed_on))
}
