//! This crate behind the trait.

use tenfold::clock::{Clock, MonotonicClock, Tick};
use tenfold::limit::{Quota, TokenBucket};

use super::limiter::{Allowance, Limiter, PACE_NS, RATE};

pub(super) const fn quota(allowance: Allowance) -> Quota {
    match allowance {
        Allowance::Everything => Quota::per_second(RATE),
        Allowance::Nothing => Quota::per_hour(1),
    }
}

/// The default: `try_acquire` on the process's clock, statistics on.
pub(super) struct Acquire(TokenBucket);

impl Limiter for Acquire {
    type Clock = ();
    type Handle<'l> = &'l TokenBucket;

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        Ok(Self(TokenBucket::new(quota(allowance))))
    }

    fn handle(&self) -> &TokenBucket {
        &self.0
    }

    fn ask(limiter: &mut &TokenBucket) -> bool {
        limiter.try_acquire()
    }
}

/// The whole story instead of yes or no.
pub(super) struct Decide(TokenBucket);

impl Limiter for Decide {
    type Clock = ();
    type Handle<'l> = &'l TokenBucket;

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        Ok(Self(TokenBucket::new(quota(allowance))))
    }

    fn handle(&self) -> &TokenBucket {
        &self.0
    }

    fn ask(limiter: &mut &TokenBucket) -> bool {
        let decision = std::hint::black_box(limiter.decide(1));
        decision.allowed
    }
}

/// The caller has read the clock anyway.
pub(super) struct At(TokenBucket);

impl Limiter for At {
    type Clock = ();
    type Handle<'l> = (&'l TokenBucket, Stamps);

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        Ok(Self(TokenBucket::new(quota(allowance))))
    }

    fn handle(&self) -> Self::Handle<'_> {
        (&self.0, Stamps::from_now())
    }

    fn ask((limiter, stamps): &mut Self::Handle<'_>) -> bool {
        limiter.try_acquire_n_at(stamps.next(), 1)
    }
}

/// Timestamps as a thread would read them that does nothing else but ask.
pub(super) struct Stamps(u64);

impl Stamps {
    pub(super) fn from_now() -> Self {
        Self(MonotonicClock::new().now().as_nanos())
    }

    pub(super) const fn next(&mut self) -> Tick {
        self.0 += PACE_NS;
        Tick::from_nanos(self.0)
    }
}
