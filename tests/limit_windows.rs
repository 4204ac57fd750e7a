//! The limiters behind a lock and the one with leases, against naive models, their laws, and the mistakes they must not make.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::time::Duration;

use proptest::prelude::*;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{
    All, Decision, Error, FixedWindow, Leased, Quota, RateLimiter, Shadow, SlidingLog,
    SlidingWindow, TokenBucket,
};

#[path = "support/model/windows.rs"]
#[expect(
    clippy::indexing_slicing,
    reason = "a model that goes astray should panic"
)]
mod model;

use model::{Admissions, Model, assert_bound};

const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

const fn at(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

/// One limit, as it is written in a test.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Bucket {
        tokens: u64,
        period: u64,
        burst: u64,
    },
    Log(u64, u64),
    Counter(u64, u64),
    Fixed(u64, u64),
}

impl Limit {
    fn model(self) -> Model {
        match self {
            Self::Bucket {
                tokens,
                period,
                burst,
            } => Model::bucket(tokens, period, burst),
            Self::Log(limit, window) => Model::log(limit, window),
            Self::Counter(limit, window) => Model::counter(limit, window),
            Self::Fixed(limit, window) => Model::fixed(limit, window),
        }
    }

    fn limiter(self, clock: ManualClock) -> Box<dyn RateLimiter> {
        match self {
            Self::Bucket { .. } => Box::new(all_of(&[self], clock)),
            Self::Log(limit, window) => {
                Box::new(SlidingLog::with_clock(limit, ns(window), clock).unwrap())
            }
            Self::Counter(limit, window) => {
                Box::new(SlidingWindow::with_clock(limit, ns(window), clock).unwrap())
            }
            Self::Fixed(limit, window) => {
                Box::new(FixedWindow::with_clock(limit, ns(window), clock).unwrap())
            }
        }
    }
}

fn all_of(limits: &[Limit], clock: ManualClock) -> All<ManualClock> {
    let mut builder = All::builder();
    for limit in limits {
        builder = match *limit {
            Limit::Bucket {
                tokens,
                period,
                burst,
            } => builder.quota(Quota::new(tokens, ns(period), burst).unwrap()),
            Limit::Log(limit, window) => builder.sliding_log(limit, ns(window)),
            Limit::Counter(limit, window) => builder.sliding_window(limit, ns(window)),
            Limit::Fixed(limit, window) => builder.fixed_window(limit, ns(window)),
        };
    }
    builder.clock(clock).build().unwrap()
}

fn limit() -> impl Strategy<Value = Limit> {
    let window = || prop_oneof![Just(1_u64), 2_u64..40, Just(1_000)];
    prop_oneof![
        // Faster ones are rounded, by less than a part of a token.
        (0_u64..5, 1_u64..40, 0_u64..8).prop_map(|(tokens, period, burst)| Limit::Bucket {
            tokens,
            period,
            burst
        }),
        (0_u64..8, window()).prop_map(|(limit, window)| Limit::Log(limit, window)),
        (0_u64..8, window()).prop_map(|(limit, window)| Limit::Counter(limit, window)),
        (0_u64..8, window()).prop_map(|(limit, window)| Limit::Fixed(limit, window)),
    ]
}

/// Steps of time, some of them back, and costs.
fn script() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let step = prop_oneof![
        4 => Just(0_i64),
        6 => 1_i64..12,
        2 => 12_i64..90,
        1 => Just(5_000),
        2 => -30_i64..0,
    ];
    let cost = prop_oneof![6 => Just(1_u64), 3 => 0_u64..5, 1 => 5_u64..12, 1 => Just(u64::MAX)];
    prop::collection::vec((step, cost), 1..80)
}

/// Where a clock may stand: windows are aligned to its origin, and it has an end.
fn start() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0_u64),
        3 => 1_u64..10_000,
        1 => Just(u64::MAX - 200),
    ]
}

/// What there is to see of a limiter at `now`.
fn seen(limiter: &dyn RateLimiter, now: u64) -> Vec<Decision> {
    let times = [0, 1, 3, 17, 1_000].map(|after| at(now.saturating_add(after)));
    let costs = [0, 1, 2, 3, 9];
    times
        .iter()
        .flat_map(|time| costs.map(|cost| limiter.peek_at(*time, cost)))
        .chain([limiter.peek_at(at(now.saturating_sub(20)), 1)])
        .collect()
}

/// `retry_after` of a refusal: refused until 1 ns before, admitted then. Never only if it is not admitted at the clock's end.
fn assert_tight(limiter: &dyn RateLimiter, now: u64, refused: &Decision, last: u64) {
    let admitted = |time: u64| limiter.peek_at(at(time), refused.cost).allowed;
    match refused.retry_after {
        Some(after) => {
            let ready = now + u64::try_from(after.as_nanos()).unwrap();
            assert!(admitted(ready), "refused at {ready}: {refused:?}");
            assert!(!admitted(ready - 1), "admitted before {ready}: {refused:?}");
        }
        None => assert!(!admitted(last), "it was said never: {refused:?}"),
    }
}

/// Goes through a script and compares all that is said with the model; returns what was admitted, at the times given.
fn conform(
    limiter: &dyn RateLimiter,
    clock: &ManualClock,
    mut model: Model,
    start: u64,
    script: &[(i64, u64)],
) -> Admissions {
    let mut now = start;
    let mut admitted = Vec::new();
    for (index, (step, cost)) in script.iter().enumerate() {
        now = now.saturating_add_signed(*step);
        clock.set(at(now));
        let before = seen(limiter, now);
        let expected = limiter.peek(*cost);
        assert_eq!(before, seen(limiter, now), "a peek changed something");
        assert_eq!(
            expected.allowed,
            model.admits(now, *cost),
            "at {now}: {expected:?} {model:?}"
        );
        // By turns in all ways that one can ask.
        let allowed = match index % 3 {
            0 => limiter.try_acquire_n(*cost),
            1 => {
                let decision = limiter.decide(*cost);
                assert_eq!(decision, expected, "a peek said something else");
                decision.allowed
            }
            _ => limiter.try_acquire_at(at(now), *cost).allowed,
        };
        assert_eq!(allowed, expected.allowed);
        if !allowed || *cost == 0 {
            assert_eq!(before, seen(limiter, now), "nothing was taken");
        }
        if allowed {
            assert_eq!(expected.retry_after, Some(Duration::ZERO));
            model.take(now, *cost);
            if *cost > 0 {
                admitted.push((i128::from(now), i128::from(*cost)));
            }
        } else {
            assert_tight(limiter, now, &expected, u64::MAX);
            let never = matches!(expected.into_result(), Err(Error::CostAboveLimit { .. }));
            assert_eq!(never, *cost > expected.limit);
        }
        for after in [1, 2, 3, 8, 20, 39, 999, 1_000] {
            let then = now.saturating_add(after);
            for cost in [1, model.limit()] {
                let said = limiter.peek_at(at(then), cost).allowed;
                assert_eq!(
                    said,
                    model.admits(then, cost),
                    "{cost} at {then}: {model:?}"
                );
            }
        }
        // Several limits tell the numbers of the one with the least left, which another may be then.
        if !matches!(model, Model::Together(_)) {
            assert_eq!(expected.remaining, limiter.peek(0).remaining);
            assert_full(limiter, now);
        }
    }
    admitted
}

/// `reset_after`: everything is there then, and not 1 ns before.
fn assert_full(limiter: &dyn RateLimiter, now: u64) {
    let seen = limiter.peek_at(at(now), 0);
    let all_is_there = |time: u64| {
        let then = limiter.peek_at(at(time), 0);
        then.remaining == then.limit && then.reset_after == Some(Duration::ZERO)
    };
    match seen.reset_after {
        Some(Duration::ZERO) => assert_eq!(seen.remaining, seen.limit, "{seen:?}"),
        Some(after) => {
            let full = now + u64::try_from(after.as_nanos()).unwrap();
            assert!(!all_is_there(full - 1) && all_is_there(full), "{seen:?}");
        }
        None => assert!(!all_is_there(u64::MAX), "{seen:?}"),
    }
}

proptest! {
    #[test]
    fn a_limit_agrees_with_its_definition(limit in limit(), start in start(), script in script()) {
        // The axis of a bucket ends after a century.
        let start = if matches!(limit, Limit::Bucket { .. }) { start.min(10_000) } else { start };
        let clock = ManualClock::starting_at(at(start));
        let limiter = limit.limiter(clock.clone());
        let mut model = limit.model();
        // What is left, asked of the model before each step.
        prop_assert_eq!(limiter.peek(0).remaining, model.remaining(start));
        let admitted = conform(&*limiter, &clock, model.clone(), start, &script);
        for (now, cost) in &admitted {
            model.take(*now as u64, *cost as u64);
        }
        let now = clock_time(&clock);
        prop_assert_eq!(limiter.peek(0).remaining, model.remaining(now));
        match model {
            // At the times given, in whatever order.
            Model::Bucket { tokens, period, burst, .. } => {
                assert_bound(&admitted, |length| burst * period + tokens * length, period);
            }
            Model::Log { limit, window, all } => {
                assert_bound(&all, |length| if length < window { limit } else { i128::MAX }, 1);
            }
            Model::Counter { limit, window, all } => {
                assert_bound(&all, |length| limit * (window + length), window);
                assert_bound(&all, |length| if length < window { (2 * limit - 1).max(0) } else { i128::MAX }, 1);
            }
            Model::Fixed { limit, window, all } => {
                let aligned = all.iter().map(|(at, cost)| (at / window, *cost)).collect();
                assert_bound(&aligned, |length| limit * (length + 1), 1);
            }
            Model::Together(_) => unreachable!("one limit"),
        }
    }

    #[test]
    fn several_limits_agree_with_all_of_their_definitions(limits in prop::collection::vec(limit(), 1..5), script in script()) {
        let clock = ManualClock::new();
        let limiter = all_of(&limits, clock.clone());
        let models: Vec<Model> = limits.iter().map(|limit| limit.model()).collect();
        let mut model = Model::Together(models);
        let admitted = conform(&limiter, &clock, model.clone(), 0, &script);
        for (now, cost) in &admitted {
            model.take(*now as u64, *cost as u64);
        }
        // Each of them sees the same admissions.
        let now = clock_time(&clock);
        let Model::Together(models) = model else { unreachable!() };
        let each: Vec<Decision> = limiter.peek_each(1).collect();
        for (index, (one, model)) in each.iter().zip(&models).enumerate() {
            prop_assert_eq!((one.limiting, one.allowed), (index, model.admits(now, 1)));
            let left = model.remaining(now);
            prop_assert_eq!(one.remaining, if one.allowed { left - 1 } else { left });
        }
        let whole = limiter.peek(1);
        prop_assert_eq!(whole, each[whole.limiting]);
        prop_assert_eq!(whole.allowed, each.iter().all(|one| one.allowed));
        let longest = |one: &Decision| one.retry_after.unwrap_or(Duration::MAX);
        if whole.allowed {
            prop_assert_eq!(whole.remaining, each.iter().map(|one| one.remaining).min().unwrap());
        } else {
            prop_assert_eq!(longest(&whole), each.iter().map(longest).max().unwrap());
        }
    }

    /// A bucket among several limits is the bucket that stands alone.
    #[test]
    fn a_bucket_in_all_says_what_a_token_bucket_says(tokens in 0_u64..1_000_000, period in 1_000_000_u64..10_000_000, burst in 0_u64..100_000, initial in any::<u64>(), script in script()) {
        let quota = Quota::new(tokens, ns(period), burst);
        let quota = quota.unwrap().with_initial(initial);
        let clock = ManualClock::starting_at(at(12_345));
        let alone = TokenBucket::with_clock(quota, clock.clone());
        let one_of_one = All::with_clock([quota], clock.clone()).unwrap();
        // Decisions of slow leases too.
        let leased = (burst < 256).then(|| Leased::with_clock(quota, clock.clone()));
        let mut now = 12_345_u64;
        for (step, cost) in script {
            now = now.saturating_add_signed(step);
            let expected = alone.try_acquire_at(at(now), cost);
            prop_assert_eq!(one_of_one.try_acquire_at(at(now), cost), expected);
            if let Some(leased) = &leased {
                prop_assert_eq!(leased.try_acquire_at(at(now), cost), expected);
            }
        }
    }
}

fn clock_time(clock: &ManualClock) -> u64 {
    use tenfold::clock::Clock;
    clock.now().as_nanos()
}

/// All kinds, each about `limit` per `window`.
fn kinds(limit: u32, window: Duration, clock: &ManualClock) -> [Box<dyn RateLimiter>; 4] {
    let quota = Quota::new(limit.into(), window, limit.into()).unwrap();
    let limit = u64::from(limit);
    [
        Box::new(TokenBucket::with_clock(quota, clock.clone())),
        Box::new(SlidingWindow::with_clock(limit, window, clock.clone()).unwrap()),
        Box::new(SlidingLog::with_clock(limit, window, clock.clone()).unwrap()),
        Box::new(FixedWindow::with_clock(limit, window, clock.clone()).unwrap()),
    ]
}

const SECOND: u64 = 1_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);

/// W1: a counter whose window was fixed in the code, and whose timers, one per admission, wiped the counts of the next minute.
#[test]
fn the_second_minute_is_limited_as_the_first_one_and_all_after() {
    let clock = ManualClock::new();
    for limiter in kinds(100, MINUTE, &clock) {
        let mut per_minute = [0; 10];
        for second in 0..600 {
            clock.set(at(second * SECOND));
            for _ in 0..10 {
                per_minute[second as usize / 60] += u32::from(limiter.try_acquire());
            }
        }
        // The first minute of a bucket sees its burst and its rate.
        assert!(per_minute[0] <= 200, "{limiter:?}: {per_minute:?}");
        for minute in &per_minute[1..] {
            assert!((98..=100).contains(minute), "{limiter:?}: {per_minute:?}");
        }
    }
}

/// W1: the window that one asks for is the window that one gets.
#[test]
fn a_window_has_the_length_that_was_asked_for() {
    for seconds in [1, 7, 3_600] {
        let clock = ManualClock::new();
        let window = Duration::from_secs(seconds);
        for limiter in kinds(5, window, &clock) {
            clock.set(Tick::ZERO);
            assert!(limiter.try_acquire_n(5) && !limiter.try_acquire());
            // All is there again after one window, or after two if what was taken is weighed.
            clock.set(at(2 * seconds * SECOND - 1));
            assert!(limiter.peek(4).allowed, "{limiter:?}");
            clock.set(at(2 * seconds * SECOND));
            assert!(limiter.peek(5).allowed, "{limiter:?}");
            assert_eq!(limiter.peek(0).window, window);
        }
    }
}

/// Admissions around an edge of aligned minutes, at most 2 s apart.
fn around_the_edge(limiter: &dyn RateLimiter, clock: &ManualClock) -> u32 {
    let mut admitted = 0;
    for second in [59, 60] {
        clock.set(at(second * SECOND));
        admitted += (0..500)
            .map(|_| u32::from(limiter.try_acquire()))
            .sum::<u32>();
    }
    admitted
}

#[test]
fn only_a_fixed_window_sees_twice_the_limit_around_its_edge() {
    let clock = ManualClock::new();
    let admitted = kinds(100, MINUTE, &clock).map(|limiter| around_the_edge(&*limiter, &clock));
    // The bucket gets one token and two thirds in the second.
    assert_eq!(admitted, [101, 100, 100, 200]);
}

#[test]
fn two_admissions_one_window_apart_are_not_in_one_window() {
    let clock = ManualClock::new();
    let limiter = SlidingLog::with_clock(1, MINUTE, clock.clone()).unwrap();
    clock.set(at(30 * SECOND));
    assert!(limiter.try_acquire());
    clock.set(at(90 * SECOND - 1));
    assert!(!limiter.try_acquire());
    clock.set(at(90 * SECOND));
    assert!(limiter.try_acquire());
}

#[test]
fn what_one_limit_refuses_is_taken_from_none() {
    let clock = ManualClock::new();
    for limits in [
        [Limit::Log(10, 100), Limit::Fixed(5, 1_000)],
        [Limit::Fixed(5, 1_000), Limit::Log(10, 100)],
    ] {
        let limiter = all_of(&limits, clock.clone());
        let strict = limits
            .iter()
            .position(|limit| matches!(limit, Limit::Fixed(..)));
        for _ in 0..20 {
            assert!(!limiter.try_acquire_n(6));
            let refused = limiter.decide(6);
            assert!(!refused.allowed);
            assert_eq!(Some(refused.limiting), strict);
            assert!(matches!(
                refused.into_result(),
                Err(Error::CostAboveLimit { cost: 6, limit: 5 })
            ));
        }
        assert!(limiter.peek_each(0).all(|one| one.remaining == one.limit));
        assert_eq!(limiter.stats().refused, 40);
    }
}

#[test]
fn a_refusal_names_the_limit_that_refuses_for_longest() {
    let clock = ManualClock::new();
    let quotas = [
        Quota::per_second(10),
        Quota::per_minute(60),
        Quota::per_hour(1_000),
    ];
    let limiter = All::with_clock(quotas, clock.clone()).unwrap();
    let mut limited = [0; 3];
    // Ten calls per 100 ms for ten minutes.
    for round in 0..6_000 {
        clock.set(at(round * SECOND / 10));
        for _ in 0..10 {
            let decision = limiter.decide(1);
            if !decision.allowed {
                limited[decision.limiting] += 1;
                let after = decision.retry_after.unwrap();
                assert!(
                    limiter
                        .peek_at(at(round * SECOND / 10).saturating_add(after), 1)
                        .allowed
                );
            }
        }
    }
    let stats = limiter.stats();
    // The minute's burst and its rate.
    assert_eq!(stats.allowed, 60 + 600 - 1);
    assert_eq!(stats.allowed + stats.refused, 60_000);
    assert!(
        limited[0] > 0 && limited[1] > limited[0] && limited[2] == 0,
        "{limited:?}"
    );
}

#[test]
fn extremes_neither_overflow_nor_panic() {
    let windows = [1, 2, 59, SECOND, i64::MAX as u64];
    let limits = [0, 1, 2, 1 << 20, u64::MAX - 1, u64::MAX];
    let times = [0, 1, SECOND, i64::MAX as u64, u64::MAX - 1, u64::MAX, 7];
    let costs = [0, 1, 2, 1 << 20, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for window in windows {
        for limit in limits {
            let mut kinds = vec![Limit::Counter(limit, window), Limit::Fixed(limit, window)];
            if limit <= 1 << 20 {
                kinds.push(Limit::Log(limit, window));
            }
            for kind in kinds {
                let limiter = kind.limiter(ManualClock::new());
                for time in times {
                    for cost in costs {
                        let expected = limiter.peek_at(at(time), cost);
                        let decision = limiter.try_acquire_at(at(time), cost);
                        assert_eq!(decision, expected);
                        assert!(decision.remaining <= limit);
                        assert!(!decision.allowed || cost <= limit);
                        assert!(decision.allowed || cost > 0);
                        if !decision.allowed {
                            assert_tight(&*limiter, time, &decision, u64::MAX);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_limit_of_zero_admits_nothing_but_what_is_free() {
    let clock = ManualClock::new();
    for limiter in kinds(0, MINUTE, &clock) {
        for hours in [0, 1, 24] {
            clock.set(at(hours * 3_600 * SECOND));
            assert!(!limiter.try_acquire(), "{limiter:?}");
            assert_eq!(limiter.peek(1).retry_after, None);
            assert!(limiter.try_acquire_n(0));
        }
    }
}

#[test]
fn what_cannot_be_is_refused_by_its_constructor() {
    let clock = ManualClock::new();
    let too_long = Quota::MAX_PERIOD + ns(1);
    for window in [Duration::ZERO, too_long, Duration::MAX] {
        assert_eq!(SlidingWindow::new(1, window).unwrap_err(), Error::BadWindow);
        assert_eq!(SlidingLog::new(1, window).unwrap_err(), Error::BadWindow);
        assert_eq!(FixedWindow::new(1, window).unwrap_err(), Error::BadWindow);
        let all = All::builder().quota(Quota::BLOCKED).fixed_window(1, window);
        assert_eq!(all.build().unwrap_err(), Error::BadWindow);
    }
    assert!(SlidingWindow::with_clock(1, Quota::MAX_PERIOD, clock).is_ok());
    let too_long = Error::LogTooLong {
        limit: (1 << 20) + 1,
        largest: 1 << 20,
    };
    assert_eq!(
        SlidingLog::new((1 << 20) + 1, MINUTE).unwrap_err(),
        too_long
    );
    assert!(SlidingLog::new(1 << 20, MINUTE).is_ok());
    for count in [0, 17] {
        let quotas = std::iter::repeat_n(Quota::per_second(1), count);
        assert_eq!(All::new(quotas).unwrap_err(), Error::BadCount { most: 16 });
    }
    assert!(All::new([Quota::per_second(1); 16]).is_ok());
    let endless = std::iter::repeat(Quota::per_second(1));
    assert_eq!(All::new(endless).unwrap_err(), Error::BadCount { most: 16 });
    assert!(size_of::<Error>() <= 24);
}

/// A timestamp that was ahead by a minute: after that minute everything is as it would have been.
#[test]
fn a_clock_that_was_ahead_denies_for_as_long_as_it_was_ahead() {
    let clock = ManualClock::new();
    let ahead = at(60 * SECOND);
    for limiter in kinds(10, Duration::from_secs(10), &clock) {
        assert!(limiter.try_acquire_at(ahead, 1).allowed);
        let mut admitted = 0;
        for second in 0..60 {
            admitted += (0..20)
                .filter(|_| limiter.try_acquire_at(at(second * SECOND), 1).allowed)
                .count();
        }
        assert!(admitted <= 9, "{admitted} by {limiter:?}");
        // Two windows later nothing is left of it.
        clock.set(at(80 * SECOND));
        assert!(limiter.try_acquire_n(10), "{limiter:?}");
    }
}

#[test]
fn a_shadow_allows_everything_and_says_what_it_would_have_done() {
    let clock = ManualClock::new();
    let limiter = Shadow::new(SlidingLog::with_clock(3, MINUTE, clock.clone()).unwrap());
    let plain = SlidingLog::with_clock(3, MINUTE, clock.clone()).unwrap();
    for cost in [1, 1, 2, 1, 1, 5] {
        let peeked = limiter.peek(cost);
        let (shadow, real) = (limiter.decide(cost), plain.decide(cost));
        let mut expected = real;
        expected.allowed = true;
        assert_eq!(shadow, expected);
        assert_eq!(peeked, shadow);
        let would_refuse = Shadow::<SlidingLog<ManualClock>>::would_refuse(&shadow);
        assert_eq!(would_refuse, !real.allowed);
    }
    assert!(RateLimiter::try_acquire(&limiter) && limiter.try_acquire_n(9));
    let stats = limiter.stats();
    assert_eq!((stats.calls, stats.would_refuse), (8, 5));
    assert!((stats.would_refuse_ratio() - 0.625).abs() < 1e-9);
    assert_eq!(limiter.inner().stats().allowed, 3);
    assert!(!limiter.into_inner().try_acquire());
}

/// Many threads at a clock that stands still.
fn admitted_by_threads(limiter: &(impl RateLimiter + ?Sized), threads: usize) -> u64 {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn(move || {
                    let cost = 1 + number as u64 % 3;
                    let mut taken = 0;
                    // Not for ever, should nothing be refused.
                    while taken < 1_000_000 && limiter.try_acquire_n(cost) {
                        taken += cost;
                    }
                    // What is too little for one is enough for another.
                    while taken < 1_000_000 && limiter.try_acquire() {
                        taken += 1;
                    }
                    taken
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    })
}

#[test]
fn threads_together_get_the_limit_and_no_more() {
    let clock = ManualClock::starting_at(at(5));
    for limiter in kinds(50_000, MINUTE, &clock) {
        assert_eq!(admitted_by_threads(&*limiter, 8), 50_000, "{limiter:?}");
    }
    let all = All::with_clock([Quota::per_second(50_000), Quota::per_hour(60_000)], clock).unwrap();
    assert_eq!(admitted_by_threads(&all, 8), 50_000);
    assert_eq!(
        all.peek_each(0)
            .map(|one| one.remaining)
            .collect::<Vec<_>>(),
        [0, 10_000]
    );
}

/// Cells of a lease.
const CELLS: u64 = 16;

#[test]
fn leases_are_carved_out_of_the_burst() {
    let lease = |quota: Quota| Leased::new(quota).lease();
    let fast = |burst: u32| Quota::per_second(1_000_000_000).with_burst(burst);
    assert_eq!(lease(fast(255)), 0);
    assert_eq!(lease(fast(256)), 2);
    assert_eq!(lease(fast(1_280)), 10);
    assert_eq!(lease(fast(u32::MAX)), 64);
    // 100 µs of the rate.
    assert_eq!(lease(Quota::per_second(300_000)), 30);
    assert_eq!(lease(Quota::per_second(19_999)), 0);
    assert_eq!(lease(Quota::per_hour(u32::MAX)), 64);
    for quota in [Quota::UNLIMITED, Quota::BLOCKED, Quota::per_day(1_000_000)] {
        assert_eq!(lease(quota), 0);
    }
    let unlimited = Leased::new(Quota::UNLIMITED);
    assert!(unlimited.try_acquire_n(u64::MAX));
    assert_eq!(unlimited.available(), u64::MAX);
}

#[test]
fn threads_with_leases_never_get_more_than_the_burst_and_lose_none() {
    for (burst, threads) in [(1_280_u32, 3), (20_000, 20), (100_000, 40), (200, 4)] {
        let quota = Quota::per_second(1_000_000_000).with_burst(burst);
        let limiter = Leased::with_clock(quota, ManualClock::starting_at(at(77)));
        let reserved = CELLS * limiter.lease();
        let least = u64::from(burst) - reserved;
        let admitted = admitted_by_threads(&limiter, threads);
        assert!(admitted <= least, "{admitted} of {least}");
        // What was not admitted is where somebody can have it.
        assert_eq!(admitted + limiter.available(), least);
        assert!(limiter.available() <= reserved);
        // A minute later the shared part is full again, and what is in the cells was always counted.
        limiter.clock().set(at(60 * SECOND));
        let again = admitted_by_threads(&limiter, threads);
        let bound = u64::from(burst);
        assert!((least..=bound).contains(&(again + limiter.available())));
        assert!(again <= bound, "{again} of {bound}");
    }
}

/// Threads that lease while time goes on, moved by one of them.
#[test]
fn threads_with_leases_keep_the_bound_while_time_goes_on() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(50_000_000).with_burst(2_560);
    let limiter = Leased::with_clock(quota, clock.clone());
    assert!(limiter.lease() > 0);
    let admitted: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|number| {
                let (limiter, clock) = (&limiter, &clock);
                scope.spawn(move || {
                    let tries = 0..50_000_u64;
                    tries
                        .filter(|turn| {
                            if number == 0 && turn % 4 == 0 {
                                clock.advance(ns(60));
                            }
                            limiter.try_acquire()
                        })
                        .count() as u64
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    // 750 µs at 50 tokens per microsecond.
    let bound = 2_560 + clock_time(&clock) / 20;
    assert!(admitted <= bound, "{admitted} of {bound}");
    assert!(admitted >= 2_560 - CELLS * limiter.lease());
    let stats = limiter.stats();
    assert_eq!(
        (stats.allowed, stats.allowed + stats.refused),
        (admitted, 200_000)
    );
}

/// One thread after another, each of which leaves a part of a lease behind.
#[test]
fn what_a_dead_thread_leaves_is_not_lost() {
    let quota = Quota::per_second(1_000_000_000).with_burst(12_800);
    let limiter = Leased::with_clock(quota, ManualClock::new());
    let least = 12_800 - CELLS * limiter.lease();
    let mut admitted = 0;
    while admitted < least {
        let taken = std::thread::scope(|scope| {
            scope
                .spawn(|| limiter.try_acquire_n(3) as u64 * 3)
                .join()
                .unwrap()
        });
        admitted += taken;
        assert_eq!(admitted + limiter.available(), least);
        if taken == 0 {
            break;
        }
    }
    assert!(
        least - admitted <= CELLS * limiter.lease(),
        "{admitted} of {least}"
    );
}

proptest! {
    /// Bounds (A) and (B) for a lone caller, decisions that keep their word, and refusals that change nothing.
    #[test]
    fn a_lone_caller_with_leases_gets_what_is_promised(rate in 20_000_u32..u32::MAX, burst in 256_u32..5_000, steps in prop::collection::vec((0_u64..30_000, prop_oneof![4 => Just(1_u64), 2 => 2_u64..100, 1 => 100_u64..10_000]), 1..60)) {
        let quota = Quota::per_second(rate).with_burst(burst);
        let clock = ManualClock::new();
        let limiter = Leased::with_clock(quota, clock.clone());
        let rate = i128::from(rate);
        let least = u64::from(burst) - CELLS * limiter.lease();
        let mut admitted = Vec::new();
        let mut now = 0;
        for (step, cost) in steps {
            now += step;
            clock.set(at(now));
            let expected = limiter.peek(cost);
            let before = (limiter.available(), limiter.peek(1), limiter.peek(200));
            prop_assert_eq!(limiter.peek(cost), expected);
            let decision = limiter.decide(cost);
            prop_assert_eq!(decision, expected);
            prop_assert_eq!(decision.limit, least);
            if decision.allowed {
                admitted.push((i128::from(now), i128::from(cost)));
            } else {
                prop_assert_eq!(before, (limiter.available(), limiter.peek(1), limiter.peek(200)));
                assert_tight(&limiter, now, &decision, 1 << 60);
                prop_assert_eq!(decision.retry_after.is_none(), cost > least);
            }
            // What is said to remain can be had, and no more.
            let left = limiter.peek(0).remaining;
            prop_assert!(limiter.peek(left).allowed && !limiter.peek(left + 1).allowed);
        }
        assert_bound(&admitted, |length| i128::from(burst) * i128::from(SECOND) + rate * length, SECOND.into());
        // From here on it always wants one more, with nothing in hand to begin with.
        let in_hand = (0..1_000_000).take_while(|_| limiter.try_acquire()).count();
        prop_assert!(in_hand <= burst as usize);
        clock.set(at(now + 10 * SECOND));
        let begin = now + 10 * SECOND;
        let carved = Quota::per_second(rate as u32).with_burst(least as u32);
        let carved = TokenBucket::with_clock(carved, clock.clone());
        let (mut got, mut expected) = (0_i128, 0);
        // So short that what comes meanwhile has room.
        let pause = u64::from(burst) * SECOND / 4 / rate as u64;
        for step in 0..20 {
            clock.set(at(begin + step * pause));
            while got < 1_000_000 && limiter.try_acquire() {
                got += 1;
            }
            while carved.try_acquire() {
                expected += 1;
            }
            prop_assert_eq!(got, expected);
            // Nanotokens.
            let came = rate * i128::from(step * pause);
            let second = i128::from(SECOND);
            prop_assert!(got * second <= i128::from(burst) * second + came);
            // A token for what is not whole, and a part of one for what a bucket rounds.
            prop_assert!(got * second > (i128::from(least) - 2) * second + came, "{} of {}", got, least);
        }
    }
}
