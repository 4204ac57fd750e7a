//! Jump consistent hashing.

use super::entries::below;
use super::stored::stored;
use super::{Layout, Limits, Member, Placement, Table, Walk};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Jump consistent hashing: no table to speak of, even shares, and growth at the end only. Made by `Jump::default()`.
///
/// Buckets are numbered; a node of weight `w` has `w` of them, in the order of the ring's nodes. A node added at the end takes
/// its exact share from all others and nothing else moves. Removing a node puts the last one of equal weight in its place, so
/// the shares of these two move; if there is none, or if a weight changes in the middle, all buckets behind are renumbered and
/// most keys move. So give numbered shards equal weights, or use another placement.
///
/// The order of nodes matters: processes agree only if they make the same changes in the same order.
///
/// # Complexity
///
/// A lookup takes about `ln(buckets)` steps. 4 bytes per unit of weight. The algorithm computes with 64-bit floating-point
/// numbers as IEEE 754 has them; processors that round otherwise (x87 without SSE2) may place a key differently.
///
/// # Source
///
/// J. Lamping, E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014 (arXiv 1406.2294).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
#[non_exhaustive]
pub struct Jump {}

impl Jump {
    /// The bucket of `hash` among `buckets`: the algorithm without a ring. 0 if there are no buckets.
    #[inline]
    #[must_use]
    pub fn bucket(hash: u64, buckets: usize) -> usize {
        bucket(hash, buckets)
    }
}

#[inline]
fn bucket(hash: u64, buckets: usize) -> usize {
    // Signed, since processors convert signed integers to floating-point numbers in one instruction. No table is that long.
    let buckets = i64::try_from(buckets).unwrap_or(i64::MAX);
    let mut state = hash;
    let mut bucket = 0_i64;
    let mut next = 0_i64;
    while next < buckets {
        bucket = next;
        state = state
            .wrapping_mul(2_862_933_555_777_941_757)
            .wrapping_add(1);
        let drawn = ((state >> 33) + 1) as i64;
        next = ((bucket + 1) as f64 * ((1_i64 << 31) as f64 / drawn as f64)) as i64;
    }
    bucket as usize
}

/// Candidates that are drawn at random before all buckets come up one by one.
const DRAWS: usize = 64;

stored!(Jump {});

impl Placement for Jump {
    type Table = JumpTable;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<JumpTable, Error> {
        let needed = members
            .iter()
            .map(|member| u64::from(member.weight))
            .fold(0, u64::saturating_add);
        let count = limits.check(needed)?;
        let mut buckets = Vec::with_capacity(count);
        for (index, member) in members.iter().enumerate() {
            buckets.extend(std::iter::repeat_n(index as u32, member.weight as usize));
        }
        Ok(JumpTable {
            buckets: buckets.into_boxed_slice(),
        })
    }
}

/// The `n`-th of all buckets in an order that is the key's own, so that what the draws left out comes up evenly.
fn nth_of_all(hash: u64, n: usize, buckets: usize) -> Option<usize> {
    if n >= buckets {
        return None;
    }
    let buckets = buckets as u64;
    // A step that has no divisor in common with the number of buckets visits each once; one is never far.
    let mut step = 1 + below(StableHash::pair(hash, 0), buckets);
    while common_divisor(step, buckets) != 1 {
        step += 1;
    }
    // Both factors are below 2^33.
    Some(((below(hash, buckets) + n as u64 * step) % buckets) as usize)
}

const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The table of [`Jump`].
#[derive(Debug)]
pub struct JumpTable {
    buckets: Box<[u32]>,
}

impl JumpTable {
    #[inline]
    fn owner(&self, bucket: usize) -> Option<usize> {
        self.buckets.get(bucket).map(|owner| *owner as usize)
    }
}

impl Table for JumpTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.owner(bucket(hash, self.buckets.len()))
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        match walk.step() {
            0 => self.locate(hash),
            draw if draw < DRAWS => self.locate(StableHash::pair(hash, draw as u64)),
            n => self.owner(nth_of_all(hash, n - DRAWS, self.buckets.len())?),
        }
    }

    fn layout(&self) -> Layout<'_> {
        Layout::Jump(&self.buckets)
    }

    fn size(&self) -> (usize, usize) {
        (self.buckets.len(), size_of_val(&*self.buckets))
    }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    /// From the field: (key, buckets) -> bucket, and the first keys among 100 buckets.
    #[test]
    fn published_vectors() {
        assert_eq!(bucket(10_863_919_174_838_991, 11), 6);
        assert_eq!(
            [0, 1, 2, 3, 4].map(|key| bucket(key, 100)),
            [0, 55, 62, 8, 45]
        );
        assert_eq!(bucket(u64::MAX, 1), 0);
    }
}
