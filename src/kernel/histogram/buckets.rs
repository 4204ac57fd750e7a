//! Which value falls into which bucket.
//!
//! Row 0 holds the values below 64, one bucket each. Row `r` holds `64 << (r - 1) .. 64 << r` in 64 buckets of equal width.
//! So a bucket is at most 1/64 as wide as its smallest value, and there are 59 rows up to `u64::MAX`.

/// Buckets per row, and the logarithm of that.
pub(super) const COLUMNS: usize = 1 << COLUMN_BITS;
const COLUMN_BITS: u32 = 6;
/// Rows up to the largest value.
pub(super) const ROWS: usize = (u64::BITS - COLUMN_BITS) as usize + 1;

/// Row and column of `value`.
#[inline]
pub(super) const fn place(value: u64) -> (usize, usize) {
    // The highest set bit, with small values treated as if they had bit 6: they share row 0.
    let bits = u64::BITS - (value | (COLUMNS as u64 - 1)).leading_zeros();
    let row = (bits - COLUMN_BITS) as usize;
    let shift = row.saturating_sub(1);
    (row, (value >> shift) as usize & (COLUMNS - 1))
}

/// Smallest and largest value of a bucket.
pub(super) const fn bounds(row: usize, column: usize) -> (u64, u64) {
    if row == 0 {
        return (column as u64, column as u64);
    }
    let width = 1_u64 << (row - 1);
    let low = (COLUMNS + column) as u64 * width;
    (low, low + (width - 1))
}

/// The value that stands for a bucket: its middle, at most half a width from every value in it.
pub(super) const fn middle(row: usize, column: usize) -> u64 {
    let (low, high) = bounds(row, column);
    low + (high - low) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_are_adjacent_from_zero_to_the_largest_value() {
        let mut next = 0_u64;
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let (low, high) = bounds(row, column);
                assert_eq!(low, next);
                assert_eq!((place(low), place(high)), ((row, column), (row, column)));
                next = high.wrapping_add(1);
            }
        }
        assert_eq!(next, 0, "the last bucket ends with u64::MAX");
    }

    proptest! {
        #[test]
        fn a_bucket_knows_its_values_to_one_part_in_128(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            let (row, column) = place(value);
            let (low, high) = bounds(row, column);
            prop_assert!((low..=high).contains(&value));
            prop_assert!(u128::from(middle(row, column).abs_diff(value)) * 128 <= u128::from(value));
        }
    }
}
