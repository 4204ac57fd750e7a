//! What a change of a large set costs, and what it costs those who choose meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tenfold::balance::RoundRobin;

use super::chooser::Chooser;
use super::figures::{BATCH, Calls};
use super::fleet::Fleet;
use super::ours::{Ours, Pick, PickOfPicker, balancer, key, spec};
use super::pingora::Changing;
use crate::worker::Repeat;
use crate::workload::{Contestant, Role, Timed, Worker, Workload};

/// The thousandth to come is 1000.
pub(super) const FLEET: Fleet = Fleet::of(1000);

pub(super) fn workloads() -> Vec<Workload> {
    let changes = |change: Change| {
        vec![
            changed::<Ours<RoundRobin>>("tenfold", Role::Tenfold, change),
            changed::<Changing>("pingora", Role::Peer, change),
        ]
    };
    let mut all = vec![
        Workload::timed("one weight of 1000", &[1], changes(Change::Weight)),
        Workload::timed(
            "one goes, one comes, of 1000",
            &[1],
            changes(Change::Member),
        ),
    ];
    for (name, rows) in [
        ("pick", chosen::<Pick<RoundRobin>>()),
        ("pick by picker", chosen::<PickOfPicker<RoundRobin>>()),
    ] {
        all.push(Workload::timed(
            format!("{name}, 1000 updates/s"),
            &[1],
            rows,
        ));
    }
    all
}

/// What changes, back and forth.
#[derive(Clone, Copy, Debug)]
enum Change {
    Weight,
    Member,
}

/// A set that can be changed.
pub(super) trait Set: Sized + Sync + 'static {
    fn build() -> Result<Self, String>;

    /// Whether the weight of this backend was changed.
    fn set_weight(&self, number: u64, weight: u32) -> bool;

    /// Whether one has gone and the other come.
    fn exchange(&self, goes: u64, comes: u64) -> bool;
}

impl Set for Ours<RoundRobin> {
    fn build() -> Result<Self, String> {
        balancer(FLEET)
    }

    fn set_weight(&self, number: u64, weight: u32) -> bool {
        let change = self.update(|changes| {
            changes.set_weight(key(number), weight);
        });
        change.is_ok_and(|change| change.changed == 1)
    }

    fn exchange(&self, goes: u64, comes: u64) -> bool {
        let change = self.update(|changes| {
            changes.remove(key(goes)).add(spec(comes));
        });
        change.is_ok_and(|change| (change.removed, change.added) == (1, 1))
    }
}

fn changed<S: Set>(name: &'static str, role: Role, change: Change) -> Contestant<Box<dyn Timed>> {
    Contestant::new(name, role, move || {
        let changed = Changed {
            set: S::build()?,
            change,
            turn: AtomicU32::new(0),
        };
        Ok(Box::new(changed) as Box<dyn Timed>)
    })
}

struct Changed<S> {
    set: S,
    change: Change,
    turn: AtomicU32,
}

impl<S: Set> Changed<S> {
    fn change(&self) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % 2;
        let changed = match (self.change, turn) {
            (Change::Weight, _) => self.set.set_weight(500, 2 - turn),
            (Change::Member, 0) => self.set.exchange(500, 1000),
            (Change::Member, _) => self.set.exchange(1000, 500),
        };
        assert!(changed, "turn {turn}");
    }
}

impl<S: Set> Timed for Changed<S> {
    fn batch(&self) -> u64 {
        1
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Repeat::new(1, || self.change()))
    }
}

/// A chooser over a balancer that may be changed meanwhile.
pub(super) trait Over: Chooser {
    fn over(balancer: Ours<RoundRobin>) -> Self;
}

fn chosen<C: Over>() -> Vec<Contestant<Box<dyn Timed>>> {
    let contestant = |name, role, updates| {
        Contestant::new(name, role, move || {
            let balancer = balancer(FLEET)?;
            Ok(Box::new(Chosen {
                chooser: C::over(balancer.clone()),
                updater: Updater::new(balancer),
                updates,
            }) as Box<dyn Timed>)
        })
    };
    vec![
        contestant("tenfold", Role::Tenfold, true),
        contestant("tenfold, no updates", Role::Limit, false),
    ]
}

struct Chosen<C> {
    chooser: C,
    updater: Updater,
    updates: bool,
}

impl<C: Over> Timed for Chosen<C> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        let mut handle = self.chooser.handle();
        let calls = Calls {
            operation: move || C::ask(&mut handle),
            below: FLEET.backends as u64,
        };
        Box::new(Meanwhile {
            calls,
            updater: self.updates.then_some(&self.updater),
        })
    }
}

/// Chooses while somebody else updates.
struct Meanwhile<'c, F> {
    calls: Calls<F>,
    updater: Option<&'c Updater>,
}

impl<F: FnMut() -> u64> Worker for Meanwhile<'_, F> {
    fn run(&mut self, batches: u64) {
        if let Some(updater) = self.updater {
            updater.set(RUNS);
        }
        self.calls.run(batches);
        if let Some(updater) = self.updater {
            updater.set(RESTS);
        }
    }
}

const RESTS: u8 = 0;
const RUNS: u8 = 1;
const ENDS: u8 = 2;

/// A thread that changes a weight each millisecond while it is told to.
struct Updater {
    state: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
}

impl Updater {
    fn new(balancer: Ours<RoundRobin>) -> Self {
        let state = Arc::new(AtomicU8::new(RESTS));
        let told = state.clone();
        let thread = thread::spawn(move || {
            for turn in 0.. {
                let due = Instant::now() + Duration::from_millis(1);
                match told.load(Ordering::Acquire) {
                    RESTS => thread::park(),
                    RUNS => {
                        assert!(balancer.set_weight(turn % 1000, 1 + (turn % 2) as u32));
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    _ => return,
                }
            }
        });
        Self {
            state,
            thread: Some(thread),
        }
    }

    fn set(&self, state: u8) {
        self.state.store(state, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Updater {
    fn drop(&mut self) {
        self.set(ENDS);
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }
}
