//! Sorted points on a circle, and a guide to where a search begins.

mod circle;
mod guide;
mod sort;

pub(super) use circle::{Circle, MAX_OWNERS, Wide, owner, point};
pub(super) use sort::sorted_words;
