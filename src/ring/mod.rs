//! Consistent hashing: which node owns a key, and what moves when nodes come and go.
//!
//! The [guide](crate::guide::ring) begins with the problem. A [`Ring`] is an immutable table from hashes to nodes. Every process that builds it from the same nodes and weights gets
//! the same table, on any platform and in any release, so clients agree without talking ([`Jump`] asks for the
//! same order too). Changing it makes a new ring, and
//! [`Ring::plan`] says exactly which part of the hash space changes hands. [`SharedRing`] publishes rings to threads that
//! never wait for a change.
//!
//! ```
//! use tenfold::ring::Ring;
//!
//! let ring = Ring::new(["db-1", "db-2", "db-3"])?;
//! assert_eq!(ring.locate("user:42"), ring.locate("user:42"));
//!
//! // The owner and one more node, for a copy.
//! let homes: Vec<_> = ring.replicas("user:42", 2).collect();
//! assert_eq!(homes.len(), 2);
//! assert_eq!(Some(homes[0]), ring.locate("user:42"));
//! # Ok::<(), tenfold::ring::Error>(())
//! ```
//!
//! # Which placement
//!
//! | | lookup | memory | share of a node | a change moves | order of nodes |
//! |---|---|---|---|---|---|
//! | [`Native`] | O(1) expected | 9 to 10 bytes per point, 160 points per unit of weight | off by 8 % (one standard deviation) | the changed node's share, nothing else | irrelevant |
//! | [`Maglev`] | O(1), one load | 4 bytes per entry, 65 537 entries | off by one entry | the changed node's share and more, the more nodes: see the [guide](crate::guide::ring) | irrelevant |
//! | [`Jump`] | O(log n) | 4 bytes per unit of weight | even, as hashes are | the share of a node added or removed at the end; more elsewhere | matters |
//!
//! Start with the default, [`Native`]. Use [`Maglev`] where all nodes must be loaded alike and a few extra keys may move (caches,
//! connections), and [`Jump`] for numbered shards that only ever grow.
//!
//! # When not to use this
//!
//! With a fixed number of nodes for ever, `hash % n` is cheaper. Where single keys are too hot for one node no placement
//! helps: replicate or split such keys. To move data range by range under your control use a directory of shards.

mod bounded;
mod builder;
mod compare;
mod edit;
mod error;
mod handle;
pub mod placement;
mod plan;
mod shared;
mod stats;
mod walk;

pub use bounded::{Bounded, BoundedStats, Lease};
pub use builder::{Builder, Config};
pub use error::Error;
pub use handle::Ring;
pub use placement::{Anchor, Jump, Maglev, MultiProbe, Native, Placement, Rendezvous, SlotTable};
pub use plan::{Flow, Moves, Plan, RangeMove};
pub use shared::{Reader, SharedRing};
pub use stats::Stats;
pub use walk::{Replicas, ReplicasBy};
