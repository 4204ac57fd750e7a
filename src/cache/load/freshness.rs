//! What an entry's age means to a caller that could load it anew: a pure function of times.
//!
//! ```text
//!   written            refresh                    due                       hard
//!   ──┴── FRESH ──────────┴── DUE ────────────────┴── LATE ──────────────────┴── DEAD
//!                         served, while one       served only if the
//!                         caller reloads          load of it fails
//! ```
//!
//! `due` is the deadline that everybody knows: behind it `get` finds nothing. `hard` is later by the time for which values are kept for failures,
//! and it is what the column of deadlines has: see [`Age`].
//!
//! # Early refresh
//!
//! Near its deadline an entry is due for some callers earlier than for others, so that a key that many ask for is reloaded by one of them
//! before it expires for all. The earliness is random with an exponential distribution, whose mean is the time that the last load took, times
//! `beta`: A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.

use super::super::expiry::{Age, served_until};
use super::super::store::NEVER;

/// When what becomes of an entry, in nanoseconds of the cache's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) refresh: u64,
    pub(crate) hard: u64,
    /// What its load took.
    pub(crate) cost: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// It is served, and somebody should reload it.
    Due,
    /// It is served to nobody but those whose load fails.
    Late,
    Dead,
}

/// How early a caller is, in times of a load: drawn once for a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luck(f64);

impl Luck {
    /// Exactly at the deadline.
    pub(crate) const NONE: Self = Self(0.0);

    /// From a number in `0.0..1.0`, all equally likely.
    pub(crate) fn draw(beta: f64, unit: f64) -> Self {
        Self(-beta * (1.0 - unit).ln())
    }
}

impl Times {
    /// `linger`: how long values are kept behind their deadlines.
    pub(crate) fn freshness(self, now: u64, linger: u64, luck: Luck) -> Freshness {
        match Age::of(self.hard, linger, now) {
            Age::Served => self.before(now, served_until(self.hard, linger), luck),
            Age::Kept => Freshness::Late,
            Age::Over => Freshness::Dead,
        }
    }

    fn before(self, now: u64, due: u64, luck: Luck) -> Freshness {
        let early = (self.cost as f64 * luck.0) as u64;
        let is_early = due != NEVER && early > 0 && now.saturating_add(early) >= due;
        if now >= self.refresh || is_early {
            Freshness::Due
        } else {
            Freshness::Fresh
        }
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;
    use crate::kernel::rng::Rng;

    const ENTRY: Times = Times {
        refresh: 10,
        hard: 30,
        cost: 4,
    };

    #[test]
    fn an_entry_ages() {
        let ages = |linger| {
            [0, 9, 10, 19, 20, 29, 30, u64::MAX].map(|now| ENTRY.freshness(now, linger, Luck::NONE))
        };
        use Freshness::{Dead, Due, Fresh, Late};
        assert_eq!(ages(10), [Fresh, Fresh, Due, Due, Late, Late, Dead, Dead]);
        assert_eq!(ages(0), [Fresh, Fresh, Due, Due, Due, Due, Dead, Dead]);
        // One that is kept longer than it was good.
        assert_eq!(ages(40), [Late, Late, Late, Late, Late, Late, Dead, Dead]);
    }

    #[test]
    fn an_entry_without_a_deadline_is_never_late() {
        let forever = Times {
            hard: NEVER,
            ..ENTRY
        };
        let lucky = Luck(1e30);
        assert_eq!(forever.freshness(9, 10, lucky), Freshness::Fresh);
        assert_eq!(forever.freshness(u64::MAX, 10, lucky), Freshness::Due);
        let still = Times {
            refresh: NEVER,
            ..forever
        };
        assert_eq!(still.freshness(u64::MAX - 1, 10, lucky), Freshness::Fresh);
    }

    #[test]
    fn luck_makes_it_due_earlier_by_times_of_a_load() {
        let entry = Times {
            refresh: NEVER,
            ..ENTRY
        };
        let at = |now, luck| entry.freshness(now, 0, Luck(luck));
        assert_eq!(
            (at(21, 2.0), at(22, 2.0)),
            (Freshness::Fresh, Freshness::Due)
        );
        assert_eq!(
            (at(25, 1.0), at(26, 1.0)),
            (Freshness::Fresh, Freshness::Due)
        );
        assert_eq!(at(29, 0.0), Freshness::Fresh);
        let free = Times { cost: 0, ..entry };
        assert_eq!(free.freshness(29, 0, Luck(1e9)), Freshness::Fresh);
    }

    /// The share of callers that are early at some time before the deadline is exp(-time / (cost * beta)).
    #[test]
    fn luck_is_exponential() {
        let mut rng = Rng::seeded(7);
        let entry = Times {
            refresh: NEVER,
            hard: 1_000_000,
            cost: 1_000,
        };
        for (before, beta) in [(1_000_u64, 1.0), (2_000, 1.0), (2_000, 2.0), (500, 0.5)] {
            let draws = 100_000;
            let now = entry.hard - before;
            let early = (0..draws).filter(|_| {
                let luck = Luck::draw(beta, rng.unit());
                entry.freshness(now, 0, luck) == Freshness::Due
            });
            let share = early.count() as f64 / f64::from(draws);
            let expected = (-(before as f64) / (1_000.0 * beta)).exp();
            // Six standard deviations of a share.
            assert!((share - expected).abs() < 0.01, "{share} {expected}");
        }
    }
}
