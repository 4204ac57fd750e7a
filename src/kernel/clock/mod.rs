//! Time as the crate sees it: nanoseconds on a clock that the caller may replace.
//!
//! Everything that depends on time takes it from a [`Clock`] or as a [`Tick`] argument, so that hours of behaviour can be
//! tested in milliseconds, by this crate and by its users.
//!
//! ```
//! use std::time::Duration;
//! use tenfold::clock::{Clock, ManualClock, MonotonicClock};
//!
//! let clock = MonotonicClock::new();
//! let started = clock.now();
//! let elapsed: Duration = clock.now().since(started);
//!
//! let simulated = ManualClock::new();
//! let started = simulated.now();
//! simulated.advance(Duration::from_secs(3600));
//! assert_eq!(simulated.now().since(started), Duration::from_secs(3600));
//! ```
//!
//! # When not to use this
//!
//! For dates and times of day: a tick has no calendar, and ticks of different processes or clocks don't compare.

#[cfg_attr(any(tenfold_loom, tenfold_shuttle), path = "no_coarse.rs")]
pub(crate) mod coarse;
#[cfg(any(tenfold_loom, tenfold_shuttle))]
#[path = "uncounted.rs"]
mod counted;
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod counted;
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
#[cfg_attr(
    not(all(target_arch = "x86_64", target_os = "linux")),
    path = "no_counter.rs"
)]
mod counter;
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod discipline;
mod manual;
mod monotonic;
mod tick;

pub use super::upkeep::Timers;
pub use manual::ManualClock;
pub use monotonic::MonotonicClock;
pub(crate) use tick::saturating_nanos;
pub use tick::{Clock, Tick};
