//! Replacing the table, and giving back what was taken out.

use super::super::aftermath::Aftermath;
use super::super::expiry::Batch;
use super::super::store::{Arena, NEVER, Sweep, dense};
use super::base::{Ledger, ledger};
use super::{State, Terms};

impl<K: Eq, V> State<K, V> {
    /// What an insertion does where entries expire: some of those that are due go.
    #[inline(never)]
    pub(super) fn expire_some<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        terms: &Terms<'_>,
        after: &mut Aftermath<'a, K, V>,
    ) {
        if self.index.first() <= terms.now {
            self.expire_due(arena, terms.now, Batch::INSERTION, after);
        }
        arena.expect(terms.lease.deadline);
        if terms.lease.deadline != NEVER && !self.owner.has_deadlines(arena) {
            // The first of its kind in a cache that was not built for it.
            self.owner.keep_deadlines();
            self.resize(arena, self.owner.room(), after);
        }
    }

    /// Reclaims all that nobody reads.
    pub(crate) fn reclaim<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        let listens = after.listens();
        let pile = after.pile();
        self.owner.reclaim(
            arena,
            &mut pile.garbage,
            &mut pile.left,
            listens,
            Sweep::Swift,
        );
    }

    pub(super) fn reclaim_some<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        after: &mut Aftermath<'a, K, V>,
    ) {
        let listens = after.listens();
        let pile = after.pile();
        self.owner.reclaim(
            arena,
            &mut pile.garbage,
            &mut pile.left,
            listens,
            Sweep::InPassing,
        );
    }

    /// Reclaims what was taken out, if it is enough to be worth it, and grows the table if it is full.
    pub(super) fn tidy<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        if self.owner.is_due(self.batch) {
            self.reclaim_some(arena, after);
        }
        if self.owner.len() + self.owner.waiting() >= self.owner.room() {
            self.grow(arena, after);
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn grow<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        // A cache of entries needs no more room than this, unless the hashes are bad; one of weights may.
        let most = (self.quota as usize).saturating_add(self.batch);
        let room = self.owner.room();
        // There is room, but not where it is looked for: no table is large enough for such hashes.
        if (self.owner.len() + self.owner.waiting()).saturating_mul(4) < room {
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
        let (left, notices) = after.unplaced();
        let moved = |from: u32, to: Option<u32>| {
            if let Some(place) = moves.get_mut(dense(from)) {
                *place = to.unwrap_or(LOST);
            }
            if to.is_none() {
                lost += weights.get(dense(from)).copied().unwrap_or(1);
                self.tally.evicted += 1;
            }
        };
        self.owner.resize(arena, entries, left, notices, moved);
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
        after.litters();
        self.renew_index(arena);
    }
}
