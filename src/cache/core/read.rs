//! Looking at one entry.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};

use super::super::meters::Meter;
use super::super::shard::Shard;
use super::super::store::{Entry, Hash, Held};
use super::Core;
use crate::kernel::pins;
use crate::kernel::sync::Ordering;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// Runs `look` on the value of a key, without a lock, and counts a use.
    #[inline(always)]
    pub(crate) fn read<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.read_at(self.hash(key), key, look)
    }

    /// As [`read`](Self::read), for a caller that knows the hash.
    #[inline(always)]
    pub(crate) fn read_at<Q, R>(&self, hash: Hash, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let shard = self.shard(hash)?;
        if self.expires.load(Ordering::Relaxed) {
            return self.read_timed(shard, hash, key, look);
        }
        let Some(hits) = self.meters.hits() else {
            return self.read_slowly(shard, hash, key, look);
        };
        if let Some(mut pin) = pins::own() {
            let found = shard
                .arena
                .glance(&mut pin, hash, |found| found.borrow() == key);
            if let Some(entry) = found.filter(Entry::touch_plain) {
                hits.raise();
                shard.arena.log.hit(hash.place());
                return Some(look(entry.value));
            }
            if shard.arena.lacks(&pin, hash) {
                hits.miss();
                return None;
            }
        }
        self.read_slowly(shard, hash, key, look)
    }

    /// As [`read`](Self::read), where entries may expire.
    #[inline(never)]
    fn read_timed<Q, R>(
        &self,
        shard: &Shard<K, V>,
        hash: Hash,
        key: &Q,
        look: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let Some(hits) = self.meters.hits() else {
            return self.read_slowly(shard, hash, key, look);
        };
        if let Some(mut pin) = pins::own() {
            let first = shard.arena.first_due();
            let found = shard
                .arena
                .glance(&mut pin, hash, |found| found.borrow() == key);
            let is_fresh =
                |entry: &Entry<'_, K, V>| self.is_all_fresh(shard, first) || self.is_fresh(entry);
            if let Some(entry) = found.filter(|entry| is_fresh(entry) && entry.touch_plain()) {
                if self.touches {
                    self.touch(hash, &entry);
                }
                hits.raise();
                shard.arena.log.hit(hash.place());
                return Some(look(entry.value));
            }
            if shard.arena.lacks(&pin, hash) {
                hits.miss();
                return None;
            }
        }
        self.read_slowly(shard, hash, key, look)
    }

    /// As [`read`](Self::read), for a key that is not where it is as a rule.
    #[cold]
    #[inline(never)]
    fn read_slowly<Q, R>(
        &self,
        shard: &Shard<K, V>,
        hash: Hash,
        key: &Q,
        look: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let mut pin = pins::stand_by();
        let first = shard.arena.first_due();
        let Some(entry) = shard.search(&mut pin, hash, |found| found.borrow() == key) else {
            self.meters.raise(Meter::Misses);
            return None;
        };
        if !self.is_all_fresh(shard, first) && !self.is_fresh(&entry) {
            let kept = self.is_kept(&entry);
            drop(pin);
            if !kept {
                self.expire(hash, key);
            }
            self.meters.raise(Meter::Misses);
            return None;
        }
        if entry.touch() && !entry.is_current() {
            drop(pin);
            self.drop_outdated(hash, key);
            self.meters.raise(Meter::Misses);
            return None;
        }
        if self.touches {
            self.touch(hash, &entry);
        }
        self.meters.raise(Meter::Hits);
        shard.arena.log.hit(hash.place());
        Some(look(entry.value))
    }

    /// The entry of a key for a holder that stays; `None` if it has expired.
    pub(crate) fn hold<Q>(&self, hash: Hash, key: &Q) -> Option<Held<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let shard = self.shard(hash)?;
        let held = shard.hold(hash, |found| found.borrow() == key)?;
        self.is_served(&held).then_some(held)
    }

    pub(crate) fn peek<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let shard = self.shard(hash)?;
        let mut pin = pins::stand_by();
        let entry = shard.search(&mut pin, hash, |found| found.borrow() == key)?;
        (self.is_fresh(&entry) && entry.is_current()).then(|| look(entry.value))
    }

    pub(crate) fn get_ref<Q>(&self, key: &Q) -> Option<Held<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let held = self.hold(hash, key);
        if self.touches && held.is_some() {
            self.touch_key(hash, key);
        }
        let meter = if held.is_some() {
            Meter::Hits
        } else {
            Meter::Misses
        };
        self.meters.raise(meter);
        held
    }
}
