//! Where a search among sorted points begins.
//!
//! The guide has one entry per bucket of the circle, about as many as there are points, and tells the first point in or
//! behind that bucket: a count for every block of 64 buckets, and a byte per bucket that is added to it.
//!
//! Invariant: for no bucket is the sum of its count and its byte more than the number of points before it. Where so many
//! points stand in a block that a byte can't count them, it is less: then the search begins too early and takes longer.

/// Buckets of the guide that share a count.
const BLOCK: usize = 64;

#[derive(Debug, PartialEq)]
pub(super) struct Guide {
    /// Points before each block of buckets.
    blocks: Vec<u32>,
    /// Points between the begin of its block and a bucket, at most 255.
    offsets: Vec<u8>,
    shift: u32,
}

impl Guide {
    /// An empty guide, to be extended to all buckets that so many points need.
    pub(super) fn for_points(points: usize) -> Self {
        let bits = points.next_power_of_two().trailing_zeros().max(1);
        let buckets = 1_usize << bits;
        Self {
            blocks: Vec::with_capacity(buckets.div_ceil(BLOCK)),
            offsets: Vec::with_capacity(buckets),
            shift: u64::BITS - bits,
        }
    }

    /// A guide to these words, which ascend and are fewer than 2^32.
    pub(super) fn to(words: &[u64]) -> Self {
        let mut guide = Self::for_points(words.len());
        let mut before = 0;
        let mut begins = [0; BLOCK];
        let buckets = 1_usize << guide.bits();
        for first in (0..buckets).step_by(BLOCK) {
            let block = first..buckets.min(first + BLOCK);
            begins.fill(0);
            let rest = words.get(before..).unwrap_or_default();
            let own = rest
                .iter()
                .map(|word| guide.bucket(*word))
                .take_while(|bucket| block.contains(bucket));
            // Counted one behind, so that sums are of those before.
            let mut count = 0;
            for bucket in own {
                count += 1;
                if let Some(begin) = begins.get_mut(bucket - first + 1) {
                    *begin += 1;
                }
            }
            let mut sum = 0;
            for begin in &mut begins {
                sum += *begin;
                *begin = sum;
            }
            guide.extend(before as u32, begins.get(..block.len()).unwrap_or_default());
            before += count;
        }
        guide
    }

    /// Continues with the next buckets, whole blocks of them unless they are the last: points between `begin` and each.
    pub(super) fn extend(&mut self, begin: u32, begins: &[u32]) {
        for block in begins.chunks(BLOCK) {
            let first = block.first().copied().unwrap_or(0);
            self.blocks.push(begin + first);
            let offsets = block.iter().map(|begin| (begin - first).min(255) as u8);
            self.offsets.extend(offsets);
        }
    }

    /// How many bits of a word number its bucket.
    pub(super) const fn bits(&self) -> u32 {
        u64::BITS - self.shift
    }

    #[inline]
    pub(super) const fn bucket(&self, word: u64) -> usize {
        (word >> self.shift) as usize
    }

    /// The index at which a search for `hash` begins.
    #[inline]
    pub(super) fn begin(&self, hash: u64) -> Option<usize> {
        let bucket = self.bucket(hash);
        Some(*self.blocks.get(bucket / BLOCK)? as usize + usize::from(*self.offsets.get(bucket)?))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.blocks) + size_of_val(&*self.offsets)
    }
}
