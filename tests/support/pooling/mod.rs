//! What the tests of pools share: a backend that does as it is told, futures that are polled by hand, and pools in simulated time.

mod backend;
mod task;

use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use backend::{Backend, Call, Calls, Conn, Down, Mood, Seen, Tasks};
pub(crate) use task::{Jobs, Task};
pub(crate) use tenfold::clock::{Clock, ManualClock, Tick};
pub(crate) use tenfold::pool::{
    AcquireError, AttachError, Builder, Check, CloseReason, ConnectError, Error, Executor,
    Fairness, Lease, Manage, OnPanic, Order, OwnedLease, Pool, Reason, Upkeep, Verdict,
};

pub(crate) const MILLI: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What was closed, and why.
pub(crate) type Ends = Arc<Mutex<Vec<(u64, CloseReason)>>>;

/// A pool in simulated time, and all that is around it.
pub(crate) struct World<M: Manage> {
    pub(crate) pool: Pool<M>,
    pub(crate) backend: Arc<Backend>,
    pub(crate) clock: ManualClock,
    /// Who runs its futures, if it has futures and a spawner.
    pub(crate) jobs: Jobs,
    ends: Ends,
    driven: bool,
}

fn prepared<M: Manage>(manager: M, clock: &ManualClock, ends: &Ends) -> Builder<M> {
    let ends = ends.clone();
    Pool::builder(manager)
        .clock(clock.clone())
        .lifetime_jitter(0.0)
        .on_close(move |info, reason| ends.lock().unwrap().push((info.id, reason)))
}

fn assembled<M: Manage>(
    manager: impl FnOnce(Arc<Backend>) -> M,
    build: impl FnOnce(Builder<M>, &Arc<Backend>, &Jobs) -> Result<Pool<M>, Error>,
) -> World<M> {
    let (backend, clock) = (Arc::<Backend>::default(), ManualClock::new());
    let (jobs, ends) = (Jobs::default(), Ends::default());
    let builder = prepared(manager(backend.clone()), &clock, &ends);
    let pool = build(builder, &backend, &jobs).unwrap();
    World {
        pool,
        backend,
        clock,
        jobs,
        ends,
        driven: false,
    }
}

/// Calls that block, which are run by whoever finds that they are due.
pub(crate) fn calls(settings: impl FnOnce(Builder<Calls>) -> Builder<Calls>) -> World<Calls> {
    assembled(Calls, |builder, _, _| settings(builder).build())
}

/// Calls that block, of at most two connections.
pub(crate) fn two() -> World<Calls> {
    calls(|builder| builder.max_size(2))
}

/// Calls of one connection.
pub(crate) fn one() -> World<Calls> {
    calls(|builder| builder.max_size(1))
}

/// Futures, which are run by those that wait.
pub(crate) fn driven(settings: impl FnOnce(Builder<Tasks>) -> Builder<Tasks>) -> World<Tasks> {
    World {
        driven: true,
        ..assembled(Tasks, |builder, _, _| settings(builder).build_async())
    }
}

/// Futures, which are run when the test says so.
pub(crate) fn spawned(settings: impl FnOnce(Builder<Tasks>) -> Builder<Tasks>) -> World<Tasks> {
    assembled(Tasks, |builder, _, jobs| {
        let jobs = jobs.clone();
        settings(builder.spawner(move |future| jobs.spawn(future))).build_async()
    })
}

impl<M: Manage> World<M> {
    /// What was closed so far, and why.
    pub(crate) fn ends(&self) -> Vec<(u64, CloseReason)> {
        self.ends.lock().unwrap().clone()
    }

    /// The list that [`ends`](Self::ends) shows, for when this is gone.
    pub(crate) fn closes(&self) -> Ends {
        self.ends.clone()
    }

    /// Why connections were closed so far.
    pub(crate) fn reasons(&self) -> Vec<CloseReason> {
        self.ends().into_iter().map(|(_, reason)| reason).collect()
    }

    /// Moves the clock, and runs whatever can run.
    pub(crate) fn pass(&self, time: Duration) {
        self.jobs.run();
        self.clock.advance(time);
        self.jobs.run();
    }

    /// Whether its futures are run by those that wait.
    pub(crate) fn is_driven(&self) -> bool {
        self.driven
    }

    /// Idle, in use, being made, being checked, being closed.
    pub(crate) fn counts(&self) -> [u32; 5] {
        let status = self.pool.status();
        let counts = [
            status.idle,
            status.in_use,
            status.connecting,
            status.checking,
            status.closing,
        ];
        assert_eq!(status.total, counts.iter().sum::<u32>());
        counts
    }
}
