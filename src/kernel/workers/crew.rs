//! The threads and their queue.
//!
//! # Invariants
//!
//! * At most `most` threads; at most `most - 1` of them run code of the user's, so what this crate decides is not kept waiting by
//!   seven calls that hang. A call that blocks has its thread until it returns, whoever has given up on it.
//! * Jobs run in the order in which they came, this crate's own before the user's, and never under the lock.
//! * A job that can run has a thread: whoever submits it wakes an idle one or starts one, unless there are as many as may be; and whoever
//!   ends a job takes the next.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::{Job, Task};
use crate::kernel::sync::{Condvar, Mutex, MutexGuard};
use crate::kernel::upkeep::shielded;

/// Threads of the process's crew.
const MOST: usize = 8;
/// Jobs that may wait for one.
const QUEUE: usize = 1024;
/// How long a thread stays without work.
const LINGER: Duration = Duration::from_secs(1);

static PROCESS: LazyLock<Workers> = LazyLock::new(|| Workers::new(MOST, QUEUE, LINGER));

/// A bounded number of threads that run jobs.
#[derive(Debug)]
pub(crate) struct Workers {
    crew: Arc<Crew>,
}

struct Crew {
    most: usize,
    queue: usize,
    linger: Duration,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    own: VecDeque<Job>,
    theirs: VecDeque<Job>,
    pub(super) threads: usize,
    /// Threads that wait for work; one that was woken counts until it runs.
    pub(super) idle: usize,
    /// Threads that run code of the user's.
    pub(super) blocked: usize,
    /// Threads that there may be beside `most`, for calls that don't return.
    lent: usize,
    closed: bool,
}

impl Workers {
    /// At least two threads at most: one is kept for this crate's own work.
    pub(crate) fn new(most: usize, queue: usize, linger: Duration) -> Self {
        let crew = Crew {
            most: most.max(2),
            queue,
            linger,
            state: Mutex::new(State::default()),
            bell: Condvar::new(),
        };
        Self {
            crew: Arc::new(crew),
        }
    }

    /// Those of the process, which never close.
    pub(crate) fn process() -> &'static Self {
        &PROCESS
    }

    /// Has a thread run `job`, or gives it back: there are as many in the queue as may be. Where no thread can be started, and there
    /// is none, the caller runs what there is.
    pub(crate) fn submit(&self, task: Task, job: Job) -> Result<(), Job> {
        let crew = &self.crew;
        let mut state = crew.state.lock();
        let line = state.line(task);
        if line.len() >= crew.queue {
            return Err(job);
        }
        line.push_back(job);
        let ready = crew.ready(&state);
        if ready <= state.idle {
            drop(state);
            crew.bell.notify_one();
            return Ok(());
        }
        if state.threads >= crew.most + state.lent {
            return Ok(());
        }
        self.start(state);
        Ok(())
    }

    /// A call does not return: there may be one more thread, until it [does](Self::take_back).
    pub(crate) fn lend(&self) {
        let mut state = self.crew.state.lock();
        state.lent += 1;
        let ready = self.crew.ready(&state);
        if ready > state.idle {
            self.start(state);
        } else if ready > 0 {
            // There may be a thread that waits, and went past what was not to be run until now.
            drop(state);
            self.crew.bell.notify_one();
        }
    }

    /// A call that did not return has done so.
    pub(crate) fn take_back(&self) {
        let mut state = self.crew.state.lock();
        state.lent = state.lent.saturating_sub(1);
    }

    /// Starts a thread. Where none can be started, and there is none, the caller runs what there is.
    fn start(&self, mut state: MutexGuard<'_, State>) {
        let crew = &self.crew;
        state.threads += 1;
        drop(state);
        let theirs = crew.clone();
        let thread = std::thread::Builder::new().name("tenfold-worker".to_owned());
        if thread.spawn(move || theirs.work(true)).is_err() {
            let mut state = crew.state.lock();
            if state.threads > 1 {
                // The others take it, or the last of those that could not be started.
                state.threads -= 1;
            } else {
                drop(state);
                crew.work(false);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn lent(&self) -> usize {
        self.look(|state| state.lent)
    }

    #[cfg(test)]
    pub(super) fn look<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.crew.state.lock())
    }
}

impl State {
    fn line(&mut self, task: Task) -> &mut VecDeque<Job> {
        match task {
            Task::Own => &mut self.own,
            Task::Theirs => &mut self.theirs,
        }
    }
}

impl Crew {
    /// Jobs that could run, if there were threads.
    fn ready(&self, state: &State) -> usize {
        let free = (self.most + state.lent - 1).saturating_sub(state.blocked);
        state.own.len() + state.theirs.len().min(free)
    }

    /// The life of a thread; one that does not `stay` ends as soon as there is nothing to do.
    fn work(&self, stay: bool) {
        let mut state = self.state.lock();
        let mut rested = false;
        loop {
            state = if let Some(job) = state.own.pop_front() {
                self.run(state, job)
            } else if state.blocked + 1 < self.most + state.lent && !state.theirs.is_empty() {
                state.blocked += 1;
                let Some(job) = state.theirs.pop_front() else {
                    continue;
                };
                let mut state = self.run(state, job);
                state.blocked -= 1;
                state
            } else if rested || !stay || state.closed {
                state.threads -= 1;
                return;
            } else {
                state.idle += 1;
                rested = self.bell.wait_for(&mut state, self.linger).timed_out();
                state.idle -= 1;
                continue;
            };
            rested = false;
        }
    }

    fn run<'s>(&'s self, state: MutexGuard<'s, State>, job: Job) -> MutexGuard<'s, State> {
        drop(state);
        shielded(job);
        self.state.lock()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut state = self.crew.state.lock();
        state.closed = true;
        let jobs = (
            std::mem::take(&mut state.own),
            std::mem::take(&mut state.theirs),
        );
        drop(state);
        self.crew.bell.notify_all();
        shielded(|| drop(jobs));
    }
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Crew")
            .field("threads", &state.threads)
            .field("queued", &(state.own.len() + state.theirs.len()))
            .finish_non_exhaustive()
    }
}
