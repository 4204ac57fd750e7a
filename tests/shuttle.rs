//! Random schedules of whole components, with threads and tasks mixed.
//!
//! As in `tests/loom.rs`, each scenario must survive as it is and fail when the protocol is broken on purpose.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_shuttle" cargo test --release --test shuttle --target-dir target/shuttle`;
//! `TENFOLD_SCHEDULES` sets how many schedules each scenario is given.
#![cfg(tenfold_shuttle)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::{future, thread};
use tenfold::__kernel::{Arc, Counters};
use tenfold::histogram::Histogram;
use tenfold::ring::{Bounded, Ring, SharedRing};
use tenfold::snapshot::{Reader, Snapshot};

#[path = "support/balancing/mod.rs"]
mod balancing;
#[path = "support/limiting/mod.rs"]
mod limiting;
#[path = "support/red.rs"]
mod red;
#[path = "support/waiting/mod.rs"]
mod waiting;

use red::must_fail;

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let schedules = std::env::var("TENFOLD_SCHEDULES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000);
    shuttle::check_random(scenario, schedules);
}

/// Counts how often each of its values was dropped. The values live in the test, so a broken protocol drops a value while it
/// is read without reading freed memory.
#[derive(Clone)]
struct Morgue(Arc<Vec<AtomicUsize>>);

impl Morgue {
    fn new(values: usize) -> Self {
        Self(Arc::new((0..values).map(|_| AtomicUsize::new(0)).collect()))
    }

    fn deaths(&self, value: usize) -> usize {
        self.0[value].load(Ordering::SeqCst)
    }
}

/// A value in a cell: a number in two places that must agree.
struct Body {
    head: usize,
    morgue: Morgue,
    tail: usize,
}

impl Body {
    fn new(value: usize, morgue: &Morgue) -> Self {
        Self {
            head: value,
            morgue: morgue.clone(),
            tail: value,
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.morgue.0[self.head].fetch_add(1, Ordering::SeqCst);
    }
}

const VALUES: usize = 5;

/// Threads and tasks read, nested and through caching readers, while others publish and update; every value is whole, alive
/// while it is read, never older than one seen before, and dropped exactly once.
fn readers_and_publishers() {
    let morgue = Morgue::new(VALUES);
    // What the cell holds is kept by the test as well, and the cell's own handle is told apart by the count.
    let bodies: Arc<Vec<Arc<Body>>> = Arc::new(
        (0..VALUES)
            .map(|value| Arc::new(Body::new(value, &morgue)))
            .collect(),
    );
    let cell = Arc::new(Snapshot::from_arc(bodies[0].clone()));
    let look = |cell: &Snapshot<Body>, bodies: &[Arc<Body>], least: usize| {
        cell.read(|outer| {
            let inner = cell.read(|inner| inner.head);
            thread::yield_now();
            assert_eq!(outer.head, outer.tail, "half of a value");
            assert!(
                outer.head >= least && inner >= outer.head,
                "back from {least} to {} or {inner}",
                outer.head
            );
            assert!(
                Arc::strong_count(&bodies[outer.head]) >= 2,
                "value {} was released while it was read",
                outer.head
            );
            outer.head
        })
    };
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (cell, bodies) = (cell.clone(), bodies.clone());
            thread::spawn(move || {
                let first = look(&cell, &bodies, 0);
                look(&cell, &bodies, first);
            })
        })
        .collect();
    let task = {
        let cell = cell.clone();
        future::spawn(async move {
            let mut reader = Reader::new(cell);
            let mut last = 0;
            for _ in 0..3 {
                let now = reader.get().head;
                assert!(now >= last, "back from {last} to {now}");
                last = now;
                future::yield_now().await;
            }
        })
    };
    for body in &bodies[1..] {
        cell.publish_arc(body.clone());
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    future::block_on(task).unwrap();
    assert_eq!(cell.read(|body| body.head), VALUES - 1);
    cell.publish_arc(bodies[0].clone());
    assert_eq!(cell.retired(), 0, "nobody reads, so nothing is kept");
    drop(cell);
    assert!(
        (0..VALUES)
            .all(|value| Arc::strong_count(&bodies[value]) == 1 && morgue.deaths(value) == 0)
    );
    drop(bodies);
    assert!((0..VALUES).all(|value| morgue.deaths(value) == 1));
}

#[test]
fn values_are_whole_and_outlive_their_readers() {
    explore(readers_and_publishers);
}

#[test]
fn red_without_announcement() {
    must_fail(
        "values_are_whole_and_outlive_their_readers",
        "SkipAnnounce",
        "was released while it was read",
    );
}

#[test]
fn red_without_the_scan() {
    must_fail(
        "values_are_whole_and_outlive_their_readers",
        "SkipScan",
        "was released while it was read",
    );
}

#[test]
fn red_when_announced_after_the_load() {
    must_fail(
        "values_are_whole_and_outlive_their_readers",
        "AnnounceLate",
        "was released while it was read",
    );
}

/// Nodes join and leave from several threads while threads and tasks look keys up.
fn membership_under_load() {
    let ring = SharedRing::new(Ring::new([0_u32, 1]).unwrap());
    let joining: Vec<_> = (2..4)
        .map(|node| {
            let ring = ring.clone();
            thread::spawn(move || {
                let grown = ring.add(node).unwrap();
                assert!(grown.contains(&node));
                assert!(ring.load().contains(&node), "a change went missing");
            })
        })
        .collect();
    let leaving = {
        let ring = ring.clone();
        thread::spawn(move || {
            ring.remove(&0).unwrap();
            assert!(
                (0..16_u32).all(|key| ring.locate(&key) != Some(0)),
                "a change went missing: a node that left owns keys"
            );
        })
    };
    let looking = {
        let mut reader = ring.reader();
        future::spawn(async move {
            for key in 0..4_u32 {
                assert!(reader.locate(&key).is_some());
                future::yield_now().await;
            }
        })
    };
    joining
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    leaving.join().unwrap();
    future::block_on(looking).unwrap();
    let mut nodes: Vec<u32> = ring.load().nodes().map(|(node, _)| *node).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, [1, 2, 3], "a change went missing");
    assert_eq!(ring.stats().changes, 3);
}

#[test]
fn no_change_of_membership_is_lost() {
    explore(membership_under_load);
}

#[test]
fn red_when_changes_do_not_compare() {
    must_fail(
        "no_change_of_membership_is_lost",
        "SkipCompare",
        "a change went missing",
    );
}

/// More recorders than stripes would be too many for a schedule, so this covers owned stripes and their hand-over.
fn recorders_come_and_go() {
    let histogram = Arc::new(Histogram::new());
    let counters = Arc::new(Counters::<2>::new());
    for generation in 0..2_u64 {
        let recorders: Vec<_> = (0..3_u64)
            .map(|n| {
                let (histogram, counters) = (histogram.clone(), counters.clone());
                thread::spawn(move || {
                    histogram.record(10 * generation + n);
                    counters.raise(0);
                    counters.raise(1);
                    counters.raise(0);
                })
            })
            .collect();
        recorders
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
    let seen = histogram.distribution();
    assert_eq!((seen.count(), seen.sum()), (6, 36), "every value counts");
    assert_eq!((seen.min(), seen.max()), (0, 12));
    assert_eq!(
        (counters.sum(0), counters.sum(1)),
        (12, 6),
        "every event counts"
    );
}

#[test]
fn no_record_is_lost() {
    explore(recorders_come_and_go);
}

#[test]
fn red_when_a_stripe_has_two_writers() {
    must_fail("no_record_is_lost", "ShareNumber", "every");
}

/// Threads take and give back leases for one key while a node joins: no node has more than its part of all leases there can be
/// at a time, and in the end nothing is left.
fn leases_for_a_hot_key() {
    const CALLERS: u64 = 4;
    let ring = Ring::builder().nodes([0_u32, 1]).build().unwrap();
    let bounded = Bounded::new(ring, 1.0).unwrap();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let bounded = bounded.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    let lease = bounded.lease("hot").unwrap();
                    // Two nodes at least share the leases of all callers.
                    let most = bounded.loads().iter().map(|(_, leases)| *leases).max();
                    assert!(
                        most <= Some(CALLERS / 2),
                        "a node above its bound: {most:?}"
                    );
                    thread::yield_now();
                    drop(lease);
                }
            })
        })
        .collect();
    bounded.add(2, 1).unwrap();
    callers
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(bounded.in_flight(), 0);
    assert!(bounded.loads().iter().all(|(_, leases)| *leases == 0));
    assert_eq!(bounded.stats().leases, 2 * CALLERS);
}

/// A node leaves and comes back while it has leases, or is about to get one through the ring that was: they still count.
fn leases_of_a_node_that_comes_back() {
    const CALLERS: u64 = 3;
    let bounded = Bounded::new(Ring::new([0_u32]).unwrap(), 1.0).unwrap();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let bounded = bounded.clone();
            thread::spawn(move || bounded.lease("key"))
        })
        .collect();
    bounded.remove(&0).unwrap();
    bounded.add(1, 1).unwrap();
    bounded.remove(&1).unwrap();
    bounded.add(0, 1).unwrap();
    let leases = callers
        .into_iter()
        .filter_map(|caller| caller.join().unwrap());
    let leases: Vec<_> = leases.collect();
    let of_zero = leases.iter().filter(|lease| *lease.node() == 0).count() as u64;
    assert_eq!(bounded.loads(), [(0, of_zero)], "leases were forgotten");
    assert_eq!(bounded.in_flight(), leases.len() as u64);
    drop(leases);
    assert_eq!((bounded.loads(), bounded.in_flight()), (vec![(0, 0)], 0));
}

#[test]
fn leases_outlive_membership() {
    explore(leases_of_a_node_that_comes_back);
}

#[test]
fn red_when_loads_of_absent_nodes_are_forgotten() {
    must_fail(
        "leases_outlive_membership",
        "ForgetAbsent",
        "leases were forgotten",
    );
}

#[test]
fn no_node_is_above_its_bound() {
    explore(leases_for_a_hot_key);
}

#[test]
fn red_when_a_lease_enters_unchecked() {
    must_fail(
        "no_node_is_above_its_bound",
        "EnterUnchecked",
        "a node above its bound",
    );
}
