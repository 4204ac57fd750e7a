//! The end: close, drain, and the last handle.

use crate::pooling::*;

#[test]
fn a_closed_pool_hands_out_nothing() {
    let world = two();
    let lease = world.pool.acquire().unwrap();
    drop(world.pool.acquire().unwrap());
    assert!(!world.pool.is_closed());
    world.pool.close();
    assert!(world.pool.is_closed() && world.pool.status().closed);
    assert_eq!(world.ends(), [(2, CloseReason::PoolClosed)]);
    let pool = &world.pool;
    assert!(matches!(
        pool.acquire().map(drop),
        Err(AcquireError::Closed)
    ));
    assert!(matches!(
        pool.try_acquire().map(drop),
        Err(AcquireError::Closed)
    ));
    assert!(matches!(
        pool.acquire_timeout(SECOND).map(drop),
        Err(AcquireError::Closed)
    ));
    assert!(matches!(
        pool.acquire_owned().map(drop),
        Err(AcquireError::Closed)
    ));
    assert!(matches!(
        pool.try_acquire_owned().map(drop),
        Err(AcquireError::Closed)
    ));
    assert!(matches!(
        pool.acquire_owned_timeout(SECOND).map(drop),
        Err(AcquireError::Closed)
    ));
    assert!(matches!(
        Task::new(pool.acquire_async()).now(),
        Err(AcquireError::Closed)
    ));
    assert!(!pool.warm_up(2, SECOND));
    assert_eq!(lease.serial, 1, "what is in use is in use");
    drop(lease);
    assert_eq!(world.reasons(), [CloseReason::PoolClosed; 2]);
    pool.close();
    pool.clear();
    pool.pause();
    pool.resume();
    assert_eq!((world.counts(), world.backend.connects()), ([0; 5], 2));
}

#[test]
fn all_that_wait_are_told() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let mut granted = Task::waiting(world.pool.acquire_async());
    let tasks: Vec<_> = (0..5)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    let owned = Task::waiting(world.pool.acquire_owned_async());
    drop(lease);
    world.pool.close();
    assert!(
        matches!(granted.now(), Err(AcquireError::Closed)),
        "also one that something was handed to"
    );
    for task in tasks {
        assert!(matches!(task.woken(), Err(AcquireError::Closed)));
    }
    assert!(matches!(owned.woken(), Err(AcquireError::Closed)));
    assert_eq!(world.counts(), [0; 5]);
    assert_eq!(world.pool.status().waiting, 0);
}

#[test]
fn what_is_being_connected_is_closed_when_it_is_there() {
    let world = spawned(|builder| builder.max_size(1));
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    world.pool.close();
    assert!(matches!(task.woken(), Err(AcquireError::Closed)));
    world.backend.set(Call::Connect, Mood::Good);
    world.jobs.run();
    assert_eq!(world.ends(), [(1, CloseReason::PoolClosed)]);
    assert_eq!((world.counts(), world.backend.live()), ([0; 5], vec![]));
}

#[test]
fn the_last_handle_closes() {
    let world = one();
    let second = world.pool.clone();
    let lease = world.pool.acquire_owned().unwrap();
    let mut task = Task::waiting(second.acquire_owned_async());
    let World { pool, backend, .. } = world;
    drop(pool);
    assert!(task.poll().is_pending(), "there is another one");
    drop(second);
    assert!(matches!(task.woken(), Err(AcquireError::Closed)));
    assert_eq!(backend.live(), [1]);
    drop(lease);
    assert!(backend.live().is_empty());
}

#[test]
fn a_pool_that_is_dropped_closes_everything() {
    let world = calls(|builder| builder.max_size(5));
    assert!(world.pool.warm_up(5, SECOND));
    let (backend, ends) = (world.backend.clone(), world.closes());
    drop(world);
    assert!(backend.live().is_empty());
    assert_eq!(ends.lock().unwrap().len(), 5);
    assert_eq!(
        std::sync::Arc::strong_count(&backend),
        1,
        "nothing keeps it"
    );
}

#[test]
fn a_pool_of_futures_that_is_dropped_keeps_nothing() {
    for spawns in [false, true] {
        let settings = |builder: Builder<Tasks>| builder.max_size(5);
        let world = if spawns {
            spawned(settings)
        } else {
            driven(settings)
        };
        world.pool.attach(world.backend.connection()).unwrap();
        world.backend.set(Call::Connect, Mood::Hangs);
        let held = world.pool.acquire_owned().unwrap();
        let waiting = Task::waiting(world.pool.acquire_owned_async());
        world.jobs.run();
        let World {
            pool,
            backend,
            jobs,
            clock,
            ..
        } = world;
        drop(pool);
        drop(waiting);
        drop(held);
        backend.set(Call::Connect, Mood::Good);
        jobs.run();
        assert!(backend.live().is_empty());
        drop((jobs, clock));
        assert_eq!(
            std::sync::Arc::strong_count(&backend),
            1,
            "spawns: {spawns}"
        );
    }
}

#[test]
fn a_drain_waits_for_the_last() {
    let world = calls(|builder| builder.max_size(3));
    let lease = world.pool.acquire().unwrap();
    drop(world.pool.acquire().unwrap());
    let mut drain = Task::waiting(world.pool.drain_async(10 * SECOND));
    assert!(world.pool.is_closed());
    world.clock.advance(5 * SECOND);
    assert!(drain.poll().is_pending());
    drop(lease);
    let report = drain.woken();
    assert!(report.is_complete());
    assert_eq!((report.closed, report.pending, report.held), (2, 0, vec![]));
}

#[test]
fn a_drain_that_takes_too_long_says_who_has_what() {
    let world = two();
    let (lease, line) = (world.pool.acquire().unwrap(), line!());
    drop(world.pool.acquire().unwrap());
    let drain = Task::waiting(world.pool.drain_async(10 * SECOND));
    world.clock.advance(10 * SECOND);
    let report = drain.woken();
    assert!(!report.is_complete());
    assert_eq!(
        (report.closed, report.pending, report.held.len()),
        (1, 0, 1)
    );
    assert_eq!((report.held[0].line, report.held[0].id), (line, 1));
    assert_eq!(report.held[0].held_for, 10 * SECOND);
    drop(lease);
    assert_eq!(world.counts(), [0; 5]);
}

#[test]
fn a_drain_of_nothing_is_done() {
    let world = one();
    assert!(world.pool.drain(SECOND).is_complete());
    assert!(world.pool.drain(std::time::Duration::ZERO).is_complete());
    assert!(format!("{:?}", world.pool.drain_async(SECOND)).contains("Drain"));
}

#[test]
fn a_drain_waits_for_what_is_being_closed() {
    let world = spawned(|builder| builder.max_size(1).close_timeout(None));
    world.pool.attach(world.backend.connection()).unwrap();
    world.backend.set(Call::Close, Mood::Hangs);
    let mut drain = Task::waiting(world.pool.drain_async(10 * SECOND));
    world.jobs.run();
    assert_eq!(world.counts(), [0, 0, 0, 0, 1]);
    assert!(drain.poll().is_pending());
    world.backend.set(Call::Close, Mood::Good);
    world.jobs.run();
    assert!(drain.woken().is_complete());
}

#[test]
fn a_close_that_takes_too_long_gives_its_place_back() {
    let world = spawned(|builder| builder.max_size(1));
    world.pool.attach(world.backend.connection()).unwrap();
    world.backend.set(Call::Close, Mood::Hangs);
    world.pool.clear();
    let task = Task::waiting(world.pool.acquire_async());
    world.pass(5 * SECOND - MILLI);
    assert_eq!(world.counts(), [0, 0, 0, 0, 1]);
    world.pass(MILLI);
    assert_eq!(task.woken().unwrap().serial, 2);
}

#[test]
fn outside_of_a_runtime_everything_can_be_dropped() {
    // There is none here: a spawner that needed one would panic.
    let world = spawned(|builder| {
        builder
            .max_size(2)
            .spawner(|_| panic!("there is no runtime"))
    });
    world.pool.attach(world.backend.connection()).unwrap();
    let lease = world.pool.acquire_owned().unwrap();
    let backend = world.backend.clone();
    drop(world);
    drop(lease);
    assert!(backend.live().is_empty());
}
