//! What a shard does under its lock.
//!
//! # Invariants
//!
//! * `used` is the sum of the weights of linked entries, and at most `quota` when the lock is released.
//! * The policy holds exactly the linked entries whose weight is not zero.
//! * No user code but the comparison of keys runs here: what is to be dropped or told goes into the [`Aftermath`].

use std::borrow::Borrow;

use super::aftermath::Aftermath;
use super::budget::Budget;
use super::cause::RemovalCause;
use super::flights::Flights;
use super::load::Negatives;
use super::policy::{Entries, Policy};
use super::store::{Arena, Hash, NoPlace, Owner, dense};
use super::tags::Extra;
use crate::kernel::sync::Arc;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// What an entry is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'t> {
    pub(crate) weight: u64,
    /// In nanoseconds of the cache's clock.
    pub(crate) deadline: u64,
    /// What it has besides.
    pub(crate) extra: Option<&'t Arc<Extra>>,
    /// When it should be loaded anew; never, as a rule.
    pub(crate) refresh: u64,
    /// What its load took.
    pub(crate) cost: u64,
}

pub(crate) struct State<K, V> {
    pub(crate) owner: Owner<K, V>,
    pub(crate) policy: Policy,
    pub(crate) flights: Flights<K>,
    pub(crate) negatives: Negatives<K>,
    /// Weights by slot; empty while all entries weigh one.
    weights: Vec<u64>,
    pub(crate) used: u64,
    pub(crate) quota: u64,
    /// What it has by right.
    pub(crate) share: u64,
    /// Entries that may wait to be reclaimed.
    batch: usize,
    /// Shards of the cache.
    siblings: usize,
    pub(crate) tally: Tally,
}

/// What happened to entries, counted under the lock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) inserted: u64,
    pub(crate) replaced: u64,
    pub(crate) removed: u64,
    pub(crate) expired: u64,
    pub(crate) evicted: u64,
    pub(crate) evicted_weight: u64,
    pub(crate) refused: u64,
}

/// The entries of a shard, as its policy sees them.
struct Ledger<'s, K, V> {
    owner: &'s mut Owner<K, V>,
    arena: &'s Arena<K, V>,
    weights: &'s [u64],
}

impl<K, V> Entries for Ledger<'_, K, V> {
    #[inline]
    fn uses(&self, id: u32) -> u8 {
        self.owner.uses(self.arena, id)
    }

    #[inline]
    fn set_uses(&mut self, id: u32, uses: u8) {
        self.owner.set_uses(self.arena, id, uses);
    }

    #[inline]
    fn hash(&self, id: u32) -> u32 {
        self.owner.place(id)
    }

    #[inline]
    fn weight(&self, id: u32) -> u64 {
        self.weights.get(dense(id)).copied().unwrap_or(1)
    }

    #[inline]
    fn place(&self, id: u32) -> u32 {
        self.owner.seat(id)
    }

    #[inline]
    fn set_place(&mut self, id: u32, place: u32) {
        self.owner.set_seat(id, place);
    }
}

macro_rules! ledger {
    ($state:ident, $arena:ident) => {
        &mut Ledger {
            owner: &mut $state.owner,
            arena: $arena,
            weights: &$state.weights,
        }
    };
}

/// Why an entry was not stored.
pub(crate) struct NoRoom<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    /// Weight that is missing in the shard.
    pub(crate) missing: u64,
}

impl<K: Eq, V> State<K, V> {
    pub(crate) fn new(
        owner: Owner<K, V>,
        policy: Policy,
        flights: Flights<K>,
        quota: u64,
        batch: usize,
        siblings: usize,
    ) -> Self {
        Self {
            owner,
            policy,
            flights,
            negatives: Negatives::new(),
            weights: Vec::new(),
            used: 0,
            quota,
            share: quota,
            batch,
            siblings,
            tally: Tally::default(),
        }
    }

    /// The weight of a linked entry.
    pub(crate) fn weight(&self, id: u32) -> u64 {
        self.weights.get(dense(id)).copied().unwrap_or(1)
    }

    /// Nothing that was loaded before is stored for this key any more.
    #[inline]
    pub(crate) fn fence<Q: Eq + ?Sized>(
        &mut self,
        hash: Hash,
        key: &Q,
        after: &mut Aftermath<'_, K, V>,
    ) where
        K: Borrow<Q>,
    {
        if !self.flights.is_empty() {
            self.flights.detach(hash.whole(), key, &mut after.debris);
        }
        if !self.negatives.is_empty() {
            self.negatives.forget(hash, key, &mut after.keys);
        }
    }

    /// Stores an entry, in place of the one with the same key if there is one, and returns its slot; nothing if no slot is to be had.
    /// Whatever has to go for it goes, and may be the entry itself. If even the whole shard is not enough, it comes back, and the old one is
    /// gone.
    #[expect(clippy::too_many_arguments, reason = "an entry, and where it goes")]
    pub(crate) fn insert<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        budget: &Budget,
        hash: Hash,
        key: K,
        value: V,
        terms: Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) -> Result<Option<u32>, NoRoom<K, V>> {
        // First, since entries may move.
        self.tidy(arena, after);
        arena.log.drain(&mut self.policy);
        self.settle(budget);
        if terms.weight > self.share {
            self.quota += budget.take(terms.weight.saturating_sub(self.quota));
            self.make_way(arena, hash, &key, terms.weight, after);
        }
        let old = self.owner.find(arena, hash, |found| *found == key);
        let freed = old.map_or(0, |old| self.weight(old));
        // Neither what is in nor what may come in is more than half of what a number can be.
        let needed = (self.used - freed).saturating_add(terms.weight);
        if needed > self.quota {
            let short = needed - self.quota;
            if terms.weight > self.quota {
                self.quota += budget.take(short);
            }
            if terms.weight > self.quota {
                if let Some(old) = old {
                    self.remove(arena, old, RemovalCause::Replaced, after);
                }
                return Err(NoRoom {
                    key,
                    value,
                    missing: terms.weight - self.quota,
                });
            }
        }
        let id = match old {
            Some(old) => self.exchange(arena, hash, old, key, value, terms, after),
            None => self.link(arena, hash, key, value, terms, after),
        };
        self.shed(arena, after);
        Ok(id)
    }

    /// For an entry that is more than the shard's share: who brings it wants it to be there, so others go, whatever they are worth.
    #[cold]
    fn make_way<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        hash: Hash,
        key: &K,
        weight: u64,
        after: &mut Aftermath<'a, K, V>,
    ) {
        if weight > self.quota {
            return;
        }
        if let Some(old) = self.owner.find(arena, hash, |found| found == key) {
            self.remove(arena, old, RemovalCause::Replaced, after);
        }
        self.shed_to(arena, self.quota - weight, after);
    }

    fn link<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        hash: Hash,
        mut key: K,
        mut value: V,
        terms: Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) -> Option<u32> {
        for _ in 0..3 {
            match self
                .owner
                .put(arena, hash, key, value, terms.deadline, terms.extra)
            {
                Ok(id) => {
                    self.weigh(id, terms.weight);
                    self.owner.set_refresh(arena, id, terms.refresh, terms.cost);
                    self.used += terms.weight;
                    self.tally.inserted += 1;
                    if terms.weight > 0 {
                        self.policy.inserted(ledger!(self, arena), id);
                    }
                    return Some(id);
                }
                Err(NoPlace(back, again)) => (key, value) = (back, again),
            }
            self.owner.reclaim(arena, &mut after.garbage);
            self.grow(arena, after);
        }
        self.tally.refused += 1;
        after.refused(key, value);
        None
    }

    #[expect(clippy::too_many_arguments, reason = "an entry, and where it goes")]
    fn exchange<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        hash: Hash,
        old: u32,
        key: K,
        value: V,
        terms: Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) -> Option<u32> {
        let before = self.weight(old);
        let held = after
            .listens()
            .then(|| self.owner.hold(arena, old))
            .flatten();
        // The policy knows nothing of what weighs nothing.
        let leaves = before > 0 && terms.weight == 0;
        if leaves {
            self.policy.removed(ledger!(self, arena), old);
        }
        match self
            .owner
            .replace(arena, hash, old, key, value, terms.deadline, terms.extra)
        {
            Ok(id) => {
                after.notice(held, RemovalCause::Replaced);
                self.weigh(id, terms.weight);
                self.owner.set_refresh(arena, id, terms.refresh, terms.cost);
                self.used = self.used - before + terms.weight;
                self.tally.replaced += 1;
                if before > 0 && terms.weight > 0 {
                    self.policy.replaced(ledger!(self, arena), old, id);
                } else if terms.weight > 0 {
                    self.policy.inserted(ledger!(self, arena), id);
                }
                Some(id)
            }
            Err(NoPlace(key, value)) => {
                drop(held);
                if leaves {
                    self.take_out(arena, old, RemovalCause::Replaced, after);
                } else {
                    self.remove(arena, old, RemovalCause::Replaced, after);
                }
                self.link(arena, hash, key, value, terms, after)
            }
        }
    }

    fn weigh(&mut self, id: u32, weight: u64) {
        if self.weights.is_empty() {
            if weight == 1 {
                return;
            }
            self.weights = vec![1; self.owner.slots()];
        }
        if let Some(place) = self.weights.get_mut(dense(id)) {
            *place = weight;
        }
    }

    /// Takes a linked entry out.
    pub(crate) fn remove<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        id: u32,
        cause: RemovalCause,
        after: &mut Aftermath<'a, K, V>,
    ) {
        if faulty(Fault::KeepRemoved) {
            return;
        }
        if self.weight(id) > 0 {
            self.policy.removed(ledger!(self, arena), id);
        }
        self.take_out(arena, id, cause, after);
    }

    /// Takes an entry out that the policy does not hold any more.
    fn take_out<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        id: u32,
        cause: RemovalCause,
        after: &mut Aftermath<'a, K, V>,
    ) {
        let weight = self.weight(id);
        if after.listens() {
            after.notice(self.owner.hold(arena, id), cause);
        }
        self.owner.retire(arena, id);
        self.used -= weight;
        match cause {
            RemovalCause::Expired => self.tally.expired += 1,
            RemovalCause::Evicted => {
                self.tally.evicted += 1;
                self.tally.evicted_weight = self.tally.evicted_weight.saturating_add(weight);
            }
            RemovalCause::Replaced => self.tally.replaced += 1,
            RemovalCause::Removed => self.tally.removed += 1,
        }
    }

    /// Evicts until the quota is kept. Returns whether it is.
    #[inline]
    pub(crate) fn shed<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool {
        self.shed_to(arena, self.quota, after)
    }

    fn shed_to<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        most: u64,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool {
        while self.used > most && !faulty(Fault::ShedNothing) {
            let Some(victim) = self.policy.evict(ledger!(self, arena)) else {
                return false;
            };
            self.take_out(arena, victim, RemovalCause::Evicted, after);
        }
        true
    }

    /// Reclaims what was taken out, if it is enough to be worth it, and grows the table if it is full.
    fn tidy<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        if self.owner.is_due(self.batch) {
            self.owner.reclaim(arena, &mut after.garbage);
        }
        if self.owner.len() + self.owner.gone().len() >= self.owner.room(arena) {
            self.grow(arena, after);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        // A cache of entries needs no more room than this, unless the hashes are bad; one of weights may.
        let most = (self.quota as usize).saturating_add(self.batch);
        let room = self.owner.room(arena);
        // There is room, but not where it is looked for: no table is large enough for such hashes.
        if (self.owner.len() + self.owner.gone().len()).saturating_mul(4) < room {
            return;
        }
        let larger = if room < most && most / 4 <= room {
            most
        } else {
            room.saturating_mul(if room < most { 4 } else { 2 })
        };
        if room > most.saturating_mul(4) && self.weights.is_empty() {
            return;
        }
        self.resize(arena, larger, after);
        // Also the policy did not know how many there would be.
        self.policy.expect(self.quota, larger, self.siblings);
    }

    /// Moves everything to a table for so many entries.
    pub(crate) fn resize<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        entries: usize,
        after: &mut Aftermath<'a, K, V>,
    ) {
        const LOST: u32 = u32::MAX;
        let weights = std::mem::take(&mut self.weights);
        let mut moves = vec![LOST; self.owner.slots()];
        let mut lost = 0;
        let listens = after.listens();
        let (refused, notices) = after.unplaced();
        let left = |held| {
            if listens {
                notices.push((held, RemovalCause::Evicted));
            }
        };
        let moved = |from: u32, to: Option<u32>| {
            if let Some(place) = moves.get_mut(dense(from)) {
                *place = to.unwrap_or(LOST);
            }
            if to.is_none() {
                lost += weights.get(dense(from)).copied().unwrap_or(1);
                self.tally.evicted += 1;
            }
        };
        self.owner.resize(arena, entries, refused, left, moved);
        self.used -= lost;
        self.tally.evicted_weight += lost;
        if !weights.is_empty() {
            self.weights = vec![1; self.owner.slots()];
            for (weight, to) in weights.iter().zip(&moves).filter(|(_, to)| **to != LOST) {
                if let Some(place) = self.weights.get_mut(dense(*to)) {
                    *place = *weight;
                }
            }
        }
        let new = |id| moves.get(dense(id)).copied().filter(|to| *to != LOST);
        self.policy.renumber(ledger!(self, arena), new);
    }

    /// Gives what the shard has above its share and does not need to the others, and takes what it has below it.
    #[inline]
    pub(crate) fn settle(&mut self, budget: &Budget) {
        if self.quota != self.share {
            self.settle_slowly(budget);
        }
    }

    #[cold]
    fn settle_slowly(&mut self, budget: &Budget) {
        if self.quota > self.share {
            let spare = (self.quota - self.share).min(self.quota.saturating_sub(self.used));
            self.quota -= spare;
            budget.give(spare);
        } else {
            self.quota += budget.take(self.share - self.quota);
        }
    }

    /// Leaves all entries behind, and what was loaded before is not stored any more.
    pub(crate) fn abandon(&mut self, arena: &Arena<K, V>) {
        self.flights.detach_all();
        if faulty(Fault::AbandonNothing) {
            return;
        }
        self.negatives.forget_all();
        self.tally.removed += self.owner.len() as u64;
        self.owner.abandon(arena);
        self.policy.clear();
        self.weights = Vec::new();
        self.used = 0;
    }

    /// The policy goes by the share: of entries, if all weigh the same.
    pub(crate) fn expect(&mut self) {
        let entries = if self.weights.is_empty() {
            usize::try_from(self.share)
                .unwrap_or(usize::MAX)
                .min(1 << 24)
        } else {
            self.owner.len()
        };
        self.policy.resize(self.share, entries.max(1));
    }

    /// Bytes of the shard's tables.
    pub(crate) fn bytes(&self, arena: &Arena<K, V>) -> usize {
        self.owner.bytes(arena)
            + self.weights.capacity() * size_of::<u64>()
            + self.negatives.bytes()
    }
}
