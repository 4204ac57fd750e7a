//! Token buckets per key, in fixed memory.

mod builder;
mod core;
mod handle;
mod intent;
mod keys;
mod meters;
mod overflow;
mod set;
mod stats;
mod table;
mod tag;
mod view;

pub use builder::{KeyedBuilder, KeyedConfig};
pub use handle::Keyed;
pub use overflow::Overflow;
pub use stats::KeyedStats;
