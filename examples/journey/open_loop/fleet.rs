//! The experiment: a load that is too much for one server, on one and on three, and one of the three becoming slow.

use std::thread;
use std::time::Duration;

use tenfold::balance::{Adaptive, Balancer, Policy, Request, RoundRobin};
use tenfold::clock::{Clock, MonotonicClock};
use tenfold::histogram::{Distribution, Histogram};

use super::schedule::Schedule;
use super::server::{HOLD, Server, Task, WORKERS};
use crate::audit::Ledger;
use crate::input::Workload;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::stage::Service;
use crate::worker::{Replay, Tally};

/// What came of it.
pub(crate) struct Fleet {
    /// Requests that one server can answer per second, but for what the database takes.
    pub(crate) capacity_of_one: f64,
    /// Requests that come per second.
    pub(crate) per_second: f64,
    pub(crate) one_server: Trial,
    pub(crate) three_servers: Trial,
    /// With one that becomes slow at half time.
    pub(crate) slow_round_robin: Trial,
    pub(crate) slow_adaptive: Trial,
}

/// What happened to the requests of one run.
pub(crate) struct Trial {
    pub(crate) offered: u64,
    /// By each server.
    pub(crate) served: Vec<u64>,
    /// From the start to the last answer.
    pub(crate) elapsed: Duration,
    /// In nanoseconds, from when a request came.
    pub(crate) latency: Distribution,
    pub(crate) tally: Tally,
}

impl Trial {
    pub(crate) fn answered(&self) -> u64 {
        self.served.iter().sum()
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency.quantile(share))
    }
}

impl Fleet {
    fn trials(&self) -> [&Trial; 4] {
        [
            &self.one_server,
            &self.three_servers,
            &self.slow_round_robin,
            &self.slow_adaptive,
        ]
    }

    /// What the workers saw in all runs.
    pub(crate) fn tally(&self) -> Tally {
        let [first, others @ ..] = self.trials();
        let first = first.tally.clone();
        others
            .iter()
            .fold(first, |sum, trial| sum.and(&trial.tally))
    }

    /// Requests that were not answered, or twice.
    pub(crate) fn unaccounted(&self) -> u64 {
        let difference = |trial: &&Trial| trial.offered.abs_diff(trial.answered());
        self.trials().iter().map(difference).sum()
    }
}

/// Sends the workload, or as much of it as comes within [`LONGEST`], to each fleet.
pub(crate) fn fleet(
    name: &'static str,
    workload: &Workload,
    ledger: &Ledger,
    service: &dyn Service,
) -> Result<Fleet, Problem> {
    let capacity_of_one = WORKERS as f64 / HOLD.as_secs_f64();
    let per_second = capacity_of_one * TIMES;
    let offered = workload
        .len()
        .min((per_second * LONGEST.as_secs_f64()) as usize);
    let experiment = Experiment {
        name,
        workload,
        ledger,
        service,
        per_second,
        offered,
    };
    let round_robin = || RoundRobin;
    Ok(Fleet {
        capacity_of_one,
        per_second,
        one_server: experiment.run(round_robin(), 1, Slow::Nobody)?,
        three_servers: experiment.run(round_robin(), 3, Slow::Nobody)?,
        slow_round_robin: experiment.run(round_robin(), 3, Slow::Last)?,
        slow_adaptive: experiment.run(Adaptive, 3, Slow::Last)?,
    })
}

struct Experiment<'e> {
    name: &'static str,
    workload: &'e Workload,
    ledger: &'e Ledger,
    service: &'e dyn Service,
    per_second: f64,
    offered: usize,
}

/// Who becomes slow when half of the requests have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slow {
    Nobody,
    Last,
}

impl Experiment<'_> {
    fn run<P: Policy>(&self, policy: P, servers: usize, slow: Slow) -> Result<Trial, Problem> {
        let balancer = Balancer::builder(policy)
            .backends((0..servers).map(|place| (format!("server-{}", place + 1), place)))
            .build()
            .map_err(|error| Problem::run("making the balancer", &error))?;
        let servers: Vec<_> = (0..servers).map(|_| Server::default()).collect();
        let latency = Histogram::new();
        let replay = Replay {
            workload: self.workload,
            ledger: self.ledger,
            latency: &latency,
        };
        let progress = Progress::new(self.name, self.offered as u64);
        let clock = MonotonicClock::new();

        let tally = thread::scope(|scope| {
            let mut workers = Vec::new();
            for server in servers.iter().flat_map(|server| [server; WORKERS]) {
                let mut session = self.service.session()?;
                let replay = &replay;
                workers.push(scope.spawn(move || server.work(replay, &mut *session)));
            }
            let start = clock.now();
            let schedule = Schedule::new(start, self.offered, self.per_second, self.workload.len());
            for (earlier, job) in schedule.enumerate() {
                while clock.now() < job.due {
                    thread::sleep(job.due.since(clock.now()));
                }
                if slow == Slow::Last && earlier == self.offered / 2 {
                    servers.iter().last().inspect(|server| server.slow_down());
                }
                // There is always one: nobody takes any of them out.
                if let Ok(lease) = balancer.lease(&Request::new())
                    && let Some(server) = servers.get(*lease.value())
                {
                    server.line.extend([Task { job, lease }]);
                }
                progress.show(earlier as u64 + 1);
            }
            servers.iter().for_each(|server| server.line.close());
            Tally::sum(workers.into_iter().map(thread::ScopedJoinHandle::join))
        })?;
        Ok(Trial {
            offered: self.offered as u64,
            served: servers.iter().map(Server::served).collect(),
            elapsed: tally.ended.since(tally.started),
            latency: latency.distribution(),
            tally,
        })
    }
}

/// How many times as much comes as one server can answer.
const TIMES: f64 = 1.5;

/// How long requests come: with a workload of many requests these are not all.
const LONGEST: Duration = Duration::from_secs(1);
