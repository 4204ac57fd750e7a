//! Checks before a connection is handed out.

use crate::pooling::*;

fn warm(check: Check) -> World<Tasks> {
    let world = spawned(|builder| builder.max_size(1).check(check));
    let task = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    drop(task.woken().unwrap());
    world
}

#[test]
fn what_was_used_a_moment_ago_is_not_checked() {
    let world = calls(|builder| builder.max_size(1).check(Check::IfIdleFor(500 * MILLI)));
    drop(world.pool.acquire().unwrap());
    world.clock.advance(499 * MILLI);
    drop(world.pool.acquire().unwrap());
    assert_eq!(world.backend.checks(), 0);
    world.clock.advance(500 * MILLI);
    drop(world.pool.acquire().unwrap());
    assert_eq!((world.backend.checks(), world.pool.stats().checks), (1, 1));
    assert_eq!(world.backend.connects(), 1);
}

#[test]
fn never_is_never_and_always_is_always() {
    for (check, expected) in [(Check::Never, 0), (Check::Always, 5)] {
        let world = calls(|builder| builder.max_size(1).check(check));
        drop(world.pool.acquire().unwrap());
        for _ in 0..5 {
            world.clock.advance(SECOND);
            drop(world.pool.acquire().unwrap());
        }
        assert_eq!(world.backend.checks(), expected, "{check:?}");
    }
}

#[test]
fn one_that_was_just_made_is_not_checked() {
    let world = calls(|builder| builder.max_size(1).check(Check::Always));
    drop(world.pool.acquire().unwrap());
    assert_eq!(world.backend.checks(), 0);
}

#[test]
fn one_that_does_not_pass_is_replaced() {
    let world = one();
    drop(world.pool.acquire().unwrap());
    world.backend.set(Call::Check, Mood::Fails);
    world.clock.advance(SECOND);
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.ends(), [(1, CloseReason::CheckFailed)]);
    let stats = world.pool.stats();
    assert_eq!((stats.check_failures, stats.closed_check_failed), (1, 1));
    assert_eq!(stats.status.failures, 0, "the backend is not down for that");
}

#[test]
fn other_idle_ones_are_tried_before_one_is_made() {
    let world = calls(|builder| builder.max_size(3));
    let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
    drop(leases);
    world.clock.advance(SECOND);
    world.backend.set(Call::Check, Mood::Hangs);
    world.backend.let_through(0);
    world.backend.set(Call::Check, Mood::Fails);
    let lease = world.pool.acquire().unwrap();
    assert_eq!(lease.serial, 4, "none of them was good");
    assert_eq!((world.backend.checks(), world.backend.most()), (3, 3));
    assert_eq!(world.counts(), [0, 1, 0, 0, 0]);
}

#[test]
fn one_that_is_being_checked_is_nobodys() {
    let world = warm(Check::Always);
    world.backend.set(Call::Check, Mood::Hangs);
    let first = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    assert_eq!(world.counts(), [0, 0, 0, 1, 0]);
    assert!(!world.pool.evict(7), "there is no such one");
    assert_eq!(world.pool.retain(|_, _| false), 0);
    let second = Task::waiting(world.pool.acquire_async());
    world.backend.set(Call::Check, Mood::Good);
    world.jobs.run();
    drop(first.woken().unwrap());
    world.jobs.run();
    drop(second.woken().unwrap());
    assert_eq!(world.backend.connects(), 1);
}

#[test]
fn others_go_on_while_one_is_checked() {
    let world = spawned(|builder| builder.max_size(2).check(Check::IfIdleFor(SECOND)));
    world.pool.attach(world.backend.connection()).unwrap();
    world.pass(SECOND);
    world.backend.set(Call::Check, Mood::Hangs);
    let first = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    assert_eq!(world.counts(), [0, 0, 0, 1, 0]);
    world.pool.attach(world.backend.connection()).unwrap();
    let lease = first.woken().unwrap();
    assert_eq!(lease.serial, 2);
    drop(lease);
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.counts(), [1, 0, 0, 1, 0]);
}

#[test]
fn a_check_that_takes_too_long_costs_the_connection() {
    let world = warm(Check::Always);
    world.backend.set(Call::Check, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    world.pass(5 * SECOND - MILLI);
    assert_eq!(world.counts(), [0, 0, 0, 1, 0]);
    world.pass(MILLI);
    assert_eq!(world.ends(), [(1, CloseReason::CheckFailed)]);
    assert_eq!(task.woken().unwrap().serial, 2);
    assert_eq!(world.backend.live(), [2]);
}

#[test]
fn a_check_that_is_still_under_way_when_it_is_wanted_no_more_ends_well() {
    let world = warm(Check::Always);
    world.backend.set(Call::Check, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    drop(task);
    world.backend.set(Call::Check, Mood::Good);
    world.jobs.run();
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

#[test]
fn one_that_is_evicted_while_it_is_checked_goes() {
    let world = warm(Check::Always);
    world.backend.set(Call::Check, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    assert!(world.pool.evict(1));
    world.backend.set(Call::Check, Mood::Good);
    world.jobs.run();
    assert_eq!(world.reasons(), [CloseReason::Evicted]);
    assert_eq!(task.woken().unwrap().serial, 2);
}

#[test]
fn who_does_not_wait_checks_by_itself_if_it_can() {
    let world = calls(|builder| builder.max_size(1).check(Check::Always));
    drop(world.pool.acquire().unwrap());
    drop(world.pool.try_acquire().unwrap());
    assert_eq!(world.backend.checks(), 1);
    world.backend.set(Call::Check, Mood::Fails);
    assert!(matches!(
        world.pool.try_acquire(),
        Err(AcquireError::Exhausted { .. })
    ));
    assert_eq!(world.reasons(), [CloseReason::CheckFailed]);
    // A future it can't wait for.
    let world = warm(Check::Always);
    drop(world.pool.try_acquire().unwrap());
    assert_eq!(world.backend.checks(), 0);
}
