//! What must be copied when a node joins and another leaves: in total, and range by range for two copies of everything.

use tenfold::hash::StableKey;
use tenfold::ring::Ring;

use super::keys;
use crate::problem::Problem;

pub(super) fn show(nodes: u32) -> Result<String, Problem> {
    let old = Ring::new(1..=nodes)?;
    let leaving = nodes / 2 + 1;
    let new = old.with(nodes + 1)?.without(&leaving)?;

    let plan = old.plan(&new)?;
    for hash in keys().map(|key| key.stable_hash()) {
        if plan.changes(hash) != (old.locate_hash(hash) != new.locate_hash(hash)) {
            return Err(Problem::promise("a plan", "it is not what the rings do"));
        }
    }
    let mut text = format!(
        "\nNode {} joins and node {leaving} leaves: {:.1} % of all hashes change their owner. The largest flows:\n",
        nodes + 1,
        100.0 * plan.moved_fraction()
    );
    let mut flows: Vec<_> = plan.flows().collect();
    flows.sort_by(|one, other| other.fraction.total_cmp(&one.fraction));
    for flow in flows.iter().take(3) {
        // Indices count the nodes of the ring they belong to.
        let from = flow.from.and_then(|index| old.node(index));
        let to = flow.to.and_then(|index| new.node(index));
        if let (Some(from), Some(to)) = (from, to) {
            let percent = 100.0 * flow.fraction;
            text += &format!("  {percent:5.2} % from node {from} to node {to}\n");
        }
    }

    // One by one, in ascending order: nothing is collected, so this works for rings of any size.
    let (mut owners, mut copies) = (0, 0);
    for range in old.moves(&new, 2)? {
        *if range.role == 0 {
            &mut owners
        } else {
            &mut copies
        } += 1;
    }
    text += &format!(
        "With two copies of each key, {owners} ranges get a new first copy and {copies} a new second one.\n"
    );
    Ok(text)
}
