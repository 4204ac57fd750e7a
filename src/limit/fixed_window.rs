//! A window that jumps.

use std::fmt;
use std::time::Duration;

use super::algorithm::{Fixed, window_nanos};
use super::locked::{Locked, locked, windowed};
use super::{Decision, Error, RateLimiter, Stats};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};

/// At most `limit` in each window, where windows begin at multiples of their length, counted from the clock's origin.
///
/// **Twice the limit at the edge.** The end of one window and the beginning of the next are neighbours, so an instant may see
/// `2 × limit`. This limiter is for agreeing with somebody who counts like this, such as a partner's quota of so many calls per
/// calendar minute; a [`TokenBucket`](super::TokenBucket) is better in all other respects, and if no window may see more than
/// the limit, a [`SlidingLog`](super::SlidingLog) is.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::{ManualClock, Tick};
/// use tenfold::limit::FixedWindow;
///
/// let clock = ManualClock::starting_at(Tick::from_nanos(59_000_000_000));
/// let limiter = FixedWindow::with_clock(100, Duration::from_secs(60), clock.clone())?;
/// assert!(limiter.try_acquire_n(100) && !limiter.try_acquire());
/// clock.advance(Duration::from_secs(1));
/// assert!(limiter.try_acquire_n(100)); // the next minute
/// # Ok::<(), tenfold::limit::Error>(())
/// ```
///
/// # Clock
///
/// A timestamp before the latest window in which something was admitted is taken as one in that window. It creates no tokens; after an
/// admission by a clock that was ahead there is that one window's worth until the window is over.
///
/// # Blocking
///
/// Callers take turns at a lock, for a few instructions.
///
/// # Complexity
///
/// Constant. 32 bytes of state, and 2.1 KiB of counters.
pub struct FixedWindow<C = MonotonicClock> {
    inner: Locked<Fixed, C>,
    limit: u64,
    window: Duration,
}

locked!(FixedWindow);
windowed!(
    FixedWindow,
    "[`Error::BadWindow`] if the window is zero or above [`Quota::MAX_PERIOD`](super::Quota::MAX_PERIOD).",
    |limit, window| Ok::<_, Error>(Fixed::new(limit, window))
);
