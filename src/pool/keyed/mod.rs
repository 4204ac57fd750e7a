//! A pool per key, and one budget of connections for all of them.

mod acquire;
mod budget;
mod builder;
mod core;
mod handle;
mod ledger;
mod reap;
mod stats;
mod table;
mod tenant;

pub use acquire::{AcquireKeyed, DrainKeyed};
pub use builder::{KeyedBuilder, KeyedConfig};
pub use handle::KeyedPool;
pub use stats::{KeyedStats, KeyedStatus};
