//! Policies that misbehave harm nobody but themselves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use tenfold::balance::{BackendId, Balancer, NoBackend, Policy, Request, Spec, View};
use tenfold::clock::ManualClock;

use crate::{reachable, specs, spied};

#[test]
fn a_choice_of_nobody_is_replaced() {
    let (balancer, _, _) = spied(&["a", "b", "c"]);
    for hash in [3, 4, u64::from(u32::MAX), u64::MAX] {
        for _ in 0..20 {
            let request = Request::new().hash(hash);
            drop(balancer.lease(&request).unwrap());
            assert!(balancer.pick_for(&request).is_ok());
        }
    }
    // And `None` leaves it to the balancer.
    assert_eq!(reachable(&balancer), ["a", "b", "c"]);
    let stats = balancer.stats();
    assert_eq!(
        (stats.fallbacks, stats.picks, stats.in_flight),
        (360, 360, 0)
    );
    let tried = ["a", "b", "c"].map(BackendId::of);
    let all = Request::new().hash(u64::MAX).excluding(&tried);
    assert_eq!(
        balancer.lease(&all).map(|_| ()),
        Err(NoBackend::AllExcluded)
    );
}

/// Admits the even ones, and always chooses the first.
#[derive(Debug)]
struct Even;

impl Policy for Even {
    type Plan = ();

    fn plan<V: View>(&self, _: &V) {}

    fn pick<V: View>(&self, (): &(), _: &V, _: &Request<'_>) -> Option<usize> {
        Some(0)
    }

    fn admits<V: View>(&self, (): &(), _: &V, _: &Request<'_>, index: usize) -> bool {
        index % 2 == 0
    }
}

#[test]
fn only_who_is_admitted_stands_in() {
    let limited = specs("a b c d e").map(|spec| spec.max_in_flight(1));
    let balancer = Balancer::builder(Even).backends(limited).build().unwrap();
    let leases: Vec<_> = (0..3)
        .map(|_| balancer.lease(&Request::new()).unwrap())
        .collect();
    let mut keys: Vec<_> = leases.iter().map(|lease| lease.key()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "c", "e"]);
    assert_eq!(
        balancer.lease(&Request::new()).map(|_| ()),
        Err(NoBackend::Overloaded)
    );
    let tried = ["a", "c", "e"].map(BackendId::of);
    let request = Request::new().excluding(&tried);
    assert_eq!(
        balancer.lease(&request).map(|_| ()),
        Err(NoBackend::AllExcluded)
    );
}

/// Dies when it is told to.
#[derive(Clone, Debug, Default)]
struct Mortal {
    plans: Arc<AtomicBool>,
    picks: Arc<AtomicBool>,
    admits: Arc<AtomicBool>,
    planned: Arc<AtomicUsize>,
}

impl Policy for Mortal {
    type Plan = usize;

    fn plan<V: View>(&self, view: &V) -> usize {
        assert!(!self.plans.load(Ordering::SeqCst), "dies planning");
        self.planned.fetch_add(1, Ordering::SeqCst);
        view.len()
    }

    fn pick<V: View>(&self, plan: &usize, view: &V, _: &Request<'_>) -> Option<usize> {
        assert!(!self.picks.load(Ordering::SeqCst), "dies picking");
        assert_eq!(*plan, view.len());
        None
    }

    fn admits<V: View>(&self, _: &usize, _: &V, _: &Request<'_>, _: usize) -> bool {
        assert!(!self.admits.load(Ordering::SeqCst), "dies admitting");
        true
    }
}

fn dies(work: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
}

#[test]
fn a_policy_that_dies_leaves_the_balancer_as_it_was() {
    let policy = Mortal::default();
    let balancer = Balancer::builder(policy.clone())
        .backends(specs("a b"))
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let held = balancer.lease(&Request::new()).unwrap();
    let mut picker = balancer.picker();
    for dying in [&policy.picks, &policy.admits] {
        dying.store(true, Ordering::SeqCst);
        dies(|| drop(balancer.pick()));
        dies(|| drop(balancer.lease(&Request::new())));
        dies(|| assert!(picker.pick().is_ok()));
        dies(|| drop(picker.lease(&Request::new())));
        dying.store(false, Ordering::SeqCst);
        assert!(picker.lease(&Request::new()).is_ok());
        assert_eq!(balancer.stats().in_flight, 1);
    }
    policy.plans.store(true, Ordering::SeqCst);
    let before = balancer.stats();
    dies(|| {
        drop(balancer.update(|changes| {
            changes.add(Spec::new("c", 2));
        }));
    });
    dies(|| {
        drop(balancer.update(|changes| {
            changes.set_draining("a", true).set_value("b", 9);
        }));
    });
    // What is dropped without having been asked changes nothing either.
    dies(|| drop(balancer.drain("a")));
    assert_eq!(balancer.stats(), before);
    policy.plans.store(false, Ordering::SeqCst);
    let tried = [BackendId::of("b")];
    let a = balancer.lease(&Request::new().excluding(&tried)).unwrap();
    assert_eq!(a.key(), "a");
    drop((a, held));
    assert_eq!(reachable(&balancer), ["a", "b"]);
    balancer
        .update(|changes| {
            changes.add(Spec::new("c", 2));
        })
        .unwrap();
    assert_eq!(reachable(&balancer), ["a", "b", "c"]);
    assert_eq!(balancer.stats().in_flight, 0);
}

#[test]
fn a_closure_that_dies_changes_nothing() {
    let (balancer, _, _) = spied(&["a"]);
    dies(|| {
        let _ = balancer.update(|changes| {
            changes.remove("a");
            panic!("the caller's own");
        });
    });
    assert_eq!(reachable(&balancer), ["a"]);
}

#[test]
fn nobody_is_planned_for_if_there_is_nobody() {
    let policy = Mortal::default();
    let balancer = Balancer::builder(policy.clone())
        .backends(specs(""))
        .build()
        .unwrap();
    assert_eq!(policy.planned.load(Ordering::SeqCst), 0);
    balancer
        .update(|changes| {
            changes.add(Spec::new("a", 0).weight(0));
        })
        .unwrap();
    assert_eq!(policy.planned.load(Ordering::SeqCst), 0);
    balancer
        .update(|changes| {
            changes.set_weight("a", 3);
        })
        .unwrap();
    assert_eq!(policy.planned.load(Ordering::SeqCst), 1);
}

/// Its plan, its pick or both stand still at a barrier.
#[derive(Clone, Debug)]
struct Stalling {
    barrier: Arc<Barrier>,
    plans: Arc<AtomicBool>,
    picks: Arc<AtomicBool>,
}

impl Stalling {
    fn stall(&self, which: &AtomicBool) {
        if which.swap(false, Ordering::SeqCst) {
            self.barrier.wait();
            self.barrier.wait();
        }
    }
}

impl Policy for Stalling {
    type Plan = ();

    fn plan<V: View>(&self, _: &V) {
        self.stall(&self.plans);
    }

    fn pick<V: View>(&self, (): &(), _: &V, _: &Request<'_>) -> Option<usize> {
        self.stall(&self.picks);
        Some(0)
    }
}

fn stalling(most: Option<u64>) -> (Balancer<u32, Stalling, ManualClock>, Stalling) {
    let policy = Stalling {
        barrier: Arc::new(Barrier::new(2)),
        plans: Arc::default(),
        picks: Arc::default(),
    };
    let balancer = Balancer::builder(policy.clone())
        .backends(specs("a b").map(|spec| match most {
            Some(most) => spec.max_in_flight(most),
            None => spec,
        }))
        .clock(ManualClock::new());
    (balancer.build().unwrap(), policy)
}

/// While one thread plans, others pick, lease, report, change and drain.
#[test]
fn a_plan_that_takes_long_keeps_nobody() {
    let (balancer, policy) = stalling(None);
    policy.plans.store(true, Ordering::SeqCst);
    let slow = {
        let balancer = balancer.clone();
        std::thread::spawn(move || {
            balancer.update(|changes| {
                changes.set_weight("a", 9);
            })
        })
    };
    policy.barrier.wait();
    let lease = balancer.lease(&Request::new()).unwrap();
    assert_eq!((lease.key(), lease.weight()), ("a", 1));
    lease.success();
    assert_eq!(balancer.picker().pick().unwrap().weight(), 1);
    balancer
        .update(|changes| {
            changes.set_value("a", 7).add(Spec::new("c", 2));
        })
        .unwrap();
    assert_eq!(
        balancer.drain("b").unwrap().wait(),
        tenfold::balance::Drained::Finished
    );
    assert_eq!(*balancer.pick().unwrap().value(), 7);
    policy.barrier.wait();
    slow.join().unwrap().unwrap();
    // It was planned again, for what had become of the set.
    let picked = balancer.pick().unwrap();
    assert_eq!(
        (picked.key(), picked.weight(), *picked.value()),
        ("a", 9, 7)
    );
    assert_eq!(
        (balancer.stats().backends, balancer.stats().in_flight),
        (2, 0)
    );
}

/// While one thread picks, others change the set, and what it picked from stays.
#[test]
fn a_pick_that_takes_long_keeps_nobody() {
    let (balancer, policy) = stalling(None);
    policy.picks.store(true, Ordering::SeqCst);
    let slow = {
        let balancer = balancer.clone();
        std::thread::spawn(move || {
            let picked = balancer.pick().unwrap();
            (picked.key().to_owned(), *picked.value())
        })
    };
    policy.barrier.wait();
    for value in 0..200 {
        balancer
            .update(|changes| {
                changes.set_value("b", value);
            })
            .unwrap();
    }
    balancer
        .update(|changes| {
            changes.remove("a");
        })
        .unwrap();
    assert_eq!(balancer.pick().unwrap().key(), "b");
    policy.barrier.wait();
    assert_eq!(slow.join().unwrap(), ("a".to_owned(), 0));
}

/// A lease that is about to begin at a backend that drains meanwhile does not begin there.
#[test]
fn a_drain_that_finished_is_not_entered_from_an_older_set() {
    for most in [None, Some(5)] {
        let (balancer, policy) = stalling(most);
        policy.picks.store(true, Ordering::SeqCst);
        let slow = {
            let balancer = balancer.clone();
            std::thread::spawn(move || balancer.lease(&Request::new()))
        };
        policy.barrier.wait();
        let share = balancer.pick().unwrap().share();
        assert_eq!(share.key(), "a");
        assert_eq!(
            balancer.drain("a").unwrap().wait(),
            tenfold::balance::Drained::Finished
        );
        policy.barrier.wait();
        let lease = slow.join().unwrap().unwrap();
        assert_eq!((lease.key(), share.in_flight()), ("b", 0));
    }
}

/// A policy that calls the balancer it belongs to: there is no lock to be caught in.
#[test]
fn a_policy_may_ask_its_own_balancer() {
    type Own = Balancer<u32, Nested, ManualClock>;
    #[derive(Clone, Default)]
    struct Nested(Arc<std::sync::OnceLock<Own>>, Arc<AtomicUsize>);
    impl Policy for Nested {
        type Plan = ();
        fn plan<V: View>(&self, _: &V) {}
        fn pick<V: View>(&self, (): &(), _: &V, _: &Request<'_>) -> Option<usize> {
            let depth = self.1.fetch_add(1, Ordering::SeqCst);
            if depth < 3 {
                let own = self.0.get()?;
                drop(own.lease(&Request::new()));
                own.update(|changes| {
                    changes.set_value("a", depth as u32);
                })
                .ok()?;
            }
            Some(0)
        }
    }
    let policy = Nested::default();
    let balancer = Balancer::builder(policy.clone())
        .backends(specs("a"))
        .clock(ManualClock::new())
        .build()
        .unwrap();
    assert!(policy.0.set(balancer.clone()).is_ok());
    assert_eq!(balancer.pick().unwrap().key(), "a");
    assert_eq!((balancer.stats().picks, balancer.stats().in_flight), (4, 0));
}
