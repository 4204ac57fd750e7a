//! What changes hands between two rings: by ranges of hashes, or bucket by bucket.

mod exact;
mod flow;
mod jump;

pub use exact::Plan;
pub use flow::{Flow, RangeMove};

pub(super) use exact::between;
