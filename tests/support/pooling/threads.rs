//! Threads that wait, and calls that block on threads of the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::pooling::*;

/// Until something that other threads do has come about.
fn until(there: impl Fn() -> bool) {
    while !there() {
        thread::yield_now();
    }
}

fn crew(settings: impl FnOnce(Builder<Calls>) -> Builder<Calls>) -> World<Calls> {
    calls(|builder| settings(builder.executor(Executor::Workers)))
}

#[test]
fn a_thread_is_woken_by_what_comes_back() {
    let world = one();
    let lease = world.pool.acquire_owned().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| world.pool.acquire().unwrap().serial);
        until(|| world.pool.status().waiting == 1);
        drop(lease);
        assert_eq!(waiting.join().unwrap(), 1);
    });
}

#[test]
fn a_blocking_connect_that_takes_too_long_is_abandoned_and_counts_until_it_ends() {
    let world = crew(|builder| builder.max_size(2).max_connecting(1).fail_fast_after(1));
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    until(|| world.backend.connects() == 1);
    world.clock.advance(10 * SECOND);
    let error = task.woken().map(drop).unwrap_err();
    assert!(
        matches!(**error.connect_error().unwrap(), ConnectError::TimedOut { after } if after == 10 * SECOND)
    );
    assert_eq!(
        (world.counts(), world.pool.stats().abandoned),
        ([0, 0, 1, 0, 0], 1)
    );
    // What it comes to after all is closed.
    world.backend.set(Call::Connect, Mood::Good);
    until(|| world.counts() == [0; 5]);
    assert_eq!(world.ends(), [(1, CloseReason::Late)]);
    assert!(world.backend.live().is_empty());
}

#[test]
fn a_blocking_check_that_takes_too_long_costs_the_connection() {
    let world = crew(|builder| builder.max_size(2));
    world.pool.attach(world.backend.connection()).unwrap();
    world.clock.advance(SECOND);
    world.backend.set(Call::Check, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    until(|| world.backend.checks() == 1);
    world.clock.advance(5 * SECOND);
    // Another one is made meanwhile.
    until(|| task.is_woken());
    assert_eq!(task.woken().unwrap().serial, 2);
    world.backend.set(Call::Check, Mood::Good);
    until(|| world.counts() == [1, 0, 0, 0, 0]);
    assert_eq!(world.ends(), [(1, CloseReason::CheckFailed)]);
}

#[test]
fn a_blocking_close_that_takes_too_long_gives_its_place_back() {
    let world = crew(|builder| builder.max_size(1));
    world.pool.attach(world.backend.connection()).unwrap();
    world.backend.set(Call::Close, Mood::Hangs);
    world.pool.clear();
    let task = Task::waiting(world.pool.acquire_async());
    until(|| world.backend.count(|seen| *seen == Seen::Close(1)) == 1);
    assert_eq!(world.counts(), [0, 0, 0, 0, 1]);
    world.clock.advance(5 * SECOND);
    until(|| task.is_woken());
    assert_eq!(task.woken().unwrap().serial, 2);
    assert_eq!(world.pool.stats().abandoned, 1);
    world.backend.set(Call::Close, Mood::Good);
    until(|| world.backend.live() == [2]);
}

#[test]
fn many_threads_and_few_connections() {
    let world = crew(|builder| builder.max_size(3).wait_timeout(None));
    let in_use = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let lease = world.pool.acquire().unwrap();
                    assert!(in_use.fetch_add(1, Ordering::SeqCst) < 3);
                    thread::yield_now();
                    in_use.fetch_sub(1, Ordering::SeqCst);
                    drop(lease);
                }
            });
        }
    });
    let stats = world.pool.stats();
    assert_eq!(
        (stats.checkouts, stats.status.in_use, stats.status.waiting),
        (2_400, 0, 0)
    );
    assert!(world.backend.most() <= 3);
}

#[test]
fn every_caller_is_told_when_the_pool_is_closed() {
    let world = one();
    let _lease = world.pool.acquire().unwrap();
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| world.pool.acquire().map(drop)));
        until(|| world.pool.status().waiting == 4);
        world.pool.close();
        for thread in threads {
            assert!(matches!(thread.join().unwrap(), Err(AcquireError::Closed)));
        }
    });
}

/// Tells how often somebody was about to wait for it.
#[derive(Clone, Debug)]
struct Watched(ManualClock, Arc<AtomicUsize>);

impl Clock for Watched {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn timers(&self) -> &tenfold::clock::Timers {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.timers()
    }
}

fn told(error: &AcquireError<Down>) -> Reason {
    match error {
        AcquireError::TimedOut { reason, .. } => *reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn threads_that_wait_for_each_other_are_found_out() {
    let (clock, armed) = (ManualClock::new(), Arc::default());
    let pool = Pool::builder(Calls(Arc::default()))
        .max_size(2)
        .idle_timeout(None)
        .leak_threshold(None)
        .max_lifetime(None)
        .clock(Watched(clock.clone(), Arc::clone(&armed)))
        .build()
        .unwrap();
    let all = std::sync::Barrier::new(3);
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                let _first = pool.acquire().unwrap();
                all.wait();
                all.wait();
                pool.acquire_timeout(SECOND).map(drop).unwrap_err()
            })
        });
        all.wait();
        let before = armed.load(Ordering::SeqCst);
        all.wait();
        // Each has looked at the clock before it asks for the timers, twice.
        until(|| armed.load(Ordering::SeqCst) >= before + 4);
        clock.advance(SECOND);
        let reasons = threads.map(|thread| told(&thread.join().unwrap()));
        assert!(reasons.contains(&Reason::SelfDeadlock), "{reasons:?}");
    });
    // Who does not hold one is not in the way of others.
    let _both = [(); 2].map(|()| pool.acquire().unwrap());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.acquire_timeout(SECOND).map(drop).unwrap_err());
        until(|| pool.status().waiting == 1);
        clock.advance(SECOND);
        assert_eq!(told(&waiting.join().unwrap()), Reason::Busy);
    });
}

#[test]
fn a_pool_that_is_dropped_during_a_blocking_connect_closes_what_comes_of_it() {
    let world = crew(|builder| builder.max_size(1));
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_owned_async());
    until(|| world.backend.connects() == 1);
    let (backend, ends) = (world.backend.clone(), world.closes());
    drop(world);
    assert!(matches!(task.woken(), Err(AcquireError::Closed)));
    backend.set(Call::Connect, Mood::Good);
    until(|| Arc::strong_count(&backend) == 1);
    assert_eq!(*ends.lock().unwrap(), [(1, CloseReason::PoolClosed)]);
    assert!(backend.live().is_empty());
}

#[test]
fn a_thread_that_waits_runs_futures_that_nobody_else_runs() {
    let world = driven(|builder| builder.max_size(2));
    world.backend.set(Call::Connect, Mood::Hangs);
    thread::scope(|scope| {
        let waiting = [(); 2].map(|()| scope.spawn(|| drop(world.pool.acquire().unwrap())));
        until(|| world.backend.connects() > 0);
        world.backend.set(Call::Connect, Mood::Good);
        for thread in waiting {
            thread.join().unwrap();
        }
    });
    let [idle, ..] = world.counts();
    assert!(idle >= 1);
}
