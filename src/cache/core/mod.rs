//! The mechanism of a cache: shards, the budget they share, and what is counted.
//!
//! Every operation hashes its key once, finds the shard, and either reads without a lock or changes the shard's [`State`] under it. What
//! the user's code has to do with a change (destructors, the listener) happens behind the lock: see [`Aftermath`].

mod base;
mod read;
mod whole;
mod write;

pub(crate) use base::{Core, Weigh};
