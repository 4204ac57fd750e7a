//! Placements: ways to divide the space of hashes among nodes.
//!
//! A [`Placement`] is a recipe, a [`Table`] what it builds from a list of [`Member`]s. Both are open: a placement of your own
//! works in every [`Ring`](super::Ring).
//!
//! # Example: a placement of your own
//!
//! ```
//! use tenfold::ring::placement::{Limits, Member, Placement, Table};
//! use tenfold::ring::{Error, Ring};
//!
//! /// `hash % n` over the nodes with weight: almost every key moves when `n` changes.
//! #[derive(Clone, Debug)]
//! struct Modulo;
//!
//! #[derive(Debug)]
//! struct ModuloTable(Vec<usize>);
//!
//! impl Placement for Modulo {
//!     type Table = ModuloTable;
//!     fn build(&self, members: &[Member], limits: Limits) -> Result<ModuloTable, Error> {
//!         let alive = (0..members.len()).filter(|index| members[*index].weight > 0).collect::<Vec<_>>();
//!         limits.check(alive.len() as u64)?;
//!         Ok(ModuloTable(alive))
//!     }
//! }
//!
//! impl Table for ModuloTable {
//!     fn locate(&self, hash: u64) -> Option<usize> {
//!         self.candidate(hash, 0)
//!     }
//!     fn candidate(&self, hash: u64, n: usize) -> Option<usize> {
//!         let len = self.0.len();
//!         (n < len).then(|| self.0[((hash % len as u64) as usize + n) % len])
//!     }
//! }
//!
//! let ring = Ring::builder().weighted("drained", 0).nodes(["a", "b", "c"]).placement(Modulo).build()?;
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
mod stored;

pub use erased::DynPlacement;
pub use jump::{Jump, JumpTable};
pub use maglev::{Maglev, MaglevTable};
pub use native::{Native, NativeTable};
pub use role::{Layout, Limits, Member, Placement, Table};

pub(super) use maglev::next_prime;
pub(super) use role::ascending;
