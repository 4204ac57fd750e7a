//! One worker thread: serves its share of the requests, and keeps count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use tenfold::clock::{Clock, MonotonicClock, Tick};
use tenfold::histogram::Histogram;

use crate::audit::Ledger;
use crate::database::Traffic;
use crate::input::{Op, User, UserId, Workload};
use crate::stage::{Failure, Session};

/// What the workers of one replay share.
pub(crate) struct Replay<'r> {
    pub(crate) workload: &'r Workload,
    pub(crate) ledger: &'r Ledger,
    /// Of every request, in nanoseconds, whether it succeeded or not.
    pub(crate) latency: &'r Histogram,
    pub(crate) served: &'r AtomicU64,
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
    pub(crate) fn work(
        &self,
        session: &mut dyn Session,
        worker: usize,
        workers: usize,
        half: &Sender<HalfIsDone>,
    ) -> Tally {
        let clock = MonotonicClock::new();
        let half_time = (self.workload.len() as u64).div_ceil(2);
        let mut tally = Tally::starting(clock.now());
        for (id, user, op) in self.workload.share(worker, workers) {
            let begun = clock.now();
            let outcome = match op {
                Op::Read => self.read(session, id, user, &mut tally),
                Op::Write => self.write(session, id, user),
            };
            self.latency.record_duration(clock.now().since(begun));
            if let Err(failure) = outcome {
                tally.fail(&failure);
            }
            if self.served.fetch_add(1, Ordering::Relaxed) + 1 == half_time {
                // Nobody listens any more only if the run is being given up.
                let _ = half.send(HalfIsDone);
            }
        }
        tally.ended = clock.now();
        tally.traffic = session.traffic();
        tally
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
    fn starting(now: Tick) -> Self {
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

    fn fail(&mut self, failure: &Failure) {
        self.errors += 1;
        self.missing += u64::from(matches!(failure, Failure::Missing));
        self.first_error.get_or_insert_with(|| failure.to_string());
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
