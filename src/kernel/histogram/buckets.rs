//! Which value falls into which bucket.
//!
//! Values below 128 have a bucket each. From there on every power of two is cut into 64 buckets of equal width, so a bucket
//! is at most 1/64 as wide as its smallest value. Numbered through, the bucket of a value is its seven highest bits and 64
//! times the number of bits below them.

/// Buckets per power of two, and the logarithm of that.
const COLUMNS: usize = 1 << COLUMN_BITS;
const COLUMN_BITS: u32 = 6;
/// Buckets up to the largest value.
pub(super) const BUCKETS: usize = (u64::BITS - COLUMN_BITS + 1) as usize * COLUMNS;

/// The bucket of `value`.
#[inline]
pub(super) const fn bucket(value: u64) -> usize {
    // The lower bit pattern makes all values below 128 look as if they had seven bits.
    let below = (u64::BITS - 1 - COLUMN_BITS) - (value | (2 * COLUMNS as u64 - 1)).leading_zeros();
    below as usize * COLUMNS + (value >> below) as usize
}

/// Smallest and largest value of a bucket.
pub(super) const fn bounds(bucket: usize) -> (u64, u64) {
    let below = (bucket / COLUMNS).saturating_sub(1);
    let low = (bucket - below * COLUMNS) as u64;
    (low << below, (low << below) + ((1 << below) - 1))
}

/// The value that stands for a bucket: its middle, at most half a width from every value in it.
pub(super) const fn middle(bucket: usize) -> u64 {
    let (low, high) = bounds(bucket);
    low + (high - low) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_are_adjacent_from_zero_to_the_largest_value() {
        let mut next = 0_u64;
        for index in 0..BUCKETS {
            let (low, high) = bounds(index);
            assert_eq!(low, next);
            assert_eq!((bucket(low), bucket(high)), (index, index));
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends with u64::MAX");
    }

    proptest! {
        #[test]
        fn a_bucket_knows_its_values_to_one_part_in_128(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            let (low, high) = bounds(bucket(value));
            prop_assert!((low..=high).contains(&value));
            let error = u128::from(middle(bucket(value)).abs_diff(value));
            prop_assert!(error * 128 <= u128::from(value));
        }
    }
}
