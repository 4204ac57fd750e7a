//! Simulated time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::tick::{Clock, Tick, saturating_nanos};

/// A clock that stands still until it is told to move, forwards or backwards.
///
/// Clones share the time, so a test keeps one and gives the other to the component under test.
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
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that stands at [`Tick::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that stands at `tick`.
    #[must_use]
    pub fn starting_at(tick: Tick) -> Self {
        let clock = Self::new();
        clock.set(tick);
        clock
    }

    /// Moves the clock forwards, at most to [`Tick::MAX`]. Concurrent advances add up.
    pub fn advance(&self, by: Duration) {
        let step = |now: u64| Some(now.saturating_add(saturating_nanos(by)));
        // The closure always has a new value, so this can't fail.
        let _ = self
            .nanos
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
    }

    /// Sets the clock, also to an earlier time.
    pub fn set(&self, tick: Tick) {
        self.nanos.store(tick.as_nanos(), Ordering::Release);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.nanos.load(Ordering::Acquire))
    }
}
