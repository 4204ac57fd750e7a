//! How often something was seen lately, in four bits per counter: a count-min sketch that forgets.
//!
//! A key's four counters lie in one 64-byte block, in two words of it, so that a look costs one cache line. An addition
//! raises only those of the four that are lowest (conservative update); the estimate is the lowest. It is never below the true
//! count, up to fifteen and the last ageing, and above it only where all four are shared.
//!
//! Ageing: after fifteen times as many additions as entries every counter is halved. What was frequent stays ahead of what is, and is
//! overtaken within one or two periods. The halving is one pass over the blocks, amortised over that many additions.
//!
//! Not shared between threads: whoever holds the lock of what it describes.
//!
//! Sources: the count-min sketch is G. Cormode's and S. Muthukrishnan's (J. Algorithms 55, 2005); small counters aged by halving are
//! G. Einziger's, R. Friedman's and B. Manes's (TinyLFU, ACM ToS 13(4), 2017).

/// The highest count.
pub(crate) const MOST: u32 = 15;

/// Counters per block: sixteen in each of eight words.
const PER_BLOCK: usize = 128;

/// Additions per entry between two halvings.
const PERIOD: usize = 15;

/// A block is one cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Block([u64; 8]);

pub(crate) struct Sketch {
    blocks: Box<[Block]>,
    additions: usize,
    period: usize,
}

impl Sketch {
    /// For `entries` that are to be told apart, with `per_entry` counters (half a byte each) for each of them.
    pub(crate) fn new(entries: usize, per_entry: usize) -> Self {
        let blocks = entries.saturating_mul(per_entry).div_ceil(PER_BLOCK).max(1);
        Self {
            blocks: vec![Block::default(); blocks].into(),
            additions: 0,
            period: Self::period(entries),
        }
    }

    /// Ages from now on as one for `entries` would. Counts stay; the memory stays as it is.
    pub(crate) fn rate(&mut self, entries: usize) {
        self.period = Self::period(entries);
    }

    fn period(entries: usize) -> usize {
        entries.max(16).saturating_mul(PERIOD)
    }

    /// The block of a key, and bits that say where in it the counters are.
    #[inline(always)]
    fn block(&self, hash: u32) -> (usize, u64) {
        let mixed = u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let block = ((mixed & 0xFFFF_FFFF) * self.blocks.len() as u64) >> 32;
        (block as usize, mixed >> 40)
    }

    /// How often `hash` was added: at least, unless aged since, and at most [`MOST`].
    #[inline]
    pub(crate) fn estimate(&self, hash: u32) -> u32 {
        let (block, bits) = self.block(hash);
        self.blocks
            .get(block)
            .map_or(0, |block| block.lowest(&Places::of(bits)) as u32)
    }

    /// Sees `hash` `times` more. Returns what the estimate is now.
    #[inline]
    pub(crate) fn add(&mut self, hash: u32, times: u32) -> u32 {
        let (block, bits) = self.block(hash);
        let Some(block) = self.blocks.get_mut(block) else {
            return 0;
        };
        let places = Places::of(bits);
        let was = block.lowest(&places);
        let now = (was + u64::from(times)).min(u64::from(MOST));
        if now > was {
            block.raise(&places, now);
            self.additions += (now - was) as usize;
            if self.additions >= self.period {
                self.age();
            }
        }
        now as u32
    }

    #[cold]
    fn age(&mut self) {
        for word in self.blocks.iter_mut().flat_map(|block| block.0.iter_mut()) {
            *word = (*word >> 1) & 0x7777_7777_7777_7777;
        }
        self.additions /= 2;
    }

    /// Bytes on the heap.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(&*self.blocks)
    }
}

/// Where a key's counters are: two words of a block, and two shifts in each.
struct Places {
    words: [usize; 2],
    shifts: [[u64; 2]; 2],
}

impl Places {
    /// One word of each half of the block, one counter in each half of the word.
    #[inline(always)]
    fn of(bits: u64) -> Self {
        let shift = |at: u64| (bits >> at & 7) * 4;
        Self {
            words: [(bits & 3) as usize, 4 + (bits >> 2 & 3) as usize],
            shifts: [[shift(4), 32 + shift(7)], [shift(10), 32 + shift(13)]],
        }
    }
}

const COUNT: u64 = MOST as u64;

impl Block {
    #[inline(always)]
    fn lowest(&self, places: &Places) -> u64 {
        let [first, second] = places.words;
        let lowest = |word: usize, [low, high]: [u64; 2]| {
            let word = self.0.get(word).copied().unwrap_or(0);
            (word >> low & COUNT).min(word >> high & COUNT)
        };
        let [in_first, in_second] = places.shifts;
        lowest(first, in_first).min(lowest(second, in_second))
    }

    /// Raises the counters that are lower than `to`.
    #[inline(always)]
    fn raise(&mut self, places: &Places, to: u64) {
        for (word, shifts) in places.words.into_iter().zip(places.shifts) {
            let Some(word) = self.0.get_mut(word) else {
                continue;
            };
            for shift in shifts {
                *word += to.saturating_sub(*word >> shift & COUNT) << shift;
            }
        }
    }
}

#[cfg(test)]
#[path = "sketch_tests.rs"]
mod tests;
