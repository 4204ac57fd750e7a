//! The policy that asks backends ahead how they are.

mod pool;
mod probe;
mod rule;

pub use probe::{Probe, Reply, Unprobed};
pub use rule::{ProbePlan, Probing};
