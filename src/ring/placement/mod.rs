//! Placements: ways to divide the space of hashes among nodes.
//!
//! A [`Placement`] is a recipe, a [`Table`] what it builds from a list of [`Member`]s. Both are open: a placement of your own
//! works in every [`Ring`](super::Ring).
//!
//! # Example: a placement of your own
//!
//! ```
//! use tenfold::ring::placement::{Cursor, Limits, Member, Placement, Table};
//! use tenfold::ring::{Error, Ring};
//!
//! /// `hash % n`: almost every key moves when `n` changes.
//! #[derive(Clone, Debug)]
//! struct Modulo;
//!
//! #[derive(Debug)]
//! struct ModuloTable(usize);
//!
//! impl Placement for Modulo {
//!     type Table = ModuloTable;
//!     fn build(&self, members: &[Member], _: Limits) -> Result<ModuloTable, Error> {
//!         Ok(ModuloTable(members.len()))
//!     }
//! }
//!
//! impl Table for ModuloTable {
//!     fn locate(&self, hash: u64) -> Option<usize> {
//!         (self.0 > 0).then(|| (hash % self.0 as u64) as usize)
//!     }
//!     fn step(&self, cursor: &mut Cursor) -> Option<usize> {
//!         cursor.next_of(self.0).map(|n| ((cursor.hash() % self.0 as u64) as usize + n) % self.0)
//!     }
//! }
//!
//! let ring = Ring::builder().nodes(["a", "b", "c"]).placement(Modulo).build()?;
//! assert_eq!(ring.locate_hash(4), Some(&"b"));
//! assert_eq!(ring.replicas_hash(4, 2).collect::<Vec<_>>(), [&"b", &"c"]);
//! # Ok::<(), Error>(())
//! ```

mod erased;
mod jump;
mod maglev;
mod native;
mod points;
mod role;

pub use erased::{DynPlacement, Erased};
pub use jump::{Jump, JumpTable};
pub use maglev::{Maglev, MaglevTable};
pub use native::{Native, NativeTable};
pub use role::{Cursor, Layout, Limits, Member, Placement, Table};

pub(super) use jump::bucket;
