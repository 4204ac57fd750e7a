//! Counting in windows that begin at multiples of their length.
//!
//! # State
//!
//! When the latest window began in which something was taken, and how much. A time after that window finds nothing taken; a time
//! before it is taken as one in that window.
//!
//! # What it guarantees
//!
//! Each window, `[n × W, (n + 1) × W)` counted from the clock's origin, admits at most `limit`. Not more than that: around an
//! edge, an instant may see twice the limit, half of it just before and half just after.
//!
//! # A clock that is wrong
//!
//! A timestamp that is ahead by `E` and is admitted may open a window too early. Then that window goes on until it would have ended
//! anyway, so for `E` and the rest of a window there is what one window has, instead of what the windows in between have: that
//! is what is denied. A timestamp that is behind changes nothing of what is admitted, since it is taken as one of the latest window.

use super::rule::{Numbers, Rule};
use crate::limit::Decision;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    limit: u64,
    /// From 1 to `2^63 - 1`.
    window: u64,
    /// A multiple of the window.
    start: u64,
    used: u64,
}

impl Fixed {
    pub(crate) const fn new(limit: u64, window: u64) -> Self {
        Self {
            limit,
            window,
            start: 0,
            used: 0,
        }
    }

    /// As it is at `now`.
    const fn at(self, now: u64) -> Self {
        if now.saturating_sub(self.start) < self.window {
            return self;
        }
        Self {
            start: now - now % self.window,
            used: 0,
            ..self
        }
    }

    /// With `cost` taken, if it fits.
    const fn charged(self, cost: u64) -> Option<Self> {
        if cost > self.limit - self.used {
            return None;
        }
        Some(Self {
            used: self.used + cost,
            ..self
        })
    }
}

impl Rule for Fixed {
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
        let end = after.start.checked_add(after.window);
        let numbers = Numbers {
            limit: self.limit,
            window: self.window,
            remaining: after.limit - after.used,
            ready_at: end,
            full_at: if after.used == 0 { Some(now) } else { end },
        };
        numbers.decision(now, cost, charged.is_some())
    }
}
