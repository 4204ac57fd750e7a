//! Caches.
//!
//! # Loading
//!
//! [`get_or_load`](MemoryCache::get_or_load) and its kin return what is cached or load it. What holds for all of them:
//!
//! * **One load** per key, for any number of callers, threads and tasks alike. Those that wait get a clone of its value or share its
//!   error. Nothing is stored if it fails.
//! * **Nothing stale comes back.** A load that began before [`insert`](MemoryCache::insert), [`remove`](MemoryCache::remove) or an
//!   invalidation of its key returned is never stored, and never served to a caller that comes after that. Who waited for it before
//!   gets its value.
//! * **No caller is left behind.** If the one that loads panics, is dropped, or is ready to go on and not polled, exactly one of those
//!   that wait loads instead.
//! * **No deadlock.** A loader that asks for what it is about to load itself, directly or by way of other keys, is told so. That is known
//!   on the thread, or in the task, that loads; not of work that a loader gives away to another one and waits for.
//! * **Nothing is held** while a loader, a clone, a destructor or a weigher runs. They may use the cache.
//!
//! Keys are given by reference, in any borrowed form, and are cloned only for a load; so a hit allocates nothing. Loaders that block are
//! closures, those that don't are futures.

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
mod expiry;
mod flights;
mod load;
mod log;
mod memory;
mod meters;
#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod model_tests;
mod ops;
mod options;
mod policy;
mod role;
mod shard;
mod state;
mod stats;
mod store;
mod tags;
mod upkeep;

pub use builder::Builder;
pub use cause::RemovalCause;
pub use config::Config;
pub use entry::Ref;
pub use error::Error;
pub use expiry::{Ttl, Written};
pub use load::{
    GetOrLoad, GetOrLoadMany, LoadConfig, LoadError, LoadToken, Loaded, Lookup, Stale,
    TryGetOrLoad, TryGetOrLoadMany,
};
pub use memory::MemoryCache;
pub use ops::{Compute, Computed, EntryInfo, Iter, Restored, Snapshot, SnapshotEntry};
pub use options::InsertOptions;
pub use policy::EvictionPolicy;
pub use role::Cache;
pub use stats::Stats;
#[cfg(tenfold_loom)]
#[doc(hidden)]
pub use store::{Kept, Rack};
pub use upkeep::Upkeep;
