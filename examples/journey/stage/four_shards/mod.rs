//! Four databases instead of one, and a fifth that joins while requests go on.
//!
//! A [`Ring`] says which shard keeps the profile of which user. While rows move there are two rings, and [`slots`] says
//! which one holds for which user; [`migration`] moves the rows; [`census`] checks every row afterwards.
//!
//! What this buys is room. All shards of this program share one machine, so its figures show what sharding costs there,
//! and what a move costs the requests that go on meanwhile; speed follows when each shard has a machine of its own.

mod census;
mod connections;
mod migration;
mod service;
mod slots;

pub(crate) use census::Resharding;
pub(super) use service::FourShards;

/// A shard is known by its name, on the ring and as a file.
type Shard = &'static str;
