//! One run: a front that lets requests in as they come, and workers that answer them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tenfold::clock::{Clock, MonotonicClock, Tick};
use tenfold::histogram::Distribution;

use super::backlog::{Backlog, Job};
use super::front::{Count, Front};
use super::schedule::Schedule;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::stage::{Door, Service};
use crate::worker::{Replay, Tally};

/// What happened to the requests of one run.
pub(crate) struct Run {
    pub(crate) offered: u64,
    pub(crate) count: Count,
    /// Answered, at first or later.
    pub(crate) served: u64,
    /// Answered within [`IN_TIME`] of a time that is not after the last request came.
    pub(crate) useful: u64,
    /// From the start to when the last request came.
    pub(crate) spike: Duration,
    /// Of what was answered, in nanoseconds, from when it was due: when the request came or, if it was told to come back, at that
    /// time.
    pub(crate) latency: Distribution,
    pub(crate) tally: Tally,
}

impl Run {
    /// Answers that were of use to a client, per second of the spike.
    pub(crate) fn goodput(&self) -> f64 {
        self.useful as f64 / self.spike.max(Duration::from_nanos(1)).as_secs_f64()
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency.quantile(share))
    }

    /// Requests that were neither let in nor refused, or let in and not served, or the other way round.
    pub(super) fn unaccounted(&self) -> u64 {
        let count = &self.count;
        self.offered.abs_diff(count.admitted + count.refused)
            + self.served.abs_diff(count.admitted + count.readmitted)
    }
}

/// Sends the schedule's requests to the service through the door, or all of them without one.
pub(super) fn run(
    replay: &Replay<'_>,
    service: &dyn Service,
    workers: usize,
    schedule: impl FnOnce(Tick) -> Schedule,
    door: Option<&dyn Door>,
    progress: &Progress,
) -> Result<Run, Problem> {
    let sessions = (0..workers)
        .map(|_| service.session())
        .collect::<Result<Vec<_>, _>>()?;
    let backlog = Backlog::<Job>::default();
    let clock = MonotonicClock::new();
    let start = clock.now();
    // Known before it begins, so that a worker knows what was due while it lasted.
    let jobs: Vec<_> = schedule(start).collect();
    let last = jobs.last().map_or(start, |job| job.due);
    let useful = AtomicU64::new(0);

    let (count, tally) = thread::scope(|scope| {
        let mut threads = Vec::new();
        for mut session in sessions {
            let (backlog, useful) = (&backlog, &useful);
            threads.push(scope.spawn(move || {
                let mut tally = Tally::starting(clock.now());
                while let Some(job) = backlog.next() {
                    let answered = replay.serve(&mut *session, job.position, job.due, &mut tally);
                    if job.due <= last && answered.since(job.due) <= IN_TIME {
                        useful.fetch_add(1, Ordering::Relaxed);
                    }
                }
                tally.ending(clock.now(), &*session)
            }));
        }
        let count = Front::new(door).let_in(&jobs, &backlog, progress);
        backlog.close();
        let tallies = threads.into_iter().map(thread::ScopedJoinHandle::join);
        Tally::sum(tallies).map(|tally| (count, tally))
    })?;
    let latency = replay.latency.distribution();
    Ok(Run {
        offered: jobs.len() as u64,
        count,
        served: latency.count(),
        useful: useful.into_inner(),
        spike: last.since(start),
        latency,
        tally,
    })
}

/// How long a client waits for an answer before it is of no use.
pub(crate) const IN_TIME: Duration = Duration::from_millis(100);
