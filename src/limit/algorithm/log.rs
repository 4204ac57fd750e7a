//! All that was taken in the last window.
//!
//! # State
//!
//! A queue of (time, sum of all costs so far), oldest first, and the sum before its first entry. What was taken between two
//! entries is a difference of sums, so whatever is asked is a binary search. Admissions of one time share an entry.
//!
//! # Invariants
//!
//! * Times rise strictly, and sums do too. Every entry has at least one token, and at an admission all those that are over are
//!   dropped, so there are never more entries than `limit`.
//! * An admission at `a` counts in `[a, a + W)`: one exactly `W` later is in another window. So every half-open window of length
//!   `W`, wherever it begins, sees at most `limit`.
//!
//! # A clock that is wrong
//!
//! A time before the latest admission is taken as the time of that admission. So after an admission whose timestamp was ahead by `E`,
//! nothing is over before the clock is there again: what would have been over in `E` is denied, and no more.

use std::collections::VecDeque;

use super::rule::{Numbers, Rule};
use crate::limit::{Decision, Error};

/// Entries that a log may have: 16 MiB.
pub(crate) const MOST: u64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Log {
    /// At most [`MOST`].
    limit: u64,
    /// From 1 to `2^63 - 1`.
    window: u64,
    entries: VecDeque<Entry>,
    /// The sum before the first entry. Sums wrap around.
    base: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u64,
    /// The sum of costs, this entry's included.
    through: u64,
}

/// What is not over at one moment.
struct Live {
    /// The moment: now, or the latest admission.
    at: u64,
    /// Entries that are over.
    over: usize,
    /// The sum before the first that is not.
    base: u64,
    used: u64,
}

impl Log {
    pub(crate) const fn new(limit: u64, window: u64) -> Result<Self, Error> {
        if limit > MOST {
            return Err(Error::LogTooLong {
                limit,
                largest: MOST,
            });
        }
        Ok(Self {
            limit,
            window,
            entries: VecDeque::new(),
            base: 0,
        })
    }

    fn live(&self, now: u64) -> Live {
        let Some(last) = self.entries.back() else {
            return Live {
                at: now,
                over: 0,
                base: self.base,
                used: 0,
            };
        };
        let at = now.max(last.at);
        let over = self
            .entries
            .partition_point(|entry| at - entry.at >= self.window);
        let before = over
            .checked_sub(1)
            .and_then(|index| self.entries.get(index));
        let base = before.map_or(self.base, |entry| entry.through);
        Live {
            at,
            over,
            base,
            used: last.through.wrapping_sub(base),
        }
    }

    /// When so much is over that `cost`, at most the limit, fits.
    fn ready_at(&self, live: &Live, cost: u64) -> Option<u64> {
        let excess = (live.used + cost).saturating_sub(self.limit);
        let until = live.base.wrapping_sub(self.base) + excess;
        let last = self
            .entries
            .partition_point(|entry| entry.through.wrapping_sub(self.base) < until);
        self.entries.get(last)?.at.checked_add(self.window)
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == self.entries.capacity() {
            // Twice as many, but not more than there can be.
            let room = (self.limit as usize).saturating_sub(self.entries.len());
            let more = self.entries.len().max(4).min(room);
            self.entries.reserve_exact(more);
        }
        self.entries.push_back(entry);
    }
}

impl Rule for Log {
    fn admits(&self, now: u64, cost: u64) -> bool {
        cost <= self.limit - self.live(now).used
    }

    fn take(&mut self, now: u64, cost: u64) -> bool {
        let live = self.live(now);
        if cost > self.limit - live.used {
            return false;
        }
        if cost == 0 {
            return true;
        }
        self.entries.drain(..live.over);
        self.base = live.base;
        let through = live.base.wrapping_add(live.used + cost);
        match self.entries.back_mut().filter(|last| last.at == live.at) {
            Some(last) => last.through = through,
            None => self.push(Entry {
                at: live.at,
                through,
            }),
        }
        true
    }

    fn look(&self, now: u64, cost: u64) -> Decision {
        let live = self.live(now);
        let left = self.limit - live.used;
        let allowed = cost <= left;
        let latest = if allowed && cost > 0 {
            Some(live.at)
        } else {
            self.entries
                .back()
                .map(|last| last.at)
                .filter(|_| live.used > 0)
        };
        let ready_at = if allowed || cost > self.limit {
            None
        } else {
            self.ready_at(&live, cost)
        };
        let numbers = Numbers {
            limit: self.limit,
            window: self.window,
            remaining: if allowed { left - cost } else { left },
            ready_at,
            full_at: latest.map_or(Some(now), |at| at.checked_add(self.window)),
        };
        numbers.decision(now, cost, allowed)
    }
}
