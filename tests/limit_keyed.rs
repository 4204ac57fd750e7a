//! Buckets per key: against an exact model, under floods of keys, with classes, with keys that collide, and among threads.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;

use proptest::prelude::*;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Error, Keyed, KeyedConfig, Overflow, Quota};

/// One set: seven places.
const ONE_SET: usize = 128;
const POLICIES: [Overflow; 3] = [Overflow::EvictLeastDebt, Overflow::Share, Overflow::Deny];

fn at(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

fn second() -> Tick {
    at(1_000_000_000)
}

fn small(quota: Quota, overflow: Overflow) -> Keyed<u64, ManualClock> {
    let builder = Keyed::builder(quota).bytes(ONE_SET).overflow(overflow);
    builder.clock(ManualClock::new()).build().unwrap()
}

/// A bucket as its definition has it, in parts of a token that are as small as a nanosecond's share.
#[derive(Clone, Copy, Default)]
struct Exact {
    end: i128,
}

impl Exact {
    fn parts(quota: &Quota, tokens: u64) -> i128 {
        i128::from(tokens) * i128::try_from(quota.period().as_nanos()).unwrap()
    }

    fn filled(quota: &Quota, now: u64) -> i128 {
        i128::from(now) * i128::from(quota.tokens())
    }

    fn available(&self, quota: &Quota, now: u64) -> i128 {
        let filled = Self::filled(quota, now);
        Self::parts(quota, quota.burst()) + filled - self.end.max(filled)
    }

    fn charge(&mut self, quota: &Quota, now: u64, tokens: u64) {
        if tokens > 0 {
            self.end = self.end.max(Self::filled(quota, now)) + Self::parts(quota, tokens);
        }
    }

    fn take(&mut self, quota: &Quota, now: u64, tokens: u64) -> bool {
        let there = tokens == 0 || Self::parts(quota, tokens) <= self.available(quota, now);
        if there {
            self.charge(quota, now, tokens);
        }
        there
    }

    fn refund(&mut self, quota: &Quota, now: u64, tokens: u64) {
        let back = self.end - Self::parts(quota, tokens);
        self.end = self.end.min(back.max(Self::filled(quota, now)));
    }
}

/// Quotas that the limiter computes without any rounding.
fn exact_quotas() -> impl Strategy<Value = Quota> {
    prop::sample::select(vec![
        Quota::per_second(1),
        Quota::per_second(100).with_burst(5),
        Quota::per_minute(90).with_burst(7),
        Quota::per_second(1_000_000).with_burst(1),
        Quota::per_second(0).with_burst(6),
        Quota::BLOCKED,
        Quota::new(3, Duration::from_nanos(7), 10).unwrap(),
        Quota::new(1, Duration::from_secs(3), 4).unwrap(),
    ])
}

/// A step in time: none, to the next token or so, far, and back.
fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => Just(0),
        3 => -5_i64..20,
        3 => -2_000_000_000_i64..5_000_000_000,
        1 => -20_000_000_i64..20_000_000,
    ]
}

#[derive(Clone, Debug)]
enum Op {
    Take(u64),
    Decide(u64),
    Charge(u64),
    Refund(u64),
    Look,
    Forget,
    Clear,
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0_u64..8).prop_map(Op::Take),
        4 => (0_u64..8).prop_map(Op::Decide),
        1 => (0_u64..20).prop_map(Op::Charge),
        1 => (0_u64..5).prop_map(Op::Refund),
        2 => Just(Op::Look),
        1 => Just(Op::Forget),
        1 => prop::bool::weighted(0.1).prop_map(|clear| if clear { Op::Clear } else { Op::Look }),
    ]
}

fn walk(now: u64, step: i64) -> u64 {
    now.saturating_add_signed(step)
}

proptest! {
    /// As long as every key finds a place, a limiter of many keys is a map of buckets.
    #[test]
    fn agrees_with_a_map_of_exact_buckets(
        quota in exact_quotas(),
        other in exact_quotas(),
        exact_keys: bool,
        overflow in prop::sample::select(POLICIES.to_vec()),
        script in prop::collection::vec((steps(), 0_u64..6, ops()), 1..80),
    ) {
        let clock = ManualClock::starting_at(second());
        let limiter = Keyed::builder(quota).class(other).quota_for(|key: &u64| (*key % 2) as usize)
            .bytes(ONE_SET * 4).exact_keys(exact_keys).overflow(overflow).clock(clock.clone());
        // All six keys fit into any set.
        let limiter = if exact_keys { limiter.keys(6) } else { limiter }.build().unwrap();
        let mut model: HashMap<u64, Exact> = HashMap::new();
        let mut now = second().as_nanos();
        for (step, key, op) in script {
            now = walk(now, step);
            clock.set(at(now));
            let quota = if key % 2 == 1 { other } else { quota };
            let bucket = model.entry(key).or_default();
            match op {
                Op::Take(n) => prop_assert_eq!(limiter.try_acquire_n(&key, n), bucket.take(&quota, now, n)),
                Op::Decide(n) => {
                    let peeked = limiter.peek(&key, n);
                    let decision = limiter.decide(&key, n);
                    prop_assert_eq!(decision, peeked);
                    prop_assert_eq!(decision.allowed, bucket.take(&quota, now, n));
                    let left = bucket.available(&quota, now).max(0) / Exact::parts(&quota, 1);
                    prop_assert_eq!(i128::from(decision.remaining), left);
                }
                Op::Charge(n) => {
                    limiter.charge(&key, n);
                    bucket.charge(&quota, now, n);
                }
                Op::Refund(n) => {
                    limiter.refund(&key, n);
                    bucket.refund(&quota, now, n);
                }
                Op::Look => {
                    let left = bucket.available(&quota, now).max(0) / Exact::parts(&quota, 1);
                    prop_assert_eq!(i128::from(limiter.available(&key)), left);
                }
                Op::Forget => {
                    let lacking = bucket.end > Exact::filled(&quota, now);
                    prop_assert_eq!(limiter.forget(&key), lacking);
                    *bucket = Exact::default();
                }
                Op::Clear => {
                    limiter.clear();
                    model.clear();
                }
            }
        }
        let quota_of = |key: u64| if key % 2 == 1 { other } else { quota };
        let live = model.iter().filter(|(key, bucket)| bucket.end > Exact::filled(&quota_of(**key), now));
        prop_assert_eq!(limiter.live(), live.count());
        let stats = limiter.stats();
        prop_assert_eq!((stats.evicted, stats.forgiven, stats.shared, stats.denied), (0, 0, 0, 0));
    }

    /// Four times as many keys as places, timestamps in any order: no window of a key sees more than its quota and what was
    /// forgiven.
    #[test]
    fn no_window_of_a_key_sees_more_than_its_quota_and_what_was_forgiven(
        quota in exact_quotas(),
        overflow in prop::sample::select(POLICIES.to_vec()),
        script in prop::collection::vec((steps(), 0_u64..28, 1_u64..8), 1..200),
    ) {
        let limiter = small(quota, overflow);
        let mut now = second().as_nanos();
        let mut admitted: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
        let mut shared = Vec::new();
        for (step, key, cost) in script {
            now = walk(now, step);
            let before = limiter.stats();
            if limiter.try_acquire_n_at(at(now), &key, cost) {
                admitted.entry(key).or_default().push((now, cost));
                if limiter.stats().since(&before).shared > 0 {
                    shared.push((now, cost));
                }
            }
        }
        let stats = limiter.stats();
        if overflow != Overflow::EvictLeastDebt {
            prop_assert_eq!((stats.evicted, stats.forgiven), (0, 0));
        }
        for (key, taken) in admitted {
            prop_assert!(within(&quota, taken, stats.forgiven), "key {key}, {stats:?}");
        }
        prop_assert!(within(&quota, shared, 0), "what keys share, {stats:?}");
    }

    /// The same, with the clock running forwards: what is forgiven counts in the window in which it was, and no other.
    #[test]
    fn what_is_forgiven_is_forgiven_once(
        quota in exact_quotas(),
        script in prop::collection::vec((0_u64..2_000_000_000, 0_u64..16, 1_u64..8), 1..200),
    ) {
        let limiter = small(quota, Overflow::EvictLeastDebt);
        let mut now = second().as_nanos();
        let mut calls: Vec<(u64, u64, u64, u64)> = Vec::new();
        for (step, key, cost) in script {
            now += step;
            let taken = limiter.try_acquire_n_at(at(now), &key, cost);
            calls.push((now, key, if taken { cost } else { 0 }, limiter.stats().forgiven));
        }
        for (i, (from, key, _, forgiven)) in calls.iter().enumerate() {
            let mut sum = 0;
            for (to, other, cost, by_then) in &calls[i..] {
                sum += if other == key { *cost } else { 0 };
                let bound = Exact::parts(&quota, quota.burst() + by_then - forgiven) + Exact::filled(&quota, to - from);
                prop_assert!(Exact::parts(&quota, sum) <= bound, "key {key}, {from} to {to}: {sum}");
            }
        }
    }

    /// A key without a place is told when the first one becomes free, to the nanosecond.
    #[test]
    fn denial_ends_when_it_was_said_to(
        quota in exact_quotas(),
        costs in prop::collection::vec((1_u64..8, 0_u64..1_000_000_000), 7),
        cost in 1_u64..8,
    ) {
        let limiter = small(quota, Overflow::Deny);
        let mut now = second().as_nanos();
        for (key, (cost, step)) in costs.into_iter().enumerate() {
            now += step;
            limiter.clock().set(at(now));
            limiter.charge(&(key as u64), cost);
        }
        let newcomer = 99;
        let peeked = limiter.peek_at(at(now), &newcomer, cost);
        let told = limiter.try_acquire_at(at(now), &newcomer, cost);
        prop_assert_eq!(told, peeked);
        let possible = cost <= quota.burst();
        prop_assert!(limiter.try_acquire_at(at(now), &newcomer, 0).allowed);
        match told.retry_after {
            Some(after) if !told.allowed => {
                let ready = now + u64::try_from(after.as_nanos()).unwrap();
                prop_assert!(!limiter.peek_at(at(ready - 1), &newcomer, cost).allowed);
                prop_assert!(limiter.try_acquire_n_at(at(ready), &newcomer, cost));
            }
            Some(_) => prop_assert!(possible),
            None => prop_assert!(!possible || quota.tokens() == 0),
        }
    }

    /// Whatever the arguments, nothing panics, and a refusal or a look changes nothing.
    #[test]
    fn extremes_are_ordinary(
        quota in prop_oneof![
            exact_quotas(), Just(Quota::UNLIMITED), Just(Quota::per_second(u32::MAX)),
            Just(Quota::new(1, Quota::MAX_PERIOD, 1).unwrap()), Just(Quota::new(7, Duration::from_nanos(3), 1 << 40).unwrap()),
        ],
        overflow in prop::sample::select(POLICIES.to_vec()),
        script in prop::collection::vec((extreme(), 0_u64..20, extreme(), 0_u8..5), 1..60),
    ) {
        let clock = ManualClock::new();
        let limiter = Keyed::builder(quota).class(Quota::per_hour(3)).class(Quota::UNLIMITED)
            .quota_for(|key: &u64| (*key % 3) as usize)
            .bytes(ONE_SET).overflow(overflow).clock(clock.clone()).build().unwrap();
        for (now, key, cost, op) in script {
            clock.set(at(now));
            match op {
                0 => drop(limiter.try_acquire_n(&key, cost)),
                1 => limiter.charge(&key, cost),
                2 => limiter.refund(&key, cost),
                3 => drop(limiter.forget(&key)),
                _ => {
                    let peeked = limiter.peek(&key, cost);
                    let available = limiter.available(&key);
                    prop_assert_eq!(limiter.peek(&key, cost), peeked);
                    prop_assert_eq!(limiter.available(&key), available);
                    prop_assert_eq!(limiter.decide(&key, cost), peeked);
                }
            }
            prop_assert!(key % 3 != 2 || limiter.peek(&key, u64::MAX).allowed);
        }
        prop_assert!(limiter.live() <= 7);
    }
}

fn extreme() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just(1 << 63),
        0_u64..10,
        any::<u64>()
    ]
}

/// Whether every window sees at most the burst, the rate, and so much more.
fn within(quota: &Quota, mut admitted: Vec<(u64, u64)>, more: u64) -> bool {
    admitted.sort_unstable();
    (0..admitted.len()).all(|first| {
        let from = admitted[first].0;
        let mut sum = 0;
        admitted[first..].iter().all(|(to, cost)| {
            sum += cost;
            let bound = Exact::parts(quota, quota.burst() + more) + Exact::filled(quota, to - from);
            Exact::parts(quota, sum) <= bound
        })
    })
}

/// Quotas that don't come out even in the units of the limiter: never too much, and hardly less.
#[test]
fn odd_quotas_are_never_exceeded_and_hardly_missed() {
    let quota = Quota::new(7, Duration::from_secs(3), 11).unwrap();
    let limiter: Keyed<u64> = Keyed::new(quota);
    let mut model = [Exact::default(); 5];
    let mut now = 0;
    for i in 0_u64..20_000 {
        let key = i % 5;
        now += (i * 7_919) % 400_000_001;
        let cost = 1 + i % 3;
        let bucket = &mut model[key as usize];
        let missing = Exact::parts(&quota, cost) - bucket.available(&quota, now);
        let taken = limiter.try_acquire_n_at(at(now), &key, cost);
        assert!(!taken || missing <= 0, "too much at {now}");
        // 10 ns worth of tokens.
        assert!(taken || missing > -70, "too little at {now}: {missing}");
        if taken {
            bucket.charge(&quota, now, cost);
        }
    }
}

#[test]
fn the_key_that_lacks_least_is_forgiven() {
    let limiter = small(Quota::per_hour(10), Overflow::EvictLeastDebt);
    let now = second();
    for (key, cost) in [5, 3, 4, 2, 6, 7, 8].into_iter().enumerate() {
        assert!(limiter.try_acquire_n_at(now, &(key as u64), cost));
    }
    assert_eq!(limiter.live_at(now), 7);
    assert!(limiter.try_acquire_n_at(now, &100, 9));
    let stats = limiter.stats();
    assert_eq!((stats.evicted, stats.forgiven), (1, 2));
    assert_eq!(limiter.live_at(now), 7);
    assert_eq!(limiter.peek_at(now, &3, 0).remaining, 10, "forgiven");
    for (key, cost) in [(0, 5), (1, 3), (2, 4), (4, 6), (5, 7), (6, 8), (100, 9)] {
        assert_eq!(limiter.peek_at(now, &key, 0).remaining, 10 - cost);
    }
}

#[test]
fn debts_of_different_classes_are_compared_in_tokens() {
    // One axis has a thousand times as many units per token as the other one.
    let limiter = Keyed::builder(Quota::per_second(1000))
        .class(Quota::per_second(1).with_burst(1000))
        .quota_for(|key: &u64| usize::from(*key == 3));
    let limiter = limiter.bytes(ONE_SET).build().unwrap();
    let now = second();
    for key in 0_u64..7 {
        assert!(limiter.try_acquire_n_at(now, &key, if key == 3 { 400 } else { 500 + key }));
    }
    assert!(limiter.try_acquire_n_at(now, &100, 1));
    assert_eq!(
        (limiter.stats().evicted, limiter.stats().forgiven),
        (1, 400)
    );
}

#[test]
fn a_part_of_a_token_that_is_forgiven_counts_as_one() {
    let limiter = small(Quota::per_second(1).with_burst(3), Overflow::EvictLeastDebt);
    for key in 0..7 {
        assert!(limiter.try_acquire_n_at(at(0), &key, 2));
    }
    assert!(limiter.try_acquire_n_at(at(500_000_001), &100, 1));
    assert_eq!((limiter.stats().evicted, limiter.stats().forgiven), (1, 2));
}

#[test]
fn the_place_of_a_full_bucket_is_free() {
    for overflow in POLICIES {
        let limiter = small(Quota::per_second(1).with_burst(3), overflow);
        for key in 0_u64..1_000 {
            // Three tokens are back after three seconds; six are never missing at once.
            assert!(limiter.try_acquire_n_at(at(key / 2 * 1_000_000_000), &key, 3));
        }
        let stats = limiter.stats();
        assert_eq!(
            (stats.evicted, stats.forgiven, stats.shared, stats.denied),
            (0, 0, 0, 0)
        );
    }
}

#[test]
fn a_place_is_not_free_a_nanosecond_early() {
    let limiter = small(Quota::per_second(1), Overflow::Deny);
    for key in 0..7 {
        assert!(limiter.try_acquire_n_at(at(5), &key, 1));
    }
    assert!(!limiter.try_acquire_n_at(at(1_000_000_004), &7, 1));
    assert!(limiter.try_acquire_n_at(at(1_000_000_005), &7, 1));
    assert_eq!(limiter.stats().denied, 1);
}

#[test]
fn a_look_takes_no_place_and_neither_does_a_refusal() {
    for overflow in POLICIES {
        let limiter = small(Quota::per_hour(10), overflow);
        let now = second();
        for key in 0_u64..50 {
            assert!(limiter.peek_at(now, &key, 10).allowed);
            assert!(!limiter.try_acquire_n_at(now, &key, 11));
            assert!(!limiter.try_acquire_at(now, &key, u64::MAX).allowed);
            assert!(limiter.try_acquire_n_at(now, &key, 0));
            assert_eq!(limiter.available(&key), 10);
            limiter.refund(&key, 3);
            limiter.charge(&key, 0);
        }
        let stats = limiter.stats();
        assert_eq!((limiter.live_at(now), stats.evicted), (0, 0));
        assert_eq!((stats.denied, stats.shared), (0, 0));
    }
}

#[test]
fn an_older_timestamp_gives_nothing_twice() {
    let limiter = small(Quota::per_second(1).with_burst(10), Overflow::Deny);
    assert!(limiter.try_acquire_n_at(at(0), &1, 10));
    // Key 1 is full again, and its place goes to others.
    for key in 100..107 {
        assert!(limiter.try_acquire_n_at(at(10_000_000_000), &key, 1));
    }
    for key in 100..107 {
        assert!(limiter.forget(&key));
    }
    // At its old time, it has what is there at that time: nothing.
    assert!(!limiter.try_acquire_n_at(at(0), &1, 1));
    assert!(limiter.try_acquire_n_at(at(3_000_000_000), &1, 3));
}

#[test]
fn keys_without_a_place_share_one_bucket() {
    let limiter = small(Quota::per_hour(10), Overflow::Share);
    let now = second();
    for key in 0..6 {
        assert!(limiter.try_acquire_n_at(now, &key, 1));
    }
    assert_eq!(limiter.stats().capacity, 6);
    let admitted = (100..200).filter(|key| limiter.try_acquire_n_at(now, key, 1));
    assert_eq!(admitted.count(), 10);
    let stats = limiter.stats();
    assert_eq!((stats.shared, stats.denied, stats.evicted), (100, 0, 0));
    assert_eq!(limiter.available(&100), 0);
    assert!(
        limiter.try_acquire_n_at(now, &3, 9),
        "who has a place is not touched"
    );
    // A place becomes free, and what was taken together is taken into account.
    assert!(limiter.forget(&3));
    assert!(!limiter.try_acquire_n_at(now, &100, 1));
    limiter.refund(&100, 1);
    assert!(
        !limiter.try_acquire_n_at(now, &101, 1),
        "there is a place, so nothing is shared"
    );
}

#[test]
fn what_is_taken_from_a_shared_bucket_does_not_come_back() {
    let limiter = small(Quota::per_hour(10), Overflow::Share);
    for key in 0..7 {
        limiter.charge(&key, 5);
    }
    // Another key could take what this one gives back, and it may have taken that from a bucket of its own.
    limiter.refund(&100, 2);
    assert_eq!(limiter.available(&6), 5);
    limiter.charge(&101, 20);
    assert_eq!((limiter.available(&6), limiter.available(&0)), (0, 5));
}

#[test]
fn a_charge_without_a_place_is_counted_as_forgiven() {
    let limiter = small(Quota::per_hour(10), Overflow::Deny);
    for key in 0..10 {
        limiter.charge(&key, 15);
    }
    assert_eq!((limiter.live(), limiter.stats().forgiven), (7, 45));
    assert_eq!(limiter.available(&9), 0);
    assert!(!limiter.try_acquire(&0));
}

#[test]
fn a_class_is_asked_for_once_and_stays_with_the_bucket() {
    let asked = Arc::new(AtomicUsize::new(0));
    let paying = Arc::new(AtomicBool::new(true));
    let (count, answer) = (asked.clone(), paying.clone());
    let limiter = Keyed::builder(Quota::per_hour(1))
        .class(Quota::per_hour(100))
        .quota_for(move |key: &String| {
            count.fetch_add(1, Ordering::Relaxed);
            match key.as_str() {
                "wild" => usize::MAX,
                _ => usize::from(answer.load(Ordering::Relaxed)),
            }
        })
        .clock(ManualClock::new());
    let limiter = limiter.build().unwrap();
    assert!(limiter.try_acquire_n("one", 60));
    assert!(!limiter.try_acquire_n("one", 60));
    assert!(limiter.try_acquire_n("one", 30));
    assert_eq!(limiter.decide("one", 20).limit, 100);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    paying.store(false, Ordering::Relaxed);
    assert_eq!(limiter.available("one"), 10);
    assert!(limiter.forget("one") && !limiter.forget("one"));
    assert_eq!(limiter.available("one"), 1);
    assert_eq!(
        limiter.available("wild"),
        1,
        "no such class is the main one"
    );
}

#[test]
fn a_class_without_limit_takes_no_place() {
    for overflow in POLICIES {
        let limiter = Keyed::builder(Quota::per_hour(1))
            .class(Quota::UNLIMITED)
            .quota_for(|key: &u64| usize::from(*key >= 100))
            .bytes(ONE_SET)
            .overflow(overflow);
        let limiter = limiter.build().unwrap();
        for key in 0..7 {
            let _ = limiter.try_acquire(&key);
        }
        let before = limiter.stats();
        for key in 100..200 {
            assert!(limiter.try_acquire_n(&key, u64::MAX) && limiter.decide(&key, 1).allowed);
            limiter.charge(&key, 5);
            limiter.refund(&key, 5);
            assert_eq!(limiter.available(&key), u64::MAX);
        }
        let since = limiter.stats().since(&before);
        assert_eq!((since.evicted, since.shared, since.denied), (0, 0, 0));
    }
}

#[test]
fn a_key_of_another_class_does_not_share_but_waits_for_a_place() {
    let limiter = Keyed::builder(Quota::per_hour(100))
        .class(Quota::per_hour(2))
        .quota_for(|key: &u64| usize::from(*key >= 100))
        .bytes(ONE_SET)
        .overflow(Overflow::Share);
    let limiter = limiter.build().unwrap();
    for key in 0..6 {
        assert!(limiter.try_acquire(&key));
    }
    let refused = limiter.decide(&100, 3);
    assert_eq!(
        (refused.allowed, refused.limit, refused.retry_after),
        (false, 2, None)
    );
    // The first place is free in 36 s.
    let refused = limiter.decide(&100, 1);
    assert!(!refused.allowed && refused.retry_after <= Some(Duration::from_secs(36)));
    assert_eq!(limiter.available(&100), 0);
    assert!(limiter.try_acquire(&50), "a key of the first class shares");
    assert_eq!((limiter.stats().denied, limiter.stats().shared), (1, 1));
}

/// All keys have the same hash.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Colliding(u64);

impl Hash for Colliding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(7);
    }
}

#[test]
fn keys_that_are_kept_never_share_a_bucket() {
    let exact = Keyed::builder(Quota::per_hour(3)).exact_keys(true);
    let exact = exact.clock(ManualClock::new()).build().unwrap();
    for key in (0..7).map(Colliding) {
        assert!(exact.try_acquire_n(&key, 1 + key.0 % 3));
    }
    for key in (0..7).map(Colliding) {
        assert_eq!(exact.available(&key), 2 - key.0 % 3);
    }
    assert!(exact.forget(&Colliding(4)));
    assert_eq!(
        (
            exact.available(&Colliding(4)),
            exact.available(&Colliding(5))
        ),
        (3, 0)
    );
    assert!(exact.try_acquire_n(&Colliding(70), 3) && exact.try_acquire_n(&Colliding(71), 3));
    assert_eq!(exact.stats().evicted, 1);

    let hashed = Keyed::builder(Quota::per_hour(3)).clock(ManualClock::new());
    let hashed = hashed.build().unwrap();
    assert!(hashed.try_acquire_n(&Colliding(1), 3));
    assert!(!hashed.try_acquire(&Colliding(2)), "one hash is one key");
}

#[test]
fn keys_are_dropped_when_they_lose_their_place() {
    let limiter = Keyed::builder(Quota::per_hour(3)).keys(1).exact_keys(true);
    let limiter: Keyed<Arc<u64>> = limiter.build().unwrap();
    let keys: Vec<Arc<u64>> = (0..20).map(Arc::new).collect();
    let kept = || keys.iter().filter(|key| Arc::strong_count(key) > 1).count();
    for key in &keys {
        assert!(limiter.try_acquire(key) && limiter.try_acquire(key));
        assert!(Arc::strong_count(key) == 2);
    }
    assert_eq!(kept(), 7);
    assert!(limiter.forget(&keys[19]));
    assert_eq!(kept(), 6);
    limiter.clear();
    assert_eq!((kept(), limiter.live()), (0, 0));
}

/// Uses the limiter while it is compared, cloned, dropped and classified, or panics.
#[derive(Debug)]
struct Meddling(u64);

static MEDDLED: OnceLock<Keyed<Meddling>> = OnceLock::new();
static EQ_PANICS: AtomicBool = AtomicBool::new(false);
static CLASS_PANICS: AtomicBool = AtomicBool::new(false);

impl Hash for Meddling {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(1);
    }
}

impl PartialEq for Meddling {
    fn eq(&self, other: &Self) -> bool {
        assert!(!EQ_PANICS.load(Ordering::Relaxed), "as asked for");
        self.0 == other.0
    }
}

impl Eq for Meddling {}

impl Clone for Meddling {
    fn clone(&self) -> Self {
        meddle();
        Self(self.0)
    }
}

impl Drop for Meddling {
    fn drop(&mut self) {
        meddle();
    }
}

fn meddle() {
    if let Some(limiter) = MEDDLED.get() {
        let _ = (limiter.live(), limiter.stats());
    }
}

#[test]
fn code_of_the_user_runs_without_a_lock_and_may_panic() {
    let limiter = MEDDLED.get_or_init(|| {
        let builder = Keyed::builder(Quota::per_hour(3)).keys(1).exact_keys(true);
        let class = |key: &Meddling| {
            meddle();
            assert!(!CLASS_PANICS.load(Ordering::Relaxed), "as asked for");
            usize::from(key.0 > 100)
        };
        builder
            .class(Quota::per_hour(9))
            .quota_for(class)
            .build()
            .unwrap()
    });
    for key in 0..20 {
        assert!(limiter.try_acquire(&Meddling(key)));
    }
    let panics = |flag: &AtomicBool, key: u64| {
        flag.store(true, Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let _ = limiter.try_acquire(&Meddling(key));
        }));
        flag.store(false, Ordering::Relaxed);
        assert!(outcome.is_err());
    };
    panics(&EQ_PANICS, 19);
    panics(&CLASS_PANICS, 50);
    assert_eq!(limiter.available(&Meddling(19)), 2);
    assert!(limiter.try_acquire_n(&Meddling(101), 9));
    assert!(limiter.forget(&Meddling(101)));
    limiter.clear();
    assert!(limiter.try_acquire_n(&Meddling(19), 3));
}

#[test]
fn a_flood_of_keys_finds_the_memory_as_it_was() {
    let count: u64 = if cfg!(debug_assertions) {
        300_000
    } else {
        10_000_000
    };
    for overflow in POLICIES {
        let limiter = Keyed::builder(Quota::per_hour(60))
            .bytes(1 << 20)
            .overflow(overflow);
        let limiter: Keyed<u64> = limiter.build().unwrap();
        let before = (limiter.memory_used(), limiter.stats().capacity);
        assert!(before.0 <= 1 << 20);
        // A minute.
        let allowed = (0..count)
            .filter(|key| limiter.try_acquire_n_at(at(key * 60_000_000_000 / count), key, 1));
        let allowed = allowed.count() as u64;
        let stats = limiter.stats();
        assert_eq!((limiter.memory_used(), stats.capacity), before);
        assert!(limiter.live_at(at(60_000_000_000)) <= stats.capacity);
        assert_eq!((stats.allowed, stats.refused), (allowed, count - allowed));
        match overflow {
            Overflow::EvictLeastDebt => assert!(allowed == count && stats.evicted > count / 2),
            Overflow::Share => assert!(stats.shared > count / 2),
            _ => assert!(stats.denied > count / 2),
        }
    }
}

/// The part of keys that finds no place if there are so many per set, by Poisson's law.
fn without_place(per_set: f64, places: i32) -> f64 {
    let mut chance = (-per_set).exp();
    let mut beyond = 0.0;
    for keys in 1..200 {
        chance *= per_set / f64::from(keys);
        beyond += chance * f64::from((keys - places).max(0));
    }
    beyond / per_set
}

#[test]
fn as_many_keys_as_asked_for_find_places_but_for_a_few() {
    let expected = without_place(3.5, 7);
    assert!((1.0 / 85.0..1.0 / 75.0).contains(&expected), "{expected}");
    let half = without_place(1.75, 7);
    assert!((1.0 / 4_500.0..1.0 / 2_500.0).contains(&half), "{half}");
    const KEYS: usize = 50_000;
    let limiter = Keyed::builder(Quota::per_hour(5))
        .keys(KEYS)
        .overflow(Overflow::Deny);
    let limiter: Keyed<u64> = limiter.build().unwrap();
    let denied = (0..KEYS as u64)
        .filter(|key| !limiter.try_acquire_n_at(at(0), key, 1))
        .count();
    let seen = denied as f64 / KEYS as f64;
    assert!(
        (seen / expected - 1.0).abs() < 0.3,
        "{seen} instead of {expected}"
    );
    assert_eq!(limiter.live_at(at(0)), KEYS - denied);
}

#[test]
fn impossible_settings_are_errors() {
    let build = |bytes: usize| Keyed::<u64>::builder(Quota::BLOCKED).bytes(bytes).build();
    assert_eq!(
        build(ONE_SET - 1).unwrap_err(),
        Error::BadBudget { bytes: ONE_SET - 1 }
    );
    assert_eq!(
        build(usize::MAX).unwrap_err(),
        Error::BadBudget { bytes: usize::MAX }
    );
    assert!(Error::BadBudget { bytes: 1 }.to_string().contains("128 to"));
    let many = Keyed::<[u64; 64]>::builder(Quota::BLOCKED)
        .exact_keys(true)
        .keys(usize::MAX);
    assert!(matches!(many.build(), Err(Error::BadBudget { .. })));
    assert!(
        Keyed::<u64>::builder(Quota::BLOCKED)
            .keys(0)
            .build()
            .is_ok()
    );

    let mut config = KeyedConfig::new(Quota::per_second(1));
    config.classes = vec![Quota::per_second(2); 255];
    let builder = || Keyed::<u64>::builder(Quota::BLOCKED).quota_for(|key| *key as usize);
    let limiter = builder().config(config.clone()).build().unwrap();
    assert_eq!((limiter.available(&255), limiter.available(&256)), (2, 1));
    assert_eq!(limiter.config(), &config);
    config.classes.push(Quota::per_second(2));
    let refused = builder().config(config).build().unwrap_err();
    assert_eq!(refused, Error::TooManyClasses { given: 257 });
}

#[test]
fn every_key_begins_with_a_full_burst() {
    let limiter: Keyed<u64> = Keyed::new(Quota::per_hour(5).with_initial(0));
    assert!(limiter.try_acquire_n(&1, 5));
}

#[cfg(feature = "serde")]
#[test]
fn settings_can_be_stored() {
    let mut config = KeyedConfig::new(Quota::per_second(1));
    config.classes.push(Quota::UNLIMITED);
    config.overflow = Overflow::Share;
    config.exact_keys = true;
    let stored = serde_json::to_string(&config).unwrap();
    assert_eq!(
        serde_json::from_str::<KeyedConfig>(&stored).unwrap(),
        config
    );
    let quota = serde_json::to_string(&config.quota).unwrap();
    let short: KeyedConfig = serde_json::from_str(&format!(r#"{{"quota":{quota}}}"#)).unwrap();
    assert_eq!(short, KeyedConfig::new(config.quota));
}

/// What is admitted to each key while several threads hammer keys at one moment.
fn hammer(limiter: &Keyed<u64, ManualClock>, keys: u64, calls: u64) -> Vec<u64> {
    let admitted: Vec<AtomicUsize> = (0..keys).map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (admitted, start) = (&admitted, &start);
            scope.spawn(move || {
                start.wait();
                for call in 0..calls {
                    let key = (call + thread) % keys;
                    let taken = match call % 3 {
                        0 => limiter.decide(&key, 1).allowed,
                        _ => limiter.try_acquire(&key),
                    };
                    admitted[key as usize].fetch_add(usize::from(taken), Ordering::Relaxed);
                }
            });
        }
    });
    let admitted = admitted.into_iter().map(AtomicUsize::into_inner);
    admitted.map(|tokens| tokens as u64).collect()
}

#[test]
fn threads_take_no_more_than_there_is() {
    const CALLS: u64 = 120_000;
    const BURST: u32 = 140_000;
    for exact_keys in [false, true] {
        let limiter = Keyed::builder(Quota::per_hour(BURST))
            .exact_keys(exact_keys)
            .keys(1);
        let limiter = limiter.clock(ManualClock::new()).build().unwrap();
        assert_eq!(hammer(&limiter, 3, CALLS), [u64::from(BURST); 3]);
        let stats = limiter.stats();
        assert_eq!(
            (stats.allowed, stats.refused),
            (3 * u64::from(BURST), 4 * CALLS - 3 * u64::from(BURST))
        );
    }
}

#[test]
fn threads_that_fight_for_places_get_what_is_counted() {
    for overflow in POLICIES {
        let limiter = small(Quota::per_hour(50), overflow);
        let admitted = hammer(&limiter, 12, 40_000);
        let stats = limiter.stats();
        let total: u64 = admitted.iter().sum();
        assert_eq!(stats.allowed, total);
        // Whatever is remembered was admitted, and whatever was admitted is remembered or counted.
        let known: u64 = (0..12).map(|key| 50 - limiter.available(&key)).sum();
        match overflow {
            Overflow::EvictLeastDebt => assert_eq!(known + stats.forgiven, total),
            Overflow::Share => assert!(total == 7 * 50 && stats.shared > 0),
            _ => assert!(total == 7 * 50 && known == 12 * 50 && stats.denied > 0),
        }
    }
}
