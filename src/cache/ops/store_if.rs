//! Changes that depend on what is there.
//!
//! Whoever decides by a value looks at it without a lock, by an entry that is held. The change is made under the lock, if the entry that was
//! looked at is still the one: while it is held its slot is not given to another, so the same slot in the same table with the same address
//! is the same entry.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::aftermath::Aftermath;
use super::super::budget::Budget;
use super::super::cause::RemovalCause;
use super::super::core::Core;
use super::super::expiry::Age;
use super::super::shard::Shard;
use super::super::state::{State, Terms};
use super::super::store::{Hash, Held};

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// Why a linked entry is not served any more at a time, if it isn't.
    pub(super) fn lapsed(
        &self,
        shard: &Shard<K, V>,
        state: &State<K, V>,
        id: u32,
        now: u64,
    ) -> Option<RemovalCause> {
        let deadline = state.owner.deadline(&shard.arena, id);
        if !Age::of(deadline, self.linger, now).is_served() {
            return Some(RemovalCause::Expired);
        }
        let entry = state.owner.entry(&shard.arena, id);
        entry
            .is_some_and(|entry| !entry.is_current())
            .then_some(RemovalCause::Removed)
    }

    /// The slot of a key. An entry that is not served any more is taken out.
    pub(super) fn find_served<'s, Q>(
        &self,
        shard: &'s Shard<K, V>,
        state: &mut State<K, V>,
        hash: Hash,
        key: &Q,
        now: u64,
        after: &mut Aftermath<'s, K, V>,
    ) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let id = state
            .owner
            .find(&shard.arena, hash, |found| found.borrow() == key)?;
        let Some(cause) = self.lapsed(shard, state, id, now) else {
            return Some(id);
        };
        state.remove(&shard.arena, id, cause, after);
        None
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an entry, and when it should be there"
    )]
    fn is_as_expected<'s, Q>(
        &self,
        shard: &'s Shard<K, V>,
        state: &mut State<K, V>,
        hash: Hash,
        key: &Q,
        expected: Option<&Held<'_, K, V>>,
        now: u64,
        after: &mut Aftermath<'s, K, V>,
    ) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        match expected {
            None => self
                .find_served(shard, state, hash, key, now, after)
                .is_none(),
            Some(held) => held.is_current() && state.owner.has(&shard.arena, held),
        }
    }

    /// As [`store_if`](Self::store_if); without terms, for a value that is not to be stored, what is there is removed.
    pub(super) fn put_if(
        &self,
        hash: Hash,
        key: K,
        value: V,
        terms: Option<Terms<'_>>,
        expected: Option<Held<'_, K, V>>,
    ) -> Result<(), (K, V)> {
        match terms {
            Some(terms) => self.store_if(hash, key, value, terms, expected),
            None if self.remove_if(hash, &key, expected.as_ref()) => Ok(()),
            None => Err((key, value)),
        }
    }

    /// Stores a value if what is expected is there; otherwise key and value come back. One that is too heavy for the cache counts as stored
    /// and evicted.
    fn store_if(
        &self,
        hash: Hash,
        key: K,
        value: V,
        terms: Terms<'_>,
        mut expected: Option<Held<'_, K, V>>,
    ) -> Result<(), (K, V)> {
        let Some(shard) = self.shard(hash) else {
            return Err((key, value));
        };
        let mut pair = Some((key, value));
        // Before the lock, since they are settled behind it, also if a comparison panics.
        let (mut after, mut afters) = (self.aftermath(), Vec::new());
        let mut collecting = None;
        let mut collected = 0;
        let stores = loop {
            let now = self.now();
            let mut state = shard.lock();
            state.quota += collected;
            let Some((key, _)) = pair.as_ref() else {
                break true;
            };
            let held = expected.as_ref();
            if !self.is_as_expected(shard, &mut state, hash, key, held, now, &mut after) {
                state.settle(&self.budget);
                break false;
            }
            let missing = state.missing(&self.budget, terms.weight);
            // The first time, and then as long as it helps.
            let may_collect = collecting.is_none() || collected > 0;
            if missing > 0 && may_collect && terms.weight <= self.budget.capacity() {
                drop(state);
                collecting.get_or_insert_with(|| self.collecting.lock());
                collected = self.collect(hash, missing, &mut afters);
                continue;
            }
            // It was there, and now the lock keeps it. Entries that are kept by others don't move when the table has to grow.
            drop(expected.take());
            state.fence(hash, key, &mut after);
            let (arena, budget) = (&shard.arena, &self.budget);
            // What doesn't fit stays in the pair.
            let _ = state.insert(arena, budget, hash, &mut pair, &terms, &mut after);
            break true;
        };
        drop(collecting);
        afters.push(after);
        for after in afters {
            after.settle();
        }
        if stores {
            self.refuse(pair);
            return Ok(());
        }
        pair.map_or(Ok(()), Err)
    }

    /// Removes the entry of a key if it is what is expected. If nothing is, nothing is removed, but nothing that was loaded before is stored.
    pub(super) fn remove_if<Q>(
        &self,
        hash: Hash,
        key: &Q,
        expected: Option<&Held<'_, K, V>>,
    ) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let Some(shard) = self.shard(hash) else {
            return false;
        };
        let mut after = self.aftermath();
        let now = self.now();
        let mut state = shard.lock();
        let is_expected =
            self.is_as_expected(shard, &mut state, hash, key, expected, now, &mut after);
        if is_expected {
            state.fence(hash, key, &mut after);
            if let Some(held) = expected {
                state.remove(&shard.arena, held.id(), RemovalCause::Removed, &mut after);
            }
        }
        drop(state);
        after.settle();
        is_expected
    }

    /// Removes an entry that is held, served or not, if it is still there.
    pub(super) fn remove_held(&self, shard: &Shard<K, V>, held: &Held<'_, K, V>) {
        let mut after = self.aftermath();
        let now = self.now();
        let mut state = shard.lock();
        if state.owner.has(&shard.arena, held) {
            let cause = self
                .lapsed(shard, &state, held.id(), now)
                .unwrap_or(RemovalCause::Removed);
            state.remove(&shard.arena, held.id(), cause, &mut after);
        }
        drop(state);
        after.settle();
    }
}

impl<K: Eq, V> State<K, V> {
    /// What the shard's quota is short of for one entry, after taking what is spare.
    fn missing(&mut self, budget: &Budget, weight: u64) -> u64 {
        if weight > self.quota {
            self.quota += budget.take(weight - self.quota);
        }
        weight.saturating_sub(self.quota)
    }
}
