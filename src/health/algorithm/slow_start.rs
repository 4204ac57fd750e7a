//! How much a newcomer gets.

use std::time::Duration;

/// Lets a backend that comes or recovers begin with a part of its share, which grows to the whole in a while.
///
/// ```
/// use std::time::Duration;
/// use tenfold::health::SlowStart;
///
/// let start = SlowStart::over(Duration::from_secs(60));
/// assert_eq!(start.part(Duration::ZERO), 0.1);
/// assert_eq!(start.part(Duration::from_secs(30)), 0.5);
/// assert_eq!(start.part(Duration::from_secs(60)), 1.0);
/// ```
///
/// # Source
///
/// The formula of Envoy's `SlowStartConfig`: `max(floor, (elapsed / window)^(1 / aggression))`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct SlowStart {
    /// How long it takes: no time, that is not at all, by default; at most a day.
    pub window: Duration,
    /// How fast it grows at first: 1, the default, is linear, more is faster at first and less is slower. 0.01 to 100.
    pub aggression: f32,
    /// The least part: 0.1 by default, above 0 and at most 1.
    pub floor: f32,
}

impl Default for SlowStart {
    fn default() -> Self {
        Self::over(Duration::ZERO)
    }
}

impl SlowStart {
    /// Linear, from a tenth.
    #[must_use]
    pub const fn over(window: Duration) -> Self {
        Self {
            window,
            aggression: 1.0,
            floor: 0.1,
        }
    }

    /// How fast it grows at first.
    #[must_use]
    pub const fn aggression(mut self, aggression: f32) -> Self {
        self.aggression = aggression;
        self
    }

    /// The least part.
    #[must_use]
    pub const fn floor(mut self, floor: f32) -> Self {
        self.floor = floor;
        self
    }

    /// The part of its share that a backend gets so long after it came: never less than before, the floor at first, and 1 at the
    /// end. Numbers out of range are taken as the nearest that is not.
    #[must_use]
    pub fn part(&self, elapsed: Duration) -> f32 {
        if elapsed >= self.window {
            return 1.0;
        }
        let ratio = elapsed.as_secs_f64() / self.window.as_secs_f64();
        // `max` takes away what is not a number.
        let aggression = f64::from(self.aggression.max(0.01)).clamp(0.01, 100.0);
        let floor = self.floor.max(0.0).clamp(0.0, 1.0);
        (ratio.powf(1.0 / aggression) as f32).clamp(floor, 1.0)
    }
}
