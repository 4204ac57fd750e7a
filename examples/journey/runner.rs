//! Replays the workload against one stage with several threads, and audits what came of it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tenfold::histogram::Histogram;

use crate::audit::{Ledger, findings};
use crate::input::Workload;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::report::Row;
use crate::stage::{Service, Stage};
use crate::worker::{HalfIsDone, Replay, Tally};

/// Runs one stage: prepares it, replays every request, audits it.
pub(crate) fn run(stage: &dyn Stage, workload: &Workload, threads: usize) -> Result<Row, Problem> {
    let directory = tempfile::Builder::new()
        .prefix("journey-")
        .tempdir()
        .map_err(|error| Problem::run("creating a temporary directory", &error))?;
    let service = stage.prepare(directory.path(), workload.users())?;
    let ledger = Ledger::new(workload.users().len());
    let latency = Histogram::new();
    let served = AtomicU64::new(0);
    let replay = Replay {
        workload,
        ledger: &ledger,
        latency: &latency,
        served: &served,
    };
    let progress = Progress::new(stage.name(), workload.len() as u64);
    let tally = run_workers(&replay, &*service, threads, &progress)?;
    drop(progress);

    let mut audit = service.audit(&ledger)?;
    audit.findings.extend(findings(&[
        (tally.missing, "requests that did not find their profile"),
        (
            tally.stale_reads,
            "reads older than a write acknowledged before them",
        ),
        (
            (workload.len() as u64).abs_diff(latency.distribution().count()),
            "requests skipped or served twice",
        ),
    ]));
    Ok(Row {
        stage: stage.name(),
        solves: stage.solves(),
        requests: workload.len() as u64,
        users: workload.users().len() as u64,
        threads,
        elapsed: tally.ended.since(tally.started),
        latency: latency.distribution(),
        database: tally.traffic,
        acknowledged_writes: ledger.total(),
        errors: tally.errors,
        first_error: tally.first_error,
        findings: audit.findings,
        resharding: audit.resharding,
    })
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
    let (half, events) = mpsc::channel::<HalfIsDone>();

    thread::scope(|scope| {
        let mut workers = Vec::new();
        for (worker, mut session) in sessions.into_iter().enumerate() {
            let (half, ready) = (half.clone(), &ready);
            workers.push(scope.spawn(move || {
                ready.wait();
                replay.work(&mut *session, worker, threads, &half)
            }));
        }
        // Only workers hold the channel now, so its end is theirs.
        drop(half);
        let mut halfway = None;
        loop {
            match events.recv_timeout(REFRESH) {
                Ok(HalfIsDone) => halfway = Some(scope.spawn(|| service.halfway(replay.served))),
                Err(RecvTimeoutError::Timeout) => {
                    progress.show(replay.served.load(Ordering::Relaxed));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }

        let panicked = |_| Problem::run("replaying", &"a thread panicked");
        if let Some(halfway) = halfway {
            halfway.join().map_err(panicked)??;
        }
        let mut total: Option<Tally> = None;
        for worker in workers {
            let tally = worker.join().map_err(panicked)?;
            total = Some(total.map_or_else(|| tally.clone(), |sum| sum.and(&tally)));
        }
        total.ok_or_else(|| Problem::run("replaying", &"there was no worker"))
    })
}

/// How often the progress bar moves.
const REFRESH: Duration = Duration::from_millis(100);
