//! Consistent hashing: which node owns a key, and what moves when nodes come and go.
//!
//! The [guide](crate::guide::ring) begins with the problem. A [`Ring`] is an immutable table from hashes to nodes. Every
//! process that builds it from the same nodes and weights gets the same table, on any platform and in any release, so clients
//! agree without talking (some [placements](#which-placement) ask for more than that). Changing it makes a new ring, and
//! [`Ring::plan`] says exactly which part of the hash space changes hands. [`SharedRing`] publishes rings to threads that
//! never wait for a change, and [`Bounded`] keeps any node from having too much to do.
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
//! Start with the default, [`Native`]. The [guide](crate::guide::ring) tells when to take another one.
//!
//! | | lookup | bytes | share of a node |
//! |---|---|---|---|
//! | [`Native`] | O(1) expected | 9 to 10 per point, 160 points per unit of weight | off by 8 % (one standard deviation) |
//! | [`SlotTable`] | one load | 2 per slot, 65 536 slots, and 320 per unit of weight | off by one slot, and one at least |
//! | [`Maglev`] | one load | 2 per entry, 65 537 entries | off by one entry |
//! | [`Jump`] | O(log n) | 4 per unit of weight | even, as hashes are |
//! | [`Anchor`] | O(1) expected | 16 to 20 per unit of capacity, and 320 per unit of weight | even, as hashes are |
//! | [`Rendezvous`] | O(n) | 24 per node | even, as hashes are, for any weights |
//! | [`MultiProbe`] | 21 searches | 10 per unit of weight | never much more than its part; often less |
//! | [`Ketama`], [`NginxConsistent`] | O(1) expected | 9 to 10 per point, 160 points per node | off by 8 % |
//! | [`EnvoyRing`] | O(1) expected | 13 to 14 per point, 1024 points or more | as many points as there are for it |
//! | [`EnvoyMaglev`] | a division and a load | 2 per entry, 65 537 entries | off by one entry or two |
//!
//! And what they keep; each `yes` is a property that is tested, and each `no` has a counterexample among the tests:
//!
//! | | monotone | minimal | any may leave | weights | replicas | by zone | stateless |
//! |---|---|---|---|---|---|---|---|
//! | [`Native`] | yes | yes | yes | yes | yes | yes | yes |
//! | [`SlotTable`] | yes | yes | yes | yes | yes | no | no |
//! | [`Rendezvous`] | yes | yes | yes | yes | yes | yes | yes |
//! | [`Anchor`] | yes | yes | yes | yes | yes | no | no |
//! | [`MultiProbe`] | yes | yes | yes | no | yes | yes | yes |
//! | [`Maglev`] | no | no | no | yes | no | no | yes |
//! | [`Jump`] | yes | no | no | yes | no | no | no |
//! | [`NginxConsistent`] | yes | yes | yes | yes | yes | yes | yes |
//! | [`Ketama`] | no | no | no | no | no | no | yes |
//! | [`EnvoyRing`] | no | no | no | yes | no | no | no |
//! | [`EnvoyMaglev`] | no | no | no | yes | no | no | yes |
//!
//! * **Monotone**: a node that joins takes keys, and nothing else moves.
//! * **Minimal**: whatever changes, a node or a weight, only keys of that node move, or to it.
//! * **Any may leave**: a node that leaves moves its own keys and no others, wherever it stands in the list.
//! * **Weights**: shares follow them.
//! * **Replicas**: when a node joins or leaves, the set of a key's [replicas](Ring::replicas) changes by at most one member.
//! * **By zone**: so does the set of its replicas [from different zones](Ring::replicas_by).
//! * **Stateless**: the nodes and their weights are all there is to know. Neither the order of nodes nor what was before
//!   matters.
//!
//! The circles of other systems have 2^32 positions, so that two nodes have a point at one position now and then. Then the
//! first node listed has it, and to that extent order matters, also where [`without`](Ring::without) puts another node in the
//! place of the one that leaves.
//!
//! [`Ketama`]: placement::Ketama
//! [`NginxConsistent`]: placement::NginxConsistent
//! [`EnvoyRing`]: placement::EnvoyRing
//! [`EnvoyMaglev`]: placement::EnvoyMaglev
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
