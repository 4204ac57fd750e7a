//! Turns into places, without a division.

/// `turn % len`, for turns below 2^63: two multiplications.
///
/// With `l` = ⌈log2 len⌉ and `m` = ⌈2^(63+l) / len⌉, `m` fits into 64 bits and `turn × m` divided by 2^(63+l) is the exact quotient: the
/// error of `m` is below 1, so that of the product is below `turn / 2^63 × 2^l / len`... less than one part in `len`. The lower half of the
/// product is not needed, as `l` is at least 1 unless `len` is.
///
/// Source: T. Granlund, P. Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycle {
    len: u64,
    magic: u64,
    /// Of the upper half of the product.
    shift: u32,
    /// Of turns: 63 bits, and none for a cycle of one, where every turn is 0.
    mask: u64,
}

impl Cycle {
    /// Places `0..len`. A cycle of none has the place 0.
    pub(super) fn new(len: usize) -> Self {
        let len = (len as u64).clamp(1, 1 << 32);
        let log = u64::BITS - (len - 1).leading_zeros();
        let magic = (1_u128 << (63 + log)).div_ceil(u128::from(len));
        Self {
            len,
            // At most 2^63 × 2^log / len < 2^64, as len > 2^(log - 1).
            magic: magic as u64,
            shift: log.saturating_sub(1),
            mask: if len == 1 { 0 } else { u64::MAX >> 1 },
        }
    }

    /// Where this turn is. Turns from 2^63 begin the cycle anew.
    #[inline]
    pub(super) fn place(self, turn: u64) -> usize {
        let turn = turn & self.mask;
        let product = (u128::from(turn) * u128::from(self.magic)) >> u64::BITS;
        let quotient = product as u64 >> self.shift;
        (turn - quotient * self.len) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_remainder() {
        let lens = (1..200).chain([1 << 16, (1 << 16) + 1, 65_521, (1 << 32) - 1, 1 << 32]);
        for len in lens {
            let cycle = Cycle::new(len);
            let len = len as u64;
            let ends = [
                0,
                1,
                len - 1,
                len,
                len + 1,
                7 * len - 1,
                7 * len,
                u64::MAX / 2,
                u64::MAX / 2 / len * len,
            ];
            for turn in ends.into_iter().chain(u64::MAX / 2 - 50..=u64::MAX / 2) {
                assert_eq!(cycle.place(turn) as u64, turn % len, "{turn} % {len}");
            }
        }
        assert_eq!(Cycle::new(0).place(5), 0);
    }
}
