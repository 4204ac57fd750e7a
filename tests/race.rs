//! Threads over what they share and nothing else, for ThreadSanitizer: what it reports here is a race of ours.
//!
//! The file has a `main` of its own, so that no other test runs beside one, and no other threads share anything.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test program without the usual frame"
)]

use std::time::Duration;

use tenfold::balance::{Balancer, Request, Spec};
use tenfold::cache::MemoryCache;
use tenfold::clock::ManualClock;
use tenfold::histogram::Histogram;
use tenfold::limit::{Keep, Keyed, Overflow, Quota, TokenBucket};
use tenfold::snapshot::Snapshot;

const ROUNDS: u64 = 3_000;

/// Runs all of them at once, each in a thread.
fn together(parties: &[&(dyn Fn() + Sync)]) {
    std::thread::scope(|scope| {
        let parties = parties.iter().map(|party| scope.spawn(party));
        // Joined by hand: the end of the scope does not wait until a thread has given back what it has by itself.
        let parties: Vec<_> = parties.collect();
        parties.into_iter().for_each(|party| party.join().unwrap());
    });
}

fn reading_races_with_nothing() {
    let cell = Snapshot::new([0; 8]);
    let reader = || {
        let mut last = 0;
        for _ in 0..ROUNDS {
            let seen = cell.read(|value| {
                assert!(
                    value.iter().all(|n| *n == value[0]),
                    "half of a value: {value:?}"
                );
                cell.read(|inner| assert!(inner[0] >= value[0]));
                value[0]
            });
            assert!(seen >= last);
            last = seen;
        }
    };
    let publisher = || {
        for n in 1..=ROUNDS {
            cell.publish([n; 8]);
        }
    };
    together(&[&reader, &reader, &publisher]);
    assert_eq!(cell.read(|value| value[0]), ROUNDS);
}

fn stripes_are_handed_over_from_thread_to_thread() {
    let histogram = Histogram::new();
    let recorder = || (0..ROUNDS).for_each(|value| histogram.record(value));
    for _ in 0..20 {
        together(&[&recorder, &recorder]);
    }
    assert_eq!(histogram.distribution().count(), 40 * ROUNDS);
}

/// Leases, picks and reports of two threads while a third changes the set, and drains what the others use.
fn a_balancer_races_with_nothing() {
    let specs = || {
        ["a", "b", "c", "d"]
            .into_iter()
            .zip(0..4_u64)
            .map(|(key, place)| Spec::new(key, place))
    };
    let balancer = Balancer::new(specs().map(|spec| spec.max_in_flight(2))).unwrap();
    let caller = || {
        let mut picker = balancer.picker();
        for round in 0..ROUNDS {
            if let Ok(lease) = balancer.lease(&Request::new()) {
                assert!(*lease.value() < ROUNDS);
                if round % 2 == 0 {
                    lease.success();
                }
            }
            drop(picker.lease(&Request::new()));
            assert!(balancer.pick().is_ok_and(|picked| !picked.key().is_empty()));
        }
    };
    let changer = || {
        for round in 0..ROUNDS / 10 {
            balancer
                .update(|changes| {
                    changes.set_weight("a", 1 + round as u32 % 3);
                    changes.set_value("b", round).set_value("d", round);
                })
                .unwrap();
            let _ended = balancer.drain("c").unwrap().wait();
            balancer
                .update(|changes| {
                    changes.add(Spec::new("c", 2));
                })
                .unwrap();
        }
    };
    together(&[&caller, &caller, &changer]);
    let stats = balancer.stats();
    assert_eq!((stats.in_flight, stats.backends), (0, 4));
}

/// All that changes a bucket, while threads wait for its tokens in real time.
fn a_bucket_serves_threads_that_wait_and_threads_that_do_not() {
    const WAITS: u64 = 300;
    let quota = Quota::new(1, Duration::from_micros(1), 10).unwrap();
    let bucket = TokenBucket::new(quota);
    let waiting = || {
        for _ in 0..WAITS {
            assert_eq!(bucket.acquire(), Ok(()));
            let _ = bucket.acquire_timeout(2, Duration::from_micros(2));
        }
    };
    let taking = || {
        for _ in 0..ROUNDS {
            let _ = (bucket.try_acquire(), bucket.decide(2));
            if let Ok(reservation) = bucket.reserve(1, Duration::from_micros(3)) {
                reservation.cancel();
            }
        }
    };
    let changing = || {
        for round in 0..ROUNDS {
            bucket.charge(2);
            bucket.refund(1);
            let burst = if round % 2 == 0 { 5 } else { 10 };
            bucket.set_quota(quota.with_burst(burst), Keep::Tokens);
            let _ = (bucket.stats(), bucket.quota(), bucket.available());
        }
    };
    together(&[&waiting, &waiting, &taking, &taking, &changing]);
    assert!(bucket.stats().allowed >= 2 * WAITS && bucket.stats().waiting == 0);
}

/// Keys take one another's places, and are forgotten.
fn keys_fight_for_places(exact: bool, overflow: Overflow) {
    const KEYS: u64 = 12;
    let builder = Keyed::builder(Quota::per_hour(50)).class(Quota::per_hour(5));
    let builder = builder.quota_for(|key: &u64| usize::from(*key % 4 == 3));
    let builder = builder.overflow(overflow).exact_keys(exact).keys(1);
    let limiter: Keyed<u64, _> = builder.clock(ManualClock::new()).build().unwrap();
    let taking = || {
        for round in 0..ROUNDS {
            let key = round % KEYS;
            let _ = (limiter.try_acquire(&key), limiter.decide(&(key / 2), 2));
            limiter.refund(&key, 1);
            limiter.charge(&(KEYS - key), 1);
        }
    };
    let forgetting = || {
        for round in 0..ROUNDS {
            limiter.forget(&(round % KEYS));
            let _ = (limiter.available(&(round % 5)), limiter.live());
            if round % 100 == 0 {
                limiter.clear();
            }
        }
    };
    together(&[&taking, &taking, &forgetting]);
    let stats = limiter.stats();
    assert_eq!(stats.allowed + stats.refused, 4 * ROUNDS);
}

/// Readers of a cache whose values are replaced, removed and evicted, in tables that come and go.
fn a_cache_races_with_nothing() {
    const KEYS: u64 = 60;
    let cache = MemoryCache::builder()
        .capacity(40)
        .shards(2)
        .build()
        .unwrap();
    let cell = Snapshot::new(0);
    let whole = |value: &[u64; 5]| {
        assert!(
            value.iter().all(|n| *n == value[0]),
            "half of a value: {value:?}"
        );
    };
    let reader = || {
        let mut held = Vec::new();
        for round in 0..ROUNDS {
            let key = round * 7 % KEYS;
            cache.read(&key, |value| {
                whole(value);
                cell.read(|_| ());
                whole(value);
            });
            held.extend(cache.get_ref(&key));
            if held.len() > 5 {
                held.drain(..).for_each(|held| whole(&held));
            }
        }
    };
    let writer = || {
        for round in 0..ROUNDS {
            cache.insert(round * 11 % KEYS, [round; 5]);
            cell.publish(round);
            if round % 5 == 0 {
                cache.invalidate(&(round % KEYS));
            }
        }
    };
    let changer = || {
        for round in 0..ROUNDS / 10 {
            match round % 20 {
                0 => cache.invalidate_all(),
                n => cache.set_capacity(n * 5),
            }
            let _ = (cache.stats(), cache.memory_used());
        }
    };
    together(&[&reader, &reader, &writer, &writer, &changer]);
    cache.set_capacity(1);
    assert!(cache.weight() <= 1);
}

fn main() {
    reading_races_with_nothing();
    stripes_are_handed_over_from_thread_to_thread();
    a_balancer_races_with_nothing();
    a_bucket_serves_threads_that_wait_and_threads_that_do_not();
    a_cache_races_with_nothing();
    for overflow in [Overflow::EvictLeastDebt, Overflow::Share, Overflow::Deny] {
        keys_fight_for_places(false, overflow);
        keys_fight_for_places(true, overflow);
    }
    println!("6 passed, 0 failed");
}
