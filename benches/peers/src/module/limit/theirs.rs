//! The peers behind the trait.

use std::num::NonZeroU32;
use std::thread;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock, QuantaClock, QuantaUpkeepClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::limiter::{Allowance, Limiter, RATE};

/// How one makes a clock of governor.
pub(super) trait Ticking: Clock<Instant: Send + Sync> + Clone + Sync + 'static {
    fn start() -> Result<Self, String>;
}

impl Ticking for QuantaClock {
    fn start() -> Result<Self, String> {
        Ok(Self::default())
    }
}

impl Ticking for MonotonicClock {
    fn start() -> Result<Self, String> {
        Ok(Self)
    }
}

impl Ticking for QuantaUpkeepClock {
    /// The time of the last millisecond. Before the first reading it is zero, and jumps then.
    fn start() -> Result<Self, String> {
        let interval = Duration::from_millis(1);
        let started = Self::from_interval(interval).map_err(|error| error.to_string())?;
        thread::sleep(20 * interval);
        // Its origin is the moment of its making, so it is made anew from the time that is kept by now.
        drop(started);
        let running = Self::from_interval(interval).map_err(|error| error.to_string())?;
        thread::sleep(20 * interval);
        Ok(running)
    }
}

type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

pub(super) struct Governor<C: Clock>(Direct<C>);

impl<C: Ticking> Limiter for Governor<C> {
    type Clock = C;
    type Handle<'l> = &'l Direct<C>;

    fn clock() -> Result<C, String> {
        C::start()
    }

    fn build(clock: &C, allowance: Allowance) -> Result<Self, String> {
        let quota = match allowance {
            Allowance::Everything => NonZeroU32::new(RATE).map(Quota::per_second),
            Allowance::Nothing => Some(Quota::per_hour(NonZeroU32::MIN)),
        };
        let quota = quota.ok_or("no rate")?;
        Ok(Self(RateLimiter::direct_with_clock(quota, clock.clone())))
    }

    fn handle(&self) -> &Direct<C> {
        &self.0
    }

    fn ask(limiter: &mut &Direct<C>) -> bool {
        limiter.check().is_ok()
    }
}

/// On its own clock, which is the standard library's.
pub(super) struct RateLimit(ratelimit::Ratelimiter);

impl Limiter for RateLimit {
    type Clock = ();
    type Handle<'l> = &'l ratelimit::Ratelimiter;

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        let (tokens, period) = per(allowance);
        ratelimit::Ratelimiter::builder(tokens)
            .period(period)
            .max_tokens(tokens)
            .initial_available(tokens)
            .build()
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn handle(&self) -> &ratelimit::Ratelimiter {
        &self.0
    }

    fn ask(limiter: &mut &ratelimit::Ratelimiter) -> bool {
        limiter.try_wait().is_ok()
    }
}

/// Its tokens come all at once at the end of each period. As it comes it is fair, and every call takes a lock and reads the clock;
/// else it looks at the clock only when it has no tokens left.
pub(super) struct Leaky<const FAIR: bool>(leaky_bucket::RateLimiter);

impl<const FAIR: bool> Limiter for Leaky<FAIR> {
    type Clock = ();
    type Handle<'l> = &'l leaky_bucket::RateLimiter;

    /// An unfair one refuses at times when two threads ask at once, though there are tokens.
    const EXACT: bool = FAIR;

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        let (tokens, period) = per(allowance);
        let tokens = usize::try_from(tokens).map_err(|error| error.to_string())?;
        let limiter = leaky_bucket::RateLimiter::builder()
            .initial(tokens)
            .max(tokens)
            .refill(tokens)
            .interval(period)
            .fair(FAIR)
            .build();
        Ok(Self(limiter))
    }

    fn handle(&self) -> &leaky_bucket::RateLimiter {
        &self.0
    }

    fn ask(limiter: &mut &leaky_bucket::RateLimiter) -> bool {
        limiter.try_acquire(1)
    }
}

/// An allowance in tokens and the period of so many.
fn per(allowance: Allowance) -> (u64, Duration) {
    match allowance {
        Allowance::Everything => (RATE.into(), Duration::from_secs(1)),
        Allowance::Nothing => (1, Duration::from_secs(3600)),
    }
}
