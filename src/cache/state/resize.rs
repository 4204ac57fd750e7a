//! Replacing the table, and giving back what was taken out.

use super::super::aftermath::{Aftermath, Pile};
use super::super::expiry::Batch;
use super::super::store::{Arena, NEVER, Resize, Sweep, dense};
use super::base::{Growth, Ledger, ledger, litter_of};
use super::{State, Terms};

/// Of a hundred slots, so many are filled when growth is not put off any more for those who hold entries.
const FULL: usize = 95;

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
            self.resize(arena, self.owner.room(), Resize::Anyway, after);
        }
    }

    /// Reclaims all that nobody reads.
    pub(crate) fn reclaim<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        self.reclaim_at(Sweep::Swift, arena, after);
    }

    pub(super) fn reclaim_some<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        after: &mut Aftermath<'a, K, V>,
    ) {
        self.reclaim_at(Sweep::InPassing, arena, after);
    }

    fn reclaim_at<'a>(
        &mut self,
        sweep: Sweep,
        arena: &'a Arena<K, V>,
        after: &mut Aftermath<'a, K, V>,
    ) {
        let listens = after.listens();
        if listens || std::mem::needs_drop::<(K, V)>() {
            let Pile { garbage, left, .. } = after.pile();
            self.owner.reclaim(arena, garbage, left, listens, sweep);
        } else {
            // Nothing goes there.
            let (mut garbage, mut left) = (Vec::new(), Vec::new());
            self.owner
                .reclaim(arena, &mut garbage, &mut left, listens, sweep);
        }
    }

    /// Reclaims what was taken out, if it is enough to be worth it, and grows the table if it is full.
    pub(super) fn tidy<'a>(&mut self, arena: &'a Arena<K, V>, after: &mut Aftermath<'a, K, V>) {
        if self.owner.is_due(self.batch) {
            self.reclaim_some(arena, after);
        }
        if self.is_full() && self.owner.has_free() {
            // There is room, which was to be made in passing.
            self.reclaim(arena, after);
        }
        if self.is_full() {
            let crowded = self.filled().saturating_mul(100) / FULL >= self.owner.slots();
            let resize = if crowded {
                Resize::Anyway
            } else {
                Resize::IfUnread
            };
            self.grow(arena, resize, after);
        }
    }

    /// Slots that have an entry, taken out or not.
    #[inline]
    fn filled(&self) -> usize {
        self.owner.len() + self.owner.waiting()
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.filled() >= self.owner.room().max(self.growth.next)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn grow<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        resize: Resize,
        after: &mut Aftermath<'a, K, V>,
    ) {
        // A cache of entries needs no more room than this, unless the hashes are bad; one of weights may.
        let most = (self.quota as usize).saturating_add(litter_of(self.batch));
        let room = self.owner.room();
        // There is room, but not where it is looked for: no table is large enough for such hashes.
        let filled = self.filled();
        if filled.saturating_mul(4) < room {
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
        if !self.resize(arena, larger, resize, after) {
            // Each try takes some time, and who holds an entry may do so for long: the tries become rarer.
            let step = (self.growth.step * 2).max(room / 32).max(1);
            // Not beyond the point where the table is too full to wait.
            let full = (self.owner.slots() * FULL).div_ceil(100);
            let next = (filled + step).min(full.max(filled + 1));
            self.growth = Growth { next, step };
            return;
        }
        // Also the policy did not know how many there would be.
        self.policy.expect(self.quota, larger, self.siblings);
    }

    /// Moves everything to a table for so many entries, and returns whether it did: not if that is to wait for those who read.
    pub(crate) fn resize<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        entries: usize,
        resize: Resize,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool {
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
        let owner = &mut self.owner;
        if !owner.resize(arena, entries, resize, left, notices, moved) {
            self.weights = weights;
            return false;
        }
        self.growth = Growth::default();
        self.used -= lost;
        self.tally.evicted_weight = self.tally.evicted_weight.saturating_add(lost);
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
        true
    }
}

#[cfg(test)]
mod tests {
    use super::litter_of;
    use crate::cache::MemoryCache;

    /// What was taken out waits in the table, and while it is emptied a few at a time more is taken out. That is no reason to grow, which would take
    /// twice the memory.
    #[test]
    fn a_full_table_has_room_for_what_was_taken_out() {
        for capacity in [10, 100, 1_000, 5_000, 20_000] {
            let cache = MemoryCache::builder()
                .capacity(capacity)
                .shards(1)
                .build()
                .unwrap();
            (0..capacity * 6).for_each(|n: u64| cache.insert(n, n));
            let state = cache.core.shard(cache.core.hash(&0)).unwrap().lock();
            let most = capacity as usize + litter_of(state.batch);
            let room = state.owner.room();
            // A group is taken or not.
            assert!(room <= most + 14, "{capacity}: {room} above {most}");
        }
    }

    /// Each write takes another slot, and the old ones are given back only when there are many, as a rule.
    #[test]
    fn a_key_that_is_written_again_and_again_is_often_where_it_is_looked_for() {
        const WRITES: u64 = 250;
        let cache = MemoryCache::builder()
            .capacity(20_000)
            .shards(1)
            .build()
            .unwrap();
        (0..10_000_u64).for_each(|n| cache.insert(n, 0));
        let write = |key: u64, n: u64| {
            cache.insert(key, n);
            cache.insert(10_000 + key * WRITES + n, 0);
            let hash = cache.core.hash(&key);
            let shard = cache.core.shard(hash).unwrap();
            let state = shard.lock();
            let id = state.owner.find(&shard.arena, hash, |found| *found == key);
            state.owner.is_at_home(&shard.arena, id.unwrap())
        };
        // Some groups have hardly any room: it is a third of the writes, and a few of a hundred if nobody tidies up.
        let writes = (0..24).flat_map(|key| (0..WRITES).map(move |n| (key, n)));
        let often = writes.filter(|(key, n)| write(*key, *n)).count();
        assert!(often > 900, "{often} of 6000");
        cache.check_invariants();
    }

    /// The table begins with 256 entries and what may wait, and grows several times.
    #[test]
    fn a_table_whose_growth_is_put_off_is_a_good_one() {
        let cache = MemoryCache::builder()
            .capacity(10_000)
            .shards(1)
            .weigher(|key: &u64, (): &()| key.min(&1).to_owned())
            .build()
            .unwrap();
        let mut held = None;
        for n in 0..5_000 {
            cache.insert(n, ());
            // The first try to grow, at about 1400 entries, finds one held, and the second does not.
            match n % 100 {
                70 => held = cache.get_ref(&(n / 7)),
                30 => drop(held.take()),
                _ => {}
            }
            if n % 16 == 0 {
                cache.check_invariants();
            }
        }
        assert!((0..5_000).all(|n| cache.contains(&n)));
        assert_eq!(cache.stats().evictions, 0);
    }
}
