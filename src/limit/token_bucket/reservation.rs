//! Tokens that are taken now and used later.

use std::fmt;
use std::time::Duration;

use super::TokenBucket;
use super::core::Charge;
use super::handle::{ALLOWED, LOST, REFUSED};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::limit::{Error, RateLimiter};

/// Tokens that are charged already and may be used from [`ready_at`](Self::ready_at) on. Made by
/// [`TokenBucket::reserve`].
///
/// Dropping it cancels it.
#[must_use = "dropping a reservation cancels it"]
pub struct Reservation<'b, C: Clock + 'static = MonotonicClock> {
    bucket: &'b TokenBucket<C>,
    cost: u64,
    charge: Charge,
    ready_at: Tick,
}

impl<'b, C: Clock + 'static> Reservation<'b, C> {
    pub(super) fn new(
        bucket: &'b TokenBucket<C>,
        cost: u64,
        max_wait: Duration,
    ) -> Result<Self, Error> {
        let now = bucket.clock().now();
        let latest = now.saturating_add(max_wait).as_nanos();
        let mut ready_at = now;
        let charge = bucket.core.charge(|meter, word| {
            let units = meter.units(cost).filter(|_| !bucket.is_occupied())?;
            if cost == 0 {
                return Some(word);
            }
            // The end of the axis is no place to wait for.
            let ready = meter.ready_at(word, units)?.max(now.as_nanos());
            ready_at = Tick::from_nanos(ready);
            (ready <= latest).then(|| meter.overdrawn(word, now.as_nanos(), cost))
        });
        let Some(charge) = charge else {
            bucket.counters.raise(REFUSED);
            return Err(bucket.peek_at(now, cost).refusal());
        };
        bucket.counters.raise(ALLOWED);
        Ok(Self {
            bucket,
            cost,
            charge,
            ready_at,
        })
    }

    /// When the tokens may be used.
    #[must_use]
    pub const fn ready_at(&self) -> Tick {
        self.ready_at
    }

    /// Time from now until then.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.ready_at.since(self.bucket.clock().now())
    }

    /// Tokens reserved.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// Uses the tokens: they are not given back.
    pub fn commit(self) {
        std::mem::forget(self);
    }

    /// Gives the tokens back, if nobody has taken any since; the answer says whether. Otherwise others have been told times that
    /// rest on this charge, so the tokens are lost, and counted in [`Stats::lost`](crate::limit::Stats::lost).
    #[expect(
        clippy::must_use_candidate,
        reason = "one cancels for the effect; the answer is for the curious"
    )]
    pub fn cancel(mut self) -> bool {
        let back = self.give_back();
        std::mem::forget(self);
        back
    }

    fn give_back(&mut self) -> bool {
        let back = self.bucket.core.take_back(&self.charge);
        if back {
            self.bucket.turns.nudge();
        } else {
            self.bucket.counters.add(LOST, self.cost);
        }
        back
    }
}

impl<C: Clock + 'static> Drop for Reservation<'_, C> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<C: Clock + 'static> fmt::Debug for Reservation<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("cost", &self.cost)
            .field("ready_at", &self.ready_at)
            .finish_non_exhaustive()
    }
}
