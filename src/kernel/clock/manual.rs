//! Simulated time.

use std::time::Duration;

use super::tick::{Clock, Tick, saturating_nanos};
use crate::kernel::sync::{Arc, AtomicU64, Ordering};
use crate::kernel::upkeep::Timers;

/// A clock that stands still until it is told to move, forwards or backwards.
///
/// Clones share the time, so a test keeps one and gives the other to the component under test. Moving the clock wakes the
/// threads and tasks that waited for what is now due, before the call returns.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::{Clock, ManualClock, Tick};
///
/// let clock = ManualClock::new();
/// let theirs = clock.clone();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(theirs.now(), Tick::from_nanos(90_000_000_000));
/// clock.set(Tick::ZERO); // a clock step
/// assert_eq!(theirs.now(), Tick::ZERO);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    nanos: AtomicU64,
    timers: Timers,
}

impl ManualClock {
    /// A clock that stands at [`Tick::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(Tick::ZERO)
    }

    /// A clock that stands at `tick`.
    #[must_use]
    pub fn starting_at(tick: Tick) -> Self {
        let shared = Shared {
            nanos: AtomicU64::new(tick.as_nanos()),
            timers: Timers::manual(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Moves the clock forwards, at most to [`Tick::MAX`], and wakes whoever waited for that. Concurrent advances add up.
    pub fn advance(&self, by: Duration) {
        let step = |now: u64| Some(now.saturating_add(saturating_nanos(by)));
        // The closure always has a new value, so this can't fail.
        let nanos = &self.shared.nanos;
        let _ = nanos.fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
        self.shared.timers.run_due(self.now());
    }

    /// Sets the clock, also to an earlier time, and wakes whoever waited for that.
    pub fn set(&self, tick: Tick) {
        self.shared.nanos.store(tick.as_nanos(), Ordering::Release);
        self.shared.timers.run_due(self.now());
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.shared.nanos.load(Ordering::Acquire))
    }

    fn timers(&self) -> &Timers {
        &self.shared.timers
    }
}
