//! Why a ring can't be what was asked for.

use super::placement::next_prime;
use crate::kernel::error::Refusal;

/// Why a ring can't be built, changed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A stored [`SlotTable`](super::SlotTable), [`Anchor`](super::Anchor) or [`Plan`](super::Plan) contradicts itself, or its size.
    #[error("what was stored contradicts itself or its size: store it again, or make it anew")]
    BadState,
    /// More weight than an [`Anchor`](super::Anchor) has room for.
    #[error(
        "{needed} units of weight are too many for a capacity of {capacity}: build the ring with a larger one"
    )]
    CapacityExceeded {
        /// Units of weight needed; [`u32::MAX`] also stands for more.
        needed: u32,
        /// Units of weight there may be.
        capacity: u32,
    },
    /// Two nodes have the same identity, that is, the same stable hash.
    #[error("node {second} is node {first} again, counted from 0")]
    DuplicateNode {
        /// Index of the one in the order given.
        first: u32,
        /// Index of the other; of a node that was to be added, the one it would have had.
        second: u32,
    },
    /// A shared ring is not the one that the change began from.
    #[error("the ring has changed meanwhile: load it and plan again")]
    Outdated,
    /// A placement that other systems share needs a name for each node: text, bytes, an address, or a type that says its
    /// [`stable_name`](crate::hash::StableKey::stable_name).
    #[error(
        "node {node}, counted from 0, has no name, and this placement hashes names: implement `StableKey::stable_name`"
    )]
    Nameless {
        /// Index of the node.
        node: u32,
    },
    /// A table size that is not a prime number from 2 on.
    #[error("a table size must be a prime number, and {size} is not; {} is", next_prime(*size))]
    NotPrime {
        /// The size asked for.
        size: u32,
    },
    /// A factor for [`Bounded`](super::Bounded) that is not 1 to 65 536.
    #[error(
        "a factor must be a number from 1 to 65536: 1.25 lets a node have a quarter more than its part"
    )]
    Factor,
    /// One of two placements does not divide the hash space into ranges.
    #[error(
        "only placements with ranges can be compared, or the owners of two jump rings: locate keys in both rings instead"
    )]
    Incomparable,
    /// Zero points per unit of weight: no node would ever own a key.
    #[error("points per unit of weight must be at least 1")]
    NoPoints,
    /// The least size of a ring is above the largest.
    #[error("a ring can't have at least {minimum} points and at most {maximum}")]
    RingSizes {
        /// Points that the ring should have at least.
        minimum: u32,
        /// Points that it should have at most.
        maximum: u32,
    },
    /// A [`SlotTable`](super::SlotTable) without slots or an [`Anchor`](super::Anchor) without capacity.
    #[error("a table needs at least 1 slot, or a capacity of at least 1")]
    NoSlots,
    /// A number of probes that is not 1 to [`MultiProbe::MAX_PROBES`](super::MultiProbe::MAX_PROBES).
    #[error(
        "{given} probes per key: 1 to {} are possible",
        super::MultiProbe::MAX_PROBES
    )]
    Probes {
        /// The number asked for.
        given: u32,
    },
    /// The table would need more entries than the configuration allows.
    #[error(
        "the table would need {needed} entries, and at most {limit} are allowed: raise the limit, or take fewer points or \
         smaller weights"
    )]
    TooManyEntries {
        /// Entries needed; [`u64::MAX`] also stands for more.
        needed: u64,
        /// Entries allowed: [`Config::max_entries`](super::Config::max_entries), or the
        /// [ceiling](super::placement::Limits::CEILING) if that is lower.
        limit: u32,
    },
    /// More nodes than a placement can number.
    #[error("{nodes} nodes are too many: this placement takes at most {limit}")]
    TooManyNodes {
        /// Nodes given; [`u32::MAX`] also stands for more.
        nodes: u32,
        /// Nodes allowed.
        limit: u32,
    },
    /// The node is not in the ring.
    #[error("no node of the ring has this stable hash")]
    UnknownNode,
}

impl Refusal for Error {}
