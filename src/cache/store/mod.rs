//! Where entries are: read without a lock, changed under one.

mod arena;
mod group;
mod hash;

pub(crate) use arena::{Arena, Entry, Garbage, Held, NEVER, NoPlace, Owner};
pub(crate) use group::dense;
pub(crate) use hash::Hash;
