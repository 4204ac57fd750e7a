//! Placements: ways to divide the space of hashes among nodes.
//!
//! A [`Placement`] is a recipe, a [`Table`] what it builds from a list of [`Member`]s. Both are open: a placement of your own
//! works in every [`Ring`](super::Ring).
//!
//! # Example: a placement of your own
//!
//! ```
//! use tenfold::hash::StableHash;
//! use tenfold::ring::placement::{Limits, Member, Placement, Table, Walk};
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
//!     type Hash = StableHash;
//!     fn build(&self, members: &[Member], limits: Limits) -> Result<ModuloTable, Error> {
//!         let alive = (0..members.len()).filter(|index| members[*index].weight > 0).collect::<Vec<_>>();
//!         limits.check(alive.len() as u64)?;
//!         Ok(ModuloTable(alive))
//!     }
//! }
//!
//! impl Table for ModuloTable {
//!     fn locate(&self, hash: u64) -> Option<usize> {
//!         self.candidate(hash, &mut Walk::new())
//!     }
//!     fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
//!         let (n, len) = (walk.step(), self.0.len());
//!         (n < len).then(|| self.0[((hash % len as u64) as usize + n) % len])
//!     }
//! }
//!
//! let ring = Ring::builder().weighted("drained", 0).nodes(["a", "b", "c"]).placement(Modulo).build()?;
//! assert_eq!(ring.locate_hash(4), Some(&"b"));
//! assert_eq!(ring.replicas_hash(4, 2).collect::<Vec<_>>(), [&"b", &"c"]);
//! # Ok::<(), Error>(())
//! ```

mod anchor;
mod compat;
mod entries;
mod erased;
mod followers;
mod jump;
mod layout;
mod maglev;
mod member;
mod multi_probe;
mod native;
mod points;
mod rendezvous;
mod role;
mod slots;
mod stored;

pub use anchor::{Anchor, AnchorTable};
pub use compat::{
    Crc32Hash, EnvoyMaglev, EnvoyMaglevTable, EnvoyRing, EnvoyRingTable, Ketama, KetamaHash,
    NginxConsistent, Xxh64Hash,
};
pub use erased::{DynPlacement, DynTable};
pub use jump::{Jump, JumpTable};
pub use layout::Layout;
pub use maglev::{Maglev, MaglevTable};
pub use member::{Member, Walk};
pub use multi_probe::{MultiProbe, MultiProbeTable};
pub use native::Native;
pub use points::CircleTable;
pub use rendezvous::{Rendezvous, RendezvousTable};
pub use role::{KeyHash, Limits, Placement, Table};
pub use slots::{SlotTable, SlotsTable};

pub(super) use layout::ascending;
pub(super) use maglev::next_prime;
