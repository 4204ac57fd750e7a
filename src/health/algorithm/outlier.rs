//! Settings of the search for outliers, and how long and how many may be out.

use std::time::Duration;

use crate::kernel::clock::Tick;
use crate::kernel::rng::Rng;

/// Takes backends out that fail more than they should, as seen from the requests that they get.
///
/// A setting that is `None` switches its rule off. The presets carry what the systems that they are named after have by default.
///
/// ```
/// use tenfold::health::{MaxEjected, Outlier, SuccessRate};
///
/// let outlier = Outlier::envoy()
///     .consecutive(None)
///     .success_rate(Some(SuccessRate::default().min_hosts(3)))
///     .max_ejected(MaxEjected::Count(1));
/// assert_eq!(outlier.validate(), Ok(()));
/// ```
///
/// # Source
///
/// Envoy's `OutlierDetection` and gRFC A50, with two differences: the limit of those that are out is kept strictly, also against a
/// single candidate, and ejections grow whatever rule they come from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Outlier {
    /// How often rates are looked at: 10 s by default, 1 ms to a day.
    pub interval: Duration,
    /// Failures in a row after which a backend is out: 5 by default.
    pub consecutive: Option<u32>,
    /// Out if its rate of success lies so far below that of the others.
    pub success_rate: Option<SuccessRate>,
    /// Out if so many of its requests fail.
    pub failure_percent: Option<FailurePercent>,
    /// How long it is out the first time: 30 s by default, 1 ms to a day. The second time it is twice as long, and so on.
    pub base_ejection: Duration,
    /// How long it is out at most: 300 s by default.
    pub max_ejection: Duration,
    /// Up to so much longer, at random: nothing by default.
    pub jitter: Duration,
    /// How many may be out at a time: all but one by default.
    pub max_ejected: MaxEjected,
}

/// Rates of success, and how far one may lie below the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct SuccessRate {
    /// Standard deviations below the mean: 1.9 by default, 0 to 100.
    pub factor: f32,
    /// Backends that must have enough requests, or nothing is said: 5 by default.
    pub min_hosts: u32,
    /// Requests in an interval that are enough: 100 by default.
    pub min_requests: u64,
}

/// Percentages of failure that are too high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct FailurePercent {
    /// From this percentage on it is out: 85 by default, 1 to 100.
    pub percent: u8,
    /// Backends that must have enough requests, or nothing is said: 5 by default.
    pub min_hosts: u32,
    /// Requests in an interval that are enough: 50 by default.
    pub min_requests: u64,
}

/// How many backends may be out at a time, strictly: whatever would be one more stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum MaxEjected {
    /// So many percent of all, rounded down: 10 percent of 3 are none.
    Percent(u8),
    /// So many.
    Count(usize),
    /// All but so many.
    KeepAtLeast(usize),
}

impl Default for MaxEjected {
    fn default() -> Self {
        Self::KeepAtLeast(1)
    }
}

impl MaxEjected {
    /// How many of `total` may be out.
    #[must_use]
    pub const fn of(self, total: usize) -> usize {
        match self {
            Self::Percent(percent) => {
                let percent = if percent > 100 { 100 } else { percent as u128 };
                (total as u128 * percent / 100) as usize
            }
            Self::Count(count) => {
                if count < total {
                    count
                } else {
                    total
                }
            }
            Self::KeepAtLeast(keep) => total.saturating_sub(keep),
        }
    }
}

impl Default for SuccessRate {
    fn default() -> Self {
        Self {
            factor: 1.9,
            min_hosts: 5,
            min_requests: 100,
        }
    }
}

impl Default for FailurePercent {
    fn default() -> Self {
        Self {
            percent: 85,
            min_hosts: 5,
            min_requests: 50,
        }
    }
}

impl Default for Outlier {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            consecutive: Some(5),
            success_rate: Some(SuccessRate::default()),
            failure_percent: Some(FailurePercent::default()),
            base_ejection: Duration::from_secs(30),
            max_ejection: Duration::from_secs(300),
            jitter: Duration::ZERO,
            max_ejected: MaxEjected::KeepAtLeast(1),
        }
    }
}

impl Outlier {
    /// What Envoy does when outlier detection is switched on: 5 failures in a row, success rates, and at most 10 percent out. Envoy
    /// looks at failure percentages too but does not act on them unless told to, so this does not. And where Envoy
    /// always lets one be out, this does not: of nine backends, none.
    #[must_use]
    pub fn envoy() -> Self {
        Self {
            failure_percent: None,
            max_ejected: MaxEjected::Percent(10),
            ..Self::default()
        }
    }

    /// What gRPC (gRFC A50) does with both of its rules switched on: rates only, at most 10 percent out.
    #[must_use]
    pub fn grpc() -> Self {
        Self {
            consecutive: None,
            max_ejected: MaxEjected::Percent(10),
            ..Self::default()
        }
    }

    /// What Linkerd's failure accrual does: 7 failures in a row, out for 1 s at first and a minute at most, however many that are. Linkerd
    /// doubles the time, this adds.
    #[must_use]
    pub fn linkerd() -> Self {
        Self {
            consecutive: Some(7),
            success_rate: None,
            failure_percent: None,
            base_ejection: Duration::from_secs(1),
            max_ejection: Duration::from_secs(60),
            jitter: Duration::from_millis(500),
            max_ejected: MaxEjected::Percent(100),
            ..Self::default()
        }
    }

    /// Whether one more of `total` may be out, when `ejected` are.
    #[must_use]
    pub const fn may_eject(&self, total: usize, ejected: usize) -> bool {
        ejected < self.max_ejected.of(total)
    }

    /// The next number of ejections of a backend that was out `times` times, and when it comes back.
    ///
    /// The time is `base_ejection` times the number, at most `max_ejection` (or `base_ejection`, if that is longer), and the jitter. The
    /// number does not grow any more once the time does not, so it is forgotten in time.
    #[must_use]
    pub fn ejection(&self, times: u32, now: Tick, rng: &mut Rng) -> (u32, Tick) {
        let cap = self.max_ejection.max(self.base_ejection);
        let base = self.base_ejection.as_nanos().max(1);
        let most = u32::try_from(cap.as_nanos().div_ceil(base)).unwrap_or(u32::MAX);
        let times = times.saturating_add(1).min(most);
        let time = self.base_ejection.saturating_mul(times).min(cap);
        let jitter = u64::try_from(self.jitter.as_nanos()).unwrap_or(u64::MAX);
        let extra = Duration::from_nanos(rng.below(jitter.saturating_add(1)));
        (times, now.saturating_add(time.saturating_add(extra)))
    }
}
