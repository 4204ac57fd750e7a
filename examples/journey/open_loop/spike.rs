//! The experiment: what the service can do, and what it does when three times as many requests come.

use std::time::Duration;

use tenfold::clock::Tick;
use tenfold::histogram::Histogram;

use super::run::{Run, run};
use super::schedule::Schedule;
use crate::audit::Ledger;
use crate::input::Workload;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::stage::{Door, Service};
use crate::worker::{Replay, Tally};

/// What came of it.
pub(crate) struct Spike {
    /// Answers per second when there is always a request to answer.
    pub(crate) capacity: f64,
    /// What the door lets in, per second.
    pub(crate) limit: f64,
    /// The run that measured it.
    flood: Run,
    pub(crate) without_limiter: Run,
    pub(crate) with_limiter: Run,
}

impl Spike {
    /// What the workers saw in all runs.
    pub(crate) fn tally(&self) -> Tally {
        let tally = self.flood.tally.clone();
        tally
            .and(&self.without_limiter.tally)
            .and(&self.with_limiter.tally)
    }

    /// Requests that were neither served nor refused, or both.
    pub(crate) fn unaccounted(&self) -> u64 {
        [&self.flood, &self.without_limiter, &self.with_limiter]
            .map(Run::unaccounted)
            .iter()
            .sum()
    }
}

/// Measures the service, then sends the workload [`TIMES`] times over within the time that the service needs for it once.
pub(crate) fn spike(
    name: &'static str,
    workload: &Workload,
    ledger: &Ledger,
    service: &dyn Service,
    workers: usize,
    door: fn(f64) -> Result<Box<dyn Door>, Problem>,
) -> Result<Spike, Problem> {
    let run = |requests: usize, per_second: f64, door: Option<&dyn Door>| {
        let latency = Histogram::new();
        let replay = Replay {
            workload,
            ledger,
            latency: &latency,
        };
        let schedule = |start: Tick| Schedule::new(start, requests, per_second, workload.len());
        let progress = Progress::new(name, requests as u64);
        run(&replay, service, workers, schedule, door, &progress)
    };

    // All at once: the workers never lack a request.
    let flood = run(workload.len().min(FLOOD), f64::INFINITY, None)?;
    let busy = flood.tally.ended.since(flood.tally.started);
    let capacity = flood.served as f64 / busy.max(Duration::from_nanos(1)).as_secs_f64();
    let door = door(capacity)?;

    let per_second = capacity * f64::from(TIMES);
    let longest = per_second * LONGEST.as_secs_f64();
    let offered = workload
        .len()
        .saturating_mul(TIMES as usize)
        .min(longest as usize)
        .max(1);
    Ok(Spike {
        capacity,
        limit: door.per_second(),
        flood,
        without_limiter: run(offered, per_second, None)?,
        with_limiter: run(offered, per_second, Some(&*door))?,
    })
}

/// How many times its capacity the service is offered.
pub(crate) const TIMES: u32 = 3;

/// Requests that measure the capacity.
const FLOOD: usize = 2_000;

/// How long it is offered so much: with a workload of many requests these are not all.
const LONGEST: Duration = Duration::from_secs(1);
