//! What was found in this pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::pooling::*;

/// Who checks each time must hand out what was just found good, not check it again for ever.
#[test]
fn a_check_each_time_ends() {
    let world = calls(|builder| builder.max_size(1).check(Check::Always));
    drop(world.pool.acquire().unwrap());
    let lease = world.pool.acquire().unwrap();
    assert_eq!(world.backend.checks(), 1);
    drop(lease);
    let mut task = Task::new(world.pool.acquire_async());
    drop(task.now().unwrap());
    assert_eq!(world.backend.checks(), 2);
}

/// A spawner whose runtime is gone drops what it is given: that is a failed connect, not one to be tried again at once, for ever.
#[test]
fn a_spawner_that_drops_its_tasks_is_not_asked_for_ever() {
    for panics in [false, true] {
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, kept) = (asked.clone(), Mutex::new(Vec::new()));
        let world = driven(|builder| {
            builder.max_size(1).spawner(move |future| {
                if count.fetch_add(1, Ordering::SeqCst) > 100 {
                    kept.lock().unwrap().push(future);
                } else if panics {
                    panic!("a spawner");
                }
            })
        });
        let _task = Task::new(world.pool.acquire_async()).poll();
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked < 3, "panics: {panics}, asked {asked} times");
        assert_eq!(world.pool.status().failures, 1);
    }
}

/// Others are used while one that did not come is asleep; when it comes again, a connection is made for it.
#[test]
fn who_was_passed_over_has_a_connection_made() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let mut sleeper = Task::waiting(world.pool.acquire_async());
    drop(lease);
    world.clock.advance(SECOND);
    assert_eq!(world.pool.stats().passed_on, 1);
    Lease::discard(world.pool.try_acquire().unwrap());
    assert_eq!(world.counts(), [0; 5]);
    if sleeper.poll().is_pending() {
        assert!(sleeper.woken().is_ok());
    }
}

/// What is being closed does not make the pool larger.
#[test]
fn who_shrinks_closes_no_more_than_needed() {
    let world = spawned(|builder| builder.max_size(4));
    let tasks: Vec<_> = (0..4)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    world.jobs.run();
    let leases: Vec<_> = tasks
        .into_iter()
        .map(|mut task| task.now().unwrap())
        .collect();
    drop(leases);
    world.pool.resize(3).unwrap();
    assert_eq!(world.counts(), [3, 0, 0, 0, 1]);
    world.jobs.run();
    assert_eq!(world.counts(), [3, 0, 0, 0, 0]);
}

/// Of two that come back, one is too many.
#[test]
fn who_shrinks_in_use_closes_no_more_than_needed() {
    let world = spawned(|builder| builder.max_size(2));
    let tasks = [(); 2].map(|()| Task::waiting(world.pool.acquire_async()));
    world.jobs.run();
    let [first, second] = tasks.map(|mut task| task.now().unwrap());
    world.pool.resize(1).unwrap();
    drop(first);
    drop(second);
    world.jobs.run();
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

/// A connect that failed while the pool was being warmed is tried again.
#[test]
fn a_warm_up_goes_on_after_a_failure() {
    let world = calls(|builder| builder.max_size(3));
    world.backend.set(Call::Connect, Mood::Fails);
    let mut warm = Task::waiting(world.pool.warm_up_async(2, 60 * SECOND));
    world.backend.set(Call::Connect, Mood::Good);
    for _ in 0..20 {
        world.clock.advance(SECOND);
    }
    assert!(warm.now());
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
}

/// What is cleared away while the pool is being warmed is made again.
#[test]
fn a_warm_up_goes_on_after_a_clear() {
    let world = spawned(|builder| builder.max_size(3));
    let mut warm = Task::waiting(world.pool.warm_up_async(1, 60 * SECOND));
    world.pool.clear();
    world.jobs.run();
    assert!(warm.is_woken() && warm.poll().is_pending());
    world.jobs.run();
    assert!(warm.woken());
    assert_eq!(world.reasons(), [CloseReason::Stale]);
}

/// Idle ones that are taken away in a pool that nobody uses are made again.
#[test]
fn what_is_evicted_from_a_quiet_pool_is_made_again() {
    type Remove = fn(&Pool<Calls>);
    let removals: [Remove; 4] = [
        |pool| pool.clear(),
        |pool| assert!(pool.evict(1)),
        |pool| assert_eq!(pool.retain(|_, _| false), 2),
        |pool| drop(Lease::detach(pool.acquire().unwrap())),
    ];
    for (number, remove) in removals.into_iter().enumerate() {
        let world = calls(|builder| builder.max_size(5).min_idle(2).idle_timeout(None));
        for _ in 0..20 {
            world.clock.advance(SECOND);
        }
        assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
        remove(&world.pool);
        for _ in 0..20 {
            world.clock.advance(SECOND);
        }
        assert_eq!(world.counts(), [2, 0, 0, 0, 0], "removal {number}");
    }
}

/// A pass that finds a connection in use comes again when it may have to go.
#[test]
fn one_that_was_in_use_is_closed_in_time() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .idle_timeout(None)
            .leak_threshold(None)
            .max_lifetime(Some(100 * SECOND))
    });
    let lease = world.pool.acquire().unwrap();
    // Somebody who waits and leaves has a pass made while it is in use.
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    drop(waiting);
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(10 * SECOND);
    drop(lease);
    world.clock.advance(90 * SECOND);
    assert_eq!(world.reasons(), [CloseReason::Expired]);
}

/// The same of one that is to be checked.
#[test]
fn one_that_was_in_use_is_kept_alive_in_time() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .leak_threshold(None)
            .keepalive(Some(30 * SECOND))
    });
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(31 * SECOND);
    drop(lease);
    // A tenth earlier at most.
    world.clock.advance(27 * SECOND - MILLI);
    assert_eq!(world.backend.checks(), 0);
    world.clock.advance(3 * SECOND + MILLI);
    assert_eq!(world.backend.checks(), 1);
}

/// Those that wait are not idle: what comes back goes to them.
#[test]
fn without_idle_connections_those_that_come_back_are_handed_on() {
    let world = calls(|builder| builder.max_size(1).max_idle(Some(0)));
    let lease = world.pool.acquire().unwrap();
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    let lease = waiting.woken().unwrap();
    assert_eq!(lease.serial, 1);
    // And what nobody came for is closed like any other.
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    drop(waiting);
    assert_eq!(world.counts(), [0; 5]);
    assert_eq!(world.reasons(), [CloseReason::Idle]);
}

/// A limit to idle ones that did not matter matters once the pool is larger.
#[test]
fn a_limit_to_idle_ones_holds_in_a_pool_that_grew() {
    let world = calls(|builder| builder.max_size(1).max_idle(Some(1)));
    world.pool.resize(3).unwrap();
    let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

/// A predicate that panics takes the connection with it: that is a close like any other.
#[test]
fn what_a_predicate_panics_at_is_closed_properly() {
    let world = one();
    drop(world.pool.acquire().unwrap());
    let pool = world.pool.clone();
    let retain = move || pool.retain(|_, _| panic!("a predicate"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(retain)).is_err());
    assert_eq!(world.counts(), [0; 5]);
    assert_eq!(world.backend.count(|seen| *seen == Seen::Close(1)), 1);
    assert_eq!(world.reasons().len(), 1);
    assert_eq!(world.pool.stats().closed, 1);
}

/// A manager that panics over a connection that comes back does not do so in the middle of whatever dropped the lease.
#[test]
fn a_panic_over_a_connection_that_comes_back_goes_no_further() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    world.backend.touchy.store(1, Ordering::SeqCst);
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(lease)));
    assert!(dropped.is_ok());
    assert_eq!(world.counts(), [0; 5]);
    assert_eq!(world.backend.count(|seen| *seen == Seen::Close(1)), 1);
    assert_eq!(world.pool.stats().closed, 1);
}

/// The same of one that is about to be handed out: the caller gets another one.
#[test]
fn a_panic_over_a_connection_that_goes_out_goes_no_further() {
    let world = one();
    drop(world.pool.acquire().unwrap());
    world.backend.touchy.store(1, Ordering::SeqCst);
    let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.pool.try_acquire().map(drop)
    }));
    assert!(matches!(taken, Ok(Err(AcquireError::Exhausted { .. }))));
    assert_eq!(
        world.backend.live(),
        [2],
        "another one is made for the next"
    );
    assert_eq!(world.pool.stats().closed, 1);
}

/// Who is first stays first, whatever becomes of the connection that was handed to it.
#[test]
fn a_place_in_line_outlives_a_connection_that_was_of_no_use() {
    let world = spawned(|builder| builder.max_size(1));
    world.pool.attach(world.backend.connection()).unwrap();
    let lease = world.pool.try_acquire().unwrap();
    let mut first = Task::waiting(world.pool.acquire_async());
    let mut second = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert!(first.is_woken());
    // It was handed to the first, who has not come for it.
    world.pool.clear();
    assert!(first.poll().is_pending() && second.poll().is_pending());
    world.jobs.run();
    let came = first.woken();
    assert!(came.is_ok() && second.poll().is_pending());
}

/// The same in a pool that rests in between.
#[test]
fn a_place_in_line_outlives_a_pause() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let mut first = Task::waiting(world.pool.acquire_async());
    let mut second = Task::waiting(world.pool.acquire_async());
    drop(lease);
    world.pool.pause();
    assert!(first.poll().is_pending() && second.poll().is_pending());
    world.pool.resume();
    let came = first.now();
    assert!(came.is_ok() && second.poll().is_pending());
}

/// Nobody tries again before it is known that the last attempt failed.
#[test]
fn a_connection_that_a_hook_rejects_is_a_failure_before_anything_else() {
    let world = driven(|builder| builder.max_size(1).on_connect(|_, _| Verdict::Discard));
    let _waiting = Task::waiting(world.pool.acquire_async());
    assert_eq!(world.backend.connects(), 1);
    assert_eq!(world.pool.status().failures, 1);
    assert_eq!(world.reasons(), [CloseReason::Rejected]);
}

/// What was begun for a warm-up that nobody waits for any more ends with it.
#[test]
fn a_warm_up_that_is_given_up_leaves_nothing_behind() {
    let world = driven(|builder| builder.max_size(2));
    world.backend.set(Call::Connect, Mood::Hangs);
    let warm = Task::waiting(world.pool.warm_up_async(2, SECOND));
    assert_eq!(world.counts(), [0, 0, 2, 0, 0]);
    drop(warm);
    assert_eq!(world.counts(), [0; 5]);
}

/// The same of a drain that takes too long.
#[test]
fn a_drain_that_takes_too_long_leaves_nothing_behind() {
    let world = driven(|builder| builder.max_size(1));
    world.backend.set(Call::Connect, Mood::Hangs);
    let waiting = Task::waiting(world.pool.acquire_async());
    let mut drain = Task::new(world.pool.drain_async(SECOND));
    let polled = drain.poll();
    drop(waiting);
    world.clock.advance(SECOND);
    let report = match polled {
        std::task::Poll::Ready(report) => report,
        std::task::Poll::Pending => drain.woken(),
    };
    assert_eq!(report.pending, 0, "{report:?}");
    assert_eq!(world.counts(), [0; 5]);
}

/// Evicted is evicted, also if it was on its way to somebody.
#[test]
fn one_that_is_evicted_on_its_way_says_so() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert!(world.pool.evict(1));
    drop(waiting);
    world.clock.advance(SECOND);
    assert_eq!(world.ends(), [(1, CloseReason::Evicted)]);
}

/// A use ends with a detach as well.
#[test]
fn the_time_of_a_use_that_ends_with_a_detach_counts() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(SECOND);
    drop(Lease::detach(lease));
    assert_eq!(world.pool.stats().used_for, SECOND);
}

/// A refusal that somebody came too late for is made again.
#[test]
fn a_refusal_is_not_lost_by_one_who_is_slow() {
    let world = spawned(|builder| builder.max_size(1).fail_fast_after(1).wait_timeout(None));
    world.backend.set(Call::Connect, Mood::Fails);
    let mut slow = Task::waiting(world.pool.acquire_async());
    for _ in 0..20 {
        world.pass(SECOND);
    }
    // It may have to wait for the next attempt, but not for ever.
    let polled = slow.poll();
    world.jobs.run();
    let polled = if polled.is_pending() {
        slow.poll()
    } else {
        polled
    };
    let refused = matches!(
        polled,
        std::task::Poll::Ready(Err(AcquireError::Unavailable { .. }))
    );
    assert!(refused);
}

/// Closing one connection does not close the next one from within.
#[test]
fn many_are_closed_one_after_another() {
    let closings: [fn(&Pool<Calls>); 2] = [|pool| pool.close(), |pool| pool.resize(1).unwrap()];
    for close in closings {
        let world = calls(|builder| builder.max_size(5_000).idle_timeout(None));
        for _ in 0..5_000 {
            world.pool.attach(world.backend.connection()).unwrap();
        }
        close(&world.pool);
        assert!(world.pool.status().total <= 1);
    }
}

/// What is handed over by a resume, or by somebody who leaves, is passed on as well if nobody comes for it.
#[test]
fn whoever_hands_something_over_has_it_passed_on() {
    let world = calls(|builder| builder.max_size(1).idle_timeout(None).leak_threshold(None));
    let lease = world.pool.acquire().unwrap();
    let slow = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    world.pool.pause();
    drop(lease);
    world.clock.advance(SECOND);
    world.pool.resume();
    assert!(slow.is_woken() && !second.is_woken());
    world.clock.advance(SECOND);
    assert!(second.is_woken());
}

/// A backend whose connections are of no use from the start is one that is down: it is not asked again and again without a pause.
#[test]
fn connections_that_are_born_broken_are_not_made_without_end() {
    let world = spawned(|builder| builder.max_size(1).on_checkout(|_, _| Verdict::Discard));
    let mut task = Task::waiting(world.pool.acquire_async());
    for _ in 0..100 {
        world.jobs.run();
        let _ = task.poll().map(drop);
    }
    // No time went by.
    assert!(
        world.backend.connects() < 10,
        "{}",
        world.backend.connects()
    );
}
