//! What well-known limiters say, call by call: facts from their public tests, written anew in the words of this crate. Where this
//! crate answers otherwise, the row says what it is and why.

use std::time::Duration;

use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Error, Keep, Quota, RateLimiter, Reservation, TokenBucket};

use crate::{at, bucket, quota};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;

/// Rows of (time, cost, whether it is admitted), in units of time.
fn play(quota: Quota, unit: u64, rows: &[(u64, u64, bool)]) {
    let (bucket, clock) = bucket(quota);
    for (row, (time, cost, admitted)) in rows.iter().enumerate() {
        at(&clock, time * unit);
        assert_eq!(
            bucket.try_acquire_n(*cost),
            *admitted,
            "row {row}: {cost} at {time} of {quota}"
        );
    }
}

/// Go: `golang.org/x/time/rate`, rate_test.go, `TestLimiterBurst1` and `TestLimiterBurst3`, ten per second, in steps of 100 ms.
#[test]
fn go_counts_a_burst_of_one_and_of_three() {
    let tenth = 100 * MS;
    let one = [
        (0, 1, true),
        (0, 1, false),
        (0, 1, false),
        (1, 1, true),
        (1, 1, false),
        (1, 1, false),
        (2, 2, false),
        (2, 1, true),
        (2, 1, false),
    ];
    play(Quota::per_second(10).with_burst(1), tenth, &one);
    let three = [
        (0, 2, true),
        (0, 2, false),
        (0, 1, true),
        (0, 1, false),
        (1, 4, false),
        (2, 1, true),
        (3, 1, true),
        (4, 1, true),
        (4, 1, true),
        (4, 1, false),
        (4, 1, false),
        (9, 3, true),
        (9, 0, true),
    ];
    play(Quota::per_second(10).with_burst(3), tenth, &three);
}

/// Go: `TestLimiterJumpBackwards`. There the third call, at the older time, still finds the token that is there at the newer one. Here an
/// older time finds what was there then; from the fifth row on the answers are the same.
#[test]
fn go_jumps_backwards_and_finds_more() {
    let rows = [
        (1, 1, true),
        (0, 1, true),
        (0, 1, false),
        (0, 1, false),
        (1, 1, true),
        (1, 1, false),
        (1, 1, false),
        (2, 1, true),
        (2, 1, false),
        (2, 1, false),
    ];
    play(Quota::per_second(10).with_burst(3), 100 * MS, &rows);
}

/// Go: `TestZeroLimit`, and `TestLimiter_noTruncationErrors` (0.7692307692307693 per second is ten in thirteen seconds).
#[test]
fn go_admits_one_of_a_burst_without_rate_and_the_first_of_an_odd_rate() {
    play(
        quota(0, SECOND, 1),
        1,
        &[(0, 1, true), (0, 1, false), (u64::MAX, 1, false)],
    );
    play(
        quota(10, 13 * SECOND, 1),
        1,
        &[
            (0, 1, true),
            (1_299_999_999, 1, false),
            (1_300_000_000, 1, true),
        ],
    );
}

/// Go: `TestSimultaneousRequests`: fifteen at once for a burst of five.
#[test]
fn go_admits_five_of_fifteen_at_once() {
    let (bucket, _) = bucket(Quota::per_second(1).with_burst(5));
    let admitted = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..15)
            .map(|_| scope.spawn(|| bucket.try_acquire()))
            .collect();
        threads
            .into_iter()
            .filter(|_| true)
            .map(|thread| u32::from(thread.join().unwrap()))
            .sum::<u32>()
    });
    assert_eq!(admitted, 5);
}

/// Go: `TestLongRunningQPS`: 500 calls per second at 100 per second get the ideal, less a thousandth, and one more at most.
#[test]
fn go_runs_long_at_its_rate() {
    let (bucket, clock) = bucket(Quota::per_second(100));
    let admitted = (0..2_500_u64).filter(|call| {
        at(&clock, call * 2 * MS);
        bucket.try_acquire()
    });
    let admitted = admitted.count();
    let ideal = 100 + 100 * 2_499 * 2 / 1_000;
    assert!(
        admitted <= ideal + 1 && admitted * 1_000 >= ideal * 999,
        "{admitted} of {ideal}"
    );
    // Here exactly, since no clock and no thread is in the way.
    assert_eq!(admitted, ideal);
}

struct Reserving {
    bucket: TokenBucket<ManualClock>,
    clock: ManualClock,
}

const TENTH: u64 = 100 * MS;

impl Reserving {
    fn new(quota: Quota) -> Self {
        let (bucket, clock) = bucket(quota);
        Self { bucket, clock }
    }

    /// Reserves at a time and insists on when it is ready, in tenths of a second.
    fn takes(&self, now: u64, cost: u64, ready: u64) -> Reservation<'_, ManualClock> {
        at(&self.clock, now * TENTH);
        let reservation = self.bucket.reserve(cost, Duration::MAX).unwrap();
        assert_eq!(
            reservation.ready_at(),
            Tick::from_nanos(ready * TENTH),
            "{cost} at {now}"
        );
        reservation
    }

    fn uses(&self, now: u64, cost: u64, ready: u64) {
        self.takes(now, cost, ready).commit();
    }
}

/// Go: `TestSimpleReserve`, `TestMix`, `TestReserveMax`.
#[test]
fn go_reserves() {
    let go = Reserving::new(Quota::per_second(10).with_burst(2));
    go.uses(0, 2, 0);
    go.uses(0, 2, 2);
    go.uses(3, 2, 4);

    let go = Reserving::new(Quota::per_second(10).with_burst(2));
    assert_eq!(
        go.bucket.reserve(3, Duration::MAX).unwrap_err(),
        Error::CostAboveLimit { cost: 3, limit: 2 }
    );
    go.uses(0, 2, 0);
    at(&go.clock, TENTH);
    assert!(!go.bucket.try_acquire_n(2));
    go.uses(1, 2, 2);
    assert!(!go.bucket.try_acquire_n(1));
    at(&go.clock, 3 * TENTH);
    assert!(go.bucket.try_acquire_n(1));

    let go = Reserving::new(Quota::per_second(10).with_burst(2));
    let wait = Duration::from_nanos(TENTH);
    go.bucket.reserve(2, wait).unwrap().commit();
    go.bucket.reserve(1, wait).unwrap().commit();
    assert_eq!(
        go.bucket.reserve(1, wait).unwrap_err(),
        Error::Limited {
            retry_after: Some(Duration::from_nanos(2 * TENTH))
        }
    );
}

/// Go: `TestCancelLast`, `TestCancelTooLate`, `TestCancel0Tokens`, `TestCancel1Token`, `TestCancelMulti`. Go gives back what no later
/// reservation rests on, and nothing after the time has come. Here the newest comes back whole, whenever it is cancelled, since who cancels
/// has not used it; all others are lost, and counted.
#[test]
fn go_cancels() {
    let two = || {
        let go = Reserving::new(Quota::per_second(10).with_burst(2));
        go.uses(0, 2, 0);
        go
    };
    let last = two();
    let reservation = last.takes(0, 2, 2);
    at(&last.clock, TENTH);
    assert!(reservation.cancel());
    last.uses(1, 2, 2);

    let late = two();
    let reservation = late.takes(0, 2, 2);
    at(&late.clock, 3 * TENTH);
    assert!(reservation.cancel());
    // Go: at 4.
    late.uses(3, 2, 3);

    let nothing = two();
    let reservation = nothing.takes(0, 1, 1);
    nothing.uses(0, 1, 2);
    assert!(!reservation.cancel());
    nothing.uses(0, 1, 3);
    assert_eq!(nothing.bucket.stats().lost, 1);

    let one = two();
    let reservation = one.takes(0, 2, 2);
    one.uses(0, 1, 3);
    at(&one.clock, 2 * TENTH);
    assert!(!reservation.cancel());
    // Go: at 4, with one token back.
    one.uses(2, 2, 5);

    let several = Reserving::new(Quota::per_second(10).with_burst(4));
    several.uses(0, 4, 0);
    let a = several.takes(0, 3, 3);
    several.uses(0, 1, 4);
    let c = several.takes(0, 1, 5);
    at(&several.clock, TENTH);
    assert!(c.cancel());
    assert!(!a.cancel());
    // Go: at 5, with two tokens back.
    several.uses(1, 3, 7);
    assert_eq!(several.bucket.stats().lost, 3);
}

/// Go: `TestReserveJumpBack`, `TestReserveSetLimit`, `TestReserveSetBurst`. Go's own comments say of some of these answers that they violate
/// limit and burst. Here they don't.
#[test]
fn go_jumps_back_and_changes_its_limits() {
    let go = Reserving::new(Quota::per_second(10).with_burst(2));
    go.uses(1, 2, 1);
    // Go: at 1 and at 3, so five tokens within two tenths of a second.
    go.uses(0, 1, 2);
    go.uses(2, 2, 4);

    let go = Reserving::new(Quota::per_second(5).with_burst(2));
    go.uses(0, 2, 0);
    go.uses(0, 2, 4);
    at(&go.clock, 2 * TENTH);
    go.bucket
        .set_quota(Quota::per_second(10).with_burst(2), Keep::Tokens);
    go.uses(2, 1, 4);

    let go = Reserving::new(Quota::per_second(5).with_burst(2));
    go.uses(0, 2, 0);
    go.uses(0, 2, 4);
    at(&go.clock, 3 * TENTH);
    go.bucket
        .set_quota(Quota::per_second(5).with_burst(4), Keep::Tokens);
    // Go: at 9. Half a token is owed and four are wanted, at five per second.
    go.uses(3, 4, 12);
}

/// Bucket4j: BucketStateSpecification, "delayAfterWillBePossibleToConsume", one limit: (tokens, period, burst, initial, cost, wait).
/// What is above the burst has a time there, and none here.
#[test]
fn bucket4j_says_when_it_will_be_possible() {
    let rows = [
        (10, 100, 10, 0, 10, Some(100)),
        (2, 100, 10, 0, 10, Some(500)),
        (10, 100, 10, 4, 7, Some(30)),
        (10, 100, 10, 4, 11, None),
    ];
    for (tokens, period, burst, initial, cost, wait) in rows {
        let (bucket, _) = bucket(quota(tokens, period, burst).with_initial(initial));
        assert_eq!(
            bucket.peek(cost).retry_after,
            wait.map(Duration::from_nanos),
            "{cost} of {initial}"
        );
    }
}

/// Bucket4j: the same, "Specification for refill simple bandwidth": (initial, capacity, period, begin, time, tokens then). In the third row
/// time goes back: there nothing happens, here it is one token less, as then.
#[test]
fn bucket4j_refills() {
    let rows = [
        (0, 1_000, 1_000, 10_000, 10_040, 40),
        (50, 1_000, 1_000, 10_000, 10_001, 51),
        (55, 1_000, 1_000, 10_000, 9_999, 54),
        (200, 1_000, 1_000, 10_000, 20_000, 1_000),
        (0, 100, 1_000, 10_000, 10_003, 0),
        (90, 100, 1_000, 10_000, 10_017, 91),
        (0, 100, 1_000, 10_000, 28_888, 100),
    ];
    for (initial, capacity, period, begin, then, tokens) in rows {
        let clock = ManualClock::starting_at(Tick::from_nanos(begin));
        let bucket = TokenBucket::with_clock(
            quota(capacity, period, capacity).with_initial(initial),
            clock.clone(),
        );
        assert_eq!(bucket.available(), initial);
        at(&clock, then);
        assert_eq!(
            bucket.available(),
            tokens,
            "{initial} of {capacity} from {begin} to {then}"
        );
    }
}

/// Bucket4j: the same, "addTokens" and "calculateFullRefillingTime".
#[test]
fn bucket4j_adds_tokens_and_says_when_it_is_full() {
    let added = [
        (10, 100, 0, 10, 10),
        (10, 100, 10, 1, 10),
        (10, 100, 5, 6, 10),
        (1, SECOND, 1, 4, 5),
    ];
    for (tokens, period, initial, more, then) in added {
        let (bucket, _) = bucket(quota(tokens, period, 10).with_initial(initial));
        bucket.refund(more);
        assert_eq!(bucket.available(), then, "{initial} and {more}");
    }
    let full = [(10, 1, 0, 90), (2, 0, 23, 1_650), (10, 4, 0, 60)];
    for (tokens, initial, taken, time) in full {
        let (bucket, _) = bucket(quota(tokens, 100, 10).with_initial(initial));
        bucket.charge(taken);
        assert_eq!(bucket.peek(0).reset_after, Some(Duration::from_nanos(time)));
    }
}

/// Guava: RateLimiterTest, `testSimple`, `testSimpleWithWait`, `testOneSecondBurst`, at five per second. Guava saves a second's worth and lends
/// one call more; here the burst is all there is.
#[test]
fn guava_spaces_calls() {
    let guava = Reserving::new(Quota::per_second(5).with_burst(1));
    guava.uses(0, 1, 0);
    guava.uses(0, 1, 2);
    guava.uses(2, 1, 4);

    let guava = Reserving::new(Quota::per_second(5).with_burst(1));
    guava.uses(0, 1, 0);
    guava.uses(2, 1, 2);
    guava.uses(2, 1, 4);

    let guava = Reserving::new(Quota::per_second(5));
    guava.uses(20, 1, 20);
    guava.uses(20, 1, 20);
    guava.uses(20, 3, 20);
    // Guava: at 20, and the next one at 22.
    guava.uses(20, 1, 22);
}

/// Guava: `testTryAcquire_noWaitAllowed`, `testTryAcquire_someWaitAllowed`, `testDoubleMinValueCanAcquireExactlyOnce`.
#[test]
fn guava_waits_as_long_as_it_may() {
    let (bucket, clock) = bucket(Quota::per_second(5).with_burst(1));
    let may = |ms| {
        bucket
            .reserve(1, Duration::from_millis(ms))
            .map(Reservation::commit)
            .is_ok()
    };
    assert!(may(0) && !may(0) && !may(0));
    at(&clock, 100 * MS);
    assert!(!may(0));
    assert!(may(200));
    at(&clock, 200 * MS);
    assert!(!may(100));
    at(&clock, 300 * MS);
    assert!(may(100));

    let rarest = Quota::new(1, Quota::MAX_PERIOD, 1).unwrap();
    play(
        rarest,
        MS,
        &[(0, 1, true), (0, 1, false), (2_147_483_647, 1, false)],
    );
}

/// governor: tests/direct.rs, `rejects_too_many`, `does_not_allow_one_extra_cell_after_longer_interval`, `never_allows_more_than_capacity_all`.
#[test]
fn governor_rejects_too_many() {
    play(
        Quota::per_second(2),
        MS,
        &[
            (0, 1, true),
            (1, 1, true),
            (2, 1, false),
            (1002, 1, true),
            (1003, 1, true),
            (1004, 1, false),
        ],
    );
    let five = |now| [(now, 1, true); 5].into_iter().chain([(now, 1, false)]);
    play(
        Quota::per_second(5),
        MS,
        &five(0).chain(five(2000)).collect::<Vec<_>>(),
    );
    play(
        Quota::per_second(4),
        MS,
        &[
            (0, 2, true),
            (0, 2, true),
            (1, 2, false),
            (1001, 2, true),
            (1002, 2, true),
            (1003, 2, false),
        ],
    );
}

/// governor: the same, `all_capacity_check_rejects_excess`, `consume_n_borrow_from_future`, `accepts_cells_check_n_only`.
#[test]
fn governor_tells_excess_apart_and_borrows() {
    let (five, _) = bucket(Quota::per_second(5));
    for cost in [15, 7, 6] {
        assert_eq!(
            five.decide(cost).into_result(),
            Err(Error::CostAboveLimit { cost, limit: 5 })
        );
    }
    assert!(five.decide(5).allowed);

    let (two, clock) = bucket(Quota::per_second(2));
    assert!(two.peek(2).allowed && two.peek(2).allowed);
    two.charge(2);
    assert!(!two.peek(2).allowed);
    two.charge(2);
    at(&clock, SECOND);
    assert!(!two.peek(2).allowed);
    at(&clock, 2 * SECOND);
    assert!(two.peek(2).allowed);
}

/// governor: the same, `correct_wait_time`: whoever waits as long as told is admitted.
#[test]
fn governor_tells_the_time_to_wait() {
    let (bucket, clock) = bucket(Quota::per_second(5));
    for _ in 0..20 {
        let mut now = bucket.now().saturating_add(Duration::from_millis(1));
        let decision = bucket.try_acquire_at(now, 1);
        if !decision.allowed {
            now = now.saturating_add(decision.retry_after.unwrap());
            assert!(bucket.try_acquire_at(now, 1).allowed);
        }
        clock.set(now);
    }
    assert_eq!(bucket.stats().allowed, 20);
}

/// nginx: ngx_http_limit_req_module as its mailing list explains it (nginx-devel, February 2011; nginx, December 2017): ten per second without
/// a burst is one each 100 ms. Its `burst=5 nodelay` admits five more at once: here that is a burst of six.
#[test]
fn nginx_admits_one_per_interval_and_a_burst_beyond() {
    play(
        Quota::per_second(10).with_burst(1),
        MS,
        &[
            (0, 1, true),
            (0, 1, false),
            (10, 1, false),
            (99, 1, false),
            (100, 1, true),
        ],
    );
    let six = [(0, 1, true); 6].into_iter().chain([
        (0, 1, false),
        (99, 1, false),
        (100, 1, true),
        (100, 1, false),
    ]);
    play(
        Quota::per_second(10).with_burst(6),
        MS,
        &six.collect::<Vec<_>>(),
    );
}
