//! Checks of a changing set of targets.

mod book;
mod builder;
mod core;
mod handle;
mod roster;
mod runner;
mod target;
mod task;

pub use builder::{Builder, Upkeep};
pub use handle::Monitor;
pub use task::CheckTask;
