//! What every limiter keeps: one suite for all of them.
//!
//! A limiter joins by a line in `limiters` of `tests/limit_laws.rs`.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenfold::clock::{Clock, ManualClock, Tick};
use tenfold::limit::{Decision, Error, RateLimiter};

use crate::model::CENTURY;
use crate::quotas::{Cost, Pace, SECOND, costs, paces};

/// A limiter under test.
pub(crate) struct Limiter {
    pub(crate) name: &'static str,
    pub(crate) make: fn(ManualClock) -> Box<dyn RateLimiter>,
    /// What it says of the time to wait is exact when nobody else asks.
    pub(crate) tight: bool,
}

type Outcome = Result<(), TestCaseError>;
type Calls = Vec<(Pace, Cost)>;
type Law = fn(&Limiter, &Calls) -> Outcome;

/// Runs the whole suite.
pub(crate) fn conforms(limiter: &Limiter) {
    let config = Config {
        cases: Config::default().cases.min(48),
        ..Config::default()
    };
    let laws: [(&str, Law); 4] = [
        ("calls and looks agree", agree),
        ("an older timestamp creates nothing", older_is_no_more),
        ("a refusal changes nothing", refusals_leave_no_trace),
        ("the trait's other calls say the same", shorthands),
    ];
    for (law, check) in laws {
        let mut runner = TestRunner::new(config.clone());
        let calls = prop::collection::vec((paces(), costs()), 1..40);
        if let Err(broken) = runner.run(&calls, |calls| check(limiter, &calls)) {
            panic!("{}: {law}: {broken}", limiter.name);
        }
    }
    extremes(limiter);
}

/// A limiter, its clock, and the time of the next call.
struct Play {
    limiter: Box<dyn RateLimiter>,
    clock: ManualClock,
    now: Tick,
}

impl Play {
    fn new(limiter: &Limiter) -> Self {
        let clock = ManualClock::new();
        Self {
            limiter: (limiter.make)(clock.clone()),
            clock,
            now: Tick::ZERO,
        }
    }

    /// Goes on, and says what the next call costs.
    fn next(&mut self, (pace, cost): (Pace, Cost)) -> u64 {
        let look = self.limiter.peek_at(self.now, 1);
        let interval = (look.window.as_nanos() / u128::from(look.limit.max(1))).min(1 << 60) as u64;
        let cost = cost.of(look.limit);
        let wait = self.limiter.peek_at(self.now, cost).retry_after;
        let ready = wait.map(|wait| self.now.saturating_add(wait).as_nanos());
        self.now = Tick::from_nanos(pace.after(self.now.as_nanos(), interval, ready));
        self.clock.set(self.now);
        cost
    }
}

/// Everything there is to see of a limiter: looks at several times and costs.
fn looks(limiter: &dyn RateLimiter, now: Tick) -> Vec<Decision> {
    let times = [
        Tick::ZERO,
        now.saturating_sub(Duration::from_secs(1)),
        now,
        now.saturating_add(Duration::from_secs(1)),
        Tick::MAX,
    ];
    let costs = [0, 1, 2, 5, u64::MAX];
    times
        .into_iter()
        .flat_map(|at| costs.map(|cost| limiter.peek_at(at, cost)))
        .collect()
}

/// A look says what the call then does; costs of zero are free, and what can never be admitted is told apart; the time to wait is
/// right.
fn agree(limiter: &Limiter, calls: &Calls) -> Outcome {
    let mut play = Play::new(limiter);
    for call in calls {
        let cost = play.next(*call);
        let before = looks(&play.limiter, play.now);
        let look = play.limiter.peek_at(play.now, cost);
        prop_assert_eq!(
            looks(&play.limiter, play.now),
            before,
            "looking changes something"
        );
        let decision = play.limiter.try_acquire_at(play.now, cost);
        prop_assert_eq!(look, decision);
        prop_assert_eq!(decision.cost, cost);
        prop_assert!(decision.remaining <= decision.limit);
        if decision.allowed {
            prop_assert_eq!(decision.retry_after, Some(Duration::ZERO));
            prop_assert!(decision.into_result().is_ok());
            continue;
        }
        prop_assert!(cost > 0, "nothing is refused");
        if cost > decision.limit {
            prop_assert_eq!(decision.retry_after, None);
            prop_assert_eq!(
                decision.into_result(),
                Err(Error::CostAboveLimit {
                    cost,
                    limit: decision.limit
                })
            );
            prop_assert!(!play.limiter.peek_at(Tick::MAX, cost).allowed);
            continue;
        }
        prop_assert_eq!(
            decision.into_result(),
            Err(Error::Limited {
                retry_after: decision.retry_after
            })
        );
        match decision.retry_after {
            None => prop_assert!(
                !play.limiter.peek_at(Tick::MAX, cost).allowed,
                "never, but at the end of time"
            ),
            Some(wait) => {
                prop_assert!(!wait.is_zero());
                let at = play.now.saturating_add(wait);
                prop_assert!(
                    play.limiter.peek_at(at, cost).allowed,
                    "refused after the wait: {:?}",
                    decision
                );
                let early = play
                    .limiter
                    .peek_at(at.saturating_sub(Duration::from_nanos(1)), cost);
                prop_assert!(
                    !limiter.tight || !early.allowed,
                    "admitted before the end of the wait: {:?}",
                    decision
                );
            }
        }
    }
    Ok(())
}

/// Of a limiter that has nothing left nothing can be had at an older time, and asking there changes nothing now.
fn older_is_no_more(limiter: &Limiter, calls: &Calls) -> Outcome {
    let mut play = Play::new(limiter);
    for call in calls {
        let cost = play.next(*call);
        let there = play.limiter.peek_at(play.now, cost);
        let older = [
            play.now.saturating_sub(Duration::from_nanos(1)),
            play.now.saturating_sub(Duration::from_secs(3)),
            Tick::ZERO,
        ];
        for at in older {
            let left = |at| play.limiter.peek_at(at, 0).remaining;
            prop_assert!(left(at) <= left(play.now), "more was there before");
            prop_assert!(
                there.allowed || !play.limiter.try_acquire_at(at, cost).allowed,
                "{cost} were there before"
            );
        }
        prop_assert_eq!(play.limiter.peek_at(play.now, cost), there);
        let _ = play.limiter.try_acquire_at(play.now, cost);
    }
    Ok(())
}

/// Two limiters have the same calls, but one has many more that are refused: they stay alike.
fn refusals_leave_no_trace(limiter: &Limiter, calls: &Calls) -> Outcome {
    let (mut play, other) = (Play::new(limiter), Play::new(limiter));
    for call in calls {
        let cost = play.next(*call);
        for (at, much) in [
            (play.now, u64::MAX),
            (play.now, cost.saturating_add(1)),
            (Tick::ZERO, 1),
            (Tick::MAX, 3),
        ] {
            if !play.limiter.peek_at(at, much).allowed {
                prop_assert!(!play.limiter.try_acquire_at(at, much).allowed);
            }
        }
        prop_assert_eq!(
            play.limiter.try_acquire_at(play.now, cost),
            other.limiter.try_acquire_at(play.now, cost)
        );
        prop_assert_eq!(
            looks(&play.limiter, play.now),
            looks(&other.limiter, play.now)
        );
    }
    Ok(())
}

fn shorthands(limiter: &Limiter, calls: &Calls) -> Outcome {
    let (mut play, other) = (Play::new(limiter), Play::new(limiter));
    for (number, call) in calls.iter().enumerate() {
        let cost = play.next(*call);
        other.clock.set(play.now);
        prop_assert_eq!(other.limiter.now(), play.clock.now());
        prop_assert_eq!(
            play.limiter.peek(cost),
            other.limiter.peek_at(play.now, cost)
        );
        match number % 3 {
            0 => prop_assert_eq!(
                play.limiter.decide(cost),
                other.limiter.try_acquire_at(play.now, cost)
            ),
            1 => prop_assert_eq!(
                play.limiter.try_acquire_n(cost),
                other.limiter.try_acquire_at(play.now, cost).allowed
            ),
            _ => prop_assert_eq!(
                play.limiter.try_acquire(),
                other.limiter.try_acquire_at(play.now, 1).allowed
            ),
        }
        prop_assert_eq!(
            looks(&play.limiter, play.now),
            looks(&other.limiter, play.now)
        );
    }
    Ok(())
}

/// The ends of time and of numbers, in every order of two.
fn extremes(limiter: &Limiter) {
    let times = [
        0,
        1,
        SECOND,
        CENTURY,
        CENTURY + 1,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ]
    .map(Tick::from_nanos);
    let costs = [0, 1, 1 << 32, 1 << 63, u64::MAX];
    for (first, then) in times
        .into_iter()
        .flat_map(|first| times.map(|then| (first, then)))
    {
        let play = Play::new(limiter);
        for (at, cost) in [first, then, first]
            .into_iter()
            .flat_map(|at| costs.map(|cost| (at, cost)))
        {
            play.clock.set(at);
            let look = play.limiter.peek_at(at, cost);
            assert_eq!(
                play.limiter.try_acquire_at(at, cost),
                look,
                "{}",
                limiter.name
            );
            assert!(cost > 0 || look.allowed, "{}", limiter.name);
        }
    }
    assert!(!format!("{:?}", Play::new(limiter).limiter).is_empty());
}
