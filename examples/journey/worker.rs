//! What a worker thread does: serves requests, and keeps count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use tenfold::clock::{Clock, MonotonicClock, Tick};
use tenfold::histogram::Histogram;

use crate::audit::Ledger;
use crate::database::Traffic;
use crate::input::{Op, User, UserId, Workload};
use crate::problem::Problem;
use crate::stage::{Failure, Session};

/// What the workers of one replay share.
pub(crate) struct Replay<'r> {
    pub(crate) workload: &'r Workload,
    pub(crate) ledger: &'r Ledger,
    /// Of every request, in nanoseconds, whether it succeeded or not.
    pub(crate) latency: &'r Histogram,
}

/// Sent by the worker that serves the request at half time.
pub(crate) struct HalfIsDone;

/// What one worker saw or, put together, what all of them saw.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    pub(crate) started: Tick,
    pub(crate) ended: Tick,
    pub(crate) traffic: Traffic,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) missing: u64,
    pub(crate) stale_reads: u64,
}

impl Replay<'_> {
    /// Serves the worker's share of the requests, one after the other.
    pub(crate) fn work(
        &self,
        session: &mut dyn Session,
        share: impl Iterator<Item = usize>,
        served: &AtomicU64,
        half: &Sender<HalfIsDone>,
    ) -> Tally {
        let clock = MonotonicClock::new();
        let half_time = (self.workload.len() as u64).div_ceil(2);
        let mut tally = Tally::starting(clock.now());
        for position in share {
            self.serve(session, position, clock.now(), &mut tally);
            if served.fetch_add(1, Ordering::Relaxed) + 1 == half_time {
                // Nobody listens any more only if the run is being given up.
                let _ = half.send(HalfIsDone);
            }
        }
        tally.ending(clock.now(), session)
    }

    /// Serves the request at `position` of the workload, and returns when it was answered. Latency counts from `due`.
    pub(crate) fn serve(
        &self,
        session: &mut dyn Session,
        position: usize,
        due: Tick,
        tally: &mut Tally,
    ) -> Tick {
        let outcome = match self.workload.request(position) {
            Some((id, user, Op::Read)) => self.read(session, id, user, tally),
            Some((id, user, Op::Write)) => self.write(session, id, user),
            None => Err(Failure::Missing),
        };
        let answered = MonotonicClock::new().now();
        self.latency.record_duration(answered.since(due));
        if let Err(failure) = outcome {
            tally.fail(&failure);
        }
        answered
    }

    fn read(
        &self,
        session: &mut dyn Session,
        id: UserId,
        user: &User,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let oldest_allowed = self.ledger.acknowledged(id);
        let profile = session.read(user)?;
        tally.stale_reads += u64::from(profile.version < oldest_allowed);
        Ok(())
    }

    fn write(&self, session: &mut dyn Session, id: UserId, user: &User) -> Result<(), Failure> {
        session.write(user)?;
        self.ledger.acknowledge(id);
        Ok(())
    }
}

impl Tally {
    pub(crate) fn starting(now: Tick) -> Self {
        Self {
            started: now,
            ended: now,
            traffic: Traffic::default(),
            errors: 0,
            first_error: None,
            missing: 0,
            stale_reads: 0,
        }
    }

    pub(crate) fn ending(mut self, now: Tick, session: &dyn Session) -> Self {
        self.ended = now;
        self.traffic = session.traffic();
        self
    }

    pub(crate) fn fail(&mut self, failure: &Failure) {
        self.errors += 1;
        self.missing += u64::from(failure.is_missing());
        self.first_error.get_or_insert_with(|| failure.to_string());
    }

    /// What all workers saw, when they are joined.
    pub(crate) fn sum(
        tallies: impl IntoIterator<Item = thread::Result<Self>>,
    ) -> Result<Self, Problem> {
        let tallies: Result<Vec<_>, _> = tallies.into_iter().collect();
        tallies
            .map_err(|_panic| Problem::run("replaying", &"a thread panicked"))?
            .into_iter()
            .reduce(|sum, tally| sum.and(&tally))
            .ok_or_else(|| Problem::run("replaying", &"there was no worker"))
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.started = self.started.min(other.started);
        self.ended = self.ended.max(other.ended);
        self.traffic += other.traffic;
        self.errors += other.errors;
        self.missing += other.missing;
        self.stale_reads += other.stale_reads;
        self.first_error = self.first_error.or_else(|| other.first_error.clone());
        self
    }
}
