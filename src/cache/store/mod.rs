//! Where entries are: read without a lock, changed under one.

mod arena;
#[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
mod check;
mod columns;
mod entry;
mod extras;
mod grave;
mod group;
mod hash;
mod lanes;
mod owed;
mod owner;
mod patience;
#[cfg(tenfold_loom)]
mod rack;
mod resize;
#[cfg(all(target_arch = "x86_64", not(tenfold_portable)))]
mod sixteen;
mod slots;
mod view;

pub(crate) use arena::{Arena, Walk};
pub(crate) use columns::{Columns, Lease, NEVER};
pub(crate) use entry::{Entry, Held};
pub(crate) use grave::Sweep;
pub(crate) use group::{dense, group_of, ids_of};
pub(crate) use hash::Hash;
pub(crate) use owed::Notices;
pub(crate) use owner::{Garbage, Left, NoPlace, Owner};
pub(crate) use patience::Resize;
#[cfg(tenfold_loom)]
pub use rack::{Kept, Rack};
