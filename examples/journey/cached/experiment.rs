//! All runs, and what they come to.

use tenfold::cache::Stats;

use super::connections::{Connections, ROUND_TRIP};
use super::crowd::{Crowd, GETS, crowd};
use super::trial::{Route, Trial, trial};
use crate::audit::Ledger;
use crate::input::Workload;
use crate::problem::Problem;
use crate::simulation::Time;
use crate::stage::{Profiles, Service};
use crate::worker::Tally;

/// What came of it.
pub(crate) struct Cached {
    pub(crate) connections: usize,
    /// Requests that come per second.
    pub(crate) per_second: f64,
    /// Profiles that the cache has room for.
    pub(crate) capacity: u64,
    /// What the cache did in the run with it.
    pub(crate) stats: Stats,
    pub(crate) without_cache: Trial,
    pub(crate) with_cache: Trial,
    pub(crate) crowd_without_cache: Crowd,
    pub(crate) crowd_with_cache: Crowd,
}

impl Cached {
    /// What was seen in both runs.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.without_cache.tally.clone().and(&self.with_cache.tally);
        for crowd in [&self.crowd_without_cache, &self.crowd_with_cache] {
            tally.errors += u64::from(crowd.first_error.is_some());
            let first = tally.first_error;
            tally.first_error = first.or_else(|| crowd.first_error.clone());
        }
        tally
    }

    /// Requests that were not answered, or twice.
    pub(crate) fn unaccounted(&self) -> u64 {
        let trials = [&self.without_cache, &self.with_cache];
        let crowds = [&self.crowd_without_cache, &self.crowd_with_cache];
        let trials = trials.map(|trial| trial.offered.abs_diff(trial.answered()));
        let crowds = crowds.map(|crowd| GETS.abs_diff(crowd.answered));
        trials.iter().chain(&crowds).sum()
    }

    /// Loads of what was being loaded already.
    pub(crate) fn loads_too_many(&self) -> u64 {
        self.crowd_with_cache.database_reads.saturating_sub(1)
    }

    pub(crate) fn reads_avoided(&self) -> u64 {
        let [without, with] =
            [&self.without_cache, &self.with_cache].map(|trial| trial.tally.traffic.reads);
        without.saturating_sub(with)
    }

    /// As a part of those without a cache.
    pub(crate) fn share_avoided(&self) -> f64 {
        let without = self.without_cache.tally.traffic.reads;
        self.reads_avoided() as f64 / (without as f64).max(1.0)
    }
}

/// Sends the workload, and then a crowd, to the service without a cache and with one.
pub(crate) fn cached(
    name: &'static str,
    workload: &Workload,
    ledger: &Ledger,
    service: &dyn Service,
    connections: usize,
) -> Result<Cached, Problem> {
    let capacity = (workload.users().len() as u64 / ONE_IN).max(LEAST);
    let per_second = connections as f64 / ROUND_TRIP.as_secs_f64() * LOAD;
    let run = |capacity: Option<u64>| {
        let time = Time::default();
        let database = Connections::open(service, &time, connections)?;
        let profiles = capacity
            .map(|capacity| Profiles::new(capacity, time.clock()))
            .transpose()?;
        let route = Route {
            time: &time,
            database: &database,
            profiles: profiles.as_ref(),
        };
        let trial = trial(name, workload, ledger, &route, per_second);
        Ok((
            trial,
            profiles.as_ref().map(Profiles::stats).unwrap_or_default(),
        ))
    };
    let (without_cache, _) = run(None)?;
    let (with_cache, stats) = run(Some(capacity))?;
    Ok(Cached {
        connections,
        per_second,
        capacity,
        stats,
        without_cache,
        with_cache,
        crowd_without_cache: crowd(workload, service, connections, false)?,
        crowd_with_cache: crowd(workload, service, connections, true)?,
    })
}

/// The part of what the connections can do that comes: they have no room to grow.
const LOAD: f64 = 0.9;

/// One user in so many has room in the cache.
const ONE_IN: u64 = 10;

/// Profiles that there is room for in any case.
const LEAST: u64 = 100;
