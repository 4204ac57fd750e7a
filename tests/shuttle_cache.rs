//! Random schedules of a whole cache, with a history: no value of another key, no version that is older than what was known before the
//! look began, nothing that was removed before, and never more than the capacity.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_shuttle" cargo test --release --test shuttle_cache --target-dir target/shuttle`;
//! `TENFOLD_SCHEDULES` sets how many schedules each scenario is given.
#![cfg(tenfold_shuttle)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use tenfold::cache::{InsertOptions, Lookup, MemoryCache};

#[path = "support/red.rs"]
mod red;

use red::must_fail;

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let schedules = std::env::var("TENFOLD_SCHEDULES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000);
    shuttle::check_random(scenario, schedules);
}

/// Where it is noted who was dropped: it outlives all values, so that a broken protocol is noticed before freed memory is read.
struct Morgue {
    dropped: Vec<AtomicBool>,
    next: AtomicUsize,
}

struct Body {
    key: u64,
    version: u64,
    number: usize,
    morgue: Arc<Morgue>,
}

impl Body {
    fn look(&self, key: u64) -> u64 {
        let alive = || {
            let dropped = self.morgue.dropped[self.number].load(Ordering::SeqCst);
            assert!(
                !dropped,
                "{} of {key} was dropped while it was read",
                self.version
            );
        };
        alive();
        let version = self.version;
        assert_eq!(self.key, key, "the value of another key");
        // Sometimes long enough for others to get somewhere.
        for _ in 0..[0, 0, 30, 200][thread_rng().gen_range(0..4)] {
            thread::yield_now();
        }
        alive();
        assert_eq!(
            (self.key, self.version),
            (key, version),
            "a value changed while it was read"
        );
        version
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        assert!(
            !self.morgue.dropped[self.number].swap(true, Ordering::SeqCst),
            "dropped twice"
        );
    }
}

/// What is known of a key, which one thread writes: versions whose insertion has begun and has returned, and the least that may be seen.
#[derive(Default)]
struct Known {
    begun: AtomicU64,
    returned: AtomicU64,
    least: AtomicU64,
}

struct World {
    cache: MemoryCache<u64, Body>,
    keys: Vec<Known>,
    morgue: Arc<Morgue>,
    most: u64,
}

impl World {
    fn new(capacity: u64, most: u64, keys: usize, shards: usize) -> Arc<Self> {
        let dropped = (0..256).map(|_| AtomicBool::new(false)).collect();
        Arc::new(Self {
            cache: MemoryCache::builder()
                .capacity(capacity)
                .shards(shards)
                .build_unattended()
                .unwrap(),
            keys: (0..keys).map(|_| Known::default()).collect(),
            morgue: Arc::new(Morgue {
                dropped,
                next: AtomicUsize::new(0),
            }),
            most,
        })
    }

    fn known(&self, key: u64) -> &Known {
        &self.keys[key as usize]
    }

    fn insert(&self, key: u64) {
        let number = self.morgue.next.fetch_add(1, Ordering::SeqCst);
        let version = self.known(key).begun.fetch_add(1, Ordering::SeqCst) + 1;
        self.cache.insert(
            key,
            Body {
                key,
                version,
                number,
                morgue: self.morgue.clone(),
            },
        );
        self.known(key).returned.store(version, Ordering::SeqCst);
        self.known(key).least.fetch_max(version, Ordering::SeqCst);
        assert!(
            self.cache.weight() <= self.most,
            "{} is more than the quota of {}",
            self.cache.weight(),
            self.most
        );
    }

    /// Looks at a key. `last` is what the thread has seen of it before.
    fn read(&self, key: u64, last: &mut u64) -> Option<u64> {
        let least = self.known(key).least.load(Ordering::SeqCst).max(*last);
        let held = thread_rng().gen_bool(0.2);
        let seen = if held {
            self.cache.get_ref(&key).map(|held| held.look(key))
        } else {
            self.cache.read(&key, |body| body.look(key))
        };
        if let Some(version) = seen {
            let most = self.known(key).begun.load(Ordering::SeqCst);
            assert!(
                (least..=most).contains(&version),
                "an old version: {version} of {key} after {least}"
            );
            *last = version;
        }
        seen
    }

    /// Takes something away; what was there before is not seen after it.
    fn take(&self, keys: impl Iterator<Item = u64> + Clone, take: impl FnOnce()) {
        let before: Vec<_> = keys
            .clone()
            .map(|key| self.known(key).returned.load(Ordering::SeqCst))
            .collect();
        take();
        for (key, returned) in keys.zip(before) {
            self.known(key)
                .least
                .fetch_max(returned + 1, Ordering::SeqCst);
        }
    }

    fn all(&self) -> std::ops::Range<u64> {
        0..self.keys.len() as u64
    }

    fn end(&self) {
        self.cache.check_invariants();
        assert!(self.cache.weight() <= self.cache.capacity());
        for key in self.all() {
            self.read(key, &mut 0);
        }
        self.take(self.all(), || self.cache.invalidate_all());
        assert!(
            self.all().all(|key| self.read(key, &mut 0).is_none()),
            "an old version after all were removed"
        );
    }
}

fn spawn(
    world: &Arc<World>,
    party: impl FnOnce(&World) + Send + 'static,
) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || party(&world))
}

/// Two threads write keys of their own, one reads, and one removes and changes the capacity.
fn threads_of_all_kinds(shards: usize) {
    const KEYS: u64 = 4;
    let most = if shards == 1 { 3 } else { u64::MAX };
    let world = World::new(3, most, KEYS as usize, shards);
    let writer = |own: u64| {
        move |world: &World| {
            let mut last = [0; KEYS as usize];
            for _ in 0..6 {
                let key = own + 2 * thread_rng().gen_range(0..KEYS / 2);
                world.insert(key);
                let other = thread_rng().gen_range(0..KEYS);
                world.read(other, &mut last[other as usize]);
            }
        }
    };
    let reader = |world: &World| {
        let mut last = [0; KEYS as usize];
        for _ in 0..12 {
            let key = thread_rng().gen_range(0..KEYS);
            world.read(key, &mut last[key as usize]);
        }
    };
    let remover = |world: &World| {
        for _ in 0..5 {
            let key = thread_rng().gen_range(0..KEYS);
            match thread_rng().gen_range(0..5) {
                0 => world.take(world.all(), || world.cache.invalidate_all()),
                1 => world.cache.set_capacity(2),
                2 => world.cache.set_capacity(3),
                3 => world.cache.check_invariants(),
                _ => world.take(key..key + 1, || _ = world.cache.invalidate(&key)),
            }
        }
    };
    let parties = [
        spawn(&world, writer(0)),
        spawn(&world, writer(1)),
        spawn(&world, reader),
        spawn(&world, remover),
    ];
    parties.into_iter().for_each(|party| party.join().unwrap());
    world.end();
    drop(world);
}

#[test]
fn a_history_is_one_that_may_be() {
    explore(|| threads_of_all_kinds(1));
}

#[test]
fn a_history_of_shards_is_one_that_may_be() {
    explore(|| threads_of_all_kinds(2));
}

/// The table is replaced by larger ones while others read and write. Nothing is evicted but what was being read just then.
fn a_table_that_grows() {
    const KEYS: u64 = 26;
    let world = World::new(1, u64::MAX, KEYS as usize, 1);
    world.cache.set_capacity(KEYS);
    let writer = |own: u64| {
        move |world: &World| {
            let mut last = 0;
            for key in (own..KEYS).step_by(2) {
                world.insert(key);
                if key % 3 == 0 {
                    world.insert(key);
                }
                world.read(own, &mut last);
            }
        }
    };
    let reader = |world: &World| {
        let mut last = [0; 2];
        for n in 0..20 {
            world.read(n % 2, &mut last[n as usize % 2]);
        }
    };
    let parties = [
        spawn(&world, writer(0)),
        spawn(&world, writer(1)),
        spawn(&world, reader),
    ];
    parties.into_iter().for_each(|party| party.join().unwrap());
    let stats = world.cache.stats();
    assert_eq!(
        stats.entries + stats.evictions + stats.refusals,
        stats.insertions
    );
    world.end();
}

#[test]
fn a_table_grows_while_it_is_read() {
    explore(a_table_that_grows);
}

/// A key that has a value all the time is found all the time.
fn a_key_that_is_always_there() {
    let world = World::new(8, 8, 2, 1);
    (0..2).for_each(|key| world.insert(key));
    let writer = |world: &World| (0..8).for_each(|n| world.insert(n % 2));
    let reader = |world: &World| {
        let mut last = 0;
        for _ in 0..6 {
            assert!(
                world.read(0, &mut last).is_some(),
                "a key that was there all the time was missed"
            );
        }
    };
    let parties = [
        spawn(&world, writer),
        spawn(&world, reader),
        spawn(&world, reader),
    ];
    parties.into_iter().for_each(|party| party.join().unwrap());
    world.end();
}

#[test]
fn a_replaced_key_is_never_missed() {
    explore(a_key_that_is_always_there);
}

/// A source changes, and then a tag that its value has is invalidated: who asks after that, in whatever way, gets no older version.
fn a_tag_is_invalidated_while_it_is_loaded() {
    struct Source {
        cache: MemoryCache<u64, u64>,
        version: AtomicU64,
        least: AtomicU64,
    }
    impl Source {
        fn load(&self) -> (u64, InsertOptions) {
            let version = self.version.load(Ordering::SeqCst);
            // As a rule long enough for others to come, and to wait.
            for _ in 0..[0, 30, 100, 200][thread_rng().gen_range(0..4)] {
                thread::yield_now();
            }
            (version, InsertOptions::new().tags(["tag"]))
        }
    }
    let source = Arc::new(Source {
        cache: MemoryCache::builder()
            .capacity(4)
            .shards(1)
            .build_unattended()
            .unwrap(),
        version: AtomicU64::new(0),
        least: AtomicU64::new(0),
    });
    let run = |code: fn(&Source)| {
        let source = source.clone();
        thread::spawn(move || code(&source))
    };
    let reader = |source: &Source| {
        for _ in 0..4 {
            let least = source.least.load(Ordering::SeqCst);
            let version = match thread_rng().gen_range(0..6) {
                0 => source.cache.get(&1).unwrap_or(least),
                1 => source
                    .cache
                    .get_or_load_many_with(&[1], |_| [(1, source.load())])[0]
                    .unwrap(),
                2 => match source.cache.get_or_token(&1) {
                    Lookup::Miss(token) => {
                        let (version, options) = source.load();
                        let _ = source.cache.fill_with(token, version, &options);
                        least
                    }
                    found => found.hit().unwrap_or(least),
                },
                _ => source.cache.get_or_load_with(&1, |_| source.load()),
            };
            assert!(version >= least, "an old version: {version} after {least}");
        }
    };
    let writer = |source: &Source| {
        for version in 1..4 {
            source.version.store(version, Ordering::SeqCst);
            source.cache.invalidate_tag("tag");
            source.least.store(version, Ordering::SeqCst);
            for _ in 0..thread_rng().gen_range(0..60) {
                thread::yield_now();
            }
        }
    };
    let parties = [run(writer), run(reader), run(reader), run(reader)];
    parties.into_iter().for_each(|party| party.join().unwrap());
    source.cache.check_invariants();
}

#[test]
fn what_a_tag_has_invalidated_does_not_come_back() {
    explore(a_tag_is_invalidated_while_it_is_loaded);
}

macro_rules! red {
    ($($name:ident: $test:literal with $fault:literal, $complaint:literal;)*) => {
        $(
            #[test]
            fn $name() {
                must_fail($test, $fault, $complaint);
            }
        )*
    };
}

red! {
    red_when_readers_are_not_announced: "a_history_is_one_that_may_be" with "SkipCover", "was dropped while it was read";
    red_when_nobody_asks_for_readers: "a_history_is_one_that_may_be" with "ReclaimUnasked", "was dropped while it was read";
    red_when_what_is_removed_stays: "a_history_is_one_that_may_be" with "KeepRemoved", "an old version";
    red_when_all_that_is_removed_stays: "a_history_of_shards_is_one_that_may_be" with "AbandonNothing", "an old version";
    red_when_more_is_kept_than_may_be: "a_history_is_one_that_may_be" with "ShedNothing", "more than the quota";
    red_when_what_is_replaced_stays: "a_history_is_one_that_may_be" with "KeepReplaced", "";
    red_when_a_load_is_as_young_as_its_end: "what_a_tag_has_invalidated_does_not_come_back" with "BornLate", "an old version";
    red_when_an_outdated_load_is_shared: "what_a_tag_has_invalidated_does_not_come_back" with "ShareOutdated", "an old version";
    red_when_a_growing_table_takes_what_is_read: "a_table_grows_while_it_is_read" with "ReclaimUnasked", "was dropped while it was read";
}
