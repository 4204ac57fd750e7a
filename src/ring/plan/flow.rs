//! What goes where: between two nodes, and of which hashes.

/// How much goes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Flow {
    /// Index of the giving node in the old ring.
    pub from: Option<usize>,
    /// Index of the receiving node in the new ring.
    pub to: Option<usize>,
    /// The part of the hash space, 0 to 1.
    pub fraction: f64,
}

/// A range of hashes that goes from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RangeMove {
    /// The first hash of the range.
    pub first: u64,
    /// The last hash of the range.
    pub last: u64,
    /// Index of the giving node in the old ring.
    pub from: Option<usize>,
    /// Index of the receiving node in the new ring.
    pub to: Option<usize>,
}

/// A node in both rings: its id, and its index in one of them.
pub(super) type Identity = (u64, usize);
