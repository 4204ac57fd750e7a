//! A cache of keys alone, for the tests of policies.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::kernel::rng::Rng;
use crate::kernel::sync::Arc;

#[derive(Clone, Copy, Default)]
struct Entry {
    key: u64,
    uses: u8,
    weight: u64,
    place: u32,
}

#[derive(Default)]
pub(super) struct Store(Vec<Entry>);

impl Store {
    fn at(&self, id: u32) -> Entry {
        self.0[id as usize]
    }
}

impl Entries for Store {
    fn uses(&self, id: u32) -> u8 {
        self.at(id).uses
    }
    fn set_uses(&mut self, id: u32, uses: u8) {
        assert!(uses <= 3);
        self.0[id as usize].uses = uses;
    }
    fn hash(&self, id: u32) -> u32 {
        hash(self.at(id).key) as u32
    }
    fn weight(&self, id: u32) -> u64 {
        self.at(id).weight
    }
    fn place(&self, id: u32) -> u32 {
        self.at(id).place
    }
    fn set_place(&mut self, id: u32, place: u32) {
        self.0[id as usize].place = place;
    }
}

fn hash(key: u64) -> u64 {
    Rng::seeded(key).next_u64()
}

/// One shard, and the log of its hits.
pub(super) struct Toy {
    pub(super) policy: Policy,
    pub(super) chooser: Arc<Chooser>,
    pub(super) store: Store,
    pub(super) held: HashMap<u64, u32>,
    free: Vec<u32>,
    log: Vec<u32>,
    lost: usize,
    pub(super) used: u64,
    pub(super) capacity: u64,
    /// Keys in the order of their eviction.
    pub(super) evicted: Vec<u64>,
}

impl Toy {
    pub(super) fn new(policy: EvictionPolicy, capacity: u64) -> Self {
        Self::shard(policy, capacity, &Arc::new(Chooser::new(capacity as usize)))
    }

    fn shard(policy: EvictionPolicy, capacity: u64, chooser: &Arc<Chooser>) -> Self {
        Self {
            policy: Policy::new(policy, capacity, capacity as usize, chooser),
            chooser: Arc::clone(chooser),
            store: Store::default(),
            held: HashMap::new(),
            free: Vec::new(),
            log: Vec::new(),
            lost: 0,
            used: 0,
            capacity,
            evicted: Vec::new(),
        }
    }

    pub(super) fn get(&mut self, key: u64) -> bool {
        let Some(&id) = self.held.get(&key) else {
            return false;
        };
        let uses = self.store.uses(id);
        self.store.set_uses(id, (uses + 1).min(3));
        let hash = self.store.hash(id);
        if u64::from(hash) < self.chooser.limit() {
            if self.log.len() < LOG {
                self.log.push(hash);
            } else {
                self.lost += 1;
            }
        }
        true
    }

    fn entry(&mut self, key: u64, weight: u64) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            self.store.0.push(Entry::default());
            self.store.0.len() as u32 - 1
        });
        self.store.0[id as usize] = Entry {
            key,
            uses: 0,
            weight,
            place: u32::MAX,
        };
        self.used += weight;
        self.held.insert(key, id);
        id
    }

    fn release(&mut self, id: u32) {
        self.used -= self.store.weight(id);
        self.free.push(id);
    }

    pub(super) fn put(&mut self, key: u64, weight: u64) {
        for hash in std::mem::take(&mut self.log) {
            self.policy.noted(hash);
        }
        self.policy.overflowed(std::mem::take(&mut self.lost));
        let old = self.held.get(&key).copied();
        let new = self.entry(key, weight);
        match old {
            Some(old) => {
                self.policy.replaced(&mut self.store, old, new);
                self.release(old);
            }
            None => self.policy.inserted(&mut self.store, new),
        }
        self.shrink();
    }

    pub(super) fn shrink(&mut self) {
        while self.used > self.capacity {
            let before = self.policy.counted();
            let id = self
                .policy
                .evict(&mut self.store)
                .expect("something is held");
            let after = self.policy.counted();
            assert!(after.steps - before.steps <= u64::from(clock::STEPS));
            assert_eq!(after.evictions, before.evictions + 1);
            let key = self.store.at(id).key;
            assert_eq!(
                self.held.remove(&key),
                Some(id),
                "evicted what it didn't hold"
            );
            self.release(id);
            self.evicted.push(key);
        }
    }

    pub(super) fn remove(&mut self, key: u64) {
        if let Some(id) = self.held.remove(&key) {
            self.policy.removed(&mut self.store, id);
            self.release(id);
        }
    }

    /// Compares with what is held.
    pub(super) fn check(&self) {
        self.policy.check_invariants(&self.store);
        let held: BTreeSet<u32> = self.held.values().copied().collect();
        let coldest: Vec<u32> = self.policy.coldest().collect();
        assert_eq!(coldest.len(), held.len(), "each once");
        assert_eq!(coldest.iter().copied().collect::<BTreeSet<_>>(), held);
        assert!(self.policy.hottest().eq(coldest.iter().rev().copied()));
        assert_eq!(self.policy.len(), held.len());
        assert!(self.used <= self.capacity);
    }

    /// A request as a program makes it; whether it is a hit.
    pub(super) fn request(&mut self, key: u64) -> bool {
        let hit = self.get(key);
        if !hit {
            self.put(key, 1);
        }
        hit
    }

    /// The share of hits in `keys`, in percent.
    pub(super) fn replay(&mut self, keys: &[u64]) -> f64 {
        let hits = keys.iter().filter(|&&key| self.request(key)).count();
        hits as f64 * 100.0 / keys.len() as f64
    }
}

/// The share of hits in percent, with the keys spread over shards.
pub(super) fn sharded(shards: u64, capacity: u64, keys: &[u64]) -> f64 {
    let chooser = Arc::new(Chooser::new(capacity as usize));
    let mut toys: Vec<Toy> = (0..shards)
        .map(|_| Toy::shard(EvictionPolicy::Adaptive, capacity / shards, &chooser))
        .collect();
    let hits = keys
        .iter()
        .filter(|&&key| toys[((hash(key) >> 32) % shards) as usize].request(key))
        .count();
    hits as f64 * 100.0 / keys.len() as f64
}

/// The share of hits in percent of a cache that evicts what was used least recently, or is oldest.
pub(super) fn lru(capacity: usize, keys: &[u64]) -> f64 {
    let (mut last, mut order, mut hits) = (HashMap::new(), BTreeSet::new(), 0);
    for (now, &key) in keys.iter().enumerate() {
        if let Some(before) = last.insert(key, now) {
            order.remove(&(before, key));
            hits += 1;
        } else if last.len() > capacity {
            let (_, oldest) = order.pop_first().expect("not empty");
            last.remove(&oldest);
        }
        order.insert((now, key));
    }
    hits as f64 * 100.0 / keys.len() as f64
}

pub(super) fn cycle(length: u64, requests: u64) -> Vec<u64> {
    (0..requests).map(|n| n % length).collect()
}

/// Small numbers more often: nearly Zipf with exponent one.
pub(super) fn skewed(keys: u64, requests: usize, seed: u64) -> Vec<u64> {
    let mut rng = Rng::seeded(seed);
    (0..requests)
        .map(|_| (keys as f64).powf(rng.unit()) as u64 | 1 << 40)
        .collect()
}

/// Keys come again soon or never: what was requested a short while ago, and the shorter the likelier.
pub(super) fn recent(reach: f64, requests: usize, seed: u64) -> Vec<u64> {
    let mut rng = Rng::seeded(seed);
    let mut keys: Vec<u64> = Vec::with_capacity(requests);
    for now in 0..requests {
        let back = (reach.powf(rng.unit()) * rng.unit()) as usize + 1;
        let again = (rng.unit() < 0.8).then(|| now.checked_sub(back)).flatten();
        keys.push(again.map_or(1 << 50 | now as u64, |then| keys[then]));
    }
    keys
}
