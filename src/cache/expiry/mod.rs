//! When entries expire, and who notices.
//!
//! Each entry that may expire has its deadline beside it, in the table, and a read looks at that: nothing else decides whether a value is
//! served. Everything here is about taking such entries out and telling of it: an [`Index`] per shard finds those that are due, under the
//! shard's lock, a few with each insertion and the rest by the [upkeep](super::upkeep).
//!
//! The deadlines of a shard are in a column of their own, which a read would have to fetch. It need not while nothing in the shard is due: the
//! shard's earliest deadline is a word beside its table (`Arena::first_due`), which a read compares with the tick after it has found its entry,
//! and which has to be what it was before: otherwise an entry may have come that was due already, or gone that was.
//!
//! # The time
//!
//! A read of real time compares the deadline with the [coarse tick](crate::kernel::clock::coarse) of the process, a load, and reads the clock
//! only to confirm that it is over. On any other clock it reads that clock, and is exact. Deadlines are made from the clock itself.
//!
//! # Deadlines that readers put off
//!
//! A reader that puts a deadline off (time to idle) stores the new one beside the entry, which it has announced, so the slot is still that
//! entry's. The index is not told: it comes upon the entry at the old deadline and files it anew. Two readers may store at a time, and one
//! store be lost, which is a tick's worth. Nobody stores a deadline beyond the entry's limit, nor changes by a plain store whether an entry
//! expires at all, nor moves a deadline forward: that takes the lock.

mod age;
mod due;
mod fresh;
mod index;
mod rules;
mod tend;
mod terms;
mod touch;
mod ttl;

pub(super) use age::{Age, served_until};
pub(super) use due::Batch;
pub(super) use index::Index;
pub(super) use rules::{OnRead, OnWrite, Rules};
pub use ttl::{Ttl, Written};
