//! What changes hands between two rings: by ranges of hashes, or bucket by bucket.

mod flow;
mod handle;
mod jump;
mod moves;

pub use flow::{Flow, RangeMove};
pub use handle::Plan;
pub use moves::Moves;
