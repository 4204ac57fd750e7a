//! A backend that goes away and comes back.

use std::time::Duration;

use tenfold::Refusal;

use crate::pooling::*;

/// Advances in small steps until it is ready.
fn after<T: std::fmt::Debug>(clock: &ManualClock, task: &mut Task<'_, T>) -> T {
    for _ in 0..100_000 {
        if task.is_woken()
            && let std::task::Poll::Ready(value) = task.poll()
        {
            return value;
        }
        clock.advance(MILLI);
    }
    panic!("it takes too long")
}

#[test]
fn who_waits_has_it_tried_again() {
    let world = calls(|builder| builder.max_size(1).fail_fast_after(100));
    world.backend.set(Call::Connect, Mood::Fails);
    let mut task = Task::waiting(world.pool.acquire_async());
    for _ in 0..10 {
        world.clock.advance(100 * MILLI);
    }
    let tried = world.backend.connects();
    assert!(tried > 2, "{tried}");
    assert_eq!(world.pool.status().failures as usize, tried);
    world.backend.set(Call::Connect, Mood::Good);
    let lease = after(&world.clock, &mut task).unwrap();
    assert_eq!((lease.serial, world.pool.status().failures), (1, 0));
    assert_eq!(world.pool.stats().connect_failures as usize, tried);
}

#[test]
fn one_tries_for_all_and_ever_more_rarely() {
    let world = calls(|builder| {
        builder
            .max_size(50)
            .max_connecting(10)
            .fail_fast_after(u32::MAX)
            .wait_timeout(None)
    });
    world.backend.set(Call::Connect, Mood::Fails);
    let _tasks: Vec<_> = (0..50)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    // 20 ms, doubled with each, up to 10 s: half of that on average.
    for _ in 0..6_000 {
        world.clock.advance(100 * MILLI);
    }
    let tried = world.backend.connects();
    assert!((50..300).contains(&tried), "{tried} in ten minutes");
}

#[test]
fn the_pause_between_two_attempts_is_bounded() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .fail_fast_after(1)
            .backoff_base(MILLI)
            .backoff_max(64 * MILLI)
    });
    world.backend.set(Call::Connect, Mood::Fails);
    for _ in 0..100 {
        let error = world.pool.acquire().map(drop).unwrap_err();
        let AcquireError::Unavailable { retry_after, .. } = error else {
            panic!("{error:?}")
        };
        assert!(retry_after.unwrap() <= 64 * MILLI, "{retry_after:?}");
        world.clock.advance(64 * MILLI);
    }
    assert!(world.pool.status().failures >= 100);
}

#[test]
fn in_an_outage_callers_are_refused_at_once_and_told_why() {
    let world = calls(|builder| builder.max_size(4).fail_fast_after(3));
    world.backend.set(Call::Connect, Mood::Fails);
    let mut tasks: Vec<_> = (0..3)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    for task in &mut tasks {
        let error = after(&world.clock, task).map(drop).unwrap_err();
        let AcquireError::Unavailable {
            source, failures, ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert!(matches!(**source, ConnectError::Failed(Down)));
        assert_eq!(*failures, 3);
        assert!(
            error
                .to_string()
                .contains("3 attempts have failed: the backend is down"),
            "{error}"
        );
    }
    let before = world.pool.stats().waits;
    let first = world.pool.acquire().map(drop).unwrap_err();
    let second = world.pool.acquire_owned().map(drop).unwrap_err();
    assert_eq!(world.pool.stats().waits, before, "nobody waits");
    let shared = (
        first.connect_error().unwrap(),
        second.connect_error().unwrap(),
    );
    assert!(
        std::sync::Arc::ptr_eq(shared.0, shared.1),
        "all share one error"
    );
    assert!(world.pool.stats().refused >= 2);
}

#[test]
fn who_is_refused_has_it_tried_for_the_next() {
    let world = calls(|builder| builder.max_size(4).fail_fast_after(1));
    world.backend.set(Call::Connect, Mood::Fails);
    assert!(world.pool.acquire().is_err());
    world.backend.set(Call::Connect, Mood::Good);
    // As it was not yet time.
    let refused = world.pool.acquire().map(drop);
    world.clock.advance(SECOND);
    assert!(refused.is_ok() || world.counts()[0] == 1);
    assert!(world.pool.acquire().is_ok());
}

#[test]
fn if_nobody_asks_nothing_is_tried() {
    let world = calls(|builder| builder.max_size(4).fail_fast_after(1));
    world.backend.set(Call::Connect, Mood::Fails);
    assert!(world.pool.acquire().is_err());
    for _ in 0..1_000 {
        world.clock.advance(SECOND);
    }
    assert!(
        world.backend.connects() <= 2,
        "{}",
        world.backend.connects()
    );
}

#[test]
fn where_there_are_connections_callers_wait_for_those() {
    let world = calls(|builder| builder.max_size(2).fail_fast_after(1));
    let lease = world.pool.acquire().unwrap();
    world.backend.set(Call::Connect, Mood::Fails);
    let task = Task::waiting(world.pool.acquire_async());
    world.clock.advance(SECOND);
    assert!(world.pool.status().failures > 0);
    let second = Task::waiting(world.pool.acquire_async());
    drop(lease);
    drop(task.woken().unwrap());
    drop(second.woken().unwrap());
}

#[test]
fn a_pool_recovers_slowly_at_first() {
    let world = spawned(|builder| {
        builder
            .max_size(16)
            .max_connecting(8)
            .fail_fast_after(u32::MAX)
            .wait_timeout(None)
            .connect_timeout(None)
    });
    world.backend.set(Call::Connect, Mood::Fails);
    let tasks: Vec<_> = (0..16)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    world.pass(SECOND);
    world.backend.set(Call::Connect, Mood::Hangs);
    for _ in 0..200 {
        world.pass(100 * MILLI);
    }
    let mut at_a_time = Vec::new();
    // Each time all that were begun succeed.
    while world.counts()[2] > 0 {
        let connecting = world.counts()[2];
        at_a_time.push(connecting);
        for _ in 0..connecting {
            world.backend.let_through(1);
            world.jobs.run_one(0);
        }
        world.jobs.run();
    }
    assert_eq!(at_a_time.first(), Some(&1), "{at_a_time:?}");
    assert!(at_a_time.get(1) <= Some(&2), "{at_a_time:?}");
    assert_eq!(tasks.iter().filter(|task| task.is_woken()).count(), 16);
}

#[test]
fn a_connect_that_takes_too_long_has_failed() {
    for world in [
        spawned(|builder| builder.max_size(1).fail_fast_after(1)),
        driven(|builder| builder.max_size(1).fail_fast_after(1)),
    ] {
        world.backend.set(Call::Connect, Mood::Hangs);
        let mut task = Task::waiting(world.pool.acquire_async());
        world.pass(10 * SECOND - MILLI);
        assert!(task.poll().is_pending());
        world.pass(MILLI);
        let error = task.woken().map(drop).unwrap_err();
        let source = error.connect_error().unwrap();
        assert!(
            matches!(**source, ConnectError::TimedOut { after } if after == 10 * SECOND),
            "{error:?}"
        );
        assert_eq!(source.to_string(), "it took longer than 10s");
        assert_eq!(world.counts(), [0; 5]);
    }
}

#[test]
fn no_limit_to_connecting_is_no_limit() {
    let world = spawned(|builder| builder.max_size(1).connect_timeout(None).wait_timeout(None));
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.pass(Duration::from_secs(1 << 30));
    assert_eq!(world.counts(), [0, 0, 1, 0, 0]);
    world.backend.set(Call::Connect, Mood::Good);
    world.jobs.run();
    assert!(task.woken().is_ok());
}

#[test]
fn those_that_wait_in_an_outage_are_served_in_order_when_it_is_over() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .fail_fast_after(u32::MAX)
            .wait_timeout(None)
    });
    world.backend.set(Call::Connect, Mood::Fails);
    let mut tasks: Vec<_> = (0..4)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    world.clock.advance(SECOND);
    world.backend.set(Call::Connect, Mood::Good);
    for _ in 0..60 {
        world.clock.advance(SECOND);
    }
    // All passed over, as none came; all come now, in any order.
    tasks.reverse();
    let mut served = 0;
    for _ in 0..10 {
        tasks.retain_mut(|task| {
            let ready = task.poll().is_ready();
            served += usize::from(ready);
            !ready
        });
    }
    assert_eq!((served, world.counts()), (4, [1, 0, 0, 0, 0]));
}

#[test]
fn a_caller_that_runs_the_attempt_itself_is_let_in_when_it_is_time() {
    let world = driven(|builder| builder.max_size(1).fail_fast_after(1));
    world.backend.set(Call::Connect, Mood::Fails);
    let mut task = Task::new(world.pool.acquire_async());
    assert!(matches!(task.now(), Err(AcquireError::Unavailable { .. })));
    drop(task);
    world.backend.set(Call::Connect, Mood::Good);
    world.clock.advance(SECOND);
    assert!(world.pool.acquire().is_ok());
}

/// An attempt that hangs keeps others from being made: who is refused meanwhile is told to come again when it ends, not at once.
#[test]
fn who_is_refused_during_an_attempt_is_told_when_that_ends() {
    for limit in [Some(10 * SECOND), None] {
        let world = spawned(|builder| builder.fail_fast_after(1).connect_timeout(limit));
        world.backend.set(Call::Connect, Mood::Fails);
        let task = Task::waiting(world.pool.acquire_async());
        world.jobs.run();
        let retry_after = |result: Result<Lease<'_, _>, AcquireError<Down>>| {
            let error = result.map(drop).unwrap_err();
            let AcquireError::Unavailable { retry_after, .. } = error else {
                panic!("{error:?}")
            };
            assert_eq!(error.retry_after(), retry_after);
            retry_after
        };
        let refused = || retry_after(Task::new(world.pool.acquire_async()).now());
        let next = 20 * MILLI;
        assert!(retry_after(task.woken()) <= Some(next) && refused() <= Some(next));
        world.backend.set(Call::Connect, Mood::Hangs);
        world.pass(20 * MILLI);
        assert_eq!(world.counts(), [0, 0, 1, 0, 0]);
        assert_eq!(refused(), Some(SECOND), "nobody knows what it takes");
        world.pass(400 * MILLI);
        assert_eq!(refused(), Some(600 * MILLI));
        world.pass(600 * MILLI);
        assert_eq!(refused(), limit.map(|limit| limit - SECOND), "it hangs");
        world.pass(8 * SECOND);
        assert_eq!(refused(), limit.map(|_| SECOND));
    }
}
