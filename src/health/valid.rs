//! Which settings are possible.

use std::time::Duration;

use super::{Error, MaxEjected, Outlier, SlowStart};

const DAY: Duration = Duration::from_secs(86_400);

/// Whether it is a time that something may take or repeat after.
pub(super) fn is_time(time: Duration) -> bool {
    (Duration::from_millis(1)..=DAY).contains(&time)
}

impl Outlier {
    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] names the first that is not.
    pub fn validate(&self) -> Result<(), Error> {
        Error::unless(is_time(self.interval), "interval must be 1 ms to a day")?;
        Error::unless(
            is_time(self.base_ejection),
            "base_ejection must be 1 ms to a day",
        )?;
        Error::unless(
            is_time(self.max_ejection),
            "max_ejection must be 1 ms to a day",
        )?;
        Error::unless(self.jitter <= DAY, "jitter must be at most a day")?;
        Error::unless(
            self.consecutive != Some(0),
            "consecutive must be at least 1",
        )?;
        if let Some(rule) = self.success_rate {
            let good = (0.0..=100.0).contains(&rule.factor);
            Error::unless(good, "success_rate.factor must be 0 to 100")?;
        }
        if let Some(rule) = self.failure_percent {
            let good = (1..=100).contains(&rule.percent);
            Error::unless(good, "failure_percent.percent must be 1 to 100")?;
        }
        match self.max_ejected {
            MaxEjected::Percent(percent) => {
                Error::unless(percent <= 100, "max_ejected must be at most 100 percent")
            }
            MaxEjected::Count(_) | MaxEjected::KeepAtLeast(_) => Ok(()),
        }
    }
}

impl SlowStart {
    /// Whether all settings are in their ranges.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] names the first that is not.
    pub fn validate(&self) -> Result<(), Error> {
        Error::unless(self.window <= DAY, "window must be at most a day")?;
        let aggression = (0.01..=100.0).contains(&self.aggression);
        Error::unless(aggression, "aggression must be 0.01 to 100")?;
        let floor = self.floor > 0.0 && self.floor <= 1.0;
        Error::unless(floor, "floor must be above 0 and at most 1")
    }
}
