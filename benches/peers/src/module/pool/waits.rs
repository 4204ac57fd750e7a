//! How long those waited who took a connection.

use std::time::{Duration, Instant};

use crate::workload::Figure;

/// The waits of one taker, in nanoseconds.
pub(super) struct Waits {
    seen: Vec<u64>,
    ends: Instant,
}

impl Waits {
    pub(super) const fn until(ends: Instant) -> Self {
        Self {
            seen: Vec::new(),
            ends,
        }
    }

    /// The time at which a wait begins, as long as the scene is not over. A wait that has begun is recorded whenever it ends:
    /// one that outlasts the scene is among the longest.
    pub(super) fn begin(&self) -> Option<Instant> {
        let now = Instant::now();
        (now < self.ends).then_some(now)
    }

    pub(super) fn end(&mut self, began: Instant) {
        self.seen.push(began.elapsed().as_nanos() as u64);
    }
}

const fn figure(name: &'static str, unit: &'static str) -> Figure {
    Figure { name, unit }
}

/// Where few take all the connections and the others get none, nearly all checkouts are those of the few, and so are all
/// quantiles of checkouts. The wait of a taker is what there is to see for one of the crowd: of its checkouts, not of all.
pub(super) const FIGURES: &[Figure] = &[
    figure("wall time per checkout", "µs"),
    figure("median wait", "µs"),
    figure("p99 wait", "µs"),
    figure("p99 wait, takers alike", "µs"),
    figure("longest wait", "µs"),
    figure("p99.9 wait", "µs"),
    figure("p99.99 wait", "µs"),
    figure("p99 by median", "medians"),
    figure("p99.99 by median", "medians"),
];

/// Without what only a large crowd tells.
pub(super) const MAIN: &[Figure] = FIGURES.split_at(5).0;

/// Some of the first of [`FIGURES`]. The scene took `wall`.
pub(super) fn figures(
    takers: &[Waits],
    which: &[Figure],
    wall: Duration,
) -> Result<Vec<f64>, String> {
    let checkouts = Weighed::of(takers, |_| 1.0);
    let alike = Weighed::of(takers, |waits| 1.0 / waits.seen.len() as f64);
    let count = checkouts.sorted.len();
    if count == 0 {
        return Err("nobody had a connection".to_owned());
    }
    let [median, p99, p999, p9999, longest] =
        [0.5, 0.99, 0.999, 0.9999, 1.0].map(|share| checkouts.quantile(share));
    let mut all = vec![
        wall.as_nanos() as f64 / 1e3 / count as f64,
        median,
        p99,
        alike.quantile(0.99),
        longest,
        p999,
        p9999,
        p99 / median,
        p9999 / median,
    ];
    all.truncate(which.len());
    Ok(all)
}

/// Waits and how much each of them counts.
struct Weighed {
    sorted: Vec<(u64, f64)>,
    all: f64,
}

impl Weighed {
    fn of(takers: &[Waits], weight: impl Fn(&Waits) -> f64) -> Self {
        let mut sorted = Vec::new();
        for taker in takers {
            let weight = weight(taker);
            sorted.extend(taker.seen.iter().map(|wait| (*wait, weight)));
        }
        sorted.sort_unstable_by_key(|(wait, _)| *wait);
        let all = sorted.iter().map(|(_, weight)| weight).sum();
        Self { sorted, all }
    }

    /// In microseconds: what so large a share does not exceed.
    fn quantile(&self, share: f64) -> f64 {
        let mut left = self.all * share;
        let reached = self.sorted.iter().find(|(_, weight)| {
            left -= weight;
            // Sums of weights are not exact.
            left < weight * 1e-6
        });
        let found = reached.or_else(|| self.sorted.last());
        found.map_or(0.0, |(wait, _)| *wait as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taker(waits: &[(usize, u64)]) -> Waits {
        let mut taker = Waits::until(Instant::now());
        for (count, micros) in waits {
            taker
                .seen
                .extend(std::iter::repeat_n(micros * 1000, *count));
        }
        taker
    }

    #[test]
    fn tells_all_figures_in_their_order() {
        // One takes 9 999 of 10 000 connections. It waits for 10 µs each hundredth time, otherwise for 2 µs.
        let takers = [taker(&[(9_889, 2), (110, 10)]), taker(&[(1, 1000)])];
        let figures = |which| figures(&takers, which, Duration::from_millis(20));
        assert_eq!(
            figures(FIGURES),
            Ok(vec![2.0, 2.0, 10.0, 1000.0, 1000.0, 10.0, 10.0, 5.0, 5.0])
        );
        assert_eq!(figures(MAIN).map(|told| told.len()), Ok(MAIN.len()));
    }

    #[test]
    fn a_quantile_is_what_so_many_do_not_exceed() {
        let waits = Weighed::of(&[taker(&[(1, 1), (1, 2), (1, 3), (1, 4)])], |_| 0.1);
        let quantiles = [0.0, 0.25, 0.26, 0.5, 0.99, 1.0].map(|share| waits.quantile(share));
        assert_eq!(quantiles, [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
    }

    #[test]
    fn a_wait_does_not_begin_after_the_end() {
        let now = Instant::now();
        assert!(Waits::until(now).begin().is_none());
        let mut waits = Waits::until(now + Duration::from_secs(1000));
        let told = |waits| figures(&[waits], MAIN, Duration::from_secs(1));
        assert!(told(Waits::until(now)).is_err());
        if let Some(began) = waits.begin() {
            waits.end(began);
        }
        assert!(told(waits).is_ok());
    }
}
