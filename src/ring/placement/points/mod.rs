//! Sorted points on a circle, and a guide to where a search begins.

mod circle;
mod guide;
mod sort;
mod table;

pub use table::CircleTable;

pub(super) use circle::{Circle, Wide, owner, point};
pub(super) use sort::sorted_words;
