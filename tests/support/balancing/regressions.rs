//! Defects of other balancers, each named, that must not be here. That a pick does not allocate (Pingora's) is shown in `tests/alloc.rs`.

use std::time::Duration;

use tenfold::balance::{
    Adaptive, BackendId, Balancer, Consistent, Hash, NoBackend, Policy, PowerOfTwo, Request, Spec,
    WeightedRoundRobin,
};
use tenfold::clock::{Clock, ManualClock};
use tenfold::health::{SlowStart, Upkeep};
use tenfold::ring::{Maglev, Native};

use crate::{FAULT, lease_of, reachable, rotating, specs, spied};

/// Pingora: the fall-back after an unhealthy first choice asks the algorithm again, which advances the counter of all callers.
#[test]
fn a_retry_does_not_advance_the_rotation() {
    let balancer = rotating(specs("a b c d")).build().unwrap();
    let first = *balancer.pick().unwrap().value();
    let all_but_one = ["a", "b", "c"].map(BackendId::of);
    for turn in (1..200).step_by(2) {
        drop(
            balancer
                .lease(&Request::new().excluding(&all_but_one))
                .unwrap(),
        );
        assert_eq!(*balancer.pick().unwrap().value(), (first + turn + 1) % 4);
    }
}

/// Pingora #891, #1006: all weights zero divide by zero; one weight zero kills the task that updates.
#[test]
fn weights_of_zero_kill_nothing() {
    let zero = |key: &str| Spec::new(key, 0_u32).weight(0);
    let balancer = Balancer::builder(Adaptive)
        .backends([zero("a"), zero("b")])
        .build()
        .unwrap();
    let nobody = NoBackend::AllUnavailable { total: 2 };
    assert_eq!(balancer.pick().map(|_| ()), Err(nobody));
    balancer
        .update(|changes| {
            changes.put(Spec::new("a", 1));
        })
        .unwrap();
    assert!((0..20).all(|_| balancer.lease(&Request::new()).unwrap().key() == "a"));
    balancer
        .update(|changes| {
            changes.set_weight("a", 0);
        })
        .unwrap();
    assert_eq!(balancer.lease(&Request::new()).map(|_| ()), Err(nobody));
    balancer
        .update(|changes| {
            changes.set_weight("b", 1);
        })
        .unwrap();
    assert_eq!(balancer.pick().unwrap().key(), "b");
}

/// Pingora: enabling and observing are a load and a store, so that of two at a time one is lost.
#[test]
fn no_concurrent_change_is_lost() {
    const ROUNDS: u32 = 300;
    let balancer = rotating(specs("a b c")).build().unwrap();
    let before = balancer.stats();
    std::thread::scope(|scope| {
        for (key, place) in [("a", 0), ("b", 1), ("c", 2)] {
            let balancer = &balancer;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let on = round % 2 == 1;
                    balancer
                        .update(|changes| {
                            changes.set_enabled(key, on);
                        })
                        .unwrap();
                    let own = [
                        format!("{place}/{round}"),
                        format!("{place}/{}", round.wrapping_sub(1)),
                    ];
                    balancer
                        .update(|changes| {
                            changes.add(Spec::new(&own[0], round));
                            if round > 0 {
                                changes.remove(&own[1]);
                            }
                        })
                        .unwrap();
                }
            });
        }
    });
    let last = [0, 1, 2].map(|place| format!("{place}/{}", ROUNDS - 1));
    let mut expected = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    expected.extend(last);
    expected.sort();
    assert_eq!(reachable(&balancer), expected);
    assert_eq!(
        balancer.stats().since(&before).updates,
        u64::from(6 * ROUNDS)
    );
}

/// Pingora: selector, backends and their health are three swaps, and a pick may see a mix of them. The policy of `spied` insists that its
/// plan is for the very backends it is shown.
#[test]
fn a_plan_and_its_backends_are_one() {
    let (balancer, _, _) = spied(&["a", "b", "c"]);
    let agreeing = ["a", "b", "c"].map(|key| Spec::new(key, 1));
    balancer.replace_all(agreeing).unwrap();
    std::thread::scope(|scope| {
        let picking = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut picker = balancer.picker();
                for hash in 0..2_000 {
                    let request = Request::new().hash(hash % 3);
                    let picked = balancer.pick_for(&request).unwrap();
                    assert_eq!(*picked.value(), picked.weight(), "half of a change");
                    let picked = picker.pick_for(&request).unwrap();
                    assert_eq!(*picked.value(), picked.weight(), "half of a change");
                }
            })
        });
        let mut weight = 1;
        while !picking.iter().all(|thread| thread.is_finished()) {
            weight = weight % 999 + 1;
            balancer
                .replace_all(
                    ["a", "b", "c"]
                        .into_iter()
                        .take(2 + weight as usize % 2)
                        .map(|key| Spec::new(key, weight).weight(weight)),
                )
                .unwrap();
        }
    });
}

/// Pingora #269, #821: a change makes a new selector, so the rotation begins with the first backend again, and what is in flight is lost.
#[test]
fn a_change_neither_restarts_the_rotation_nor_forgets_leases() {
    let balancer = rotating(specs("a b c")).build().unwrap();
    let held = balancer.lease(&Request::new()).unwrap();
    let mut counts = [0_u32; 3];
    for turn in 1..=300 {
        balancer
            .update(|changes| {
                changes.set_weight("b", 1 + turn);
            })
            .unwrap();
        counts[*balancer.pick().unwrap().value() as usize] += 1;
    }
    assert_eq!(counts, [100; 3]);
    assert_eq!((held.in_flight(), balancer.stats().in_flight), (1, 1));
}

/// Pingora: `max_iterations` is for the caller to guess, and with too few a healthy backend is not found.
#[test]
fn the_only_one_of_many_is_found() {
    let keys: Vec<_> = (0..500).map(|n| n.to_string()).collect();
    let specs = keys
        .iter()
        .map(|key| Spec::new(key, 0).weight(1).max_in_flight(1));
    let balancer = rotating(specs).build().unwrap();
    let tried: Vec<_> = keys[..499].iter().map(|key| BackendId::of(key)).collect();
    assert!((0..10).all(|_| {
        balancer
            .pick_for(&Request::new().excluding(&tried))
            .unwrap()
            .key()
            == "499"
    }));
    let leases: Vec<_> = (0..500)
        .map(|_| balancer.lease(&Request::new()).unwrap())
        .collect();
    let mut taken: Vec<_> = leases.iter().map(|lease| lease.id()).collect();
    taken.sort();
    taken.dedup();
    assert_eq!(
        taken.len(),
        500,
        "each once: as long as somebody has room, somebody is found"
    );
}

/// Pingora: who a backend is includes its weight, so that another weight is another backend, and healthy.
#[test]
fn another_weight_is_not_another_backend() {
    let (balancer, spy, _) = spied(&["a", "b"]);
    lease_of(&balancer, "a").failure(FAULT);
    let held = lease_of(&balancer, "a");
    drop(balancer.pick());
    let before = spy.shown_of("a");
    let id = held.id();
    balancer
        .update(|changes| {
            changes.set_weight("a", 9);
        })
        .unwrap();
    drop(balancer.pick());
    let after = spy.shown_of("a");
    assert_eq!(
        (after.cost, after.in_flight, after.weight),
        (before.cost, 1, 9)
    );
    assert_eq!(lease_of(&balancer, "a").id(), id);
}

/// tower #824: the balancer is `&mut self`, so sharing takes a channel and a task, which does nothing between requests.
#[test]
fn a_shared_balancer_needs_no_task() {
    let balancer = Balancer::new(["a:80", "b:80"]).unwrap();
    let handles: Vec<_> = (0..3).map(|_| balancer.clone()).collect();
    let threads = handles
        .into_iter()
        .map(|handle| std::thread::spawn(move || handle.lease(&Request::new()).unwrap().success()));
    threads.for_each(|thread| thread.join().unwrap());
    // What changes is there at once, whether anybody asks or not.
    balancer
        .update(|changes| {
            changes.add("c:80");
        })
        .unwrap();
    assert_eq!((balancer.stats().backends, balancer.stats().usable), (3, 3));
    assert_eq!(balancer.stats().successes, 3);
}

/// tower: to read an estimate is to write it, under a lock: a look changes what is seen next.
#[test]
fn looking_at_a_latency_leaves_it_alone() {
    let (balancer, spy, clock) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    clock.advance(Duration::from_secs(1));
    lease.success();
    let cost = || {
        drop(balancer.pick());
        spy.shown_of("a").cost
    };
    let first = cost();
    assert!((0..1_000).all(|_| cost() == first));
    // What it is after a while does not depend on who looked meanwhile.
    let mut costs = [0.0; 2];
    for (looks, seen) in [0, 1_000].into_iter().zip(&mut costs) {
        let (balancer, spy, clock) = spied(&["a", "b"]);
        let lease = lease_of(&balancer, "a");
        clock.advance(Duration::from_secs(1));
        lease.success();
        for _ in 0..looks {
            clock.advance(Duration::from_millis(1));
            drop(balancer.pick());
        }
        clock.set(tenfold::clock::Tick::from_nanos(3_000_000_000));
        drop(balancer.pick());
        *seen = spy.shown_of("a").cost;
    }
    assert_eq!(costs[0], costs[1]);
}

/// tower, linkerd #4537, ingress-nginx #9882: only time is looked at, so a backend that fails fast looks best.
#[test]
fn failing_fast_attracts_nothing() {
    let clock = ManualClock::new();
    let balancer = Balancer::builder(Adaptive)
        .backends((0..10).map(|place| Spec::new(place.to_string(), place)))
        .clock(clock.clone())
        .seed(7)
        .build()
        .unwrap();
    let mut failures = 0;
    for _ in 0..5_000 {
        let lease = balancer.lease(&Request::new()).unwrap();
        if *lease.value() == 0 {
            clock.advance(Duration::from_micros(100));
            lease.failure(FAULT);
            failures += 1;
        } else {
            clock.advance(Duration::from_millis(2));
            lease.success();
        }
    }
    // Ten seconds, in which a fair share would have been 500.
    assert!(failures <= 5, "{failures}");
}

/// tower #696: with two choices at random, weights of .99, .005 and .005 give the first about two thirds.
#[test]
fn two_choices_respect_weights() {
    let weighted = [("a", 198), ("b", 1), ("c", 1)];
    let weighted = weighted.map(|(key, weight)| Spec::new(key, weight).weight(weight));
    let balancer = Balancer::builder(Adaptive)
        .backends(weighted)
        .seed(1)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let mut heavy = 0;
    for _ in 0..20_000 {
        let picked = balancer.pick().unwrap();
        heavy += u32::from(picked.key() == "a");
    }
    let share = f64::from(heavy) / 20_000.0;
    assert!((0.975..=0.999).contains(&share), "{share}");
}

/// tower: a remainder makes small indices likelier; Envoy: the second choice is the first one's neighbour when both are the same.
#[test]
fn pairs_are_drawn_evenly() {
    let balancer = Balancer::builder(PowerOfTwo)
        .backends((0..3).map(|place| Spec::new(place.to_string(), place)))
        .seed(9)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    // Two of three are busy, one more than the other: who is idle is chosen whenever it is drawn, two times in three.
    let id = |place: u32| BackendId::of(&place.to_string());
    for idle in 0..3_u32 {
        let (busy, busier) = ((idle + 1) % 3, (idle + 2) % 3);
        let lease = |place: u32| {
            let others = [id((place + 1) % 3), id((place + 2) % 3)];
            balancer.lease(&Request::new().excluding(&others)).unwrap()
        };
        let held = [lease(busy), lease(busier), lease(busier)];
        let mut counts = [0_u32; 3];
        for _ in 0..9_000 {
            counts[*balancer.pick().unwrap().value() as usize] += 1;
        }
        drop(held);
        // Five deviations of 45.
        assert!(counts[idle as usize].abs_diff(6_000) < 225, "{counts:?}");
        assert!(counts[busy as usize].abs_diff(3_000) < 225, "{counts:?}");
        assert_eq!(counts[busier as usize], 0);
    }
}

/// Envoy #31378, grpc: the first choice of every client is the same backend, or not by weight.
#[test]
fn first_choices_are_spread() {
    let mut counts = [0; 4];
    for _ in 0..800 {
        let balancer = rotating(specs("a b c d")).build().unwrap();
        counts[*balancer.pick().unwrap().value() as usize] += 1;
    }
    // Five deviations of 12.2.
    assert!(
        counts.iter().all(|count: &u32| count.abs_diff(200) < 62),
        "{counts:?}"
    );
}

/// Envoy: the EWMA moves only when samples arrive, so a host that was slow once is never tried again.
#[test]
fn a_slow_backend_is_tried_again() {
    let (balancer, spy, clock) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    clock.advance(Duration::from_secs(10));
    lease.success();
    lease_of(&balancer, "b").success();
    clock.advance(Duration::from_secs(200));
    drop(balancer.pick());
    let usual = spy.shown_of("b").cost;
    assert!((spy.shown_of("a").cost / usual - 1.0).abs() < 0.01);
}

/// Envoy's ring hash and Maglev: a retry may return the same host.
#[test]
fn a_retry_is_never_the_same() {
    let balancer = Balancer::new(["a:80", "b:80", "c:80"]).unwrap();
    for _ in 0..200 {
        let mut tried = Vec::new();
        while let Ok(lease) = balancer.lease(&Request::new().excluding(&tried)) {
            assert!(!tried.contains(&lease.id()));
            tried.push(lease.id());
        }
        assert_eq!(tried.len(), 3);
    }
}

/// A newcomer's weight changes at each step of its slow start; if tables of keys are made of that keys of everybody move at each.
#[test]
fn keys_stay_where_they_are_while_a_newcomer_starts_slowly() {
    fn stay<P: Policy>(policy: impl Fn() -> P) {
        let clock = ManualClock::new();
        let window = Duration::from_secs(64);
        let balancer = Balancer::builder(policy())
            .backends(specs("a b c"))
            .slow_start(SlowStart::over(window))
            .upkeep(Upkeep::Manual)
            .clock(clock.clone())
            .build()
            .unwrap();
        let homes = |balancer: &Balancer<u32, P, ManualClock>| {
            let home = |key: u64| {
                let request = Request::new().key(&key);
                balancer.pick_for(&request).unwrap().key().to_owned()
            };
            (0..1_000).map(home).collect::<Vec<_>>()
        };
        let before = homes(&balancer);
        balancer
            .update(|changes| {
                changes.add(Spec::new("d", 3));
            })
            .unwrap();
        let settled = Balancer::builder(policy())
            .backends(specs("a b c d"))
            .clock(clock.clone())
            .build()
            .unwrap();
        let after = homes(&settled);
        for _ in 0..70 {
            assert_eq!(homes(&balancer), after);
            clock.advance(window / 64);
            balancer.upkeep(clock.now());
        }
        // What was lost was lost to the newcomer, but for what the placement itself moves.
        let moved = before.iter().zip(&after);
        let elsewhere = moved.filter(|(before, after)| before != after && *after != "d");
        assert!(elsewhere.count() < 100);
    }
    stay(Hash::default);
    stay(|| Hash::over(Maglev::default()).unwrap());
    stay(|| Hash::over(Native::default()).unwrap());
    stay(Consistent::default);
}

/// Weights that need too long a schedule are rounded, and who asks is told.
#[test]
fn a_balancer_tells_how_it_has_rounded_weights() {
    let clock = ManualClock::new();
    let empty: [Spec<()>; 0] = [];
    let balancer = Balancer::builder(WeightedRoundRobin)
        .backends(empty)
        .upkeep(Upkeep::Manual)
        .clock(clock.clone())
        .build()
        .unwrap();
    assert_eq!(
        balancer.plan(|_| ()),
        None,
        "there is nobody to choose from"
    );
    let put = |weights: [u32; 2]| {
        let [a, b] = weights;
        let specs = [Spec::new("a", ()).weight(a), Spec::new("b", ()).weight(b)];
        balancer.replace_all(specs).unwrap();
        balancer.upkeep(clock.now());
        balancer.plan(|course| (course.period(), course.is_quantised()))
    };
    assert_eq!(put([2, 1]), Some((3, false)));
    assert_eq!(put([40_000, 1]), Some((40_001, false)));
    assert_eq!(put([1_000_003, 1]), Some((1 << 16, true)));
    // What is looked at may change meanwhile.
    let nested = balancer.plan(|course| {
        put([2, 1]);
        course.is_quantised()
    });
    assert_eq!(nested, Some(true));
    assert_eq!(balancer.plan(|course| course.period()), Some(3));
}
