//! What can be done with a cache beyond getting and inserting: an operation, or a few that belong together, in each file.

mod clear;
mod compute;
mod conditional;
#[cfg(test)]
mod fence_tests;
mod introspect;
mod iterate;
mod snapshot;
mod store_if;
mod tagged;

pub use compute::{Compute, Computed};
pub use introspect::EntryInfo;
pub use iterate::Iter;
pub(super) use snapshot::VERSION;
pub use snapshot::{Restored, Snapshot, SnapshotEntry};
