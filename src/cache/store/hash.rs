//! One hash of a key, and what its bits are for.

use std::hash::{BuildHasher, Hash as Hashable};

/// A mixed 64-bit hash. The highest bits choose the shard. Of the 32 in the middle, by which the policy knows a key, the high ones place an
/// entry in its shard's table and the lowest eight tell neighbours in a group apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(u64);

impl Hash {
    /// The user's hasher may leave bits unused, as an identity does, so its result is spread once more.
    #[inline]
    pub(crate) fn of<Q: Hashable + ?Sized>(builder: &impl BuildHasher, key: &Q) -> Self {
        // Fibonacci hashing: the golden ratio of 2^64.
        Self(builder.hash_one(key).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    #[inline]
    pub(crate) fn place(self) -> u32 {
        (self.0 >> 16) as u32
    }

    /// One of up to 65536 shards, by a mask.
    #[inline]
    pub(crate) fn shard(self, mask: usize) -> usize {
        (self.0 >> 48) as usize & mask
    }

    /// A hash of which only the part is known that a table needs.
    pub(crate) fn of_place(place: u32) -> Self {
        Self(u64::from(place) << 16)
    }

    #[inline]
    pub(crate) fn whole(self) -> u64 {
        self.0
    }
}
