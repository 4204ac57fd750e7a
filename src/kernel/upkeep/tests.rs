//! Timers by hand and by the real housekeeper. Nothing here asserts a time: it waits for what must happen.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

use super::housekeeper::Life;
use super::*;
use crate::kernel::clock::{Clock, ManualClock, MonotonicClock, Tick};
use crate::kernel::wait::block_on;

/// What a broken housekeeper is given before the test fails.
const GENEROUS: Duration = Duration::from_secs(60);

/// Sends its name when it is woken.
struct Named(u32, Sender<u32>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        // The test may be over.
        let _ = self.1.send(self.0);
    }
}

fn named() -> (impl Fn(u32) -> Waker, Receiver<u32>) {
    let (send, receive) = channel();
    let waker = move |name| Waker::from(Arc::new(Named(name, send.clone())));
    (waker, receive)
}

fn nanos(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

/// A waker that runs a closure.
struct Runs<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Runs<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

#[test]
fn moving_a_clock_by_hand_wakes_what_is_due_in_its_order() {
    let clock = ManualClock::new();
    let (waker, woken) = named();
    for (name, due) in [(0, 30), (1, 10), (2, 20), (3, 10), (4, 21)] {
        wake_at(&clock, nanos(due), waker(name));
    }
    let cancelled = wake_at(&clock, nanos(15), waker(5)).unwrap();
    assert!(clock.timers().is_armed(cancelled) && clock.timers().cancel(cancelled));
    assert!(!clock.timers().is_armed(cancelled) && !clock.timers().cancel(cancelled));
    assert_eq!(
        (clock.timers().len(), clock.timers().next_due()),
        (5, Some(nanos(10)))
    );
    clock.advance(Duration::from_nanos(20));
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), [1, 3, 2]);
    clock.set(nanos(5));
    wake_at(&clock, nanos(7), waker(6));
    clock.clone().set(nanos(7));
    assert_eq!(
        woken.try_iter().collect::<Vec<_>>(),
        [6],
        "the clock went back, and on"
    );
    clock.set(Tick::MAX);
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), [4, 0]);
    assert!(clock.timers().is_empty());
}

#[test]
fn what_is_due_already_is_woken_at_once() {
    let clock = ManualClock::starting_at(nanos(10));
    let (waker, woken) = named();
    wake_at(&clock, nanos(10), waker(0));
    assert_eq!(woken.try_recv(), Ok(0));
}

#[test]
fn more_than_a_batch_is_woken_in_order() {
    let clock = ManualClock::new();
    let (waker, woken) = named();
    for name in 0..1_000 {
        wake_at(&clock, nanos(u64::from(name) % 7), waker(name));
    }
    // Those at zero are due at once.
    clock.advance(Duration::from_secs(1));
    let mut expected: Vec<_> = (0..1_000).collect();
    expected.sort_by_key(|name| name % 7);
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_waker_that_panics_does_not_keep_others_from_being_woken() {
    let clock = ManualClock::new();
    let (waker, woken) = named();
    wake_at(&clock, nanos(1), waker(0));
    wake_at(
        &clock,
        nanos(1),
        Waker::from(Arc::new(Runs(|| std::panic::panic_any(1)))),
    );
    wake_at(&clock, nanos(2), waker(1));
    clock.advance(Duration::from_nanos(2));
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), [0, 1]);
    wake_at(&clock, nanos(3), waker(2));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(woken.try_recv(), Ok(2), "no lock was left behind");
}

#[test]
fn a_waker_may_use_the_timers_and_the_clock() {
    let clock = ManualClock::new();
    let (waker, woken) = named();
    let inner = (clock.clone(), waker(7));
    let again = Waker::from(Arc::new(Runs(move || {
        let (clock, waker) = &inner;
        // Due already: woken by this call or the one that runs now.
        wake_at(clock, Tick::ZERO, waker.clone());
        clock.advance(Duration::from_nanos(1));
    })));
    wake_at(&clock, nanos(1), again);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), [7]);
    assert_eq!(clock.now(), nanos(2));
}

/// Arms itself again whenever it is woken, for a time that has come: one call does not go on for ever.
#[test]
fn waking_ends_also_if_wakers_arm_again() {
    struct Again(ManualClock, AtomicUsize);
    impl Wake for Again {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::Relaxed);
            // Not through `wake_at`, which would wake at once.
            self.0.timers().arm(Tick::ZERO, Waker::from(self.clone()));
        }
    }
    let clock = ManualClock::new();
    let again = Arc::new(Again(clock.clone(), AtomicUsize::new(0)));
    clock.timers().arm(nanos(1), Waker::from(again.clone()));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(again.1.load(Ordering::Relaxed), 1);
    assert_eq!(clock.timers().run_due(nanos(1)), Some(Tick::ZERO));
    assert_eq!(again.1.load(Ordering::Relaxed), 2);
}

#[test]
fn a_deadline_is_armed_once_follows_the_waker_and_leaves_nothing() {
    let clock = ManualClock::new();
    let (waker, woken) = named();
    let mut deadline = Deadline::new(&clock, nanos(10));
    let (first, second) = (waker(1), waker(2));
    assert!(clock.timers().is_empty());
    for _ in 0..3 {
        assert_eq!(deadline.poll(&first), Poll::Pending);
    }
    assert_eq!(clock.timers().len(), 1);
    assert_eq!(deadline.poll(&second), Poll::Pending);
    assert_eq!(clock.timers().len(), 1);
    clock.advance(Duration::from_nanos(10));
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), [2]);
    clock.set(nanos(9));
    assert_eq!(
        deadline.poll(&second),
        Poll::Pending,
        "the clock stepped back"
    );
    assert_eq!(clock.timers().len(), 1, "and it was armed again");
    drop(deadline);
    assert!(clock.timers().is_empty());
    assert_eq!(
        Deadline::new(&clock, nanos(9)).poll(&first),
        Poll::Ready(())
    );
    let mut never = Deadline::new(&clock, Tick::MAX);
    assert_eq!(never.poll(&first), Poll::Pending);
    assert!(clock.timers().is_empty(), "what never comes is not armed");
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < GENEROUS, "{what} did not happen");
        std::thread::yield_now();
    }
}

/// Waits on a clock as a blocking caller does.
fn block_until<C: Clock>(clock: C, due: Tick) {
    let mut deadline = Deadline::new(clock, due);
    block_on(|waker| deadline.poll(waker));
}

/// Those who wait for the real housekeeper, one at a time, so that one test can see it end.
static REAL: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    struct Alone<'a>(Option<std::sync::MutexGuard<'a, ()>>);
    impl Drop for Alone<'_> {
        fn drop(&mut self) {
            self.0.take();
        }
    }
    Alone(Some(
        REAL.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    ))
}

#[test]
fn the_housekeeper_wakes_threads_and_tasks_and_ends_and_starts_again() {
    let _alone = alone();
    let clock = MonotonicClock::new();
    for _ in 0..2 {
        let (waker, woken) = named();
        let later = clock.now().saturating_add(Duration::from_secs(3_600));
        let hour = wake_at(&clock, later, waker(2)).unwrap();
        let asleep = || matches!(Timers::process().life(), Life::Asleep { .. });
        wait_for("that it sleeps", asleep);
        // Earlier than what it sleeps for.
        let soon = || clock.now().saturating_add(Duration::from_millis(5));
        wake_at(&clock, soon(), waker(1));
        block_until(clock, soon());
        assert_eq!(woken.recv_timeout(GENEROUS), Ok(1));
        // It is told that nobody waits for that hour.
        Timers::process().cancel(hour);
        assert!(woken.try_recv().is_err());
        wait_for("the end of an idle housekeeper", || {
            Timers::process().life() == Life::Gone
        });
    }
}

#[test]
fn the_housekeeper_survives_a_waker_that_panics() {
    let _alone = alone();
    let clock = MonotonicClock::new();
    let (waker, woken) = named();
    let now = clock.now();
    wake_at(
        &clock,
        now,
        Waker::from(Arc::new(Runs(|| std::panic::panic_any(1)))),
    );
    wake_at(&clock, now, waker(1));
    assert_eq!(woken.recv_timeout(GENEROUS), Ok(1));
    block_until(clock, clock.now().saturating_add(Duration::from_millis(1)));
}

/// Another origin than that of the process's clock, and half the rate.
#[derive(Debug)]
struct Foreign(AtomicBool, AtomicU64);

impl Clock for Foreign {
    fn now(&self) -> Tick {
        self.1.fetch_add(1, Ordering::Relaxed);
        let real = MonotonicClock::new().now().as_nanos();
        let half = real / if self.0.load(Ordering::Relaxed) { 2 } else { 1 };
        nanos(half).saturating_add(Duration::from_secs(1_000_000))
    }
}

#[test]
fn any_clock_can_be_waited_on() {
    let _alone = alone();
    for slow in [false, true] {
        let clock = Foreign(AtomicBool::new(slow), AtomicU64::new(0));
        let due = clock.now().saturating_add(Duration::from_millis(20));
        block_until(&clock, due);
        assert!(clock.now() >= due);
        let looks = clock.1.load(Ordering::Relaxed);
        assert!(looks < 1_000, "it waits, and does not spin: {looks} looks");
    }
}

#[test]
fn threads_that_wait_on_a_clock_are_woken_when_it_is_moved() {
    let clock = ManualClock::new();
    let waiting: Vec<_> = (1..=4)
        .map(|n| {
            let clock = clock.clone();
            std::thread::spawn(move || block_until(clock, nanos(n * 10)))
        })
        .collect();
    wait_for("four deadlines", || clock.timers().len() == 4);
    clock.advance(Duration::from_nanos(20));
    assert_eq!(clock.timers().len(), 2);
    clock.advance(Duration::from_nanos(20));
    waiting
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

#[test]
fn without_a_thread_everybody_is_woken_at_once_and_waits_by_polling() {
    let clock = Threadless::new();
    let (waker, woken) = named();
    assert!(wake_at(&clock, Tick::MAX, waker(1)).is_none());
    assert_eq!(woken.try_iter().collect::<Vec<_>>(), [1]);
    assert!(clock.timers().is_empty());
    let due = clock.now().saturating_add(Duration::from_millis(2));
    let mut deadline = Deadline::new(&clock, due);
    let mut polls = 0;
    block_on(|waker| {
        polls += 1;
        deadline.poll(waker)
    });
    assert!(polls > 1 && clock.now() >= due);
}

/// A clock by hand that panics when it is asked to.
#[derive(Debug)]
struct Panics(ManualClock, AtomicBool);

impl Clock for Panics {
    fn now(&self) -> Tick {
        assert!(!self.1.swap(false, Ordering::Relaxed), "on purpose");
        self.0.now()
    }

    fn timers(&self) -> &Timers {
        self.0.timers()
    }
}

#[test]
fn a_clock_that_panics_leaves_no_wait() {
    let clock = Panics(ManualClock::new(), AtomicBool::new(true));
    let (waker, _woken) = named();
    let armed = || wake_at(&clock, nanos(1), waker(0));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(armed)).is_err());
    assert!(clock.timers().is_empty());
}

/// Panics when it is dropped.
struct Grim;

impl Wake for Grim {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Grim {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[test]
fn the_panic_of_a_dropped_waker_goes_no_further() {
    let clock = ManualClock::new();
    let key = wake_at(&clock, nanos(1), Waker::from(Arc::new(Grim))).unwrap();
    assert!(clock.timers().cancel(key));
    let mut deadline = Deadline::new(&clock, nanos(1));
    let waker = Waker::from(Arc::new(Grim));
    assert!(deadline.poll(&waker).is_pending());
    // The deadline's are the last ones then.
    drop(waker);
    drop(deadline);
    assert!(clock.timers().is_empty());
}
