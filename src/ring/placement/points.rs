//! Sorted points on a circle, and a guide to where a search begins.
//!
//! The circle has 2^40 positions: the upper 40 bits of a hash. A point is one word, its position above the 24 bits of its
//! owner, so finding it finds the owner. Hashes belong to the first point at or after their position; behind the last point
//! comes the first again, and sentinels say so.
//!
//! The guide has one entry per bucket of the circle, about as many as there are points, and tells the first point in or
//! behind that bucket: a count for every block of 64 buckets, and a byte per bucket that is added to it. A lookup reads both,
//! then compares four points at once; more than four in a bucket are rare, and so many in a block that a byte can't count them
//! are no accident: then the search begins too early and takes longer.
//!
//! Invariants: `points` ascends and ends with sentinels at the last position; the guide has `2^bits` buckets, and for no bucket
//! is the sum of its count and its byte more than the number of points before it.

/// Bits of a point that hold its owner.
const OWNER_BITS: u32 = 24;
const OWNER_MASK: u64 = (1 << OWNER_BITS) - 1;
/// Owners that can be numbered.
pub(super) const MAX_OWNERS: usize = 1 << OWNER_BITS;
/// Buckets of the guide that share a count.
const BLOCK: usize = 64;
/// Points that are compared at once.
const WINDOW: usize = 4;
/// Entries that are appended to a list of points.
pub(super) const PADDING: usize = WINDOW;

#[derive(Debug)]
pub(super) struct Points {
    /// The points, and as many sentinels as fill a window.
    points: Box<[u64]>,
    /// Points before each block of buckets.
    blocks: Box<[u32]>,
    /// Points between the begin of its block and a bucket, at most 255.
    offsets: Box<[u8]>,
    shift: u32,
}

/// A point at the position of `hash`.
pub(super) const fn point(hash: u64, owner: u32) -> u64 {
    hash & !OWNER_MASK | owner as u64
}

const fn owner(point: u64) -> usize {
    (point & OWNER_MASK) as usize
}

/// The last hash that is not behind the point.
const fn last_hash(point: u64) -> u64 {
    point | OWNER_MASK
}

impl Points {
    /// From points in ascending order, fewer than 2^32.
    pub(super) fn from_sorted(mut points: Vec<u64>) -> Self {
        let count = points.len();
        if let Some(first) = points.first() {
            let sentinel = point(u64::MAX, owner(*first) as u32);
            points.extend([sentinel; WINDOW]);
        }
        let bits = count.next_power_of_two().trailing_zeros().max(1);
        let shift = u64::BITS - bits;
        let mut blocks = Vec::with_capacity((1 << bits) / BLOCK + 1);
        let mut offsets = Vec::with_capacity(1 << bits);
        let mut before = 0;
        for bucket in 0..1_u64 << bits {
            // Points are sorted, so those of a bucket are counted from where the last one ended.
            if offsets.len() % BLOCK == 0 {
                blocks.push(before as u32);
            }
            let begin = blocks.last().copied().unwrap_or(0) as usize;
            offsets.push(u8::try_from(before - begin).unwrap_or(u8::MAX));
            let own = points.get(before..count).unwrap_or_default();
            before += own
                .iter()
                .take_while(|point| **point >> shift == bucket)
                .count();
        }
        let (points, blocks, offsets) = (
            points.into_boxed_slice(),
            blocks.into_boxed_slice(),
            offsets.into_boxed_slice(),
        );
        Self {
            points,
            blocks,
            offsets,
            shift,
        }
    }

    /// Points, without the sentinels.
    pub(super) fn len(&self) -> usize {
        self.points.len().saturating_sub(WINDOW)
    }

    /// The owner of `hash`.
    #[inline]
    pub(super) fn owner(&self, hash: u64) -> Option<usize> {
        self.search(hash).map(|(_, point)| owner(point))
    }

    /// Index and word of the first point at or after `hash`; a sentinel behind all of them.
    #[inline]
    fn search(&self, hash: u64) -> Option<(usize, u64)> {
        let bucket = (hash >> self.shift) as usize;
        let begin =
            *self.blocks.get(bucket / BLOCK)? as usize + usize::from(*self.offsets.get(bucket)?);
        let window: &[u64; WINDOW] = self.points.get(begin..)?.first_chunk()?;
        // Without a branch: how many points are before the hash can't be predicted.
        let before: usize = window
            .iter()
            .map(|point| usize::from(last_hash(*point) < hash))
            .sum();
        match window.get(before) {
            Some(point) => Some((begin + before, *point)),
            None => self.search_by_halves(begin + WINDOW, hash),
        }
    }

    /// For the rare bucket with more points than the window holds.
    #[cold]
    fn search_by_halves(&self, begin: usize, hash: u64) -> Option<(usize, u64)> {
        let rest = self.points.get(begin..)?;
        let steps = rest.partition_point(|point| last_hash(*point) < hash);
        rest.get(steps).map(|point| (begin + steps, *point))
    }

    /// The owner of the point `steps` behind the one that owns `hash`, once around the circle.
    pub(super) fn owner_after(&self, hash: u64, steps: usize) -> Option<usize> {
        let count = self.len();
        if steps >= count {
            return None;
        }
        // A sentinel stands for the first point.
        let start = self
            .search(hash)
            .map_or(0, |(index, _)| if index < count { index } else { 0 });
        let index = start + steps;
        self.points
            .get(if index < count { index } else { index - count })
            .map(|point| owner(*point))
    }

    /// Ranges of hashes with their owners, from 0 on. Points at one position leave nothing to all but the first.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        let mut previous = None;
        self.points.iter().filter_map(move |point| {
            let last = last_hash(*point);
            let empty = previous == Some(last);
            previous = Some(last);
            (!empty).then(|| (last, owner(*point)))
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.points) + size_of_val(&*self.blocks) + size_of_val(&*self.offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Positions that are crowded, shared, first and last, so that windows overflow and sentinels are met.
    fn crowded() -> impl Strategy<Value = Vec<u64>> {
        let position = prop_oneof![
            4 => 0_u64..12,
            2 => ((1_u64 << 40) - 6)..1 << 40,
            2 => ((1_u64 << 39) - 20)..(1 << 39) + 20,
            1 => 0..1_u64 << 40,
        ];
        prop::collection::vec(
            (position, 0_u32..9).prop_map(|(position, owner)| point(position << OWNER_BITS, owner)),
            0..80,
        )
    }

    proptest! {
        #[test]
        fn a_search_finds_what_a_scan_finds(mut words in crowded(), hashes in prop::collection::vec(any::<u64>(), 0..20)) {
            words.sort_unstable();
            let points = Points::from_sorted(words.clone());
            let edges = words.iter().flat_map(|word| [word & !OWNER_MASK, last_hash(*word), last_hash(*word).wrapping_add(1)]);
            for hash in hashes.into_iter().chain(edges).chain([0, u64::MAX]) {
                let (before, after): (Vec<u64>, Vec<u64>) = words.iter().partition(|word| last_hash(**word) < hash);
                let clockwise: Vec<usize> = after.into_iter().chain(before).map(owner).collect();
                prop_assert_eq!(points.owner(hash), clockwise.first().copied());
                for (n, expected) in clockwise.iter().enumerate() {
                    prop_assert_eq!(points.owner_after(hash, n), Some(*expected));
                }
                prop_assert_eq!(points.owner_after(hash, words.len()), None);
                let range = points.ranges().find(|(last, _)| *last >= hash);
                prop_assert_eq!(range.map(|(_, owner)| owner), clockwise.first().copied());
            }
        }
    }
}
