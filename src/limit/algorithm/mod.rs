//! The decisions, without locks, clocks and threads.

mod bucket;
mod fixed;
mod keep;
mod log;
mod meter;
mod rule;
mod sliding_counter;
mod together;
mod verdict;

pub(super) use bucket::Bucket;
pub(super) use fixed::Fixed;
pub use keep::Keep;
pub(super) use log::Log;
pub(super) use meter::{Meter, Step};
pub(super) use rule::{Rule, window_nanos};
pub(super) use sliding_counter::SlidingCounter;
pub(super) use together::{MOST as MOST_TOGETHER, Together};
