//! Threads and tasks in one line, in many random schedules. Who waits for ever is found by the checker: it calls it a deadlock.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shuttle::{future, thread};
use tenfold::__kernel::{Arc, Deadline, block_on};
use tenfold::clock::{Clock, ManualClock, Tick};

use super::bucket::{self, Bucket, INTERVAL};
use super::semaphore::{self, Semaphore};
use crate::explore;
use crate::red::must_fail;

/// Nanoseconds after which a grant or a turn that nobody comes for goes on.
const PATIENCE: u64 = 50;

/// Who has enqueued and is not served: whoever begins after that must not be served before. The lock is the test's own; no
/// schedule is cut off by it, since nothing waits under it.
#[derive(Default)]
struct Order {
    enqueued: Mutex<BTreeSet<usize>>,
}

impl Order {
    /// Those that a call which begins now must not pass.
    fn ahead(&self) -> BTreeSet<usize> {
        self.enqueued.lock().unwrap().clone()
    }

    fn enqueued(&self, name: usize) {
        self.enqueued.lock().unwrap().insert(name);
    }

    fn served(&self, name: usize, ahead: &BTreeSet<usize>) {
        let mut enqueued = self.enqueued.lock().unwrap();
        enqueued.remove(&name);
        let passed = enqueued.intersection(ahead).next();
        assert_eq!(passed, None, "{name} overtook another one");
    }
}

/// One permit, so that who has it is alone, and served before the next one is.
async fn visit(semaphore: Arc<Semaphore>, order: Arc<Order>, name: usize) {
    let ahead = order.ahead();
    if !semaphore.try_acquire(1) {
        let acquire = semaphore::Acquire::new(&semaphore, 1);
        order.enqueued(name);
        acquire.await;
    }
    order.served(name, &ahead);
    semaphore.release(1, Tick::ZERO);
}

fn block_on_future<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    block_on(|waker| future.as_mut().poll(&mut Context::from_waker(waker)))
}

/// Runs `work` in a thread or as a task.
fn party(name: usize, work: impl Future<Output = ()> + Send + 'static) -> Box<dyn FnOnce()> {
    if name % 2 == 0 {
        let thread = thread::spawn(move || block_on_future(work));
        Box::new(move || thread.join().unwrap())
    } else {
        let task = future::spawn(work);
        Box::new(move || future::block_on(task).unwrap())
    }
}

fn first_come_first_served() {
    let (semaphore, order) = (Semaphore::new(1), Arc::new(Order::default()));
    let parties: Vec<_> = (0..5)
        .map(|name| party(name, visit(semaphore.clone(), order.clone(), name)))
        .collect();
    parties.into_iter().for_each(|join| join());
    assert_eq!((semaphore.permits(), semaphore.queue.len()), (1, 0));
}

#[test]
fn nobody_is_overtaken() {
    explore(first_come_first_served);
}

#[test]
fn red_when_the_newest_is_served() {
    must_fail(
        "waiting::schedules::nobody_is_overtaken",
        "GrantNewest",
        "overtook another one",
    );
}

#[test]
fn red_when_newcomers_pass_the_line() {
    must_fail(
        "waiting::schedules::nobody_is_overtaken",
        "Barge",
        "overtook another one",
    );
}

/// Wants of different sizes; some give up after a few polls, whatever they were granted meanwhile.
fn some_give_up() {
    const PERMITS: u64 = 3;
    let semaphore = Semaphore::new(PERMITS);
    let parties: Vec<_> = (0..6_usize)
        .map(|name| {
            let semaphore = semaphore.clone();
            party(name, async move {
                let want = name as u64 % 3 + 1;
                let mut acquire = semaphore::Acquire::new(&semaphore, want);
                if name >= 4 {
                    let polls = |context: &mut Context<'_>| {
                        Poll::Ready(Pin::new(&mut acquire).poll(context))
                    };
                    let polled = std::future::poll_fn(polls).await;
                    future::yield_now().await;
                    drop(acquire);
                    if polled.is_pending() {
                        return;
                    }
                } else {
                    acquire.await;
                }
                future::yield_now().await;
                semaphore.release(want, Tick::ZERO);
            })
        })
        .collect();
    parties.into_iter().for_each(|join| join());
    assert_eq!(semaphore.queue.len(), 0);
    assert_eq!(semaphore.permits(), PERMITS, "permits went missing");
}

#[test]
fn who_gives_up_takes_nothing_along() {
    explore(some_give_up);
}

#[test]
fn red_when_a_grant_is_swallowed() {
    must_fail(
        "waiting::schedules::who_gives_up_takes_nothing_along",
        "SwallowGrant",
        "deadlock",
    );
}

/// A future is polled by one task and then by another.
fn moves_between_tasks() {
    let semaphore = Semaphore::new(0);
    let mut acquire = semaphore::Acquire::new(&semaphore, 1);
    let first = Pin::new(&mut acquire).poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending());
    let waiter = thread::spawn(move || block_on_future(acquire));
    thread::yield_now();
    semaphore.release(1, Tick::ZERO);
    assert_eq!(waiter.join().unwrap(), 1);
}

#[test]
fn the_waker_of_the_last_poll_is_called() {
    explore(moves_between_tasks);
}

#[test]
fn red_when_the_first_waker_is_kept() {
    must_fail(
        "waiting::schedules::the_waker_of_the_last_poll_is_called",
        "KeepOldWaker",
        "deadlock",
    );
}

/// Waits for a permit or for a time, whichever comes first.
fn acquire_until(semaphore: &Semaphore, clock: &ManualClock, due: Tick) -> bool {
    let ticket = semaphore.queue.join(1).unwrap();
    let mut deadline = Deadline::new(clock, due);
    block_on(|waker| {
        if semaphore.poll(ticket, waker, clock.now()).is_ready() {
            return Poll::Ready(true);
        }
        if deadline.poll(waker).is_ready() {
            semaphore.leave(ticket, clock.now());
            return Poll::Ready(false);
        }
        Poll::Pending
    })
}

/// Deadlines come while permits do: each waiter ends, and whoever was too late has taken nothing along.
fn deadlines_and_permits() {
    let (semaphore, clock) = (Semaphore::new(0), ManualClock::new());
    let waiters: Vec<_> = (1..=3)
        .map(|n| {
            let (semaphore, clock) = (semaphore.clone(), clock.clone());
            thread::spawn(move || acquire_until(&semaphore, &clock, Tick::from_nanos(n * 10)))
        })
        .collect();
    let mover = {
        let clock = clock.clone();
        thread::spawn(move || (0..3).for_each(|_| clock.advance(Duration::from_nanos(10))))
    };
    semaphore.release(1, Tick::ZERO);
    thread::yield_now();
    semaphore.release(1, Tick::ZERO);
    mover.join().unwrap();
    let served = waiters
        .into_iter()
        .map(|waiter| u64::from(waiter.join().unwrap()));
    let served: u64 = served.sum();
    assert_eq!(served + semaphore.permits(), 2, "permits went missing");
    assert!(semaphore.queue.is_empty() && clock.timers().is_empty());
}

#[test]
fn deadlines_end_every_wait() {
    explore(deadlines_and_permits);
}

#[test]
fn red_when_a_late_waiter_swallows_a_grant() {
    must_fail(
        "waiting::schedules::deadlines_end_every_wait",
        "SwallowGrant",
        "permits went missing",
    );
}

/// A permit was granted to somebody who does not come for it: after a while it goes on, and that one keeps its place.
fn unpolled_grant() {
    let semaphore = Semaphore::new(0);
    let mut first = semaphore::Acquire::new(&semaphore, 1);
    let mut noop = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut first).poll(&mut noop).is_pending());
    let second = thread::spawn({
        let second = semaphore::Acquire::new(&semaphore, 1);
        move || block_on_future(second)
    });
    semaphore.release(1, Tick::ZERO);
    let patience = Duration::from_nanos(PATIENCE);
    assert!(!semaphore.revoke(Tick::from_nanos(PATIENCE - 1), patience));
    // The permit may be on its way, in the hands of the second thread.
    let revoked = (0..1_000).any(|_| {
        thread::yield_now();
        semaphore.revoke(Tick::from_nanos(PATIENCE), patience)
    });
    assert!(revoked, "nothing was revoked");
    second.join().unwrap();
    let third = semaphore::Acquire::new(&semaphore, 1);
    assert!(Pin::new(&mut first).poll(&mut noop).is_pending());
    semaphore.release(1, Tick::ZERO);
    assert!(
        Pin::new(&mut first).poll(&mut noop).is_ready(),
        "the old place was lost"
    );
    drop((first, third));
    assert!(semaphore.queue.is_empty());
}

#[test]
fn a_grant_that_nobody_comes_for_goes_on() {
    explore(unpolled_grant);
}

#[test]
fn red_when_a_grant_stays_with_who_is_not_polled() {
    must_fail(
        "waiting::schedules::a_grant_that_nobody_comes_for_goes_on",
        "KeepUnpolledTurn",
        "nothing was revoked",
    );
}

/// Moves the clock until all parties are done: `left` says how many are not.
fn drive(clock: &ManualClock, parties: Vec<Box<dyn FnOnce()>>, left: &AtomicUsize) {
    // Sooner than anybody can be ready now and then, and later than that in the end.
    for _ in 0..20 {
        clock.advance(Duration::from_nanos(INTERVAL / 2));
        thread::yield_now();
    }
    for _ in 0..10_000 {
        if left.load(Ordering::SeqCst) == 0 {
            parties.into_iter().for_each(|join| join());
            return;
        }
        if let Some(due) = clock.timers().next_due() {
            clock.set(due.max(clock.now()));
        }
        thread::yield_now();
    }
    panic!("somebody waits and no alarm is set");
}

/// Tokens come by the clock, to threads and tasks, and everybody comes when it is called: nobody passes another one.
fn tokens_in_order() {
    let (clock, order) = (ManualClock::new(), Arc::new(Order::default()));
    let bucket = Bucket::new(&clock, INTERVAL, u64::MAX);
    let left = Arc::new(AtomicUsize::new(4));
    let parties = (0..4).map(|name| {
        let (bucket, order, left) = (bucket.clone(), order.clone(), left.clone());
        party(name, async move {
            let ahead = order.ahead();
            if bucket.try_acquire() {
                order.served(name, &ahead);
            } else {
                let served = order.clone();
                let acquire =
                    bucket::Acquire::telling(&bucket, move || served.served(name, &ahead));
                order.enqueued(name);
                acquire.await;
            }
            left.fetch_sub(1, Ordering::SeqCst);
        })
    });
    let parties = parties.collect();
    drive(&clock, parties, &left);
    assert!(bucket.turns.in_line() == 0 && clock.timers().is_empty());
}

#[test]
fn turns_are_taken_in_order() {
    explore(tokens_in_order);
}

#[test]
fn red_when_the_turn_goes_to_the_newest() {
    must_fail(
        "waiting::schedules::turns_are_taken_in_order",
        "GrantNewest",
        "overtook another one",
    );
}

#[test]
fn red_when_newcomers_pass_those_who_take_turns() {
    must_fail(
        "waiting::schedules::turns_are_taken_in_order",
        "Barge",
        "overtook another one",
    );
}

/// As before, but some are not polled again, one gives up, and somebody brings a token: everybody else gets one in the end.
fn some_do_not_come() {
    let clock = ManualClock::new();
    let bucket = Bucket::new(&clock, INTERVAL, PATIENCE);
    // At the front, and polled once: a future in a `select!` that is busy elsewhere.
    let mut forgotten = bucket::Acquire::new(&bucket);
    let mut noop = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut forgotten).poll(&mut noop).is_pending());
    let left = Arc::new(AtomicUsize::new(4));
    let parties = (0..4).map(|name| {
        let (bucket, left) = (bucket.clone(), left.clone());
        party(name, async move {
            if !bucket.try_acquire() {
                let mut acquire = bucket::Acquire::new(&bucket);
                if name == 3 {
                    let once = |context: &mut Context<'_>| {
                        Poll::Ready(Pin::new(&mut acquire).poll(context))
                    };
                    let _ = std::future::poll_fn(once).await;
                    future::yield_now().await;
                    bucket.bring();
                } else {
                    acquire.await;
                }
            }
            left.fetch_sub(1, Ordering::SeqCst);
        })
    });
    let parties = parties.collect();
    drive(&clock, parties, &left);
    // It lost its turn and not its place.
    assert_eq!(bucket.turns.in_line(), 1);
    let late = bucket::Acquire::new(&bucket);
    clock.advance(Duration::from_nanos(2 * INTERVAL));
    let polled = Pin::new(&mut forgotten).poll(&mut noop);
    assert!(polled.is_ready() || bucket.turns.in_line() == 2);
    drop((forgotten, late));
    assert!(bucket.turns.in_line() == 0 && bucket.turns.waiting() == 0);
    assert!(clock.timers().is_empty(), "an alarm was left behind");
}

#[test]
fn the_turn_does_not_stick() {
    explore(some_do_not_come);
}

#[test]
fn red_when_the_turn_stays_with_who_is_not_polled() {
    must_fail(
        "waiting::schedules::the_turn_does_not_stick",
        "KeepUnpolledTurn",
        "no alarm is set",
    );
}

/// One is never polled again, and the other one waits already: only the alarm can help.
fn only_the_alarm_helps() {
    let clock = ManualClock::new();
    let bucket = Bucket::new(&clock, INTERVAL, PATIENCE);
    let mut forgotten = bucket::Acquire::new(&bucket);
    let mut noop = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut forgotten).poll(&mut noop).is_pending());
    let (polled, left) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
    let waits = party(0, {
        let (bucket, polled, left) = (bucket.clone(), polled.clone(), left.clone());
        async move {
            let mut acquire = bucket::Acquire::new(&bucket);
            let poll = |context: &mut Context<'_>| {
                let outcome = Pin::new(&mut acquire).poll(context);
                polled.fetch_add(1, Ordering::SeqCst);
                outcome
            };
            std::future::poll_fn(poll).await;
            left.fetch_sub(1, Ordering::SeqCst);
        }
    });
    while polled.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    drive(&clock, vec![waits], &left);
    assert_eq!(
        bucket.turns.waiting(),
        0,
        "who is not polled keeps nobody out"
    );
    drop(forgotten);
    assert!(bucket.turns.in_line() == 0 && clock.timers().is_empty());
}

#[test]
fn the_alarm_rings_as_often_as_it_has_to() {
    explore(only_the_alarm_helps);
}

#[test]
fn red_when_the_alarm_rings_once() {
    must_fail(
        "waiting::schedules::the_alarm_rings_as_often_as_it_has_to",
        "RingOnce",
        "no alarm is set",
    );
}

#[test]
fn red_when_the_turn_is_swallowed() {
    must_fail(
        "waiting::schedules::the_turn_does_not_stick",
        "SwallowGrant",
        "no alarm is set",
    );
}
