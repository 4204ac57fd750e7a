//! Panics of everything that is not the pool's: none costs a place, or goes further than it should.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::task::Poll;

use crate::pooling::*;

/// The pool can do all that it could before.
fn is_whole<M: Manage<Connection = Conn, Error = Down>>(world: &World<M>) {
    world.jobs.run();
    world.clock.advance(60 * SECOND);
    // Behind an outage the first one to ask has it tried again.
    let mut first = Task::new(world.pool.acquire_async());
    drop(first.poll());
    world.jobs.run();
    drop(first);
    world.clock.advance(60 * SECOND);
    let max = world.pool.status().max_size;
    let mut tasks: Vec<_> = (0..max)
        .map(|_| Task::new(world.pool.acquire_async()))
        .collect();
    let mut leases = Vec::new();
    for _ in 0..50 {
        tasks.retain_mut(|task| match task.poll() {
            Poll::Ready(lease) => {
                leases.push(lease.unwrap());
                false
            }
            Poll::Pending => true,
        });
        world.jobs.run();
        world.clock.advance(MILLI);
    }
    assert_eq!(world.counts(), [0, max, 0, 0, 0]);
    let mut serials: Vec<_> = leases.iter().map(|lease| lease.serial).collect();
    serials.dedup();
    assert_eq!(serials.len(), max as usize);
}

fn quietly<T>(panics: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(panics))
}

#[test]
fn of_a_connect() {
    let world = calls(|builder| builder.max_size(2).fail_fast_after(1));
    world.backend.set(Call::Connect, Mood::Panics);
    let error = world.pool.acquire().map(drop).unwrap_err();
    let source = error.connect_error().unwrap();
    assert!(matches!(**source, ConnectError::Panicked));
    assert_eq!(source.to_string(), "the manager panicked");
    assert_eq!(
        (world.counts(), world.pool.stats().connect_failures),
        ([0; 5], 1)
    );
    world.backend.set(Call::Connect, Mood::Good);
    is_whole(&world);
}

#[test]
fn of_a_connect_that_is_a_future() {
    for world in [
        driven(|builder| builder.max_size(2).fail_fast_after(1)),
        spawned(|builder| builder.max_size(2).fail_fast_after(1)),
    ] {
        world.backend.set(Call::Connect, Mood::Panics);
        let mut task = Task::new(world.pool.acquire_async());
        let polled = task.poll();
        world.jobs.run();
        let refused = if polled.is_pending() {
            task.poll()
        } else {
            polled
        };
        assert!(matches!(
            refused,
            Poll::Ready(Err(AcquireError::Unavailable { .. }))
        ));
        drop(refused);
        drop(task);
        assert_eq!(world.counts(), [0; 5]);
        world.backend.set(Call::Connect, Mood::Good);
        is_whole(&world);
    }
}

#[test]
fn of_a_check() {
    let world = calls(|builder| builder.max_size(2).check(Check::Always));
    drop(world.pool.acquire().unwrap());
    world.backend.set(Call::Check, Mood::Panics);
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.ends(), [(1, CloseReason::CheckFailed)]);
    assert!(
        world.pool.try_acquire().is_err(),
        "also of one that runs in the caller"
    );
    assert_eq!(world.reasons(), [CloseReason::CheckFailed; 2]);
    world.backend.set(Call::Check, Mood::Good);
    is_whole(&world);
}

#[test]
fn of_a_check_that_is_a_future() {
    for world in [
        driven(|builder| builder.max_size(2)),
        spawned(|builder| builder.max_size(2)),
    ] {
        let mut task = Task::new(world.pool.acquire_async());
        let _ = task.poll().map(drop);
        world.jobs.run();
        let _ = task.poll().map(drop);
        drop(task);
        assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
        world.clock.advance(SECOND);
        world.backend.set(Call::Check, Mood::Panics);
        let mut task = Task::new(world.pool.acquire_async());
        let polled = task.poll();
        world.jobs.run();
        let lease = if polled.is_pending() {
            task.poll()
        } else {
            polled
        };
        assert!(matches!(lease, Poll::Ready(Ok(lease)) if lease.serial == 2));
        assert_eq!(world.reasons(), [CloseReason::CheckFailed]);
        drop(task);
        world.backend.set(Call::Check, Mood::Good);
        is_whole(&world);
    }
}

#[test]
fn of_a_close() {
    let world = two();
    world.backend.set(Call::Close, Mood::Panics);
    Lease::discard(world.pool.acquire().unwrap());
    assert_eq!((world.counts(), world.backend.live()), ([0; 5], vec![]));
    is_whole(&world);
    let world = spawned(|builder| builder.max_size(2));
    world.backend.set(Call::Close, Mood::Panics);
    world.pool.attach(world.backend.connection()).unwrap();
    world.pool.clear();
    is_whole(&world);
}

#[test]
fn of_a_destructor() {
    for world in [
        driven(|builder| builder.max_size(2)),
        spawned(|builder| builder.max_size(2)),
    ] {
        world.pool.attach(world.backend.connection()).unwrap();
        world.backend.explosive.store(true, Ordering::SeqCst);
        world.pool.clear();
        world.jobs.run();
        assert_eq!(world.counts(), [0; 5]);
        world.backend.explosive.store(false, Ordering::SeqCst);
        is_whole(&world);
    }
    let world = two();
    drop(world.pool.acquire().unwrap());
    world.backend.explosive.store(true, Ordering::SeqCst);
    world.pool.clear();
    world.backend.explosive.store(false, Ordering::SeqCst);
    is_whole(&world);
}

#[test]
fn of_hooks() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .fail_fast_after(1)
            .on_connect(|_, info| {
                assert!(info.id > 1, "a hook");
                Verdict::Keep
            })
    });
    assert!(matches!(
        world.pool.acquire().map(drop),
        Err(AcquireError::Unavailable { .. })
    ));
    assert_eq!(world.reasons(), [CloseReason::Rejected]);
    is_whole(&world);

    let world = calls(|builder| {
        builder.max_size(2).on_checkout(|_, info| {
            assert!(info.id > 1, "a hook");
            Verdict::Keep
        })
    });
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.reasons(), [CloseReason::Broken]);
    is_whole(&world);

    let world = calls(|builder| builder.max_size(1).on_checkin(|_, _| panic!("a hook")));
    drop(world.pool.acquire().unwrap());
    assert_eq!(world.reasons(), [CloseReason::Broken]);
    is_whole(&world);

    let world = calls(|builder| builder.max_size(1).on_close(|_, _| panic!("a hook")));
    Lease::discard(world.pool.acquire().unwrap());
    assert!(world.backend.live().is_empty());
    is_whole(&world);

    let world = calls(|builder| {
        builder
            .max_size(1)
            .leak_threshold(Some(SECOND))
            .on_leak(|_| panic!("a hook"))
    });
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(2 * SECOND);
    drop(lease);
    assert_eq!(world.pool.stats().leaks, 1);
    is_whole(&world);
}

#[test]
fn of_whoever_has_a_lease() {
    for (on_panic, ends) in [
        (OnPanic::Discard, vec![(1, CloseReason::Panicked)]),
        (OnPanic::Keep, vec![]),
    ] {
        let world = calls(|builder| builder.max_size(1).on_panic(on_panic));
        let panicked = quietly(|| {
            let _lease = world.pool.acquire().unwrap();
            panic!("in the middle of something");
        });
        assert!(panicked.is_err());
        assert_eq!(world.ends(), ends, "{on_panic:?}");
        is_whole(&world);
    }
}

#[test]
fn of_whoever_has_a_lease_that_broke_meanwhile() {
    let world = calls(|builder| builder.max_size(1).on_panic(OnPanic::Keep));
    let panicked = quietly(|| {
        let mut lease = world.pool.acquire().unwrap();
        lease.broken = true;
        panic!("in the middle of something");
    });
    assert!(panicked.is_err());
    assert_eq!(world.ends(), [(1, CloseReason::Panicked)]);
    is_whole(&world);
}

#[test]
fn of_is_broken_while_something_else_panics() {
    // Two panics at a time would end the process.
    let world = calls(|builder| builder.max_size(1).on_panic(OnPanic::Keep));
    let panicked = quietly(|| {
        let _lease = world.pool.acquire().unwrap();
        world.backend.touchy.store(1, Ordering::SeqCst);
        panic!("in the middle of something");
    });
    assert!(panicked.is_err());
    world.backend.touchy.store(0, Ordering::SeqCst);
    is_whole(&world);
}

#[test]
fn of_is_broken_over_one_that_was_handed_over() {
    let world = calls(|builder| builder.max_size(1));
    let lease = world.pool.acquire().unwrap();
    let mut task = Task::waiting(world.pool.acquire_async());
    drop(lease);
    world.backend.touchy.store(1, Ordering::SeqCst);
    let polled = quietly(|| task.poll().map(drop));
    drop(polled);
    drop(task);
    world.backend.touchy.store(0, Ordering::SeqCst);
    is_whole(&world);
}

#[test]
fn of_a_waker() {
    struct Angry;
    impl std::task::Wake for Angry {
        fn wake(self: std::sync::Arc<Self>) {
            panic!("a waker");
        }
    }
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let mut future = Box::pin(world.pool.acquire_async());
    let waker = std::task::Waker::from(std::sync::Arc::new(Angry));
    let mut context = std::task::Context::from_waker(&waker);
    assert!(future.as_mut().poll(&mut context).is_pending());
    drop(lease);
    drop(future);
    is_whole(&world);
}
