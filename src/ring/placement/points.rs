//! Sorted points on a circle, and a guide to where a search begins.
//!
//! The circle has 2^40 positions: the upper 40 bits of a hash. A point is one word, its position above the 24 bits of its
//! owner, so finding it finds the owner. Hashes belong to the first point at or after their position; behind the last point
//! comes the first again, and a sentinel says so.
//!
//! The guide has one entry per bucket of the circle, about as many as there are points, and tells the first point in or
//! behind that bucket. A lookup reads the guide, then on average one and a half points.
//!
//! Invariants: `points` ascends and ends with the sentinel, whose position is the last one; `guide` has `2^bits` entries and
//! `guide[b]` is the number of points in the buckets before `b`.

/// Bits of a point that hold its owner.
const OWNER_BITS: u32 = 24;
const OWNER_MASK: u64 = (1 << OWNER_BITS) - 1;
/// Owners that can be numbered.
pub(super) const MAX_OWNERS: usize = 1 << OWNER_BITS;
/// Points that are looked at one by one before the rest is searched by halves. Only an accumulation that no honest hash
/// produces is longer.
const LINEAR: usize = 16;

#[derive(Debug)]
pub(super) struct Points {
    points: Box<[u64]>,
    guide: Box<[u32]>,
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
            points.push(point(u64::MAX, owner(*first) as u32));
        }
        let bits = count.next_power_of_two().trailing_zeros().max(1);
        let shift = u64::BITS - bits;
        let mut guide = vec![0; 1 << bits].into_boxed_slice();
        let mut bucket_begins = 0;
        for (index, point) in points.iter().take(count).enumerate() {
            let bucket = (point >> shift) as usize;
            for entry in guide.iter_mut().take(bucket + 1).skip(bucket_begins) {
                *entry = index as u32;
            }
            bucket_begins = bucket_begins.max(bucket + 1);
        }
        for entry in guide.iter_mut().skip(bucket_begins) {
            *entry = count as u32;
        }
        Self {
            points: points.into_boxed_slice(),
            guide,
            shift,
        }
    }

    /// Points, without the sentinel.
    pub(super) fn len(&self) -> usize {
        self.points.len().saturating_sub(1)
    }

    /// The owner of `hash`.
    #[inline]
    pub(super) fn owner(&self, hash: u64) -> Option<usize> {
        self.search(hash).map(|(_, point)| owner(point))
    }

    /// Index and word of the first point at or after `hash`; the sentinel behind all of them.
    #[inline]
    fn search(&self, hash: u64) -> Option<(usize, u64)> {
        let begin = *self.guide.get((hash >> self.shift) as usize)? as usize;
        let rest = self.points.get(begin..)?;
        for (steps, point) in rest.iter().take(LINEAR).enumerate() {
            if last_hash(*point) >= hash {
                return Some((begin + steps, *point));
            }
        }
        Self::search_by_halves(rest, hash).map(|(steps, point)| (begin + steps, point))
    }

    #[cold]
    fn search_by_halves(rest: &[u64], hash: u64) -> Option<(usize, u64)> {
        let steps = rest.partition_point(|point| last_hash(*point) < hash);
        rest.get(steps).map(|point| (steps, *point))
    }

    /// Index of the point that owns `hash`, the sentinel's being that of the first.
    pub(super) fn find(&self, hash: u64) -> usize {
        self.search(hash)
            .map_or(0, |(index, _)| if index == self.len() { 0 } else { index })
    }

    /// The owner of the point `steps` behind `start`, around the circle.
    pub(super) fn owner_after(&self, start: usize, steps: usize) -> Option<usize> {
        let count = self.len();
        let index = start + steps;
        self.points
            .get(if index >= count { index - count } else { index })
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
        size_of_val(&*self.points) + size_of_val(&*self.guide)
    }
}
