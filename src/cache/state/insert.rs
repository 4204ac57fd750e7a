//! Storing an entry.

use super::super::aftermath::Aftermath;
use super::super::budget::Budget;
use super::super::cause::RemovalCause;
use super::super::expiry::Age;
use super::super::store::{Arena, Hash, NEVER, NoPlace, Resize, dense};
use super::base::{Ledger, ledger};
use super::{NoRoom, Pair, State, Terms};

impl<K: Eq, V> State<K, V> {
    /// Stores an entry, in place of the one with the same key if there is one, and returns its slot; nothing if no slot is to be had.
    /// Whatever has to go for it goes, and may be the entry itself. If even the whole shard is not enough, it stays in `pair`, and the old one
    /// is gone.
    pub(crate) fn insert<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        budget: &Budget,
        hash: Hash,
        pair: &mut Pair<K, V>,
        terms: &Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) -> Result<Option<u32>, NoRoom> {
        // First, since entries may move.
        self.prepare(arena, terms, after);
        arena.log.drain(&mut self.policy);
        self.settle(budget);
        let Some((key, _)) = pair.as_ref() else {
            return Ok(None);
        };
        if terms.weight > self.share {
            self.quota += budget.take(terms.weight.saturating_sub(self.quota));
            self.make_way(arena, hash, key, terms.weight, after);
        }
        let old = self.owner.find(arena, hash, |found| found == key);
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
                return Err(NoRoom(terms.weight - self.quota));
            }
        }
        let Some((key, value)) = pair.take() else {
            return Ok(None);
        };
        let id = match old {
            Some(old) => self.exchange(arena, hash, old, key, value, terms, after),
            None => self.link(arena, hash, key, value, terms, after),
        };
        self.shed(arena, after);
        Ok(id)
    }

    /// What comes before an entry: some of those that are due go, and the table grows if it has to.
    #[inline(always)]
    pub(crate) fn prepare<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        terms: &Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) {
        if terms.lease.deadline != NEVER || self.index.first() <= terms.now {
            self.expire_some(arena, terms, after);
        }
        self.tidy(arena, after);
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

    #[inline(always)]
    fn link<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        hash: Hash,
        mut key: K,
        mut value: V,
        terms: &Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) -> Option<u32> {
        for attempt in 0..4 {
            match self
                .owner
                .put(arena, hash, key, value, terms.lease, terms.extra)
            {
                Ok(id) => {
                    self.weigh(id, terms.weight);
                    self.owner.set_refresh(arena, id, terms.refresh, terms.cost);
                    self.expect_due(id, terms.lease, after);
                    self.used += terms.weight;
                    self.tally.inserted += 1;
                    if terms.weight > 0 {
                        self.policy.inserted(ledger!(self, arena), id);
                    }
                    return Some(id);
                }
                Err(NoPlace(back, again)) => (key, value) = (back, again),
            }
            if attempt == 0 {
                self.reclaim(arena, after);
            } else {
                self.grow(arena, Resize::Anyway, after);
            }
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
        terms: &Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) -> Option<u32> {
        let before = self.weight(old);
        let deadline = self.owner.deadline(arena, old);
        if !Age::of(deadline, self.linger, terms.now).is_served() {
            self.remove(arena, old, RemovalCause::Expired, after);
            return self.link(arena, hash, key, value, terms, after);
        }
        // The policy knows nothing of what weighs nothing.
        let leaves = before > 0 && terms.weight == 0;
        if leaves {
            self.policy.removed(ledger!(self, arena), old);
        }
        match self
            .owner
            .replace(arena, hash, old, key, value, terms.lease, terms.extra)
        {
            Ok(id) => {
                if let Some(notices) = after.notices() {
                    self.owner.owe(arena, old, RemovalCause::Replaced, notices);
                }
                after.litters();
                if deadline != NEVER {
                    self.index.forget();
                }
                self.expect_due(id, terms.lease, after);
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
}
