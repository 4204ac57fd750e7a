//! Flights, step by step.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use self::rooms::{
    Boarding, Debris, Denied, FlightTable, Leader, Mutex, Outcome, Passenger, Rules, Tick,
};
use self::shard::{Answer, Shard, Start, Value, answer, leader, passenger};
use super::{Convoy, waits};
use crate::kernel::clock::{Clock, ManualClock, MonotonicClock, Timers};
use crate::kernel::upkeep::Threadless;

#[path = "../../../tests/support/flying/shard.rs"]
pub(super) mod shard;
pub(super) mod rooms {
    pub(crate) use std::sync::Mutex;

    pub(crate) use super::super::{
        Boarding, Debris, Denied, FlightTable, Leader, Outcome, Passenger, Rules, Token,
    };
    pub(crate) use crate::kernel::clock::Tick;
}

const PATIENCE: Duration = Duration::from_nanos(100);

fn rules(clock: impl Clock + 'static) -> Rules {
    let mut rules = Rules::new(Arc::new(clock));
    rules.patience = PATIENCE;
    rules
}

fn simulated() -> (ManualClock, Arc<Shard>) {
    let clock = ManualClock::new();
    let shard = Shard::new(rules(clock.clone()));
    (clock, Arc::new(shard))
}

/// What changes one key or all.
type Change = fn(&Shard);

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A passenger that is polled by hand.
struct Waiter {
    passenger: Passenger<Value>,
    bell: Arc<Bell>,
}

impl Waiter {
    fn board(shard: &Shard, key: u64) -> Self {
        Self::of(passenger(shard.start(key)))
    }

    fn of(passenger: Passenger<Value>) -> Self {
        let mut waiter = Self {
            passenger,
            bell: Arc::default(),
        };
        assert!(waiter.poll().is_pending());
        waiter
    }

    fn poll(&mut self) -> Poll<Outcome<Value>> {
        let waker = Waker::from(self.bell.clone());
        Pin::new(&mut self.passenger).poll(&mut Context::from_waker(&waker))
    }

    /// How often it was woken since it was last asked.
    fn rings(&self) -> usize {
        self.bell.0.swap(0, Ordering::Relaxed)
    }

    fn leads(mut self) -> Leader<Value> {
        assert_eq!(self.rings(), 1, "it was not woken");
        match self.poll() {
            Poll::Ready(Outcome::Lead(leader)) => leader,
            other => panic!("{other:?}"),
        }
    }

    fn shares(mut self) -> Answer {
        assert_eq!(self.rings(), 1, "it was not woken");
        match self.poll() {
            Poll::Ready(outcome) => answer(outcome),
            Poll::Pending => panic!("it waits on"),
        }
    }

    fn waits(&mut self) {
        assert!(self.rings() == 0 && self.poll().is_pending());
    }
}

/// A loader that is not ready; returns the waker it was given.
fn poll_once(leader: &mut Leader<Value>) -> Waker {
    let mut given = None;
    let load = std::future::poll_fn(|context: &mut Context<'_>| {
        given = Some(context.waker().clone());
        Poll::<()>::Pending
    });
    let mut context = Context::from_waker(Waker::noop());
    assert!(leader.poll_with(&mut context, pin!(load)).is_pending());
    given.unwrap()
}

#[test]
fn threads_and_tasks_share_one_load() {
    let (_, shard) = simulated();
    let lead = leader(shard.start(1));
    let task = Waiter::board(&shard, 1);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let waiter = passenger(shard.start(1));
            std::thread::spawn(move || answer(waiter.wait()))
        })
        .collect();
    assert_eq!(shard.finish(1, lead, Ok(7)), (true, true));
    assert_eq!(task.shares(), Answer::Shared(Ok(7)));
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Answer::Shared(Ok(7)));
    }
    assert_eq!((shard.peek(1), shard.under_way()), (Some(7), 0));
    let found = shard.get_or_load(1, Tick::MAX, || panic!("a second load"));
    assert_eq!(found, Answer::Found(7));
}

#[test]
fn many_wait_for_one() {
    let (_, shard) = simulated();
    let lead = leader(shard.start(1));
    let waiters: Vec<_> = (0..100).map(|_| Waiter::board(&shard, 1)).collect();
    assert_eq!(shard.finish(1, lead, Ok(7)), (true, true));
    for waiter in waiters {
        assert_eq!(waiter.shares(), Answer::Shared(Ok(7)));
    }
}

#[test]
fn keys_with_the_same_hash_are_loaded_apart() {
    let (_, shard) = simulated();
    let leaders = [0, 1, 2, 3].map(|key| leader(shard.start(key)));
    assert_eq!(shard.under_way(), 4);
    for (key, lead) in (0..).zip(leaders) {
        assert_eq!(shard.finish(key, lead, Ok(key + 10)), (true, true));
    }
    assert_eq!(
        [0, 1, 2, 3].map(|key| shard.peek(key)),
        [Some(10), Some(11), Some(12), Some(13)]
    );
}

#[test]
fn a_failure_is_told_to_all_and_not_kept() {
    let (_, shard) = simulated();
    let lead = leader(shard.start(1));
    let waiter = Waiter::board(&shard, 1);
    assert_eq!(shard.finish(1, lead, Err("down")), (false, true));
    assert_eq!(waiter.shares(), Answer::Shared(Err("down")));
    let again = shard.get_or_load(1, Tick::MAX, || Ok(2));
    assert_eq!((again, shard.peek(1)), (Answer::Loaded(Ok(2)), Some(2)));
}

#[test]
fn what_is_changed_during_a_load_is_not_overwritten() {
    let changes: [(Change, Option<u64>); 4] = [
        (|shard| _ = shard.remove(1), None),
        (|shard| shard.insert(1, 50), Some(50)),
        (Shard::clear, None),
        (Shard::next_epoch, None),
    ];
    for (change, left) in changes {
        let (_, shard) = simulated();
        let lead = leader(shard.start(1));
        let waiter = Waiter::board(&shard, 1);
        change(&shard);
        assert_eq!(shard.peek(1), left);
        if left.is_none() {
            // Who comes later starts anew, and that one is kept.
            let later = leader(shard.start(1));
            assert_eq!(shard.finish(1, later, Ok(9)), (true, true));
        }
        let kept = left.or(Some(9));
        assert_eq!(shard.finish(1, lead, Ok(7)), (false, true));
        assert_eq!(waiter.shares(), Answer::Shared(Ok(7)), "it came before");
        assert_eq!((shard.peek(1), shard.under_way()), (kept, 0));
    }
}

#[test]
fn a_change_of_another_key_is_none() {
    let (_, shard) = simulated();
    let lead = leader(shard.start(1));
    assert!(!shard.remove(0) && !shard.remove(2));
    assert_eq!(shard.finish(1, lead, Ok(7)), (true, true));
}

#[test]
fn a_panic_hands_the_lead_to_the_first() {
    let (_, shard) = simulated();
    let lead = leader(shard.start(1));
    let (first, mut second) = (Waiter::board(&shard, 1), Waiter::board(&shard, 1));
    let load = || {
        let lead = lead;
        lead.run(|| panic!("on purpose"))
    };
    assert!(catch_unwind(AssertUnwindSafe(load)).is_err());
    // Several in a row.
    let lead = first.leads();
    second.waits();
    let mut third = Waiter::board(&shard, 1);
    drop(lead);
    let lead = second.leads();
    third.waits();
    assert_eq!(shard.finish(1, lead, Ok(3)), (true, true));
    assert_eq!(third.shares(), Answer::Shared(Ok(3)));
    // Nothing is left on this thread.
    assert_eq!(
        shard.get_or_load(2, Tick::MAX, || Ok(1)),
        Answer::Loaded(Ok(1))
    );
}

#[test]
fn a_leader_that_ends_alone_leaves_nothing() {
    let (_, shard) = simulated();
    for key in 0..100 {
        drop(leader(shard.start(key)));
    }
    assert!(shard.under_way() <= 3, "{} are left", shard.under_way());
    // Whoever comes next leads, also in a flight that nobody has looked at yet.
    let lead = leader(shard.start(99));
    assert_eq!(shard.finish(99, lead, Ok(1)), (true, true));
    (0..2).for_each(|_| _ = shard.remove(1_000));
    assert_eq!(shard.under_way(), 0);
}

#[test]
fn who_is_late_leaves_and_nobody_else() {
    let (clock, shard) = simulated();
    let lead = leader(shard.start(1));
    let hurried = passenger(shard.start(1)).until(Tick::from_nanos(10));
    let (hurried, mut patient) = (Waiter::of(hurried), Waiter::board(&shard, 1));
    clock.advance(Duration::from_nanos(9));
    assert_eq!(hurried.rings(), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(hurried.shares(), Answer::TimedOut);
    patient.waits();
    assert_eq!(lead.flight().waiting(), 1);
    assert_eq!(shard.finish(1, lead, Ok(1)), (true, true));
    assert_eq!(patient.shares(), Answer::Shared(Ok(1)));
    assert!(clock.timers().is_empty());
}

#[test]
fn who_is_late_hands_the_lead_on() {
    let (clock, shard) = simulated();
    let lead = leader(shard.start(1));
    let hurried = passenger(shard.start(1)).until(Tick::from_nanos(10));
    let (mut hurried, patient) = (Waiter::of(hurried), Waiter::board(&shard, 1));
    drop(lead);
    clock.advance(Duration::from_nanos(10));
    let late = hurried.poll();
    assert!(matches!(late, Poll::Ready(Outcome::TimedOut)), "{late:?}");
    drop(patient.leads());
}

#[test]
fn there_are_as_many_as_may_be() {
    let mut rules = rules(ManualClock::new());
    (rules.max_flights, rules.max_waiters, rules.max_tokens) = (2, 1, 1);
    let shard = Shard::new(rules);
    let denied = |start: Start| match start {
        Start::Denied(denied) => denied,
        _ => panic!("it was let"),
    };
    let one = leader(shard.start(1));
    let two = leader(shard.start(2));
    assert_eq!(denied(shard.start(3)), Denied::TooManyFlights);
    let waiter = Waiter::board(&shard, 1);
    assert_eq!(denied(shard.start(1)), Denied::TooManyWaiters);
    drop(waiter);
    drop(Waiter::board(&shard, 1));
    // Who has ended makes room.
    drop(two);
    let three = leader(shard.start(3));
    let token = shard.get_or_token(4).unwrap_err();
    let void = shard.get_or_token(5).unwrap_err();
    assert!(!token.is_void() && void.is_void());
    assert!(!shard.fill(5, &void, 1), "it is void");
    assert!(!shard.get_or_token(4).unwrap_err().is_void());
    drop(token);
    assert!(!shard.get_or_token(5).unwrap_err().is_void());
    drop((one, three));
}

#[test]
fn a_token_is_good_until_its_key_changes() {
    let (_, shard) = simulated();
    let token = |key| shard.get_or_token(key).unwrap_err();
    let changes: [Change; 5] = [
        |shard| _ = shard.remove(1),
        |shard| shard.insert(1, 5),
        Shard::clear,
        Shard::next_epoch,
        |shard| _ = shard.get_or_load(1, Tick::MAX, || Ok(6)),
    ];
    for change in changes {
        shard.remove(1);
        let (first, other) = (token(1), token(0));
        change(&shard);
        let before = shard.peek(1);
        assert!(!shard.fill(1, &first, 9));
        assert_eq!(shard.peek(1), before);
        drop(other);
    }
    // Several for one key: one of them.
    shard.remove(1);
    let (first, second) = (token(1), token(1));
    // What changes nothing leaves it.
    assert_eq!(
        shard.get_or_load(1, Tick::MAX, || Err("down")).value(),
        None
    );
    drop(leader(shard.start(1)));
    let lead = leader(shard.start(1));
    assert!(shard.fill(1, &first, 3) && !shard.fill(1, &second, 4));
    assert!(!shard.fill(1, &first, 5), "it was used");
    assert_eq!(
        shard.finish(1, lead, Ok(6)),
        (false, true),
        "a fill is a change"
    );
    assert_eq!(shard.peek(1), Some(3));
}

#[test]
fn dropped_tokens_are_forgotten() {
    let (_, shard) = simulated();
    for key in 0..1_000 {
        drop(shard.get_or_token(key));
        assert!(shard.under_way() <= 3, "{} are left", shard.under_way());
    }
    (0..2).for_each(|_| _ = shard.remove(5_000));
    assert_eq!(shard.under_way(), 0);
}

#[test]
fn who_would_wait_for_itself_is_told() {
    let (_, shard) = simulated();
    let (_, other) = simulated();
    let load = || {
        // Not even a place in line is taken.
        let start = shard.start(1);
        assert!(matches!(start, Start::Denied(Denied::Recursive)));
        let inner = shard.get_or_load(1, Tick::MAX, || panic!("two loads"));
        assert_eq!(inner, Answer::Denied(Denied::Recursive));
        // Another key, or another table, is another matter.
        assert_eq!(
            shard.get_or_load(2, Tick::MAX, || Ok(2)),
            Answer::Loaded(Ok(2))
        );
        assert_eq!(
            other.get_or_load(1, Tick::MAX, || Ok(3)),
            Answer::Loaded(Ok(3))
        );
        // So is the key once it has changed.
        shard.remove(1);
        assert_eq!(
            shard.get_or_load(1, Tick::MAX, || Ok(4)),
            Answer::Loaded(Ok(4))
        );
        Ok(5)
    };
    assert_eq!(shard.get_or_load(1, Tick::MAX, load), Answer::Loaded(Ok(5)));
    assert_eq!(shard.peek(1), Some(4));
}

#[test]
fn a_task_that_would_wait_for_itself_is_told() {
    let (_, shard) = simulated();
    let load = || async {
        let inner = shard.get_or_load_async(1, Tick::MAX, || async { Ok(1) });
        assert_eq!(inner.await, Answer::Denied(Denied::Recursive));
        Ok(2)
    };
    let mut outer = pin!(shard.get_or_load_async(1, Tick::MAX, load));
    let polled = outer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Answer::Loaded(Ok(2))));
    // Another task on the same thread is not the same.
    let lead = leader(shard.start(3));
    drop(Waiter::board(&shard, 3));
    drop(lead);
}

/// Whether a task is ready yet.
fn step<F: Future>(task: Pin<&mut F>) -> Poll<F::Output> {
    task.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_circle_of_tasks_is_found() {
    let (_, one) = simulated();
    let (_, two) = simulated();
    let begun = Cell::new(0);
    let begin = || {
        begun.set(begun.get() + 1);
        let mut seen = false;
        std::future::poll_fn(move |_| match std::mem::replace(&mut seen, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
    };
    let value = |answer: Answer| answer.value().ok_or("in a circle");
    // Across two tables: 1 waits for 2, 2 for 3, and 3 would wait for 1.
    let first = || async {
        begin().await;
        value(
            two.get_or_load_async(2, Tick::MAX, || async { Ok(0) })
                .await,
        )
    };
    let second = || async {
        begin().await;
        value(
            one.get_or_load_async(3, Tick::MAX, || async { Ok(0) })
                .await,
        )
    };
    let third = || async {
        begin().await;
        let answer = one
            .get_or_load_async(1, Tick::MAX, || async { Ok(0) })
            .await;
        assert_eq!(answer, Answer::Denied(Denied::Recursive));
        value(answer)
    };
    let mut first = pin!(one.get_or_load_async(1, Tick::MAX, first));
    let mut second = pin!(two.get_or_load_async(2, Tick::MAX, second));
    let mut third = pin!(one.get_or_load_async(3, Tick::MAX, third));
    assert!(step(first.as_mut()).is_pending());
    assert!(step(second.as_mut()).is_pending());
    assert!(step(third.as_mut()).is_pending());
    assert_eq!(begun.get(), 3);
    assert!(step(first.as_mut()).is_pending());
    assert!(step(second.as_mut()).is_pending());
    let circle = Answer::Loaded(Err("in a circle"));
    assert_eq!(step(third.as_mut()), Poll::Ready(circle));
    assert_eq!(step(second.as_mut()), Poll::Ready(circle));
    assert_eq!(step(first.as_mut()), Poll::Ready(circle));
}

#[test]
fn who_waits_in_a_loader_leaves_no_edge() {
    let (clock, shard) = simulated();
    let lead = leader(shard.start(2));
    let load = || {
        let late = passenger(shard.start(2)).until(Tick::from_nanos(5));
        let mut late = Waiter::of(late);
        assert!(waits::waits_for(&**lead.flight()));
        clock.advance(Duration::from_nanos(5));
        assert!(matches!(late.poll(), Poll::Ready(Outcome::TimedOut)));
        assert!(!waits::waits_for(&**lead.flight()));
        drop(Waiter::board(&shard, 2));
        Ok(1)
    };
    assert_eq!(shard.get_or_load(1, Tick::MAX, load).value(), Some(1));
    assert!(!waits::waits_for(&**lead.flight()));
}

#[test]
fn who_has_lost_the_lead_waits_for_nobody() {
    let (clock, shard) = simulated();
    let other = leader(shard.start(2));
    let nested = || async {
        let due = Tick::from_nanos(5);
        let inner = shard.get_or_load_async(2, due, || async { Ok(0) }).await;
        inner.value().ok_or("late")
    };
    let mut outer = Box::pin(shard.get_or_load_async(1, Tick::MAX, nested));
    assert!(step(outer.as_mut()).is_pending());
    let waiter = Waiter::board(&shard, 1);
    let in_circle = |key| {
        let mut would_wait = passenger(shard.start(key));
        let polled = would_wait.poll_outcome(Waker::noop());
        matches!(polled, Poll::Ready(Outcome::Recursive))
    };
    assert!(other.run(|| in_circle(1)));
    // The outer load is woken, since its inner one is late, and not polled.
    clock.advance(Duration::from_nanos(5));
    clock.advance(PATIENCE);
    let lead = waiter.leads();
    assert!(!other.run(|| in_circle(1)), "another one leads it");
    drop(lead);
    drop(outer);
}

#[test]
fn who_has_lost_the_lead_may_join() {
    let (clock, shard) = simulated();
    let mut lost = leader(shard.start(1));
    let waiter = Waiter::board(&shard, 1);
    poll_once(&mut lost).wake();
    clock.advance(PATIENCE);
    let lead = waiter.leads();
    let waiter = lost.run(|| Waiter::board(&shard, 1));
    assert_eq!(shard.finish(1, lead, Ok(8)), (true, true));
    assert_eq!(waiter.shares(), Answer::Shared(Ok(8)));
}

#[test]
fn the_lead_is_taken_from_a_task_that_was_woken_and_is_not_polled() {
    let (clock, shard) = simulated();
    let mut lead = leader(shard.start(1));
    let mut waiter = Waiter::board(&shard, 1);
    let waker = poll_once(&mut lead);
    // It may wait as long as it likes.
    clock.advance(10 * PATIENCE);
    waiter.waits();
    waker.wake_by_ref();
    clock.advance(PATIENCE / 2);
    // It was polled in time.
    let waker = poll_once(&mut lead);
    clock.advance(10 * PATIENCE);
    waiter.waits();
    waker.wake();
    clock.advance(PATIENCE - Duration::from_nanos(1));
    waiter.waits();
    assert!(lead.leads());
    clock.advance(Duration::from_nanos(1));
    assert!(!lead.leads());
    let second = waiter.leads();
    // The first one goes on for itself.
    poll_once(&mut lead).wake();
    assert_eq!(shard.finish(1, lead, Ok(7)), (false, false));
    assert_eq!(shard.finish(1, second, Ok(8)), (true, true));
    assert_eq!(shard.peek(1), Some(8));
    assert!(clock.timers().is_empty());
}

#[test]
fn whoever_joins_a_task_that_is_not_polled_leads_at_once() {
    let (clock, shard) = simulated();
    let mut lead = leader(shard.start(1));
    poll_once(&mut lead).wake();
    clock.advance(PATIENCE);
    assert!(lead.leads(), "nobody wants it");
    let mut waiter = passenger(shard.start(1));
    let polled = waiter.poll_outcome(Waker::noop());
    let Poll::Ready(Outcome::Lead(second)) = polled else {
        panic!("{polled:?}");
    };
    drop(lead);
    assert_eq!(shard.finish(1, second, Ok(8)), (true, true));
}

#[test]
fn the_task_of_the_last_poll_is_woken() {
    let (_, shard) = simulated();
    let mut lead = leader(shard.start(1));
    let bells = [0; 2].map(|_| Arc::<Bell>::default());
    let mut given = None;
    for bell in &bells {
        let load = std::future::poll_fn(|context: &mut Context<'_>| {
            given = Some(context.waker().clone());
            Poll::<()>::Pending
        });
        let task = Waker::from(bell.clone());
        let polled = lead.poll_with(&mut Context::from_waker(&task), pin!(load));
        assert!(polled.is_pending());
    }
    given.unwrap().wake();
    assert_eq!(bells.map(|bell| bell.0.load(Ordering::Relaxed)), [0, 1]);
}

/// A clock whose timers are always late.
#[derive(Debug)]
struct Tardy(ManualClock, Timers);

impl Clock for Tardy {
    fn now(&self) -> Tick {
        self.0.now()
    }

    fn timers(&self) -> &Timers {
        &self.1
    }
}

#[test]
fn who_looks_before_the_alarm_rings_wakes_the_first() {
    let clock = ManualClock::new();
    let shard = Shard::new(rules(Tardy(clock.clone(), Timers::manual())));
    let mut lead = leader(shard.start(1));
    let (first, mut second) = (Waiter::board(&shard, 1), Waiter::board(&shard, 1));
    poll_once(&mut lead).wake();
    clock.advance(PATIENCE);
    assert_eq!(first.rings(), 0);
    assert!(second.poll().is_pending());
    drop(first.leads());
}

#[test]
fn a_convoy_is_one_load_of_several_keys() {
    let (_, shard) = simulated();
    let convoy = Convoy::new([1, 2, 3].map(|key| leader(shard.start(key))).into());
    let mut waiters = [1, 2, 3].map(|key| Waiter::board(&shard, key));
    let values = convoy.run(|| {
        for key in 1..4 {
            let inner = shard.get_or_load(key, Tick::MAX, || panic!("two loads"));
            assert_eq!(inner, Answer::Denied(Denied::Recursive));
        }
        [Ok(10), Err("down"), Ok(30)]
    });
    waiters.iter_mut().for_each(Waiter::waits);
    for (leader, (key, value)) in convoy.into_leaders().into_iter().zip((1..).zip(values)) {
        assert_eq!(shard.finish(key, leader, value), (value.is_ok(), true));
    }
    let answers = waiters.map(Waiter::shares);
    assert_eq!(answers, values.map(Answer::Shared));
    assert_eq!(
        shard.get_or_load(2, Tick::MAX, || Ok(20)),
        Answer::Loaded(Ok(20))
    );
}

#[test]
fn each_lead_of_a_convoy_is_taken_on_its_own() {
    let (clock, shard) = simulated();
    let mut convoy = Convoy::new([1, 2, 3].map(|key| leader(shard.start(key))).into());
    let (first, third) = (Waiter::board(&shard, 1), Waiter::board(&shard, 3));
    let mut given = None;
    let load = std::future::poll_fn(|context: &mut Context<'_>| {
        given = Some(context.waker().clone());
        Poll::<()>::Pending
    });
    let mut context = Context::from_waker(Waker::noop());
    assert!(convoy.poll_with(&mut context, pin!(load)).is_pending());
    clock.advance(10 * PATIENCE);
    given.unwrap().wake();
    clock.advance(PATIENCE);
    // Nobody waits for the second.
    let leads: Vec<_> = convoy.into_leaders();
    assert_eq!(
        leads.iter().map(Leader::leads).collect::<Vec<_>>(),
        [false, true, false]
    );
    let one = first.leads();
    assert_eq!(shard.finish(1, one, Ok(1)), (true, true));
    drop(leads);
    drop(third.leads());
}

#[test]
fn who_would_not_wait_can_ask() {
    let mut table = FlightTable::<u64, Value>::new(rules(ManualClock::new()));
    let mut debris = Debris::new();
    assert!(!table.is_loading(7, &1, 0));
    let boarded = table.board(7, 1, 3, &mut debris);
    let Ok(Boarding::Lead(lead)) = boarded else {
        panic!("it leads");
    };
    assert!(table.is_loading(7, &1, 3) && !table.is_loading(7, &2, 3));
    assert!(!table.is_loading(7, &1, 4), "that one is not joined");
    // The owner has found that what changed does not concern this load.
    assert_eq!(lead.flight().epoch(), 3);
    assert!(table.land(&lead, lead.flight().epoch(), &mut debris));
    assert!(lead.land(&Ok(1)) && !table.is_loading(7, &1, 3));
    drop(table.board(7, 1, 3, &mut debris));
    assert!(!table.is_loading(7, &1, 3), "nobody leads it");
}

#[test]
fn a_clock_that_steps_back_prolongs_nothing() {
    let (clock, shard) = simulated();
    clock.advance(Duration::from_secs(1));
    let mut lead = leader(shard.start(1));
    let mut waiter = Waiter::board(&shard, 1);
    poll_once(&mut lead).wake();
    clock.set(Tick::ZERO);
    waiter.waits();
    // From the time at which that was noticed.
    clock.advance(PATIENCE);
    drop(waiter.leads());
    assert!(!lead.leads());
}

#[test]
fn without_patience_somebody_leads() {
    let clock = ManualClock::new();
    let mut rules = rules(clock.clone());
    rules.patience = Duration::ZERO;
    let shard = Shard::new(rules);
    let mut lead = leader(shard.start(1));
    let waiters = [0; 3].map(|_| Waiter::board(&shard, 1));
    poll_once(&mut lead).wake();
    for _ in 0..5 {
        clock.advance(Duration::from_nanos(1));
    }
    assert!(!lead.leads());
    let leads = |mut waiter: Waiter| matches!(waiter.poll(), Poll::Ready(Outcome::Lead(_)));
    let leaders = waiters.map(leads).into_iter().filter(|leads| *leads);
    assert!(leaders.count() > 0);
}

#[test]
fn the_lead_is_not_taken_from_who_runs() {
    let (clock, shard) = simulated();
    let mut lead = leader(shard.start(1));
    let mut waiter = Waiter::board(&shard, 1);
    clock.advance(10 * PATIENCE);
    lead.run(|| clock.advance(10 * PATIENCE));
    poll_once(&mut lead).wake();
    let load = std::future::poll_fn(|context: &mut Context<'_>| {
        context.waker().wake_by_ref();
        clock.advance(10 * PATIENCE);
        Poll::<()>::Pending
    });
    let mut context = Context::from_waker(Waker::noop());
    assert!(lead.poll_with(&mut context, pin!(load)).is_pending());
    waiter.waits();
    assert!(lead.leads());
    // From the end of the poll on.
    clock.advance(PATIENCE);
    assert!(!lead.leads());
    drop(waiter.leads());
}

#[test]
fn an_offer_that_nobody_comes_for_goes_on() {
    let (clock, shard) = simulated();
    let lead = leader(shard.start(1));
    let mut waiters = [0; 3].map(|_| Waiter::board(&shard, 1));
    drop(lead);
    clock.advance(PATIENCE);
    assert_eq!(waiters.each_ref().map(Waiter::rings), [1, 1, 0]);
    // Back in line, in front of all others.
    assert!(waiters[0].poll().is_pending());
    clock.advance(PATIENCE);
    assert_eq!(waiters.each_ref().map(Waiter::rings), [1, 0, 0]);
    let [first, mut second, third] = waiters;
    let lead = {
        first.bell.0.store(1, Ordering::Relaxed);
        first.leads()
    };
    assert_eq!(shard.finish(1, lead, Ok(7)), (true, true));
    assert_eq!(third.shares(), Answer::Shared(Ok(7)));
    // It was asleep, and is served all the same.
    assert!(matches!(second.poll(), Poll::Ready(Outcome::Landed(Ok(7)))));
    assert!(clock.timers().is_empty());
}

#[test]
fn the_last_offer_stays() {
    let (clock, shard) = simulated();
    let lead = leader(shard.start(1));
    let only = Waiter::board(&shard, 1);
    drop(lead);
    clock.advance(10 * PATIENCE);
    // Somebody else comes, and it is over.
    let mut other = passenger(shard.start(1));
    let polled = other.poll_outcome(Waker::noop());
    assert!(
        matches!(polled, Poll::Ready(Outcome::Lead(_))),
        "{polled:?}"
    );
    // Whose guard has been dropped with that.
    drop(polled);
    let mut sleeper = only;
    assert!(matches!(sleeper.poll(), Poll::Ready(Outcome::Lead(_))));
}

/// What may be asked while the lock of the owner is held, and nothing else.
static NOSY: Mutex<Option<Arc<Nest>>> = Mutex::new(None);

struct Nest(Mutex<FlightTable<Nosy, Nosy>>);

/// Looks whether the lock is free wherever its code runs.
#[derive(Debug)]
struct Nosy(u64);

fn look() {
    let nest = NOSY.lock().unwrap().clone();
    if let Some(nest) = nest {
        assert!(nest.0.try_lock().is_ok(), "called under the lock");
    }
}

impl PartialEq for Nosy {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Nosy {}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        look();
        Self(self.0)
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            look();
        }
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        look();
    }
}

#[test]
fn nothing_is_held_while_others_run() {
    let nest = Arc::new(Nest(Mutex::new(FlightTable::new(
        rules(ManualClock::new()),
    ))));
    *NOSY.lock().unwrap() = Some(nest.clone());
    let board = |key| {
        let (key, mut debris) = (Nosy(key), Debris::new());
        let mut table = nest.0.lock().unwrap();
        table.board(0, key, 0, &mut debris)
    };
    let waker = Waker::from(Arc::new(Nosy(0)));
    let Ok(Boarding::Lead(lead)) = board(1) else {
        panic!("it leads");
    };
    let mut waiters = [0; 3].map(|_| match board(1) {
        Ok(Boarding::Wait(waiter)) => waiter,
        other => panic!("{other:?}"),
    });
    for waiter in &mut waiters {
        assert!(waiter.poll_outcome(&waker).is_pending());
        let other = Waker::from(Arc::new(Nosy(1)));
        assert!(waiter.poll_outcome(&other).is_pending());
    }
    {
        let mut debris = Debris::new();
        let mut table = nest.0.lock().unwrap();
        assert!(table.land(&lead, 0, &mut debris));
    }
    lead.land(&Nosy(5));
    let [mut first, second, third] = waiters;
    let landed = first.poll_outcome(&waker);
    assert!(matches!(&landed, Poll::Ready(Outcome::Landed(Nosy(5)))));
    drop((second, third, landed));
    for key in 2..9 {
        drop(board(key));
    }
    let mut debris = Debris::new();
    let mut table = nest.0.lock().unwrap();
    for key in 2..9 {
        let (token, other) = (Nosy(key), Nosy(0));
        drop(table);
        table = nest.0.lock().unwrap();
        table.token(0, token, 0, &mut debris);
        table.detach(0, &other, &mut debris);
        drop(table);
        drop(other);
        table = nest.0.lock().unwrap();
    }
    drop(table);
    drop(debris);
    *NOSY.lock().unwrap() = None;
}

/// Counts its clones.
struct Copied(Arc<AtomicUsize>);

impl Clone for Copied {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

#[test]
fn a_value_is_cloned_once_per_waiter() {
    for waiters in 0..3 {
        let mut table = FlightTable::<u64, Copied>::new(rules(ManualClock::new()));
        let mut debris = Debris::new();
        let Ok(Boarding::Lead(lead)) = table.board(1, 1, 0, &mut debris) else {
            panic!("it leads");
        };
        let waiting: Vec<_> = (0..waiters)
            .map(|_| match table.board(1, 1, 0, &mut debris) {
                Ok(Boarding::Wait(waiter)) => waiter,
                _ => panic!("it waits"),
            })
            .collect();
        let value = Copied(Arc::default());
        assert!(table.land(&lead, 0, &mut debris) && lead.land(&value));
        let got: Vec<_> = waiting.into_iter().map(Passenger::wait).collect();
        assert_eq!(value.0.load(Ordering::Relaxed), got.len());
    }
}

/// A clock that panics when it is asked to.
#[derive(Debug)]
struct Panics(ManualClock, Arc<AtomicBool>);

impl Clock for Panics {
    fn now(&self) -> Tick {
        assert!(!self.1.load(Ordering::Relaxed), "on purpose");
        self.0.now()
    }

    fn timers(&self) -> &Timers {
        self.0.timers()
    }
}

#[test]
fn a_clock_that_panics_stops_nobody() {
    let broken = Arc::new(AtomicBool::new(false));
    let shard = Shard::new(rules(Panics(ManualClock::new(), broken.clone())));
    let mut lead = leader(shard.start(1));
    let mut waiters = [0; 3].map(|_| Waiter::board(&shard, 1));
    broken.store(true, Ordering::Relaxed);
    poll_once(&mut lead).wake();
    assert!(waiters[0].rings() > 0, "it has to look for itself");
    let poll = AssertUnwindSafe(|| waiters[0].poll());
    assert!(catch_unwind(poll).is_err());
    let [first, second, third] = waiters;
    drop(first);
    drop(lead);
    second.rings();
    broken.store(false, Ordering::Relaxed);
    let mut second = second;
    let Poll::Ready(Outcome::Lead(lead)) = second.poll() else {
        panic!("it leads");
    };
    // It may have been woken before, and has not looked since.
    let mut third = third;
    assert!(third.poll().is_pending());
    third.rings();
    assert_eq!(shard.finish(1, lead, Ok(1)), (true, true));
    assert_eq!(third.shares(), Answer::Shared(Ok(1)));
}

#[test]
fn without_timers_the_lead_is_taken_over_by_polling() {
    let mut rules = rules(Threadless::new());
    rules.patience = Duration::from_millis(2);
    let shard = Shard::new(rules);
    let mut lead = leader(shard.start(1));
    let waiter = passenger(shard.start(1));
    poll_once(&mut lead).wake();
    assert!(matches!(waiter.wait(), Outcome::Lead(_)));
    drop(lead);
}

#[test]
fn a_thread_takes_over_by_the_real_clock() {
    let mut rules = rules(MonotonicClock::new());
    rules.patience = Duration::from_millis(1);
    let shard = Arc::new(Shard::new(rules));
    let mut lead = leader(shard.start(1));
    let (sender, receiver) = mpsc::channel();
    let waiter = {
        let shard = shard.clone();
        std::thread::spawn(move || {
            let mut waiter = passenger(shard.start(1));
            assert!(waiter.poll_outcome(Waker::noop()).is_pending());
            sender.send(()).unwrap();
            let Outcome::Lead(lead) = waiter.wait() else {
                panic!("nobody landed");
            };
            shard.finish(1, lead, Ok(8))
        })
    };
    receiver.recv().unwrap();
    poll_once(&mut lead).wake();
    assert_eq!(waiter.join().unwrap(), (true, true));
    assert_eq!(shard.finish(1, lead, Ok(7)), (false, false));
    assert_eq!(shard.peek(1), Some(8));
}

#[test]
fn futures_can_be_sent() {
    fn sent<T: Send>(_: T) {}
    let (_, shard) = simulated();
    sent(leader(shard.start(1)));
    sent(shard.start(1));
    let shared = shard.clone();
    sent(async move {
        shared
            .get_or_load_async(1, Tick::MAX, || async { Ok(1) })
            .await
    });
}
