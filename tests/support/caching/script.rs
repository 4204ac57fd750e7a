//! Sequences of calls to a cache, beside a naive one that is told by the listener what was evicted.
//!
//! It is compiled into the crate's own tests as well; `rooms` is what the including module calls the rooms of the crate.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::rooms::{ManualClock, MemoryCache, Ref, RemovalCause};

/// How well keys are spread.
#[derive(Clone, Copy, Debug)]
pub enum Spread {
    Well,
    /// The key itself.
    Little,
    /// All keys are alike.
    NotAtAll,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub capacity: u64,
    pub shards: usize,
    pub spread: Spread,
    pub weighted: bool,
    /// In seconds; zero for ever.
    pub ttl: u64,
    pub listens: bool,
}

#[derive(Clone, Debug)]
pub enum Call {
    Get(u16),
    Peek(u16),
    Hold(u16),
    Release(u8),
    /// The key, and which weight.
    Insert(u16, u8),
    /// As many keys from this one on.
    InsertMany(u16, u8),
    Remove(u16),
    Invalidate(u16),
    InvalidateAll,
    SetCapacity(u64),
    /// Within a look at the first key, the second one is inserted, removed or looked at.
    Nest(u16, u16, u8),
    /// So many seconds pass.
    Wait(u8),
}

#[derive(Clone, Copy, Debug)]
pub struct Spreading(Spread, u64);

impl BuildHasher for Spreading {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Spreading {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.1 = self.1 << 8 | u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        match self.0 {
            Spread::Well => (self.1 ^ self.1 >> 7)
                .wrapping_mul(0xD6E8_FEB8_6659_FD93)
                .rotate_left(32),
            Spread::Little => self.1,
            Spread::NotAtAll => 7,
        }
    }
}

/// A value knows its key, which of all values it is, and what it weighs; and has something to be dropped.
type Value = Arc<(u16, u64, u64)>;

struct Known {
    value: Value,
    due: u64,
}

type Heard = Arc<Mutex<Vec<(u16, Value, RemovalCause)>>>;

struct World {
    settings: Settings,
    clock: ManualClock,
    now: u64,
    made: u64,
    known: HashMap<u16, Known>,
    heard: Heard,
}

type Cache = MemoryCache<u16, Value, Spreading>;

/// Runs the calls and panics if something is wrong.
pub fn run(settings: Settings, calls: impl IntoIterator<Item = Call>) {
    let heard = Heard::default();
    let clock = ManualClock::new();
    let mut builder = MemoryCache::builder()
        .capacity(settings.capacity)
        .shards(settings.shards);
    if settings.weighted {
        builder = builder.weigher(|_, value: &Value| value.2);
    }
    if settings.ttl > 0 {
        builder = builder.time_to_live(Duration::from_secs(settings.ttl));
    }
    if settings.listens {
        let hears = heard.clone();
        builder = builder.listener(move |key, value, cause| {
            hears.lock().unwrap().push((*key, value.clone(), cause));
        });
    }
    let cache: Cache = builder
        .clock(clock.clone())
        .hasher(Spreading(settings.spread, 0))
        .build()
        .unwrap();
    let mut world = World {
        settings,
        clock,
        now: 0,
        made: 0,
        known: HashMap::new(),
        heard,
    };
    let mut held: Vec<(Ref<'_, u16, Value>, Value)> = Vec::new();
    for call in calls {
        match call {
            Call::Hold(key) if held.len() < 8 => {
                let found = cache.get_ref(&key);
                world.saw(
                    key,
                    found.as_ref().map(|found| found.value().clone()),
                    World::lost(&cache),
                );
                held.extend(found.map(|found| {
                    let value = found.value().clone();
                    (found, value)
                }));
            }
            Call::Release(which) if !held.is_empty() => {
                drop(held.swap_remove(usize::from(which) % held.len()));
            }
            call => world.make(&cache, call),
        }
        world.check(&cache);
        for (held, value) in &held {
            assert!(
                Arc::ptr_eq(held, value) && *held.key() == value.0,
                "an entry changed while it was held"
            );
        }
    }
    let values: Vec<_> = world
        .known
        .drain()
        .map(|(_, known)| Arc::downgrade(&known.value))
        .collect();
    drop(held);
    drop(cache);
    world.heard.lock().unwrap().clear();
    assert!(
        values.iter().all(|value| value.upgrade().is_none()),
        "a value was not dropped"
    );
}

impl World {
    fn weight(&self, which: u8) -> u64 {
        let capacity = self.settings.capacity;
        let weights = [
            1,
            2,
            3,
            0,
            capacity / 2,
            capacity,
            capacity.saturating_add(1),
            u64::MAX,
        ];
        if self.settings.weighted {
            weights[usize::from(which) % weights.len()]
        } else {
            1
        }
    }

    fn insert(&mut self, cache: &Cache, key: u16, which: u8) {
        self.made += 1;
        let weight = self.weight(which);
        let value = Value::new((key, self.made, weight));
        let due = if self.settings.ttl > 0 {
            self.now + self.settings.ttl
        } else {
            u64::MAX
        };
        cache.insert(key, value.clone());
        assert!(
            cache.weight() <= cache.capacity(),
            "{} of {}",
            cache.weight(),
            cache.capacity()
        );
        self.known.insert(key, Known { value, due });
    }

    /// What a look at a key told.
    fn saw(&mut self, key: u16, seen: Option<Value>, lost: u64) {
        self.hear();
        let known = self.known.get(&key).filter(|known| known.due > self.now);
        match (seen, known) {
            (Some(seen), Some(known)) => assert!(
                Arc::ptr_eq(&seen, &known.value),
                "{seen:?} is not {:?}",
                known.value
            ),
            (Some(seen), None) => panic!("{seen:?} should not be there"),
            (None, Some(known)) => {
                // Nobody said that it was evicted.
                assert!(
                    !self.settings.listens && lost > 0,
                    "{:?} should be there",
                    known.value
                );
                self.known.remove(&key);
            }
            (None, None) => {}
        }
    }

    /// Takes what was evicted out of the naive cache.
    fn hear(&mut self) {
        for (key, value, cause) in self.heard.lock().unwrap().drain(..) {
            assert_eq!(key, value.0);
            let is_known = self
                .known
                .get(&key)
                .is_some_and(|known| Arc::ptr_eq(&known.value, &value));
            match cause {
                RemovalCause::Replaced | RemovalCause::Removed => {
                    assert!(!is_known, "{value:?} is {cause:?}");
                }
                // It went just before its key got another value, or while it was removed.
                RemovalCause::Evicted
                    if self
                        .known
                        .get(&key)
                        .is_some_and(|known| known.value.1 > value.1) => {}
                RemovalCause::Expired if !is_known => {}
                _ => {
                    assert!(is_known, "{value:?} was {cause:?} before");
                    self.known.remove(&key);
                }
            }
        }
    }

    fn lost(cache: &Cache) -> u64 {
        let stats = cache.stats();
        stats.evictions + stats.refusals
    }

    fn make(&mut self, cache: &Cache, call: Call) {
        match call {
            Call::Get(key) => self.saw(key, cache.get(&key), Self::lost(cache)),
            Call::Peek(key) => self.saw(key, cache.peek(&key), Self::lost(cache)),
            Call::Insert(key, which) => self.insert(cache, key, which),
            Call::InsertMany(key, count) => {
                for more in 0..u16::from(count) {
                    self.insert(cache, key.wrapping_add(more), 0);
                    self.hear();
                }
            }
            Call::Remove(key) => {
                self.hear();
                let removed = cache.remove(&key);
                let known = self.known.remove(&key).filter(|known| known.due > self.now);
                let known = known.map(|known| known.value);
                let same = removed.as_ref().map(Arc::as_ptr) == known.as_ref().map(Arc::as_ptr);
                let may_be_lost =
                    removed.is_none() && !self.settings.listens && Self::lost(cache) > 0;
                assert!(same || may_be_lost, "{removed:?} is not {known:?}");
            }
            Call::Invalidate(key) => {
                self.hear();
                let was_there = cache.contains(&key);
                assert_eq!(cache.invalidate(&key), was_there);
                self.known.remove(&key);
                self.hear();
                assert!(!cache.contains(&key));
            }
            Call::InvalidateAll => {
                self.hear();
                cache.invalidate_all();
                self.known.clear();
                assert_eq!((cache.len(), cache.weight()), (0, 0));
            }
            Call::SetCapacity(capacity) => {
                cache.set_capacity(capacity);
                assert!(
                    cache.weight() <= capacity,
                    "{} of {capacity}",
                    cache.weight()
                );
                self.settings.capacity = capacity;
            }
            Call::Nest(outer, inner, how) => {
                self.hear();
                let seen = cache.read(&outer, |value| {
                    let before = value.clone();
                    match how % 4 {
                        0 => self.insert(cache, inner, how / 4),
                        1 => self.make(cache, Call::Remove(inner)),
                        2 => self.make(cache, Call::InsertMany(inner, 40)),
                        _ => self.make(cache, Call::Get(inner)),
                    }
                    assert!(
                        Arc::ptr_eq(&before, value),
                        "an entry changed while it was read"
                    );
                });
                if seen.is_none() {
                    self.saw(outer, None, Self::lost(cache));
                }
            }
            Call::Wait(seconds) => {
                self.now += u64::from(seconds);
                self.clock.advance(Duration::from_secs(seconds.into()));
            }
            Call::Hold(_) | Call::Release(_) => {}
        }
    }

    fn check(&mut self, cache: &Cache) {
        self.hear();
        cache.check_invariants();
        let stats = cache.stats();
        assert_eq!(
            (stats.entries, stats.weight),
            (cache.len() as u64, cache.weight())
        );
        if self.settings.listens {
            assert_eq!(self.known.len(), cache.len(), "entries");
            let weight: u64 = self.known.values().map(|known| known.value.2).sum();
            assert_eq!(weight, cache.weight(), "weights");
        }
    }
}
