//! The other limiters of this crate behind the trait. They are measured where they admit everything.

use std::time::Duration;

use tenfold::limit::{All, FixedWindow, Leased, Quota, RateLimiter, SlidingLog, SlidingWindow};

use super::limiter::{Allowance, Limiter, RATE};

/// How one makes a limiter that admits everything.
pub(super) trait Recipe: RateLimiter + Sized + 'static {
    fn build() -> Result<Self, String>;
}

/// A limiter that admits everything.
pub(super) struct Other<L>(L);

impl<L: Recipe> Limiter for Other<L> {
    type Clock = ();
    type Handle<'l> = &'l L;

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        match allowance {
            Allowance::Everything => L::build().map(Self),
            Allowance::Nothing => Err("is made only to admit".to_owned()),
        }
    }

    fn handle(&self) -> &L {
        &self.0
    }

    fn ask(limiter: &mut &L) -> bool {
        limiter.try_acquire()
    }
}

/// [`RATE`] per second, in windows that are short enough for the log of one.
const LIMIT: u64 = RATE as u64 / 1000;
const WINDOW: Duration = Duration::from_millis(1);

impl Recipe for SlidingWindow {
    fn build() -> Result<Self, String> {
        Self::new(LIMIT, WINDOW).map_err(|error| error.to_string())
    }
}

impl Recipe for SlidingLog {
    fn build() -> Result<Self, String> {
        Self::new(LIMIT, WINDOW).map_err(|error| error.to_string())
    }
}

impl Recipe for FixedWindow {
    fn build() -> Result<Self, String> {
        Self::new(LIMIT, WINDOW).map_err(|error| error.to_string())
    }
}

/// Two quotas at once.
impl Recipe for All {
    fn build() -> Result<Self, String> {
        let quotas = [Quota::per_second(RATE), Quota::per_minute(u32::MAX)];
        Self::new(quotas).map_err(|error| error.to_string())
    }
}

impl Recipe for Leased {
    fn build() -> Result<Self, String> {
        Ok(Self::new(Quota::per_second(RATE)))
    }
}
