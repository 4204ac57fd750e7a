//! How a check is run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::{AsyncCheck, Check, CheckError};
use super::target::Ticket;
use super::task::{CheckTask, Checking, Stop};
use crate::kernel::upkeep::shielded;
use crate::kernel::workers::{Executor, Job, Task};

pub(super) type Answer = Result<(), CheckError>;

/// Makes a future of a target and of what is to be told the answer.
type Make<T> = Box<dyn Fn(Arc<T>, Reply) -> Checking + Send + Sync>;

pub(super) enum Runner<T> {
    Blocking(Arc<dyn Check<T>>),
    Spawning {
        make: Make<T>,
        spawn: Box<dyn Fn(CheckTask) + Send + Sync>,
    },
}

impl<T: Send + Sync + 'static> Runner<T> {
    pub(super) fn spawning<A>(check: A, spawn: Box<dyn Fn(CheckTask) + Send + Sync>) -> Self
    where
        A: AsyncCheck<T> + 'static,
    {
        let check = Arc::new(check);
        let make = move |value: Arc<T>, reply: Reply| -> Checking {
            let check = check.clone();
            let answer = Box::pin(async move { check.check(&value).await });
            Box::pin(async move {
                if reply.begin() {
                    reply.give(Guarded(answer).await);
                }
            })
        };
        let make = Box::new(make);
        Self::Spawning { make, spawn }
    }

    /// Has a check of `value` run. The job, if nobody takes it: when it is dropped, it replies that it is lost. What ends the check goes to
    /// `keep` before the check can begin.
    pub(super) fn start(
        &self,
        value: Arc<T>,
        reply: Reply,
        executor: Executor,
        keep: impl FnOnce(Stop),
    ) -> Result<(), Job> {
        match self {
            Self::Blocking(check) => {
                let check = check.clone();
                let job = move || {
                    if reply.begin() {
                        let answer = shielded(|| check.check(&value));
                        reply.give(answer.unwrap_or(Err(CheckError::Panicked)));
                    }
                };
                executor.execute(Task::Theirs, Box::new(job))
            }
            Self::Spawning { make, spawn } => {
                let task = CheckTask::new(make(value, reply));
                keep(task.stop());
                shielded(|| spawn(task));
                Ok(())
            }
        }
    }
}

/// Who hears of the checks.
pub(super) trait Desk: Send + Sync {
    /// A thread is about to run this check. Whether anybody still wants it.
    fn begin(&self, ticket: Ticket) -> bool;
    fn answer(&self, ticket: Ticket, answer: &Answer);
}

/// Where the answer of one check goes, at most one. Dropped without one, the check is lost.
pub(super) struct Reply {
    desk: Option<Arc<dyn Desk>>,
    ticket: Ticket,
}

impl Reply {
    pub(super) fn new(desk: Arc<dyn Desk>, ticket: Ticket) -> Self {
        let desk = Some(desk);
        Self { desk, ticket }
    }

    fn begin(&self) -> bool {
        let desk = self.desk.as_ref();
        desk.is_some_and(|desk| desk.begin(self.ticket))
    }

    fn give(mut self, answer: Answer) {
        if let Some(desk) = self.desk.take() {
            desk.answer(self.ticket, &answer);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.take() {
            desk.answer(self.ticket, &Err(CheckError::Lost));
        }
    }
}

/// A check whose panic is an answer.
struct Guarded(Pin<Box<dyn Future<Output = Answer> + Send>>);

impl Future for Guarded {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let polled = shielded(|| self.0.as_mut().poll(context));
        polled.unwrap_or(Poll::Ready(Err(CheckError::Panicked)))
    }
}
