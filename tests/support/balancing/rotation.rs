//! Whose turn it is: exactly, whoever asks, and also while the set changes.

use std::collections::HashMap;

use tenfold::balance::{BackendId, Balancer, PowerOfTwo, Request, Spec};
use tenfold::clock::ManualClock;

use crate::rotating;

fn tally(keys: impl IntoIterator<Item = u32>) -> HashMap<u32, u64> {
    let mut tally = HashMap::new();
    for key in keys {
        *tally.entry(key).or_default() += 1;
    }
    tally
}

fn many(n: u32) -> impl Iterator<Item = Spec<u32>> {
    (0..n).map(|place| Spec::new(place.to_string(), place))
}

#[test]
fn one_after_the_other_in_the_order_in_which_they_came() {
    for n in [1, 2, 3, 7, 64, 100] {
        let balancer = rotating(many(n)).build().unwrap();
        let first = *balancer.pick().unwrap().value();
        for turn in 1..=3 * n {
            let lease = balancer.lease(&Request::new()).unwrap();
            assert_eq!(*lease.value(), (first + turn) % n);
        }
    }
}

#[test]
fn of_all_threads_together_everybody_gets_the_same() {
    const THREADS: usize = 4;
    for (n, each) in [(3, 1_000), (7, 501), (10, 333)] {
        let balancer = rotating(many(n)).build().unwrap();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let balancer = balancer.clone();
                let picked = move |_| *balancer.pick().unwrap().value();
                std::thread::spawn(move || (0..each).map(picked).collect::<Vec<_>>())
            })
            .collect();
        let picked = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        let tally = tally(picked);
        let total = (THREADS * each) as u64;
        let (least, n) = (total / u64::from(n), u64::from(n));
        assert_eq!(tally.len() as u64, n);
        assert!(
            tally
                .values()
                .all(|count| (least..=least + 1).contains(count)),
            "{tally:?}"
        );
        assert_eq!(
            tally.values().filter(|count| **count > least).count() as u64,
            total % n
        );
    }
}

#[test]
fn pickers_differ_by_one_each() {
    const PICKERS: u64 = 8;
    let balancer = rotating(many(5)).build().unwrap();
    let mut all = HashMap::new();
    for _ in 0..PICKERS {
        let mut picker = balancer.picker();
        let own = tally((0..1_001).map(|_| *picker.pick().unwrap().value()));
        assert!(
            own.values().all(|count| (200..=201).contains(count)),
            "{own:?}"
        );
        for (key, count) in own {
            *all.entry(key).or_insert(0) += count;
        }
    }
    let fair = PICKERS * 1_001 / 5;
    assert!(
        all.values().all(|count| count.abs_diff(fair) <= PICKERS),
        "{all:?}"
    );
}

/// Pickers begin anywhere, so that many of them don't all begin with the same backend.
#[test]
fn pickers_begin_anywhere() {
    let balancer = rotating(many(4)).seed(5).build().unwrap();
    let first = tally((0..400).map(|_| *balancer.picker().pick().unwrap().value()));
    assert!(
        first.values().all(|count| (60..=140).contains(count)),
        "{first:?}"
    );
    let first = tally((0..400).map(|_| {
        let balancer = rotating(many(4)).build().unwrap();
        *balancer.pick().unwrap().value()
    }));
    // Five deviations of 8.7 from 100.
    assert!(
        first.values().all(|count| (56..=144).contains(count)),
        "{first:?}"
    );
}

#[test]
fn picking_another_takes_nobodys_turn() {
    let balancer = rotating(many(3)).build().unwrap();
    let first = *balancer.pick().unwrap().value();
    for round in 1..=60 {
        // Each call is one turn, whether its choice was excluded or not.
        let place = (first + round) % 3;
        if round % 2 == 0 {
            let tried = [BackendId::of(&place.to_string())];
            let other = balancer
                .pick_for(&Request::new().excluding(&tried))
                .unwrap();
            assert_ne!(*other.value(), place);
        } else {
            assert_eq!(*balancer.pick().unwrap().value(), place);
        }
    }
    assert_eq!(balancer.stats().fallbacks, 30);
}

#[test]
fn whoever_stands_in_is_chosen_evenly() {
    let balancer = rotating(many(5)).seed(3).build().unwrap();
    let tried = [BackendId::of("0")];
    let retry = Request::new().excluding(&tried);
    let picks = tally((0..5_000).map(|_| *balancer.pick_for(&retry).unwrap().value()));
    assert_eq!(balancer.stats().fallbacks, 1_000);
    assert_eq!(picks.len(), 4);
    // The next in line stands in for the one before it as well: a fifth more at most, not all of it.
    assert!(
        picks.values().all(|count| (1_120..=1_500).contains(count)),
        "{picks:?}"
    );
}

#[test]
fn an_update_begins_no_new_round() {
    let balancer = rotating(many(4)).build().unwrap();
    let first = *balancer.pick().unwrap().value();
    for turn in 1..100 {
        balancer
            .update(|changes| {
                changes.set_value("2", 2);
            })
            .unwrap();
        assert_eq!(*balancer.pick().unwrap().value(), (first + turn) % 4);
    }
}

/// With the same seed and the same calls, the same choices.
#[test]
fn seeds_repeat() {
    let run = |seed: Option<u64>| {
        let build = |policy| {
            let builder = Balancer::builder(policy)
                .backends(many(100))
                .clock(ManualClock::new());
            match seed {
                Some(seed) => builder.seed(seed),
                None => builder,
            }
            .build()
            .unwrap()
        };
        let balancer = build(PowerOfTwo);
        let mut picker = balancer.picker();
        let mut choices = Vec::new();
        let mut leases = Vec::new();
        for _ in 0..50 {
            choices.push(*balancer.pick().unwrap().value());
            choices.push(*picker.pick().unwrap().value());
            leases.push(balancer.lease(&Request::new()).unwrap());
            choices.push(*leases.last().unwrap().value());
        }
        choices
    };
    assert_eq!(run(Some(1)), run(Some(1)));
    assert_ne!(run(Some(1)), run(Some(2)));
    assert_ne!(run(None), run(None));
}
