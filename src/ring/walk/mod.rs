//! Walks through the nodes of one key, in order of preference.

mod distinct;
mod replicas;
mod zones;

pub use replicas::Replicas;
pub use zones::ReplicasBy;

pub(super) use distinct::Distinct;
