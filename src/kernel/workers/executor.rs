//! Who runs a job.

use super::Workers;
use crate::kernel::clock::Clock;

/// Something to do once.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// What kind of job it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// This crate's own decisions, which are short. A thread is kept for them.
    Own,
    /// Code of the user's, which may block.
    Theirs,
}

/// Who runs the user's code of background work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Executor {
    /// Whoever finds that it is due: in simulated time whoever moves the clock, before the move returns. For tests and simulations, where
    /// nothing blocks.
    Inline,
    /// The process's workers: at most 8 threads, `tenfold-worker`, of which 7 run code of the user's. They start on demand and end after a
    /// second without work.
    #[default]
    Workers,
}

impl Executor {
    /// What fits the clock: workers for real time, and nobody else for time that is moved by hand.
    pub(crate) fn of<C: Clock + ?Sized>(clock: &C) -> Self {
        if clock.timers().is_manual() {
            Self::Inline
        } else {
            Self::Workers
        }
    }

    /// Runs the job now or later, or gives it back.
    pub(crate) fn execute(self, task: Task, job: Job) -> Result<(), Job> {
        match self {
            Self::Inline => {
                job();
                Ok(())
            }
            Self::Workers => Workers::process().submit(task, job),
        }
    }
}
