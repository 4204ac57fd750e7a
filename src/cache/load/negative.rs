//! Keys of which it is known that there is nothing: a bounded table beside the entries.
//!
//! A cached absence has no value and no weight, so it is none of the entries: it takes nothing of their capacity, no policy weighs it against
//! them, and a flood of keys that don't exist evicts nothing. In return the table is bounded on its own: by an eighth of
//! the capacity, at least [`LEAST`] and at most [`MOST`] keys for the whole cache. When it is full, the oldest absence is forgotten.
//!
//! # Invariants
//!
//! * Whatever changes a key forgets its absence, under the same lock.
//! * There is one place per hash: of two keys with the same 64 bits the later one is known.
//! * `order` has the places by age, and as many again at most that were forgotten since.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};

use super::super::store::Hash;
use crate::kernel::clock::Tick;

/// Absences that may be known of a whole cache.
const LEAST: u64 = 64;
const MOST: u64 = 1 << 16;

/// Absences that a shard may know.
pub(crate) fn bound(capacity: u64, shards: usize) -> usize {
    let all = (capacity / 8).clamp(LEAST, MOST) as usize;
    all.div_ceil(shards.max(1))
}

/// The absences of a shard.
#[derive(Debug)]
pub(crate) struct Negatives<K> {
    known: HashMap<u64, Absence<K>>,
    /// Hash and stamp.
    order: VecDeque<(u64, u64)>,
    /// Counts absences.
    stamp: u64,
    /// Those of an earlier stamp are forgotten.
    since: u64,
}

#[derive(Debug)]
struct Absence<K> {
    key: K,
    due: Tick,
    stamp: u64,
}

impl<K: Eq> Negatives<K> {
    pub(crate) fn new() -> Self {
        Self {
            known: HashMap::new(),
            order: VecDeque::new(),
            stamp: 0,
            since: 0,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether it is known that there is nothing for a key.
    pub(crate) fn has<Q: Eq + ?Sized>(&self, hash: Hash, key: &Q, now: Tick) -> bool
    where
        K: Borrow<Q>,
    {
        let absence = self.known.get(&hash.whole());
        absence.is_some_and(|absence| {
            absence.stamp >= self.since && now < absence.due && absence.key.borrow() == key
        })
    }

    /// There is nothing for a key, until `due`. What is to be dropped behind the lock goes into `keys`.
    pub(crate) fn put(&mut self, hash: Hash, key: K, due: Tick, bound: usize, keys: &mut Vec<K>) {
        if bound == 0 {
            keys.push(key);
            return;
        }
        self.stamp += 1;
        let stamp = self.stamp;
        let absence = Absence { key, due, stamp };
        let old = self.known.insert(hash.whole(), absence);
        keys.extend(old.map(|old| old.key));
        self.order.push_back((hash.whole(), stamp));
        while self.known.len() > bound {
            let Some((hash, stamp)) = self.order.pop_front() else {
                return;
            };
            if self.known.get(&hash).is_some_and(|own| own.stamp == stamp) {
                let forgotten = self.known.remove(&hash);
                keys.extend(forgotten.map(|absence| absence.key));
            }
        }
        // Once in `bound` times.
        if self.order.len() > 2 * bound {
            let known = &self.known;
            self.order.retain(|(hash, stamp)| {
                let own = known.get(hash);
                own.is_some_and(|own| own.stamp == *stamp)
            });
        }
    }

    /// The key is being changed.
    pub(crate) fn forget<Q: Eq + ?Sized>(&mut self, hash: Hash, key: &Q, keys: &mut Vec<K>)
    where
        K: Borrow<Q>,
    {
        let known = self.known.get(&hash.whole());
        if known.is_some_and(|absence| absence.key.borrow() == key) {
            let forgotten = self.known.remove(&hash.whole());
            keys.extend(forgotten.map(|absence| absence.key));
        }
    }

    /// All keys are being changed. The memory is given back by and by.
    pub(crate) const fn forget_all(&mut self) {
        self.since = self.stamp + 1;
    }

    /// Bytes of the table.
    pub(crate) fn bytes(&self) -> usize {
        self.known.capacity() * size_of::<(u64, Absence<K>)>()
            + self.order.capacity() * size_of::<(u64, u64)>()
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;

    fn hash(key: u64) -> Hash {
        Hash::of(&crate::kernel::hash::DefaultHashBuilder::new(), &key)
    }

    #[test]
    fn absences_are_known_until_they_are_due_or_forgotten() {
        let (mut negatives, mut keys) = (Negatives::new(), Vec::new());
        let (one, two) = (hash(1), Hash::of_place(9));
        negatives.put(one, 1_u64, Tick::from_nanos(10), 4, &mut keys);
        negatives.put(two, 2, Tick::from_nanos(20), 4, &mut keys);
        assert!(negatives.has(one, &1, Tick::from_nanos(9)));
        assert!(!negatives.has(one, &1, Tick::from_nanos(10)), "it was due");
        assert!(
            !negatives.has(one, &7, Tick::ZERO),
            "another key with the same hash"
        );
        negatives.forget(two, &3, &mut keys);
        assert!(
            negatives.has(two, &2, Tick::ZERO),
            "another key was changed"
        );
        negatives.forget(two, &2, &mut keys);
        assert!(!negatives.has(two, &2, Tick::ZERO));
        assert_eq!(keys, [2]);
        negatives.forget_all();
        assert!(!negatives.has(one, &1, Tick::ZERO));
        negatives.put(one, 1, Tick::from_nanos(10), 4, &mut keys);
        assert!(negatives.has(one, &1, Tick::ZERO));
    }

    #[test]
    fn the_table_is_bounded_whatever_is_forgotten() {
        let (mut negatives, mut keys) = (Negatives::new(), Vec::new());
        for key in 0..10_000_u64 {
            let place = Hash::of_place(key as u32);
            negatives.put(place, key, Tick::MAX, 16, &mut keys);
            assert!(negatives.known.len() <= 16 && negatives.order.len() <= 32);
            assert!(negatives.has(place, &key, Tick::ZERO));
            if key % 3 == 0 {
                negatives.forget(place, &key, &mut keys);
            }
            if key % 1_000 == 0 {
                negatives.forget_all();
            }
        }
        // The same key again and again.
        for _ in 0..1_000 {
            negatives.put(Hash::of_place(1), 1, Tick::MAX, 16, &mut keys);
            assert!(negatives.order.len() <= 32);
        }
        assert_eq!(keys.len() + negatives.known.len(), 11_000);
    }
}
