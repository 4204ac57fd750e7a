//! Settings of a monitor.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::super::{Active, Error, Status};
use super::book::Book;
use super::core::{Core, Sink, Work};
use super::handle::Monitor;
use super::runner::Runner;
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::dice;
use crate::kernel::sync::Mutex;
use crate::kernel::upkeep::Periodic;
use crate::kernel::workers::Executor;

/// Who sees to it that things happen when they are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Upkeep {
    /// The process's housekeeper; on a clock that is moved by hand, whoever moves it.
    #[default]
    Automatic,
    /// The caller, by [`Monitor::upkeep`] or [`Balancer::upkeep`](crate::balance::Balancer::upkeep).
    Manual,
}

/// Builds a [`Monitor`].
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<T, C = MonotonicClock> {
    pub(super) runner: Runner<T>,
    pub(super) config: Active,
    pub(super) clock: C,
    pub(super) sink: Sink,
    pub(super) upkeep: Upkeep,
    pub(super) executor: Option<Executor>,
}

impl<T, C> Builder<T, C>
where
    T: Send + Sync + 'static,
    C: Clock + 'static,
{
    /// How targets are checked.
    pub fn config(mut self, config: Active) -> Self {
        self.config = config;
        self
    }

    /// What is called when the status of a target changes: one call at a time, in the order of the changes, without a lock. While it runs
    /// no other change is told; one that blocks for long holds a thread of the workers, and is told only the latest status of each target
    /// after that. No call begins after the monitor is dropped.
    pub fn on_change(mut self, sink: impl Fn(&str, Status) + Send + Sync + 'static) -> Self {
        self.sink = Box::new(sink);
        self
    }

    /// The clock; the process's own by default.
    pub fn clock<D: Clock + 'static>(self, clock: D) -> Builder<T, D> {
        Builder {
            runner: self.runner,
            config: self.config,
            clock,
            sink: self.sink,
            upkeep: self.upkeep,
            executor: self.executor,
        }
    }

    /// Who sees to it that checks begin when they are due.
    pub fn upkeep(mut self, upkeep: Upkeep) -> Self {
        self.upkeep = upkeep;
        self
    }

    /// Who runs blocking checks: by default the workers, and on a clock that is moved by hand whoever moves it.
    pub fn executor(mut self, executor: Executor) -> Self {
        self.executor = Some(executor);
        self
    }

    /// The monitor, without a target.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] if a setting is out of its range.
    pub fn build(self) -> Result<Monitor<T, C>, Error> {
        self.config.validate()?;
        let clock = Arc::new(self.clock);
        let seed = self.config.seed.unwrap_or_else(dice::random);
        let core = Arc::new(Core {
            executor: self.executor.unwrap_or_else(|| Executor::of(&clock)),
            clock: clock.clone(),
            book: Mutex::new(Book::new(self.config, seed)),
            runner: self.runner,
            sink: self.sink,
            nudger: OnceLock::new(),
        });
        let periodic = (self.upkeep == Upkeep::Automatic).then(|| {
            let periodic = Periodic::new(Arc::new(Work(core.clone())), clock);
            // Nobody else sets it.
            let _ = core.nudger.set(periodic.nudger());
            periodic
        });
        Ok(Monitor {
            core,
            _periodic: periodic,
            config: self.config,
        })
    }
}

impl<T, C: fmt::Debug> fmt::Debug for Builder<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .field("clock", &self.clock)
            .field("upkeep", &self.upkeep)
            .field("executor", &self.executor)
            .finish_non_exhaustive()
    }
}
