//! What is counted without a lock.

use crate::kernel::counters::Counters;
use crate::kernel::sync::{AtomicU64, Ordering};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Meter {
    /// This and the next are the first: see [`Meters::hits`].
    Hits,
    Misses,
    /// Entries that did not fit.
    Refused,
    Loads,
    LoadFailures,
    LoadNanos,
    /// Misses of what is known to be absent.
    NegativeHits,
}

const METERS: usize = 7;

#[derive(Debug)]
pub(crate) struct Meters(Counters<METERS>);

impl Meters {
    pub(crate) fn new() -> Self {
        Self(Counters::new())
    }

    pub(crate) fn raise(&self, meter: Meter) {
        self.0.raise(meter as usize);
    }

    /// Where the calling thread counts hits and misses, if it has a place of its own.
    #[inline(always)]
    pub(crate) fn hits(&self) -> Option<Hits<'_>> {
        let [hits, misses, ..] = self.0.own()?;
        Some(Hits { hits, misses })
    }

    pub(crate) fn add(&self, meter: Meter, by: u64) {
        self.0.add(meter as usize, by);
    }

    pub(crate) fn sum(&self, meter: Meter) -> u64 {
        self.0.sum(meter as usize)
    }
}

/// The hits and misses of one thread, which alone counts here.
pub(crate) struct Hits<'m> {
    hits: &'m AtomicU64,
    misses: &'m AtomicU64,
}

impl Hits<'_> {
    #[inline(always)]
    pub(crate) fn raise(&self) {
        Self::count(self.hits);
    }

    #[inline(always)]
    pub(crate) fn miss(&self) {
        Self::count(self.misses);
    }

    #[inline(always)]
    fn count(counter: &AtomicU64) {
        counter.store(
            counter.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
    }
}
