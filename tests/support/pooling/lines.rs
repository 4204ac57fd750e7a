//! Waiting: who comes first, for how long, and what becomes of those that go.

use std::time::Duration;

use crate::pooling::*;

#[test]
fn who_came_first_is_served_first() {
    let world = one();
    let mut lease = world.pool.acquire().unwrap();
    let mut line: Vec<_> = (0..5)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    while !line.is_empty() {
        drop(lease);
        let woken = line.iter().map(Task::is_woken);
        let woken: Vec<_> = woken.collect();
        assert!(woken[0] && !woken[1..].contains(&true), "{woken:?}");
        lease = line.remove(0).woken().unwrap();
    }
}

#[test]
fn nobody_passes_those_who_wait() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert_eq!(world.counts(), [0, 1, 0, 0, 0], "it was handed over");
    assert!(world.pool.try_acquire().is_err());
    let third = Task::waiting(world.pool.acquire_async());
    drop(first.woken().unwrap());
    drop(second.woken().unwrap());
    drop(third.woken().unwrap());
}

#[test]
fn with_throughput_the_first_to_ask_is_served() {
    let world = calls(|builder| builder.max_size(1).fairness(Fairness::Throughput));
    let lease = world.pool.acquire().unwrap();
    let mut waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert!(waiting.is_woken());
    let barging = world.pool.try_acquire().unwrap();
    assert!(waiting.poll().is_pending());
    drop(barging);
    assert!(waiting.woken().is_ok());
}

#[test]
fn with_throughput_nobody_is_forgotten_who_does_not_come() {
    let world = calls(|builder| builder.max_size(1).fairness(Fairness::Throughput));
    let lease = world.pool.acquire().unwrap();
    let gone = Task::waiting(world.pool.acquire_async());
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert!(gone.is_woken());
    drop(gone);
    world.clock.advance(SECOND);
    assert!(waiting.woken().is_ok());
}

#[test]
fn who_leaves_is_not_served() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    assert_eq!(world.pool.status().waiting, 2);
    drop(first);
    assert_eq!(world.pool.status().waiting, 1);
    drop(lease);
    assert!(second.woken().is_ok());
}

#[test]
fn what_was_handed_to_one_who_leaves_goes_to_the_next() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_owned_async());
    drop(lease);
    assert!(first.is_woken() && !second.is_woken());
    drop(first);
    drop(second.woken().unwrap());
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn what_was_handed_to_the_last_who_leaves_is_idle() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    drop(waiting);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    assert_eq!(world.pool.status().waiting, 0);
}

#[test]
fn who_does_not_come_is_passed_over_after_a_while() {
    let world = calls(|builder| builder.max_size(1).patience(50 * MILLI));
    let lease = world.pool.acquire().unwrap();
    let mut slow = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    drop(lease);
    world.clock.advance(49 * MILLI);
    assert!(!second.is_woken());
    world.clock.advance(MILLI);
    assert_eq!(world.pool.stats().passed_on, 1);
    let lease = second.woken().unwrap();
    // It is first again.
    assert!(slow.poll().is_pending());
    let third = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert!(!third.is_woken());
    assert!(slow.woken().is_ok());
}

#[test]
fn what_nobody_comes_for_is_idle_after_a_while() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let slow = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert!(world.pool.try_acquire().is_err());
    world.clock.advance(SECOND);
    drop(world.pool.try_acquire().unwrap());
    assert!(slow.woken().is_ok(), "it is there still");
}

#[test]
fn time_is_over_when_it_is_over() {
    let world = calls(|builder| builder.max_size(1).wait_timeout(Some(3 * SECOND)));
    let _held = world.pool.acquire().unwrap();
    let mut by_default = Task::waiting(world.pool.acquire_async());
    let own = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    let mut owned = Task::waiting(world.pool.acquire_owned_async());
    world.clock.advance(SECOND - MILLI);
    assert!(!own.is_woken());
    world.clock.advance(MILLI);
    let Err(AcquireError::TimedOut { waited, .. }) = own.woken() else {
        panic!("it is over")
    };
    assert_eq!(waited, SECOND);
    assert!(by_default.poll().is_pending() && owned.poll().is_pending());
    world.clock.advance(2 * SECOND);
    assert!(
        matches!(by_default.woken(), Err(AcquireError::TimedOut { waited, .. }) if waited == 3 * SECOND)
    );
    assert!(matches!(owned.woken(), Err(AcquireError::TimedOut { .. })));
    let stats = world.pool.stats();
    assert_eq!((stats.timeouts, stats.status.waiting), (3, 0));
}

#[test]
fn no_time_is_for_ever() {
    let world = calls(|builder| builder.max_size(1).wait_timeout(None));
    let lease = world.pool.acquire().unwrap();
    let mut first = Task::waiting(world.pool.acquire_async());
    let mut second = Task::waiting(world.pool.acquire_timeout_async(Duration::MAX));
    world.clock.advance(Duration::from_secs(1 << 33));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    drop(lease);
    drop(first.woken().unwrap());
    assert!(second.woken().is_ok());
}

#[test]
fn no_patience_at_all_takes_what_is_idle_and_else_gives_up_at_once() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let refused = world.pool.acquire_timeout(Duration::ZERO).map(drop);
    assert!(matches!(
        refused,
        Err(AcquireError::TimedOut {
            waited: Duration::ZERO,
            ..
        })
    ));
    let refused = world.pool.acquire_owned_timeout(Duration::ZERO).map(drop);
    assert!(matches!(refused, Err(AcquireError::TimedOut { .. })));
    drop(lease);
    assert!(world.pool.acquire_timeout(Duration::ZERO).is_ok());
}

#[test]
fn one_whose_time_is_over_is_handed_nothing() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let mut first = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    let second = Task::waiting(world.pool.acquire_async());
    world.clock.advance(SECOND);
    // It was told, and has not come to see.
    drop(lease);
    drop(second.woken().unwrap());
    assert!(matches!(first.now(), Err(AcquireError::TimedOut { .. })));
}

#[test]
fn no_more_wait_than_may() {
    let world = calls(|builder| builder.max_size(1).max_waiters(2));
    let _held = world.pool.acquire().unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    let _second = Task::waiting(world.pool.acquire_async());
    let refused = Task::new(world.pool.acquire_async()).now().map(drop);
    assert!(matches!(
        refused,
        Err(AcquireError::TooManyWaiters { limit: 2 })
    ));
    assert!(matches!(
        world.pool.acquire().map(drop),
        Err(AcquireError::TooManyWaiters { .. })
    ));
    assert_eq!(world.pool.stats().refused, 2);
    drop(first);
    let _third = Task::waiting(world.pool.acquire_async());
}

#[test]
fn who_waits_takes_whatever_comes_first() {
    // One is in use, another one takes for ever to be made.
    let world = spawned(|builder| builder.max_size(2));
    let first = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    let lease = first.woken().unwrap();
    world.backend.set(Call::Connect, Mood::Hangs);
    let second = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    assert_eq!(world.counts(), [0, 1, 1, 0, 0]);
    drop(lease);
    assert_eq!(second.woken().unwrap().serial, 1);
    // What is made after all is kept.
    world.backend.set(Call::Connect, Mood::Good);
    world.jobs.run();
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
}

#[test]
fn what_is_made_goes_to_who_is_first_whoever_it_was_made_for() {
    let world = spawned(|builder| builder.max_size(2));
    let first = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    drop(first);
    assert!(world.jobs.run_one(0));
    assert!(second.woken().is_ok());
}

#[test]
fn connects_at_a_time_are_as_many_as_may_be() {
    for most in [1, 2, 5] {
        let world = spawned(|builder| builder.max_size(10).max_connecting(most));
        world.backend.set(Call::Connect, Mood::Hangs);
        let tasks: Vec<_> = (0..10)
            .map(|_| Task::waiting(world.pool.acquire_async()))
            .collect();
        world.jobs.run();
        assert_eq!(world.counts()[2], most);
        for served in 1..=10 {
            world.backend.let_through(1);
            world.jobs.run();
            assert!(world.counts()[2] <= most);
            assert_eq!(tasks.iter().filter(|task| task.is_woken()).count(), served);
        }
    }
}

#[test]
fn a_spike_does_not_leave_a_pool_that_is_larger_than_it_need_be() {
    // 50 at a time, 2 ms each, and 150 ms for a connect: HikariCP's own example.
    let world = spawned(|builder| builder.max_size(50).min_idle(5).wait_timeout(None));
    world.backend.set(Call::Connect, Mood::Hangs);
    world.jobs.run();
    while world.counts()[2] > 0 {
        world.pass(150 * MILLI);
        world.backend.let_through(u64::from(world.counts()[2]));
        world.jobs.run();
    }
    assert_eq!(world.counts(), [5, 0, 0, 0, 0]);
    let mut waiting: Vec<_> = (0..50)
        .map(|_| Task::new(world.pool.acquire_owned_async()))
        .collect();
    let mut served = 0;
    for _ in 0..40 {
        let mut leases = Vec::new();
        waiting.retain_mut(|task| match task.poll() {
            std::task::Poll::Ready(lease) => {
                leases.push(lease.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        served += leases.len();
        world.pass(2 * MILLI);
        drop(leases);
    }
    assert_eq!(served, 50);
    world.backend.set(Call::Connect, Mood::Good);
    world.pass(150 * MILLI);
    assert!(world.pool.status().total <= 6, "{}", world.pool.status());
}

#[test]
fn those_that_nothing_comes_back_to_have_all_made_at_once() {
    let world = calls(|builder| builder.max_size(8));
    let leases: Vec<_> = (0..8).map(|_| world.pool.acquire().unwrap()).collect();
    assert_eq!(leases.len(), 8);
}

#[test]
fn threads_and_tasks_stand_in_one_line() {
    let world = one();
    let lease = world.pool.acquire_owned().unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| world.pool.acquire().unwrap().serial);
        while world.pool.status().waiting < 2 {
            std::thread::yield_now();
        }
        let third = Task::waiting(world.pool.acquire_async());
        drop(lease);
        // The thread may be looking at the pool just now, and then it is the one that hands the connection on.
        while !first.is_woken() {
            std::thread::yield_now();
        }
        assert!(!third.is_woken() && !thread.is_finished());
        drop(first.woken().unwrap());
        assert_eq!(thread.join().unwrap(), 1);
        assert!(third.woken().is_ok());
    });
}

#[test]
fn why_it_was_in_vain_is_told() {
    let reason = |result: Result<(), AcquireError<Down>>| match result {
        Err(AcquireError::TimedOut { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    // Busy: and the lease that has been held for longest.
    let world = two();
    let (_first, line) = (world.pool.acquire().unwrap(), line!());
    world.clock.advance(SECOND);
    let _second = world.pool.acquire().unwrap();
    let task = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    world.clock.advance(SECOND);
    let error = task.woken().unwrap_err();
    let AcquireError::TimedOut {
        longest: Some(longest),
        status,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (longest.line, longest.held_for, longest.id),
        (line, 2 * SECOND, 1)
    );
    assert!(longest.file.ends_with("lines.rs"));
    assert_eq!((status.in_use, status.waiting), (2, 0));
    assert_eq!(reason(Err(error)), Reason::Busy);

    // Connecting.
    let world = spawned(|builder| builder.max_size(1).connect_timeout(None));
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    world.pass(SECOND);
    assert_eq!(reason(task.woken().map(drop)), Reason::Connecting);

    // Unreachable.
    let world = calls(|builder| builder.max_size(1).fail_fast_after(100));
    world.backend.set(Call::Connect, Mood::Fails);
    let task = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    world.clock.advance(SECOND);
    let error = task.woken().map(drop).unwrap_err();
    let last = error.connect_error().map(|last| last.to_string());
    assert_eq!(last.as_deref(), Some("the backend is down"));
    assert_eq!(reason(Err(error)), Reason::Unreachable);

    // Paused.
    let world = one();
    drop(world.pool.acquire().unwrap());
    world.pool.pause();
    let task = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    world.clock.advance(SECOND);
    assert_eq!(reason(task.woken().map(drop)), Reason::Paused);
}
