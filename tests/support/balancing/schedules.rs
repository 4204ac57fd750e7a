//! A balancer as a whole in many random schedules: threads and tasks take leases, some of them die, the set changes, and a backend drains
//! and comes back. Who waits for ever is found by the checker: it calls it a deadlock.

use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::{future, thread};
use tenfold::__kernel::Arc;
use tenfold::balance::{
    Balancer, Drained, FailureKind, Lease, PowerOfTwo, Request, RoundRobin, Spec,
};
use tenfold::clock::ManualClock;

use crate::explore;
use crate::red::must_fail;

type World = Balancer<usize, RoundRobin, ManualClock>;
type Held = Lease<usize, ManualClock>;

const MOST: usize = 2;

/// Counts who is inside, as seen from outside.
#[derive(Default)]
struct Doors([AtomicUsize; 3]);

impl Doors {
    fn enter(&self, lease: &Held) {
        let now = self.0[*lease.value()].fetch_add(1, Ordering::SeqCst) + 1;
        assert!(now <= MOST, "{now} where {MOST} may be");
    }

    fn leave(&self, lease: Held) {
        self.0[*lease.value()].fetch_sub(1, Ordering::SeqCst);
        match *lease.value() {
            0 => lease.success(),
            1 => lease.failure(FailureKind::Faulty),
            _ => drop(lease),
        }
    }
}

fn spec(place: usize) -> Spec<usize> {
    Spec::new(["a", "b", "c"][place], place).max_in_flight(MOST as u64)
}

fn world() -> World {
    Balancer::builder(RoundRobin)
        .backends((0..3).map(spec))
        .seed(1)
        .clock(ManualClock::new())
        .build()
        .unwrap()
}

fn threads_and_tasks_while_the_set_changes() {
    let (world, doors) = (world(), Arc::new(Doors::default()));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (world, doors) = (world.clone(), doors.clone());
            thread::spawn(move || {
                let mut picker = world.picker();
                let mut held = Vec::new();
                for _ in 0..3 {
                    let lease = picker.lease(&Request::new());
                    held.extend(lease.inspect(|lease| doors.enter(lease)));
                    held.extend(
                        world
                            .lease(&Request::new())
                            .inspect(|lease| doors.enter(lease)),
                    );
                    thread::yield_now();
                    held.drain(..).for_each(|lease| doors.leave(lease));
                }
            })
        })
        .collect();
    let task = {
        let (world, doors) = (world.clone(), doors.clone());
        future::spawn(async move {
            for _ in 0..2 {
                if let Ok(lease) = world.lease(&Request::new()) {
                    doors.enter(&lease);
                    future::yield_now().await;
                    doors.leave(lease);
                }
            }
        })
    };
    let draining = {
        let world = world.clone();
        future::spawn(async move {
            let ended = world.drain("a").unwrap().await;
            if ended == Drained::Finished {
                world
                    .update(|changes| {
                        changes.add(spec(0));
                    })
                    .unwrap();
            }
        })
    };
    let changing = {
        let world = world.clone();
        thread::spawn(move || {
            world
                .update(|changes| {
                    changes.set_weight("b", 3);
                })
                .unwrap();
            world
                .update(|changes| {
                    changes.remove("c");
                })
                .unwrap();
            world
                .update(|changes| {
                    changes.add(spec(2));
                })
                .unwrap();
            // It may be gone for the moment.
            let _ = world.update(|changes| {
                changes.set_draining("a", false);
            });
        })
    };
    threads
        .into_iter()
        .chain([changing])
        .for_each(|thread| thread.join().unwrap());
    future::block_on(task).unwrap();
    future::block_on(draining).unwrap();
    let stats = world.stats();
    assert_eq!((stats.in_flight, stats.backends, stats.usable), (0, 3, 3));
    assert_eq!(
        stats.picks,
        stats.successes + stats.failures + stats.cancelled
    );
    let all: Vec<_> = (0..3 * MOST)
        .map(|_| world.lease(&Request::new()).unwrap())
        .collect();
    assert!(world.lease(&Request::new()).is_err());
    drop(all);
}

#[test]
fn limits_are_kept_and_nobody_is_forgotten() {
    explore(threads_and_tasks_while_the_set_changes);
}

#[test]
fn red_if_a_limit_is_looked_at_and_entered_later() {
    let test = "balancing::schedules::limits_are_kept_and_nobody_is_forgotten";
    must_fail(test, "EnterUnchecked", "where 2 may be");
}

/// Several wait for the same drain, as threads and as tasks, while leases of it end; all hear of it.
fn many_wait_for_one_drain() {
    let world = Balancer::builder(PowerOfTwo)
        .backends((0..3).map(spec))
        .seed(1)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let tried = ["b", "c"].map(tenfold::balance::BackendId::of);
    let request = Request::new().excluding(&tried);
    let leases = [(); MOST].map(|()| world.lease(&request).unwrap());
    let drains = [(); 3].map(|()| world.drain("a").unwrap());
    let callers = leases.map(|lease| thread::spawn(move || lease.success()));
    let [one, other, last] = drains;
    let waiting = thread::spawn(move || one.wait());
    let tasks = [future::spawn(other), future::spawn(last)];
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    assert_eq!(waiting.join().unwrap(), Drained::Finished);
    for task in tasks {
        assert_eq!(future::block_on(task).unwrap(), Drained::Finished);
    }
    let stats = world.stats();
    assert_eq!(
        (stats.backends, stats.in_flight, stats.successes),
        (2, 0, 2)
    );
}

#[test]
fn everybody_hears_of_the_end_of_a_drain() {
    explore(many_wait_for_one_drain);
}

#[test]
fn red_if_who_waits_does_not_look_again() {
    let test = "balancing::schedules::everybody_hears_of_the_end_of_a_drain";
    must_fail(test, "SkipDrainRecheck", "deadlock");
}
