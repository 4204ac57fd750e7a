//! Several limits as one.

mod builder;
mod handle;

pub use builder::AllBuilder;
pub use handle::All;
