//! Jump consistent hashing.

use super::{Cursor, Layout, Limits, Member, Placement, Table};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Jump consistent hashing: no table to speak of, even shares, and growth at the end only.
///
/// Buckets are numbered; a node of weight `w` has `w` of them, in the order in which the nodes were added. A node added at
/// the end takes its exact share from all others and nothing else moves. Removing any other than the last one puts the last
/// one in its place, so the shares of both move; changing the weight of a node in the middle renumbers all behind it.
///
/// The order of nodes matters: processes agree only if they add them in the same order.
///
/// # Complexity
///
/// A lookup takes about `ln(buckets)` steps. 4 bytes per unit of weight.
///
/// # Source
///
/// J. Lamping, E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014 (arXiv 1406.2294).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Jump {}

/// The bucket of `hash` among `buckets`, at least one.
#[inline]
pub(in crate::ring) fn bucket(hash: u64, buckets: usize) -> usize {
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

/// Candidates that are drawn at random before the rest comes up in order.
const DRAWS: usize = 64;

impl Placement for Jump {
    type Table = JumpTable;

    fn build(&self, members: &[Member], limits: Limits) -> Result<JumpTable, Error> {
        let needed = members
            .iter()
            .map(|member| u64::from(member.weight))
            .fold(0, u64::saturating_add);
        // Beyond 2^31 buckets the fraction that the algorithm draws is too coarse.
        let count = Limits::new(limits.max_entries.min(1 << 31)).check(needed)?;
        let mut buckets = Vec::with_capacity(count);
        for (index, member) in members.iter().enumerate() {
            buckets.extend(std::iter::repeat_n(index as u32, member.weight as usize));
        }
        Ok(JumpTable {
            buckets: buckets.into_boxed_slice(),
        })
    }
}

/// The table of [`Jump`].
#[derive(Debug)]
pub struct JumpTable {
    buckets: Box<[u32]>,
}

impl Table for JumpTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        if self.buckets.is_empty() {
            return None;
        }
        self.buckets
            .get(bucket(hash, self.buckets.len()))
            .map(|owner| *owner as usize)
    }

    fn step(&self, cursor: &mut Cursor) -> Option<usize> {
        if self.buckets.is_empty() {
            return None;
        }
        match cursor.next_of(DRAWS + self.buckets.len())? {
            0 => self.locate(cursor.hash()),
            draw if draw < DRAWS => self.locate(StableHash::pair(cursor.hash(), draw as u64)),
            rest => self.buckets.get(rest - DRAWS).map(|owner| *owner as usize),
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
