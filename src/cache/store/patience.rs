//! How long a table that is to be replaced is kept for those who read in it.
//!
//! Before entries move all of them are marked, so that nobody begins to read one; who reads is waited for. Most are through within a
//! microsecond, unless they are not running: then others are let run. But everybody who finds nothing waits meanwhile, so this is short.
//! Whoever wants the table replaced anyway takes the marks back and sleeps in between, so that readers go on and only writers wait: all in
//! all 63 ms, if somebody does not leave at all. That is enough for a reader who lost the processor to come back.

use std::time::Duration;

use crate::kernel::sync::yield_now;

/// What becomes of a table in which somebody goes on reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resize {
    /// It stays: there is still room in it.
    IfUnread,
    /// It is replaced, and what is read is evicted.
    Anyway,
}

const MODEL: bool = cfg!(any(tenfold_loom, tenfold_shuttle));

/// Looks at those who read, moments between two of them, and further looks before which others are let run.
const LOOKS: u32 = if MODEL { 0 } else { 24 };
const MOMENTS: u32 = 64;
const YIELDS: u32 = if MODEL { 1 } else { 4 };

/// How often whoever must go on sleeps before: a millisecond, and then twice as long as the last time.
pub(super) const NAPS: u32 = if MODEL { 0 } else { 6 };

/// Sleeps, after so many times.
pub(super) fn nap(naps: u32) {
    std::thread::sleep(Duration::from_millis(1 << naps.min(NAPS)));
}

/// Looks again and again, until nobody is left or it takes too long.
pub(super) fn wait(mut is_over: impl FnMut() -> bool) {
    for look in 0..LOOKS + YIELDS {
        if look < LOOKS {
            (0..MOMENTS).for_each(|_| std::hint::spin_loop());
        } else {
            yield_now();
        }
        if is_over() {
            return;
        }
    }
}
