//! A limiter on trial.

use super::{Decision, RateLimiter};
use crate::kernel::clock::Tick;
use crate::kernel::counters::Counters;

const CALLS: usize = 0;
const WOULD_REFUSE: usize = 1;

/// Asks a limiter, counts what it says, and allows everything.
///
/// For a limit that is new: put it around the traffic as a shadow, look at [`stats`](Self::stats) and at whom it would hit, adjust it until
/// it refuses what it should, and only then take the shadow away.
///
/// ```
/// use tenfold::limit::{Quota, RateLimiter, Shadow, TokenBucket};
///
/// let limiter = Shadow::new(TokenBucket::new(Quota::per_hour(100)));
/// for request in 0..120 {
///     let decision = limiter.decide(1);
///     assert!(decision.allowed);
///     if Shadow::<TokenBucket>::would_refuse(&decision) {
///         // log it: this request would have been refused, and told to come back after `decision.retry_after`
///     }
/// }
/// assert_eq!(limiter.stats().would_refuse, 20);
///
/// let enforced: TokenBucket = limiter.into_inner();
/// assert!(!enforced.try_acquire());
/// ```
///
/// What the limiter allows is taken from it as ever, and what it refuses is not, so the shadow counts what a client would see that
/// does not come back sooner for being refused. Clients that do retry would add to that.
///
/// To choose at run time, keep a `Box<dyn RateLimiter>` that is one or the other.
#[derive(Debug)]
pub struct Shadow<L> {
    inner: L,
    counters: Counters<2>,
}

impl<L> Shadow<L> {
    /// Allows everything, and counts what `limiter` says.
    #[must_use]
    pub fn new(limiter: L) -> Self {
        Self {
            inner: limiter,
            counters: Counters::new(),
        }
    }

    /// The limiter.
    #[must_use]
    pub const fn inner(&self) -> &L {
        &self.inner
    }

    /// The limiter, with what was taken from it, to be enforced from now on.
    #[must_use]
    pub fn into_inner(self) -> L {
        self.inner
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> ShadowStats {
        // In this order, so that there are never more refusals than calls.
        let would_refuse = self.counters.sum(WOULD_REFUSE);
        ShadowStats {
            calls: self.counters.sum(CALLS).max(would_refuse),
            would_refuse,
        }
    }

    /// Whether a decision of a shadow would have been a refusal: it is allowed, and yet says when to try again, or that it is no use.
    #[must_use]
    pub fn would_refuse(decision: &Decision) -> bool {
        decision.retry_after.is_none_or(|after| !after.is_zero())
    }

    fn count(&self, allowed: bool) {
        self.counters.raise(CALLS);
        if !allowed {
            self.counters.raise(WOULD_REFUSE);
        }
    }
}

/// All numbers are those of the limiter; only [`allowed`](Decision::allowed) is always true.
impl<L: RateLimiter> RateLimiter for Shadow<L> {
    fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision {
        let decision = self.inner.try_acquire_at(now, cost);
        self.count(decision.allowed);
        Decision {
            allowed: true,
            ..decision
        }
    }

    fn peek_at(&self, now: Tick, cost: u64) -> Decision {
        Decision {
            allowed: true,
            ..self.inner.peek_at(now, cost)
        }
    }

    fn now(&self) -> Tick {
        self.inner.now()
    }

    fn try_acquire(&self) -> bool {
        self.count(self.inner.try_acquire());
        true
    }

    fn try_acquire_n(&self, cost: u64) -> bool {
        self.count(self.inner.try_acquire_n(cost));
        true
    }
}

/// What happened at a [`Shadow`] since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ShadowStats {
    /// Calls, all of which were allowed.
    pub calls: u64,
    /// Those among them that the limiter would have refused.
    pub would_refuse: u64,
}

impl ShadowStats {
    /// What happened since `earlier`.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            would_refuse: self.would_refuse.saturating_sub(earlier.would_refuse),
        }
    }

    /// The part of calls that would have been refused: 0 to 1, and 0 if there were none.
    #[must_use]
    pub fn would_refuse_ratio(&self) -> f64 {
        self.would_refuse as f64 / self.calls.max(1) as f64
    }
}
