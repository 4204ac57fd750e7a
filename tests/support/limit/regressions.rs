//! Defects that other limiters have or had, each with a test of its own.

use std::time::Duration;

use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Error, Keep, Quota, RateLimiter, TokenBucket};

use crate::{at, bucket, quota};

const SECOND: u64 = 1_000_000_000;

/// Tokens that a caller gets who asks at `times`, each time for all there is.
fn greedy(quota: Quota, times: impl Iterator<Item = u64>) -> u64 {
    let (bucket, _) = bucket(quota);
    let all = |now| {
        let mut taken = 0;
        while bucket.try_acquire_n_at(Tick::from_nanos(now), 1) {
            taken += 1;
        }
        taken
    };
    times.map(all).sum()
}

/// governor counts whole nanoseconds from one token to the next, so it admits 1e9 per second where 6e8 are allowed, and 0.1 % too many of
/// 3e6.
#[test]
fn a_rate_is_not_rounded_to_whole_nanoseconds() {
    for (rate, burst, step, steps) in [
        (600_000_000, 3, 1, 100_000),
        (300_000_000, 3, 1, 100_000),
        (3_000_000, 30, 1_000, 10_000),
    ] {
        let taken = greedy(
            Quota::per_second(rate).with_burst(burst),
            (0..=steps).map(|n| n * step),
        );
        assert_eq!(
            taken,
            u64::from(burst) + u64::from(rate) * steps * step / SECOND,
            "{rate} per second"
        );
    }
}

/// governor multiplies interval and burst in 64 bits: a day times 213 505 does not fit.
#[test]
fn a_long_period_and_a_large_burst_do_not_overflow() {
    for burst in [213_503, 213_504, 213_505, 213_506, u32::MAX] {
        let (bucket, clock) = bucket(Quota::per_day(1).with_burst(burst));
        assert_eq!(bucket.available(), u64::from(burst));
        assert!(bucket.try_acquire_n(u64::from(burst)) && !bucket.try_acquire());
        at(&clock, 86_400 * SECOND);
        assert!(bucket.try_acquire() && !bucket.try_acquire());
    }
}

/// governor 0.8 and earlier (#107, #249) admitted one more than the burst after a long silence.
#[test]
fn a_long_silence_is_worth_a_burst_and_no_more() {
    for silence in [1, 2, 3, 3_600, 3_155_760_000, u64::MAX / SECOND] {
        let (bucket, clock) = bucket(Quota::per_second(5));
        assert!(bucket.try_acquire_n(5));
        at(&clock, silence * SECOND);
        assert_eq!(bucket.try_acquire_up_to(u64::MAX), 5);
        assert!(!bucket.try_acquire());
    }
}

/// ratelimit 2.0 forgets the fraction of a token at each look: one per minute asked for each 119 µs ran at half its rate, and 100 per hour each
/// 65 µs too.
#[test]
fn fractions_of_tokens_are_not_lost_by_looking_often() {
    let polls = 1_200_000_u64;
    for (tokens, period, step) in [(1, 60 * SECOND, 119_000), (100, 3_600 * SECOND, 65_000)] {
        let taken = greedy(quota(tokens, period, 2), (0..polls).map(|n| n * step));
        assert_eq!(
            taken,
            2 + tokens * (polls - 1) * step / period,
            "{tokens} per {period} ns"
        );
        // With a burst of one, a token is taken by the first poll after it is there, and that is when the next begins.
        let taken = greedy(quota(tokens, period, 1), (0..polls).map(|n| n * step));
        assert_eq!(taken, 1 + (polls - 1) / (period / tokens).div_ceil(step));
    }
}

/// Go's limiter goes back to an older timestamp and counts the time from there again (golang/go#71360, #65508, #56287, #45245, #23145).
#[test]
fn going_back_and_forth_in_time_creates_nothing() {
    let (bucket, _) = bucket(Quota::per_second(10).with_burst(1));
    let mut taken = 0;
    for _ in 0..1_000 {
        for now in [SECOND, 0, SECOND - 1, SECOND / 2] {
            taken += u64::from(bucket.try_acquire_n_at(Tick::from_nanos(now), 1));
        }
    }
    assert_eq!(taken, 1);
}

/// As tikv/pd#10744, where also a change of the settings goes back in time.
#[test]
fn changing_the_quota_at_an_older_time_creates_nothing() {
    let (bucket, clock) = bucket(Quota::per_second(1).with_burst(1_000));
    assert!(bucket.try_acquire_n(1_000));
    at(&clock, 100 * SECOND);
    bucket.set_quota(Quota::per_second(2).with_burst(1_000), Keep::Tokens);
    assert_eq!(bucket.available(), 100);
    at(&clock, 0);
    bucket.set_quota(Quota::per_second(1).with_burst(1_000), Keep::Tokens);
    at(&clock, 100 * SECOND);
    assert_eq!(bucket.available(), 100);
}

/// ratelimit 2.0 refuses a caller that lost a race for the refill, though the tokens are there.
#[test]
fn a_lost_race_is_not_a_refusal() {
    for _ in 0..50 {
        let (bucket, clock) = bucket(Quota::per_second(400).with_burst(400).with_initial(0));
        at(&clock, SECOND);
        let refused = std::thread::scope(|scope| {
            let threads = [(); 4]
                .map(|()| scope.spawn(|| (0..100).filter(|_| !bucket.try_acquire()).count()));
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<usize>()
        });
        assert_eq!((refused, bucket.available()), (0, 0));
    }
}

/// A draft of this bucket rounded the filling up where it compares, and refused a whole burst of an idle bucket at most times.
#[test]
fn an_idle_bucket_gives_its_whole_burst_at_any_time() {
    for quota in [
        Quota::per_second(7),
        quota(3, 7 * SECOND, 3),
        Quota::per_second(u32::MAX),
        Quota::per_second(3_000_000),
        quota(5, 9, 4),
    ] {
        for now in [0, 1, 2, 3, 5, 1_000_003, SECOND + 1, 86_399 * SECOND + 7] {
            let bucket =
                TokenBucket::with_clock(quota, ManualClock::starting_at(Tick::from_nanos(now)));
            assert_eq!(bucket.available(), quota.burst());
            assert!(bucket.try_acquire_n(quota.burst()), "{quota} at {now}");
            bucket.refund(quota.burst());
            bucket.clock().advance(Duration::from_nanos(1));
            assert!(
                bucket.try_acquire_n(quota.burst()),
                "{quota} after {now}, given back"
            );
        }
    }
}

/// Guava with no time to warm up lets everything through (#2730). A burst of zero is not "no limit".
#[test]
fn nothing_is_not_everything() {
    for quota in [
        Quota::BLOCKED,
        Quota::per_second(0).with_burst(0),
        Quota::per_second(5).with_burst(0),
        quota(7, 1_000, 0),
    ] {
        let (bucket, clock) = bucket(quota);
        for now in [0, SECOND, u64::MAX] {
            at(&clock, now);
            assert!(
                !bucket.try_acquire()
                    && bucket.available() == 0
                    && bucket.try_acquire_up_to(9) == 0,
                "{quota}"
            );
            assert_eq!(
                bucket.peek(1).into_result(),
                Err(Error::CostAboveLimit { cost: 1, limit: 0 })
            );
        }
    }
}

/// Guava admits any first call at once and lets the next one pay (#7130).
#[test]
fn a_cost_above_the_burst_is_never_admitted() {
    let (bucket, clock) = bucket(Quota::per_second(5));
    for now in [0, SECOND, 5_000 * SECOND, u64::MAX] {
        at(&clock, now);
        assert!(!bucket.try_acquire_n(5_000) && !bucket.try_acquire_n(6));
        assert_eq!(
            bucket.reserve(5_000, Duration::MAX).unwrap_err(),
            Error::CostAboveLimit {
                cost: 5_000,
                limit: 5
            }
        );
    }
    assert!(bucket.try_acquire_n(5));
}

/// leaky-bucket once overflowed after a long idle time, and was full for ever (#30).
#[test]
fn idle_time_does_not_overflow() {
    for quota in [
        Quota::per_second(u32::MAX),
        Quota::per_second(1),
        quota(4, 1, 1 << 58),
        Quota::per_day(1),
    ] {
        let (bucket, clock) = bucket(quota);
        at(&clock, u64::MAX);
        assert_eq!(bucket.available(), quota.burst());
        assert!(bucket.try_acquire_n(quota.burst()));
        assert!(!bucket.try_acquire(), "{quota}");
    }
}

/// redis-cell keeps refusing for the old time when the rate is raised (#54), and Go's change of the rate counts idle time at the new rate.
#[test]
fn a_raised_rate_counts_from_now_on() {
    let (bucket, clock) = bucket(Quota::per_hour(1));
    assert!(bucket.try_acquire());
    at(&clock, 1_800 * SECOND);
    // Half a token is there.
    bucket.set_quota(Quota::per_second(1), Keep::Tokens);
    assert_eq!(bucket.peek(1).retry_after, Some(Duration::from_millis(500)));
    at(&clock, 1_800 * SECOND + SECOND / 2);
    assert!(bucket.try_acquire());
}

/// A counter of requests that a timer deletes a window later (W1) admits twice the limit around its edge, and everything from the second
/// window on.
#[test]
fn no_window_of_a_minute_sees_more_than_the_burst_and_the_rate() {
    let minute = 60 * SECOND;
    let (bucket, clock) = bucket(Quota::per_minute(100));
    let mut admitted = Vec::new();
    // Five minutes of 20 calls per second.
    for now in (0..5 * minute).step_by(50_000_000) {
        at(&clock, now);
        if bucket.try_acquire() {
            admitted.push(now);
        }
    }
    assert_eq!(admitted.len(), 100 + 5 * 100 - 1);
    for (first, now) in admitted.iter().enumerate() {
        let window = admitted[first..]
            .iter()
            .take_while(|then| **then - now <= minute)
            .count();
        assert!(window <= 200, "{window} within a minute of {now}");
    }
    // At the edge of a window nothing is forgotten: of a burst at its end, the next window still knows.
    let (bucket, clock) = crate::bucket(Quota::per_minute(100));
    at(&clock, minute - 1);
    assert!(bucket.try_acquire_n(100));
    at(&clock, minute + 1);
    assert!(!bucket.try_acquire());
    let refused = bucket.try_acquire_at(bucket.now(), 1);
    assert_eq!(
        refused.retry_after,
        Some(Duration::from_nanos(600_000_000 - 2))
    );
}

/// A filling that is rounded up once more at the time of a change would delay what is taken there by a step more than need be: two tokens
/// of seven per second are there again after 285 714 285.7 ns.
#[test]
fn a_change_of_the_quota_does_not_round_twice() {
    for charged in [false, true] {
        let (bucket, clock) = bucket(Quota::per_second(1));
        at(&clock, 2);
        bucket.set_quota(Quota::per_second(7), Keep::Proportion);
        if charged {
            bucket.charge(2);
        } else {
            assert!(bucket.try_acquire_n(2));
        }
        let wait = bucket.peek(0).reset_after;
        assert_eq!(wait, Some(Duration::from_nanos(285_714_286)), "{charged}");
    }
}

/// A refund that fills the bucket fills it now, and not at an older time too.
#[test]
fn a_refund_does_not_reach_back_in_time() {
    let (bucket, clock) = bucket(Quota::per_second(10));
    at(&clock, SECOND);
    assert!(bucket.try_acquire_n(10));
    bucket.refund(1_000);
    assert_eq!(bucket.available(), 10);
    at(&clock, 0);
    assert_eq!(bucket.available(), 0);
    // Nor does a refund at an older time take anything from a newer one.
    bucket.refund(1);
    bucket.refund(0);
    assert_eq!(bucket.available(), 1);
    at(&clock, SECOND);
    assert_eq!(bucket.available(), 10);
}
