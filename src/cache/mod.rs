//! Caches: what is kept in this process's memory, for how long, and who loads what is missing.
//!
//! The [guide](crate::guide::cache) begins with the problem. A [`MemoryCache`] is read without a lock and holds so many entries, or so much
//! weight, as one bound for the whole. What goes when it is full is decided by a policy that adapts; what goes when it is old, by times of the cache
//! or of an entry. Whoever misses may [load](#loading), once for all who ask.
//!
//! ```
//! use std::time::Duration;
//! use tenfold::cache::MemoryCache;
//!
//! let users: MemoryCache<u64, String> = MemoryCache::builder()
//!     .capacity(10_000)
//!     .time_to_live(Duration::from_secs(60))
//!     .build()?;
//!
//! let name = users.get_or_load(&7, |id| format!("user {id}")); // however many ask: one load
//! assert_eq!(users.get(&7), Some(name));
//! # Ok::<(), tenfold::cache::Error>(())
//! ```
//!
//! # What there is
//!
//! | type | what it is |
//! |---|---|
//! | [`MemoryCache`] | the cache: a handle, whose clones are handles to the same one |
//! | [`Builder`], [`Config`], [`LoadConfig`] | its settings: by methods, or as data |
//! | [`Cache`] | what code asks for that only uses a cache; object-safe |
//! | [`Ref`] | an entry that is kept while somebody holds it |
//! | [`EvictionPolicy`] | what goes when the cache is full |
//! | [`Ttl`], [`Written`], [`InsertOptions`] | for how long an entry is served, and what else is different about it |
//! | [`RemovalCause`] | why an entry went: what a listener is told |
//! | [`LoadError`], [`Lookup`], [`LoadToken`], [`Stale`] | how loads end, and who loads by itself |
//! | [`GetOrLoad`], [`TryGetOrLoad`], [`GetOrLoadMany`], [`TryGetOrLoadMany`], [`Loaded`] | loads as futures, and what they may bring |
//! | [`Compute`], [`Computed`] | changes of a value by what it is |
//! | [`Iter`], [`EntryInfo`] | walks, and what is known of an entry |
//! | [`Snapshot`], [`SnapshotEntry`], [`Restored`] | a cache as data, for a warm start |
//! | [`Upkeep`] | who sees to it that expired entries go |
//! | [`Stats`] | what it has done, and holds |
//!
//! # When to use what
//!
//! | you have | take | a call costs |
//! |---|---|---|
//! | a value that is cheap to clone | [`get`](MemoryCache::get) | no lock, no write to memory that all threads share once the entry is marked as used, the clone |
//! | a key that everybody wants | [`read`](MemoryCache::read) | the same without the clone |
//! | a value to keep across other work | [`get_ref`](MemoryCache::get_ref) | a record that announces it |
//! | a source that is slow | [`get_or_load`](MemoryCache::get_or_load) and its forms | as `get` if it is there, else one load for all |
//! | the same, and each entry's tags, weight or time come from it | [`get_or_load_with`](MemoryCache::get_or_load_with) and its forms | the same |
//! | a source that no closure reaches | [`get_or_token`](MemoryCache::get_or_token), [`fill`](MemoryCache::fill) | as `get`, or the lock of the key's shard |
//! | a new value | [`insert`](MemoryCache::insert), [`insert_with`](MemoryCache::insert_with) | the lock of the key's shard, a bounded number of steps of the policy; while the cache fills, now and then a larger table |
//! | a value that depends on the old one | [`compute`](MemoryCache::compute), [`replace_if`](MemoryCache::replace_if) | the same, and the closure, again if somebody was faster |
//! | many entries that became invalid | [`invalidate_tag`](MemoryCache::invalidate_tag), [`invalidate_all`](MemoryCache::invalidate_all) | not more for many entries than for few |
//!
//! # Laws
//!
//! * **(A) The capacity holds.** When a call has returned that stores something, entries weigh no more than the capacity, all shards together;
//!   one entry may take all of it. Those of weight zero are pinned, and count nothing.
//! * **(B) Time holds.** No value is served later than its deadline, exactly; on the process's clock, later by no more than a tick of 4 ms and what
//!   the housekeeper is late. The upkeep removes entries, and does not decide what is served.
//! * **(C) Reads wait for nobody**, but while a table is being replaced, and then only if they have found nothing.
//! * **(D) What was removed stays removed.** A read that begins after `remove`, `insert` or an invalidation has returned does not see
//!   what was there before, in any thread.
//! * **(E) No code of yours runs under a lock**: loaders, closures, weighers, listeners, clones and destructors. The comparison of keys is the
//!   exception; it must not use the cache.
//!
//! # Loading
//!
//! For all of the `get_or_load` family, threads and tasks alike:
//!
//! * **One load** for all callers of a key that ask while it is under way. They get clones of its value, or share its error in an
//!   [`Arc`](std::sync::Arc); an error is not stored.
//! * **Nothing comes back.** A load that began before a change of its key (whatever stores, removes or invalidates) is not stored, and not
//!   given to callers that come after it. Those that waited already get it. A token is the same without a load. So it is for a
//!   [tag](MemoryCache::invalidate_tag) that the value turns out to have.
//! * **The lead is handed on**, to exactly one that waits, if the loader panics, if its future is dropped, or if it is ready to go on and not
//!   polled for the [patience](Builder::load_patience). Who takes over runs its own loader.
//! * **Nobody waits for itself.** A loader that asks for its own key, also by way of other keys, gets [`LoadError::Recursive`]; the forms
//!   that can't fail call the inner loader instead. That is known on the thread, or in the task, that loads; not of work that a loader gives to
//!   another one and waits for.
//! * **Everything is bounded**: [callers of a load](Builder::max_waiters), [loads](Builder::max_loads), tokens, absences.
//! * **Old values**, if [asked for](Builder::refresh_after_write): while one caller reloads, all others are served what is there; a reload that
//!   fails changes nothing.
//!
//! # When not to use this
//!
//! * For what fits into memory and rarely changes: a `HashMap`, or a [`Snapshot`](crate::snapshot::Snapshot) of one, has nothing to evict.
//! * For answers that are asked for once, or that must be right at this very moment: ask the source.
//! * For what must not be lost: anything may be evicted at any time.
//! * For several processes that must see the same: each has its own cache, and hears of nobody else's changes.

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
