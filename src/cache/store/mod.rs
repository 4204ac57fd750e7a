//! Where entries are: read without a lock, changed under one.

mod arena;
mod extras;
mod group;
mod hash;
mod lanes;
mod owed;
mod patience;
#[cfg(tenfold_loom)]
mod rack;
#[cfg(target_arch = "x86_64")]
mod sixteen;

pub(crate) use arena::{
    Arena, Columns, Entry, Garbage, Held, Lease, Left, NEVER, NoPlace, Owner, Sweep, Walk,
};
pub(crate) use group::{dense, group_of, ids_of};
pub(crate) use hash::Hash;
pub(crate) use owed::Notices;
pub(crate) use patience::Resize;
#[cfg(tenfold_loom)]
pub use rack::{Kept, Rack};
