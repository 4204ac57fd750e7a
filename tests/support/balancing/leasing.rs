//! A lease counts from its begin to its end, once, however it ends and whatever is gone by then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tenfold::balance::{
    Adaptive, Balancer, FailureKind, Lease, Outcome, Picker, PowerOfTwo, Request, Spec,
};
use tenfold::clock::{ManualClock, Tick};

use crate::{FAULT, lease_of, rotating, specs, spied};

#[test]
fn a_lease_ends_once_and_as_it_was_reported() {
    let balancer = rotating(specs("a")).build().unwrap();
    let lease = || balancer.lease(&Request::new()).unwrap();
    let ends: [(&dyn Fn(Lease<u32, ManualClock>), [u64; 3]); 6] = [
        (&|lease| lease.success(), [1, 0, 0]),
        (&|lease| lease.failure(FAULT), [0, 1, 0]),
        (&|lease| lease.report(Outcome::success()), [1, 0, 0]),
        (
            &|lease| {
                lease.report(Outcome::failure(FailureKind::Overloaded {
                    retry_after: None,
                }));
            },
            [0, 1, 0],
        ),
        (&drop, [0, 0, 1]),
        (&|lease| drop((lease.share(), lease)), [0, 0, 1]),
    ];
    for (end, expected) in ends {
        let before = balancer.stats();
        let lease = lease();
        assert_eq!((lease.in_flight(), balancer.stats().in_flight), (1, 1));
        end(lease);
        let since = balancer.stats().since(&before);
        assert_eq!([since.successes, since.failures, since.cancelled], expected);
        assert_eq!((since.picks, since.in_flight), (1, 0));
    }
}

#[test]
fn a_pick_is_no_load() {
    let (balancer, spy, _) = spied(&["a"]);
    let picked = balancer.pick().unwrap();
    assert_eq!((picked.in_flight(), balancer.stats().in_flight), (0, 0));
    drop(balancer.pick());
    assert_eq!(spy.shown_of("a").in_flight, 0);
    assert_eq!(picked.key(), "a");
}

#[test]
fn a_caller_that_panics_frees_its_place() {
    let balancer = rotating(specs("a").map(|spec| spec.max_in_flight(1)))
        .build()
        .unwrap();
    for _ in 0..3 {
        let died = catch_unwind(AssertUnwindSafe(|| {
            let _lease = balancer.lease(&Request::new()).unwrap();
            panic!("the request's own");
        }));
        assert!(died.is_err());
    }
    let stats = balancer.stats();
    assert_eq!(
        (stats.in_flight, stats.cancelled, stats.failures),
        (0, 3, 0)
    );
    assert!(balancer.lease(&Request::new()).is_ok());
}

#[test]
fn a_lease_outlives_membership_and_the_balancer() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let (gone, kept) = (lease_of(&balancer, "a"), lease_of(&balancer, "b"));
    let share = gone.share();
    balancer
        .update(|changes| {
            changes.remove("a");
        })
        .unwrap();
    assert_eq!((gone.key(), *gone.value(), gone.in_flight()), ("a", 0, 1));
    assert_eq!(balancer.stats().in_flight, 1);
    let handle = balancer.clone();
    drop(balancer);
    gone.success();
    assert_eq!(handle.stats().successes, 1);
    drop(handle);
    assert_eq!((kept.in_flight(), share.in_flight()), (1, 0));
    kept.failure(FAULT);
}

#[test]
fn a_lease_knows_its_backend() {
    let spec = Spec::new("a", 3)
        .weight(4)
        .zone("eu")
        .priority(2)
        .label("pool", "x")
        .label("pool", "y");
    let balancer = rotating([spec]).build().unwrap();
    let lease = balancer.lease(&Request::new()).unwrap();
    assert_eq!((lease.key(), *lease.value(), lease.weight()), ("a", 3, 4));
    assert_eq!((lease.zone(), lease.priority()), (Some("eu"), 2));
    assert_eq!(
        (lease.label("pool"), lease.label("none")),
        (Some("y"), None)
    );
    assert_eq!(lease.id(), tenfold::balance::BackendId::of("a"));
    assert!(!lease.is_panic());
    let picked = balancer.pick().unwrap();
    assert_eq!(format!("{picked:?}"), format!("Picked({:?})", *picked));
    assert!(format!("{lease:?}").starts_with("Lease(Backend { key: \"a\", value: 3"));
}

/// The latency of a success, of a failure with and without a pause, and of what was given up.
#[test]
fn what_a_lease_teaches() {
    let cost_after = |wait: u64, end: &dyn Fn(Lease<u32, ManualClock>)| {
        let (balancer, spy, clock) = spied(&["a"]);
        let lease = lease_of(&balancer, "a");
        clock.advance(Duration::from_millis(wait));
        end(lease);
        drop(balancer.pick());
        // To the millisecond: floats are about.
        (f64::from(spy.shown_of("a").cost) / 1e6).round() as u64
    };
    let overloaded = |seconds| FailureKind::Overloaded {
        retry_after: Some(Duration::from_secs(seconds)),
    };
    assert_eq!(cost_after(100, &|lease| lease.success()), 100);
    assert_eq!(cost_after(2, &|lease| lease.success()), 2);
    let ten = Outcome::success().latency(Duration::from_millis(10));
    assert_eq!(cost_after(100, &|lease| lease.report(ten)), 10);
    // Nine tenths of the usual 30 ms, or what it took, or what the backend asks for, whichever is the most; eight times that.
    assert_eq!(cost_after(2, &|lease| lease.failure(FAULT)), 8 * 27);
    assert_eq!(cost_after(5_000, &|lease| lease.failure(FAULT)), 8 * 5_000);
    assert_eq!(
        cost_after(2, &|lease| lease.failure(overloaded(1))),
        8 * 1_000
    );
    assert_eq!(
        cost_after(2, &|lease| lease.failure(overloaded(7))),
        8 * 7_000
    );
    // Given up early says nothing; given up late, that the answer would have taken longer.
    assert_eq!(cost_after(2, &drop), 27);
    assert_eq!(cost_after(100, &drop), 100);
}

/// Latencies are taken from the request's own time if it has read the clock.
#[test]
fn a_request_may_bring_its_time() {
    let (balancer, spy, clock) = spied(&["a"]);
    clock.advance(Duration::from_millis(500));
    let lease = balancer
        .lease(&Request::new().now(Tick::from_nanos(100_000_000)))
        .unwrap();
    lease.success();
    drop(balancer.pick());
    assert!((spy.shown_of("a").cost - 4e8).abs() < 1e5);
}

#[test]
fn loads_that_are_nonsense_are_harmless() {
    let (balancer, spy, _) = spied(&["a"]);
    let reports = [
        (0.7, 0.7),
        (f32::NAN, 0.0),
        (-3.0, 0.0),
        (f32::INFINITY, f32::MAX),
    ];
    assert_eq!(spy.shown(), []);
    for (reported, shown) in reports {
        lease_of(&balancer, "a").report(Outcome::success().server_load(reported));
        drop(balancer.pick());
        assert_eq!(spy.shown_of("a").reported_load, Some(shown));
    }
    lease_of(&balancer, "a").report(Outcome::success().latency(Duration::MAX));
    drop(balancer.pick());
    assert!(spy.shown_of("a").cost.is_finite());
    lease_of(&balancer, "a").report(Outcome::success().latency(Duration::ZERO));
    drop(balancer.pick());
    assert!(spy.shown_of("a").cost > 0.0);
}

#[test]
fn a_limit_is_kept_by_threads() {
    const THREADS: u64 = 4;
    let limits = [1, 2, 3];
    let named = specs("a b c")
        .zip(limits)
        .map(|(spec, most)| spec.max_in_flight(most));
    let balancer = rotating(named).build().unwrap();
    let inside = [(); 3].map(|()| AtomicU64::new(0));
    let admitted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (balancer, inside, admitted) = (&balancer, &inside, &admitted);
            scope.spawn(move || {
                let mut picker = balancer.picker();
                let mut held = Vec::new();
                for round in 0..3_000 {
                    let lease = if (round + thread) % 2 == 0 {
                        balancer.lease(&Request::new())
                    } else {
                        picker.lease(&Request::new())
                    };
                    if let Ok(lease) = lease {
                        let place = *lease.value() as usize;
                        let now = inside[place].fetch_add(1, Ordering::SeqCst) + 1;
                        assert!(now <= limits[place], "{now} at {}", lease.key());
                        admitted.fetch_add(1, Ordering::SeqCst);
                        held.push(lease);
                    }
                    if round % 3 == 0 {
                        held.drain(..).for_each(|lease: Lease<u32, ManualClock>| {
                            inside[*lease.value() as usize].fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                }
                for lease in held {
                    inside[*lease.value() as usize].fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    let stats = balancer.stats();
    assert_eq!(
        (stats.in_flight, stats.cancelled),
        (0, admitted.load(Ordering::SeqCst))
    );
    assert_eq!(stats.picks + stats.refused, THREADS * 3_000);
    // Exactly as many as may be, and not one more.
    let all: Vec<_> = (0..6)
        .map(|_| balancer.lease(&Request::new()).unwrap())
        .collect();
    assert!(balancer.lease(&Request::new()).is_err());
    drop(all);
}

#[test]
fn a_limit_that_is_lowered_holds_for_what_is_new() {
    let (balancer, _, _) = spied(&["a"]);
    let three = [(); 3].map(|()| lease_of(&balancer, "a"));
    balancer
        .update(|changes| {
            changes.put(Spec::new("a", 0).max_in_flight(2));
        })
        .unwrap();
    assert!(balancer.lease(&Request::new()).is_err());
    let [one, two, other] = three;
    one.success();
    assert!(balancer.lease(&Request::new()).is_err());
    two.success();
    let again = lease_of(&balancer, "a");
    assert!(balancer.lease(&Request::new()).is_err());
    drop((other, again));
    assert_eq!(balancer.stats().in_flight, 0);
}

#[test]
fn handles_go_where_they_may() {
    fn anywhere<T: Send + Sync + 'static>() {}
    fn movable<T: Send + 'static>() {}
    anywhere::<Balancer<String>>();
    anywhere::<Balancer<String, PowerOfTwo, ManualClock>>();
    anywhere::<Lease<String>>();
    anywhere::<tenfold::balance::Drain<String, Adaptive>>();
    anywhere::<tenfold::balance::Changes<String>>();
    movable::<Picker<String, Adaptive, ManualClock>>();
    // A request as well, so that what is written in one expression may be held across an `await`.
    fn both<T: Send + Sync>() {}
    both::<Request<'static>>();
    // Leases go to other threads and end there.
    let balancer = rotating(specs("a")).build().unwrap();
    let lease = balancer.lease(&Request::new()).unwrap();
    std::thread::spawn(move || lease.success()).join().unwrap();
    assert_eq!(
        (balancer.stats().successes, balancer.stats().in_flight),
        (1, 0)
    );
}
