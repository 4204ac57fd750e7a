//! How long a connection lives, and what is to be done with an idle one.

use std::time::Duration;

use crate::kernel::clock::Tick;

/// The limits that a pool sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) jitter: f64,
    pub(crate) idle_timeout: Option<Duration>,
    /// For how many nanoseconds one may have been idle that is handed out unchecked.
    pub(crate) unchecked: u64,
    pub(crate) keepalive: Option<Duration>,
}

/// An idle connection. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    pub(crate) since: u64,
    pub(crate) expires: u64,
    pub(crate) keepalive: u64,
    /// Whether it could be spared.
    pub(crate) spare: bool,
}

/// What is to be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Expired,
    Idle,
    Check,
    /// Nothing before then.
    Keep(u64),
}

fn after(from: u64, limit: Option<Duration>) -> u64 {
    limit.map_or(u64::MAX, |limit| {
        Tick::from_nanos(from).saturating_add(limit).as_nanos()
    })
}

impl Terms {
    /// When a connection has to go that was made `now`: earlier by a part of the lifetime that `random` decides.
    pub(crate) fn expires(&self, now: u64, random: u64) -> u64 {
        let part = self.jitter * (random as f64 / u64::MAX as f64);
        let shortened = |life: Duration| life.mul_f64((1.0 - part).clamp(0.0, 1.0));
        after(now, self.max_lifetime.map(shortened))
    }

    /// Until when a connection that comes back now may be handed out without a closer look.
    #[inline]
    pub(crate) fn fresh_until(&self, now: u64, expires: u64) -> u64 {
        now.saturating_add(self.unchecked).min(expires)
    }

    /// When the connection with this number is to be checked that was used or checked last at a time: a little earlier for each, lest all are
    /// checked at once.
    pub(crate) fn next_keepalive(&self, last: u64, id: u64) -> u64 {
        // Some bits of a multiplicative hash: 0 to 63.
        let part = (id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as u32;
        let earlier = |time: Duration| time - time / 640 * part;
        after(last, self.keepalive.map(earlier))
    }

    pub(crate) fn fate(&self, now: u64, idle: &Idle) -> Fate {
        if now >= idle.expires {
            return Fate::Expired;
        }
        // Behind a clock that stepped back everything begins anew.
        let since = idle.since.min(now);
        let idle_until = after(since, self.idle_timeout);
        if idle.spare && now >= idle_until {
            return Fate::Idle;
        }
        if now >= idle.keepalive {
            return Fate::Check;
        }
        let idle_until = if idle.spare { idle_until } else { u64::MAX };
        Fate::Keep(idle.expires.min(idle_until).min(idle.keepalive))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn terms() -> Terms {
        let seconds = |n| Some(Duration::from_secs(n));
        Terms {
            max_lifetime: seconds(100),
            jitter: 0.1,
            idle_timeout: seconds(10),
            unchecked: SECOND / 2,
            keepalive: seconds(4),
        }
    }

    #[test]
    fn lifetimes_are_shortened_by_at_most_the_jitter() {
        let terms = terms();
        assert_eq!(terms.expires(7, 0), 100 * SECOND + 7);
        assert_eq!(terms.expires(0, u64::MAX), 90 * SECOND);
        let lives: Vec<u64> = (0..64).map(|n| terms.expires(0, n << 58)).collect();
        assert!(lives.is_sorted_by(|a, b| a > b), "they differ: {lives:?}");
        let none = Terms {
            max_lifetime: None,
            ..terms
        };
        assert_eq!(none.expires(0, 5), u64::MAX);
    }

    #[test]
    fn what_is_idle_is_checked_and_then_closed() {
        let terms = terms();
        let idle = Idle {
            since: SECOND,
            expires: 100 * SECOND,
            keepalive: 5 * SECOND,
            spare: true,
        };
        let fate = |now| terms.fate(now, &idle);
        assert_eq!(fate(SECOND), Fate::Keep(5 * SECOND));
        assert_eq!(fate(5 * SECOND), Fate::Check);
        assert_eq!(fate(11 * SECOND), Fate::Idle);
        assert_eq!(fate(100 * SECOND), Fate::Expired);
        let needed = Idle {
            spare: false,
            keepalive: u64::MAX,
            ..idle
        };
        assert_eq!(terms.fate(50 * SECOND, &needed), Fate::Keep(100 * SECOND));
    }

    #[test]
    fn a_clock_that_steps_back_closes_nothing() {
        let terms = terms();
        let idle = Idle {
            since: 50 * SECOND,
            expires: 100 * SECOND,
            keepalive: u64::MAX,
            spare: true,
        };
        assert_eq!(terms.fate(SECOND, &idle), Fate::Keep(11 * SECOND));
    }

    #[test]
    fn what_was_used_a_moment_ago_is_fresh() {
        let terms = terms();
        assert_eq!(terms.fresh_until(SECOND, u64::MAX), SECOND + SECOND / 2);
        assert_eq!(terms.fresh_until(SECOND, SECOND + 1), SECOND + 1);
        let never = Terms {
            unchecked: u64::MAX,
            ..terms
        };
        assert_eq!(never.fresh_until(SECOND, 9), 9);
    }
}
