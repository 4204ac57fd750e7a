//! Caches.
#![allow(missing_docs, dead_code, unused)]
mod memory;
mod policy;
mod shard;
mod store;
pub use memory::MemoryCache;
