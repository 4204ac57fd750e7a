//! A mean that follows peaks at once and forgets them slowly, in one word.
//!
//! # The word
//!
//! ```text
//!  63                          24 23           0
//! ┌──────────────────────────────┬──────────────┐
//! │ when, in units of the decay  │ value        │
//! └──────────────────────────────┴──────────────┘
//! ```
//!
//! The value is a positive float without its sign and its last 7 bits (a relative error of 2^-16), zero for an estimate of nothing. A unit
//! is a power of two of nanoseconds, at most 1/64 of the decay time; so ages are exact to 1.6 % of it, and 2^39 units are 2^33 decay times.
//! An estimate from the future is taken to be from now.

use std::time::Duration;

use crate::kernel::clock::Tick;

const VALUE_BITS: u32 = 24;
const VALUE_MASK: u64 = (1 << VALUE_BITS) - 1;
/// Bits of a float that are left out at its end; its sign is left out too.
const LOST_BITS: u32 = 7;
const AGE_MASK: u64 = (1 << 40) - 1;

/// How fast estimates are forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decay {
    /// Nanoseconds of a unit, as a power of two.
    unit: u32,
    /// Decay times in a unit.
    step: f32,
}

impl Decay {
    /// What is left after `time` is 1/e.
    pub(crate) fn new(time: Duration) -> Self {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(64);
        let unit = (nanos / 64).ilog2();
        Self {
            unit,
            step: (1_u64 << unit) as f32 / nanos as f32,
        }
    }

    fn stamp(self, now: Tick) -> u64 {
        now.as_nanos() >> self.unit & AGE_MASK
    }

    /// What is left of something noted at `stamp`.
    #[inline]
    fn left(self, stamp: u64, now: Tick) -> f32 {
        let age = self.stamp(now).wrapping_sub(stamp) & AGE_MASK;
        if age == 0 || age > AGE_MASK / 2 {
            return 1.0;
        }
        exp_negative(age as f32 * self.step)
    }
}

/// e^-x for x > 0, within 0.02 %.
#[inline]
fn exp_negative(x: f32) -> f32 {
    let halvings = x * std::f32::consts::LOG2_E;
    if halvings >= 126.0 {
        return 0.0;
    }
    let whole = halvings as u32;
    let part = halvings - whole as f32;
    // 2^-part on 0..1: a cubic through both ends.
    let curve = 1.0 - part * (0.692_55 - part * (0.233_5 - part * 0.040_95));
    curve * f32::from_bits((127 - whole) << 23)
}

/// A value and when it was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate(u64);

impl Estimate {
    /// Of something that nothing is known of.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }

    /// `value` as of `now`. What is not a positive number is the least there is.
    pub(crate) fn new(value: f32, now: Tick, decay: Decay) -> Self {
        let value = if value > f32::MIN_POSITIVE {
            value.min(f32::MAX)
        } else {
            f32::MIN_POSITIVE
        };
        let bits = u64::from(value.to_bits() >> LOST_BITS);
        Self(decay.stamp(now) << VALUE_BITS | bits)
    }

    /// What was noted, whenever that was. `None` if nothing was.
    #[inline]
    pub(crate) fn noted(self) -> Option<f32> {
        let bits = (self.0 & VALUE_MASK) as u32;
        (bits != 0).then(|| f32::from_bits(bits << LOST_BITS))
    }

    /// What it is now, if it returns to `usual` when nothing is heard.
    #[inline]
    pub(crate) fn at(self, now: Tick, decay: Decay, usual: f32) -> f32 {
        match self.noted() {
            None => usual,
            Some(noted) => usual + (noted - usual) * decay.left(self.0 >> VALUE_BITS, now),
        }
    }

    /// With another sample: a peak is followed at once, anything else by the time that has passed.
    pub(crate) fn with(self, sample: f32, now: Tick, decay: Decay) -> Self {
        let Some(noted) = self.noted() else {
            return Self::new(sample, now, decay);
        };
        if sample >= noted {
            return Self::new(sample, now, decay);
        }
        let left = decay.left(self.0 >> VALUE_BITS, now);
        Self::new(
            sample + (noted - sample) * left,
            self.later(now, decay),
            decay,
        )
    }

    /// `now`, unless this is noted later already, by a caller that was faster.
    fn later(self, now: Tick, decay: Decay) -> Tick {
        let stamp = self.0 >> VALUE_BITS;
        let age = decay.stamp(now).wrapping_sub(stamp) & AGE_MASK;
        if age > AGE_MASK / 2 {
            // The bits above the stamp are lost either way.
            Tick::from_nanos(stamp << decay.unit)
        } else {
            now
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn at(seconds: f64) -> Tick {
        Tick::from_nanos((seconds * 1e9) as u64)
    }

    fn decay() -> Decay {
        Decay::new(Duration::from_secs(10))
    }

    /// The same mean, written down plainly.
    #[derive(Clone, Copy)]
    struct Exact {
        value: f64,
        noted: f64,
    }

    impl Exact {
        fn with(self, sample: f64, now: f64) -> Self {
            let left = (-(now - self.noted) / 10.0).exp();
            let value = if sample >= self.value {
                sample
            } else {
                sample + (self.value - sample) * left
            };
            Self { value, noted: now }
        }

        fn at(self, now: f64, usual: f64) -> f64 {
            usual + (self.value - usual) * (-(now - self.noted) / 10.0).exp()
        }
    }

    #[test]
    fn of_nothing_is_as_usual() {
        assert_eq!(Estimate::NONE.at(at(7.0), decay(), 42.0), 42.0);
        assert_eq!(Estimate::NONE.noted(), None);
        let first = Estimate::NONE.with(5.0, at(1.0), decay());
        assert_eq!(first.at(at(1.0), decay(), 42.0), 5.0);
    }

    #[test]
    fn a_peak_is_followed_at_once_and_reading_changes_nothing() {
        let low = Estimate::new(1e6, at(1.0), decay());
        let high = low.with(9e6, at(1.0), decay());
        assert!((high.at(at(1.0), decay(), 1e6) / 9e6 - 1.0).abs() < 1e-4);
        // Something shorter at the same moment moves nothing.
        assert_eq!(high.with(1e6, at(1.0), decay()), high);
        assert_eq!(
            high.at(at(30.0), decay(), 1e6),
            high.at(at(30.0), decay(), 1e6)
        );
    }

    #[test]
    fn what_is_left_after_the_decay_time_is_one_part_in_e() {
        let noted = Estimate::new(1e9, at(100.0), decay());
        for times in [0.5_f64, 1.0, 2.0, 5.0] {
            let left = noted.at(at(100.0 + times * 10.0), decay(), 0.0) / 1e9;
            let exact = (-times).exp() as f32;
            assert!((left / exact - 1.0).abs() < 0.02, "{times}: {left} {exact}");
        }
    }

    #[test]
    fn the_exponential_is_near_and_never_rises() {
        let mut before = 1.0;
        for step in 1..20_000_u16 {
            let x = f32::from(step) / 100.0;
            let value = exp_negative(x);
            assert!(value <= before, "{x}: {value} after {before}");
            if x < 80.0 {
                assert!((value / (-x).exp() - 1.0).abs() < 2e-4, "{x}: {value}");
            }
            before = value;
        }
        assert_eq!(exp_negative(1e9), 0.0);
    }

    #[test]
    fn what_is_no_latency_is_the_least() {
        for bad in [f32::NAN, -1.0, 0.0, f32::NEG_INFINITY] {
            let estimate = Estimate::new(bad, at(1.0), decay());
            assert!(
                estimate
                    .noted()
                    .is_some_and(|noted| noted > 0.0 && noted < 1e-30)
            );
            let mixed = Estimate::new(1e6, at(1.0), decay()).with(bad, at(2.0), decay());
            assert!(
                mixed
                    .noted()
                    .is_some_and(|noted| noted > 0.0 && noted.is_finite())
            );
        }
        let huge = Estimate::new(f32::INFINITY, at(1.0), decay());
        assert!(huge.at(at(2.0), decay(), 1.0).is_finite());
    }

    #[test]
    fn a_clock_that_goes_back_takes_nothing_away_and_loses_no_time() {
        let noted = Estimate::new(8e6, at(100.0), decay());
        assert_eq!(
            noted.at(at(40.0), decay(), 1e6),
            noted.at(at(100.0), decay(), 1e6)
        );
        let with = noted.with(1e6, at(40.0), decay());
        assert_eq!(with, noted);
        assert!(with.at(at(110.0), decay(), 1e6) < 4e6);
    }

    #[test]
    fn every_decay_time_makes_a_clock_of_its_own() {
        for nanos in [1, 64, 1_000_000, SECOND, 3_600 * SECOND, u64::MAX] {
            let decay = Decay::new(Duration::from_nanos(nanos));
            let noted = Estimate::new(1e6, Tick::ZERO, decay);
            let later = Tick::from_nanos(nanos.saturating_mul(3));
            let value = noted.at(later, decay, 1.0);
            assert!((1.0..=1e6).contains(&value), "{nanos}: {value}");
        }
    }

    proptest! {
        #[test]
        fn is_near_the_exact_mean(samples in prop::collection::vec((1e3_f64..1e10, 0.0_f64..20.0), 1..60)) {
            let mut now = 1.0;
            let mut exact = Exact { value: 0.0, noted: now };
            let mut estimate = Estimate::NONE;
            for (sample, pause) in samples {
                now += pause;
                exact = exact.with(sample, now);
                estimate = estimate.with(sample as f32, at(now), decay());
                let (found, wanted) = (f64::from(estimate.at(at(now), decay(), 1e6)), exact.at(now, 1e6));
                prop_assert!((found / wanted - 1.0).abs() < 0.02, "{found} for {wanted}");
            }
        }

        #[test]
        fn returns_to_the_usual_and_never_beyond(
            noted in 1.0_f32..1e12,
            usual in 1.0_f32..1e12,
            mut times in prop::collection::vec(0.0_f64..200.0, 2..30),
        ) {
            times.sort_by(f64::total_cmp);
            let estimate = Estimate::new(noted, Tick::ZERO, decay());
            let mut distance = f32::INFINITY;
            for time in times {
                let off = estimate.at(at(time), decay(), usual) - usual;
                let rounding = usual * 1e-6;
                prop_assert!(off.abs() <= distance + rounding);
                prop_assert!(off * (noted - usual) >= -rounding * noted.max(usual));
                distance = off.abs();
            }
        }
    }
}
