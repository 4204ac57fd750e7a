//! One shard.
use crossbeam_utils::CachePadded;

use super::policy::{Entries, Policy};
use super::store::{Arena, Entry, Garbage, Hash, NoPlace, Owner};
use crate::kernel::pins::Cover as Pin;
use crate::kernel::sync::{Mutex, MutexGuard, Ordering};

pub(crate) struct Shard<K, V> {
    arena: Arena<K, V>,
    state: CachePadded<Mutex<State<K, V>>>,
}

struct State<K, V> {
    owner: Owner<K, V>,
    policy: Policy,
    used: u64,
    quota: u64,
    batch: usize,
    len: usize,
}

struct Ledger<'a, K, V> {
    owner: &'a Owner<K, V>,
    arena: &'a Arena<K, V>,
}
impl<K, V> Entries for Ledger<'_, K, V> {
    fn uses(&self, id: u32) -> u8 { self.owner.uses(self.arena, id) }
    fn set_uses(&mut self, id: u32, uses: u8) { self.owner.set_uses(self.arena, id, uses) }
    fn hash(&self, id: u32) -> u32 { self.owner.place(id) }
    fn weight(&self, _: u32) -> u64 { 1 }
    fn place(&self, id: u32) -> u32 { 0 }
    fn set_place(&mut self, id: u32, place: u32) { }
}

impl<K: Eq, V> Shard<K, V> {
    pub(crate) fn new(quota: u64) -> Self {
        let batch = (quota as usize / 32).clamp(16, 512);
        let (arena, owner) = Arena::new(quota as usize + batch);
        let state = State { owner, policy: Policy::new(), used: 0, quota, batch, len: 0 };
        Self { arena, state: CachePadded::new(Mutex::new(state)) }
    }
    #[inline(always)]
    pub(crate) fn read<'p>(&'p self, pin: &'p Pin, hash: Hash, is_key: impl Fn(&K) -> bool) -> Option<Entry<'p, K, V>> {
        self.arena.read(pin, hash, is_key, || drop(self.state.lock()))
    }
    #[inline(never)]
    pub(crate) fn insert(&self, hash: Hash, key: K, value: V) {
        let mut garbage = Garbage::new();
        let mut state = self.state.lock();
        state.insert(&self.arena, hash, key, value, &mut garbage);
        drop(state);
        drop(garbage);
    }
    pub(crate) fn bytes(&self) -> usize { self.state.lock().owner.bytes(&self.arena) }
    pub(crate) fn len(&self) -> usize { self.state.lock().len }
}

impl<K: Eq, V> State<K, V> {
    fn insert(&mut self, arena: &Arena<K, V>, hash: Hash, key: K, value: V, garbage: &mut Garbage<K, V>) {
        let found = self.owner.find(arena, hash, |k| *k == key);
        if self.owner.gone().len() >= self.batch {
            self.owner.reclaim(arena, garbage);
        }
        if let Some(old) = found {
            if let Ok(id) = self.owner.replace(arena, hash, old, key, value) {
                self.policy.replaced(&mut Ledger { owner: &self.owner, arena }, old, id);
            }
            return;
        }
        let id = match self.owner.put(arena, hash, key, value) {
            Ok(id) => id,
            Err(NoPlace(key, value)) => { garbage.push((key, value)); return; }
        };
        self.len += 1;
        self.used += 1;
        self.policy.inserted(&mut Ledger { owner: &self.owner, arena }, id);
        while self.used > self.quota {
            let Some(victim) = self.policy.evict(&mut Ledger { owner: &self.owner, arena }) else { break };
            self.owner.retire(arena, victim);
            self.used -= 1;
            self.len -= 1;
        }
    }
}
