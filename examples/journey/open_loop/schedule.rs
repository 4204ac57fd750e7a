//! When requests come.

use std::time::Duration;

use tenfold::clock::Tick;
use tenfold::rng::Rng;

use super::backlog::Job;

/// Requests at random times, independent of each other and of the service (a Poisson process): the same in every run, up to
/// the rate.
pub(crate) struct Schedule {
    rng: Rng,
    workload: usize,
    left: usize,
    position: usize,
    start: Tick,
    /// Since the start, in nanoseconds.
    elapsed: f64,
    mean_gap: f64,
}

impl Schedule {
    /// `requests` in all, so many per second on average. They go through the workload again and again.
    pub(crate) fn new(start: Tick, requests: usize, per_second: f64, workload: usize) -> Self {
        Self {
            rng: Rng::seeded(SEED),
            workload,
            left: requests,
            position: 0,
            start,
            elapsed: 0.0,
            mean_gap: 1e9 / per_second,
        }
    }
}

impl Iterator for Schedule {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        self.left = self.left.checked_sub(1)?;
        let position = self.position;
        self.position = (position + 1) % self.workload.max(1);
        self.elapsed -= (1.0 - self.rng.unit()).ln() * self.mean_gap;
        let due = self
            .start
            .saturating_add(Duration::from_nanos(self.elapsed as u64));
        Some(Job { position, due })
    }
}

const SEED: u64 = 2;
