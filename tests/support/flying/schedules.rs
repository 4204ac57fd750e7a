//! Loads by threads and tasks, in many random schedules. Who waits for ever is found by the checker: it calls it a deadlock.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use shuttle::{future, thread};
use tenfold::__kernel::{Outcome, Passenger, block_on};
use tenfold::clock::{Clock, ManualClock, Tick};

use super::rooms::{Denied, Rules};
use super::shard::{Answer, Shard, Value, leader, passenger};
use crate::explore;
use crate::red::must_fail;

const PATIENCE: Duration = Duration::from_nanos(50);
const KEYS: usize = 2;

/// A shard and its source of truth, whose versions only grow, with what has to hold for whoever reads it.
struct World {
    shard: Shard,
    clock: ManualClock,
    truth: [AtomicU64; KEYS],
    /// The version of a key that a fence has returned for.
    fenced: [AtomicU64; KEYS],
    loads: AtomicUsize,
}

impl World {
    fn new() -> Arc<Self> {
        let clock = ManualClock::new();
        let mut rules = Rules::new(Arc::new(clock.clone()));
        rules.patience = PATIENCE;
        Arc::new(Self {
            shard: Shard::new(rules),
            clock,
            truth: Default::default(),
            fenced: Default::default(),
            loads: AtomicUsize::new(0),
        })
    }

    fn truth(&self, key: u64) -> u64 {
        self.truth[key as usize].load(Ordering::SeqCst)
    }

    fn load(&self, key: u64) -> Value {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let value = self.truth(key);
        thread::yield_now();
        Ok(value)
    }

    async fn load_async(&self, key: u64) -> Value {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let value = self.truth(key);
        future::yield_now().await;
        Ok(value)
    }

    /// The least version that a call which begins now may see.
    fn least(&self, key: u64) -> u64 {
        self.fenced[key as usize].load(Ordering::SeqCst)
    }

    fn read(&self, key: u64) -> Answer {
        let least = self.least(key);
        let answer = self.shard.get_or_load(key, Tick::MAX, || self.load(key));
        self.check(key, least, answer)
    }

    async fn read_async(&self, key: u64) -> Answer {
        let least = self.least(key);
        let load = || self.load_async(key);
        let answer = self.shard.get_or_load_async(key, Tick::MAX, load).await;
        self.check(key, least, answer)
    }

    fn check(&self, key: u64, least: u64, answer: Answer) -> Answer {
        if let Some(value) = answer.value() {
            assert!(
                (least..=self.truth(key)).contains(&value),
                "an old version: {value} of {key} after {least}"
            );
        }
        answer
    }

    /// The truth changes, and what is known of it is fenced.
    fn write(&self, key: u64, how: usize) {
        let version = self.truth[key as usize].fetch_add(1, Ordering::SeqCst) + 1;
        thread::yield_now();
        match how {
            0 => _ = self.shard.remove(key),
            1 => self.shard.clear(),
            2 => self.shard.next_epoch(),
            _ => self.shard.insert(key, version),
        }
        self.fenced[key as usize].fetch_max(version, Ordering::SeqCst);
    }

    /// All is quiet: what is kept is true, and nothing waits.
    fn end(&self) {
        for key in 0..KEYS as u64 {
            let kept = self.shard.peek(key);
            assert!(
                kept.is_none_or(|kept| kept >= self.least(key)),
                "an old version was kept"
            );
            // A look at what nobody uses any more.
            self.shard.remove(key);
        }
        self.shard.remove(0);
        assert_eq!(self.shard.under_way(), 0);
        assert!(self.clock.timers().is_empty());
    }
}

fn block_on_future<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    block_on(|waker| future.as_mut().poll(&mut Context::from_waker(waker)))
}

type Join = Box<dyn FnOnce()>;

fn in_thread(work: impl FnOnce() + Send + 'static) -> Join {
    let thread = thread::spawn(work);
    Box::new(move || thread.join().unwrap())
}

fn as_task(work: impl Future<Output = ()> + Send + 'static) -> Join {
    let task = future::spawn(work);
    Box::new(move || future::block_on(task).unwrap())
}

/// A reader of a key: every other one a task.
fn reader(world: &Arc<World>, name: usize, key: u64) -> Join {
    let world = world.clone();
    if name % 2 == 0 {
        in_thread(move || _ = world.read(key))
    } else {
        as_task(async move { _ = world.read_async(key).await })
    }
}

/// Nobody writes: there is one load.
fn racing_callers() {
    let world = World::new();
    let readers: Vec<_> = (0..6).map(|name| reader(&world, name, 1)).collect();
    readers.into_iter().for_each(|join| join());
    assert_eq!(world.loads.load(Ordering::SeqCst), 1, "more than one load");
    world.end();
}

#[test]
fn any_number_of_callers_is_one_load() {
    explore(racing_callers);
}

#[test]
fn red_when_whoever_boards_leads() {
    let test = "flying::schedules::any_number_of_callers_is_one_load";
    must_fail(test, "LeadTwice", "more than one load");
}

#[test]
fn red_when_only_one_is_told() {
    let test = "flying::schedules::any_number_of_callers_is_one_load";
    must_fail(test, "WakeFirst", "deadlock");
}

/// Two keys are read while they change, and fenced one by one, all at once, and by the owner's epoch.
fn readers_and_writers() {
    let world = World::new();
    let mut parties: Vec<_> = (0..5)
        .map(|name| reader(&world, name, name as u64 % 2))
        .collect();
    parties.push({
        let world = world.clone();
        in_thread(move || {
            world.write(0, 0);
            world.read(0);
            world.write(1, 1);
        })
    });
    parties.push({
        let world = world.clone();
        as_task(async move {
            world.write(0, 2);
            world.read_async(0).await;
        })
    });
    parties.into_iter().for_each(|join| join());
    assert!(world.shard.most_leads() <= 1, "two loads under one fence");
    world.end();
}

#[test]
fn no_version_comes_back() {
    explore(readers_and_writers);
}

#[test]
fn red_when_a_change_leaves_the_load_attached() {
    let test = "flying::schedules::no_version_comes_back";
    must_fail(test, "KeepAttached", "an old version");
}

#[test]
fn red_when_a_load_is_kept_unasked() {
    let test = "flying::schedules::no_version_comes_back";
    must_fail(test, "LandUnasked", "an old version");
}

#[test]
fn red_when_epochs_are_not_compared() {
    let test = "flying::schedules::no_version_comes_back";
    must_fail(test, "KeepEpoch", "an old version");
}

/// Holders of tokens against writers and loads: what they bring is as new as what is there.
fn tokens_and_writers() {
    let world = World::new();
    let mut parties: Vec<_> = (0..3)
        .map(|_| {
            let world = world.clone();
            in_thread(move || {
                let least = world.least(0);
                match world.shard.get_or_token(0) {
                    Ok(value) => assert!(value >= least, "an old version: {value} after {least}"),
                    Err(token) => {
                        let value = world.truth(0);
                        thread::yield_now();
                        world.shard.fill(0, &token, value);
                    }
                }
            })
        })
        .collect();
    parties.push(reader(&world, 1, 0));
    let writer = world.clone();
    parties.push(in_thread(move || {
        writer.write(0, 0);
        writer.write(0, 3);
    }));
    parties.into_iter().for_each(|join| join());
    world.end();
}

#[test]
fn no_token_brings_an_old_version() {
    explore(tokens_and_writers);
}

#[test]
fn red_when_tokens_are_honoured_unasked() {
    let test = "flying::schedules::no_token_brings_an_old_version";
    must_fail(test, "FillUnasked", "an old version");
}

/// Waits, and is dropped after some polls, whatever it was offered by then.
fn doomed(mut waiter: Passenger<Value>, polls: usize) -> Join {
    as_task(async move {
        for _ in 0..polls {
            let mut look = |context: &mut Context<'_>| Pin::new(&mut waiter).poll(context);
            if std::future::poll_fn(|context| Poll::Ready(look(context).is_ready())).await {
                return;
            }
            future::yield_now().await;
        }
    })
}

/// A leader ends without a value while some of those that wait give up: the first of the others leads, and serves the rest.
fn hand_over() {
    let world = World::new();
    let lead = leader(world.shard.start(0));
    let board = || passenger(world.shard.start(0));
    let mut parties = vec![doomed(board(), 1), doomed(board(), 2)];
    for _ in 0..2 {
        let (waiter, shared) = (board(), world.clone());
        parties.push(as_task(async move {
            if let Outcome::Lead(lead) = waiter.await {
                shared.shard.finish(0, lead, shared.load(0));
            }
        }));
        let (waiter, shared) = (board(), world.clone());
        parties.push(in_thread(move || {
            if let Outcome::Lead(lead) = waiter.wait() {
                shared.shard.finish(0, lead, shared.load(0));
            }
        }));
    }
    parties.push(in_thread(move || drop(lead)));
    parties.into_iter().for_each(|join| join());
    assert_eq!(world.loads.load(Ordering::SeqCst), 1, "more than one load");
    world.end();
}

#[test]
fn the_lead_is_handed_to_one() {
    explore(hand_over);
}

#[test]
fn red_when_a_waiter_swallows_the_lead() {
    let test = "flying::schedules::the_lead_is_handed_to_one";
    must_fail(test, "SwallowGrant", "deadlock");
}

#[test]
fn red_when_a_leader_tells_nobody() {
    let test = "flying::schedules::the_lead_is_handed_to_one";
    must_fail(test, "DropLead", "deadlock");
}

/// Leaders that end without a value, waiters that give up, and failures: everybody else comes to an end, with the truth.
fn some_give_up() {
    let world = World::new();
    let lead = leader(world.shard.start(0));
    let mut parties = vec![doomed(passenger(world.shard.start(0)), 1)];
    parties.extend((0..4).map(|name| reader(&world, name, 0)));
    parties.push(in_thread(move || drop(lead)));
    // Leads or waits, and is dropped in the middle of it.
    let dropped = world.clone();
    parties.push(as_task(async move {
        let mut read = Box::pin(dropped.read_async(0));
        let poll = |context: &mut Context<'_>| Poll::Ready(read.as_mut().poll(context).is_ready());
        std::future::poll_fn(poll).await;
        future::yield_now().await;
    }));
    let failing = world.clone();
    parties.push(in_thread(move || {
        let load = || Err("on purpose");
        failing.shard.get_or_load(0, Tick::MAX, load);
    }));
    parties.into_iter().for_each(|join| join());
    world.end();
}

#[test]
fn who_gives_up_takes_nothing_along() {
    explore(some_give_up);
}

/// Deadlines come while a load is under way: who is late leaves, and the others get the value.
fn deadlines() {
    let world = World::new();
    let mut parties = vec![reader(&world, 0, 0), reader(&world, 1, 0)];
    for name in 0..3 {
        let (world, due) = (world.clone(), Tick::from_nanos(10 * (name + 1)));
        parties.push(in_thread(move || {
            let answer = world.shard.get_or_load(0, due, || world.load(0));
            assert!(answer == Answer::TimedOut || answer.value().is_some());
        }));
    }
    for _ in 0..3 {
        world.clock.advance(Duration::from_nanos(10));
        thread::yield_now();
    }
    parties.into_iter().for_each(|join| join());
    assert_eq!(world.loads.load(Ordering::SeqCst), 1, "more than one load");
    world.end();
}

#[test]
fn deadlines_are_for_each_on_its_own() {
    explore(deadlines);
}

/// Futures that lead, or are handed the lead, are polled once and then only after everybody else has a value.
fn some_are_not_polled() {
    let world = World::new();
    let parked = Arc::new(Mutex::new(Vec::new()));
    let stuck = (0..2).map(|_| {
        let (world, parked) = (world.clone(), parked.clone());
        as_task(async move {
            let mut read = Box::pin(async move { _ = world.read_async(0).await });
            let mut poll = |context: &mut Context<'_>| read.as_mut().poll(context).is_pending();
            if std::future::poll_fn(|context| Poll::Ready(poll(context))).await {
                parked.lock().unwrap().push(read);
            }
        })
    });
    let stuck: Vec<_> = stuck.collect();
    let left = Arc::new(AtomicUsize::new(3));
    let waiting = (0..3).map(|name| {
        let (world, left) = (world.clone(), left.clone());
        as_task(async move {
            if name == 0 {
                world.read(0);
            } else {
                world.read_async(0).await;
            }
            left.fetch_sub(1, Ordering::SeqCst);
        })
    });
    let waiting: Vec<_> = waiting.collect();
    for _ in 0..1_000 {
        if left.load(Ordering::SeqCst) == 0 {
            break;
        }
        world.clock.advance(PATIENCE);
        thread::yield_now();
    }
    waiting.into_iter().for_each(|join| join());
    stuck.into_iter().for_each(|join| join());
    // Whatever became of their loads: nobody else gets it, unless they still lead.
    let parked = std::mem::take(&mut *parked.lock().unwrap());
    parked.into_iter().for_each(block_on_future);
    world.end();
}

#[test]
fn the_lead_does_not_stick() {
    explore(some_are_not_polled);
}

#[test]
fn red_when_a_leader_that_is_not_polled_keeps_the_lead() {
    let test = "flying::schedules::the_lead_does_not_stick";
    must_fail(test, "KeepUnpolledLead", "deadlock");
}

#[test]
fn red_when_a_waiter_that_is_not_polled_keeps_the_lead() {
    let test = "flying::schedules::the_lead_does_not_stick";
    must_fail(test, "KeepUnpolledTurn", "deadlock");
}

/// Each loader wants the key of the next one, in a ring of three: whoever would close it is told, and everybody comes to an end.
fn loads_in_a_ring() {
    let world = World::new();
    let told = Arc::new(AtomicUsize::new(0));
    let tell = |told: &AtomicUsize, answer: Answer| -> Value {
        if answer == Answer::Denied(Denied::Recursive) {
            told.fetch_add(1, Ordering::SeqCst);
        }
        answer.value().ok_or("in a circle")
    };
    let parties: Vec<_> = (0..3_u64)
        .map(|key| {
            let (world, told) = (world.clone(), told.clone());
            let next = (key + 1) % 3;
            if key == 0 {
                in_thread(move || {
                    let inner = || Ok(next);
                    let load = || tell(&told, world.shard.get_or_load(next, Tick::MAX, inner));
                    world.shard.get_or_load(key, Tick::MAX, load);
                })
            } else {
                as_task(async move {
                    let inner = || async { Ok(next) };
                    let nested = world.shard.get_or_load_async(next, Tick::MAX, inner);
                    let load = || async { tell(&told, nested.await) };
                    world.shard.get_or_load_async(key, Tick::MAX, load).await;
                })
            }
        })
        .collect();
    parties.into_iter().for_each(|join| join());
    assert!(told.load(Ordering::SeqCst) <= 1, "more than one was told");
    (0..3).for_each(|key| _ = world.shard.remove(key));
    assert_eq!(world.shard.under_way(), 0);
}

#[test]
fn a_ring_of_loads_comes_to_an_end() {
    explore(loads_in_a_ring);
}

#[test]
fn red_when_the_ring_is_closed() {
    let test = "flying::schedules::a_ring_of_loads_comes_to_an_end";
    must_fail(test, "CloseCircle", "deadlock");
}
