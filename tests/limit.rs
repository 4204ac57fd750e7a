//! Limiters in sentences: quotas, decisions, errors, headers, debts, reservations, changes; what well-known limiters answer; and the defects
//! that must not be here.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::time::Duration;

use proptest::prelude::*;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Config, Decision, Error, Keep, Quota, RateLimiter, TokenBucket};
use tenfold::{Error as AnyError, Refusal};

#[path = "support/limit/regressions.rs"]
mod regressions;
#[path = "support/limit/tables.rs"]
mod tables;

const SECOND: u64 = 1_000_000_000;

fn bucket(quota: Quota) -> (TokenBucket<ManualClock>, ManualClock) {
    let clock = ManualClock::new();
    (TokenBucket::with_clock(quota, clock.clone()), clock)
}

fn at(clock: &ManualClock, nanos: u64) {
    clock.set(Tick::from_nanos(nanos));
}

fn quota(tokens: u64, nanos: u64, burst: u64) -> Quota {
    Quota::new(tokens, Duration::from_nanos(nanos), burst).unwrap()
}

/// Makes a quota from a number of tokens.
type Maker = fn(u32) -> Quota;

const MAKERS: [(Maker, u64); 4] = [
    (Quota::per_second, 1),
    (Quota::per_minute, 60),
    (Quota::per_hour, 3_600),
    (Quota::per_day, 86_400),
];

/// The constructors don't check: so whatever they make must be what `new` accepts.
fn is_accepted(tokens: u32, burst: u32) {
    for (make, seconds) in MAKERS {
        let made = make(tokens).with_burst(burst);
        assert_eq!(
            Quota::new(tokens.into(), Duration::from_secs(seconds), burst.into()),
            Ok(made)
        );
        assert_eq!(
            Quota::new(tokens.into(), Duration::from_secs(seconds), tokens.into()),
            Ok(make(tokens))
        );
        assert_eq!(
            (made.tokens(), made.burst(), made.initial()),
            (tokens.into(), burst.into(), burst.into())
        );
        assert_eq!(made.period(), Duration::from_secs(seconds));
    }
}

#[test]
fn every_rate_and_burst_of_32_bits_is_possible_at_the_corners() {
    let corners = [
        0,
        1,
        2,
        3,
        7,
        1 << 31,
        (1 << 31) + 1,
        u32::MAX - 1,
        u32::MAX,
    ];
    for (tokens, burst) in corners
        .into_iter()
        .flat_map(|tokens| corners.map(|burst| (tokens, burst)))
    {
        is_accepted(tokens, burst);
    }
}

proptest! {
    #[test]
    fn every_rate_and_burst_of_32_bits_is_possible(tokens in any::<u32>(), burst in any::<u32>()) {
        is_accepted(tokens, burst);
    }

    /// The largest burst that is named is possible, and the next is not.
    #[test]
    fn too_large_a_burst_is_told_the_largest(tokens in any::<u64>(), nanos in 1..=i64::MAX as u64) {
        let period = Duration::from_nanos(nanos);
        match Quota::new(tokens, period, u64::MAX) {
            Err(Error::BurstTooLarge { burst, largest }) => {
                prop_assert_eq!(burst, u64::MAX);
                prop_assert_eq!(Quota::new(tokens, period, largest).unwrap().burst(), largest);
                let next = Quota::new(tokens, period, largest + 1);
                prop_assert_eq!(next, Err(Error::BurstTooLarge { burst: largest + 1, largest }));
            }
            Err(Error::TooFast { tokens: told, nanos: time }) => {
                prop_assert_eq!((told, time), (tokens, nanos));
                // More than four per nanosecond.
                prop_assert!(u128::from(tokens) > 4 * u128::from(nanos));
                prop_assert_eq!(Quota::new(tokens, period, 0), Err(Error::TooFast { tokens, nanos }));
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn a_quota_says_what_it_is() {
    let quota = Quota::per_minute(100).with_burst(10).with_initial(3);
    assert_eq!(
        (
            quota.tokens(),
            quota.burst(),
            quota.initial(),
            quota.is_unlimited()
        ),
        (100, 10, 3, false)
    );
    assert_eq!(quota.period(), Duration::from_secs(60));
    assert_eq!(
        (quota.interval(), quota.refill_time()),
        (
            Some(Duration::from_millis(600)),
            Some(Duration::from_secs(6))
        )
    );
    assert_eq!(quota.to_string(), "100 per 60s, at most 10 at once");
    assert_eq!(
        format!("{quota:?}"),
        "Quota(100 per 60s, at most 10 at once, 3 to begin with)"
    );
    // Down from one token to the next, up to a full burst.
    let thirds = Quota::per_second(3);
    assert_eq!(thirds.interval(), Some(Duration::from_nanos(333_333_333)));
    assert_eq!(
        thirds.with_burst(1).refill_time(),
        Some(Duration::from_nanos(333_333_334))
    );
    assert_eq!(Quota::per_second(u32::MAX).interval(), Some(Duration::ZERO));
    // More than the burst to begin with is the burst, also of a burst that is set later.
    assert_eq!(Quota::per_second(5).with_initial(u64::MAX).initial(), 5);
    assert_eq!(
        Quota::per_second(5).with_initial(4).with_burst(2).initial(),
        2
    );
    assert_eq!(
        Quota::per_second(5)
            .with_initial(4)
            .with_burst(2)
            .with_burst(9)
            .initial(),
        4
    );
}

#[test]
fn blocked_and_unlimited_are_quotas_too() {
    assert_eq!(Quota::BLOCKED, Quota::per_second(0));
    assert_eq!(
        (Quota::BLOCKED.interval(), Quota::BLOCKED.refill_time()),
        (None, None)
    );
    let all = Quota::UNLIMITED;
    assert!(all.is_unlimited() && !Quota::BLOCKED.is_unlimited());
    assert_eq!(
        (
            all.burst(),
            all.initial(),
            all.interval(),
            all.refill_time()
        ),
        (u64::MAX, u64::MAX, None, Some(Duration::ZERO))
    );
    assert_eq!(
        (all.to_string(), all.with_burst(3)),
        ("unlimited".to_string(), all)
    );
    let (bucket, clock) = bucket(all);
    for now in [0, 1, u64::MAX] {
        at(&clock, now);
        assert!(bucket.try_acquire() && bucket.try_acquire_n(u64::MAX));
        assert_eq!(
            (bucket.try_acquire_up_to(u64::MAX), bucket.available()),
            (u64::MAX, u64::MAX)
        );
        bucket.charge(u64::MAX);
        let decision = bucket.decide(u64::MAX);
        assert!(decision.allowed);
        assert_eq!(
            (decision.limit, decision.remaining, decision.window),
            (u64::MAX, u64::MAX, Duration::ZERO)
        );
        assert_eq!(
            (decision.retry_after, decision.reset_after),
            (Some(Duration::ZERO), Some(Duration::ZERO))
        );
        assert_eq!(
            bucket.reserve(u64::MAX, Duration::ZERO).unwrap().wait(),
            Duration::ZERO
        );
    }
}

#[test]
fn a_quota_that_is_not_possible_says_why() {
    let day = Duration::from_secs(86_400);
    assert_eq!(Quota::new(1, Duration::ZERO, 1), Err(Error::ZeroPeriod));
    assert_eq!(
        Quota::new(1, Quota::MAX_PERIOD + Duration::from_nanos(1), 1),
        Err(Error::PeriodTooLong)
    );
    assert_eq!(Quota::new(1, Duration::MAX, 1), Err(Error::PeriodTooLong));
    assert!(Quota::new(1, Quota::MAX_PERIOD, 1).is_ok());
    assert_eq!(
        Quota::new(5, Duration::from_nanos(1), 1),
        Err(Error::TooFast {
            tokens: 5,
            nanos: 1
        })
    );
    assert!(matches!(
        Quota::new(1, day, u64::MAX),
        Err(Error::BurstTooLarge {
            burst: u64::MAX,
            ..
        })
    ));
    // What a constructor made has room for 32 bits; else it is what fits.
    let Err(Error::BurstTooLarge { largest, .. }) =
        Quota::new(4, Duration::from_nanos(1), u64::MAX)
    else {
        panic!()
    };
    assert_eq!(
        quota(4, 1, 1).with_burst(u32::MAX).burst(),
        largest.min(u32::MAX.into())
    );
}

#[test]
fn errors_say_what_to_do() {
    let second = Duration::from_secs(1);
    let said = [
        (
            Error::Limited {
                retry_after: Some(second),
            },
            "the limit is reached: try again in 1s",
        ),
        (
            Error::Limited { retry_after: None },
            "the limit is reached, and no tokens will come back",
        ),
        (
            Error::CostAboveLimit { cost: 7, limit: 5 },
            "a cost of 7 can never be admitted: at most 5 tokens are there at once",
        ),
        (
            Error::TimedOut,
            "the deadline passed before there were enough tokens",
        ),
        (
            Error::TooManyWaiters { limit: 3 },
            "3 callers wait already, and no more may: raise `max_waiters`, or shed load",
        ),
        (Error::ZeroPeriod, "a quota needs a period above zero"),
        (
            Error::PeriodTooLong,
            "the period of a quota is at most 9223372036.854775807s",
        ),
        (
            Error::TooFast {
                tokens: 5,
                nanos: 1,
            },
            "5 tokens in 1 ns are too fast: 4 billion tokens per second are possible",
        ),
        (
            Error::BurstTooLarge {
                burst: 9,
                largest: 8,
            },
            "a burst of 9 is too large: at this rate 8 is possible",
        ),
        (
            Error::BadWindow,
            "a window lasts from 1 ns to 9223372036.854775807s",
        ),
        (
            Error::BadCount { most: 4 },
            "at least one limit is needed, and 4 are possible",
        ),
        (
            Error::TooManyClasses { given: 300 },
            "300 classes of quotas are too many: 256 are possible",
        ),
    ];
    for (error, words) in said {
        assert_eq!(error.to_string(), words);
        assert_eq!(AnyError::from(error).to_string(), words);
    }
    assert!(
        Error::BadBudget { bytes: 7 }
            .to_string()
            .starts_with("a budget of 7 bytes is not possible: ")
    );
    let limited = Error::Limited {
        retry_after: Some(second),
    };
    assert!(
        limited.is_overloaded() && !limited.is_timeout() && limited.retry_after() == Some(second)
    );
    assert!(Error::TimedOut.is_timeout() && !Error::TimedOut.is_overloaded());
    assert!(Error::TooManyWaiters { limit: 1 }.is_overloaded());
    let never = Error::CostAboveLimit { cost: 2, limit: 1 };
    assert!(!never.is_overloaded() && never.retry_after().is_none());
    assert!(
        AnyError::from(limited).is_overloaded()
            && AnyError::from(limited).retry_after() == Some(second)
    );
}

#[test]
fn a_decision_tells_the_whole_story() {
    let (bucket, clock) = bucket(Quota::per_second(10));
    let decision = bucket.decide(4);
    assert_eq!(
        (
            decision.allowed,
            decision.cost,
            decision.limit,
            decision.remaining
        ),
        (true, 4, 10, 6)
    );
    assert_eq!(
        (decision.window, decision.retry_after),
        (Duration::from_secs(1), Some(Duration::ZERO))
    );
    assert_eq!(
        (decision.reset_after, decision.limiting),
        (Some(Duration::from_millis(400)), 0)
    );
    at(&clock, 50_000_000);
    let refused = bucket.decide(8);
    assert_eq!((refused.allowed, refused.remaining), (false, 6));
    assert_eq!(
        (refused.retry_after, refused.reset_after),
        (
            Some(Duration::from_millis(150)),
            Some(Duration::from_millis(350))
        )
    );
    assert_eq!(
        refused.into_result(),
        Err(Error::Limited {
            retry_after: refused.retry_after
        })
    );
    assert_eq!(
        bucket.decide(11).into_result(),
        Err(Error::CostAboveLimit {
            cost: 11,
            limit: 10
        })
    );
    assert_eq!(decision.into_result(), Ok(decision));
}

fn told(decision: &Decision, name: &str) -> (String, String, Option<u64>) {
    let headers = decision.headers(name);
    (
        headers.rate_limit().to_string(),
        headers.rate_limit_policy().to_string(),
        headers.retry_after(),
    )
}

#[test]
fn headers_are_structured_fields() {
    let (bucket, clock) = bucket(Quota::per_second(2).with_burst(3));
    let fresh = bucket.peek(0);
    assert_eq!(
        told(&fresh, "p"),
        (r#""p";r=3;t=0"#.into(), r#""p";q=3;w=2"#.into(), None)
    );
    assert!(bucket.try_acquire_n(3));
    at(&clock, 1);
    let refused = bucket.decide(1);
    // 499 999 999 ns, rounded up.
    assert_eq!(
        told(&refused, "p"),
        (r#""p";r=0;t=1"#.into(), r#""p";q=3;w=2"#.into(), Some(1))
    );
    // Quotation marks and backslashes are escaped; what is not printable ASCII is left out.
    assert_eq!(
        told(&refused, "a\"b\\c\n\u{7f}é d").0,
        r#""a\"b\\c d";r=0;t=1"#
    );
    assert_eq!(told(&refused, "").0, r#""";r=0;t=1"#);
    let unlimited = crate::bucket(Quota::UNLIMITED).0.decide(1);
    assert_eq!(told(&unlimited, "u"), (String::new(), String::new(), None));
    let blocked = crate::bucket(Quota::BLOCKED).0.decide(1);
    assert_eq!(told(&blocked, "b").2, None);
}

proptest! {
    /// Whoever keeps to `Retry-After` is admitted, and is not told more than a second too much.
    #[test]
    fn retry_after_in_seconds_succeeds_when_honoured(tokens in 1_u32..5_000, period in 0_usize..4, burst in 1_u32..50, now in 0_u64..100 * SECOND, cost in 1_u64..50) {
        let quota = MAKERS[period].0(tokens).with_burst(burst);
        prop_assume!(cost <= u64::from(burst));
        let (bucket, clock) = bucket(quota);
        at(&clock, now);
        while bucket.try_acquire_n(cost) {}
        let refused = bucket.decide(cost);
        let seconds = refused.headers("x").retry_after().unwrap();
        prop_assert!(Duration::from_secs(seconds) < refused.retry_after.unwrap() + Duration::from_secs(1));
        clock.advance(Duration::from_secs(seconds));
        prop_assert!(bucket.decide(cost).allowed);
    }
}

#[test]
fn calls_are_counted_and_looks_are_not() {
    let (bucket, _) = bucket(Quota::per_second(3));
    let before = bucket.stats();
    assert!(bucket.try_acquire() && bucket.decide(1).allowed && bucket.try_acquire_up_to(9) == 1);
    assert!(!bucket.try_acquire() && !bucket.decide(1).allowed && bucket.try_acquire_up_to(9) == 0);
    assert!(!bucket.peek(1).allowed && bucket.available() == 0);
    bucket.charge(2);
    bucket.refund(1);
    let stats = bucket.stats().since(&before);
    assert_eq!(
        (stats.allowed, stats.refused, stats.lost, stats.waiting),
        (3, 3, 0, 0)
    );
    assert!((stats.refused_ratio() - 0.5).abs() < 1e-12);
    assert!(before.refused_ratio().abs() < 1e-12);
    assert!(before.since(&bucket.stats()).allowed == 0);
}

#[test]
fn a_caller_may_take_what_there_is() {
    let (bucket, clock) = bucket(Quota::per_second(10));
    assert_eq!(
        (
            bucket.try_acquire_up_to(0),
            bucket.try_acquire_up_to(4),
            bucket.try_acquire_up_to(u64::MAX),
            bucket.try_acquire_up_to(1)
        ),
        (0, 4, 6, 0)
    );
    at(&clock, 250_000_000);
    assert_eq!((bucket.try_acquire_up_to(9), bucket.available()), (2, 0));
    bucket.charge(5);
    assert_eq!(bucket.try_acquire_up_to(9), 0);
}

#[test]
fn debt_is_paid_before_anybody_is_admitted() {
    let (bucket, clock) = bucket(Quota::per_second(10));
    bucket.charge(25);
    assert_eq!(
        (bucket.available(), bucket.peek(1).retry_after),
        (0, Some(Duration::from_millis(1_600)))
    );
    assert_eq!(
        bucket.peek(0).reset_after,
        Some(Duration::from_millis(2_500))
    );
    at(&clock, 1_599_999_999);
    assert!(!bucket.try_acquire());
    at(&clock, 1_600_000_000);
    assert!(bucket.try_acquire() && !bucket.try_acquire());
    // Debt has an end, and a refund of everything ends it.
    bucket.charge(u64::MAX);
    bucket.charge(u64::MAX);
    assert!(!bucket.try_acquire());
    bucket.refund(u64::MAX);
    assert_eq!(bucket.available(), 10);
}

#[test]
fn a_refund_is_never_more_than_the_burst() {
    let (bucket, clock) = bucket(Quota::per_second(10));
    bucket.refund(5);
    assert_eq!(bucket.try_acquire_up_to(99), 10);
    bucket.refund(4);
    assert_eq!(bucket.available(), 4);
    at(&clock, SECOND / 2);
    bucket.refund(3);
    assert_eq!(bucket.available(), 10);
    bucket.refund(0);
    at(&clock, SECOND);
    // What came back does not come a second time.
    assert_eq!(bucket.try_acquire_up_to(99), 10);
    assert_eq!(bucket.try_acquire_up_to(99), 0);
}

#[test]
fn a_reservation_comes_back_while_it_is_the_newest() {
    let (bucket, clock) = bucket(Quota::per_second(1));
    assert!(bucket.try_acquire());
    let first = bucket.reserve(1, Duration::MAX).unwrap();
    assert_eq!(
        (first.ready_at(), first.wait(), first.cost()),
        (Tick::from_nanos(SECOND), Duration::from_secs(1), 1)
    );
    at(&clock, SECOND / 4);
    assert_eq!(first.wait(), Duration::from_millis(750));
    assert!(format!("{first:?}").contains("cost: 1"));
    let second = bucket.reserve(1, Duration::MAX).unwrap();
    assert_eq!(second.ready_at(), Tick::from_nanos(2 * SECOND));
    // Newest first: both come back.
    assert!(second.cancel() && first.cancel());
    assert_eq!(
        (bucket.peek(1).retry_after, bucket.stats().lost),
        (Some(Duration::from_millis(750)), 0)
    );
    // Not the newest: lost.
    let first = bucket.reserve(1, Duration::MAX).unwrap();
    let second = bucket.reserve(1, Duration::MAX).unwrap();
    assert!(!first.cancel());
    assert_eq!(bucket.stats().lost, 1);
    // Dropped is cancelled, committed is not.
    drop(second);
    assert_eq!(
        bucket.peek(1).retry_after,
        Some(Duration::from_millis(1_750))
    );
    bucket.reserve(1, Duration::MAX).unwrap().commit();
    assert_eq!(
        bucket.peek(1).retry_after,
        Some(Duration::from_millis(2_750))
    );
}

#[test]
fn a_reservation_that_takes_too_long_is_refused_and_costs_nothing() {
    let (bucket, clock) = bucket(Quota::per_second(1).with_burst(2));
    assert!(bucket.try_acquire_n(2));
    let almost = Duration::from_nanos(SECOND - 1);
    assert_eq!(
        bucket.reserve(1, almost).unwrap_err(),
        Error::Limited {
            retry_after: Some(Duration::from_secs(1))
        }
    );
    assert_eq!(
        bucket.reserve(3, Duration::MAX).unwrap_err(),
        Error::CostAboveLimit { cost: 3, limit: 2 }
    );
    bucket.reserve(1, Duration::from_secs(1)).unwrap().commit();
    at(&clock, 2 * SECOND);
    assert_eq!(bucket.available(), 1);
    let (none, _) = crate::bucket(quota(0, 1, 1));
    assert!(
        none.reserve(1, Duration::ZERO)
            .is_ok_and(|reservation| reservation.cancel())
    );
    assert!(none.try_acquire());
    assert_eq!(
        none.reserve(1, Duration::MAX).unwrap_err(),
        Error::Limited { retry_after: None }
    );
}

#[test]
fn a_reservation_across_a_change_of_the_quota_is_lost_when_cancelled() {
    let (bucket, _) = bucket(Quota::per_second(1).with_burst(4));
    let reservation = bucket.reserve(3, Duration::ZERO).unwrap();
    bucket.set_quota(Quota::per_second(1).with_burst(9), Keep::Tokens);
    assert!(!reservation.cancel());
    assert_eq!((bucket.available(), bucket.stats().lost), (1, 3));
}

/// Ten per second with six left becomes something else: (new quota, tokens kept, part kept, begun anew).
#[test]
fn tokens_are_carried_over_as_asked() {
    let rows = [
        (Quota::per_second(10), 6, 6, 10),
        (Quota::per_second(20), 6, 12, 20),
        (Quota::per_second(5), 5, 3, 5),
        (Quota::per_minute(7), 6, 4, 7),
        (Quota::per_day(100).with_initial(1), 6, 60, 1),
        (
            Quota::per_second(u32::MAX),
            6,
            2_576_980_377,
            u64::from(u32::MAX),
        ),
        (Quota::BLOCKED, 0, 0, 0),
        (Quota::UNLIMITED, u64::MAX, u64::MAX, u64::MAX),
    ];
    for (quota, tokens, part, anew) in rows {
        for (keep, left) in [
            (Keep::Tokens, tokens),
            (Keep::Proportion, part),
            (Keep::Reset, anew),
        ] {
            let (bucket, _) = bucket(Quota::per_second(10));
            assert!(bucket.try_acquire_n(4));
            bucket.set_quota(quota, keep);
            assert_eq!(
                (bucket.available(), bucket.quota()),
                (left, quota),
                "{quota}, {keep:?}"
            );
            assert_eq!(bucket.config().quota, quota);
        }
    }
}

#[test]
fn debt_is_carried_over_but_for_a_reset() {
    for (keep, wait) in [
        (Keep::Tokens, 6_000),
        (Keep::Proportion, 3_500),
        (Keep::Reset, 0),
    ] {
        let (bucket, _) = bucket(Quota::per_second(10));
        bucket.charge(15);
        bucket.set_quota(Quota::per_second(1).with_burst(5), keep);
        assert_eq!(
            bucket.peek(1).retry_after,
            Some(Duration::from_millis(wait)),
            "{keep:?}"
        );
    }
}

#[test]
fn what_was_free_is_full_and_what_had_no_burst_has_nothing_to_keep_in_proportion() {
    for (keep, left) in [(Keep::Tokens, 5), (Keep::Proportion, 5), (Keep::Reset, 2)] {
        let (bucket, _) = bucket(Quota::UNLIMITED);
        bucket.charge(1 << 40);
        bucket.set_quota(Quota::per_second(5).with_initial(2), keep);
        assert_eq!(bucket.available(), left, "{keep:?}");
    }
    for (keep, left) in [(Keep::Tokens, 0), (Keep::Proportion, 0), (Keep::Reset, 5)] {
        let (bucket, _) = bucket(Quota::BLOCKED);
        bucket.set_quota(Quota::per_second(5), keep);
        assert_eq!(bucket.available(), left, "{keep:?}");
    }
    assert_eq!(Keep::default(), Keep::Tokens);
}

#[test]
fn fractions_survive_changes_of_the_quota() {
    let (bucket, clock) = bucket(Quota::per_second(1));
    assert!(bucket.try_acquire());
    for change in 1..=1_000 {
        at(&clock, change * 999_999);
        let quota = if change % 2 == 0 {
            Quota::per_second(1)
        } else {
            Quota::per_minute(60).with_burst(1)
        };
        bucket.set_quota(quota, Keep::Tokens);
    }
    assert!(!bucket.try_acquire());
    at(&clock, SECOND);
    assert!(bucket.try_acquire() && !bucket.try_acquire());
}

#[test]
fn a_bucket_may_begin_with_less() {
    let clock = ManualClock::starting_at(Tick::from_nanos(5 * SECOND));
    let bucket = TokenBucket::with_clock(Quota::per_second(10).with_initial(2), clock.clone());
    assert_eq!(bucket.available(), 2);
    clock.advance(Duration::from_millis(300));
    assert_eq!(bucket.available(), 5);
    assert_eq!(bucket.clock().clone().advance(Duration::ZERO), ());
}

#[test]
fn a_builder_makes_what_its_settings_say() {
    let quota = Quota::per_second(3);
    let clock = ManualClock::new();
    let bucket = TokenBucket::builder(quota)
        .max_waiters(7)
        .patience(Duration::from_millis(1))
        .clock(clock)
        .build();
    let config = bucket.config();
    assert_eq!(
        (config.quota, config.max_waiters, config.patience),
        (quota, 7, Duration::from_millis(1))
    );
    assert_eq!(
        TokenBucket::builder(quota).config(config).build().config(),
        config
    );
    assert_eq!(TokenBucket::new(quota).config(), Config::new(quota));
    assert!(format!("{bucket:?}").contains("3 per 1s"));
    // On the process's own clock.
    let own = TokenBucket::new(quota);
    assert!(own.try_acquire_n(3) && own.available() <= 1);
}

#[test]
fn pointers_to_limiters_are_limiters() {
    fn take(limiter: impl RateLimiter) -> bool {
        let now = limiter.now();
        limiter.try_acquire_n(1)
            && limiter.try_acquire()
            && limiter.try_acquire_at(now, 1).allowed
            && !limiter.peek_at(now, 1).allowed
    }
    assert!(take(&bucket(Quota::per_hour(3)).0));
    assert!(take(
        Box::new(bucket(Quota::per_hour(3)).0) as Box<dyn RateLimiter>
    ));
    assert!(take(std::sync::Arc::new(bucket(Quota::per_hour(3)).0)));
}

#[cfg(feature = "serde")]
mod stored {
    use super::*;

    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
        value: &T,
    ) -> String {
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
        json
    }

    #[test]
    fn quotas_are_the_same_when_read_again() {
        let minute = same(&Quota::per_minute(100).with_burst(10));
        assert_eq!(
            minute,
            r#"{"limited":{"tokens":100,"period":{"secs":60,"nanos":0},"burst":10}}"#
        );
        assert_eq!(same(&Quota::UNLIMITED), r#""unlimited""#);
        same(&Quota::BLOCKED);
        same(&quota(3, 7 * SECOND, 3));
        same(&Quota::per_second(u32::MAX).with_initial(0));
        same(&Quota::new(5, Quota::MAX_PERIOD, 9).unwrap());
    }

    #[test]
    fn quotas_that_are_not_possible_are_refused_when_read() {
        let stored = |tokens: u64, secs: u64, burst: u64, more: &str| {
            format!(
                r#"{{"limited":{{"tokens":{tokens},"period":{{"secs":{secs},"nanos":0}},"burst":{burst}{more}}}}}"#
            )
        };
        let read =
            |json: String| serde_json::from_str::<Quota>(&json).map_err(|error| error.to_string());
        assert_eq!(
            read(stored(5, 1, 5, r#","initial":2"#)),
            Ok(Quota::per_second(5).with_initial(2))
        );
        assert!(
            read(stored(5, 0, 5, ""))
                .unwrap_err()
                .contains("period above zero")
        );
        assert!(
            read(stored(5, u64::MAX, 5, ""))
                .unwrap_err()
                .contains("at most")
        );
        assert!(
            read(stored(u64::MAX, 1, 5, ""))
                .unwrap_err()
                .contains("too fast")
        );
        assert!(
            read(stored(5, 1, u64::MAX, ""))
                .unwrap_err()
                .contains("too large")
        );
        assert!(
            read(stored(5, 1, 5, r#","other":1"#))
                .unwrap_err()
                .contains("other")
        );
        assert!(read(r#""none""#.into()).is_err());
        assert!(read("{}".into()).is_err());
    }

    #[test]
    fn everything_else_is_the_same_when_read_again() {
        let (bucket, _) = bucket(Quota::per_second(3).with_burst(1));
        same(&bucket.decide(1));
        same(&bucket.decide(1));
        same(&bucket.decide(2));
        same(&bucket.stats());
        same(&bucket.config());
        for keep in [Keep::Tokens, Keep::Proportion, Keep::Reset] {
            same(&keep);
        }
        assert_eq!(same(&Keep::Proportion), r#""proportion""#);
        let config: Config = serde_json::from_str(r#"{"quota":"unlimited"}"#).unwrap();
        assert_eq!(config, Config::new(Quota::UNLIMITED));
        assert!(serde_json::from_str::<Config>(r#"{"quota":"unlimited","wait":1}"#).is_err());
    }
}
