//! A limiter of many keys in many random schedules: its keys fight for the places of one set, are forgotten, and change their class.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use tenfold::__kernel::Arc;
use tenfold::clock::{ManualClock, Tick};
use tenfold::limit::{Keyed, KeyedBuilder, Overflow, Quota};

use crate::explore;
use crate::red::must_fail;

const NANO: Duration = Duration::from_nanos(1);
/// A token every so many nanoseconds.
const INTERVAL: u64 = 10;
const PLACES: u64 = 7;

/// A key that can be counted where it is kept. The counts are the test's own: they are no points at which threads change.
#[derive(Clone)]
struct Key(u64, Arc<()>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

/// Whether odd keys are of class 2 now, and not of class 1.
type Promoted = Arc<AtomicBool>;

/// The test's keys, and a limiter with places for seven of them.
struct World {
    limiter: Keyed<Key, ManualClock>,
    clock: ManualClock,
    keys: Vec<Key>,
    taken: Vec<AtomicU64>,
    /// What was said, to be compared with the statistics.
    allowed: AtomicU64,
    refused: AtomicU64,
    forgotten: AtomicU64,
    promoted: Promoted,
}

impl World {
    /// Keeps its keys in every other schedule.
    fn new(keys: u64, builder: KeyedBuilder<Key>, promoted: &Promoted) -> Arc<Self> {
        let clock = ManualClock::new();
        let exact = thread_rng().gen_bool(0.5);
        let builder = builder.keys(1).exact_keys(exact);
        let limiter = builder.clock(clock.clone()).build().unwrap();
        assert_eq!(limiter.stats().capacity as u64, PLACES);
        let key = |name| Key(name, Arc::default());
        Arc::new(Self {
            limiter,
            clock,
            keys: (0..keys).map(key).collect(),
            taken: (0..keys).map(|_| AtomicU64::new(0)).collect(),
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            promoted: promoted.clone(),
        })
    }

    fn key(&self, name: u64) -> &Key {
        &self.keys[name as usize]
    }

    fn take_at(&self, now: Tick, name: u64, cost: u64, whole_story: bool) {
        let (limiter, key) = (&self.limiter, self.key(name));
        let allowed = if whole_story {
            limiter.try_acquire_at(now, key, cost).allowed
        } else {
            limiter.try_acquire_n_at(now, key, cost)
        };
        if allowed {
            self.allowed.fetch_add(1, Ordering::SeqCst);
            self.taken[name as usize].fetch_add(cost, Ordering::SeqCst);
        } else {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn take(&self, name: u64, cost: u64) {
        let whole_story = thread_rng().gen_bool(0.5);
        self.take_at(self.limiter.now(), name, cost, whole_story);
    }

    fn charge(&self, name: u64, cost: u64) {
        self.limiter.charge(self.key(name), cost);
        self.taken[name as usize].fetch_add(cost, Ordering::SeqCst);
    }

    fn forget(&self, name: u64) {
        let forgotten = self.limiter.forget(self.key(name));
        self.forgotten
            .fetch_add(u64::from(forgotten), Ordering::SeqCst);
    }

    fn taken(&self) -> Vec<u64> {
        let taken = self.taken.iter();
        taken.map(|taken| taken.load(Ordering::SeqCst)).collect()
    }

    fn promote(&self) {
        self.promoted.store(true, Ordering::SeqCst);
    }

    /// The statistics are what was said, and a key is kept only where it has a place.
    fn check(&self) {
        let stats = self.limiter.stats();
        let said = [&self.allowed, &self.refused].map(|said| said.load(Ordering::SeqCst));
        assert_eq!(
            [stats.allowed, stats.refused],
            said,
            "calls were miscounted"
        );
        assert!(
            stats.evicted <= stats.forgiven && stats.denied <= stats.refused,
            "{stats:?}"
        );
        let kept = |key: &Key| Arc::strong_count(&key.1) - 1;
        assert!(self.keys.iter().all(|key| kept(key) <= 1), "kept twice");
        self.keys.iter().for_each(|key| {
            self.limiter.forget(key);
        });
        assert!(
            self.keys.iter().all(|key| kept(key) == 0),
            "a key is kept without a place"
        );
        assert_eq!(self.limiter.live(), 0, "a place was lost");
    }
}

/// Runs the parties at once until all are done.
fn together(world: &Arc<World>, parties: &[fn(&World)]) {
    let parties = parties.iter().map(|party| {
        let (world, party) = (world.clone(), *party);
        thread::spawn(move || party(&world))
    });
    let parties: Vec<_> = parties.collect();
    parties.into_iter().for_each(|party| party.join().unwrap());
}

fn quota(interval: u64, burst: u64) -> Quota {
    Quota::new(1, Duration::from_nanos(interval), burst).unwrap()
}

/// Odd keys have one token each, in one class or another. Asking takes its time, so that others come in between.
fn with_classes(builder: KeyedBuilder<Key>, promoted: &Promoted) -> KeyedBuilder<Key> {
    let promoted = promoted.clone();
    let class = move |key: &Key| {
        thread::yield_now();
        match key.0 % 2 {
            0 => 0,
            _ => 1 + usize::from(promoted.load(Ordering::SeqCst)),
        }
    };
    let builder = builder.class(quota(INTERVAL, 1));
    builder.class(quota(3, 1)).quota_for(class)
}

const KEYS: u64 = 10;

/// Ten keys want seven places at one moment. Whoever loses its place or is forgotten, what was taken is remembered or counted.
fn keys_fight_for_places() {
    let builder = Keyed::builder(quota(INTERVAL, 3));
    let promoted = Promoted::default();
    let builder = match thread_rng().gen_bool(0.5) {
        true => with_classes(builder, &promoted),
        false => builder,
    };
    let world = World::new(KEYS, builder, &promoted);
    // So that it does not take long until places are short.
    for name in 0..6 {
        world.take(name, 1);
    }
    let party = |world: &World| {
        for _ in 0..4 {
            let (name, cost) = (
                thread_rng().gen_range(0..KEYS),
                thread_rng().gen_range(1..3),
            );
            match thread_rng().gen_range(0..8) {
                0 if name % 2 == 0 => world.charge(name, cost),
                // Odd keys that have taken anything at all have taken one token, if there are classes.
                1 | 2 if world.limiter.config().classes.len() == 2 => world.forget(name | 1),
                _ => world.take(name, cost),
            }
        }
    };
    together(&world, &[party, party, party, World::promote]);
    let known = |key: &Key| {
        let full = world.limiter.peek(key, 0);
        if full.limit == 1 {
            return 1 - full.remaining;
        }
        full.reset_after.unwrap().as_nanos() as u64 / INTERVAL
    };
    let known: u64 = world.keys.iter().map(known).sum();
    let counted = world.limiter.stats().forgiven + world.forgotten.load(Ordering::SeqCst);
    let taken: u64 = world.taken().iter().sum();
    assert_eq!(taken, known + counted, "what was taken is gone");
    assert!(world.limiter.live() as u64 <= PLACES);
    world.check();
}

#[test]
fn what_is_taken_is_known_or_counted() {
    explore(keys_fight_for_places);
}

const TAKEN: &str = "limiting::places::what_is_taken_is_known_or_counted";

#[test]
fn red_if_a_set_is_changed_without_asking() {
    must_fail(TAKEN, "WriteUnasked", "what was taken is gone");
}

#[test]
fn red_if_what_is_forgiven_is_not_counted() {
    must_fail(TAKEN, "ForgiveUncounted", "what was taken is gone");
}

#[test]
fn red_if_a_key_is_kept_too_long() {
    must_fail(TAKEN, "KeepKey", "a key is kept without a place");
}

/// As many keys as there are places come and are forgotten, in changing classes: there is always a place for each.
fn there_is_room_for_all() {
    let promoted = Promoted::default();
    let builder = with_classes(Keyed::builder(quota(INTERVAL, 3)), &promoted);
    let world = World::new(PLACES, builder.overflow(Overflow::Deny), &promoted);
    let party = |world: &World| {
        for _ in 0..5 {
            let name = thread_rng().gen_range(0..PLACES);
            match thread_rng().gen_range(0..4) {
                0 => world.forget(name),
                _ => world.take(name, 1),
            }
            assert_eq!(world.limiter.stats().denied, 0, "a key found no place");
        }
    };
    together(&world, &[party, party, party, World::promote]);
    for name in 0..PLACES {
        world.forget(name);
        world.take(name, 1);
    }
    assert_eq!(world.limiter.stats().denied, 0, "a key found no place");
    assert_eq!(world.limiter.live() as u64, PLACES);
    // Every key was brought last in its last class.
    let next = |name| world.limiter.peek(world.key(name), 1).retry_after;
    assert_eq!(next(1), Some(3 * NANO), "a key is of the class it was of");
    world.check();
}

#[test]
fn there_is_a_place_for_as_many_keys_as_places() {
    explore(there_is_room_for_all);
}

const ROOM: &str = "limiting::places::there_is_a_place_for_as_many_keys_as_places";

#[test]
fn red_if_a_key_gets_two_places() {
    must_fail(ROOM, "BringTwice", "a key found no place");
}

#[test]
fn red_if_a_forgotten_key_leaves_its_debt() {
    must_fail(ROOM, "LeaveWord", "a key found no place");
}

const BURST: u64 = 2;

/// Time passes, and those who looked at the clock are late with their calls: meanwhile their key may have lost its place, to a key
/// that is forgotten since. Still, what a key gets in excess of its quota was counted as forgiven.
fn timestamps_are_late() {
    let builder = Keyed::builder(quota(INTERVAL, BURST));
    let world = World::new(9, builder, &Promoted::default());
    // The place of the first key becomes free first.
    world.take(0, BURST);
    world.clock.advance(NANO);
    (1..PLACES).for_each(|name| world.take(name, BURST));
    let taking = |world: &World| {
        for _ in 0..3 {
            let now = world.limiter.now();
            (0..thread_rng().gen_range(0..8)).for_each(|_| thread::yield_now());
            let name = u64::from(thread_rng().gen_bool(0.2));
            world.take_at(now, name, BURST, thread_rng().gen_bool(0.5));
        }
    };
    let passing = |world: &World| {
        for _ in 0..2 {
            world.clock.advance(INTERVAL as u32 * NANO);
            thread::yield_now();
        }
        for name in PLACES..9 {
            world.take(name, 1);
            // Nothing is forgotten that the law is about.
            world.forget(name);
        }
    };
    together(&world, &[taking, taking, passing]);
    let end = world.limiter.now().as_nanos();
    let due = BURST + end / INTERVAL;
    let taken = world.taken();
    let excess: u64 = taken.iter().map(|taken| taken.saturating_sub(due)).sum();
    let forgiven = world.limiter.stats().forgiven;
    assert!(
        excess <= forgiven,
        "more than the quota: {taken:?} where {due} are due and {forgiven} were forgiven"
    );
    world.check();
}

#[test]
fn no_key_gets_more_than_its_quota_and_what_was_forgiven() {
    explore(timestamps_are_late);
}

#[test]
fn red_if_an_older_timestamp_begins_anew() {
    let test = "limiting::places::no_key_gets_more_than_its_quota_and_what_was_forgiven";
    must_fail(test, "BeginAnew", "more than the quota");
}
