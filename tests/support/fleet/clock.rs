//! The time of a simulation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenfold::clock::{Clock, Tick, Timers};

/// A clock that the driver moves. Cheaper than `ManualClock`, since nobody waits on it.
#[derive(Clone, Debug)]
pub(crate) struct Virtual {
    shared: Arc<(AtomicU64, Timers)>,
}

impl Virtual {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new((AtomicU64::new(0), Timers::manual())),
        }
    }

    pub(crate) fn set(&self, nanos: u64) {
        self.shared.0.store(nanos, Ordering::Relaxed);
        if !self.shared.1.is_empty() {
            self.shared.1.run_due(Tick::from_nanos(nanos));
        }
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.shared.0.load(Ordering::Relaxed)
    }
}

impl Clock for Virtual {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.nanos())
    }

    fn timers(&self) -> &Timers {
        &self.shared.1
    }
}
