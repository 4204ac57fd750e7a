//! How many connections are to be made.
//!
//! Making one takes long compared with a use. So a burst that the connections which there are work off by themselves, before a new one
//! would be ready, should not leave a pool that is larger for it. The first connection is made as soon as somebody waits that no other one is
//! being made for; any further one only if those who wait could not be served sooner by what comes back, at the rate at which it did
//! since they began to wait. If nothing can come back, all are made at once, as many at a time as may be.
//!
//! Source: the idea is that of HikariCP's document "Welcome to the jungle" (a spike of 50 requests ends with one connection more, not with
//! 45); the rule by rate is our own.

use std::time::Duration;

/// After this long it is known at which rate connections come back.
pub(crate) const STAGGER: Duration = Duration::from_millis(10);

/// A pool in which somebody may wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Situation {
    /// Callers that wait.
    pub(crate) waiting: u64,
    /// Connections to be made whether anybody waits or not.
    pub(crate) missing: u64,
    /// Connections that are being made or checked, and may be expected to come.
    pub(crate) coming: u64,
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
        if self.waiting <= self.coming {
            return Plan::Rest;
        }
        if self.coming == 0 || self.established == 0 {
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
            established,
            ..Situation::default()
        }
    }

    #[test]
    fn nobody_waits_and_nothing_is_made() {
        assert_eq!(waiting(0, 0, 0).plan(), Plan::Rest);
        assert_eq!(waiting(2, 2, 0).plan(), Plan::Rest);
        assert_eq!(waiting(1, 2, 5).plan(), Plan::Rest);
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
        let made = Situation { coming: 1, ..spike };
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
            established: 1,
            returned: 1,
            backlog: Duration::from_nanos(u64::MAX),
            connect_time: Duration::MAX,
            ..Situation::default()
        };
        assert_eq!(huge.plan(), Plan::Connect);
    }
}
