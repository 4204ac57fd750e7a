//! Where entries are: read without a lock, changed under one.

mod arena;
mod hash;
mod table;

pub(crate) use arena::{Arena, Entry, Garbage, Header, NoPlace, Owner};
pub(crate) use hash::Hash;
