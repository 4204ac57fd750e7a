//! The smallest owner of a table of flights, standing for a cache: what is stored and what is being loaded, under one lock.
//!
//! It is compiled into the crate's own tests as well; `rooms` is what the including module calls the rooms of the kernel.

use std::collections::HashMap;
use std::pin::pin;

use super::rooms::{
    Boarding, Debris, Denied, FlightTable, Leader, Mutex, Outcome, Passenger, Rules, Tick, Token,
};

/// What a load brings; a failure is not stored.
pub(crate) type Value = Result<u64, &'static str>;

pub(crate) struct Shard(Mutex<State>);

struct State {
    flights: FlightTable<u64, Value>,
    stored: HashMap<u64, u64>,
    /// The owner's own fence for all keys.
    epoch: u64,
    /// How often all keys were fenced, and how often each one; and after how many of these somebody boarded as a leader.
    wiped: u64,
    fences: HashMap<u64, u64>,
    led: HashMap<(u64, u64), usize>,
}

/// Where a caller got, without having waited.
pub(crate) enum Start {
    Found(u64),
    Boarded(Boarding<Value>),
    Denied(Denied),
}

/// What a caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Found(u64),
    /// By its own load.
    Loaded(Value),
    /// By another one's.
    Shared(Value),
    TimedOut,
    Denied(Denied),
}

impl Answer {
    pub(crate) fn value(self) -> Option<u64> {
        match self {
            Self::Found(value) | Self::Loaded(Ok(value)) | Self::Shared(Ok(value)) => Some(value),
            _ => None,
        }
    }
}

/// Few keys have the same hash.
const fn hash(key: u64) -> u64 {
    key / 2
}

impl Shard {
    pub(crate) fn new(rules: Rules) -> Self {
        Self(Mutex::new(State {
            flights: FlightTable::new(rules),
            stored: HashMap::new(),
            epoch: 0,
            wiped: 0,
            fences: HashMap::new(),
            led: HashMap::new(),
        }))
    }

    /// What is done under the lock. What it leaves behind is dropped after it.
    fn locked<R>(&self, action: impl FnOnce(&mut State, &mut Debris<u64, Value>) -> R) -> R {
        let mut debris = Debris::new();
        let mut state = self.0.lock().unwrap();
        let result = action(&mut state, &mut debris);
        state.flights.check_invariants();
        result
    }

    pub(crate) fn start(&self, key: u64) -> Start {
        self.locked(|state, debris| {
            if let Some(value) = state.stored.get(&key) {
                return Start::Found(*value);
            }
            let boarded = state.flights.board(hash(key), key, state.epoch, debris);
            if matches!(boarded, Ok(Boarding::Lead(_))) {
                let fences = state.wiped + state.fences.get(&key).copied().unwrap_or(0);
                *state.led.entry((key, fences)).or_default() += 1;
            }
            boarded.map_or_else(Start::Denied, Start::Boarded)
        })
    }

    pub(crate) fn get_or_load(&self, key: u64, due: Tick, load: impl FnOnce() -> Value) -> Answer {
        let leader = match self.start(key) {
            Start::Found(value) => return Answer::Found(value),
            Start::Denied(denied) => return Answer::Denied(denied),
            Start::Boarded(Boarding::Lead(leader)) => leader,
            Start::Boarded(Boarding::Wait(passenger)) => match passenger.until(due).wait() {
                Outcome::Lead(leader) => leader,
                outcome => return answer(outcome),
            },
        };
        let value = leader.run(load);
        self.finish(key, leader, value);
        Answer::Loaded(value)
    }

    pub(crate) async fn get_or_load_async<F: Future<Output = Value>>(
        &self,
        key: u64,
        due: Tick,
        load: impl FnOnce() -> F,
    ) -> Answer {
        let mut leader = match self.start(key) {
            Start::Found(value) => return Answer::Found(value),
            Start::Denied(denied) => return Answer::Denied(denied),
            Start::Boarded(Boarding::Lead(leader)) => leader,
            Start::Boarded(Boarding::Wait(passenger)) => match passenger.until(due).await {
                Outcome::Lead(leader) => leader,
                outcome => return answer(outcome),
            },
        };
        let mut load = pin!(leader.run(load));
        let value = std::future::poll_fn(|context| leader.poll_with(context, load.as_mut())).await;
        self.finish(key, leader, value);
        Answer::Loaded(value)
    }

    /// Stores what may be stored, and tells those who wait. Whether it was stored, and whether they were told.
    pub(crate) fn finish(&self, key: u64, leader: Leader<Value>, value: Value) -> (bool, bool) {
        let stored = self.locked(|state, debris| match value {
            Ok(value) => {
                let stores = state.flights.land(&leader, state.epoch, debris);
                stores.then(|| state.stored.insert(key, value)).is_some()
            }
            Err(_) => {
                state.flights.fail(&leader, state.epoch, debris);
                false
            }
        });
        (stored, leader.land(&value))
    }

    pub(crate) fn insert(&self, key: u64, value: u64) {
        self.locked(|state, debris| {
            *state.fences.entry(key).or_default() += 1;
            state.flights.detach(hash(key), &key, debris);
            state.stored.insert(key, value);
        });
    }

    /// Whether a load was under way, or a token out.
    pub(crate) fn remove(&self, key: u64) -> bool {
        self.locked(|state, debris| {
            *state.fences.entry(key).or_default() += 1;
            state.stored.remove(&key);
            state.flights.detach(hash(key), &key, debris)
        })
    }

    pub(crate) fn clear(&self) {
        self.locked(|state, _| {
            state.wiped += 1;
            state.stored.clear();
            state.flights.detach_all();
        });
    }

    /// As [`clear`](Self::clear), by the owner's own epoch.
    pub(crate) fn next_epoch(&self) {
        self.locked(|state, _| {
            state.wiped += 1;
            state.stored.clear();
            state.epoch += 1;
        });
    }

    /// What is stored, or the right to store it.
    pub(crate) fn get_or_token(&self, key: u64) -> Result<u64, Token> {
        self.locked(|state, debris| {
            let stored = state.stored.get(&key).copied();
            stored.ok_or_else(|| state.flights.token(hash(key), key, state.epoch, debris))
        })
    }

    pub(crate) fn fill(&self, key: u64, token: &Token, value: u64) -> bool {
        self.locked(|state, debris| {
            let fills = state.flights.fill(token, state.epoch, debris);
            fills.then(|| state.stored.insert(key, value)).is_some()
        })
    }

    pub(crate) fn peek(&self, key: u64) -> Option<u64> {
        self.0.lock().unwrap().stored.get(&key).copied()
    }

    /// How many led a load of a key between two fences of it, at most.
    #[cfg(any(tenfold_loom, tenfold_shuttle))]
    pub(crate) fn most_leads(&self) -> usize {
        let state = self.0.lock().unwrap();
        state.led.values().copied().max().unwrap_or(0)
    }

    /// Keys with loads under way or tokens out, as far as the table knows.
    pub(crate) fn under_way(&self) -> usize {
        self.0.lock().unwrap().flights.len()
    }
}

/// Leads or waits; whoever is told anything else fails.
pub(crate) fn leader(start: Start) -> Leader<Value> {
    match start {
        Start::Boarded(Boarding::Lead(leader)) => leader,
        _ => panic!("it does not lead"),
    }
}

pub(crate) fn passenger(start: Start) -> Passenger<Value> {
    match start {
        Start::Boarded(Boarding::Wait(passenger)) => passenger,
        _ => panic!("it does not wait"),
    }
}

/// Of one who does not lead.
pub(crate) fn answer(outcome: Outcome<Value>) -> Answer {
    match outcome {
        Outcome::Landed(value) => Answer::Shared(value),
        Outcome::TimedOut => Answer::TimedOut,
        Outcome::Recursive => Answer::Denied(Denied::Recursive),
        Outcome::Lead(_) => panic!("it leads"),
    }
}
