//! Recording: one writer per stripe.
//!
//! A thread with a number below [`STRIPES`] (see `kernel/threads.rs`) owns the stripe of that number in every histogram. It
//! is the only writer, so a bucket is raised by a load and a store, without an atomic read-modify-write. A thread that ends
//! hands its number, and with it the stripe, to a later one; giving and taking a number orders their writes. All other
//! threads share one stripe and use atomic additions. A reader adds up all stripes.
//!
//! Stripes are allocated when they are first needed and live as long as the histogram.
//!
//! Memory ordering: everything is relaxed but the hand-over of numbers and the publication of allocated memory. A reader
//! beside active writers sees each bucket at some moment of its own, never a count that was not there.
//!
//! A stripe is flat: allocating it power of two by power of two made it a quarter of the size and recording half as slow
//! again, as did an exact sum and exact extremes beside the buckets.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use super::buckets::{BUCKETS, bucket};
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
/// Recording raises a count in memory that no other thread writes; from the 65th live thread on, in shared memory by an
/// atomic addition. Reading adds up the stripes: 30 KB per thread that recorded.
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
    /// In place, so that a recorder finds its stripe by one load.
    owned: [OnceLock<Stripe>; STRIPES],
    shared: OnceLock<Stripe>,
}

/// Counts of all buckets: always [`BUCKETS`] of them.
type Stripe = Box<[AtomicU64; BUCKETS]>;

impl Histogram {
    /// An empty histogram for values of any size.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            owned: [const { OnceLock::new() }; STRIPES],
            shared: OnceLock::new(),
        }
    }

    /// Records one value.
    ///
    /// # Blocking
    ///
    /// Never waits for another recorder, but for the moment in which two first allocate the shared stripe. The first value of a
    /// thread allocates its stripe, so don't record from within a global allocator.
    #[inline]
    pub fn record(&self, value: u64) {
        match threads::own(&self.owned) {
            Some(stripe) => {
                if let Some(count) = stripe.get_or_init(new_stripe).get(bucket(value)) {
                    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                }
            }
            None => self.record_shared(value),
        }
    }

    #[cold]
    fn record_shared(&self, value: u64) {
        if let Some(count) = self.shared.get_or_init(new_stripe).get(bucket(value)) {
            count.fetch_add(1, Ordering::Relaxed);
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
        for stripe in self.stripes() {
            for (bucket, count) in stripe.iter().enumerate() {
                total.add(bucket, count.load(Ordering::Relaxed));
            }
        }
        total
    }

    /// Bytes of heap memory in use, beside the kilobyte of the histogram itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.stripes().count() * size_of::<[AtomicU64; BUCKETS]>()
    }

    fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        self.owned
            .iter()
            .chain([&self.shared])
            .filter_map(OnceLock::get)
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

#[cold]
fn new_stripe() -> Stripe {
    loop {
        // Collected, since an array would first stand on the stack, and threads may have small ones.
        let counts: Box<[AtomicU64]> = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        // It has the length that is asked for, so this is left at once.
        if let Ok(stripe) = counts.try_into() {
            return stripe;
        }
    }
}
