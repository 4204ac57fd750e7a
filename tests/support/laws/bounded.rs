//! Bounded loads against a model in whole numbers, and under threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::sample::Index;
use tenfold::hash::StableHash;
use tenfold::ring::{Bounded, Error, Jump, Lease, Native, Placement, Rendezvous, Ring, SlotTable};

use crate::scripts::{Change, nodes};
use crate::{Nodes, cases, list_of, owner, replicas, ring_of};

#[derive(Clone, Debug)]
enum Deed {
    Lease(u64),
    Drop(Index),
    Change(Change),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let change = prop_oneof![
        (any::<Index>(), 0_u32..4).prop_map(|(index, weight)| Change::Add(index, weight)),
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), 0_u32..4).prop_map(|(index, weight)| Change::Weigh(index, weight)),
    ];
    let deed = prop_oneof![
        // Hot keys and others.
        6 => (0..3_u64).prop_map(|key| Deed::Lease(StableHash::u64(key))),
        4 => any::<u64>().prop_map(Deed::Lease),
        4 => any::<Index>().prop_map(Deed::Drop),
        2 => change.prop_map(Deed::Change),
    ];
    prop::collection::vec(deed, 1..120)
}

/// Factors as numerator and denominator, and the number for them.
fn factors() -> impl Strategy<Value = ((u128, u128), f64)> {
    let exact = |units: u32| ((u128::from(units), 65_536), f64::from(units) / 65_536.0);
    prop_oneof![
        2 => (65_536..200_000_u32).prop_map(exact),
        1 => Just(exact(65_536)),
        1 => Just(((11, 10), 1.1)),
        1 => Just(((5, 4), 1.25)),
        1 => Just(((4, 3), 4.0 / 3.0)),
        1 => Just(((65_536, 1), 65_536.0)),
    ]
}

/// `factor × total × weight / all`, rounded up.
fn bound((numerator, denominator): (u128, u128), total: u64, weight: u32, all: u64) -> u64 {
    let share = numerator * u128::from(total) * u128::from(weight);
    share.div_ceil(denominator * u128::from(all)) as u64
}

/// Loads by node, whether it is in the ring or not, and the leases there are.
#[derive(Default)]
struct Model {
    loads: BTreeMap<u32, u64>,
    leases: Vec<Lease<u32>>,
    given: u64,
    overflows: u64,
}

fn follow<P: Placement + Clone>(
    ring: Ring<u32, P>,
    (exact, factor): ((u128, u128), f64),
    deeds: &[Deed],
) -> Result<(), TestCaseError> {
    let bounded = Bounded::new(ring, factor).unwrap();
    // The factor is rounded down to units of 2^-16.
    let rounded = (exact.0 * 65_536 / exact.1, 65_536);
    let mut model = Model::default();
    for deed in deeds {
        match deed {
            Deed::Lease(hash) => lease(&bounded, &mut model, *hash, exact, rounded)?,
            Deed::Drop(index) if !model.leases.is_empty() => {
                let lease = model.leases.swap_remove(index.index(model.leases.len()));
                *model.loads.get_mut(&lease).unwrap() -= 1;
            }
            Deed::Drop(_) => {}
            Deed::Change(change) => {
                if let Some((_, step)) = change.apply(&bounded.ring()) {
                    match (step.before, step.after) {
                        (None, Some(weight)) => bounded.add(step.node, weight),
                        (_, Some(weight)) => bounded.set_weight(&step.node, weight),
                        _ => bounded.remove(&step.node),
                    }
                    .unwrap();
                }
            }
        }
        let load_of = |node: u32| model.loads.get(&node).copied().unwrap_or(0);
        let loads: Vec<(u32, u64)> = list_of(&bounded.ring())
            .iter()
            .map(|(node, _)| (*node, load_of(*node)))
            .collect();
        prop_assert_eq!(bounded.loads(), loads);
        prop_assert_eq!(bounded.in_flight(), model.leases.len() as u64);
        let stats = bounded.stats();
        prop_assert_eq!(
            (stats.in_flight, stats.leases, stats.overflows),
            (bounded.in_flight(), model.given, model.overflows)
        );
    }
    model.leases.clear();
    prop_assert_eq!(bounded.in_flight(), 0);
    prop_assert!(bounded.loads().iter().all(|(_, load)| *load == 0));
    Ok(())
}

fn lease<P: Placement + Clone>(
    bounded: &Bounded<u32, P>,
    model: &mut Model,
    hash: u64,
    exact: (u128, u128),
    rounded: (u128, u128),
) -> Result<(), TestCaseError> {
    let ring = bounded.ring();
    let all: u64 = ring.nodes().map(|(_, weight)| u64::from(weight)).sum();
    let total = model.leases.len() as u64 + 1;
    let load = |node: u32| model.loads.get(&node).copied().unwrap_or(0);
    let has_room =
        |node: &u32| load(*node) < bound(rounded, total, ring.weight(node).unwrap(), all);
    let expected = replicas(&ring, hash, usize::MAX).into_iter().find(has_room);
    let lease = bounded.lease_hash(hash);
    prop_assert_eq!(lease.as_deref().copied(), expected);
    prop_assert_eq!(lease.is_none(), all == 0);
    if let Some(lease) = lease {
        let node = *lease.node();
        model.given += 1;
        model.overflows += u64::from(owner(&ring, hash) != Some(node));
        *model.loads.entry(node).or_default() += 1;
        prop_assert!(model.loads[&node] <= bound(exact, total, ring.weight(&node).unwrap(), all));
        model.leases.push(lease);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_lease_goes_to_the_first_node_with_room(nodes in nodes(), factor in factors(), deeds in deeds(), kind in 0..4) {
        match kind {
            0 => follow(ring_of(&nodes, Native::with_points(5)), factor, &deeds)?,
            1 => follow(ring_of(&nodes, Rendezvous::default()), factor, &deeds)?,
            2 => follow(ring_of(&nodes, SlotTable::with_slots(200)), factor, &deeds)?,
            _ => follow(ring_of(&nodes, Jump::default()), factor, &deeds)?,
        }
    }
}

#[test]
fn factors_are_numbers_from_1_to_65536() {
    let ring = || ring_of(&[(1, 1)], Native::default());
    for wrong in [
        0.99,
        0.0,
        -1.0,
        -1.25,
        1.0 - f64::EPSILON,
        65_536.1,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        assert_eq!(
            Bounded::new(ring(), wrong).err(),
            Some(Error::Factor),
            "{wrong}"
        );
    }
    for right in [1.0, 1.0 + f64::EPSILON, 1.1, 65_536.0] {
        assert!(Bounded::new(ring(), right).is_ok());
    }
}

#[test]
fn nobody_gives_leases_where_nobody_has_weight() {
    for nodes in [vec![], vec![(1, 0), (2, 0)]] {
        let bounded = Bounded::new(ring_of(&nodes, Native::default()), 1.25).unwrap();
        assert!(bounded.lease(&7_u32).is_none());
        assert_eq!((bounded.in_flight(), bounded.stats().leases), (0, 0));
        bounded.add(9, 1).unwrap();
        assert_eq!(*bounded.lease(&7_u32).unwrap(), 9);
    }
}

/// Nodes that go while they have leases keep their loads, and take them up again.
#[test]
fn loads_outlive_a_node() {
    let bounded = Bounded::new(ring_of(&[(1, 1)], Native::default()), 1.0).unwrap();
    let leases: Vec<_> = (0..10_u32)
        .map(|key| bounded.lease(&key).unwrap())
        .collect();
    bounded.add(2, 1).unwrap();
    bounded.remove(&1).unwrap();
    bounded.set_weight(&2, 5).unwrap();
    assert_eq!((bounded.loads(), bounded.in_flight()), (vec![(2, 0)], 10));
    bounded.add(1, 5).unwrap();
    assert_eq!(bounded.loads(), [(2, 0), (1, 10)]);
    // The next one makes 11, of which a node may have 6.
    assert_eq!(*bounded.lease(&0_u32).unwrap(), 2);
    drop(leases);
    assert_eq!(
        (bounded.loads(), bounded.in_flight()),
        (vec![(2, 0), (1, 0)], 0)
    );
}

#[test]
fn a_panic_ends_the_lease() {
    let bounded = Bounded::new(ring_of(&[(1, 1), (2, 1)], Native::default()), 1.25).unwrap();
    let handle = bounded.clone();
    let outcome = std::thread::spawn(move || {
        let _lease = handle.lease(&1_u32).unwrap();
        assert_eq!(handle.in_flight(), 1);
        std::panic::resume_unwind(Box::new("on purpose"));
    })
    .join();
    assert!(outcome.is_err());
    assert_eq!(
        (bounded.in_flight(), bounded.loads()),
        (0, vec![(1, 0), (2, 0)])
    );
}

/// Four threads with up to five leases each: no node has more than its bound for twenty.
#[test]
fn threads_keep_the_bound() {
    const THREADS: u64 = 4;
    const HELD: u64 = 5;
    let nodes: Nodes = vec![(1, 1), (2, 1), (3, 2), (4, 4)];
    let bounded = Bounded::new(ring_of(&nodes, Native::default()), 1.25).unwrap();
    let bounds: Vec<u64> = nodes
        .iter()
        .map(|(_, weight)| bound((5, 4), THREADS * HELD, *weight, 8))
        .collect();
    assert_eq!(bounds, [4, 4, 7, 13]);
    let most = AtomicU64::new(0);
    let all_done = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (bounded, bounds, most, all_done) = (bounded.clone(), &bounds, &most, &all_done);
            scope.spawn(move || {
                let mut held = std::collections::VecDeque::new();
                for round in 0..3_000_u64 {
                    if held.len() as u64 == HELD || round % 7 == thread {
                        held.pop_front();
                    }
                    // Half of the keys are one hot key.
                    held.push_back(bounded.lease(&(round % 2 * round)).unwrap());
                    for ((node, load), bound) in bounded.loads().into_iter().zip(bounds) {
                        assert!(load <= *bound, "node {node} has {load}, more than {bound}");
                    }
                    assert!(bounded.in_flight() <= THREADS * HELD);
                }
                // Whatever the threads did before: now all of them hold what they have.
                all_done.wait();
                most.fetch_max(bounded.in_flight(), Ordering::Relaxed);
                all_done.wait();
            });
        }
    });
    assert!(most.into_inner() > HELD);
    assert_eq!(
        (bounded.in_flight(), bounded.stats().leases),
        (0, THREADS * 3_000)
    );
    assert!(bounded.loads().iter().all(|(_, load)| *load == 0));
}

/// Nodes come and go under load; in the end nothing is counted twice or not at all.
#[test]
fn threads_and_changes_leave_nothing_behind() {
    let bounded = Bounded::new(ring_of(&[(0, 1), (1, 1)], Native::with_points(8)), 1.1).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let bounded = bounded.clone();
            scope.spawn(move || {
                let mut held = std::collections::VecDeque::new();
                for round in 0..2_000_u64 {
                    held.push_back(bounded.lease(&(round * thread)).unwrap());
                    if held.len() > 6 {
                        held.pop_front();
                    }
                }
            });
        }
        scope.spawn(|| {
            for round in 0..150_u32 {
                bounded.add(2 + round % 3, 1 + round % 2).unwrap();
                bounded.set_weight(&0, 1 + round % 4).unwrap();
                bounded.remove(&(2 + round % 3)).unwrap();
            }
        });
    });
    assert_eq!(bounded.in_flight(), 0);
    for node in 2..5 {
        bounded.add(node, 1).unwrap();
    }
    assert!(bounded.loads().iter().all(|(_, load)| *load == 0));
}
