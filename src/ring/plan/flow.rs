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
///
/// In a plan of copies, `to` is a node that will hold the range and did not, and `from` one that held it and will not: nodes
/// that begin and nodes that stop are paired in the order of their roles. Without a `from` there is one copy more than before, and
/// without a `to` one less. A node that holds a copy before and after does not move, also if it becomes the owner.
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
    /// Which copy: the place of `to` among the new [`replicas`](crate::ring::Ring::replicas) of the range, 0 for the owner; if
    /// nobody receives, the place of `from` among the old ones.
    pub role: u32,
}

impl RangeMove {
    /// How many hashes there are in the range.
    pub(super) fn hashes(&self) -> u128 {
        u128::from(self.last.saturating_sub(self.first)) + 1
    }
}

/// A node in both rings: its id, and its index in one of them.
pub(super) type Identity = (u64, usize);
