//! A backend that drains takes nothing new, finishes what it has, and is taken out then.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenfold::balance::{Drained, Error, NoBackend, Request, Spec};

use crate::{lease_of, reachable, rotating, specs, spied};

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn an_idle_backend_is_drained_at_once() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let drain = balancer.drain("a").unwrap();
    assert_eq!(drain.in_flight(), 0);
    // Still there: it is taken out by whoever waits.
    assert_eq!((balancer.stats().backends, balancer.stats().usable), (2, 1));
    assert_eq!(reachable(&balancer), ["b"]);
    assert_eq!(drain.wait(), Drained::Finished);
    assert_eq!(balancer.stats().backends, 1);
    assert_eq!(
        balancer.drain("a").map(|_| ()),
        Err(Error::UnknownKey { key: "a".into() })
    );
}

#[test]
fn the_last_lease_ends_the_wait() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let leases = [(); 3].map(|()| lease_of(&balancer, "a"));
    let drain = balancer.drain("a").unwrap();
    assert_eq!(drain.in_flight(), 3);
    let waiting = std::thread::spawn(move || drain.wait());
    for lease in leases {
        assert_eq!(reachable(&balancer), ["b"]);
        assert_eq!(balancer.stats().backends, 2);
        lease.success();
    }
    assert_eq!(waiting.join().unwrap(), Drained::Finished);
    assert_eq!(balancer.stats().backends, 1);
}

#[test]
fn a_task_is_woken_once_it_has_finished() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let leases = [lease_of(&balancer, "a"), lease_of(&balancer, "a")];
    let mut drain = pin!(balancer.drain("a").unwrap());
    let (early, late) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    for woken in [&early, &early, &late] {
        let waker = Waker::from(woken.clone());
        let polled = drain.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(polled, Poll::Pending);
    }
    let [one, two] = leases;
    one.success();
    assert_eq!((early.times(), late.times()), (0, 0));
    two.success();
    assert_eq!((early.times(), late.times()), (0, 1));
    let polled = drain.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Drained::Finished));
    assert_eq!(balancer.stats().backends, 1);
    // Asking again is harmless.
    let polled = drain.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Drained::Finished));
}

#[test]
fn patience_ends_by_the_balancers_clock() {
    let (balancer, _, clock) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    let drain = balancer.drain("a").unwrap();
    let waiting = std::thread::spawn(move || drain.wait_timeout(Duration::from_secs(5)));
    let drain = loop {
        clock.advance(Duration::from_secs(1));
        if waiting.is_finished() {
            break waiting.join().unwrap().unwrap_err();
        }
        std::thread::yield_now();
    };
    assert_eq!((drain.in_flight(), balancer.stats().backends), (1, 2));
    assert_eq!(reachable(&balancer), ["b"]);
    drop(lease);
    assert_eq!(
        drain.wait_timeout(Duration::ZERO).unwrap(),
        Drained::Finished
    );
}

#[test]
fn a_drain_can_be_called_off() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    let mut drain = pin!(balancer.drain("a").unwrap());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    assert!(
        drain
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    balancer
        .update(|changes| {
            changes.set_draining("a", false);
        })
        .unwrap();
    assert_eq!(woken.times(), 1);
    let polled = drain.as_mut().poll(&mut Context::from_waker(&waker));
    assert_eq!(polled, Poll::Ready(Drained::Resumed));
    drop(lease_of(&balancer, "a"));
    drop(lease);
    assert_eq!((balancer.stats().backends, balancer.stats().usable), (2, 2));
}

#[test]
fn a_drain_that_is_dropped_goes_on_without_being_taken_out() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    drop(balancer.drain("a").unwrap());
    drop(lease);
    assert_eq!((balancer.stats().backends, balancer.stats().usable), (2, 1));
    // It can be taken up again.
    assert_eq!(balancer.drain("a").unwrap().wait(), Drained::Finished);
    assert_eq!(balancer.stats().backends, 1);
}

#[test]
fn a_wait_that_is_dropped_is_not_woken() {
    let (balancer, _, _) = spied(&["a"]);
    let lease = lease_of(&balancer, "a");
    let woken = Arc::new(Woken::default());
    {
        let mut drain = pin!(balancer.drain("a").unwrap());
        let waker = Waker::from(woken.clone());
        assert!(
            drain
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    assert_eq!(Arc::strong_count(&woken), 1);
    drop(lease);
    assert_eq!(woken.times(), 0);
}

#[test]
fn removed_meanwhile_it_is_finished_when_its_leases_are() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    let drain = balancer.drain("a").unwrap();
    balancer
        .update(|changes| {
            changes.remove("a");
        })
        .unwrap();
    let drain = drain.wait_timeout(Duration::ZERO).unwrap_err();
    assert_eq!(drain.in_flight(), 1);
    drop(lease);
    assert_eq!(drain.wait(), Drained::Finished);
}

#[test]
fn brought_back_meanwhile_it_is_resumed() {
    for changed_meanwhile in [false, true] {
        let (balancer, _, _) = spied(&["a", "b"]);
        let lease = lease_of(&balancer, "a");
        let drain = balancer.drain("a").unwrap();
        balancer
            .update(|changes| {
                changes.remove("a");
            })
            .unwrap();
        if changed_meanwhile {
            balancer.update(|_| {}).unwrap();
        }
        balancer
            .update(|changes| {
                changes.add(Spec::new("a", 7));
            })
            .unwrap();
        let ended = drain.wait_timeout(Duration::ZERO).unwrap();
        assert_eq!(ended, Drained::Resumed);
        let new = lease_of(&balancer, "a");
        assert_eq!((new.in_flight(), *new.value()), (2, 7));
        drop(lease);
    }
}

#[test]
fn removed_and_added_in_one_change_it_is_resumed() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    let drain = balancer.drain("a").unwrap();
    balancer
        .update(|changes| {
            changes.remove("a").add(Spec::new("a", 7));
        })
        .unwrap();
    let ended = drain.wait_timeout(Duration::ZERO).unwrap();
    assert_eq!(ended, Drained::Resumed);
    assert_eq!(lease_of(&balancer, "a").in_flight(), 2);
    drop(lease);
}

#[test]
fn two_may_wait_for_the_same() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    let waiting = [(); 2].map(|()| {
        let drain = balancer.drain("a").unwrap();
        std::thread::spawn(move || drain.wait())
    });
    drop(lease);
    for waiter in waiting {
        assert_eq!(waiter.join().unwrap(), Drained::Finished);
    }
    assert_eq!(balancer.stats().backends, 1);
}

/// Replacing and putting name what a backend is, not what it is doing.
#[test]
fn a_drain_goes_on_when_its_backend_is_put() {
    let (balancer, _, _) = spied(&["a", "b"]);
    let lease = lease_of(&balancer, "a");
    let drain = balancer.drain("a").unwrap();
    balancer.replace_all(specs("a b c")).unwrap();
    assert_eq!(reachable(&balancer), ["b", "c"]);
    let drain = drain.wait_timeout(Duration::ZERO).unwrap_err();
    drop(lease);
    assert_eq!(drain.wait(), Drained::Finished);
}

#[test]
fn when_the_only_one_drains_there_is_nobody() {
    let balancer = rotating(specs("a")).build().unwrap();
    let lease = balancer.lease(&Request::new()).unwrap();
    let mut picker = balancer.picker();
    let drain = balancer.drain("a").unwrap();
    let nobody = NoBackend::AllUnavailable { total: 1 };
    assert_eq!(picker.lease(&Request::new()).map(|_| ()), Err(nobody));
    assert_eq!(balancer.pick().map(|_| ()), Err(nobody));
    lease.success();
    assert_eq!(drain.wait(), Drained::Finished);
    assert_eq!(balancer.pick().map(|_| ()), Err(NoBackend::Empty));
}

/// Leases that are taken while a backend drains and comes back, and all end.
#[test]
fn drains_and_resumes_under_load_lose_no_lease() {
    let balancer = rotating(specs("a b")).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut picker = balancer.picker();
                for _ in 0..5_000 {
                    drop(picker.lease(&Request::new()).unwrap());
                }
            });
        }
        for _ in 0..200 {
            let drain = balancer.drain("a").unwrap();
            let share = drain.wait();
            assert_eq!(share, Drained::Finished);
            balancer
                .update(|changes| {
                    changes.add(Spec::new("a", 0));
                })
                .unwrap();
        }
    });
    let stats = balancer.stats();
    assert_eq!((stats.in_flight, stats.cancelled), (0, 10_000));
}
