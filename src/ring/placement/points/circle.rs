//! Sorted points on a circle.
//!
//! A hash belongs to the first point at or after it; behind the last point comes the first again, and sentinels say so. Points
//! come in two forms. Where 40 bits of position are enough, the upper 40 bits of a hash, a point is one word: its position above
//! the 24 bits of its owner, so finding it finds the owner. Where all 64 bits count, the owners stand beside ([`Wide`]).
//!
//! A lookup asks the [guide](Guide) where to begin and compares four points at once; only where more than four share a bucket
//! it goes on by halves.
//!
//! Invariant: `points` ascends and ends with sentinels at the last position.

use std::fmt;

use super::guide::Guide;
use super::sort::sorted;
use crate::ring::placement::Walk;

/// Bits of a point that hold its owner.
const OWNER_BITS: u32 = 24;
const OWNER_MASK: u64 = (1 << OWNER_BITS) - 1;
/// Owners that can be numbered in a point of one word.
pub(in crate::ring) const MAX_OWNERS: usize = 1 << OWNER_BITS;
/// Points that are compared at once, and sentinels behind the last point.
const WINDOW: usize = 4;

/// A point of one word at the position of `hash`.
pub(in crate::ring) const fn point(hash: u64, owner: u32) -> u64 {
    hash & !OWNER_MASK | owner as u64
}

/// The owner of a point of one word.
pub(in crate::ring) const fn owner(point: u64) -> usize {
    (point & OWNER_MASK) as usize
}

/// Where owners are.
pub(in crate::ring) trait Owners: fmt::Debug + Send + Sync {
    /// The bits of a point that are not its position.
    const MASK: u64;
    fn owner(&self, index: usize, point: u64) -> Option<usize>;
    fn heap_bytes(&self) -> usize;
}

/// Owners in the points.
#[derive(Debug)]
pub(in crate::ring) struct Inline;

impl Owners for Inline {
    const MASK: u64 = OWNER_MASK;

    #[inline]
    fn owner(&self, _index: usize, point: u64) -> Option<usize> {
        Some(owner(point))
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

/// Owners beside the points, those of the sentinels too.
#[derive(Debug)]
pub(in crate::ring) struct Beside(Box<[u32]>);

impl Owners for Beside {
    const MASK: u64 = 0;

    #[inline]
    fn owner(&self, index: usize, _point: u64) -> Option<usize> {
        self.0.get(index).map(|owner| *owner as usize)
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

#[derive(Debug)]
pub(in crate::ring) struct Circle<O = Inline> {
    /// The points, and as many sentinels as fill a window.
    points: Box<[u64]>,
    owners: O,
    guide: Guide,
}

/// Points whose position has all 64 bits.
pub(in crate::ring) type Wide = Circle<Beside>;

impl Circle {
    /// Entries that a list of points should have room for, besides the points.
    pub(in crate::ring) const SPARE: usize = WINDOW;

    /// The `count` points that `points` makes, each time the same; fewer than 2^32. `rename` then changes their owners.
    pub(in crate::ring) fn from_many<I: Iterator<Item = u64>>(
        count: usize,
        points: impl Fn() -> I,
        rename: impl Fn(usize) -> u32,
    ) -> Self {
        let (mut points, guide) = sorted(count, WINDOW, points);
        for word in &mut points {
            *word = point(*word, rename(owner(*word)));
        }
        Self::with_guide(points, guide)
    }

    /// From points in ascending order, fewer than 2^32.
    pub(in crate::ring) fn from_sorted(points: Vec<u64>) -> Self {
        let guide = Guide::to(&points);
        Self::with_guide(points, guide)
    }

    fn with_guide(mut points: Vec<u64>, guide: Guide) -> Self {
        if let Some(first) = points.first() {
            let sentinel = point(u64::MAX, owner(*first) as u32);
            points.extend([sentinel; WINDOW]);
        }
        Self {
            points: points.into_boxed_slice(),
            owners: Inline,
            guide,
        }
    }

    /// The points, each one word, without the sentinels.
    pub(in crate::ring) fn words(&self) -> &[u64] {
        self.points.get(..self.len()).unwrap_or_default()
    }
}

impl Wide {
    /// From positions and owners in ascending order of positions, fewer than 2^32.
    pub(in crate::ring) fn from_pairs(pairs: Vec<(u64, u32)>) -> Self {
        let (mut points, mut owners): (Vec<u64>, Vec<u32>) = pairs.into_iter().unzip();
        let guide = Guide::to(&points);
        if let Some(first) = owners.first().copied() {
            points.extend([u64::MAX; WINDOW]);
            owners.extend([first; WINDOW]);
        }
        Self {
            points: points.into_boxed_slice(),
            owners: Beside(owners.into_boxed_slice()),
            guide,
        }
    }
}

impl<O: Owners> Circle<O> {
    /// The last hash that is not behind the point.
    const fn last_hash(point: u64) -> u64 {
        point | O::MASK
    }

    /// Points, without the sentinels.
    pub(in crate::ring) fn len(&self) -> usize {
        self.points.len().saturating_sub(WINDOW)
    }

    /// The owner of `hash`.
    #[inline]
    pub(in crate::ring) fn owner(&self, hash: u64) -> Option<usize> {
        let (index, point) = self.search(hash)?;
        self.owners.owner(index, point)
    }

    /// How far behind `hash` the first point is, around the circle, and its owner.
    #[inline]
    pub(in crate::ring) fn distance(&self, hash: u64) -> Option<(u64, usize)> {
        let (index, point) = self.search(hash)?;
        let point = if index < self.len() {
            point
        } else {
            *self.points.first()?
        };
        let distance = Self::last_hash(point).wrapping_sub(hash);
        Some((distance, self.owners.owner(index, point)?))
    }

    /// Index and word of the first point at or after `hash`; a sentinel behind all of them.
    #[inline]
    fn search(&self, hash: u64) -> Option<(usize, u64)> {
        let begin = self.guide.begin(hash)?;
        let window: &[u64; WINDOW] = self.points.get(begin..)?.first_chunk()?;
        // Without a branch: how many points are before the hash can't be predicted.
        let before: usize = window
            .iter()
            .map(|point| usize::from(Self::last_hash(*point) < hash))
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
        let steps = rest.partition_point(|point| Self::last_hash(*point) < hash);
        rest.get(steps).map(|point| (begin + steps, *point))
    }

    /// The owners of the points from the one that owns `hash` on, once around the circle.
    pub(in crate::ring) fn next_owner(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        let count = self.len();
        let steps = walk.step();
        if steps >= count {
            return None;
        }
        if steps == 0 {
            // A sentinel stands for the first point.
            let first = |(index, _)| if index < count { index } else { 0 };
            walk.state[0] = self.search(hash).map_or(0, first) as u64;
        }
        let index = walk.state[0] as usize + steps;
        let index = if index < count { index } else { index - count };
        self.owners.owner(index, *self.points.get(index)?)
    }

    /// Ranges of hashes with their owners, from 0 on. Points at one position leave nothing to all but the first.
    pub(in crate::ring) fn ranges(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        let mut previous = None;
        self.points
            .iter()
            .enumerate()
            .filter_map(move |(index, point)| {
                let last = Self::last_hash(*point);
                let empty = previous == Some(last);
                previous = Some(last);
                if empty {
                    return None;
                }
                Some((last, self.owners.owner(index, *point)?))
            })
    }

    pub(in crate::ring) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.points) + self.owners.heap_bytes() + self.guide.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Positions that are crowded, shared, first and last, so that windows overflow and sentinels are met.
    fn crowded() -> impl Strategy<Value = Vec<(u64, u32)>> {
        let position = prop_oneof![
            4 => 0_u64..12,
            2 => ((1_u64 << 40) - 6)..1 << 40,
            2 => ((1_u64 << 39) - 20)..(1 << 39) + 20,
            1 => 0..1_u64 << 40,
        ];
        // Now and then more points than a byte of the guide can count.
        let sizes = prop_oneof![9 => 0_usize..80, 1 => 250_usize..1200];
        sizes.prop_flat_map(move |size| prop::collection::vec((position.clone(), 0_u32..9), size))
    }

    fn check<O: Owners>(circle: &Circle<O>, points: &[(u64, u32)], hashes: &[u64]) {
        let edges = points
            .iter()
            .flat_map(|(last, _)| [last & !O::MASK, *last, last.wrapping_add(1)]);
        for hash in hashes.iter().copied().chain(edges).chain([0, u64::MAX]) {
            let (before, after): (Vec<_>, Vec<_>) =
                points.iter().partition(|(last, _)| *last < hash);
            let clockwise: Vec<(u64, u32)> = after.into_iter().chain(before).collect();
            let first = clockwise.first().map(|(_, owner)| *owner as usize);
            assert_eq!(circle.owner(hash), first);
            let distance = clockwise
                .first()
                .map(|(last, owner)| (last.wrapping_sub(hash), *owner as usize));
            assert_eq!(circle.distance(hash), distance);
            let mut walk = Walk::new();
            for (_, expected) in clockwise.iter().take(100) {
                assert_eq!(circle.next_owner(hash, &mut walk), Some(*expected as usize));
            }
            if clockwise.len() <= 100 {
                assert_eq!(circle.next_owner(hash, &mut walk), None);
            }
            let range = circle.ranges().find(|(last, _)| *last >= hash);
            assert_eq!(range.map(|(_, owner)| owner), first);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(64), ..ProptestConfig::default() })]

        #[test]
        fn a_search_finds_what_a_scan_finds(pairs in crowded(), hashes in prop::collection::vec(any::<u64>(), 0..20)) {
            let mut words: Vec<u64> = pairs.iter().map(|(position, owner)| point(position << OWNER_BITS, *owner)).collect();
            words.sort_unstable();
            let points: Vec<_> = words.iter().map(|word| (word | OWNER_MASK, owner(*word) as u32)).collect();
            check(&Circle::from_sorted(words), &points, &hashes);
            // The same positions in the lowest bits, where only a wide circle tells them apart.
            let mut wide: Vec<(u64, u32)> = pairs.iter().map(|(position, owner)| (position | 0xABCD << 48, *owner)).collect();
            wide.sort_by_key(|(position, _)| *position);
            check(&Wide::from_pairs(wide.clone()), &wide, &hashes);
        }
    }
}
