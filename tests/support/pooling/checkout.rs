//! Checkout and return: each way to a connection, and each way back.

use std::task::Poll;

use crate::pooling::*;

#[test]
fn what_comes_back_goes_out_again() {
    let world = one();
    let mut lease = world.pool.acquire().unwrap();
    assert_eq!((lease.serial, world.counts()), (1, [0, 1, 0, 0, 0]));
    lease.broken = false;
    drop(lease);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    assert_eq!(world.pool.acquire().unwrap().serial, 1);
    assert_eq!(world.backend.connects(), 1);
}

#[test]
fn there_are_never_more_than_there_may_be() {
    let world = calls(|builder| builder.max_size(3));
    let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
    assert!(
        matches!(world.pool.try_acquire(), Err(AcquireError::Exhausted { status }) if status.in_use == 3)
    );
    let mut fourth = Task::waiting(world.pool.acquire_async());
    assert_eq!((world.backend.connects(), world.backend.most()), (3, 3));
    drop(leases);
    assert!(fourth.now().is_ok());
    assert_eq!(world.backend.most(), 3);
}

#[test]
fn every_way_of_asking_finds_what_is_idle() {
    let world = one();
    let pool = &world.pool;
    let ask: [&dyn Fn() -> u64; 8] = [
        &|| pool.acquire().unwrap().serial,
        &|| pool.try_acquire().unwrap().serial,
        &|| pool.acquire_timeout(SECOND).unwrap().serial,
        &|| pool.acquire_owned().unwrap().serial,
        &|| pool.try_acquire_owned().unwrap().serial,
        &|| pool.acquire_owned_timeout(SECOND).unwrap().serial,
        &|| Task::new(pool.acquire_async()).now().unwrap().serial,
        &|| Task::new(pool.acquire_owned_async()).now().unwrap().serial,
    ];
    for ask in ask {
        assert_eq!(ask(), 1);
    }
    assert_eq!(
        Task::new(pool.acquire_timeout_async(SECOND))
            .now()
            .unwrap()
            .serial,
        1
    );
    assert_eq!(pool.stats().checkouts, 9);
    assert_eq!(
        (pool.stats().waits, pool.stats().connected),
        (1, 1),
        "the first had one made"
    );
}

#[test]
fn who_does_not_wait_is_not_given_one_that_is_yet_to_be_made() {
    let world = one();
    assert!(matches!(
        world.pool.try_acquire(),
        Err(AcquireError::Exhausted { .. })
    ));
    let made = (world.backend.connects(), world.pool.stats().refused);
    assert_eq!(made, (1, 1), "for the next");
    assert!(world.pool.try_acquire_owned().is_ok());
}

#[test]
fn a_lease_tells_what_it_is_of() {
    let world = one();
    world.clock.advance(SECOND);
    drop(world.pool.acquire().unwrap());
    world.clock.advance(100 * MILLI);
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(SECOND);
    let info = Lease::info(&lease);
    assert_eq!((info.id, info.uses), (1, 2));
    assert_eq!((info.age, info.idle), (1_100 * MILLI, SECOND));
    assert!(format!("{lease:?}").contains("serial: 1"), "{lease:?}");
    let owned = {
        drop(lease);
        world.pool.acquire_owned().unwrap()
    };
    assert_eq!(OwnedLease::info(&owned).uses, 3);
    assert!(format!("{owned:?}").starts_with("OwnedLease"));
}

#[test]
fn a_broken_one_is_replaced() {
    let world = one();
    world.pool.acquire().unwrap().broken = true;
    assert_eq!(world.ends(), [(1, CloseReason::Broken)]);
    assert_eq!((world.counts(), world.backend.live()), ([0; 5], vec![]));
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
}

#[test]
fn one_that_broke_while_idle_is_not_handed_out() {
    let world = two();
    let leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    // It is found out by whoever has it handed out.
    world.pool.retain(|connection, _| {
        connection.broken = connection.serial == 1;
        true
    });
    let serials = [(); 2].map(|()| {
        let lease = world.pool.acquire().unwrap();
        let serial = lease.serial;
        std::mem::forget(lease);
        serial
    });
    assert!(!serials.contains(&1), "{serials:?}");
    assert_eq!(world.reasons(), [CloseReason::Broken]);
}

#[test]
fn a_discarded_one_is_closed() {
    let world = one();
    Lease::discard(world.pool.acquire().unwrap());
    OwnedLease::discard(world.pool.acquire_owned().unwrap());
    assert_eq!(
        world.ends(),
        [(1, CloseReason::Broken), (2, CloseReason::Broken)]
    );
    assert_eq!(
        world.backend.count(|seen| matches!(seen, Seen::Close(_))),
        2,
        "by the manager"
    );
    assert_eq!(world.counts(), [0; 5]);
}

#[test]
fn a_detached_one_is_the_callers() {
    let world = one();
    let own = Lease::detach(world.pool.acquire().unwrap());
    assert_eq!((world.counts(), world.backend.live()), ([0; 5], vec![1]));
    let lease = world.pool.acquire().unwrap();
    assert_eq!(lease.serial, 2, "another one has its place");
    drop(own);
    drop(lease);
    assert_eq!(world.ends(), [], "it was not the pool's any more");
    let own = OwnedLease::detach(world.pool.acquire_owned().unwrap());
    assert_eq!((own.serial, world.counts()), (2, [0; 5]));
}

#[test]
fn a_place_that_is_detached_from_goes_to_who_waits() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let waiting = Task::waiting(world.pool.acquire_async());
    let _own = Lease::detach(lease);
    assert_eq!(waiting.woken().unwrap().serial, 2);
}

#[test]
fn one_from_elsewhere_is_taken_in() {
    let world = two();
    world.pool.attach(world.backend.connection()).unwrap();
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    let lease = world.pool.acquire().unwrap();
    assert_eq!((lease.serial, Lease::info(&lease).id), (1, 1));
    let _second = world.pool.acquire().unwrap();
    let refused = world.pool.attach(world.backend.connection());
    let Err(AttachError::Full(third)) = refused else {
        panic!("{refused:?}")
    };
    world.pool.close();
    let refused = world.pool.attach(third).unwrap_err();
    assert!(matches!(refused, AttachError::Closed(_)));
    assert_eq!(refused.to_string(), "the pool is closed");
    assert_eq!(refused.into_inner().serial, 3);
}

#[test]
fn one_from_elsewhere_goes_to_who_waits() {
    let world = one();
    world.backend.set(Call::Connect, Mood::Fails);
    let waiting = Task::waiting(world.pool.acquire_async());
    world.pool.attach(world.backend.connection()).unwrap();
    assert_eq!(waiting.woken().unwrap().serial, 1);
}

#[test]
fn one_from_elsewhere_that_is_broken_is_not_handed_out() {
    let world = one();
    let mut broken = world.backend.connection();
    broken.broken = true;
    world.pool.attach(broken).unwrap();
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.reasons(), [CloseReason::Broken]);
}

#[test]
fn the_order_is_as_it_was_asked_for() {
    for (order, expected) in [(Order::Lifo, [3, 2, 1]), (Order::Fifo, [1, 2, 3])] {
        let world = calls(|builder| builder.max_size(3).order(order));
        let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
        // They come back one after another.
        leases.into_iter().for_each(drop);
        let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
        assert_eq!(leases.map(|lease| lease.serial), expected, "{order:?}");
    }
}

#[test]
fn a_thread_gets_what_it_had() {
    let world = calls(|builder| builder.max_size(3).order(Order::Affine));
    let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    let first = world.pool.acquire().unwrap().serial;
    for _ in 0..10 {
        assert_eq!(world.pool.acquire().unwrap().serial, first);
    }
    // Nothing keeps others from it, nor it from others.
    let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
    let mut serials = leases.each_ref().map(|lease| lease.serial);
    serials.sort_unstable();
    assert_eq!(serials, [1, 2, 3]);
}

#[test]
fn one_that_is_kept_is_lost_to_nobody_but_the_pool() {
    let world = one();
    std::mem::forget(world.pool.acquire().unwrap());
    assert_eq!(world.counts(), [0, 1, 0, 0, 0]);
    assert_eq!(world.pool.held().len(), 1, "that is a leak, and it is told");
}

#[test]
fn a_future_does_nothing_before_it_is_polled() {
    let world = one();
    let future = world.pool.acquire_async();
    assert_eq!(
        (world.pool.status().waiting, world.backend.connects()),
        (0, 0)
    );
    assert!(format!("{future:?}").contains("Acquire"));
    drop(future);
    let owned = world.pool.acquire_owned_async();
    assert!(format!("{owned:?}").contains("AcquireOwned"));
    // Its time runs from the first poll.
    let _held = world.pool.acquire().unwrap();
    let mut late = Task::new(world.pool.acquire_timeout_async(SECOND));
    world.clock.advance(10 * SECOND);
    assert!(late.poll().is_pending());
    world.clock.advance(SECOND);
    assert!(matches!(late.woken(), Err(AcquireError::TimedOut { .. })));
}

#[test]
fn a_future_that_was_ready_is_pending_for_ever() {
    let world = one();
    let mut task = Task::new(world.pool.acquire_async());
    drop(task.now().unwrap());
    assert!(matches!(task.poll(), Poll::Pending));
    drop(task);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn a_lease_that_is_owned_outlives_the_pool() {
    let world = one();
    let lease = world.pool.acquire_owned().unwrap();
    let (backend, ends) = (world.backend.clone(), world.closes());
    drop(world);
    assert_eq!(lease.serial, 1);
    assert_eq!(backend.live(), [1]);
    drop(lease);
    assert!(backend.live().is_empty());
    assert_eq!(*ends.lock().unwrap(), [(1, CloseReason::PoolClosed)]);
}

#[test]
fn leases_and_futures_can_go_to_other_threads() {
    fn sent<T: Send>(_: &T) {}
    fn shared<T: Send + Sync>(_: &T) {}
    let world = one();
    shared(&world.pool);
    sent(&world.pool.acquire_async());
    sent(&world.pool.acquire_owned_async());
    sent(&world.pool.warm_up_async(1, SECOND));
    sent(&world.pool.acquire().unwrap());
    let lease = world.pool.acquire_owned().unwrap();
    sent(&lease);
    std::thread::scope(|scope| scope.spawn(move || drop(lease)).join()).unwrap();
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}
