//! For tests: real time whose timers have no thread.

use super::{Timers, without_threads};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};

/// A clock of real time whose timers have no thread.
#[derive(Debug)]
pub(crate) struct Threadless(Timers);

impl Threadless {
    pub(crate) fn new() -> Self {
        Self(without_threads())
    }
}

impl Clock for Threadless {
    fn now(&self) -> Tick {
        MonotonicClock::new().now()
    }

    fn timers(&self) -> &Timers {
        &self.0
    }
}
