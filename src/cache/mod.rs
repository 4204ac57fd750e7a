//! Caches.
#![allow(dead_code, reason = "parts of it are still to be connected")]

mod aftermath;
mod budget;
mod builder;
mod cause;
#[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
mod check;
mod config;
mod core;
mod entry;
mod error;
mod flights;
mod memory;
mod meters;
mod ops;
mod options;
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod model_tests;
mod policy;
mod role;
mod shard;
mod state;
mod stats;
mod store;
mod tags;

pub use builder::Builder;
pub use cause::RemovalCause;
pub use config::Config;
pub use entry::Ref;
pub use error::Error;
pub use memory::MemoryCache;
pub use ops::{Compute, Computed, EntryInfo, Iter, Restored, Snapshot, SnapshotEntry};
pub use options::InsertOptions;
pub use policy::EvictionPolicy;
pub use role::Cache;
pub use stats::Stats;
