//! Which of fourteen bytes equal one: the first seven of each of two words, which take turns.
//!
//! A few instructions on every processor: bits of two words at a time, and half as many where there is a comparison of sixteen bytes at
//! once, as on every x86-64. The words are loaded as words before, so that nothing here is shared with anybody.
#[cfg(all(target_arch = "x86_64", not(tenfold_portable)))]
use super::sixteen::Bits;

/// Slots in a group.
pub(super) const SLOTS: usize = 14;

/// Some slots of a group.
#[derive(Clone, Copy)]
pub(super) struct Lanes(Bits);

/// The slots in which `words` have `byte`.
#[inline(always)]
pub(super) fn equal(words: [u64; 2], byte: u8) -> Lanes {
    Lanes(Bits::equal(words, byte))
}

impl Lanes {
    /// The lowest, or a number past the last.
    #[inline(always)]
    pub(super) fn first(self) -> usize {
        self.0.first()
    }
}

impl Iterator for Lanes {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let slot = self.0.first();
        self.0.drop_first();
        (slot < SLOTS).then_some(slot)
    }
}

#[cfg(any(not(target_arch = "x86_64"), tenfold_portable))]
use portable::Bits;

#[cfg(any(test, not(target_arch = "x86_64"), tenfold_portable))]
mod portable {
    /// The highest bit of each byte that counts.
    const HIGHS: u64 = 0x0080_8080_8080_8080;
    const LOWS: u64 = HIGHS - (HIGHS >> 7);
    const ONES: u64 = 0x0101_0101_0101_0101;

    /// The highest bit of each byte for the first word, and the one below for the second.
    #[derive(Clone, Copy)]
    pub(super) struct Bits(u64);

    /// The bytes of `word` that are zero, by their highest bit.
    #[inline(always)]
    fn zeros(word: u64) -> u64 {
        !(((word & LOWS) + LOWS) | word) & HIGHS
    }

    impl Bits {
        #[inline(always)]
        pub(super) fn equal([first, second]: [u64; 2], byte: u8) -> Self {
            let pattern = u64::from(byte) * ONES;
            Self(zeros(first ^ pattern) | zeros(second ^ pattern) >> 1)
        }

        #[inline(always)]
        pub(super) fn first(self) -> usize {
            if self.0 == 0 {
                return super::SLOTS;
            }
            // Of two neighbours the second word's is the lower bit.
            let byte = self.0.trailing_zeros() as usize >> 3;
            let own = self.0 >> (byte << 3) & 0x80;
            byte << 1 | usize::from(own == 0)
        }

        #[inline]
        pub(super) fn drop_first(&mut self) {
            let slot = self.first();
            if slot < super::SLOTS {
                self.0 &= !(0x80 >> (slot & 1) << (slot >> 1 << 3));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Rng;

    #[test]
    fn every_slot_is_found_and_nothing_else() {
        let mut rng = Rng::seeded(11);
        for round in 0..20_000 {
            let mut bytes = [[0u8; 8]; 2];
            for word in &mut bytes {
                // Few values, so that there are many equal ones and neighbours that differ by one.
                word.fill_with(|| (rng.below(3) as u8).wrapping_add([0, 1, 127, 254][round % 4]));
            }
            let byte = bytes[0][7].wrapping_sub(rng.below(2) as u8);
            let words = bytes.map(u64::from_le_bytes);
            let naive: Vec<usize> = (0..SLOTS)
                .filter(|slot| bytes[slot % 2][slot / 2] == byte)
                .collect();
            let lanes = equal(words, byte);
            assert_eq!(lanes.collect::<Vec<_>>(), naive);
            assert_eq!(lanes.first(), naive.first().copied().unwrap_or(SLOTS));
            let mut bits = portable::Bits::equal(words, byte);
            for slot in naive {
                assert_eq!(bits.first(), slot);
                bits.drop_first();
            }
            assert_eq!(bits.first(), SLOTS);
        }
    }
}
