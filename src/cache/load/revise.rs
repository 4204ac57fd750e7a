//! Entries that are there and are loaded anew: who reloads, and who gets the old value.
//!
//! A caller looks without a lock first. If the entry is fresh that is all. If it is due, the caller goes to the lock, and leads a load if nobody
//! else does; all others have the old value at once. Whoever was at the lock puts off the time at which the entry is due, by a tenth of the time
//! for which it is fresh; so while a reload is under way, and after one that failed, callers come to the lock once in that time and not
//! with every hit.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::core::Core;
use super::super::meters::Meter;
use super::super::shard::Shard;
use super::super::state::State;
use super::super::store::{Hash, NEVER};
use super::board::Ended;
use super::freshness::{Freshness, Luck, Times};
use super::parcel::Loaded;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::Ordering;
use crate::kernel::{dice, pins};

/// A value that is kept for the case that its load fails, and until when.
pub(crate) struct Old<V> {
    pub(crate) value: V,
    pub(crate) hard: u64,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// How early this caller is. `None` if entries are not loaded anew while they are there.
    pub(crate) fn luck(&self) -> Option<Luck> {
        let draw = |beta| Luck::draw(beta, (dice::random() >> 11) as f64 / (1_u64 << 53) as f64);
        let early = || self.config.loads.early_refresh.map_or(Luck::NONE, draw);
        self.revises.then(early)
    }

    /// The value, if it is there and need not be loaded anew. Counts a hit or a miss.
    #[inline]
    pub(crate) fn glance<Q>(&self, hash: Hash, key: &Q, luck: Option<Luck>) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
        V: Clone,
    {
        match luck {
            None => self.read_at(hash, key, V::clone),
            Some(luck) => self.glance_by(hash, key, luck),
        }
    }

    fn glance_by<Q>(&self, hash: Hash, key: &Q, luck: Luck) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
        V: Clone,
    {
        let now = self.clock.now().as_nanos();
        let mut pin = pins::stand_by();
        let entry = self
            .shard(hash)?
            .search(&mut pin, hash, |found| found.borrow() == key);
        let freshness = entry.as_ref().map(|entry| {
            let hard = entry.deadline().map(|due| due.load(Ordering::Relaxed));
            let (refresh, cost) = entry.refresh();
            let times = Times {
                refresh,
                hard: hard.unwrap_or(NEVER),
                cost,
            };
            times.freshness(now, self.linger, luck)
        });
        let is_outdated = entry.as_ref().is_some_and(|entry| !entry.is_current());
        let served = !is_outdated && matches!(freshness, Some(Freshness::Fresh | Freshness::Due));
        self.meters
            .raise(if served { Meter::Hits } else { Meter::Misses });
        let value = entry.filter(|_| served).and_then(|entry| {
            entry.touch();
            if self.touches {
                self.touch(hash, &entry);
            }
            (freshness == Some(Freshness::Fresh)).then(|| entry.value.clone())
        });
        drop(pin);
        if freshness == Some(Freshness::Dead) {
            self.expire(hash, key);
        } else if is_outdated {
            self.drop_outdated(hash, key);
        }
        value
    }

    /// The times of a linked entry.
    pub(crate) fn times(shard: &Shard<K, V>, state: &State<K, V>, id: u32) -> Times {
        let (refresh, cost) = state.owner.refresh(&shard.arena, id);
        let hard = state.owner.deadline(&shard.arena, id);
        Times {
            refresh,
            hard,
            cost,
        }
    }

    /// Nobody else needs to come to the lock for this entry for some time.
    pub(crate) fn put_off(&self, shard: &Shard<K, V>, state: &State<K, V>, id: u32, now: Tick) {
        let Times { cost, .. } = Self::times(shard, state, id);
        let refresh = self.config.loads.refresh_at(now, true);
        state.owner.set_refresh(&shard.arena, id, refresh, cost);
    }

    /// A load has failed; the old value will do, if there is one and it is not too old.
    pub(crate) fn or_old<Y, E, L>(
        &self,
        old: Option<Old<V>>,
        ended: Ended<E, L>,
    ) -> Result<Y::Answer, Ended<E, L>>
    where
        Y: Loaded<V>,
    {
        let Some(Old { value, hard }) = old else {
            return Err(ended);
        };
        if self.clock.now().as_nanos() < hard {
            Ok(Y::found(value))
        } else {
            Err(ended)
        }
    }
}
