//! Every interleaving of leases, changes and drains of a small balancer.
//!
//! As in `tests/loom.rs`, each model must survive as it is and fail when the protocol is broken on purpose.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom_balance --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use tenfold::__kernel::{Arc, leave};
use tenfold::balance::{BackendId, Balancer, Drained, Lease, Policy, Request, Spec, View};
use tenfold::clock::ManualClock;

#[path = "support/explore.rs"]
mod explore;
#[path = "support/red.rs"]
mod red;

use explore::{explore, explore_only};
use red::must_fail;

/// The backend that the request names, or the first.
#[derive(Debug)]
struct Named;

impl Policy for Named {
    type Plan = ();

    fn plan<V: View>(&self, _: &V) {}

    fn pick<V: View>(&self, (): &(), view: &V, request: &Request<'_>) -> Option<usize> {
        let named = request.known_sticky();
        (0..view.len())
            .find(|index| Some(view.id(*index)) == named)
            .or(Some(0))
    }
}

type Model = Balancer<u32, Named, ManualClock>;

fn balancer(specs: impl IntoIterator<Item = Spec<u32>>) -> Model {
    Balancer::builder(Named)
        .backends(specs)
        .seed(1)
        .clock(ManualClock::new())
        .build()
        .unwrap()
}

fn two() -> Model {
    balancer([Spec::new("a", 0), Spec::new("b", 1)])
}

fn for_a() -> Request<'static> {
    Request::new().sticky(BackendId::of("a"))
}

/// A lease of `a`, if there is one.
fn lease_a(balancer: &Model) -> Option<Lease<u32, ManualClock>> {
    let lease = balancer.lease(&for_a()).ok()?;
    (lease.key() == "a").then_some(lease)
}

/// Two want a backend that takes one at a time.
fn room_for_one() {
    let balancer = balancer([Spec::new("a", 0).max_in_flight(1)]);
    let inside = Arc::new(AtomicUsize::new(0));
    let other = {
        let (balancer, inside) = (balancer.clone(), inside.clone());
        thread::spawn(move || {
            use_it(&balancer, &inside);
            leave();
        })
    };
    use_it(&balancer, &inside);
    other.join().unwrap();
    assert_eq!(balancer.stats().in_flight, 0, "a lease that never ends");
    assert!(lease_a(&balancer).is_some());
    leave();
}

fn use_it(balancer: &Model, inside: &AtomicUsize) {
    if let Some(lease) = lease_a(balancer) {
        assert_eq!(
            inside.fetch_add(1, Ordering::SeqCst),
            0,
            "more than may be in"
        );
        inside.fetch_sub(1, Ordering::SeqCst);
        drop(lease);
    }
}

#[test]
fn a_limit_is_kept() {
    explore(3, room_for_one);
}

#[test]
fn red_if_a_limit_is_looked_at_and_entered_later() {
    must_fail("a_limit_is_kept", "EnterUnchecked", "more than may be in");
}

/// A lease begins while its backend drains.
fn begun_while_it_drains(balancer: &Model) {
    let finished = Arc::new(AtomicBool::new(false));
    let caller = {
        let (balancer, finished) = (balancer.clone(), finished.clone());
        thread::spawn(move || {
            let lease = lease_a(&balancer);
            assert!(
                lease.is_none() || !finished.load(Ordering::SeqCst),
                "a lease after the end"
            );
            drop(lease);
            leave();
        })
    };
    assert_eq!(balancer.drain("a").unwrap().wait(), Drained::Finished);
    finished.store(true, Ordering::SeqCst);
    assert!(lease_a(balancer).is_none());
    caller.join().unwrap();
    assert_eq!(balancer.stats().backends, 1);
    leave();
}

#[test]
fn a_drain_that_has_finished_is_final() {
    explore(3, || begun_while_it_drains(&two()));
}

#[test]
fn a_drain_of_what_has_a_limit_is_final() {
    explore(3, || {
        let specs = [Spec::new("a", 0).max_in_flight(2), Spec::new("b", 1)];
        begun_while_it_drains(&balancer(specs));
    });
}

#[test]
fn red_if_a_lease_enters_what_drains() {
    let test = "a_drain_that_has_finished_is_final";
    must_fail(test, "EnterClosed", "a lease after the end");
}

/// The last lease ends while somebody begins to wait for that.
fn last_lease() {
    let balancer = two();
    let lease = lease_a(&balancer).unwrap();
    let caller = thread::spawn(move || {
        drop(lease);
        leave();
    });
    assert_eq!(balancer.drain("a").unwrap().wait(), Drained::Finished);
    caller.join().unwrap();
    leave();
}

#[test]
fn the_end_of_a_drain_is_heard() {
    explore(3, last_lease);
}

#[test]
fn red_if_who_waits_does_not_look_again() {
    must_fail(
        "the_end_of_a_drain_is_heard",
        "SkipDrainRecheck",
        "deadlock",
    );
}

/// A backend that is about to be removed, since it has finished, is put back, gets a lease, and drains again.
fn put_back_at_the_last_moment() {
    let balancer = two();
    let finished = Arc::new(AtomicBool::new(false));
    let drain = balancer.drain("a").unwrap();
    let caller = {
        let (balancer, finished) = (balancer.clone(), finished.clone());
        thread::spawn(move || {
            let draining = |on| {
                let update = balancer.update(|changes| {
                    changes.set_draining("a", on);
                });
                update.is_ok()
            };
            if draining(false) {
                let lease = lease_a(&balancer);
                let again = draining(true);
                assert_eq!(
                    lease.is_some(),
                    again,
                    "there, and no lease of it, or the other way round"
                );
                assert!(!finished.load(Ordering::SeqCst), "finished under a lease");
                drop(lease);
            }
            leave();
        })
    };
    if drain.wait() == Drained::Finished {
        finished.store(true, Ordering::SeqCst);
        assert_eq!(balancer.stats().backends, 1);
    }
    caller.join().unwrap();
    assert_eq!(balancer.stats().in_flight, 0);
    leave();
}

#[test]
fn nothing_is_removed_that_has_a_lease() {
    explore_only(2, put_back_at_the_last_moment);
}

#[test]
fn red_if_it_is_removed_without_another_look() {
    let test = "nothing_is_removed_that_has_a_lease";
    must_fail(test, "RemoveUndrained", "finished under a lease");
}

/// A backend is removed while others pick, with a picker and without.
fn removed_while_others_pick() {
    let balancer = two();
    let removed = Arc::new(AtomicBool::new(false));
    let caller = {
        let (balancer, removed) = (balancer.clone(), removed.clone());
        let mut picker = balancer.picker();
        thread::spawn(move || {
            let is_late = removed.load(Ordering::SeqCst);
            let picked = *balancer.pick_for(&for_a()).unwrap().value();
            assert!(!is_late || picked == 1, "picked after it was removed");
            let is_late = removed.load(Ordering::SeqCst);
            let picked = *picker.pick_for(&for_a()).unwrap().value();
            assert!(
                !is_late || picked == 1,
                "picked after it was removed, by a picker"
            );
            drop(picker);
            leave();
        })
    };
    let change = balancer.update(|changes| {
        changes.remove("a");
    });
    assert_eq!(change.unwrap().removed, 1);
    removed.store(true, Ordering::SeqCst);
    caller.join().unwrap();
    leave();
}

#[test]
fn who_is_removed_is_picked_no_more() {
    explore_only(2, removed_while_others_pick);
}

#[test]
fn red_if_a_picker_keeps_the_old_set() {
    let test = "who_is_removed_is_picked_no_more";
    must_fail(test, "KeepOldValue", "by a picker");
}

/// Two change the set at a time.
fn changed_twice() {
    let balancer = two();
    let other = {
        let balancer = balancer.clone();
        thread::spawn(move || {
            let change = balancer.update(|changes| {
                changes.add(Spec::new("c", 2)).set_weight("a", 0);
            });
            assert_eq!(change.unwrap().added, 1);
            leave();
        })
    };
    let change = balancer.update(|changes| {
        changes.remove("b").add(Spec::new("d", 3));
    });
    assert_eq!(change.unwrap().removed, 1);
    other.join().unwrap();
    let stats = balancer.stats();
    assert_eq!((stats.backends, stats.usable), (3, 2), "a change was lost");
    leave();
}

#[test]
fn no_change_is_lost() {
    explore_only(2, changed_twice);
}

#[test]
fn red_if_a_change_is_published_uncompared() {
    must_fail("no_change_is_lost", "SkipCompare", "a change was lost");
}
