//! AnchorHash: any node may leave, in constant time and without a table of points.

mod buckets;
mod recipe;

pub use recipe::{Anchor, AnchorTable};
