//! Reading: counts per bucket at one moment.

use std::fmt;

use super::buckets::{BUCKETS, bounds, bucket, middle};

/// What a [`Histogram`](super::Histogram) had recorded at one moment: a value of its own that can be merged, subtracted and
/// asked for quantiles.
///
/// # Complexity
///
/// 8 bytes per bucket up to the largest one in use: 12 KB for latencies up to a second. A quantile walks over them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Counts up to the last bucket in use.
    counts: Vec<u64>,
    count: u64,
}

impl Distribution {
    /// How many values were recorded, exactly. At [`u64::MAX`] counts stop.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The sum of all values, each taken as the middle of its bucket: to within 1/128 of itself.
    #[must_use]
    pub fn sum(&self) -> u128 {
        let term = |(bucket, count): (usize, &u64)| u128::from(middle(bucket)) * u128::from(*count);
        self.counts
            .iter()
            .enumerate()
            .map(term)
            .fold(0, u128::saturating_add)
    }

    /// The mean of all values, to within 1/128 of itself; 0 if there are none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum() as f64 / self.count as f64
        }
    }

    /// A lower bound of what was recorded: where the lowest bucket in use begins, less than 1/64 below the smallest value; 0 if
    /// nothing was recorded.
    #[must_use]
    pub fn min(&self) -> u64 {
        self.counts
            .iter()
            .position(|count| *count > 0)
            .map_or(0, |bucket| bounds(bucket).0)
    }

    /// An upper bound of what was recorded: where the highest bucket in use ends, less than 1/64 above the largest value; 0 if
    /// nothing was recorded.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.counts
            .iter()
            .rposition(|count| *count > 0)
            .map_or(0, |bucket| bounds(bucket).1)
    }

    /// The smallest value that at least the fraction `q` of all values do not exceed, to within 1/128 of itself; 0 if
    /// nothing was recorded.
    ///
    /// `quantile(0.5)` is the median and `quantile(1.0)` the largest value, each as the middle of its bucket. A fraction outside of `0.0..=1.0` counts as the
    /// nearer end, and one that is not a number as 0.
    #[must_use]
    pub fn quantile(&self, q: f64) -> u64 {
        // A rank of zero, also that of a fraction that is not a number, is the smallest value.
        let rank =
            ((q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0_u64;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen = count.saturating_add(seen);
            if seen >= rank {
                return middle(bucket);
            }
        }
        0
    }

    /// Adds what `other` has recorded.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in other.counts.iter().enumerate() {
            self.add(bucket, *count);
        }
    }

    /// What was recorded after `earlier`, which the same histogram gave before.
    ///
    /// Counts that `earlier` has and this has not are taken as zero.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = Self::default();
        for (bucket, count) in self.counts.iter().enumerate() {
            let before = earlier.counts.get(bucket).copied().unwrap_or(0);
            difference.add(bucket, count.saturating_sub(before));
        }
        difference
    }

    /// The buckets in use, in ascending order: smallest value, largest value, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(bucket, count)| {
                let (low, high) = bounds(bucket);
                (low, high, *count)
            })
    }

    /// How many values fell into the buckets up to the one of `value`.
    #[must_use]
    pub fn count_up_to(&self, value: u64) -> u64 {
        self.counts
            .iter()
            .take(bucket(value) + 1)
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Adds so many zeros.
    pub(crate) fn add_zeros(&mut self, count: u64) {
        self.add(bucket(0), count);
    }

    pub(super) fn add(&mut self, bucket: usize, count: u64) {
        if count == 0 || bucket >= BUCKETS {
            return;
        }
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(to) = self.counts.get_mut(bucket) {
            *to = to.saturating_add(count);
            self.count = self.count.saturating_add(count);
        }
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distribution")
            .field("count", &self.count)
            .field("min", &self.min())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}
