//! One shard.
use crossbeam_utils::CachePadded;

use super::policy::{Entries, Policy};
use super::store::{Arena, Entry, Garbage, Hash, Header, NoPlace, Owner};
use crate::kernel::pins::Cover;
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
impl<K, V> Ledger<'_, K, V> {
    fn header(&self, id: u32) -> Option<&Header> { self.owner.header(self.arena, id) }
}
impl<K, V> Entries for Ledger<'_, K, V> {
    fn uses(&self, id: u32) -> u8 { self.header(id).map_or(0, |h| h.uses.load(Ordering::Relaxed)) }
    fn set_uses(&mut self, id: u32, uses: u8) { if let Some(h) = self.header(id) { h.uses.store(uses, Ordering::Relaxed) } }
    fn hash(&self, id: u32) -> u32 { self.header(id).map_or(0, |h| h.hash.load(Ordering::Relaxed)) }
    fn weight(&self, _: u32) -> u64 { 1 }
    fn place(&self, id: u32) -> u32 { self.header(id).map_or(0, |h| h.place.load(Ordering::Relaxed)) }
    fn set_place(&mut self, id: u32, place: u32) { if let Some(h) = self.header(id) { h.place.store(place, Ordering::Relaxed) } }
}

impl<K: Eq, V> Shard<K, V> {
    pub(crate) fn new(quota: u64) -> Self {
        let batch = (quota as usize / 8).clamp(1, 64);
        let (arena, owner) = Arena::new(quota as u32, quota as u32 + 1 + 4 * batch as u32);
        let state = State { owner, policy: Policy::new(), used: 0, quota, batch, len: 0 };
        Self { arena, state: CachePadded::new(Mutex::new(state)) }
    }
    #[inline]
    pub(crate) fn read<'p>(&'p self, pin: &'p Cover, hash: Hash, is_key: impl Fn(&K) -> bool) -> Option<Entry<'p, K, V>> {
        self.arena.read(pin, hash, is_key)
    }
    pub(crate) fn insert(&self, hash: Hash, key: K, value: V) {
        let mut garbage = Garbage::new();
        let mut state = self.state.lock();
        state.insert(&self.arena, hash, key, value, &mut garbage);
        drop(state);
        drop(garbage);
    }
    pub(crate) fn bytes(&self) -> usize { self.state.lock().owner.bytes() }
    pub(crate) fn len(&self) -> usize { self.state.lock().len }
}

impl<K: Eq, V> State<K, V> {
    fn insert(&mut self, arena: &Arena<K, V>, hash: Hash, key: K, value: V, garbage: &mut Garbage<K, V>) {
        let found = self.owner.find(arena, hash, |k| *k == key);
        if self.owner.retired().len() >= self.batch {
            self.owner.reclaim(arena, garbage, |_| ());
        }
        let id = match self.owner.fill(arena, hash, key, value) {
            Ok(id) => id,
            Err(NoPlace(key, value)) => { garbage.push((key, value)); return; }
        };
        if let Some((slot, old)) = found {
            self.owner.exchange(slot, old, id);
            self.policy.replaced(&mut Ledger { owner: &self.owner, arena }, old, id);
            return;
        }
        self.owner.make_room(arena, self.len, self.quota as usize + 1);
        self.owner.link(arena, hash, id);
        self.len += 1;
        self.used += 1;
        self.policy.inserted(&mut Ledger { owner: &self.owner, arena }, id);
        while self.used > self.quota {
            let Some(victim) = self.policy.evict(&mut Ledger { owner: &self.owner, arena }) else { break };
            if let Some(slot) = self.owner.slot_of(arena, victim) {
                self.owner.retire(arena, slot, victim);
            }
            self.used -= 1;
            self.len -= 1;
        }
    }
}

impl<K, V> Drop for Shard<K, V> {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        #[expect(unsafe_code, reason = "tmp")]
        // SAFETY: exclusive.
        unsafe { state.owner.dismantle(&mut self.arena) };
    }
}
