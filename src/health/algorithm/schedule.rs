//! When the next check is due.

use std::time::Duration;

use crate::kernel::clock::Tick;
use crate::kernel::rng::Rng;

/// Spreads checks over time.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    rng: Rng,
    jitter: f64,
}

impl Schedule {
    /// `jitter` is the part of an interval by which it may be shorter or longer.
    pub(crate) fn new(seed: u64, jitter: f32) -> Self {
        Self {
            rng: Rng::seeded(seed),
            jitter: f64::from(jitter).clamp(0.0, 1.0),
        }
    }

    /// The first check, so that those that come together are not checked together.
    pub(crate) fn first(&mut self, now: Tick, interval: Duration) -> Tick {
        now.saturating_add(scaled(interval, self.jitter * self.rng.unit()))
    }

    /// The check after one that began at `began`: not before `now`.
    pub(crate) fn next(&mut self, began: Tick, now: Tick, interval: Duration) -> Tick {
        let factor = 1.0 + self.jitter * (2.0 * self.rng.unit() - 1.0);
        began.saturating_add(scaled(interval, factor)).max(now)
    }
}

fn scaled(interval: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_spread_within_the_jitter_and_repeat_with_the_seed() {
        let (now, interval) = (Tick::from_nanos(1_000_000_000), Duration::from_secs(10));
        let times = |seed| {
            let mut schedule = Schedule::new(seed, 0.2);
            let first = schedule.first(now, interval).since(now);
            assert!(first <= Duration::from_secs(2), "{first:?}");
            let next: Vec<_> = (0..1_000)
                .map(|_| schedule.next(now, now, interval).since(now).as_millis())
                .collect();
            assert!(next.iter().all(|ms| (8_000..=12_000).contains(ms)));
            assert!(next.iter().any(|ms| *ms < 8_500) && next.iter().any(|ms| *ms > 11_500));
            next
        };
        assert_eq!(times(7), times(7));
        assert_ne!(times(7), times(8));
        let mut exact = Schedule::new(1, 0.0);
        assert_eq!(exact.first(now, interval), now);
        let late = now.saturating_add(Duration::from_secs(60));
        assert_eq!(exact.next(now, late, interval), late);
    }
}
