//! Requests that were let in and wait for a worker: first come, first served.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tenfold::clock::Tick;

/// A request that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    /// Its place in the workload.
    pub(crate) position: usize,
    /// When its client sent it: latency counts from here.
    pub(crate) due: Tick,
}

/// Grows as far as requests come, which is the point of the experiment, and the schedule is its bound.
pub(super) struct Backlog<J = Job> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    closed: bool,
}

impl<J> Default for Backlog<J> {
    fn default() -> Self {
        let state = State {
            jobs: VecDeque::new(),
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }
}

impl<J> Backlog<J> {
    pub(super) fn extend(&self, jobs: impl IntoIterator<Item = J>) {
        self.state().jobs.extend(jobs);
        self.changed.notify_all();
    }

    /// Nothing comes any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// Waits for the next request; `None` at the end.
    pub(super) fn next(&self) -> Option<J> {
        let mut state = self.state();
        while state.jobs.is_empty() && !state.closed {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.jobs.pop_front()
    }

    /// A worker that panicked is reported when it is joined; the others can go on.
    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
