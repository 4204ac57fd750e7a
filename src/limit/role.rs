//! What every limiter can do.

use std::fmt::Debug;

use super::Decision;
use crate::kernel::clock::Tick;

/// Something that says yes or no, so often per time and not more.
///
/// The trait is object-safe: a service can hold a `Box<dyn RateLimiter>` and choose by configuration. Whoever implements it keeps
/// three promises, which the tests of this crate check for every limiter here:
///
/// * A refusal changes nothing.
/// * `peek_at` answers what `try_acquire_at` would, and changes nothing.
/// * A timestamp that is older than one seen before is an ordinary argument: it never creates tokens.
///
/// ```
/// use tenfold::clock::{ManualClock, Tick};
/// use tenfold::limit::{Quota, RateLimiter, TokenBucket};
///
/// let limiter: Box<dyn RateLimiter> = Box::new(TokenBucket::new(Quota::per_second(2)));
/// let now = Tick::from_nanos(0);
/// assert!(limiter.try_acquire_at(now, 2).allowed);
/// assert!(!limiter.peek_at(now, 1).allowed);
/// ```
pub trait RateLimiter: Debug + Send + Sync {
    /// Takes `cost` tokens if they are there at `now`.
    ///
    /// `now` is a time of [`now`](Self::now)'s clock, which the caller may have read for other reasons. A cost of zero is
    /// always allowed and takes nothing.
    fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision;

    /// What [`try_acquire_at`](Self::try_acquire_at) would say. Takes nothing, and is not counted in statistics.
    fn peek_at(&self, now: Tick, cost: u64) -> Decision;

    /// The time on the limiter's clock.
    fn now(&self) -> Tick;

    /// Takes `cost` tokens if they are there.
    fn decide(&self, cost: u64) -> Decision {
        self.try_acquire_at(self.now(), cost)
    }

    /// What [`decide`](Self::decide) would say.
    fn peek(&self, cost: u64) -> Decision {
        self.peek_at(self.now(), cost)
    }

    /// Takes one token if it is there.
    fn try_acquire(&self) -> bool {
        self.decide(1).allowed
    }

    /// Takes `cost` tokens if they are there.
    fn try_acquire_n(&self, cost: u64) -> bool {
        self.decide(cost).allowed
    }
}

macro_rules! forwarding {
    ($($pointer:ty),*) => { $(
        impl<L: RateLimiter + ?Sized> RateLimiter for $pointer {
            fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision {
                (**self).try_acquire_at(now, cost)
            }
            fn peek_at(&self, now: Tick, cost: u64) -> Decision {
                (**self).peek_at(now, cost)
            }
            fn now(&self) -> Tick {
                (**self).now()
            }
            fn try_acquire(&self) -> bool {
                (**self).try_acquire()
            }
            fn try_acquire_n(&self, cost: u64) -> bool {
                (**self).try_acquire_n(cost)
            }
        }
    )* };
}
forwarding!(&L, Box<L>, std::sync::Arc<L>);
