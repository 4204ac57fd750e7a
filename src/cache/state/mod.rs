//! What a shard does under its lock.
//!
//! # Invariants
//!
//! * `used` is the sum of the weights of linked entries, and at most `quota` when the lock is released.
//! * The policy holds exactly the linked entries whose weight is not zero.
//! * No user code but the comparison of keys runs here: what is to be dropped or told goes into the [`Aftermath`].

mod base;
mod evict;
mod insert;
mod resize;

pub(crate) use base::{NoRoom, Pair, State, Terms, litter_of};
