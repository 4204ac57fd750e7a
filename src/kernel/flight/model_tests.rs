//! A shard with flights against lists that are searched from the front: random steps of leaders, waiters, writers and holders of tokens,
//! on a clock that is moved between them.

use std::collections::HashMap;
use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use proptest::prelude::*;

use super::tests::rooms::{Boarding, Denied, Leader, Outcome, Passenger, Rules, Token};
use super::tests::shard::{Shard, Start, Value};
use crate::kernel::clock::{Clock, ManualClock};

const KEYS: u64 = 4;
const PATIENCE: u64 = 10;
const MAX_WAITERS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Step {
    Board(u64),
    Insert(u64),
    Remove(u64),
    Clear,
    NextEpoch,
    /// The others name one of those that there are.
    Land(usize, bool),
    DropLeader(usize),
    /// Polls a loader that is not ready, and may wake its own task.
    PollLeader(usize, bool),
    WakeLeader(usize),
    PollWaiter(usize),
    DropWaiter(usize),
    Token(u64),
    Fill(usize),
    DropToken(usize),
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..KEYS;
    let one = || 0..16_usize;
    let step = prop_oneof![
        6 => key().prop_map(Step::Board),
        1 => key().prop_map(Step::Insert),
        2 => key().prop_map(Step::Remove),
        1 => Just(Step::Clear),
        1 => Just(Step::NextEpoch),
        2 => (one(), any::<bool>()).prop_map(|(one, ok)| Step::Land(one, ok)),
        2 => one().prop_map(Step::DropLeader),
        3 => (one(), any::<bool>()).prop_map(|(one, wakes)| Step::PollLeader(one, wakes)),
        2 => one().prop_map(Step::WakeLeader),
        5 => one().prop_map(Step::PollWaiter),
        2 => one().prop_map(Step::DropWaiter),
        1 => key().prop_map(Step::Token),
        1 => one().prop_map(Step::Fill),
        1 => one().prop_map(Step::DropToken),
        4 => (0..=2 * PATIENCE).prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..120)
}

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is naively known.
#[derive(Default)]
struct Model {
    now: u64,
    flights: Vec<Flight>,
    /// The flight of each key that is joined and may be stored.
    attached: HashMap<u64, usize>,
    stored: HashMap<u64, u64>,
    /// How often each key was changed.
    changes: HashMap<u64, u64>,
}

#[derive(Default)]
struct Flight {
    /// Who leads, if anybody, and since when it has been woken and not polled. It may be polled at all only if it is a task.
    leader: Option<usize>,
    parked: bool,
    woken: Option<u64>,
    line: Vec<(usize, Phase)>,
    landed: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Waiting,
    Offered(u64),
    Asleep,
}

#[derive(Debug, PartialEq)]
enum Boarded {
    Found(u64),
    Leads,
    Waits,
    Full,
}

impl Model {
    fn board(&mut self, key: u64, name: usize) -> (Boarded, usize) {
        if let Some(value) = self.stored.get(&key) {
            return (Boarded::Found(*value), 0);
        }
        let Some(&at) = self.attached.get(&key) else {
            self.attached.insert(key, self.flights.len());
            self.flights.push(Flight {
                leader: Some(name),
                ..Flight::default()
            });
            return (Boarded::Leads, self.flights.len() - 1);
        };
        let flight = &mut self.flights[at];
        if flight.leader.is_none() && flight.offered().is_none() {
            flight.lead(name);
            return (Boarded::Leads, at);
        }
        if flight.line.len() >= MAX_WAITERS {
            return (Boarded::Full, at);
        }
        flight.line.push((name, Phase::Waiting));
        (Boarded::Waits, at)
    }

    fn change(&mut self, key: u64) {
        *self.changes.entry(key).or_default() += 1;
        self.attached.remove(&key);
        self.stored.remove(&key);
    }

    fn changes(&self, key: u64) -> u64 {
        self.changes.get(&key).copied().unwrap_or(0)
    }
}

impl Flight {
    fn lead(&mut self, name: usize) {
        (self.leader, self.parked, self.woken) = (Some(name), false, None);
    }

    fn offered(&self) -> Option<usize> {
        let offered = |(_, phase): &(usize, Phase)| matches!(phase, Phase::Offered(_));
        self.line.iter().position(offered)
    }

    fn offer(&mut self, now: u64) {
        let waits = |(_, phase): &&mut (usize, Phase)| *phase == Phase::Waiting;
        if let Some(first) = self.line.iter_mut().find(waits) {
            first.1 = Phase::Offered(now);
        }
    }

    fn give_up(&mut self, now: u64) {
        self.leader = None;
        self.woken = None;
        self.offer(now);
    }

    /// Whoever was called too long ago loses the lead, if another one waits.
    fn attend(&mut self, now: u64) {
        if self.landed.is_some() || !self.line.iter().any(|(_, phase)| *phase == Phase::Waiting) {
            return;
        }
        if self.leader.is_some() {
            if self.woken.is_some_and(|since| now - since >= PATIENCE) {
                self.give_up(now);
            }
        } else if let Some(at) = self.offered() {
            let Phase::Offered(since) = self.line[at].1 else {
                return;
            };
            if now - since >= PATIENCE {
                self.line[at].1 = Phase::Asleep;
                self.offer(now);
            }
        } else {
            self.offer(now);
        }
    }

    fn phase(&self, name: usize) -> Option<Phase> {
        let place = self.line.iter().find(|(own, _)| *own == name);
        place.map(|(_, phase)| *phase)
    }

    fn leave(&mut self, name: usize) -> Option<Phase> {
        let phase = self.phase(name);
        self.line.retain(|(own, _)| *own != name);
        phase
    }
}

struct LeaderHere {
    name: usize,
    key: u64,
    flight: usize,
    leader: Leader<Value>,
    waker: Option<Waker>,
}

struct WaiterHere {
    name: usize,
    key: u64,
    flight: usize,
    passenger: Passenger<Value>,
    bell: Arc<Bell>,
}

struct World {
    clock: ManualClock,
    shard: Shard,
    model: Model,
    leaders: Vec<LeaderHere>,
    waiters: Vec<WaiterHere>,
    tokens: Vec<(u64, Token, u64)>,
    names: usize,
}

fn pick<T>(list: &mut [T], one: usize) -> Option<&mut T> {
    let at = one % list.len().max(1);
    list.get_mut(at)
}

fn take<T>(list: &mut Vec<T>, one: usize) -> Option<T> {
    (!list.is_empty()).then(|| list.remove(one % list.len()))
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        let mut rules = Rules::new(Arc::new(clock.clone()));
        rules.patience = Duration::from_nanos(PATIENCE);
        rules.max_waiters = MAX_WAITERS;
        Self {
            clock,
            shard: Shard::new(rules),
            model: Model::default(),
            leaders: Vec::new(),
            waiters: Vec::new(),
            tokens: Vec::new(),
            names: 0,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Board(key) => self.board(key),
            Step::Insert(key) => {
                self.names += 1;
                let value = self.names as u64;
                self.shard.insert(key, value);
                self.model.change(key);
                self.model.stored.insert(key, value);
            }
            Step::Remove(key) => {
                self.shard.remove(key);
                self.model.change(key);
            }
            Step::Clear | Step::NextEpoch => {
                match step {
                    Step::Clear => self.shard.clear(),
                    _ => self.shard.next_epoch(),
                }
                (0..KEYS).for_each(|key| self.model.change(key));
            }
            Step::Land(one, ok) => self.land(one, ok),
            Step::DropLeader(one) => {
                let Some(LeaderHere { name, flight, .. }) = take(&mut self.leaders, one) else {
                    return;
                };
                let now = self.model.now;
                let flight = &mut self.model.flights[flight];
                if flight.leader == Some(name) {
                    flight.give_up(now);
                }
            }
            Step::PollLeader(one, wakes) => self.poll_leader(one, wakes),
            Step::WakeLeader(one) => {
                let Some(here) = pick(&mut self.leaders, one) else {
                    return;
                };
                let Some(waker) = &here.waker else { return };
                waker.wake_by_ref();
                let now = self.model.now;
                let flight = &mut self.model.flights[here.flight];
                if flight.leader == Some(here.name) && flight.parked && flight.woken.is_none() {
                    flight.woken = Some(now);
                }
            }
            Step::PollWaiter(one) => {
                if let Some(waiter) = take(&mut self.waiters, one) {
                    self.poll_waiter(waiter);
                }
            }
            Step::DropWaiter(one) => {
                let Some(here) = take(&mut self.waiters, one) else {
                    return;
                };
                drop(here.passenger);
                let now = self.model.now;
                let flight = &mut self.model.flights[here.flight];
                let left = flight.leave(here.name);
                if matches!(left, Some(Phase::Offered(_))) && flight.landed.is_none() {
                    flight.offer(now);
                }
            }
            Step::Token(key) => {
                let got = self.shard.get_or_token(key);
                let stored = self.model.stored.get(&key).copied();
                match got {
                    Ok(value) => assert_eq!(Some(value), stored),
                    Err(token) => {
                        assert!(stored.is_none() && !token.is_void());
                        self.tokens.push((key, token, self.model.changes(key)));
                    }
                }
            }
            Step::Fill(one) => {
                let Some((key, token, changes)) = take(&mut self.tokens, one) else {
                    return;
                };
                self.names += 1;
                let value = self.names as u64;
                let filled = self.shard.fill(key, &token, value);
                assert_eq!(filled, changes == self.model.changes(key));
                if filled {
                    self.model.change(key);
                    self.model.stored.insert(key, value);
                }
            }
            Step::DropToken(one) => drop(take(&mut self.tokens, one)),
            Step::Advance(by) => {
                self.clock.advance(Duration::from_nanos(by));
                self.model.now += by;
                let now = self.model.now;
                for flight in &mut self.model.flights {
                    flight.attend(now);
                }
            }
        }
    }

    fn board(&mut self, key: u64) {
        self.names += 1;
        let name = self.names;
        let (expected, flight) = self.model.board(key, name);
        let boarded = match self.shard.start(key) {
            Start::Found(value) => Boarded::Found(value),
            Start::Denied(Denied::TooManyWaiters) => Boarded::Full,
            Start::Denied(denied) => panic!("{denied:?}"),
            Start::Boarded(Boarding::Lead(leader)) => {
                self.lead(name, key, flight, leader);
                Boarded::Leads
            }
            Start::Boarded(Boarding::Wait(passenger)) => {
                let bell = Arc::default();
                self.poll_waiter(WaiterHere {
                    name,
                    key,
                    flight,
                    passenger,
                    bell,
                });
                Boarded::Waits
            }
        };
        assert_eq!(boarded, expected);
    }

    fn lead(&mut self, name: usize, key: u64, flight: usize, leader: Leader<Value>) {
        self.leaders.push(LeaderHere {
            name,
            key,
            flight,
            leader,
            waker: None,
        });
    }

    fn land(&mut self, one: usize, ok: bool) {
        let Some(here) = take(&mut self.leaders, one) else {
            return;
        };
        let value = if ok {
            Ok(here.name as u64)
        } else {
            Err("on purpose")
        };
        let leads = self.model.flights[here.flight].leader == Some(here.name);
        let attached = leads && self.model.attached.get(&here.key) == Some(&here.flight);
        assert_eq!(here.leader.leads(), leads);
        let finished = self.shard.finish(here.key, here.leader, value);
        assert_eq!(finished, (attached && ok, leads));
        if attached {
            self.model.attached.remove(&here.key);
        }
        if let (true, Ok(value)) = (attached, value) {
            self.model.change(here.key);
            self.model.stored.insert(here.key, value);
        }
        if leads {
            let flight = &mut self.model.flights[here.flight];
            flight.landed = Some(value);
            flight.leader = None;
        }
    }

    fn poll_leader(&mut self, one: usize, wakes: bool) {
        let Some(here) = pick(&mut self.leaders, one) else {
            return;
        };
        let mut given = None;
        let load = std::future::poll_fn(|context: &mut Context<'_>| {
            given = Some(context.waker().clone());
            if wakes {
                context.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        let mut context = Context::from_waker(Waker::noop());
        assert!(here.leader.poll_with(&mut context, pin!(load)).is_pending());
        here.waker = given;
        let now = self.model.now;
        let flight = &mut self.model.flights[here.flight];
        if flight.leader == Some(here.name) {
            flight.parked = true;
            flight.woken = wakes.then_some(now);
        }
    }

    fn poll_waiter(&mut self, mut here: WaiterHere) {
        here.bell.0.store(0, Ordering::Relaxed);
        let waker = Waker::from(here.bell.clone());
        let polled = Pin::new(&mut here.passenger).poll(&mut Context::from_waker(&waker));
        let now = self.model.now;
        let flight = &mut self.model.flights[here.flight];
        if let Some(landed) = flight.landed {
            let Poll::Ready(Outcome::Landed(value)) = polled else {
                panic!("{polled:?} instead of {landed:?}");
            };
            assert_eq!(value, landed);
            flight.leave(here.name);
            return;
        }
        let name = here.name;
        let asleep = |(own, phase): &&mut (usize, Phase)| *own == name && *phase == Phase::Asleep;
        if let Some(own) = flight.line.iter_mut().find(asleep) {
            own.1 = Phase::Waiting;
        }
        if flight.phase(name) == Some(Phase::Waiting) {
            flight.attend(now);
        }
        match (flight.phase(name), polled) {
            (Some(Phase::Offered(_)), Poll::Ready(Outcome::Lead(leader))) => {
                flight.leave(name);
                flight.lead(name);
                let WaiterHere { key, flight, .. } = here;
                self.lead(name, key, flight, leader);
            }
            (Some(Phase::Waiting), Poll::Pending) => self.waiters.push(here),
            (phase, polled) => panic!("{polled:?} for one that is {phase:?}"),
        }
    }

    fn check(&self) {
        for key in 0..KEYS {
            assert_eq!(self.shard.peek(key), self.model.stored.get(&key).copied());
        }
        for waiter in &self.waiters {
            let flight = &self.model.flights[waiter.flight];
            let phase = flight.phase(waiter.name);
            let has_news = flight.landed.is_some() || matches!(phase, Some(Phase::Offered(_)));
            let woken = waiter.bell.0.load(Ordering::Relaxed) > 0;
            // Who is asleep was woken before, and did not come.
            assert!(woken || !has_news, "a waiter was not woken");
            assert!(woken || phase != Some(Phase::Asleep));
        }
    }

    fn end(mut self) {
        self.waiters.clear();
        self.leaders.clear();
        self.tokens.clear();
        self.clock.advance(Duration::from_nanos(PATIENCE));
        assert!(self.clock.timers().is_empty(), "an alarm without a waiter");
        (0..KEYS).for_each(|key| _ = self.shard.remove(key));
        assert_eq!(self.shard.under_way(), 0, "something is left");
    }
}

proptest! {
    #[test]
    fn a_shard_does_what_lists_do(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
        world.end();
    }
}

/// As long as a loader is not ready nobody gets anything, however often it is polled.
#[test]
fn a_loader_that_never_comes_is_led_for_ever() {
    let mut world = World::new();
    world.take(Step::Board(1));
    world.take(Step::Board(1));
    let here = pick(&mut world.leaders, 0).unwrap();
    let mut load = pin!(pending::<()>());
    for _ in 0..3 {
        let mut context = Context::from_waker(Waker::noop());
        assert!(
            here.leader
                .poll_with(&mut context, load.as_mut())
                .is_pending()
        );
        world.clock.advance(Duration::from_nanos(10 * PATIENCE));
        assert!(here.leader.leads());
    }
    assert_eq!(world.waiters[0].bell.0.load(Ordering::Relaxed), 0);
}
