//! Limits, one by one.

use std::time::Duration;

use super::All;
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::limit::algorithm::{
    Bucket, Fixed, Log, MOST_TOGETHER, Rule, SlidingCounter, Together, window_nanos,
};
use crate::limit::{Error, Quota};

/// Builds an [`All`]: limits of any kind, in the order in which [`Decision::limiting`](crate::limit::Decision::limiting) counts them.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct AllBuilder<C = MonotonicClock> {
    /// One more than possible at most: that is enough to know that there are too many.
    limits: Vec<Limit>,
    clock: C,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    Quota(Quota),
    Window(Kind, u64, Duration),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Log,
    Fixed,
}

impl Limit {
    fn rule(self, now: u64) -> Result<Box<dyn Rule>, Error> {
        Ok(match self {
            Self::Quota(quota) => Box::new(Bucket::new(quota, now)),
            Self::Window(kind, limit, window) => {
                let window = window_nanos(window)?;
                match kind {
                    Kind::Counter => Box::new(SlidingCounter::new(limit, window)),
                    Kind::Log => Box::new(Log::new(limit, window)?),
                    Kind::Fixed => Box::new(Fixed::new(limit, window)),
                }
            }
        })
    }
}

impl AllBuilder {
    pub(super) const fn new() -> Self {
        Self {
            limits: Vec::new(),
            clock: MonotonicClock::new(),
        }
    }
}

impl<C: Clock> AllBuilder<C> {
    fn with(mut self, limit: Limit) -> Self {
        if self.limits.len() <= MOST_TOGETHER {
            self.limits.push(limit);
        }
        self
    }

    /// A token bucket.
    pub fn quota(self, quota: Quota) -> Self {
        self.with(Limit::Quota(quota))
    }

    /// Token buckets.
    pub fn quotas(self, quotas: impl IntoIterator<Item = Quota>) -> Self {
        // More are too many anyway, and the iterator may have no end.
        let quotas = quotas.into_iter().take(MOST_TOGETHER + 1);
        quotas.fold(self, Self::quota)
    }

    /// See [`SlidingWindow`](crate::limit::SlidingWindow).
    pub fn sliding_window(self, limit: u64, window: Duration) -> Self {
        self.with(Limit::Window(Kind::Counter, limit, window))
    }

    /// See [`SlidingLog`](crate::limit::SlidingLog).
    pub fn sliding_log(self, limit: u64, window: Duration) -> Self {
        self.with(Limit::Window(Kind::Log, limit, window))
    }

    /// See [`FixedWindow`](crate::limit::FixedWindow).
    pub fn fixed_window(self, limit: u64, window: Duration) -> Self {
        self.with(Limit::Window(Kind::Fixed, limit, window))
    }

    /// The clock; the process's own by default.
    pub fn clock<D: Clock>(self, clock: D) -> AllBuilder<D> {
        AllBuilder {
            limits: self.limits,
            clock,
        }
    }

    /// The limiter.
    ///
    /// # Errors
    ///
    /// [`Error::BadCount`] if there are no limits or more than 16; what the limiters of one limit say of theirs.
    pub fn build(self) -> Result<All<C>, Error> {
        let now = self.clock.now().as_nanos();
        let rules = self.limits.iter().map(|limit| limit.rule(now));
        let rules = Together::new(rules.collect::<Result<_, _>>()?)?;
        Ok(All::from_rules(rules, self.clock))
    }
}
