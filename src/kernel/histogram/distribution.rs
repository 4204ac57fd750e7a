//! Reading: counts per bucket at one moment.

use std::fmt;

use super::buckets::{COLUMNS, ROWS, bounds, middle, place};

/// What a [`Histogram`](super::Histogram) had recorded at one moment: a value of its own that can be merged, subtracted and
/// asked for quantiles.
///
/// # Complexity
///
/// 512 bytes per power of two up to the largest one in use. A quantile walks over them.
#[derive(Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Counts, row by row, up to the last row in use.
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    /// The wrong way round while there are no values.
    min: u64,
    max: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            counts: Vec::new(),
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }
}

impl Distribution {
    /// How many values were recorded.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The sum of all values, exactly.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The mean of all values; 0 if there are none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum as f64 / self.count as f64
        }
    }

    /// The smallest value, exactly; 0 if there is none. After [`since`](Self::since) the smallest of its bucket.
    #[must_use]
    pub const fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min }
    }

    /// The largest value, exactly; 0 if there is none. After [`since`](Self::since) the largest of its bucket.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The smallest value that at least the fraction `q` of all values do not exceed, to within 1/128 of itself; 0 if there
    /// are no values.
    ///
    /// `quantile(0.5)` is the median, `quantile(0.0)` the smallest and `quantile(1.0)` the largest value. A fraction outside
    /// of `0.0..=1.0` counts as the nearer end, and one that is not a number as 0.
    #[must_use]
    pub fn quantile(&self, q: f64) -> u64 {
        if self.count == 0 || q.is_nan() || q <= 0.0 {
            return self.min();
        }
        let rank = (q.min(1.0) * self.count as f64).ceil() as u64;
        if rank >= self.count {
            return self.max;
        }
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(index / COLUMNS, index % COLUMNS)
                    .max(self.min)
                    .min(self.max);
            }
        }
        self.max
    }

    /// Adds what `other` has recorded.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (to, from) in self.counts.iter_mut().zip(&other.counts) {
            *to += from;
        }
        self.count += other.count;
        self.add_summary(other.sum, other.min, other.max);
    }

    /// What was recorded after `earlier`, which the same histogram gave before.
    ///
    /// The smallest and the largest value are known by their buckets only. Counts that `earlier` has and this has not are
    /// taken as zero.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = Self::default();
        for (index, count) in self.counts.iter().enumerate() {
            let before = earlier.counts.get(index).copied().unwrap_or(0);
            difference.add_bucket(
                index / COLUMNS,
                index % COLUMNS,
                count.saturating_sub(before),
            );
        }
        if let Some((low, high)) = difference.extremes() {
            difference.min = low.max(self.min);
            difference.max = high.min(self.max);
        }
        difference.sum = self.sum.saturating_sub(earlier.sum);
        difference
    }

    /// The buckets in use, in ascending order: smallest value, largest value, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(index, count)| {
                let (low, high) = bounds(index / COLUMNS, index % COLUMNS);
                (low, high, *count)
            })
    }

    /// How many values fell into the buckets up to the one of `value`.
    #[must_use]
    pub fn count_up_to(&self, value: u64) -> u64 {
        let (row, column) = place(value);
        self.counts.iter().take(row * COLUMNS + column + 1).sum()
    }

    pub(super) fn add_bucket(&mut self, row: usize, column: usize, count: u64) {
        if count == 0 || row >= ROWS {
            return;
        }
        if self.counts.len() < (row + 1) * COLUMNS {
            self.counts.resize((row + 1) * COLUMNS, 0);
        }
        if let Some(to) = self.counts.get_mut(row * COLUMNS + column) {
            *to += count;
            self.count += count;
        }
    }

    pub(super) fn add_summary(&mut self, sum: u128, min: u64, max: u64) {
        self.sum += sum;
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Makes good what a recorder that was interrupted has not written yet: it writes the extremes after the count.
    pub(super) fn complete(mut self) -> Self {
        if let Some((low, high)) = self.extremes().filter(|_| self.min > self.max) {
            self.min = low;
            self.max = high;
        }
        self
    }

    /// Smallest value of the first bucket in use and largest value of the last one.
    fn extremes(&self) -> Option<(u64, u64)> {
        let first = self.counts.iter().position(|count| *count > 0)?;
        let last = self.counts.iter().rposition(|count| *count > 0)?;
        Some((
            bounds(first / COLUMNS, first % COLUMNS).0,
            bounds(last / COLUMNS, last % COLUMNS).1,
        ))
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distribution")
            .field("count", &self.count)
            .field("min", &self.min)
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max)
            .finish()
    }
}
