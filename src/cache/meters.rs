//! What is counted without a lock.

use crate::kernel::counters::Counters;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Meter {
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

    #[inline(always)]
    pub(crate) fn raise(&self, meter: Meter) {
        if !self.0.raise_briefly(meter as usize) {
            self.raise_slowly(meter);
        }
    }

    #[cold]
    #[inline(never)]
    fn raise_slowly(&self, meter: Meter) {
        self.0.raise(meter as usize);
    }

    pub(crate) fn add(&self, meter: Meter, by: u64) {
        self.0.add(meter as usize, by);
    }

    pub(crate) fn sum(&self, meter: Meter) -> u64 {
        self.0.sum(meter as usize)
    }
}
