//! Settings of a bucket.

use std::time::Duration;

use super::TokenBucket;
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::limit::Quota;

/// Settings of a [`TokenBucket`].
///
/// ```
/// use tenfold::limit::{Config, Quota, TokenBucket};
///
/// let mut config = Config::new(Quota::per_second(10));
/// config.max_waiters = 100;
/// let limiter = TokenBucket::builder(config.quota).config(config).build();
/// assert_eq!(limiter.config(), config);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// How much is allowed.
    pub quota: Quota,
    /// Callers that may stand in line: 1024 by default. Whoever comes then is refused at once. A place takes some 70 bytes, and is kept
    /// for the next who waits.
    #[cfg_attr(feature = "serde", serde(default = "default_max_waiters"))]
    pub max_waiters: usize,
    /// How long a future at the head of the line may be left unpolled when its tokens are there, before the next one in line gets
    /// its turn, or, if nobody else waits, those who do not wait may take them: 10 ms by default. Below what it takes to wake a
    /// thread, some 100 µs, turns go to and fro, which costs time and changes nobody's place.
    #[cfg_attr(feature = "serde", serde(default = "default_patience"))]
    pub patience: Duration,
}

const fn default_max_waiters() -> usize {
    1024
}

const fn default_patience() -> Duration {
    Duration::from_millis(10)
}

impl Config {
    /// The default settings for a quota.
    #[must_use]
    pub const fn new(quota: Quota) -> Self {
        Self {
            quota,
            max_waiters: default_max_waiters(),
            patience: default_patience(),
        }
    }
}

/// Builds a [`TokenBucket`].
#[derive(Clone, Debug)]
pub struct Builder<C = MonotonicClock> {
    config: Config,
    clock: C,
}

impl Builder {
    pub(super) const fn new(quota: Quota) -> Self {
        Self {
            config: Config::new(quota),
            clock: MonotonicClock::new(),
        }
    }
}

impl<C: Clock + 'static> Builder<C> {
    /// All settings at once, the quota included.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// See [`Config::max_waiters`].
    #[must_use]
    pub fn max_waiters(mut self, callers: usize) -> Self {
        self.config.max_waiters = callers;
        self
    }

    /// See [`Config::patience`].
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.config.patience = patience;
        self
    }

    /// The clock; the process's own by default.
    #[must_use]
    pub fn clock<D: Clock + 'static>(self, clock: D) -> Builder<D> {
        Builder {
            config: self.config,
            clock,
        }
    }

    /// The bucket. Every setting is possible, so this can't fail.
    #[must_use]
    pub fn build(self) -> TokenBucket<C> {
        TokenBucket::from_config(self.config, self.clock)
    }
}
