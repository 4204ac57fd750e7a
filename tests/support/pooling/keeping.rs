//! What happens by itself: connections are closed, checked and made because time goes by.

use crate::pooling::*;

#[test]
fn what_nobody_uses_is_closed() {
    let world = calls(|builder| builder.max_size(2).idle_timeout(Some(10 * SECOND)));
    drop(world.pool.acquire().unwrap());
    world.clock.advance(10 * SECOND - MILLI);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    world.clock.advance(MILLI);
    assert_eq!(world.ends(), [(1, CloseReason::Idle)]);
    assert_eq!(
        (world.counts(), world.pool.stats().closed_idle),
        ([0; 5], 1)
    );
}

#[test]
fn what_is_in_use_is_not_idle() {
    let world = calls(|builder| {
        builder
            .max_size(2)
            .idle_timeout(Some(SECOND))
            .max_lifetime(None)
    });
    let lease = world.pool.acquire().unwrap();
    drop(world.pool.acquire().unwrap());
    world.clock.advance(100 * SECOND);
    assert_eq!(world.ends(), [(2, CloseReason::Idle)]);
    drop(lease);
    world.clock.advance(SECOND - MILLI);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    world.clock.advance(MILLI);
    assert_eq!(world.counts(), [0; 5]);
}

#[test]
fn each_use_begins_the_time_anew() {
    let world = calls(|builder| builder.max_size(1).idle_timeout(Some(SECOND)));
    for _ in 0..5 {
        drop(world.pool.acquire().unwrap());
        world.clock.advance(900 * MILLI);
    }
    assert_eq!((world.backend.connects(), world.ends()), (1, vec![]));
}

#[test]
fn those_that_are_not_needed_go_though_the_pool_is_in_use() {
    for order in [Order::Affine, Order::Lifo] {
        let world = calls(|builder| {
            builder
                .max_size(5)
                .order(order)
                .idle_timeout(Some(10 * SECOND))
        });
        let leases = [(); 5].map(|()| world.pool.acquire().unwrap());
        drop(leases);
        for _ in 0..20 {
            drop(world.pool.acquire().unwrap());
            world.clock.advance(SECOND);
        }
        assert_eq!(world.counts(), [1, 0, 0, 0, 0], "{order:?}");
    }
}

#[test]
fn in_turn_all_are_kept_warm() {
    let world = calls(|builder| {
        builder
            .max_size(3)
            .order(Order::Fifo)
            .idle_timeout(Some(10 * SECOND))
    });
    let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    for _ in 0..20 {
        drop(world.pool.acquire().unwrap());
        world.clock.advance(SECOND);
    }
    assert_eq!(world.counts(), [3, 0, 0, 0, 0]);
}

#[test]
fn what_is_old_goes_when_it_is_idle() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .max_lifetime(Some(100 * SECOND))
            .idle_timeout(None)
    });
    drop(world.pool.acquire().unwrap());
    world.clock.advance(100 * SECOND - MILLI);
    assert_eq!(world.ends(), []);
    world.clock.advance(MILLI);
    assert_eq!(world.ends(), [(1, CloseReason::Expired)]);
    assert_eq!(world.pool.stats().closed_expired, 1);
}

#[test]
fn what_is_old_goes_when_it_comes_back() {
    let world = calls(|builder| builder.max_size(1).max_lifetime(Some(100 * SECOND)));
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(200 * SECOND);
    assert_eq!(lease.serial, 1, "nobody takes it away");
    let waiting = Task::waiting(world.pool.acquire_async());
    drop(lease);
    assert_eq!(world.ends(), [(1, CloseReason::Expired)]);
    assert_eq!(waiting.woken().unwrap().serial, 2);
}

#[test]
fn what_is_old_gives_its_place_back_before_another_is_made() {
    let world = calls(|builder| {
        builder
            .max_size(3)
            .min_idle(3)
            .max_lifetime(Some(SECOND))
            .idle_timeout(None)
    });
    for _ in 0..50 {
        world.clock.advance(300 * MILLI);
    }
    assert_eq!(world.backend.most(), 3);
    assert!(world.backend.connects() > 20);
}

#[test]
fn lifetimes_are_drawn_once_and_differ() {
    let world = calls(|builder| {
        builder
            .max_size(64)
            .max_lifetime(Some(100 * SECOND))
            .lifetime_jitter(0.5)
            .idle_timeout(None)
    });
    assert!(world.pool.warm_up(64, SECOND));
    world.clock.advance(50 * SECOND - MILLI);
    assert_eq!(world.ends(), [], "none goes before half its time");
    let mut left = Vec::new();
    for _ in 0..51 {
        // Looking does not draw again.
        world.pool.retain(|_, _| true);
        world.clock.advance(SECOND);
        left.push(world.counts()[0]);
    }
    left.dedup();
    assert_eq!(left.last(), Some(&0));
    assert!(left.len() > 10, "they go one by one: {left:?}");
}

#[test]
fn idle_connections_are_kept_ready() {
    let world = calls(|builder| builder.max_size(5).min_idle(2));
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
    let _leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    for _ in 0..4 {
        world.clock.advance(500 * MILLI);
    }
    assert_eq!(world.counts(), [2, 2, 0, 0, 0]);
}

#[test]
fn no_more_are_kept_ready_than_there_may_be() {
    let world = calls(|builder| builder.max_size(3).min_idle(2));
    let _leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    for _ in 0..4 {
        world.clock.advance(SECOND);
    }
    assert_eq!(world.counts(), [1, 2, 0, 0, 0]);
}

#[test]
fn those_that_are_kept_ready_are_not_closed_for_being_idle() {
    let world = calls(|builder| {
        builder
            .max_size(5)
            .min_idle(2)
            .idle_timeout(Some(SECOND))
            .max_lifetime(None)
    });
    let leases = [(); 5].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    for _ in 0..20 {
        world.clock.advance(SECOND);
    }
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
    assert_eq!(world.reasons(), [CloseReason::Idle; 3]);
    assert_eq!(
        world.backend.connects(),
        5,
        "nothing is closed to be made again"
    );
}

#[test]
fn what_failed_to_be_kept_ready_is_tried_again() {
    let world = calls(|builder| builder.max_size(5).min_idle(2));
    world.pool.clear();
    world.backend.set(Call::Connect, Mood::Fails);
    for _ in 0..60 {
        world.clock.advance(SECOND);
    }
    assert_eq!(world.counts(), [0; 5]);
    assert!(world.pool.status().failures > 3);
    world.backend.set(Call::Connect, Mood::Good);
    for _ in 0..30 {
        world.clock.advance(SECOND);
    }
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
}

#[test]
fn no_more_idle_ones_are_kept_than_may_be() {
    for order in [Order::Affine, Order::Lifo, Order::Fifo] {
        let world = calls(|builder| builder.max_size(5).max_idle(Some(2)).order(order));
        let leases: Vec<_> = (0..5).map(|_| world.pool.acquire().unwrap()).collect();
        for lease in leases {
            world.clock.advance(MILLI);
            drop(lease);
        }
        assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
        let expected = [1, 2, 3].map(|id| (id, CloseReason::Idle));
        assert_eq!(
            world.ends(),
            expected,
            "those go that were idle for longest"
        );
    }
}

#[test]
fn the_idle_are_asked_now_and_then_whether_they_are_alive() {
    let world = calls(|builder| builder.max_size(2).keepalive(Some(30 * SECOND)));
    let leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    // A tenth earlier at most.
    world.clock.advance(27 * SECOND - MILLI);
    assert_eq!(world.backend.checks(), 0);
    world.clock.advance(3 * SECOND + MILLI);
    assert_eq!(world.backend.checks(), 2);
    world.clock.advance(30 * SECOND);
    assert_eq!(world.backend.checks(), 4);
    world.backend.set(Call::Check, Mood::Fails);
    world.clock.advance(30 * SECOND);
    assert_eq!(world.reasons(), [CloseReason::CheckFailed; 2]);
    assert_eq!(world.counts(), [0; 5]);
}

#[test]
fn to_be_kept_alive_is_not_to_be_used() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .keepalive(Some(30 * SECOND))
            .idle_timeout(Some(100 * SECOND))
    });
    drop(world.pool.acquire().unwrap());
    for _ in 0..4 {
        world.clock.advance(30 * SECOND);
    }
    assert_eq!(world.ends(), [(1, CloseReason::Idle)]);
    assert_eq!(world.backend.checks(), 3);
}

#[test]
fn with_a_spawner_futures_are_kept_alive_as_well() {
    let world = spawned(|builder| builder.max_size(2).min_idle(1).keepalive(Some(30 * SECOND)));
    world.pass(SECOND);
    world.pass(30 * SECOND);
    assert_eq!(
        (world.counts(), world.backend.checks()),
        ([1, 0, 0, 0, 0], 1)
    );
}

#[test]
fn who_keeps_the_pool_up_by_hand_is_told_when() {
    let world = calls(|builder| {
        builder
            .max_size(2)
            .upkeep(Upkeep::Manual)
            .idle_timeout(Some(SECOND))
            .leak_threshold(None)
    });
    assert_eq!(world.pool.run_upkeep(), None);
    drop(world.pool.acquire().unwrap());
    world.clock.advance(10 * SECOND);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0], "nobody has done anything");
    world.pool.run_upkeep();
    assert_eq!(world.ends(), [(1, CloseReason::Idle)]);
    drop(world.pool.acquire().unwrap());
    let due = world.pool.run_upkeep();
    assert_eq!(due, Some(world.clock.now().saturating_add(SECOND)));
}

#[test]
fn a_clock_that_steps_back_closes_nothing_and_loses_nothing() {
    let world = calls(|builder| {
        builder
            .max_size(2)
            .idle_timeout(Some(10 * SECOND))
            .max_lifetime(Some(60 * SECOND))
    });
    world.clock.advance(1_000 * SECOND);
    let lease = world.pool.acquire().unwrap();
    drop(world.pool.acquire().unwrap());
    let _held = world.pool.acquire().unwrap();
    let mut waiting = Task::waiting(world.pool.acquire_timeout_async(5 * SECOND));
    world.clock.set(Tick::ZERO);
    assert!(waiting.poll().is_pending());
    assert_eq!(world.ends(), []);
    drop(lease);
    assert!(waiting.woken().is_ok());
    assert_eq!(world.pool.held().len(), 1);
    assert_eq!(world.pool.stats().used_for, std::time::Duration::ZERO);
    for _ in 0..200 {
        world.clock.advance(10 * SECOND);
    }
    assert_eq!(world.counts(), [0, 1, 0, 0, 0]);
}

#[test]
fn an_outage_behind_a_clock_that_steps_back_ends() {
    let world = calls(|builder| builder.max_size(1));
    world.clock.advance(100_000 * SECOND);
    world.backend.set(Call::Connect, Mood::Fails);
    let waiting = Task::waiting(world.pool.acquire_timeout_async(5 * SECOND));
    world.clock.set(Tick::ZERO);
    world.backend.set(Call::Connect, Mood::Good);
    drop(waiting);
    let waiting = Task::new(world.pool.acquire_async());
    let mut waiting = waiting;
    let polled = waiting.poll();
    world.clock.advance(SECOND);
    let lease = if polled.is_pending() {
        waiting.poll()
    } else {
        polled
    };
    assert!(lease.is_ready());
}

#[test]
fn what_is_old_goes_when_it_comes_back_though_nobody_waits() {
    let world = calls(|builder| builder.max_size(1).max_lifetime(Some(100 * SECOND)));
    let lease = world.pool.acquire().unwrap();
    world.clock.advance(200 * SECOND);
    drop(lease);
    assert_eq!(world.ends(), [(1, CloseReason::Expired)]);
}
