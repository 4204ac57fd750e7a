//! A fixed number of slots, dealt out by weight and moved as little as possible.

mod assign;
mod quota;
mod table;

pub use table::{SlotTable, SlotsTable};
