//! Why a ring can't be what was asked for.

use super::placement::next_prime;
use crate::kernel::error::Refusal;

/// Why a ring can't be built, changed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two nodes have the same identity, that is, the same stable hash.
    #[error("node {second} is node {first} again, counted from 0")]
    DuplicateNode {
        /// Index of the one in the order given.
        first: u32,
        /// Index of the other; of a node that was to be added, the one it would have had.
        second: u32,
    },
    /// A table size that is not a prime number from 2 on.
    #[error("a table size must be a prime number, and {size} is not; {} is", next_prime(*size))]
    NotPrime {
        /// The size asked for.
        size: u32,
    },
    /// One of two placements does not tell how it divides the hash space, or they divide it in ways that can't be compared.
    #[error("a jump ring can be compared with a jump ring only, and an opaque table with none")]
    Incomparable,
    /// Zero points per unit of weight: no node would ever own a key.
    #[error("points per unit of weight must be at least 1")]
    NoPoints,
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
