//! How many connections are to be made.
//!
//! Making one takes long compared with a use. So a burst that the connections which there are work off by themselves, before a new one
//! would be ready, should not leave a pool that is larger for it. The first connection is made as soon as somebody waits that no other one is
//! being made for; any further one only if those who wait could not be served sooner by what comes back, at the rate at which it did
//! since they began to wait. If nothing can come back, all are made at once, as many at a time as may be.
//!
//! What has been under way for much longer than the last connect took is not waited for: a packet that was lost says nothing of how long the next
//! connect will take. It is replaced, once: at most two are under way for each caller.
//!
//! Source: the idea is that of HikariCP's document "Welcome to the jungle" (a spike of 50 requests ends with one connection more, not with
//! 45); the rule by rate is our own.

use std::time::Duration;

/// After this long it is known at which rate connections come back.
pub(crate) const STAGGER: Duration = Duration::from_millis(10);
/// A connect of which nothing is known takes as long as it takes until a first packet that was lost is sent again (RFC 6298, 2.1).
const UNKNOWN: Duration = Duration::from_secs(1);
/// One that takes so many times as long as the last one is late, but not before `SPAN`.
const LATE: u32 = 4;
const SPAN: Duration = Duration::from_millis(100);

/// What is known of how long a connect takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How long the last one took.
    known: Option<Duration>,
}

impl Pace {
    pub(crate) const fn new(known: Option<Duration>) -> Self {
        Self { known }
    }

    /// What has been under way for so long is not expected to come soon. A check takes no longer than a connect.
    pub(crate) fn late_after(self) -> Duration {
        self.known
            .map_or(UNKNOWN, |known| known.saturating_mul(LATE).max(SPAN))
    }

    /// How long the next one takes, where one that is not late has been under way for `oldest`.
    pub(crate) fn connect_time(self, oldest: Duration) -> Duration {
        self.known.unwrap_or(UNKNOWN).max(oldest)
    }
}

/// A pool in which somebody may wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Situation {
    /// Callers that wait.
    pub(crate) waiting: u64,
    /// Connections to be made whether anybody waits or not.
    pub(crate) missing: u64,
    /// Connections that are being made or checked.
    pub(crate) coming: u64,
    /// Those of them that are not late.
    pub(crate) expected: u64,
    /// Time until the first of these is late.
    pub(crate) late_in: Duration,
    /// Connections that there are: idle or in use.
    pub(crate) established: u64,
    /// Connections that came back since somebody waits.
    pub(crate) returned: u64,
    /// For how long somebody waits.
    pub(crate) backlog: Duration,
    /// How long a connect takes, as far as is known.
    pub(crate) connect_time: Duration,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nothing.
    Rest,
    /// Another connection is to be made now.
    Connect,
    /// To be asked again after that.
    Later(Duration),
}

impl Situation {
    pub(crate) fn plan(&self) -> Plan {
        if self.missing > self.coming {
            return Plan::Connect;
        }
        if self.waiting == 0 {
            return Plan::Rest;
        }
        if self.waiting <= self.expected {
            return Plan::Later(self.late_in);
        }
        if self.coming >= self.waiting.saturating_mul(2) {
            // Those that are late were replaced. So may others be, but not for ever.
            return Plan::Rest;
        }
        if self.expected == 0 || self.established == 0 {
            return Plan::Connect;
        }
        if self.returned == 0 {
            let known = self.backlog >= STAGGER;
            return if known {
                Plan::Connect
            } else {
                Plan::Later(STAGGER - self.backlog)
            };
        }
        let nanos = |time: Duration| time.as_nanos();
        let until_served =
            nanos(self.backlog) * u128::from(self.waiting) / u128::from(self.returned);
        if until_served > nanos(self.connect_time) {
            Plan::Connect
        } else {
            Plan::Later(STAGGER)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn waiting(waiting: u64, coming: u64, established: u64) -> Situation {
        Situation {
            waiting,
            coming,
            expected: coming,
            late_in: MILLI,
            established,
            ..Situation::default()
        }
    }

    #[test]
    fn nobody_waits_and_nothing_is_made() {
        assert_eq!(waiting(0, 0, 0).plan(), Plan::Rest);
        assert_eq!(waiting(0, 2, 5).plan(), Plan::Rest);
    }

    #[test]
    fn nothing_is_made_while_enough_comes_in_time() {
        assert_eq!(waiting(2, 2, 0).plan(), Plan::Later(MILLI));
        assert_eq!(waiting(1, 2, 5).plan(), Plan::Later(MILLI));
        let late = Situation {
            expected: 0,
            returned: 1_000,
            backlog: 10 * MILLI,
            ..waiting(1, 1, 5)
        };
        assert_eq!(late.plan(), Plan::Connect);
        let replaced = Situation { coming: 2, ..late };
        assert_eq!(replaced.plan(), Plan::Rest);
        let nobody = Situation { waiting: 0, ..late };
        assert_eq!(nobody.plan(), Plan::Rest);
    }

    #[test]
    fn what_takes_much_longer_than_usual_is_late() {
        let late_after = |known| Pace::new(known).late_after();
        assert_eq!(late_after(None), UNKNOWN);
        assert_eq!(late_after(Some(MILLI)), 100 * MILLI);
        assert_eq!(late_after(Some(150 * MILLI)), 600 * MILLI);
        assert_eq!(late_after(Some(Duration::MAX)), Duration::MAX);
        let time = |known, oldest| Pace::new(known).connect_time(oldest);
        assert_eq!(time(None, MILLI), UNKNOWN);
        assert_eq!(time(Some(2 * MILLI), MILLI), 2 * MILLI);
        assert_eq!(time(Some(2 * MILLI), 3 * MILLI), 3 * MILLI);
    }

    #[test]
    fn who_starts_from_nothing_makes_all_at_once() {
        assert_eq!(waiting(50, 0, 0).plan(), Plan::Connect);
        assert_eq!(waiting(50, 7, 0).plan(), Plan::Connect);
    }

    #[test]
    fn the_first_is_made_at_once_and_the_second_when_it_is_known_to_help() {
        let spike = waiting(45, 0, 5);
        assert_eq!(spike.plan(), Plan::Connect);
        let made = waiting(45, 1, 5);
        assert_eq!(made.plan(), Plan::Later(STAGGER));
        let fast = Situation {
            waiting: 20,
            returned: 25,
            backlog: 10 * MILLI,
            connect_time: 150 * MILLI,
            ..made
        };
        assert_eq!(fast.plan(), Plan::Later(STAGGER));
        let slow = Situation {
            returned: 1,
            ..fast
        };
        assert_eq!(slow.plan(), Plan::Connect, "20 more take 200 ms");
        let stuck = Situation {
            returned: 0,
            ..fast
        };
        assert_eq!(stuck.plan(), Plan::Connect, "nothing comes back");
    }

    #[test]
    fn what_is_missing_is_made_though_nobody_waits() {
        let missing = Situation {
            missing: 2,
            coming: 1,
            established: 8,
            ..Situation::default()
        };
        assert_eq!(missing.plan(), Plan::Connect);
        let coming = Situation {
            coming: 2,
            ..missing
        };
        assert_eq!(coming.plan(), Plan::Rest);
    }

    #[test]
    fn huge_numbers_are_ordinary() {
        let huge = Situation {
            waiting: u64::MAX,
            coming: 1,
            expected: 1,
            established: 1,
            returned: 1,
            backlog: Duration::from_nanos(u64::MAX),
            connect_time: Duration::MAX,
            ..Situation::default()
        };
        assert_eq!(huge.plan(), Plan::Connect);
    }
}
