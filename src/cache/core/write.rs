//! Storing and removing one entry.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::aftermath::Aftermath;
use super::super::cause::{Listener, RemovalCause};
use super::super::expiry::Age;
use super::super::meters::Meter;
use super::super::state::{NoRoom, Pair, Terms};
use super::super::store::Hash;
use super::Core;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// Stores a value.
    pub(crate) fn insert(&self, hash: Hash, key: K, value: V, terms: Terms<'_>) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut pair = Some((key, value));
        let mut after = self.aftermath();
        let mut state = shard.lock();
        if let Some((key, _)) = pair.as_ref() {
            let late = terms.now.saturating_add(self.linger);
            if state.expire_key(&shard.arena, hash, key, late, &mut after) {
                // Whoever listens hears of it before the next value is there.
                drop(state);
                after.settle();
                after = self.aftermath();
                state = shard.lock();
            }
            state.fence(hash, key, &mut after);
        }
        let (arena, budget) = (&shard.arena, &self.budget);
        let stored = state.insert(arena, budget, hash, &mut pair, &terms, &mut after);
        drop(state);
        after.settle();
        if let Err(NoRoom(missing)) = stored {
            self.insert_heavy(hash, pair, missing, terms);
        }
    }

    /// Stores an entry that needs more than its shard has.
    #[cold]
    pub(crate) fn insert_heavy(
        &self,
        hash: Hash,
        mut pair: Pair<K, V>,
        mut missing: u64,
        terms: Terms<'_>,
    ) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        // Before the lock, since they are settled behind it, also if a comparison panics.
        let (mut after, mut afters) = (self.aftermath(), Vec::new());
        // One at a time, or two could wait for what the other has. Nor does the capacity change meanwhile.
        let collecting = self.collecting.lock();
        while terms.weight <= self.budget.capacity() {
            let collected = self.collect(hash, missing, &mut afters);
            let mut state = shard.lock();
            state.quota += collected;
            if let Some((key, _)) = pair.as_ref() {
                state.fence(hash, key, &mut after);
            }
            let (arena, budget) = (&shard.arena, &self.budget);
            let stored = state.insert(arena, budget, hash, &mut pair, &terms, &mut after);
            drop(state);
            match stored {
                // Others have taken it.
                Err(NoRoom(again)) if collected > 0 => missing = again,
                _ => break,
            }
        }
        drop(collecting);
        afters.push(after);
        for after in afters {
            after.settle();
        }
        self.refuse(pair);
    }

    /// An entry that does not fit is evicted before it is in.
    pub(crate) fn refuse(&self, pair: Pair<K, V>) {
        let Some((key, value)) = &pair else { return };
        self.meters.raise(Meter::Refused);
        if let Some(Listener(hear)) = &self.listener {
            let _ = crate::kernel::upkeep::shielded(|| hear(key, value, RemovalCause::Evicted));
        }
    }

    /// Takes weight from the other shards.
    pub(crate) fn collect<'s>(
        &'s self,
        hash: Hash,
        missing: u64,
        afters: &mut Vec<Aftermath<'s, K, V>>,
    ) -> u64 {
        let own = hash.shard(self.mask);
        let mut collected = self.budget.take(missing);
        for (_, shard) in self
            .shards
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != own)
        {
            let wanted = missing - collected;
            if wanted == 0 {
                break;
            }
            let mut after = self.aftermath();
            let mut state = shard.lock();
            let given = wanted.min(state.quota);
            state.quota -= given;
            state.shed(&shard.arena, &mut after);
            // Pinned entries don't go, so what they weigh stays.
            let kept = state.used.saturating_sub(state.quota);
            state.quota += kept;
            collected += given - kept;
            state.settle(&self.budget);
            drop(state);
            afters.push(after);
        }
        collected
    }

    /// Removes the entry of a key and everything that was loaded for it before; whether there was one is what `take` makes of it.
    pub(crate) fn remove<Q, R>(&self, key: &Q, take: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let shard = self.shard(hash)?;
        let mut after = self.aftermath();
        let now = self.now();
        let mut state = shard.lock();
        state.fence(hash, key, &mut after);
        let found = state
            .owner
            .find(&shard.arena, hash, |found| found.borrow() == key);
        let held = found.and_then(|id| {
            let held = state.owner.hold(&shard.arena, id);
            let deadline = state.owner.deadline(&shard.arena, id);
            let expired = !Age::of(deadline, self.linger, now).is_served();
            let cause = if expired {
                RemovalCause::Expired
            } else {
                RemovalCause::Removed
            };
            state.remove(&shard.arena, id, cause, &mut after);
            held.filter(|held| !expired && held.is_current())
        });
        drop(state);
        let taken = held.as_ref().map(|held| take(held.value()));
        drop(held);
        after.settle();
        taken
    }
}
