//! Two counts that stand for a window that slides.
//!
//! # State
//!
//! Windows begin at multiples of their length `W`. There is what was taken in the window of the latest admission (`current`), in
//! the one before (`previous`), and the time of that admission. At `e` after the window's start, the part of the previous window
//! that a sliding one still covers is `(W - e) / W`, and it is assumed that as large a part of what was taken then is in it:
//!
//! ```text
//! admitted if   previous × (W - e) + (current + cost) × W  <=  limit × W
//! ```
//!
//! in whole numbers, so nothing is rounded.
//!
//! # What it guarantees, and what it can't
//!
//! * Each aligned window admits at most `limit`, and any window of length `t` at most `limit × (1 + t / W)`: what a token bucket
//!   would. For at an offset `e` the current window has at most `limit - previous × (1 - e / W)`; add what came before.
//! * So an instant never sees more than `limit`, also around an edge. But a window of length `W` can see nearly `2 × limit`: if all
//!   of the previous window came at its end, the assumption makes too little of it.
//! * If all of it came at its beginning, the assumption makes too much of it, and a call may be refused although the last `W` saw
//!   less than `limit`.
//! * A caller that always wants one more gets `limit` in the first window and at least `limit - 1` in each that follows, for at its last
//!   nanosecond the previous window still weighs something. (With more than one token per nanosecond, as many less as that.)
//!
//! # A clock that is wrong
//!
//! A time before the latest admission is taken as the time of that admission. So after an admission whose timestamp was ahead by `E`,
//! the rule stands still until the clock is there again: what it would have given in `E` is denied, and no more.

use super::rule::{Numbers, Rule};
use crate::limit::Decision;

#[derive(Clone, Copy, Debug)]
pub(crate) struct SlidingCounter {
    limit: u64,
    /// From 1 to `2^63 - 1`.
    window: u64,
    /// A multiple of the window, not after `latest`, which is less than a window after it.
    start: u64,
    latest: u64,
    previous: u64,
    current: u64,
}

impl SlidingCounter {
    pub(crate) const fn new(limit: u64, window: u64) -> Self {
        Self {
            limit,
            window,
            start: 0,
            latest: 0,
            previous: 0,
            current: 0,
        }
    }

    /// As it is at `now`.
    fn at(self, now: u64) -> Self {
        let latest = now.max(self.latest);
        if latest - self.start < self.window {
            return Self { latest, ..self };
        }
        let start = latest - latest % self.window;
        let (previous, current) = match (start - self.start) / self.window {
            1 => (self.current, 0),
            _ => (0, 0),
        };
        Self {
            start,
            latest,
            previous,
            current,
            ..self
        }
    }

    /// What the previous window weighs, times the length of a window: below `2^127`.
    fn weight(&self) -> u128 {
        let left = self.window - (self.latest - self.start);
        u128::from(self.previous) * u128::from(left)
    }

    /// With `cost` taken, if it fits.
    fn charged(self, cost: u64) -> Option<Self> {
        if cost == 0 {
            return Some(self);
        }
        let free = (self.limit - self.current).checked_sub(cost)?;
        let fits = self.weight() <= u128::from(free) * u128::from(self.window);
        fits.then_some(Self {
            current: self.current + cost,
            ..self
        })
    }

    fn remaining(&self) -> u64 {
        let weight = self.weight().div_ceil(u128::from(self.window));
        // At most `previous`.
        (self.limit - self.current).saturating_sub(weight as u64)
    }

    /// When `cost` fits that does not fit now.
    fn ready_at(&self, cost: u64) -> Option<u64> {
        let room = self.limit.checked_sub(cost)?;
        // How long a window must be over for `taken` in it to weigh no more than `free`; `taken` is above zero, since it
        // weighs too much now.
        let decayed = |taken: u64, free: u64| {
            let free = u128::from(free) * u128::from(self.window);
            let part = free.checked_div(u128::from(taken)).unwrap_or(0);
            // At most the window, which is what can be waited for.
            self.window - u64::try_from(part).unwrap_or(u64::MAX).min(self.window)
        };
        match room.checked_sub(self.current) {
            Some(free) => self.start.checked_add(decayed(self.previous, free)),
            None => {
                let next = self.start.checked_add(self.window)?;
                next.checked_add(decayed(self.current, room))
            }
        }
    }

    fn full_at(&self, now: u64) -> Option<u64> {
        match (self.previous, self.current) {
            (0, 0) => Some(now),
            (_, 0) => self.start.checked_add(self.window),
            _ => self.start.checked_add(2 * self.window),
        }
    }
}

impl Rule for SlidingCounter {
    fn admits(&self, now: u64, cost: u64) -> bool {
        self.at(now).charged(cost).is_some()
    }

    fn take(&mut self, now: u64, cost: u64) -> bool {
        let after = self.at(now).charged(cost);
        if let Some(after) = after.filter(|_| cost > 0) {
            *self = after;
        }
        after.is_some()
    }

    fn look(&self, now: u64, cost: u64) -> Decision {
        let before = self.at(now);
        let charged = before.charged(cost);
        let after = charged.unwrap_or(before);
        let numbers = Numbers {
            limit: self.limit,
            window: self.window,
            remaining: after.remaining(),
            ready_at: if charged.is_some() {
                Some(now)
            } else {
                before.ready_at(cost)
            },
            full_at: after.full_at(now),
        };
        numbers.decision(now, cost, charged.is_some())
    }
}
