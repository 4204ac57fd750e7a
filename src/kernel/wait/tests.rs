//! Turns on a clock that is moved by hand, step by step, and on the real one with real threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::*;
use crate::kernel::clock::{Clock, ManualClock, MonotonicClock, Tick};

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A waiter that is polled by hand.
struct Waiter {
    ticket: Ticket,
    bell: Arc<Bell>,
    waker: Waker,
}

impl Waiter {
    fn enter(turns: &Turns<ManualClock>, want: u64) -> Self {
        let bell = Arc::<Bell>::default();
        Self {
            ticket: turns.enter(want).unwrap(),
            waker: Waker::from(bell.clone()),
            bell,
        }
    }

    fn has_turn(&self, turns: &Turns<ManualClock>) -> bool {
        turns.poll_turn(self.ticket, &self.waker).is_ready()
    }

    /// How often it was woken since it was last asked.
    fn rings(&self) -> usize {
        self.bell.0.swap(0, Ordering::Relaxed)
    }
}

const PATIENCE: Duration = Duration::from_nanos(100);

fn turns(max_waiters: usize) -> (ManualClock, Turns<ManualClock>) {
    let clock = ManualClock::new();
    (clock.clone(), Turns::new(clock, PATIENCE, max_waiters))
}

fn nanos(nanos: u64) -> Tick {
    Tick::from_nanos(nanos)
}

#[test]
fn one_alarm_serves_the_line_and_only_while_it_is_needed() {
    let (clock, turns) = turns(4);
    let first = Waiter::enter(&turns, 3);
    assert!(clock.timers().is_empty(), "nobody else waits for the turn");
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(10)));
    let second = Waiter::enter(&turns, 4);
    assert!(!second.has_turn(&turns) && !turns.not_before(second.ticket, nanos(1)));
    assert_eq!(
        (clock.timers().len(), clock.timers().next_due()),
        (1, Some(nanos(10)))
    );
    assert_eq!((turns.waiting(), turns.len(), turns.wanted()), (2, 2, 7));
    assert_eq!(
        [&first, &second].map(|one| turns.wanted_ahead(one.ticket)),
        [0, 3]
    );
    clock.advance(Duration::from_nanos(10));
    assert_eq!((first.rings(), second.rings()), (1, 0));
    assert!(first.has_turn(&turns));
    turns.finish(first.ticket);
    assert_eq!((first.rings(), second.rings()), (0, 1));
    assert!(second.has_turn(&turns) && turns.not_before(second.ticket, Tick::MAX));
    clock.advance(Duration::from_secs(1));
    assert!(clock.timers().is_empty(), "it waits for a nudge only");
    turns.nudge();
    assert_eq!(second.rings(), 1);
    turns.finish(second.ticket);
    turns.finish(second.ticket);
    assert!(turns.is_empty() && turns.waiting() == 0 && clock.timers().is_empty());
    assert_eq!(turns.poll_turn(second.ticket, &second.waker), Poll::Pending);
}

#[test]
fn who_does_not_come_loses_the_turn_and_keeps_the_place() {
    let (clock, turns) = turns(4);
    let [first, second, third] = [(); 3].map(|()| Waiter::enter(&turns, 1));
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(10)));
    assert!(!second.has_turn(&turns) && !third.has_turn(&turns));
    clock.set(nanos(10));
    assert_eq!((first.rings(), turns.waiting()), (1, 3));
    clock.set(nanos(109));
    assert_eq!(second.rings(), 0, "there is patience left");
    clock.set(nanos(110));
    assert_eq!((second.rings(), turns.waiting(), turns.len()), (1, 2, 3));
    assert!(
        !turns.not_before(first.ticket, nanos(500)),
        "it lost the turn"
    );
    assert!(second.has_turn(&turns) && turns.not_before(second.ticket, nanos(1_000)));
    // Back at its place, in front of the third.
    assert!(!first.has_turn(&turns));
    assert_eq!(turns.waiting(), 3);
    turns.finish(second.ticket);
    assert_eq!((first.rings(), third.rings()), (1, 0));
    turns.finish(first.ticket);
    assert_eq!(third.rings(), 1);
    turns.finish(third.ticket);
    assert!(turns.is_empty() && clock.timers().is_empty());
}

#[test]
fn all_may_sleep_and_come_back() {
    let (clock, turns) = turns(2);
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    assert_eq!(turns.enter(1), Err(Full));
    clock.advance(PATIENCE);
    clock.advance(PATIENCE);
    // The second one has the turn and nobody waits for it.
    assert_eq!((turns.waiting(), clock.timers().len()), (1, 0));
    assert!(!first.has_turn(&turns), "it waits again");
    assert_eq!(first.rings(), 1, "the second one had been called long ago");
    assert!(first.has_turn(&turns));
    turns.finish(first.ticket);
    assert_eq!(
        (turns.waiting(), turns.len()),
        (0, 1),
        "the turn is nobody's"
    );
    assert!(second.has_turn(&turns));
    turns.finish(second.ticket);
    assert!(turns.is_empty() && clock.timers().is_empty());
}

#[test]
fn a_clock_that_steps_back_costs_no_more_than_the_patience_again() {
    let (clock, turns) = turns(2);
    clock.set(nanos(1_000_000));
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    assert!(!second.has_turn(&turns));
    clock.set(Tick::ZERO);
    turns.nudge();
    clock.advance(PATIENCE);
    assert_eq!(
        (first.rings(), second.rings()),
        (0, 1),
        "the first was never polled"
    );
    turns.finish(first.ticket);
    turns.finish(second.ticket);
}

#[test]
fn a_line_that_is_dropped_leaves_no_alarm() {
    let (clock, turns) = turns(2);
    let first = Waiter::enter(&turns, 1);
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(10)));
    assert_eq!(clock.timers().len(), 1);
    drop(turns);
    assert!(clock.timers().is_empty());
}

#[test]
fn a_wait_within_a_wait_has_its_own_parker() {
    let mut outer = 0;
    block_on(|waker| {
        outer += 1;
        if outer < 3 {
            waker.wake_by_ref();
            let mut inner = 0;
            block_on(|inner_waker| {
                assert!(!inner_waker.will_wake(waker));
                inner += 1;
                inner_waker.wake_by_ref();
                if inner < 3 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            });
            return Poll::Pending;
        }
        Poll::Ready(())
    });
    let first = block_on(|waker| Poll::Ready(waker.clone()));
    assert!(
        block_on(|waker| Poll::Ready(waker.will_wake(&first))),
        "a thread keeps its parker"
    );
}

/// Threads take turns on real time.
#[test]
fn turns_on_the_real_clock() {
    const THREADS: u64 = 8;
    let turns = Arc::new(Turns::new(
        MonotonicClock::new(),
        Duration::from_secs(60),
        100,
    ));
    let served = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (turns, served) = (turns.clone(), served.clone());
            std::thread::spawn(move || {
                let ticket = turns.enter(1).unwrap();
                let mut ready_at = None;
                block_on(|waker| {
                    while turns.poll_turn(ticket, waker).is_ready() {
                        let now = turns.clock().now();
                        let later = || now.saturating_add(Duration::from_millis(2));
                        let due = *ready_at.get_or_insert_with(later);
                        if now >= due {
                            served.fetch_add(1, Ordering::Relaxed);
                            turns.finish(ticket);
                            return Poll::Ready(());
                        }
                        if turns.not_before(ticket, due) {
                            break;
                        }
                    }
                    Poll::Pending
                });
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!((served.load(Ordering::Relaxed), turns.len()), (8, 0));
}
