//! Upkeep by hand and by real workers. Nothing here asserts a time: it waits for what must happen.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::periodic::{Nudger, Periodic, Upkeep};
use crate::kernel::clock::{Clock, ManualClock, MonotonicClock, Tick};

const GENEROUS: Duration = Duration::from_secs(60);

fn nanos(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

/// Says when it was called, and what it wants next is what the test put there.
struct Diary {
    calls: Mutex<Sender<Tick>>,
    next: Mutex<Box<dyn FnMut(Tick) -> Option<Tick> + Send>>,
}

impl Upkeep for Diary {
    fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.calls.lock().unwrap().send(now).unwrap();
        let mut next = self.next.try_lock().expect("two calls at a time");
        next(now)
    }
}

fn diary(next: impl FnMut(Tick) -> Option<Tick> + Send + 'static) -> (Arc<Diary>, Receiver<Tick>) {
    let (send, calls) = channel();
    let diary = Diary {
        calls: Mutex::new(send),
        next: Mutex::new(Box::new(next)),
    };
    (Arc::new(diary), calls)
}

fn seen(calls: &Receiver<Tick>) -> Vec<u64> {
    calls.try_iter().map(Tick::as_nanos).collect()
}

#[test]
fn moving_the_clock_calls_before_it_returns() {
    let clock = ManualClock::new();
    let (diary, calls) = diary(|now| Some(nanos(now.as_nanos() + 10)));
    let periodic = Periodic::new(diary, clock.clone());
    clock.advance(Duration::from_nanos(5));
    assert_eq!(seen(&calls), [], "nobody asked for it");
    assert!(clock.timers().is_empty());
    periodic.nudger().nudge(Tick::ZERO);
    assert_eq!(seen(&calls), [5]);
    for _ in 0..30 {
        clock.advance(Duration::from_nanos(1));
    }
    assert_eq!(seen(&calls), [15, 25, 35]);
    clock.advance(Duration::from_nanos(1_000));
    assert_eq!(seen(&calls), [1_035], "once, and not for each time missed");
    assert_eq!(clock.timers().len(), 1);
    drop(periodic);
    assert!(clock.timers().is_empty());
    clock.advance(Duration::from_nanos(1_000));
    assert_eq!(seen(&calls), []);
}

#[test]
fn a_nudge_makes_it_earlier_and_never_later() {
    let clock = ManualClock::new();
    let (diary, calls) = diary(|_| None);
    let periodic = Periodic::new(diary, clock.clone());
    let nudger = periodic.nudger();
    for due in [50, 20, 90, 30] {
        nudger.nudge(nanos(due));
        assert_eq!(clock.timers().len(), 1);
    }
    clock.set(nanos(20));
    assert_eq!(seen(&calls), [20]);
    assert!(
        clock.timers().is_empty(),
        "an idle component waits for nothing"
    );
    nudger.nudge(Tick::MAX);
    assert!(clock.timers().is_empty(), "the end of time never comes");
    drop(periodic);
    nudger.nudge(Tick::ZERO);
    assert_eq!(seen(&calls), []);
}

#[test]
fn a_nudge_during_a_call_is_another_call() {
    let clock = ManualClock::new();
    let theirs: Arc<Mutex<Option<Nudger<Diary, ManualClock>>>> = Arc::default();
    let nudger = theirs.clone();
    let mut left = 3;
    let (diary, calls) = diary(move |_| {
        left -= 1;
        if left > 0 {
            nudger.lock().unwrap().as_ref()?.nudge(Tick::ZERO);
        }
        None
    });
    let periodic = Periodic::new(diary, clock);
    *theirs.lock().unwrap() = Some(periodic.nudger());
    periodic.nudger().nudge(Tick::ZERO);
    assert_eq!(seen(&calls), [0, 0, 0]);
}

#[test]
fn who_wants_to_be_called_now_is_called_when_the_clock_has_moved() {
    let clock = ManualClock::starting_at(nanos(7));
    let (diary, calls) = diary(|_| Some(Tick::ZERO));
    let periodic = Periodic::new(diary, clock.clone());
    periodic.nudger().nudge(Tick::ZERO);
    assert_eq!(seen(&calls), [7]);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(seen(&calls), [8]);
}

#[test]
fn a_call_that_panics_is_tried_again() {
    let clock = ManualClock::new();
    let mut fails = true;
    let (diary, calls) = diary(move |_| {
        if std::mem::take(&mut fails) {
            std::panic::panic_any(1);
        }
        None
    });
    // A lock of the test is poisoned by it.
    struct Unpoisoned(Arc<Diary>);
    impl Upkeep for Unpoisoned {
        fn upkeep(&self, now: Tick) -> Option<Tick> {
            self.0.next.clear_poison();
            self.0.upkeep(now)
        }
    }
    let periodic = Periodic::new(Arc::new(Unpoisoned(diary)), clock.clone());
    periodic.nudger().nudge(Tick::ZERO);
    clock.advance(Duration::from_secs(1));
    assert_eq!(seen(&calls), [0, 1_000_000_000]);
    assert!(clock.timers().is_empty());
}

#[test]
fn workers_call_it_in_real_time() {
    let clock = MonotonicClock::new();
    let (diary, calls) = diary(|now| Some(now.saturating_add(Duration::from_millis(1))));
    let gone: Weak<Diary> = Arc::downgrade(&diary);
    let periodic = Periodic::new(diary, clock);
    periodic.nudger().nudge(Tick::ZERO);
    let mut last = Tick::ZERO;
    for _ in 0..20 {
        let now = calls.recv_timeout(GENEROUS).expect("a call");
        assert!(now > last);
        last = now;
    }
    drop(periodic);
    // A call that has begun goes on; then nobody has the component any more.
    while let Ok(now) = calls.recv_timeout(GENEROUS) {
        assert!(now > last);
        last = now;
    }
    assert!(gone.upgrade().is_none());
}

/// Nudges from many threads, while calls run: the last nudge is followed by a call that sees what was done before it.
#[test]
fn no_nudge_of_many_threads_is_lost() {
    struct Sum {
        given: std::sync::atomic::AtomicU64,
        seen: Mutex<Sender<u64>>,
    }
    impl Upkeep for Sum {
        fn upkeep(&self, _: Tick) -> Option<Tick> {
            let given = self.given.load(std::sync::atomic::Ordering::Relaxed);
            self.seen.lock().unwrap().send(given).unwrap();
            None
        }
    }
    let (send, seen) = channel();
    let sum = Arc::new(Sum {
        given: std::sync::atomic::AtomicU64::new(0),
        seen: Mutex::new(send),
    });
    let periodic = Periodic::new(sum.clone(), MonotonicClock::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (sum, nudger) = (&sum, periodic.nudger());
            scope.spawn(move || {
                for _ in 0..1_000 {
                    sum.given.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    nudger.nudge(Tick::ZERO);
                }
            });
        }
    });
    while seen.recv_timeout(GENEROUS).expect("a call that sees all") < 4_000 {}
}
