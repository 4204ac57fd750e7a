//! Turns on a clock that is moved by hand, step by step, and on the real one with real threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::*;
use crate::kernel::clock::{Clock, ManualClock, MonotonicClock, Tick, Timers};
use crate::kernel::upkeep::without_threads;
use crate::kernel::wait::queue::WaitQueue;

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
    fn enter(turns: &Turns<impl Clock + 'static>, want: u64) -> Self {
        let bell = Arc::<Bell>::default();
        Self {
            ticket: turns.enter(want).unwrap(),
            waker: Waker::from(bell.clone()),
            bell,
        }
    }

    fn has_turn(&self, turns: &Turns<impl Clock + 'static>) -> bool {
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
    assert!(clock.timers().is_empty(), "the first poll sets it");
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(10)));
    let second = Waiter::enter(&turns, 4);
    assert!(!second.has_turn(&turns) && !turns.not_before(second.ticket, nanos(1)));
    assert_eq!(
        (clock.timers().len(), clock.timers().next_due()),
        (1, Some(nanos(10)))
    );
    assert_eq!(
        (turns.waiting(), turns.in_line(), turns.wanted()),
        (2, 2, 7)
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
    assert!(turns.in_line() == 0 && turns.waiting() == 0 && clock.timers().is_empty());
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
    assert_eq!(
        (second.rings(), turns.waiting(), turns.in_line()),
        (1, 2, 3)
    );
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
    assert!(turns.in_line() == 0 && clock.timers().is_empty());
}

#[test]
fn all_may_sleep_and_come_back() {
    let (clock, turns) = turns(3);
    let [first, second, third] = [(); 3].map(|()| Waiter::enter(&turns, 1));
    assert!(!third.has_turn(&turns));
    for awake in [2, 1] {
        clock.advance(PATIENCE);
        assert_eq!((turns.waiting(), turns.wanted()), (awake, awake as u64));
    }
    assert_eq!(third.rings(), 1);
    clock.advance(PATIENCE);
    // The turn is nobody's, and whoever does not wait may try.
    assert_eq!(
        (turns.waiting(), turns.wanted(), turns.in_line()),
        (0, 0, 3)
    );
    assert!(clock.timers().is_empty());
    assert!(second.has_turn(&turns) && turns.not_before(second.ticket, nanos(1_000)));
    assert!(!first.has_turn(&turns), "the second one has been polled");
    assert_eq!((turns.waiting(), turns.wanted()), (2, 2));
    turns.finish(third.ticket);
    assert_eq!(
        (turns.waiting(), turns.wanted(), turns.in_line()),
        (2, 2, 2)
    );
    turns.finish(second.ticket);
    assert_eq!(first.rings(), 1);
    assert!(first.has_turn(&turns));
    turns.finish(first.ticket);
    assert!(turns.in_line() == 0 && turns.waiting() == 0 && clock.timers().is_empty());
}

#[test]
fn who_comes_back_takes_the_turn_from_one_behind_it_that_has_not_come_yet() {
    let (clock, turns) = turns(2);
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    assert!(!second.has_turn(&turns));
    clock.advance(PATIENCE);
    assert_eq!(second.rings(), 1);
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(1_000)));
    assert!(!second.has_turn(&turns), "it was called, and waits again");
    assert_eq!(turns.waiting(), 2);
    turns.finish(first.ticket);
    assert_eq!(second.rings(), 1);
    assert!(second.has_turn(&turns));
    turns.finish(second.ticket);
    assert!(clock.timers().is_empty());
}

#[test]
fn nudges_do_not_keep_the_turn_of_who_is_not_polled() {
    let (clock, turns) = turns(2);
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, Tick::MAX));
    assert!(!second.has_turn(&turns));
    for _ in 0..4 {
        turns.nudge();
        clock.advance(PATIENCE / 4);
    }
    assert_eq!((first.rings(), second.rings()), (1, 1));
    assert!(second.has_turn(&turns));
    turns.finish(second.ticket);
    turns.finish(first.ticket);
}

#[test]
fn the_only_one_in_line_loses_the_turn_as_well() {
    let (clock, turns) = turns(2);
    let only = Waiter::enter(&turns, 1);
    assert!(only.has_turn(&turns) && turns.not_before(only.ticket, nanos(10)));
    clock.set(nanos(10));
    assert_eq!((only.rings(), turns.waiting()), (1, 1));
    clock.set(nanos(110));
    assert_eq!((turns.waiting(), turns.in_line()), (0, 1));
    assert!(clock.timers().is_empty());
    // So does one that was polled, and neither left nor named a time.
    assert!(only.has_turn(&turns) && turns.waiting() == 1);
    clock.advance(PATIENCE);
    assert_eq!(turns.waiting(), 0);
    assert!(!turns.not_before(only.ticket, nanos(500)));
    let next = Waiter::enter(&turns, 1);
    assert!(next.has_turn(&turns));
    turns.finish(only.ticket);
    turns.finish(next.ticket);
    assert!(turns.waiting() == 0 && clock.timers().is_empty());
}

#[test]
fn a_nudge_while_the_holder_tries_makes_it_try_again() {
    let (_clock, turns) = turns(2);
    let only = Waiter::enter(&turns, 1);
    assert!(only.has_turn(&turns));
    turns.nudge();
    assert!(!turns.not_before(only.ticket, nanos(3_600)));
    assert!(only.has_turn(&turns) && turns.not_before(only.ticket, nanos(3_600)));
    turns.finish(only.ticket);
}

#[test]
fn no_patience_is_enough_for_who_runs() {
    let clock = ManualClock::new();
    let turns = Turns::new(clock.clone(), Duration::ZERO, 4);
    let waiters = [(); 3].map(|()| Waiter::enter(&turns, 1));
    let mut served = 0;
    for round in 0..20 {
        clock.advance(Duration::from_nanos(5));
        for waiter in &waiters {
            // The clock goes on by more than the patience between any two polls.
            clock.advance(Duration::from_nanos(5));
            if waiter.has_turn(&turns) {
                served += 1;
                if round % 2 == 0 {
                    assert!(turns.not_before(waiter.ticket, clock.now()));
                } else {
                    turns.finish(waiter.ticket);
                }
            }
        }
    }
    assert!(served >= 3, "{served}");
    assert_eq!((turns.in_line(), turns.waiting()), (0, 0));
}

/// A clock that runs on with each look, and panics when it is asked to.
#[derive(Clone, Debug)]
struct Odd(Arc<Oddities>);

#[derive(Debug)]
struct Oddities {
    clock: ManualClock,
    step: u64,
    looks: AtomicU64,
    /// Looks until it panics; none if negative.
    panics: AtomicIsize,
    timers: Option<Timers>,
}

impl Odd {
    fn new(step: u64, timers: Option<Timers>) -> Self {
        Self(Arc::new(Oddities {
            clock: ManualClock::new(),
            step,
            looks: AtomicU64::new(0),
            panics: AtomicIsize::new(-1),
            timers,
        }))
    }

    /// The look after `looks` more panics.
    fn panic_after(&self, looks: isize) {
        self.0.panics.store(looks, Ordering::Relaxed);
    }
}

impl Clock for Odd {
    fn now(&self) -> Tick {
        let looks = self.0.panics.fetch_sub(1, Ordering::Relaxed);
        assert!(looks != 0, "on purpose");
        // Moves on without waking anybody.
        let looked = self.0.looks.fetch_add(1, Ordering::Relaxed);
        self.0
            .clock
            .now()
            .saturating_add(Duration::from_nanos(looked * self.0.step))
    }

    fn timers(&self) -> &Timers {
        self.0
            .timers
            .as_ref()
            .unwrap_or_else(|| self.0.clock.timers())
    }
}

#[test]
fn a_line_whose_alarm_can_not_be_set_waits_by_polling() {
    let odd = Odd::new(0, Some(without_threads()));
    let turns = Turns::new(odd.clone(), PATIENCE, 4);
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    // This comes back, and does not go round until it is time.
    assert!(first.has_turn(&turns));
    assert!(turns.not_before(first.ticket, nanos(1_000)));
    assert_eq!(first.rings(), 1, "it polls");
    assert!(!second.has_turn(&turns));
    assert_eq!(second.rings(), 1, "and so does the next one");
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(50)));
    first.rings();
    // The first is not polled any more: its time comes, and its patience is over.
    odd.0.clock.set(nanos(50));
    assert!(!second.has_turn(&turns));
    assert_eq!(
        (first.rings(), second.rings()),
        (0, 1),
        "the first has been woken"
    );
    odd.0.clock.set(nanos(150));
    assert!(!second.has_turn(&turns));
    assert!(second.rings() > 0);
    assert!(second.has_turn(&turns));
    turns.finish(second.ticket);
    turns.finish(first.ticket);
    assert!(odd.timers().is_empty() && turns.waiting() == 0);
}

#[test]
fn a_clock_that_panics_in_the_alarm_leaves_a_line_that_goes_on() {
    for looks in 0..6 {
        let odd = Odd::new(0, None);
        let turns = Turns::new(odd.clone(), PATIENCE, 4);
        let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
        assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(10)));
        assert!(!second.has_turn(&turns));
        odd.panic_after(looks);
        odd.0.clock.set(nanos(10));
        assert!(first.rings() > 0, "{looks}");
        odd.panic_after(-1);
        // It may have been asked to poll.
        second.rings();
        assert!(!second.has_turn(&turns));
        assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(20)));
        odd.0.clock.set(nanos(20));
        odd.0.clock.set(nanos(20).saturating_add(PATIENCE));
        assert!(first.rings() > 0);
        assert_eq!(second.rings(), 1, "{looks}");
        turns.finish(first.ticket);
        turns.finish(second.ticket);
        assert!(turns.waiting() == 0 && odd.timers().is_empty(), "{looks}");
    }
}

#[test]
fn a_clock_that_panics_leaves_no_place() {
    for looks in 0..4 {
        let odd = Odd::new(0, None);
        let turns = Turns::new(odd.clone(), PATIENCE, 4);
        let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
        assert!(first.has_turn(&turns) && turns.not_before(first.ticket, nanos(10)));
        assert!(!second.has_turn(&turns));
        odd.panic_after(looks);
        turns.finish(first.ticket);
        assert!(second.rings() > 0);
        odd.panic_after(looks);
        turns.nudge();
        odd.panic_after(0);
        let entered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| turns.enter(1)));
        assert!(entered.is_err() && turns.in_line() == 1);
        odd.panic_after(-1);
        turns.finish(second.ticket);
        assert!(turns.waiting() == 0 && turns.in_line() == 0 && odd.timers().is_empty());
    }
}

#[test]
fn a_poll_does_not_take_the_turn_from_itself() {
    // Each look at the clock finds the patience over.
    let turns = Turns::new(Odd::new(5, None), Duration::ZERO, 4);
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    assert!(first.has_turn(&turns) && turns.not_before(first.ticket, Tick::MAX));
    assert!(!second.has_turn(&turns));
    turns.nudge();
    turns.finish(first.ticket);
    assert!(second.has_turn(&turns) && turns.not_before(second.ticket, Tick::MAX));
    turns.finish(second.ticket);
    assert_eq!((turns.in_line(), turns.waiting()), (0, 0));
}

/// A waker that panics when it is dropped, unless it is called before.
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
fn the_panic_of_a_dropped_waker_loses_nobodys_wake_up() {
    let (clock, turns) = turns(4);
    let first = turns.enter(1).unwrap();
    let second = Waiter::enter(&turns, 1);
    assert!(
        turns
            .poll_turn(first, &Waker::from(Arc::new(Grim)))
            .is_ready()
    );
    assert!(!second.has_turn(&turns));
    turns.finish(first);
    assert_eq!((second.rings(), clock.timers().len()), (1, 1));
    // One that is replaced.
    let poll = |waker: &Waker| turns.poll_turn(second.ticket, waker).is_ready();
    assert!(poll(&Waker::from(Arc::new(Grim))) && poll(&second.waker));
    turns.finish(second.ticket);

    // It stood in the way of a smaller wish.
    let queue = WaitQueue::new(4);
    let permits = AtomicUsize::new(1);
    let take = |want| (want == 1 && permits.swap(0, Ordering::Relaxed) > 0).then_some(());
    let put = |()| permits.store(1, Ordering::Relaxed);
    let poll = |ticket, waker: &Waker| queue.poll(ticket, waker, Tick::ZERO, take, put);
    let [large, small] = [2, 1].map(|want| queue.join(want).unwrap());
    let bell = Arc::<Bell>::default();
    let waker = Waker::from(bell.clone());
    assert!(poll(large, &Waker::from(Arc::new(Grim))).is_pending());
    assert!(poll(small, &waker).is_pending());
    queue.leave(large, Tick::ZERO, take, put);
    assert_eq!(bell.0.load(Ordering::Relaxed), 1);
    assert!(poll(small, &waker).is_ready());
}

#[test]
fn a_clock_that_steps_back_costs_no_more_than_the_patience_again() {
    let (clock, turns) = turns(2);
    clock.set(nanos(1_000_000));
    let [first, second] = [(); 2].map(|()| Waiter::enter(&turns, 1));
    assert!(!second.has_turn(&turns));
    clock.set(Tick::ZERO);
    // Whatever tells the line that the clock has stepped back.
    assert!(!second.has_turn(&turns));
    clock.advance(PATIENCE);
    assert_eq!(
        (first.rings(), second.rings()),
        (0, 1),
        "the first was never polled"
    );
    clock.set(nanos(1_000));
    turns.finish(first.ticket);
    assert!(second.has_turn(&turns) && turns.not_before(second.ticket, nanos(1_001)));
    clock.set(nanos(1_001));
    clock.set(Tick::ZERO);
    turns.nudge();
    clock.advance(PATIENCE);
    assert_eq!(turns.waiting(), 0, "it was called before the step");
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
    assert_eq!((served.load(Ordering::Relaxed), turns.in_line()), (8, 0));
}
