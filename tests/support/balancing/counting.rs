//! What is counted adds up.

use tenfold::balance::{BackendId, Request, Stats};

use crate::{FAULT, rotating, specs};

#[test]
fn every_call_is_counted_once() {
    let balancer = rotating(specs("a b c").map(|spec| spec.max_in_flight(50)))
        .build()
        .unwrap();
    let before = balancer.stats();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let balancer = &balancer;
            scope.spawn(move || {
                let ids = ["a", "b", "c"].map(BackendId::of);
                let mut picker = balancer.picker();
                for round in 0..300 {
                    let tried = &ids[..(round % 4)];
                    let request = Request::new().excluding(tried);
                    drop(balancer.pick_for(&request));
                    let lease = if thread % 2 == 0 {
                        balancer.lease(&request)
                    } else {
                        picker.lease(&request)
                    };
                    match (lease, round % 3) {
                        (Ok(lease), 0) => lease.success(),
                        (Ok(lease), 1) => lease.failure(FAULT),
                        _ => {}
                    }
                }
            });
        }
        for weight in 1..20 {
            balancer
                .update(|changes| {
                    changes.set_weight("b", weight);
                })
                .unwrap();
        }
    });
    let since = balancer.stats().since(&before);
    assert_eq!(since.picks + since.refused, 4 * 600);
    // Each fourth request excludes all.
    assert_eq!(since.refused, 4 * 2 * 75);
    assert_eq!(since.successes + since.failures + since.cancelled, 4 * 225);
    assert_eq!(
        (since.successes, since.failures, since.cancelled),
        (300, 300, 300)
    );
    assert_eq!((since.updates, since.in_flight, since.panicked), (19, 0, 0));
    assert!((since.fallbacks as f64) < 0.6 * since.picks as f64 && since.fallbacks > 0);
    assert_eq!((since.backends, since.usable, since.panic), (3, 3, false));
    assert!((since.failure_ratio() - 0.5).abs() < 1e-12);
}

#[test]
fn since_takes_counters_and_leaves_what_is() {
    let balancer = rotating(specs("a b")).build().unwrap();
    balancer.lease(&Request::new()).unwrap().success();
    let earlier = balancer.stats();
    let lease = balancer.lease(&Request::new()).unwrap();
    let since = balancer.stats().since(&earlier);
    assert_eq!((since.picks, since.successes, since.in_flight), (1, 0, 1));
    assert_eq!((since.backends, since.usable), (2, 2));
    // The wrong way round it is nothing, and no panic.
    let nothing = earlier.since(&balancer.stats());
    assert_eq!((nothing.picks, nothing.in_flight), (0, 0));
    assert_eq!(Stats::default().failure_ratio(), 0.0);
    drop(lease);
    assert!(format!("{balancer:?}").starts_with("Balancer { stats: Stats {"));
}

#[cfg(feature = "serde")]
#[test]
fn stats_can_be_shipped() {
    let balancer = rotating(specs("a b")).build().unwrap();
    balancer.lease(&Request::new()).unwrap().failure(FAULT);
    let stats = balancer.stats();
    let text = serde_json::to_string(&stats).unwrap();
    assert_eq!(serde_json::from_str::<Stats>(&text).unwrap(), stats);
}
