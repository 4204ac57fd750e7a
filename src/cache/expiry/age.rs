//! What the deadline of an entry says: the one place that decides whether a value is served.
//!
//! ```text
//!   stored                   served until                   deadline
//!   ──┴────────── SERVED ─────────┴───────── KEPT ──────────────┴── OVER
//!                                  served only if a load fails
//! ```
//!
//! The column of deadlines has the last of these times, at which the entry goes: so the index, the upkeep and whoever else takes out what is
//! over need to know nothing of values that are kept for loads that fail. It is later by a time that is the same for all entries of a cache,
//! `linger`, which is zero unless it was built with [`stale_if_error`](crate::cache::Builder::stale_if_error).

use crate::cache::store::NEVER;

/// The last time that is one: behind it are a tick that does not stand, and never.
const LAST: u64 = NEVER - 2;

/// What an entry with a deadline is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Served,
    /// For nobody but those whose load fails.
    Kept,
    /// It is to go.
    Over,
}

impl Age {
    #[inline]
    pub(crate) const fn of(deadline: u64, linger: u64, now: u64) -> Self {
        if deadline == NEVER {
            Self::Served
        } else if deadline <= now {
            Self::Over
        } else if deadline.saturating_sub(linger) <= now {
            Self::Kept
        } else {
            Self::Served
        }
    }

    pub(crate) const fn is_served(self) -> bool {
        matches!(self, Self::Served)
    }
}

/// Until when an entry is served.
#[inline(always)]
pub(crate) const fn served_until(deadline: u64, linger: u64) -> u64 {
    if deadline == NEVER {
        NEVER
    } else {
        deadline.saturating_sub(linger)
    }
}

/// The deadline of an entry that is served until a time. One that expires still does.
pub(super) fn deadline_of(served_until: u64, linger: u64) -> u64 {
    if served_until == NEVER {
        NEVER
    } else {
        served_until.saturating_add(linger).min(LAST)
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_served_then_kept_then_over() {
        let ages = |linger| [9, 10, 19, 20, u64::MAX].map(|now| Age::of(20, linger, now));
        use Age::{Kept, Over, Served};
        assert_eq!(ages(10), [Served, Kept, Kept, Over, Over]);
        assert_eq!(ages(0), [Served, Served, Served, Over, Over]);
        assert_eq!(ages(50), [Kept, Kept, Kept, Over, Over]);
        assert_eq!(Age::of(NEVER, 10, u64::MAX), Served);
    }

    #[test]
    fn what_is_served_until_a_time_is_so_by_its_deadline() {
        for linger in [0, 7, u64::MAX / 4] {
            for until in [1, 1_000, u64::MAX / 2, NEVER] {
                let deadline = deadline_of(until, linger);
                assert_eq!(served_until(deadline, linger), until, "{until} {linger}");
            }
        }
        assert_eq!(deadline_of(NEVER - 2, 7), LAST, "it expires all the same");
    }
}
