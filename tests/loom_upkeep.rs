//! Every interleaving of small models of upkeep: nudges, a clock that is moved, and the end.
//!
//! Each model survives as it is, and fails with a fault.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom_upkeep --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use std::sync::Arc;
use std::time::Duration;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use tenfold::__kernel::{Periodic, Upkeep};
use tenfold::clock::{Clock, ManualClock, Tick};

#[path = "support/explore.rs"]
mod explore;
#[path = "support/red.rs"]
mod red;

use explore::explore;
use red::must_fail;

/// Sees what it was given.
struct Diary {
    given: AtomicUsize,
    seen: AtomicUsize,
    running: AtomicUsize,
    /// When it wants to be called again.
    again: Option<Tick>,
}

impl Upkeep for Diary {
    fn upkeep(&self, _: Tick) -> Option<Tick> {
        let others = self.running.fetch_add(1, Ordering::Relaxed);
        assert_eq!(others, 0, "two calls at a time");
        let given = self.given.load(Ordering::Relaxed);
        self.seen.store(given, Ordering::Relaxed);
        self.running.fetch_sub(1, Ordering::Relaxed);
        self.again
    }
}

fn diary(again: Option<Tick>) -> (Arc<Diary>, ManualClock, Periodic<Diary, ManualClock>) {
    let diary = Arc::new(Diary {
        given: AtomicUsize::new(0),
        seen: AtomicUsize::new(0),
        running: AtomicUsize::new(0),
        again,
    });
    let clock = ManualClock::new();
    let periodic = Periodic::new(diary.clone(), clock.clone());
    (diary, clock, periodic)
}

/// Whoever changes something and nudges is heard, also while a call runs.
fn nudge_against_nudge() {
    let (diary, _clock, periodic) = diary(None);
    let other = {
        let (diary, nudger) = (diary.clone(), periodic.nudger());
        thread::spawn(move || {
            diary.given.fetch_add(1, Ordering::Relaxed);
            nudger.nudge(Tick::ZERO);
        })
    };
    diary.given.fetch_add(1, Ordering::Relaxed);
    periodic.nudger().nudge(Tick::ZERO);
    other.join().unwrap();
    assert_eq!(diary.seen.load(Ordering::Relaxed), 2, "a nudge was lost");
}

#[test]
fn a_nudge_is_not_lost() {
    explore(3, nudge_against_nudge);
}

#[test]
fn red_when_a_nudge_during_a_call_is_forgotten() {
    must_fail("a_nudge_is_not_lost", "ForgetNudge", "a nudge was lost");
}

/// One asks for a time while another one moves the clock there.
fn nudge_against_clock() {
    let (diary, clock, periodic) = diary(None);
    diary.given.store(1, Ordering::Relaxed);
    let mover = {
        let clock = clock.clone();
        thread::spawn(move || clock.advance(Duration::from_nanos(10)))
    };
    periodic.nudger().nudge(Tick::from_nanos(10));
    mover.join().unwrap();
    assert_eq!(diary.seen.load(Ordering::Relaxed), 1, "the time has come");
    assert!(clock.timers().is_empty());
}

#[test]
fn a_moved_clock_is_not_overlooked() {
    explore(3, nudge_against_clock);
}

#[test]
fn red_when_the_clock_is_not_looked_at_again() {
    must_fail(
        "a_moved_clock_is_not_overlooked",
        "ArmWithoutLook",
        "the time has come",
    );
}

/// An earlier time is asked for while a later one is armed.
fn earlier_against_later() {
    let (diary, clock, periodic) = diary(None);
    diary.given.store(1, Ordering::Relaxed);
    let other = {
        let nudger = periodic.nudger();
        thread::spawn(move || nudger.nudge(Tick::from_nanos(20)))
    };
    periodic.nudger().nudge(Tick::from_nanos(10));
    other.join().unwrap();
    assert_eq!(clock.timers().len(), 1);
    clock.advance(Duration::from_nanos(10));
    assert_eq!(diary.seen.load(Ordering::Relaxed), 1, "the earlier time");
    assert!(clock.timers().is_empty());
}

#[test]
fn the_earlier_of_two_times_is_kept() {
    explore(3, earlier_against_later);
}

/// The handle is dropped while a call arms the next.
fn drop_against_nudge() {
    let (diary, clock, periodic) = diary(Some(Tick::from_nanos(10)));
    let other = {
        let nudger = periodic.nudger();
        thread::spawn(move || nudger.nudge(Tick::ZERO))
    };
    drop(periodic);
    other.join().unwrap();
    assert!(clock.timers().is_empty(), "a timer was left behind");
    assert_eq!(
        Arc::strong_count(&diary),
        1,
        "the component was left behind"
    );
}

#[test]
fn the_end_leaves_nothing_behind() {
    explore(3, drop_against_nudge);
}

#[test]
fn red_when_the_end_is_not_looked_for() {
    must_fail(
        "the_end_leaves_nothing_behind",
        "RunStopped",
        "a timer was left behind",
    );
}
