//! What else a ring can do, a few lines each.

mod leases;
mod plan;
mod zones;

use crate::problem::Problem;

pub(crate) fn all(nodes: u32) -> Result<String, Problem> {
    Ok([
        plan::show(nodes)?,
        zones::show(nodes)?,
        leases::show(nodes)?,
    ]
    .concat())
}

/// Keys for a look at something.
fn keys() -> impl ExactSizeIterator<Item = String> {
    (0..10_000_u16).map(|key| format!("user:{key}"))
}
