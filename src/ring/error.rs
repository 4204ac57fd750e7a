//! Why a ring can't be what was asked for.

use crate::kernel::error::Refusal;

/// Why a ring can't be built, changed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two nodes have the same identity, that is, the same stable hash.
    #[error("nodes {first} and {second} (counted from 0) are the same node")]
    DuplicateNode {
        /// Index of the one in the order given.
        first: u32,
        /// Index of the other.
        second: u32,
    },
    /// A table size that is not a prime number from 2 on.
    #[error("a table size must be a prime number, and {size} is not")]
    NotPrime {
        /// The size asked for.
        size: u32,
    },
    /// One of two placements does not tell how it divides the hash space, or they divide it in ways that can't be compared.
    #[error("these two placements can't be compared")]
    Incomparable,
    /// Zero points per unit of weight: no node would ever own a key.
    #[error("points per unit of weight must be at least 1")]
    NoPoints,
    /// The table would need more entries than the configuration allows.
    #[error("the table would need {needed} entries, and at most {limit} are allowed")]
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
    #[error("no such node")]
    UnknownNode,
}

impl Refusal for Error {}
