//! How a caller that missed gets on board of a load.
//!
//! Under the lock of the key's shard it is looked once more whether the entry is there, and only then whether somebody loads it. Whoever
//! stores a loaded entry ends its flight under the same lock; so between a miss and a load there is no moment at which both the entry and
//! the flight are overlooked, and one load is enough for any number of callers.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;

use super::super::core::Core;
use super::super::expiry::Age;
use super::super::flights::Cargo;
use super::super::meters::{Meter, Meters};
use super::super::shard::Shard;
use super::super::state::State;
use super::super::store::{Hash, Held};
use super::error::LoadError;
use super::freshness::{Freshness, Luck};
use super::gate::Place;
use super::parcel::Loaded;
use super::revise::Old;
use crate::kernel::clock::{Clock, Tick, saturating_nanos};
use crate::kernel::flight::{Boarding, Denied, Leader, Passenger};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// The epoch of the owner of flights, for which these caches have no use: all that is invalidated at once is so in each shard's table.
pub(crate) const EPOCH: u64 = 0;

/// What a caller that missed finds.
pub(crate) enum Seat<'c, Y, V> {
    /// The entry, after all; or it is known that there is nothing, and that will do.
    Found(Y),
    /// It loads. If that fails, it may have the old value, here as below.
    Lead(Lead<'c>, Option<Old<V>>),
    /// Another one does.
    Wait(Passenger<Cargo>, Option<Old<V>>),
    Denied(Denied, Option<Old<V>>),
}

/// A load that a caller leads.
pub(crate) struct Lead<'c> {
    pub(crate) leader: Leader<Cargo>,
    pub(super) place: Place<'c>,
}

/// What is known of a load that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// What it took.
    pub(crate) nanos: u64,
    /// The count of invalidations of tags when it began.
    pub(crate) born: u64,
}

/// Measures a load. Dropped before it is over, it has failed.
pub(crate) struct Timing<'c> {
    born: u64,
    clock: &'c dyn Clock,
    meters: &'c Meters,
    began: Tick,
    ended: bool,
}

impl Timing<'_> {
    /// The load is over.
    pub(crate) fn end<T, E>(mut self, loaded: &Result<T, E>) -> Spent {
        self.ended = true;
        let meter = if loaded.is_ok() {
            Meter::Loads
        } else {
            Meter::LoadFailures
        };
        Spent {
            nanos: self.count(meter),
            born: if faulty(Fault::BornLate) {
                u64::MAX
            } else {
                self.born
            },
        }
    }

    fn count(&self, meter: Meter) -> u64 {
        let spent = saturating_nanos(self.clock.now().since(self.began));
        self.meters.raise(meter);
        self.meters.add(Meter::LoadNanos, spent);
        spent
    }
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.count(Meter::LoadFailures);
        }
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// The time, if entries or absences may be too old.
    pub(crate) fn load_time(&self) -> Tick {
        if self.expires.load(Ordering::Relaxed)
            || self.revises
            || self.config.loads.negative_ttl.is_some()
        {
            self.clock.now()
        } else {
            Tick::ZERO
        }
    }

    /// Begins to measure a load: before its loader runs.
    pub(crate) fn timing(&self) -> Timing<'_> {
        Timing {
            born: self.tag_clock(),
            clock: &*self.clock,
            meters: &self.meters,
            began: self.clock.now(),
            ended: false,
        }
    }

    /// A lead that was handed on.
    pub(crate) fn take_over(&self, leader: Leader<Cargo>) -> Lead<'_> {
        Lead {
            leader,
            place: self.gate.squeeze_in(),
        }
    }

    /// The entry of a key, if it has not expired: looked for under the lock.
    pub(crate) fn find_fresh<'s, Q>(
        &'s self,
        shard: &'s Shard<K, V>,
        state: &State<K, V>,
        hash: Hash,
        key: &Q,
        now: Tick,
    ) -> Option<Held<'s, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let (arena, owner) = (&shard.arena, &state.owner);
        let found = owner.find(arena, hash, |found| found.borrow() == key)?;
        let age = Age::of(owner.deadline(arena, found), self.linger, now.as_nanos());
        let held = owner.hold(arena, found)?;
        (age.is_served() && held.is_current()).then_some(held)
    }

    /// Finds the entry, joins its load, or leads one. Without `luck` an entry that is there is good enough.
    pub(crate) fn board<Q, Y>(
        &self,
        hash: Hash,
        key: &Q,
        luck: Option<Luck>,
    ) -> Seat<'_, Y::Answer, V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ToOwned<Owned = K> + ?Sized,
        V: Clone,
        Y: Loaded<V>,
    {
        let Some(shard) = self.shard(hash) else {
            return Seat::Denied(Denied::TooManyFlights, None);
        };
        // Keys are cloned and dropped, and clocks are read, outside of the lock.
        let own = key.to_owned();
        let now = self.load_time();
        let place = self.gate.enter();
        let mut after = self.aftermath();
        let mut state = shard.lock();
        let arena = &shard.arena;
        let found = state.owner.find(arena, hash, |found| found.borrow() == key);
        // One that was invalidated by a tag is of no use to anybody.
        let found = found.filter(|id| {
            let entry = state.owner.entry(arena, *id);
            entry.is_some_and(|entry| entry.is_current())
        });
        let freshness = found.map_or(Freshness::Dead, |id| {
            let times = Self::times(shard, &state, id);
            times.freshness(now.as_nanos(), self.linger, luck.unwrap_or(Luck::NONE))
        });
        let old = found.filter(|_| freshness != Freshness::Dead);
        let old = old.and_then(|id| state.owner.hold(arena, id));
        let revises = freshness == Freshness::Due && luck.is_some();
        let will_do = matches!(freshness, Freshness::Fresh | Freshness::Due) && !revises;
        if let Some(old) = old.as_ref().filter(|_| will_do) {
            drop(state);
            return Seat::Found(Y::found(old.value().clone()));
        }
        let absent = Y::absent().filter(|_| state.negatives.has(hash, key, now));
        if let Some(absent) = absent {
            self.meters.raise(Meter::NegativeHits);
            return Seat::Found(absent);
        }
        if let Some(id) = found.filter(|_| revises) {
            self.put_off(shard, &state, id, now);
        }
        let debris = &mut after.pile().debris;
        let boarded = if place.is_some() {
            state.flights.board(hash.whole(), own, EPOCH, debris)
        } else {
            let joined = state.flights.join(hash.whole(), key, EPOCH, debris);
            joined.unwrap_or(Err(Denied::TooManyFlights))
        };
        drop(state);
        after.settle();
        let old = old.map(|old| Old {
            value: old.value().clone(),
            hard: old.deadline(),
        });
        match (boarded, old) {
            (Ok(Boarding::Lead(leader)), old) => {
                let place = place.unwrap_or_else(|| self.gate.squeeze_in());
                Seat::Lead(Lead { leader, place }, old)
            }
            // Another one reloads it.
            (_, Some(old)) if revises => Seat::Found(Y::found(old.value)),
            (Ok(Boarding::Wait(passenger)), old) => Seat::Wait(passenger, old),
            (Err(denied), old) => Seat::Denied(denied, old),
        }
    }
}

/// Why a caller has no value. A loader that did not run comes back.
pub(crate) enum Ended<E, L = ()> {
    /// The load failed.
    Failed(Arc<E>),
    TimedOut(L),
    /// It was not let on board.
    Refused(Denied, L),
}

impl<E, L> From<Ended<E, L>> for LoadError<E> {
    fn from(ended: Ended<E, L>) -> Self {
        match ended {
            Ended::Failed(error) => Self::Failed(error),
            Ended::TimedOut(_) => Self::TimedOut,
            Ended::Refused(denied, _) => Self::of(denied),
        }
    }
}
