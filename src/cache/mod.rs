//! Caches.
#![allow(dead_code)]

mod aftermath;
mod budget;
mod builder;
mod cause;
mod config;
mod core;
mod entry;
mod error;
mod flights;
mod memory;
mod meters;
mod policy;
mod role;
mod shard;
mod state;
mod stats;
mod store;

pub use builder::Builder;
pub use cause::RemovalCause;
pub use config::Config;
pub use entry::Ref;
pub use error::Error;
pub use memory::MemoryCache;
pub use policy::EvictionPolicy;
pub use role::Cache;
pub use stats::Stats;
