//! A token bucket that is one of several rules.
//!
//! The arithmetic, and so what a clock that is wrong does, is that of [`Meter`]: an older timestamp finds the filling of its time and
//! the charges of all times, so it is refused what came since, and nothing comes twice.

use super::rule::Rule;
use super::{Meter, Step};
use crate::limit::{Decision, Quota};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    meter: Meter,
    word: u64,
}

impl Bucket {
    /// A bucket that holds its initial tokens at `now`.
    pub(crate) fn new(quota: Quota, now: u64) -> Self {
        let meter = quota.meter();
        let word = meter.beginning(&quota, now);
        Self { meter, word }
    }
}

impl Rule for Bucket {
    fn admits(&self, now: u64, cost: u64) -> bool {
        self.meter.step(self.word, now, cost) != Step::Refused
    }

    fn take(&mut self, now: u64, cost: u64) -> bool {
        match self.meter.step(self.word, now, cost) {
            Step::Free => true,
            Step::To(next) => {
                self.word = next;
                true
            }
            Step::Refused => false,
        }
    }

    fn look(&self, now: u64, cost: u64) -> Decision {
        let mut after = *self;
        let taken = after.take(now, cost);
        self.meter.decision(after.word, now, cost, taken, 0)
    }
}
