//! A window that slides, exactly.

use std::fmt;
use std::time::Duration;

use super::algorithm::{Log, window_nanos};
use super::locked::{Locked, locked, windowed};
use super::{Decision, Error, RateLimiter, Stats};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};

/// Never more than `limit` in any window, wherever it begins. Remembers every admission of the last window.
///
/// ```
/// use std::time::Duration;
/// use tenfold::clock::ManualClock;
/// use tenfold::limit::SlidingLog;
///
/// let clock = ManualClock::new();
/// let limiter = SlidingLog::with_clock(2, Duration::from_secs(60), clock.clone())?;
/// assert!(limiter.try_acquire());
/// clock.advance(Duration::from_secs(50));
/// assert!(limiter.try_acquire());
/// // The next minute by the clock, but less than a minute since the first.
/// clock.advance(Duration::from_secs(9));
/// assert_eq!(limiter.peek(1).retry_after, Some(Duration::from_secs(1)));
/// clock.advance(Duration::from_secs(1));
/// assert!(limiter.try_acquire());
/// # Ok::<(), tenfold::limit::Error>(())
/// ```
///
/// A window contains its beginning and not its end: two admissions exactly `window` apart are not in one.
///
/// # Clock
///
/// A timestamp before the latest admission is taken as the time of that admission. It creates no tokens, and a clock that was ahead
/// once denies what would have come until it is there again, not more.
///
/// # Blocking
///
/// Callers take turns at a lock, for a few steps of a search. An admission that lets the log grow allocates meanwhile.
///
/// # Complexity
///
/// `O(log n)` for `n` admissions in the last window. 16 bytes for each of them; those of the same nanosecond share an entry, and costs above
/// one don't need more. The log grows by doubling, at most to `limit` entries, and stays as large as it was; at most 2^20 are
/// possible. When it has grown, nothing allocates. 2.1 KiB of counters.
///
/// # When not to use this
///
/// For large limits, or for many keys: a [`TokenBucket`](super::TokenBucket) whose burst is 1 never sees more than its limit
/// and one in any window either, has 8 bytes, and spreads what it admits.
pub struct SlidingLog<C = MonotonicClock> {
    inner: Locked<Log, C>,
    limit: u64,
    window: Duration,
}

locked!(SlidingLog);
windowed!(
    SlidingLog,
    "[`Error::BadWindow`] if the window is zero or above [`Quota::MAX_PERIOD`](super::Quota::MAX_PERIOD), [`Error::LogTooLong`] if the limit is above 2^20.",
    Log::new
);
