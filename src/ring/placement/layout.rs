//! How a table divides the hash space.

use std::fmt;

/// How a table divides the hash space.
#[non_exhaustive]
pub enum Layout<'t> {
    /// Consecutive ranges from hash 0 on: the last hash of each, and its owner. What lies behind the last range is nobody's,
    /// and a range that ends before the one in front of it is ignored. All hashes of a range have the same candidates.
    Ranges(Box<dyn Iterator<Item = (u64, usize)> + Send + 't>),
    /// Jump consistent hashing over these buckets, as [`Jump::bucket`](super::Jump::bucket) does it: the owner of each.
    Jump(&'t [u32]),
    /// Hash by hash: members, and how large a part of all hashes each owns in proportion to the others. A member may be
    /// listed more than once.
    Scattered(Box<dyn Iterator<Item = (usize, u64)> + Send + 't>),
    /// In a way that is not told.
    Opaque,
}

impl fmt::Debug for Layout<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranges(_) => f.write_str("Ranges(..)"),
            Self::Jump(buckets) => write!(f, "Jump({} buckets)", buckets.len()),
            Self::Scattered(_) => f.write_str("Scattered(..)"),
            Self::Opaque => f.write_str("Opaque"),
        }
    }
}

/// Ranges that ascend, whatever a table says.
pub(in crate::ring) fn ascending(
    ranges: impl Iterator<Item = (u64, usize)>,
) -> impl Iterator<Item = (u64, usize)> {
    let mut previous = None;
    ranges.filter(move |(last, _)| {
        let ascends = previous.is_none_or(|previous| previous < *last);
        if ascends {
            previous = Some(*last);
        }
        ascends
    })
}
