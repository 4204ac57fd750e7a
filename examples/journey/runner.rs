//! Sends the workload to one stage with several threads, and audits what came of it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use tenfold::histogram::{Distribution, Histogram};

use crate::audit::{self, Ledger};
use crate::cached::{self, Cached};
use crate::database::Traffic;
use crate::input::Workload;
use crate::open_loop::{self, Fleet, Spike};
use crate::pooled::{self, Pooled};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::Row;
use crate::stage::{Load, Service, Stage};
use crate::worker::{HalfIsDone, Replay, Tally};

/// Runs one stage: prepares it, sends it requests, audits it.
pub(crate) fn run(stage: &dyn Stage, workload: &Workload, threads: usize) -> Result<Row, Problem> {
    let directory = tempfile::Builder::new()
        .prefix("journey-")
        .tempdir()
        .map_err(|error| Problem::run("creating a temporary directory", &error))?;
    let service = stage.prepare(directory.path(), workload.users())?;
    let ledger = Ledger::new(workload.users().len());
    let outcome = match stage.load() {
        Load::Closed => replay(stage.name(), workload, &ledger, &*service, threads)?,
        Load::Spike(door) => {
            let spike =
                open_loop::spike(stage.name(), workload, &ledger, &*service, threads, door)?;
            Outcome::of(spike)
        }
        Load::Fleet => {
            let fleet = open_loop::fleet(stage.name(), workload, &ledger, &*service)?;
            Outcome::of_fleet(fleet)
        }
        Load::Cached => {
            let cached = cached::cached(stage.name(), workload, &ledger, &*service, threads)?;
            Outcome::of_cached(cached)
        }
        Load::Pooled(readers) => {
            let readers = readers(directory.path());
            let pooled = pooled::pooled(workload, &ledger, &readers, threads)?;
            Outcome::of_pooled(pooled)
        }
    };

    let audit = service.audit(&ledger)?;
    let tally = &outcome.tally;
    let mut findings = audit.findings;
    findings.extend(audit::findings(&[
        (tally.missing, "requests that did not find their profile"),
        (
            tally.stale_reads,
            "reads older than a write acknowledged before them",
        ),
        (outcome.unaccounted, "requests skipped or served twice"),
        (
            outcome.let_down,
            "clients refused when they came back in time",
        ),
        (outcome.loaded_twice, "loads of what was being loaded"),
    ]));
    Ok(Row {
        stage: stage.name(),
        solves: stage.solves(),
        requests: workload.len() as u64,
        users: workload.users().len() as u64,
        threads,
        served: outcome.served,
        elapsed: outcome.elapsed,
        latency: outcome.latency,
        database: outcome.traffic,
        acknowledged_writes: ledger.total(),
        errors: tally.errors,
        first_error: outcome.tally.first_error,
        findings,
        resharding: audit.resharding,
        spike: outcome.spike,
        fleet: outcome.fleet,
        cached: outcome.cached,
        pooled: outcome.pooled,
    })
}

/// What a stage's requests came to.
struct Outcome {
    /// Requests answered in the time `elapsed`.
    served: u64,
    elapsed: Duration,
    latency: Distribution,
    traffic: Traffic,
    /// Of all requests, also those that only measure.
    tally: Tally,
    unaccounted: u64,
    let_down: u64,
    loaded_twice: u64,
    spike: Option<Spike>,
    fleet: Option<Fleet>,
    cached: Option<Cached>,
    pooled: Option<Pooled>,
}

/// Sends the service the workload once.
fn replay(
    name: &'static str,
    workload: &Workload,
    ledger: &Ledger,
    service: &dyn Service,
    threads: usize,
) -> Result<Outcome, Problem> {
    let latency = Histogram::new();
    let replay = Replay {
        workload,
        ledger,
        latency: &latency,
    };
    let progress = Progress::new(name, workload.len() as u64);
    let tally = run_workers(&replay, service, threads, &progress)?;
    let latency = latency.distribution();
    Ok(Outcome {
        served: workload.len() as u64,
        elapsed: tally.ended.since(tally.started),
        unaccounted: (workload.len() as u64).abs_diff(latency.count()),
        latency,
        traffic: tally.traffic,
        tally,
        let_down: 0,
        loaded_twice: 0,
        spike: None,
        fleet: None,
        cached: None,
        pooled: None,
    })
}

impl Outcome {
    /// The row of a spike is about the service with its limiter; everything else is in the notes.
    fn of(spike: Spike) -> Self {
        let limited = &spike.with_limiter;
        Self {
            served: limited.useful,
            elapsed: limited.spike,
            latency: limited.latency.clone(),
            traffic: limited.tally.traffic,
            tally: spike.tally(),
            unaccounted: spike.unaccounted(),
            let_down: limited.count.retried - limited.count.readmitted,
            loaded_twice: 0,
            spike: Some(spike),
            fleet: None,
            cached: None,
            pooled: None,
        }
    }

    /// The row of a fleet is about the run with the balancer's own policy, which has the hardest time.
    fn of_fleet(fleet: Fleet) -> Self {
        let adaptive = &fleet.slow_adaptive;
        Self {
            served: adaptive.answered(),
            elapsed: adaptive.elapsed,
            latency: adaptive.latency.clone(),
            traffic: adaptive.tally.traffic,
            tally: fleet.tally(),
            unaccounted: fleet.unaccounted(),
            let_down: 0,
            loaded_twice: 0,
            spike: None,
            fleet: Some(fleet),
            cached: None,
            pooled: None,
        }
    }

    /// The row of a cache is about the run with it.
    fn of_cached(cached: Cached) -> Self {
        let run = &cached.with_cache;
        Self {
            served: run.answered(),
            elapsed: run.elapsed,
            latency: run.latency.clone(),
            traffic: run.tally.traffic,
            tally: cached.tally(),
            unaccounted: cached.unaccounted(),
            let_down: 0,
            loaded_twice: cached.loads_too_many(),
            spike: None,
            fleet: None,
            cached: Some(cached),
            pooled: None,
        }
    }

    /// The row of a pool is about the run at the knee.
    fn of_pooled(pooled: Pooled) -> Self {
        let run = &pooled.knee;
        Self {
            served: run.answered(),
            elapsed: run.elapsed,
            latency: run.latency.clone(),
            traffic: run.tally.traffic,
            tally: pooled.tally(),
            unaccounted: pooled.unaccounted(),
            let_down: 0,
            loaded_twice: 0,
            spike: None,
            fleet: None,
            cached: None,
            pooled: Some(pooled),
        }
    }
}

/// Starts all workers at once, and what happens at half time when it is time; returns when everything has ended.
fn run_workers(
    replay: &Replay<'_>,
    service: &dyn Service,
    threads: usize,
    progress: &Progress,
) -> Result<Tally, Problem> {
    let sessions = (0..threads)
        .map(|_| service.session())
        .collect::<Result<Vec<_>, _>>()?;
    let ready = Barrier::new(threads);
    let served = AtomicU64::new(0);
    let (half, events) = mpsc::channel::<HalfIsDone>();

    thread::scope(|scope| {
        let mut workers = Vec::new();
        for (worker, mut session) in sessions.into_iter().enumerate() {
            let (half, ready, served) = (half.clone(), &ready, &served);
            workers.push(scope.spawn(move || {
                ready.wait();
                let share = replay.workload.share(worker, threads);
                replay.work(&mut *session, share, served, &half)
            }));
        }
        // Only workers hold the channel now, so its end is theirs.
        drop(half);
        let mut halfway = None;
        loop {
            match events.recv_timeout(REFRESH) {
                Ok(HalfIsDone) => halfway = Some(scope.spawn(|| service.halfway(&served))),
                Err(RecvTimeoutError::Timeout) => {
                    progress.show(served.load(Ordering::Relaxed));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }

        if let Some(halfway) = halfway {
            let panicked = |_| Problem::run("replaying", &"a thread panicked");
            halfway.join().map_err(panicked)??;
        }
        Tally::sum(workers.into_iter().map(ScopedJoinHandle::join))
    })
}

/// How often the progress bar moves.
const REFRESH: Duration = Duration::from_millis(100);
