//! What a table of flights goes by, and why somebody is not let on board.

use std::sync::Arc;
use std::time::Duration;

use crate::kernel::clock::Clock;

/// What flights may carry: shared by all that wait, and dropped by whoever is last.
pub trait Freight: Clone + Send + Sync + 'static {}

impl<T: Clone + Send + Sync + 'static> Freight for T {}

/// Bounds, and the clock of whoever waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// Deadlines and patience go by it.
    pub clock: Arc<dyn Clock>,
    /// A leader that was woken and is not polled for so long loses the lead, and so does a waiter to whom it was handed. At least
    /// a nanosecond; below what it takes to wake a thread leads go to and fro.
    pub patience: Duration,
    /// Keys that are loaded at a time.
    pub max_flights: usize,
    /// Callers that wait for one load.
    pub max_waiters: usize,
    /// Keys with tokens at a time.
    pub max_tokens: usize,
}

impl Rules {
    /// A patience of 100 ms, and bounds that only a flood reaches.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            patience: Duration::from_millis(100),
            max_flights: 1 << 16,
            max_waiters: 1 << 20,
            max_tokens: 1 << 16,
        }
    }
}

/// Why a caller neither leads nor waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// As many keys are loaded as may.
    TooManyFlights,
    /// As many callers wait for this load as may.
    TooManyWaiters,
    /// The caller is the loader of this very key, and would wait for itself.
    Recursive,
}
