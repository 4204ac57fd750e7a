//! What happened in a pool.

use std::time::Duration;

use super::CloseReason;
use crate::kernel::histogram::Distribution;

/// What is counted beside the uses, which are counted where the connections are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Wait,
    Refused,
    TimedOut,
    Connected,
    ConnectFailed,
    Abandoned,
    Checked,
    CheckFailed,
    Leaked,
    PassedOn,
    /// The first of as many as there are reasons.
    Closed,
}

impl Event {
    pub(super) const COUNT: usize = Self::Closed as usize + CloseReason::COUNT;
}

/// What happened in a [`Pool`](super::Pool) since it was built, and how it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Connections that were handed out.
    pub checkouts: u64,
    /// Calls that waited in line, however that ended.
    pub waits: u64,
    /// Calls that were refused without waiting: by a full line, by an outage, or because nothing was free for
    /// [`try_acquire`](super::Pool::try_acquire).
    pub refused: u64,
    /// Calls whose time to wait was over.
    pub timeouts: u64,
    /// Connections that were made or [attached](super::Pool::attach).
    pub connected: u64,
    /// Connects that failed.
    pub connect_failures: u64,
    /// Connects, checks and closes that took longer than they may, and went on.
    pub abandoned: u64,
    /// Checks that were begun.
    pub checks: u64,
    /// Checks that failed.
    pub check_failures: u64,
    /// Leases that were held for longer than [`Config::leak_threshold`](super::Config::leak_threshold).
    pub leaks: u64,
    /// Connections that were handed to somebody who did not come for it, and passed on to the next.
    pub passed_on: u64,
    /// Connections that were closed, for whatever reason.
    pub closed: u64,
    /// Those that were found broken.
    pub closed_broken: u64,
    /// Those that a check did not pass.
    pub closed_check_failed: u64,
    /// Those that were idle for too long.
    pub closed_idle: u64,
    /// Those that were too old.
    pub closed_expired: u64,
    /// Time for which connections were in use, all together, of uses that have ended.
    pub used_for: Duration,
    /// The present.
    pub status: super::Status,
}

impl Stats {
    /// What happened since `earlier`: the counters as differences, the status as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            checkouts: self.checkouts.saturating_sub(earlier.checkouts),
            waits: self.waits.saturating_sub(earlier.waits),
            refused: self.refused.saturating_sub(earlier.refused),
            timeouts: self.timeouts.saturating_sub(earlier.timeouts),
            connected: self.connected.saturating_sub(earlier.connected),
            connect_failures: self
                .connect_failures
                .saturating_sub(earlier.connect_failures),
            abandoned: self.abandoned.saturating_sub(earlier.abandoned),
            checks: self.checks.saturating_sub(earlier.checks),
            check_failures: self.check_failures.saturating_sub(earlier.check_failures),
            leaks: self.leaks.saturating_sub(earlier.leaks),
            passed_on: self.passed_on.saturating_sub(earlier.passed_on),
            closed: self.closed.saturating_sub(earlier.closed),
            closed_broken: self.closed_broken.saturating_sub(earlier.closed_broken),
            closed_check_failed: self
                .closed_check_failed
                .saturating_sub(earlier.closed_check_failed),
            closed_idle: self.closed_idle.saturating_sub(earlier.closed_idle),
            closed_expired: self.closed_expired.saturating_sub(earlier.closed_expired),
            used_for: self.used_for.saturating_sub(earlier.used_for),
            status: self.status,
        }
    }

    /// The part of checkouts that had to wait: 0 to 1, and 0 if there were none.
    #[must_use]
    pub fn wait_ratio(&self) -> f64 {
        self.waits as f64 / self.checkouts.max(self.waits).max(1) as f64
    }

    /// The mean time that a connection was in use.
    #[must_use]
    pub fn mean_use(&self) -> Duration {
        let nanos = self.used_for.as_nanos() / u128::from(self.checkouts.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many connections this load needs, if these are the stats of `period` (see [`since`](Self::since)).
    ///
    /// By Little's law the mean number in use is the rate of uses times their mean length: the time in use per time. Uses that come at
    /// random are spread around it as by Poisson's law, so for 99 of 100 of them to find one free it takes 2.33 standard deviations
    /// more. That holds for a load that was served: while callers wait, uses begin later than they are asked for, and the need is larger.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenfold::pool::Stats;
    ///
    /// let mut minute = Stats::default();
    /// minute.checkouts = 60_000;
    /// minute.used_for = Duration::from_secs(600); // ten were in use on average
    /// assert_eq!(minute.suggested_size(Duration::from_secs(60)), 18);
    /// ```
    #[must_use]
    pub fn suggested_size(&self, period: Duration) -> u32 {
        if period.is_zero() || self.used_for.is_zero() {
            return u32::from(self.checkouts > 0);
        }
        let mean = self.used_for.as_secs_f64() / period.as_secs_f64();
        // A conversion from a float saturates.
        (mean + 2.33 * mean.sqrt()).ceil() as u32
    }
}

/// How long it took.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Histograms {
    /// Nanoseconds that callers waited in line, those who got a connection. Who found one idle is not in here.
    pub wait: Distribution,
    /// Nanoseconds that connections were in use. To 4 ms on the process's clock: what ends within the tick in which it began counts as
    /// 0.
    pub hold: Distribution,
    /// Nanoseconds that it took to make a connection.
    pub connect: Distribution,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_that_is_suggested_follows_the_load() {
        let second = Duration::from_secs(1);
        let stats = |checkouts, used_for| Stats {
            checkouts,
            used_for,
            ..Stats::default()
        };
        assert_eq!(stats(0, Duration::ZERO).suggested_size(second), 0);
        assert_eq!(stats(5, Duration::ZERO).suggested_size(second), 1);
        assert_eq!(stats(5, second).suggested_size(Duration::ZERO), 1);
        assert_eq!(stats(5, second).suggested_size(second), 4);
        assert_eq!(stats(5, 100 * second).suggested_size(second), 124);
        assert_eq!(
            stats(5, Duration::MAX).suggested_size(Duration::from_nanos(1)),
            u32::MAX
        );
    }

    #[test]
    fn ratios_of_nothing_are_nothing() {
        let none = Stats::default();
        assert_eq!((none.wait_ratio(), none.mean_use()), (0.0, Duration::ZERO));
        let some = Stats {
            checkouts: 4,
            waits: 1,
            used_for: Duration::from_secs(2),
            ..none
        };
        assert_eq!(some.wait_ratio(), 0.25);
        assert_eq!(some.mean_use(), Duration::from_millis(500));
        assert_eq!(some.since(&some).checkouts, 0);
    }
}
