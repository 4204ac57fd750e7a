//! The laws of limiters: against a model in exact fractions, over all windows of a record, and what every limiter keeps.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes astray should panic"
)]

use proptest::prelude::*;
use std::time::Duration;

use tenfold::clock::ManualClock;
use tenfold::limit::{All, FixedWindow, Leased, Quota, SlidingLog, SlidingWindow, TokenBucket};

#[path = "support/limit/bounds.rs"]
mod bounds;
#[path = "support/limit/conformance.rs"]
mod conformance;
#[path = "support/limit/model.rs"]
mod model;
#[path = "support/limit/quotas.rs"]
mod quotas;
#[path = "support/limit/script.rs"]
mod script;
#[path = "support/limit/windows.rs"]
mod windows;

use conformance::{Limiter, conforms};
use quotas::{SECOND, quota};
use script::{Run, Script};

fn agrees(quota: Quota, script: &Script) -> Result<(), TestCaseError> {
    let clock = ManualClock::new();
    let bucket = TokenBucket::with_clock(quota, clock.clone());
    let mut run = Run::new(&bucket, clock);
    let outcome = run.go(script);
    // What is still reserved stays taken.
    for (reservation, _) in run.reserved.drain(..) {
        reservation.commit();
    }
    outcome
}

proptest! {
    #[test]
    fn a_bucket_decides_as_its_exact_model_does(quota in quotas::quotas(), script in script::scripts(false)) {
        agrees(quota, &script)?;
    }

    #[test]
    fn a_bucket_does_everything_as_its_exact_model_does(quota in quotas::quotas(), script in script::scripts(true)) {
        agrees(quota, &script)?;
    }
}

/// How late rounding may be, for quotas that people set: not at all, or less than two nanoseconds.
#[test]
fn a_bucket_that_fills_within_a_century_is_late_by_less_than_two_nanoseconds() {
    let whole = [
        Quota::per_second(1),
        Quota::per_second(1000),
        Quota::per_minute(100),
        Quota::per_day(1),
        quota(1, 60 * SECOND, 1),
    ];
    for quota in whole {
        assert_eq!(model::Axis::of(&quota).unwrap().lateness(), 0, "{quota}");
    }
    let century = Duration::from_nanos(model::CENTURY);
    let fills = |quota: &Quota| quota.refill_time().is_some_and(|time| time <= century);
    for quota in quotas::known().into_iter().filter(fills) {
        assert!(model::Axis::of(&quota).unwrap().lateness() <= 2, "{quota}");
    }
    // A burst that takes longer than a century to fill leaves no room for fine steps: one of 80 µs, where a token takes a day.
    let slow = Quota::per_day(1).with_burst(u32::MAX);
    assert_eq!(model::Axis::of(&slow).unwrap().lateness(), 80_467);
}

/// Everything that keeps the promises of `RateLimiter`.
#[expect(clippy::unwrap_used, reason = "all of them are possible")]
fn limiters() -> Vec<Limiter> {
    fn bucket(quota: Quota, clock: ManualClock) -> Box<TokenBucket<ManualClock>> {
        Box::new(TokenBucket::with_clock(quota, clock))
    }
    vec![
        Limiter {
            name: "TokenBucket",
            make: |clock| bucket(Quota::per_second(5), clock),
            tight: true,
        },
        Limiter {
            name: "TokenBucket of thirds",
            make: |clock| bucket(quota(3, 7 * SECOND, 4), clock),
            tight: true,
        },
        Limiter {
            name: "TokenBucket, fast",
            make: |clock| bucket(Quota::per_second(u32::MAX), clock),
            tight: true,
        },
        Limiter {
            name: "TokenBucket, slow to begin",
            make: |clock| bucket(Quota::per_hour(100).with_initial(3), clock),
            tight: true,
        },
        Limiter {
            name: "TokenBucket, blocked",
            make: |clock| bucket(Quota::BLOCKED, clock),
            tight: true,
        },
        Limiter {
            name: "TokenBucket without rate",
            make: |clock| bucket(quota(0, 1, 9), clock),
            tight: true,
        },
        Limiter {
            name: "TokenBucket, unlimited",
            make: |clock| bucket(Quota::UNLIMITED, clock),
            tight: true,
        },
        Limiter {
            name: "SlidingWindow",
            make: |clock| {
                let window = Duration::from_nanos(3 * SECOND);
                Box::new(SlidingWindow::with_clock(5, window, clock).unwrap())
            },
            tight: true,
        },
        Limiter {
            name: "SlidingLog",
            make: |clock| {
                let window = Duration::from_nanos(3 * SECOND);
                Box::new(SlidingLog::with_clock(5, window, clock).unwrap())
            },
            tight: true,
        },
        Limiter {
            name: "FixedWindow",
            make: |clock| {
                let window = Duration::from_nanos(3 * SECOND);
                Box::new(FixedWindow::with_clock(5, window, clock).unwrap())
            },
            tight: true,
        },
        Limiter {
            name: "All",
            make: |clock| {
                let rules = All::builder().quota(Quota::per_second(5));
                let rules = rules.sliding_log(9, Duration::from_nanos(7 * SECOND));
                Box::new(rules.clock(clock).build().unwrap())
            },
            tight: true,
        },
        Limiter {
            name: "Leased, without leases",
            make: |clock| Box::new(Leased::with_clock(Quota::per_second(5), clock)),
            tight: true,
        },
        Limiter {
            name: "Leased",
            make: |clock| Box::new(Leased::with_clock(Quota::per_second(1_000_000), clock)),
            tight: true,
        },
    ]
}

#[test]
fn every_limiter_keeps_the_promises_of_the_trait() {
    for limiter in limiters() {
        conforms(&limiter);
    }
}
