//! What becomes of a load: it is stored if nobody changed its key meanwhile, and given to those who wait.
//!
//! Whether it may be stored and the storing are one critical section. The weight is computed before it, and so is room made for an entry
//! that is too heavy for its shard: room that is in vain, because the key was changed meanwhile, goes back to the others. Should another
//! insertion take that room at the last moment, the value is refused as one that is too heavy; it is never stored past a fence.
//!
//! A value with a tag that was invalidated since its load began is not stored; it replaces nothing.
//!
//! Those who wait get their copy after that. Nobody joins a flight that has ended in its table; so if nobody waits then, no copy is made.

use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;

use super::super::InsertOptions;
use super::super::aftermath::Aftermath;
use super::super::budget::Budget;
use super::super::cause::RemovalCause;
use super::super::core::Core;
use super::super::expiry::Age;
use super::super::flights::{Cargo, Debris, Flights};
use super::super::state::{State, Terms};
use super::super::store::Hash;
use super::super::tags::Extra;
use super::board::{EPOCH, Lead, Spent};
use super::negative;
use super::parcel::{Loaded, Parcel};
use crate::kernel::clock::Tick;
use crate::kernel::sync::{Arc as Shared, MutexGuard};

impl Lead<'_> {
    /// The load is over, and its flight has ended in the table.
    fn deliver(self, cargo: impl FnOnce() -> Cargo) {
        // `false`: another one leads by now, and those who wait get what that one loads.
        self.leader.land_with(cargo);
    }
}

/// Whether none of its tags was invalidated since its load began. Whoever stores it is told again by whoever reads it.
pub(super) fn is_current(extra: Option<&Shared<Extra>>) -> bool {
    extra.is_none_or(|extra| extra.is_current())
}

impl<K: Eq, V> State<K, V> {
    /// What the shard lacks for an entry of this weight, even if nothing else is in it.
    fn lacks(&mut self, weight: u64, budget: &Budget) -> u64 {
        self.quota += budget.take(weight.saturating_sub(self.quota));
        weight.saturating_sub(self.quota)
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// The load of `key` is over.
    pub(crate) fn land<Y, E>(
        &self,
        hash: Hash,
        key: K,
        lead: Lead<'_>,
        loaded: Result<Y, E>,
        spent: Spent,
    ) -> Result<Y::Answer, Arc<E>>
    where
        V: Clone + Send + Sync + 'static,
        Y: Loaded<V>,
        E: Send + Sync + 'static,
    {
        match loaded.map(Y::open) {
            Ok(Ok(loaded)) => Ok(Y::found(self.land_value(hash, key, lead, loaded, spent))),
            Ok(Err(absent)) => {
                self.land_absence(hash, key, lead);
                Ok(absent)
            }
            Err(error) => {
                let error = Arc::new(error);
                self.land_failure(hash, lead, &error);
                Err(error)
            }
        }
    }

    /// It brought a value, which comes back.
    pub(crate) fn land_value(
        &self,
        hash: Hash,
        key: K,
        lead: Lead<'_>,
        (value, options): (V, InsertOptions),
        spent: Spent,
    ) -> V
    where
        V: Clone + Send + Sync + 'static,
    {
        let theirs = value.clone();
        let extra = self.extra(&options, Some(spent.born));
        if is_current(extra.as_ref()) {
            // Whether it is stored or not: it is what was loaded for those who are on board.
            let parcel = (value, &options, extra.as_ref());
            let _ = self.store(hash, key, parcel, spent.nanos, |flights, debris| {
                flights.land(&lead.leader, EPOCH, debris)
            });
        } else {
            // What is there may be younger.
            self.fail(hash, &lead);
        }
        lead.deliver(|| Arc::new(Parcel::Value(theirs.clone(), extra)));
        theirs
    }

    /// It found nothing.
    pub(crate) fn land_absence(&self, hash: Hash, key: K, lead: Lead<'_>)
    where
        V: Send + Sync + 'static,
    {
        self.store_absence(hash, key, |flights, debris| {
            flights.land(&lead.leader, EPOCH, debris)
        });
        lead.deliver(|| Arc::new(Parcel::<V>::Absent));
    }

    /// It failed.
    pub(crate) fn land_failure<E>(&self, hash: Hash, lead: Lead<'_>, error: &Arc<E>)
    where
        E: Send + Sync + 'static,
    {
        self.fail(hash, &lead);
        lead.deliver(|| error.clone());
    }

    /// Stores a value, with options and tags, if `permit`, which is asked under the lock, lets it; and gives it back if not.
    pub(crate) fn store(
        &self,
        hash: Hash,
        key: K,
        (value, options, extra): (V, &InsertOptions, Option<&Shared<Extra>>),
        cost: u64,
        permit: impl Fn(&mut Flights<K>, &mut Debris<K>) -> bool,
    ) -> Result<(), V> {
        let Some(shard) = self.shard(hash) else {
            return Err(value);
        };
        let Some(terms) = self.terms_with(hash, &key, &value, options, extra) else {
            // It is served for no time at all.
            let removed = self.store_nothing(hash, key, None, permit);
            return if removed { Ok(()) } else { Err(value) };
        };
        let terms = Terms { cost, ..terms };
        let mut pair = Some((key, value));
        // Before the room, which is a lock, since it is settled behind it, also if a comparison panics.
        let mut after = self.aftermath();
        let mut room = None;
        loop {
            let mut state = shard.lock();
            state.quota += room.as_mut().map_or(0, Room::take);
            let missing = state.lacks(terms.weight, &self.budget);
            if missing > 0 && room.is_none() && terms.weight <= self.budget.capacity() {
                drop(state);
                room = Some(self.make_room(hash, missing));
                continue;
            }
            if !permit(&mut state.flights, &mut after.pile().debris) {
                state.settle(&self.budget);
                drop(state);
                drop(room);
                after.settle();
                return pair.map_or(Ok(()), |(_, value)| Err(value));
            }
            if let Some((key, _)) = pair.as_ref() {
                state.negatives.forget(hash, key, &mut after.pile().keys);
            }
            let (arena, budget) = (&shard.arena, &self.budget);
            // What doesn't fit stays in the pair.
            let _ = state.insert(arena, budget, hash, &mut pair, &terms, &mut after);
            drop(state);
            drop(room);
            after.settle();
            self.refuse(pair);
            return Ok(());
        }
    }

    /// There is nothing for this key, if `permit` lets it be said.
    pub(crate) fn store_absence(
        &self,
        hash: Hash,
        key: K,
        permit: impl Fn(&mut Flights<K>, &mut Debris<K>) -> bool,
    ) -> bool {
        let ttl = self.config.loads.negative_ttl;
        let due = ttl.map(|ttl| self.clock.now().saturating_add(ttl));
        self.store_nothing(hash, key, due, permit)
    }

    /// Removes what is there, if `permit` lets it, and remembers that there is nothing until `known`.
    fn store_nothing(
        &self,
        hash: Hash,
        key: K,
        known: Option<Tick>,
        permit: impl Fn(&mut Flights<K>, &mut Debris<K>) -> bool,
    ) -> bool {
        let Some(shard) = self.shard(hash) else {
            return false;
        };
        let now = self.now();
        let mut after = self.aftermath();
        let mut state = shard.lock();
        let may = permit(&mut state.flights, &mut after.pile().debris);
        if may {
            let arena = &shard.arena;
            if let Some(old) = state.owner.find(arena, hash, |found| *found == key) {
                let deadline = state.owner.deadline(arena, old);
                let cause = if Age::of(deadline, self.linger, now).is_served() {
                    RemovalCause::Removed
                } else {
                    RemovalCause::Expired
                };
                state.remove(arena, old, cause, &mut after);
            }
            state.negatives.forget(hash, &key, &mut after.pile().keys);
            if let Some(due) = known {
                let bound = negative::bound(self.budget.capacity(), self.shards.len());
                let keys = &mut after.pile().keys;
                state.negatives.put(hash, key, due, bound, keys);
            }
        }
        drop(state);
        after.settle();
        may
    }

    /// There is nothing to store.
    fn fail(&self, hash: Hash, lead: &Lead<'_>) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut after = self.aftermath();
        let mut state = shard.lock();
        let flights = &mut state.flights;
        flights.fail(&lead.leader, EPOCH, &mut after.pile().debris);
        drop(state);
        after.settle();
    }

    fn make_room(&self, hash: Hash, missing: u64) -> Room<'_, K, V> {
        let turn = self.collecting.lock();
        let mut afters = Vec::new();
        let collected = self.collect(hash, missing, &mut afters);
        Room {
            collected,
            afters,
            turn: Some(turn),
        }
    }
}

/// Weight that was taken from other shards, for one who stores an entry.
struct Room<'c, K, V> {
    collected: u64,
    afters: Vec<Aftermath<'c, K, V>>,
    /// One at a time, or two could wait for what the other has.
    turn: Option<MutexGuard<'c, ()>>,
}

impl<K, V> Room<'_, K, V> {
    fn take(&mut self) -> u64 {
        std::mem::take(&mut self.collected)
    }
}

impl<K, V> Drop for Room<'_, K, V> {
    fn drop(&mut self) {
        // What was evicted is the user's to drop, without any lock.
        drop(self.turn.take());
        for after in self.afters.drain(..) {
            after.settle();
        }
    }
}
