//! How targets are checked.

use std::time::Duration;

use super::{Error, Status};

/// What a target is taken for before its first check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Initial {
    /// In order: it gets traffic at once.
    Healthy,
    /// Out of order, until `rise` checks have passed.
    Unhealthy,
    /// Neither: its first check decides.
    #[default]
    FirstCheck,
}

impl Initial {
    pub(super) const fn status(self) -> Status {
        match self {
            Self::Healthy => Status::Healthy,
            Self::Unhealthy => Status::Unhealthy,
            Self::FirstCheck => Status::Unknown,
        }
    }
}

/// Settings of a [`Monitor`](super::Monitor).
///
/// ```
/// use std::time::Duration;
/// use tenfold::health::{Active, Initial};
///
/// let config = Active::haproxy().interval(Duration::from_secs(5)).initial(Initial::Unhealthy);
/// assert_eq!((config.rise, config.fall), (2, 3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Active {
    /// From the begin of a check to the begin of the next: 5 s by default, 1 ms to a day. A check that takes longer is followed at once;
    /// one that does not return is not followed, and fails again after each interval.
    pub interval: Duration,
    /// The interval for targets that are not in order, if it differs.
    pub unhealthy_interval: Option<Duration>,
    /// After this long a check counts as failed: 2 s by default, 1 ms to a day. It runs from when a thread begins the check.
    pub timeout: Duration,
    /// The part of an interval by which each is shorter or longer, at random: 0.1 by default, 0 to 0.9. First checks are spread over this
    /// part of an interval.
    pub jitter: f32,
    /// Checks in a row that must pass to come back: 2 by default, at least 1.
    pub rise: u32,
    /// Checks in a row that must fail to go: 3 by default, at least 1.
    pub fall: u32,
    /// What a target is taken for before its first check.
    pub initial: Initial,
    /// Checks that may be under way at a time, those that have timed out and do not return included: 4 by default, at least 1. A
    /// target has one at most, and one that hangs keeps it; if as many hang, nobody else is checked, and keeps the status that it has
    /// ([`Stats::waiting`](super::Stats::waiting) counts them). Of the process's workers 7 run checks, so more is of use only for checks
    /// that are spawned.
    pub max_in_flight: usize,
    /// Targets that there may be: 65 536 by default, at least 1.
    pub max_targets: usize,
    /// Makes the jitter repeatable.
    pub seed: Option<u64>,
}

impl Default for Active {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            unhealthy_interval: None,
            timeout: Duration::from_secs(2),
            jitter: 0.1,
            rise: 2,
            fall: 3,
            initial: Initial::FirstCheck,
            max_in_flight: 4,
            max_targets: 1 << 16,
            seed: None,
        }
    }
}

impl Active {
    /// What HAProxy does for `check` without more: every 2 s, 2 to rise and 3 to fall, in order from the start, and not spread.
    #[must_use]
    pub fn haproxy() -> Self {
        Self {
            interval: Duration::from_secs(2),
            timeout: Duration::from_secs(2),
            jitter: 0.0,
            initial: Initial::Healthy,
            ..Self::default()
        }
    }

    /// What Pingora does: one result is enough in either direction, and backends are in order from the start. It has no interval of its
    /// own; this has a second, which is how long its TCP check tries.
    #[must_use]
    pub fn pingora() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            jitter: 0.0,
            rise: 1,
            fall: 1,
            initial: Initial::Healthy,
            ..Self::default()
        }
    }

    /// What a readiness probe of Kubernetes does: every 10 s with a timeout of 1 s, 1 to rise and 3 to fall, out of order at first.
    #[must_use]
    pub fn kubernetes() -> Self {
        Self {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
            jitter: 0.0,
            rise: 1,
            fall: 3,
            initial: Initial::Unhealthy,
            ..Self::default()
        }
    }

    /// See [`interval`](Self#structfield.interval).
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// See [`unhealthy_interval`](Self#structfield.unhealthy_interval).
    #[must_use]
    pub const fn unhealthy_interval(mut self, interval: Duration) -> Self {
        self.unhealthy_interval = Some(interval);
        self
    }

    /// See [`timeout`](Self#structfield.timeout).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// See [`jitter`](Self#structfield.jitter).
    #[must_use]
    pub const fn jitter(mut self, jitter: f32) -> Self {
        self.jitter = jitter;
        self
    }

    /// See [`rise`](Self#structfield.rise).
    #[must_use]
    pub const fn rise(mut self, rise: u32) -> Self {
        self.rise = rise;
        self
    }

    /// See [`fall`](Self#structfield.fall).
    #[must_use]
    pub const fn fall(mut self, fall: u32) -> Self {
        self.fall = fall;
        self
    }

    /// See [`initial`](Self#structfield.initial).
    #[must_use]
    pub const fn initial(mut self, initial: Initial) -> Self {
        self.initial = initial;
        self
    }

    /// See [`max_in_flight`](Self#structfield.max_in_flight).
    #[must_use]
    pub const fn max_in_flight(mut self, checks: usize) -> Self {
        self.max_in_flight = checks;
        self
    }

    /// See [`max_targets`](Self#structfield.max_targets).
    #[must_use]
    pub const fn max_targets(mut self, targets: usize) -> Self {
        self.max_targets = targets;
        self
    }

    /// See [`seed`](Self#structfield.seed).
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The interval for a target that is taken for `status`.
    pub(super) fn interval_for(&self, status: Status) -> Duration {
        match self.unhealthy_interval {
            Some(interval) if !status.is_healthy() => interval,
            _ => self.interval,
        }
    }
}

impl Active {
    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] names the first that is not.
    pub fn validate(&self) -> Result<(), Error> {
        Error::unless(
            super::valid::is_time(self.interval),
            "interval must be 1 ms to a day",
        )?;
        let unhealthy = self.unhealthy_interval.unwrap_or(self.interval);
        Error::unless(
            super::valid::is_time(unhealthy),
            "unhealthy_interval must be 1 ms to a day",
        )?;
        Error::unless(
            super::valid::is_time(self.timeout),
            "timeout must be 1 ms to a day",
        )?;
        Error::unless(
            (0.0..=0.9).contains(&self.jitter),
            "jitter must be 0 to 0.9",
        )?;
        Error::unless(self.rise > 0, "rise must be at least 1")?;
        Error::unless(self.fall > 0, "fall must be at least 1")?;
        Error::unless(self.max_in_flight > 0, "max_in_flight must be at least 1")?;
        Error::unless(self.max_targets > 0, "max_targets must be at least 1")
    }
}
