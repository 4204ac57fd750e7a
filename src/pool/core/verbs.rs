//! What a manager does, by call or by future, without its type in every signature.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::kernel::workers::{Executor, Job, Task, Workers};
use crate::pool::{AsyncConnect, Connect, Manage};

/// A future that somebody else runs.
pub type BoxFuture<T = ()> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs a future in the background.
pub(crate) type Spawner = Arc<dyn Fn(BoxFuture) + Send + Sync>;

/// What comes of a connect or a check.
pub(crate) type Made<M> = Result<<M as Manage>::Connection, <M as Manage>::Error>;
/// The connection, and whether it is good.
pub(crate) type Looked<M> = (<M as Manage>::Connection, Result<(), <M as Manage>::Error>);

pub(crate) enum Verbs<M: Manage> {
    Blocking(Blocking<M>, Runner),
    Async(Async<M>, Option<Spawner>),
}

/// Calls.
pub(crate) struct Blocking<M: Manage> {
    pub(crate) connect: fn(&M) -> Made<M>,
    pub(crate) check: fn(&M, &mut M::Connection) -> Result<(), M::Error>,
    pub(crate) close: fn(&M, M::Connection),
}

/// Futures.
pub(crate) struct Async<M: Manage> {
    pub(crate) connect: fn(Arc<M>) -> BoxFuture<Made<M>>,
    pub(crate) check: fn(Arc<M>, M::Connection) -> BoxFuture<Looked<M>>,
    pub(crate) close: fn(Arc<M>, M::Connection) -> BoxFuture,
}

impl<M: Manage> Clone for Blocking<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Manage> Copy for Blocking<M> {}

impl<M: Connect> Blocking<M> {
    pub(crate) fn new() -> Self {
        Self {
            connect: M::connect,
            check: M::check,
            close: M::close,
        }
    }
}

impl<M: AsyncConnect> Async<M> {
    pub(crate) fn new() -> Self {
        Self {
            connect: |manager| Box::pin(async move { manager.connect().await }),
            check: |manager, mut connection| {
                Box::pin(async move {
                    let looked = manager.check(&mut connection).await;
                    (connection, looked)
                })
            },
            close: |manager, connection| Box::pin(async move { manager.close(connection).await }),
        }
    }
}

/// Who runs calls that may block.
#[derive(Debug)]
pub(crate) enum Runner {
    /// Whoever has one to be run.
    Inline,
    /// Threads of this pool.
    Crew(Workers),
}

impl<M: Manage> Verbs<M> {
    /// A call takes too long, and keeps its thread: there may be one more.
    pub(super) fn lend_thread(&self) {
        if let Self::Blocking(_, Runner::Crew(crew)) = self {
            crew.lend();
        }
    }

    #[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
    pub(super) fn lent(&self) -> usize {
        match self {
            Self::Blocking(_, Runner::Crew(crew)) => crew.lent(),
            _ => 0,
        }
    }

    /// It has ended.
    pub(super) fn take_thread_back(&self) {
        if let Self::Blocking(_, Runner::Crew(crew)) = self {
            crew.take_back();
        }
    }
}

impl Runner {
    /// So many at a time. On a clock that is moved by hand the caller runs them, unless it is said otherwise.
    pub(crate) fn new(executor: Executor, most: u32) -> Self {
        match executor {
            Executor::Inline => Self::Inline,
            // Jobs are as many as connections at most, which are counted.
            Executor::Workers => Self::Crew(Workers::new(
                most as usize,
                usize::MAX,
                std::time::Duration::from_secs(1),
            )),
        }
    }

    pub(crate) fn run(&self, job: Job) {
        match self {
            Self::Inline => job(),
            // There is no bound to refuse by.
            Self::Crew(crew) => drop(crew.submit(Task::Theirs, job)),
        }
    }
}
