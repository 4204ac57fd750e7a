//! Small models of waiting, in every interleaving. Who waits for ever is found by the checker: it calls it a deadlock.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::thread;
use tenfold::__kernel::{Deadline, block_on};
use tenfold::clock::{Clock, ManualClock, Tick};

use super::bucket::{self, Bucket};
use super::semaphore::{self, Semaphore};
use crate::explore;
use crate::red::must_fail;

fn block_on_future<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    block_on(|waker| future.as_mut().poll(&mut Context::from_waker(waker)))
}

/// One waits for a permit that another one returns.
fn release_against_wait() {
    let semaphore = Semaphore::new(0);
    let waiter = {
        let semaphore = semaphore.clone();
        thread::spawn(move || semaphore.acquire(1))
    };
    semaphore.release(1, Tick::ZERO);
    waiter.join().unwrap();
    assert_eq!((semaphore.permits(), semaphore.queue.len()), (0, 0));
}

#[test]
fn a_release_is_not_overlooked() {
    explore(3, release_against_wait);
}

#[test]
fn red_when_a_waiter_does_not_look_again() {
    must_fail(
        "waiting::interleavings::a_release_is_not_overlooked",
        "SkipRecheck",
        "deadlock",
    );
}

#[test]
fn red_when_a_releaser_may_look_too_early() {
    must_fail(
        "waiting::interleavings::a_release_is_not_overlooked",
        "SkipBarrier",
        "deadlock",
    );
}

/// The first in line gives up while a permit comes; the second one must get it.
fn release_against_leave() {
    let semaphore = Semaphore::new(0);
    let first = semaphore::Acquire::new(&semaphore, 1);
    let second = semaphore::Acquire::new(&semaphore, 1);
    let leaver = thread::spawn(move || drop(first));
    let waiter = thread::spawn(move || block_on_future(second));
    semaphore.release(1, Tick::ZERO);
    leaver.join().unwrap();
    assert_eq!(waiter.join().unwrap(), 1);
    assert_eq!((semaphore.permits(), semaphore.queue.len()), (0, 0));
}

#[test]
fn who_leaves_passes_on_what_it_was_granted() {
    explore(2, release_against_leave);
}

#[test]
fn red_when_a_grant_is_swallowed() {
    must_fail(
        "waiting::interleavings::who_leaves_passes_on_what_it_was_granted",
        "SwallowGrant",
        "deadlock",
    );
}

/// Two threads take a permit from each other, past the one that is granted already.
#[test]
fn permits_are_conserved() {
    explore(2, || {
        let semaphore = Semaphore::new(1);
        let other = {
            let semaphore = semaphore.clone();
            thread::spawn(move || {
                semaphore.acquire(1);
                semaphore.release(1, Tick::ZERO);
            })
        };
        semaphore.acquire(1);
        semaphore.release(1, Tick::ZERO);
        other.join().unwrap();
        assert_eq!((semaphore.permits(), semaphore.queue.len()), (1, 0));
    });
}

/// A clock is moved while somebody is about to wait for that.
fn advance_against_wait() {
    let clock = ManualClock::new();
    let waiter = {
        let mut deadline = Deadline::new(clock.clone(), Tick::from_nanos(5));
        thread::spawn(move || block_on(|waker| deadline.poll(waker)))
    };
    clock.advance(Duration::from_nanos(5));
    waiter.join().unwrap();
    assert!(clock.timers().is_empty());
}

#[test]
fn a_moved_clock_is_not_overlooked() {
    explore(3, advance_against_wait);
}

#[test]
fn red_when_a_waiter_does_not_look_at_the_clock_again() {
    must_fail(
        "waiting::interleavings::a_moved_clock_is_not_overlooked",
        "ArmWithoutLook",
        "deadlock",
    );
}

/// Whoever has the turn waits for a token that another one brings.
fn nudge_against_turn() {
    let clock = ManualClock::new();
    let bucket = Bucket::new(&clock, u64::MAX, 50);
    let waiter = {
        let bucket = bucket.clone();
        thread::spawn(move || {
            if !bucket.try_acquire() {
                block_on_future(bucket::Acquire::new(&bucket));
            }
        })
    };
    bucket.bring();
    waiter.join().unwrap();
    assert!(bucket.turns.in_line() == 0 && clock.timers().is_empty());
}

#[test]
fn a_nudge_is_not_overlooked() {
    explore(3, nudge_against_turn);
}

#[test]
fn red_when_a_nudge_may_look_too_early() {
    must_fail(
        "waiting::interleavings::a_nudge_is_not_overlooked",
        "SkipBarrier",
        "deadlock",
    );
}

/// Whoever has the turn leaves while its time comes; the next one must be called, and the one alarm must be set for it.
fn advance_against_finish() {
    let clock = ManualClock::new();
    let bucket = Bucket::new(&clock, 5, 50);
    let mut first = Box::pin(bucket::Acquire::new(&bucket));
    let second = bucket::Acquire::new(&bucket);
    let polled = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Pending);
    let waiter = thread::spawn(move || block_on_future(second));
    let mover = {
        let clock = clock.clone();
        thread::spawn(move || clock.advance(Duration::from_nanos(5)))
    };
    drop(first);
    mover.join().unwrap();
    waiter.join().unwrap();
    assert!(bucket.turns.in_line() == 0 && clock.timers().is_empty());
}

#[test]
fn the_turn_is_passed_on() {
    explore(2, advance_against_finish);
}

#[test]
fn red_when_the_turn_is_swallowed() {
    must_fail(
        "waiting::interleavings::the_turn_is_passed_on",
        "SwallowGrant",
        "deadlock",
    );
}
