//! An application server, simulated as far as it is busy: a few workers, each of which is held up by a request for a while and then asks
//! the database, which is real. Requests that find no worker wait in a line of the server's own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tenfold::balance::{FailureKind, Lease};
use tenfold::clock::{Clock, MonotonicClock};

use super::backlog::{Backlog, Job};
use crate::stage::Session;
use crate::worker::{Replay, Tally};

/// A request that was sent to a server. Its lease ends when it is answered.
pub(super) struct Task {
    pub(super) job: Job,
    pub(super) lease: Lease<usize>,
}

#[derive(Default)]
pub(super) struct Server {
    pub(super) line: Backlog<Task>,
    slow: AtomicBool,
    served: AtomicU64,
}

impl Server {
    /// What one of its workers does, until nothing comes any more.
    pub(super) fn work(&self, replay: &Replay<'_>, session: &mut dyn Session) -> Tally {
        let clock = MonotonicClock::new();
        let mut tally = Tally::starting(clock.now());
        while let Some(Task { job, lease }) = self.line.next() {
            thread::sleep(self.hold());
            let errors = tally.errors;
            replay.serve(session, job.position, job.due, &mut tally);
            self.served.fetch_add(1, Ordering::Relaxed);
            if tally.errors == errors {
                lease.success();
            } else {
                lease.failure(FailureKind::Faulty);
            }
        }
        tally.ending(clock.now(), session)
    }

    /// From now on everything takes [`TIMES_SLOWER`] times as long.
    pub(super) fn slow_down(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }

    pub(super) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    fn hold(&self) -> Duration {
        if self.slow.load(Ordering::Relaxed) {
            HOLD * TIMES_SLOWER
        } else {
            HOLD
        }
    }
}

/// Requests that a server works on at a time.
pub(crate) const WORKERS: usize = 4;

/// How long a request holds up a worker.
pub(crate) const HOLD: Duration = Duration::from_millis(4);

pub(crate) const TIMES_SLOWER: u32 = 5;
