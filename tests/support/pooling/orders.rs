//! What is asked of the pool as a whole: evict, retain, clear, resize, pause, warm up.

use crate::pooling::*;

#[test]
fn one_that_is_evicted_goes_at_once_or_when_it_comes_back() {
    let world = two();
    let lease = world.pool.acquire().unwrap();
    drop(world.pool.acquire().unwrap());
    assert!(world.pool.evict(2));
    assert_eq!(world.ends(), [(2, CloseReason::Evicted)]);
    assert!(world.pool.evict(1) && !world.pool.evict(2) && !world.pool.evict(0));
    assert_eq!(world.counts(), [0, 1, 0, 0, 0]);
    drop(lease);
    assert_eq!(world.reasons(), [CloseReason::Evicted; 2]);
    assert!(!world.pool.evict(1));
    assert_eq!(world.pool.acquire().unwrap().serial, 3);
}

#[test]
fn what_is_not_wanted_is_closed() {
    for order in [Order::Affine, Order::Lifo, Order::Fifo] {
        let world = calls(|builder| builder.max_size(4).order(order));
        let mut leases = [(); 4].map(|()| Some(world.pool.acquire().unwrap()));
        let held = leases[0].take();
        drop(leases);
        let mut asked = Vec::new();
        let closed = world.pool.retain(|connection, info| {
            asked.push(connection.serial);
            assert_eq!(connection.serial, info.id);
            info.id != 3
        });
        asked.sort_unstable();
        assert_eq!((closed, asked), (1, vec![2, 3, 4]));
        assert_eq!(world.ends(), [(3, CloseReason::Evicted)]);
        assert_eq!(world.counts(), [2, 1, 0, 0, 0]);
        drop(held);
    }
}

#[test]
fn a_predicate_may_use_the_pool() {
    let world = two();
    drop(world.pool.acquire().unwrap());
    let closed = world.pool.retain(|_, _| {
        drop(world.pool.acquire().unwrap());
        world.pool.status().total == 2
    });
    assert_eq!((closed, world.counts()), (0, [2, 0, 0, 0, 0]));
}

#[test]
fn what_was_connected_before_a_clear_is_not_handed_out_after_it() {
    let world = calls(|builder| builder.max_size(3));
    let lease = world.pool.acquire().unwrap();
    drop(world.pool.acquire().unwrap());
    world.pool.clear();
    assert_eq!(world.ends(), [(2, CloseReason::Stale)]);
    drop(lease);
    assert_eq!(world.reasons(), [CloseReason::Stale; 2]);
    assert_eq!(world.pool.acquire().unwrap().serial, 3);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn what_is_being_connected_during_a_clear_is_not_handed_out() {
    let world = spawned(|builder| builder.max_size(1));
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    world.pool.clear();
    world.backend.set(Call::Connect, Mood::Good);
    world.jobs.run();
    assert_eq!(world.ends(), [(1, CloseReason::Stale)]);
    assert_eq!(
        task.woken().unwrap().serial,
        2,
        "who waits has another one made"
    );
    assert_eq!(world.backend.live(), [2]);
}

#[test]
fn what_was_on_its_way_during_a_clear_is_not_handed_out() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let mut task = Task::waiting(world.pool.acquire_async());
    drop(lease);
    world.pool.clear();
    assert!(task.is_woken());
    let lease = match task.poll() {
        std::task::Poll::Ready(lease) => lease.unwrap(),
        std::task::Poll::Pending => task.woken().unwrap(),
    };
    assert_eq!(lease.serial, 2);
}

#[test]
fn a_smaller_pool_closes_what_is_idle_at_once() {
    for order in [Order::Affine, Order::Lifo, Order::Fifo] {
        let world = calls(|builder| builder.max_size(5).order(order));
        let leases: Vec<_> = (0..5).map(|_| world.pool.acquire().unwrap()).collect();
        drop(leases);
        world.pool.resize(2).unwrap();
        assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
        assert_eq!(world.reasons(), [CloseReason::Shrunk; 3]);
        assert_eq!(world.pool.status().max_size, 2);
    }
}

#[test]
fn a_smaller_pool_closes_what_comes_back() {
    let world = calls(|builder| builder.max_size(4));
    let [first, second, third, fourth] = [(); 4].map(|()| world.pool.acquire().unwrap());
    let mut waiting = Task::waiting(world.pool.acquire_async());
    world.pool.resize(2).unwrap();
    drop(first);
    drop(second);
    assert_eq!(world.reasons(), [CloseReason::Shrunk; 2]);
    assert!(
        waiting.poll().is_pending(),
        "none is made while there are as many as may be"
    );
    assert_eq!(
        (world.counts(), world.backend.connects()),
        ([0, 2, 0, 0, 0], 4)
    );
    drop(third);
    let lease = waiting.woken().unwrap();
    assert_eq!(lease.serial, 3);
    drop((lease, fourth));
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
}

#[test]
fn a_pool_that_was_not_yet_filled_stays_within_its_new_size() {
    let world = calls(|builder| builder.max_size(16));
    world.pool.resize(2).unwrap();
    let _leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    let _waiting = Task::waiting(world.pool.acquire_async());
    assert_eq!((world.backend.connects(), world.backend.most()), (2, 2));
}

#[test]
fn a_larger_pool_serves_those_that_wait() {
    let world = one();
    let _lease = world.pool.acquire().unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    world.pool.resize(3).unwrap();
    let _leases = (first.woken().unwrap(), second.woken().unwrap());
    assert_eq!(world.counts(), [0, 3, 0, 0, 0]);
}

#[test]
fn smaller_and_larger_again_loses_nothing() {
    let world = calls(|builder| builder.max_size(4));
    let leases = [(); 4].map(|()| world.pool.acquire().unwrap());
    world.pool.resize(1).unwrap();
    world.pool.resize(4).unwrap();
    drop(leases);
    assert_eq!((world.counts(), world.ends()), ([4, 0, 0, 0, 0], vec![]));
    world.pool.resize(1).unwrap();
    world.pool.resize(200).unwrap();
    let leases: Vec<_> = (0..200).map(|_| world.pool.acquire().unwrap()).collect();
    assert_eq!((leases.len(), world.backend.most()), (200, 200));
}

#[test]
fn a_pool_that_is_closed_is_resized_and_stays_closed() {
    let world = one();
    world.pool.close();
    world.pool.resize(5).unwrap();
    assert!(matches!(
        world.pool.acquire().map(drop),
        Err(AcquireError::Closed)
    ));
    assert_eq!(world.backend.connects(), 0);
}

#[test]
fn a_pool_that_rests_hands_out_nothing_and_connects_nothing() {
    let world = two();
    let lease = world.pool.acquire().unwrap();
    world.pool.pause();
    assert!(world.pool.status().paused);
    let first = Task::waiting(world.pool.acquire_async());
    let second = Task::waiting(world.pool.acquire_async());
    drop(lease);
    world.clock.advance(SECOND);
    assert!(
        !first.is_woken()
            && matches!(world.pool.try_acquire(), Err(AcquireError::Exhausted { status }) if status.paused)
    );
    assert_eq!(
        (world.counts(), world.backend.connects()),
        ([1, 0, 0, 0, 0], 1)
    );
    world.pool.resume();
    assert!(!world.pool.status().paused);
    let first = first.woken().unwrap();
    let second = second.woken().unwrap();
    assert_eq!(first.serial + second.serial, 3);
}

#[test]
fn a_pool_that_rests_is_looked_after_and_can_be_closed() {
    let world = calls(|builder| builder.max_size(2).idle_timeout(Some(SECOND)));
    drop(world.pool.acquire().unwrap());
    world.pool.pause();
    world.clock.advance(SECOND);
    assert_eq!(world.ends(), [(1, CloseReason::Idle)]);
    let waiting = Task::waiting(world.pool.acquire_async());
    world.pool.close();
    assert!(matches!(waiting.woken(), Err(AcquireError::Closed)));
    world.pool.resume();
    assert!(matches!(
        world.pool.try_acquire(),
        Err(AcquireError::Closed)
    ));
}

#[test]
fn a_pool_is_warmed_up() {
    let world = calls(|builder| builder.max_size(4).max_connecting(1));
    assert!(world.pool.warm_up(3, SECOND));
    assert_eq!(world.counts(), [3, 0, 0, 0, 0]);
    assert!(world.pool.warm_up(2, SECOND));
    assert!(world.pool.warm_up(0, SECOND));
    assert_eq!(world.backend.connects(), 3);
    assert!(world.pool.warm_up(100, SECOND), "as many as may be");
    assert_eq!(world.counts(), [4, 0, 0, 0, 0]);
}

#[test]
fn what_is_in_use_is_warm() {
    let world = calls(|builder| builder.max_size(4));
    let _lease = world.pool.acquire().unwrap();
    assert!(world.pool.warm_up(2, SECOND));
    assert_eq!(world.counts(), [1, 1, 0, 0, 0]);
}

#[test]
fn a_warm_up_has_its_time() {
    let world = spawned(|builder| builder.max_size(4));
    world.backend.set(Call::Connect, Mood::Hangs);
    let warm = Task::waiting(world.pool.warm_up_async(2, SECOND));
    world.pass(SECOND);
    assert!(!warm.woken());
    world.backend.set(Call::Connect, Mood::Good);
    world.jobs.run();
    assert_eq!(world.counts(), [2, 0, 0, 0, 0], "what was begun goes on");
}

#[test]
fn a_warm_up_ends_with_the_pool() {
    let world = spawned(|builder| builder.max_size(4));
    let warm = Task::waiting(world.pool.warm_up_async(2, SECOND));
    assert!(format!("{:?}", world.pool.warm_up_async(1, SECOND)).contains("target: 1"));
    world.pool.close();
    assert!(!warm.woken());
    world.jobs.run();
    assert_eq!((world.counts(), world.backend.live()), ([0; 5], vec![]));
}

#[test]
fn futures_are_warmed_up_by_whoever_waits_for_it() {
    let world = driven(|builder| builder.max_size(4));
    assert!(world.pool.warm_up(3, SECOND));
    assert_eq!(world.counts(), [3, 0, 0, 0, 0]);
}

#[test]
fn one_from_elsewhere_is_idle_in_a_pool_that_rests() {
    let world = one();
    world.pool.pause();
    let waiting = Task::waiting(world.pool.acquire_async());
    world.pool.attach(world.backend.connection()).unwrap();
    assert_eq!(
        (world.counts(), waiting.is_woken()),
        ([1, 0, 0, 0, 0], false)
    );
    world.pool.resume();
    assert!(waiting.woken().is_ok());
}

#[test]
fn a_pool_that_rests_is_warmed_up_when_it_goes_on() {
    let world = two();
    world.pool.pause();
    let warm = Task::waiting(world.pool.warm_up_async(2, SECOND));
    assert_eq!(world.backend.connects(), 0);
    world.pool.resume();
    assert!(warm.woken());
}
