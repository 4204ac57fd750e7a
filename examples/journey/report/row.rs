//! The figures of one stage.

use std::time::Duration;

use tenfold::histogram::Distribution;

use crate::cached::Cached;
use crate::database::Traffic;
use crate::open_loop::{Fleet, Spike};
use crate::pooled::Pooled;
use crate::stage::Resharding;

pub(crate) struct Row {
    pub(crate) stage: &'static str,
    pub(crate) solves: &'static str,
    pub(crate) requests: u64,
    pub(crate) users: u64,
    pub(crate) threads: usize,
    /// Requests answered, and the time it took.
    pub(crate) served: u64,
    pub(crate) elapsed: Duration,
    /// In nanoseconds.
    pub(crate) latency: Distribution,
    pub(crate) database: Traffic,
    pub(crate) acknowledged_writes: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    /// Promises that the stage broke; none when all is well.
    pub(crate) findings: Vec<String>,
    pub(crate) resharding: Option<Resharding>,
    pub(crate) spike: Option<Spike>,
    pub(crate) fleet: Option<Fleet>,
    pub(crate) cached: Option<Cached>,
    pub(crate) pooled: Option<Pooled>,
}

impl Row {
    pub(super) fn requests_per_second(&self) -> f64 {
        // A run too short for the clock counts as one nanosecond.
        self.served as f64 / self.elapsed.max(Duration::from_nanos(1)).as_secs_f64()
    }

    pub(super) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency.quantile(share))
    }
}
