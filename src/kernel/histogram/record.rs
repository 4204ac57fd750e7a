//! Recording: one writer per stripe.
//!
//! A thread with a number below [`STRIPES`] (see `kernel/threads.rs`) owns the stripe of that number in every histogram. It
//! is the only writer, so a bucket is raised by a load and a store, without an atomic read-modify-write. A thread that ends
//! hands its number, and with it the stripe, to a later one; giving and taking a number orders their writes. All other
//! threads share one stripe and use atomic additions. A reader adds up all stripes.
//!
//! Stripes and rows are allocated when they are first needed and live as long as the histogram.
//!
//! Memory ordering: everything is relaxed but the hand-over of numbers and the publication of allocated memory. A reader
//! beside active writers sees each counter at some moment of its own, never a value that was not there.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use super::buckets::{COLUMNS, ROWS, place};
use super::distribution::Distribution;
use crate::kernel::clock::saturating_nanos;
use crate::kernel::sync::{AtomicU64, Ordering};
use crate::kernel::threads;

/// Threads that own a stripe; the others share one.
const STRIPES: usize = 64;

/// A distribution that threads record into, concurrently and without waiting.
///
/// # Complexity
///
/// Recording raises a bucket, a sum, a smallest and a largest value in memory that no other thread writes; from the 65th
/// live thread on, in shared memory by atomic additions. Reading adds up all stripes: 8 bytes per bucket in use.
///
/// # Example: percentiles of one minute
///
/// ```
/// use tenfold::histogram::Histogram;
///
/// let sizes = Histogram::new();
/// sizes.record(100);
/// let before = sizes.distribution();
/// sizes.record(3);
/// sizes.record(5);
/// let minute = sizes.distribution().since(&before);
/// assert_eq!((minute.count(), minute.quantile(0.5), minute.quantile(1.0)), (2, 3, 5));
/// ```
pub struct Histogram {
    owned: Box<[OnceLock<Box<Stripe>>]>,
    shared: OnceLock<Box<Stripe>>,
}

type Row = [AtomicU64; COLUMNS];

struct Stripe {
    rows: [OnceLock<Box<Row>>; ROWS],
    sum_low: AtomicU64,
    sum_high: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Histogram {
    /// An empty histogram for values of any size.
    #[must_use]
    pub fn new() -> Self {
        Self {
            owned: (0..STRIPES).map(|_| OnceLock::new()).collect(),
            shared: OnceLock::new(),
        }
    }

    /// Records one value.
    ///
    /// # Blocking
    ///
    /// Never waits for another recorder. The first value of a thread, and its first in a power of two, allocate.
    #[inline]
    pub fn record(&self, value: u64) {
        match threads::number().and_then(|number| self.owned.get(number)) {
            Some(own) => own.get_or_init(Stripe::boxed).record_alone(value),
            None => self.shared.get_or_init(Stripe::boxed).record_shared(value),
        }
    }

    /// Records a duration in nanoseconds; more than 584 years count as that.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(saturating_nanos(duration));
    }

    /// What was recorded so far.
    #[must_use]
    pub fn distribution(&self) -> Distribution {
        let mut total = Distribution::default();
        for stripe in self
            .owned
            .iter()
            .chain([&self.shared])
            .filter_map(OnceLock::get)
        {
            stripe.add_to(&mut total);
        }
        total.complete()
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let stripes = self
            .owned
            .iter()
            .chain([&self.shared])
            .filter_map(OnceLock::get);
        let rows = |stripe: &Stripe| stripe.rows.iter().filter(|row| row.get().is_some()).count();
        size_of_val(&*self.owned)
            + stripes
                .map(|s| size_of::<Stripe>() + rows(s) * size_of::<Row>())
                .sum::<usize>()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Histogram")
            .field(&self.distribution())
            .finish()
    }
}

impl Stripe {
    #[cold]
    fn boxed() -> Box<Self> {
        Box::new(Self {
            rows: [const { OnceLock::new() }; ROWS],
            sum_low: AtomicU64::new(0),
            sum_high: AtomicU64::new(0),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
        })
    }

    #[inline]
    fn bucket(&self, value: u64) -> Option<&AtomicU64> {
        let (row, column) = place(value);
        self.rows.get(row)?.get_or_init(new_row).get(column)
    }

    /// For the only writer of this stripe.
    #[inline]
    fn record_alone(&self, value: u64) {
        if let Some(bucket) = self.bucket(value) {
            bucket.store(bucket.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        let (sum, carry) = self.sum_low.load(Ordering::Relaxed).overflowing_add(value);
        self.sum_low.store(sum, Ordering::Relaxed);
        if carry {
            self.sum_high
                .store(self.sum_high.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        if value < self.min.load(Ordering::Relaxed) {
            self.min.store(value, Ordering::Relaxed);
        }
        if value > self.max.load(Ordering::Relaxed) {
            self.max.store(value, Ordering::Relaxed);
        }
    }

    fn record_shared(&self, value: u64) {
        if let Some(bucket) = self.bucket(value) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if self
            .sum_low
            .fetch_add(value, Ordering::Relaxed)
            .checked_add(value)
            .is_none()
        {
            self.sum_high.fetch_add(1, Ordering::Relaxed);
        }
        self.min.fetch_min(value, Ordering::Relaxed);
        self.max.fetch_max(value, Ordering::Relaxed);
    }

    fn add_to(&self, total: &mut Distribution) {
        for (row, columns) in self
            .rows
            .iter()
            .enumerate()
            .filter_map(|(row, cell)| Some((row, cell.get()?)))
        {
            for (column, bucket) in columns.iter().enumerate() {
                total.add_bucket(row, column, bucket.load(Ordering::Relaxed));
            }
        }
        let sum = u128::from(self.sum_high.load(Ordering::Relaxed)) << 64
            | u128::from(self.sum_low.load(Ordering::Relaxed));
        total.add_summary(
            sum,
            self.min.load(Ordering::Relaxed),
            self.max.load(Ordering::Relaxed),
        );
    }
}

#[cold]
fn new_row() -> Box<Row> {
    Box::new(std::array::from_fn(|_| AtomicU64::new(0)))
}
