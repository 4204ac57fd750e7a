//! How long those waited who took a connection.

use std::time::{Duration, Instant};

use tenfold::histogram::Histogram;

use crate::workload::Figure;

/// Recorded by all who take part in a scene.
pub(super) struct Waits {
    seen: Histogram,
    ends: Instant,
}

impl Waits {
    pub(super) fn starting(length: Duration) -> Self {
        Self {
            seen: Histogram::new(),
            ends: Instant::now() + length,
        }
    }

    /// The time at which a wait begins, as long as the scene is not over. A wait that has begun is recorded whenever it ends:
    /// one that outlasts the scene is among the longest.
    pub(super) fn begin(&self) -> Option<Instant> {
        let now = Instant::now();
        (now < self.ends).then_some(now)
    }

    pub(super) fn end(&self, began: Instant) {
        self.seen.record_duration(began.elapsed());
    }

    /// Some of the first of [`FIGURES`]. The scene took `wall`.
    pub(super) fn figures(&self, which: &[Figure], wall: Duration) -> Result<Vec<f64>, String> {
        let waits = self.seen.distribution();
        if waits.count() == 0 {
            return Err("nobody had a connection".to_owned());
        }
        let micros = |nanos: f64| nanos / 1e3;
        let quantile = |quantile| waits.quantile(quantile) as f64;
        let [median, p99, p9999] = [0.5, 0.99, 0.9999].map(quantile);
        let mut all = vec![
            micros(wall.as_nanos() as f64) / waits.count() as f64,
            micros(median),
            micros(p99),
            micros(waits.max() as f64),
            micros(quantile(0.999)),
            micros(p9999),
            p99 / median,
            p9999 / median,
        ];
        all.truncate(which.len());
        Ok(all)
    }
}

const fn figure(name: &'static str, unit: &'static str) -> Figure {
    Figure { name, unit }
}

pub(super) const FIGURES: &[Figure] = &[
    figure("wall time per checkout", "µs"),
    figure("median wait", "µs"),
    figure("p99 wait", "µs"),
    figure("longest wait", "µs"),
    figure("p99.9 wait", "µs"),
    figure("p99.99 wait", "µs"),
    figure("p99 by median", "medians"),
    figure("p99.99 by median", "medians"),
];

/// Without what only a large crowd tells.
pub(super) const MAIN: &[Figure] = FIGURES.split_at(4).0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_all_figures_in_their_order() {
        let waits = Waits::starting(Duration::from_secs(1000));
        // One of 10 000 waits for a millisecond, two in a hundred for 10 µs, the others for 1 µs.
        for (count, nanos) in [(9_799, 1_000), (199, 10_000), (2, 1_000_000)] {
            (0..count).for_each(|_| waits.seen.record(nanos));
        }
        let figures = |which| waits.figures(which, Duration::from_millis(20));
        assert_eq!(figures(MAIN).map(|told| told.len()), Ok(4));
        let figures = figures(FIGURES).unwrap_or_default();
        let due = [2.0, 1.0, 10.0, 1000.0, 10.0, 1000.0, 10.0, 1000.0];
        assert_eq!((figures.len(), FIGURES.len()), (due.len(), due.len()));
        for (figure, due) in figures.iter().zip(due) {
            assert!((figure / due - 1.0).abs() < 0.02, "{figures:?}");
        }
    }

    #[test]
    fn a_wait_does_not_begin_after_the_end() {
        assert!(Waits::starting(Duration::ZERO).begin().is_none());
        let waits = Waits::starting(Duration::from_secs(1000));
        assert!(waits.figures(MAIN, Duration::from_secs(1)).is_err());
        if let Some(began) = waits.begin() {
            waits.end(began);
        }
        assert!(waits.figures(MAIN, Duration::from_secs(1)).is_ok());
    }
}
