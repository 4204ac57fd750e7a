//! One run: the whole workload, with a cache or without one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use tenfold::clock::Tick;
use tenfold::histogram::{Distribution, Histogram};

use super::connections::Connections;
use crate::audit::Ledger;
use crate::input::{Op, User, UserId, Workload};
use crate::open_loop::Schedule;
use crate::progress::Progress;
use crate::simulation::{Time, run};
use crate::stage::{Failure, Profiles};
use crate::worker::Tally;

/// What happened to the requests.
pub(crate) struct Trial {
    pub(crate) offered: u64,
    /// From the first request's coming to the last answer.
    pub(crate) elapsed: Duration,
    /// In nanoseconds, from when a request came.
    pub(crate) latency: Distribution,
    pub(crate) tally: Tally,
}

impl Trial {
    pub(crate) fn answered(&self) -> u64 {
        self.latency.count()
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latency.quantile(share))
    }
}

/// What the requests of one run go by.
pub(super) struct Route<'r, 's> {
    pub(super) time: &'r Time,
    pub(super) database: &'r Connections<'s>,
    /// None: each read asks the database.
    pub(super) profiles: Option<&'r Profiles>,
}

impl Route<'_, '_> {
    pub(super) async fn read(&self, user: &User) -> Result<u64, Failure> {
        let from_database = self.database.ask(|session| session.read(user));
        let profile = match self.profiles {
            Some(profiles) => profiles.read(user, from_database).await?,
            None => Arc::new(from_database.await?),
        };
        Ok(profile.version)
    }

    async fn write(&self, user: &User) -> Result<(), Failure> {
        self.database.ask(|session| session.write(user)).await?;
        self.profiles.inspect(|profiles| profiles.forget(user));
        Ok(())
    }
}

/// Sends all requests of the workload, at the times of a schedule.
pub(super) fn trial(
    name: &'static str,
    workload: &Workload,
    ledger: &Ledger,
    route: &Route<'_, '_>,
    per_second: f64,
) -> Trial {
    let start = route.time.now();
    let latency = Histogram::new();
    let tally = RefCell::new(Tally::starting(start));
    let progress = Progress::new(name, workload.len() as u64);
    let answered = Cell::new(0);
    let request = |position: usize, due: Tick| {
        let (latency, tally, progress, answered) = (&latency, &tally, &progress, &answered);
        let task = async move {
            route.time.sleep(HANDLING).await;
            let outcome = match workload.request(position) {
                Some((id, user, Op::Read)) => read(route, ledger, id, user, tally).await,
                Some((id, user, Op::Write)) => {
                    let written = route.write(user).await;
                    written.inspect(|()| ledger.acknowledge(id))
                }
                None => Err(Failure::Missing),
            };
            let now = route.time.now();
            latency.record_duration(now.since(due));
            let mut tally = tally.borrow_mut();
            tally.ended = tally.ended.max(now);
            let _ = outcome.inspect_err(|failure| tally.fail(failure));
            answered.set(answered.get() + 1);
            progress.show(answered.get());
        };
        (due, task)
    };
    let schedule = Schedule::new(start, workload.len(), per_second, workload.len());
    run(
        route.time,
        schedule.map(|job| request(job.position, job.due)),
    );

    let mut tally = tally.into_inner();
    tally.traffic = route.database.traffic();
    Trial {
        offered: workload.len() as u64,
        elapsed: tally.ended.since(start),
        latency: latency.distribution(),
        tally,
    }
}

async fn read(
    route: &Route<'_, '_>,
    ledger: &Ledger,
    id: UserId,
    user: &User,
    tally: &RefCell<Tally>,
) -> Result<(), Failure> {
    let oldest_allowed = ledger.acknowledged(id);
    let version = route.read(user).await?;
    tally.borrow_mut().stale_reads += u64::from(version < oldest_allowed);
    Ok(())
}

/// What an application server does for a request besides asking for a profile.
pub(super) const HANDLING: Duration = Duration::from_micros(20);
