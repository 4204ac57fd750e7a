//! One run, by a pool of one size.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tenfold::Refusal;
use tenfold::histogram::{Distribution, Histogram};
use tenfold::pool::{Pool, Stats};
use tenfold::rng::Rng;

use crate::audit::Ledger;
use crate::cached::ROUND_TRIP;
use crate::database::Traffic;
use crate::input::{Op, User, UserId, Workload};
use crate::open_loop::{Job, Schedule};
use crate::problem::Problem;
use crate::simulation::{Time, run};
use crate::stage::{Failure, Readers};
use crate::worker::Tally;

/// What happened to the requests.
pub(crate) struct Trial {
    /// Connections that there may be.
    pub(crate) connections: u32,
    pub(crate) offered: u64,
    /// Requests that got no connection within [`PATIENCE`].
    pub(crate) timed_out: u64,
    /// From the first request's coming to the last answer.
    pub(crate) elapsed: Duration,
    /// Of those that were answered, in nanoseconds, from when a request came.
    pub(crate) latency: Distribution,
    pub(crate) tally: Tally,
    pub(crate) stats: Stats,
}

impl Trial {
    pub(crate) fn answered(&self) -> u64 {
        self.latency.count()
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency.quantile(share))
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.answered() as f64 / self.elapsed.max(Duration::from_nanos(1)).as_secs_f64()
    }

    /// Connections that were in use at a time, on average.
    pub(crate) fn busy(&self) -> f64 {
        self.stats.used_for.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// What all requests of a run go by.
struct Front<'f> {
    workload: &'f Workload,
    ledger: &'f Ledger,
    time: &'f Time,
    pool: &'f Pool<Readers>,
    rng: RefCell<Rng>,
    latency: Histogram,
    tally: RefCell<Tally>,
    timed_out: Cell<u64>,
}

/// Sends so many requests by a schedule to a service with so many connections.
pub(super) fn trial(
    workload: &Workload,
    ledger: &Ledger,
    readers: Readers,
    connections: u32,
    per_second: f64,
    requests: usize,
) -> Result<Trial, Problem> {
    let time = Time::default();
    let pool = Pool::builder(readers)
        .max_size(connections)
        .wait_timeout(Some(PATIENCE))
        .max_waiters(requests)
        .clock(time.clock())
        .build()
        .map_err(|error| Problem::run("making the pool", &error))?;
    let start = time.now();
    let front = Front {
        workload,
        ledger,
        time: &time,
        pool: &pool,
        rng: RefCell::new(Rng::seeded(SEED)),
        latency: Histogram::new(),
        tally: RefCell::new(Tally::starting(start)),
        timed_out: Cell::new(0),
    };
    let schedule = Schedule::new(start, requests, per_second, workload.len());
    run(&time, schedule.map(|job| (job.due, front.serve(job))));

    let mut traffic = Traffic::default();
    pool.retain(|connection, _| {
        traffic += connection.traffic();
        true
    });
    let mut tally = front.tally.into_inner();
    tally.traffic = traffic;
    Ok(Trial {
        connections,
        offered: requests as u64,
        timed_out: front.timed_out.get(),
        elapsed: tally.ended.since(start),
        latency: front.latency.distribution(),
        tally,
        stats: pool.stats(),
    })
}

impl Front<'_> {
    async fn serve(&self, job: Job) {
        let outcome = match self.workload.request(job.position) {
            Some((id, user, op)) => self.answer(id, user, op).await,
            None => Err(Failure::Missing),
        };
        let now = self.time.now();
        let mut tally = self.tally.borrow_mut();
        tally.ended = tally.ended.max(now);
        if matches!(&outcome, Err(Failure::Pool(error)) if error.is_timeout()) {
            self.timed_out.set(self.timed_out.get() + 1);
            return;
        }
        self.latency.record_duration(now.since(job.due));
        let _ = outcome.inspect_err(|failure| tally.fail(failure));
    }

    async fn answer(&self, id: UserId, user: &User, op: Op) -> Result<(), Failure> {
        let oldest_allowed = self.ledger.acknowledged(id);
        let mut connection = self.pool.acquire_async().await?;
        let version = match op {
            Op::Read => Some(
                connection
                    .read(user.name())?
                    .ok_or(Failure::Missing)?
                    .version,
            ),
            Op::Write if connection.update(user.name())? => None,
            Op::Write => return Err(Failure::Missing),
        };
        let share = 0.5 + self.rng.borrow_mut().unit();
        self.time.sleep(ROUND_TRIP.mul_f64(share)).await;
        match version {
            Some(version) => {
                self.tally.borrow_mut().stale_reads += u64::from(version < oldest_allowed);
            }
            None => self.ledger.acknowledge(id),
        }
        Ok(())
    }
}

/// How long a request waits for a connection before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_millis(100);

const SEED: u64 = 5;
