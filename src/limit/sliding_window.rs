//! A window that slides, from two counts.

use std::fmt;
use std::time::Duration;

use super::algorithm::{SlidingCounter, window_nanos};
use super::locked::{Locked, locked, windowed};
use super::{Decision, Error, RateLimiter, Stats};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};

/// At most about `limit` in any window, from two counts: of the window now and of the one before, weighted by the part of it that
/// a sliding window still covers.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::ManualClock;
/// use tenfold::limit::SlidingWindow;
///
/// let clock = ManualClock::new();
/// let limiter = SlidingWindow::with_clock(100, Duration::from_secs(60), clock.clone())?;
/// assert!(limiter.try_acquire_n(100));
/// // A quarter into the next minute, three quarters of the last one still count.
/// clock.advance(Duration::from_secs(75));
/// assert_eq!(limiter.available(), 25);
/// # Ok::<(), tenfold::limit::Error>(())
/// ```
///
/// # What it guarantees, and what it can't
///
/// An instant never sees more than `limit`, also around the edge of a window, and any time `t` at most `limit × (1 + t / window)`:
/// what a [`TokenBucket`](super::TokenBucket) would. But it assumes that what the last window took was spread evenly. If all of it came
/// at the end, a window can see nearly twice the limit; if all of it came at the beginning, a call may be refused although there
/// were few in the last window. If no window may see more, take a [`SlidingLog`](super::SlidingLog).
///
/// All is computed in whole numbers; nothing is rounded.
///
/// # Clock
///
/// A timestamp before the latest admission is taken as the time of that admission. It creates no tokens, and a clock that was ahead
/// once denies what would have come until it is there again, not more.
///
/// # Blocking
///
/// Callers take turns at a lock, for a few instructions.
///
/// # Complexity
///
/// Constant. 48 bytes of state, and 2.1 KiB of counters.
///
/// # Source
///
/// The counter of Cloudflare ("How we built rate limiting capable of scaling to millions of domains", 2017).
pub struct SlidingWindow<C = MonotonicClock> {
    inner: Locked<SlidingCounter, C>,
    limit: u64,
    window: Duration,
}

locked!(SlidingWindow);
windowed!(
    SlidingWindow,
    "[`Error::BadWindow`] if the window is zero or above [`Quota::MAX_PERIOD`](super::Quota::MAX_PERIOD).",
    |limit, window| Ok::<_, Error>(SlidingCounter::new(limit, window))
);
