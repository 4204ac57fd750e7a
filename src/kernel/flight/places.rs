//! Where the flights and fences of a table are kept, by key.
//!
//! # Invariants
//!
//! * There is at most one place per key, and there is something in each.
//! * Places with the same hash are chained, and the index knows the first of the chain.
//! * All places are in a list. Each operation that adds one looks at the two first and moves on those that are in use, so places that
//!   nobody uses any more (leaders that ended without waiters, dropped tokens) are found: there are never more of these than of
//!   the others, by and by.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::core::Flight;
use super::debris::Debris;
use super::rules::Freight;
use crate::kernel::slab::{Key, List, Slab};

#[derive(Debug)]
pub(super) struct Places<K, T: Freight> {
    index: HashMap<u64, Key, BuildHasherDefault<Mix>>,
    slab: Slab<Place<K, T>>,
    order: List,
    flights: usize,
    fences: usize,
}

#[derive(Debug)]
pub(super) struct Place<K, T: Freight> {
    hash: u64,
    key: K,
    pub(super) stamp: Stamp,
    flight: Option<Arc<Flight<T>>>,
    /// Each token has a handle.
    fence: Option<Arc<()>>,
    /// Another key with the same hash.
    next: Option<Key>,
}

/// The fences that go for all keys: the table's, and the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) detached: u64,
    pub(super) epoch: u64,
}

impl<K: Eq, T: Freight> Places<K, T> {
    pub(super) fn new() -> Self {
        Self {
            index: HashMap::default(),
            slab: Slab::new(),
            order: List::EMPTY,
            flights: 0,
            fences: 0,
        }
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) const fn flights(&self) -> usize {
        self.flights
    }

    pub(super) const fn fences(&self) -> usize {
        self.fences
    }

    pub(super) fn stamp(&self, at: Key) -> Option<Stamp> {
        Some(self.slab.get(at)?.stamp)
    }

    pub(super) fn flight(&self, at: Key) -> Option<&Arc<Flight<T>>> {
        self.slab.get(at)?.flight.as_ref()
    }

    pub(super) fn fence(&self, at: Key) -> Option<&Arc<()>> {
        self.slab.get(at)?.fence.as_ref()
    }

    pub(super) fn find<Q: Eq + ?Sized>(&self, hash: u64, key: &Q) -> Option<Key>
    where
        K: Borrow<Q>,
    {
        self.locate(hash, |place| place.key.borrow() == key)
    }

    pub(super) fn find_flight(&self, flight: &Arc<Flight<T>>) -> Option<Key> {
        self.locate(flight.hash(), |place| {
            place
                .flight
                .as_ref()
                .is_some_and(|own| Arc::ptr_eq(own, flight))
        })
    }

    pub(super) fn find_fence(&self, hash: u64, fence: &Arc<()>) -> Option<Key> {
        self.locate(hash, |place| {
            place
                .fence
                .as_ref()
                .is_some_and(|own| Arc::ptr_eq(own, fence))
        })
    }

    fn locate(&self, hash: u64, is_it: impl Fn(&Place<K, T>) -> bool) -> Option<Key> {
        if self.len() == 0 {
            return None;
        }
        let mut chain = self.chain(self.index.get(&hash).copied());
        chain.find(|at| self.slab.get(*at).is_some_and(&is_it))
    }

    fn chain(&self, first: Option<Key>) -> impl Iterator<Item = Key> {
        std::iter::successors(first, |at| self.slab.get(*at)?.next)
    }

    /// Puts a flight into the place of a key.
    pub(super) fn put_flight(
        &mut self,
        hash: u64,
        key: K,
        stamp: Stamp,
        flight: Arc<Flight<T>>,
        debris: &mut Debris<K, T>,
    ) {
        let at = self.enter(hash, key, stamp, debris);
        if let Some(place) = at.and_then(|at| self.slab.get_mut(at)) {
            place.flight = Some(flight);
            self.flights += 1;
        }
    }

    /// Puts a fence into the place of a key. Whether there was room.
    pub(super) fn put_fence(
        &mut self,
        hash: u64,
        key: K,
        stamp: Stamp,
        fence: Arc<()>,
        debris: &mut Debris<K, T>,
    ) -> bool {
        let at = self.enter(hash, key, stamp, debris);
        let place = at.and_then(|at| self.slab.get_mut(at));
        let kept = place.map(|place| place.fence = Some(fence)).is_some();
        self.fences += usize::from(kept);
        kept
    }

    /// The place of a key, which it gets if it has none. `None`: there are 2^32, which is more than fit.
    fn enter(&mut self, hash: u64, key: K, stamp: Stamp, debris: &mut Debris<K, T>) -> Option<Key> {
        if let Some(at) = self.find(hash, &key) {
            debris.keys.push(key);
            return Some(at);
        }
        let next = self.index.get(&hash).copied();
        let place = Place {
            hash,
            key,
            stamp,
            flight: None,
            fence: None,
            next,
        };
        match self.slab.insert(place) {
            Ok(at) => {
                self.index.insert(hash, at);
                self.slab.push_back(&mut self.order, at);
                Some(at)
            }
            Err(place) => {
                debris.keys.push(place.key);
                None
            }
        }
    }

    pub(super) fn remove(&mut self, at: Key, debris: &mut Debris<K, T>) {
        self.slab.unlink(&mut self.order, at);
        let Some(place) = self.slab.remove(at) else {
            return;
        };
        let first = self.index.get(&place.hash).copied();
        if first != Some(at) {
            let leads_to =
                |before: &Key| self.slab.get(*before).is_some_and(|p| p.next == Some(at));
            let before = self.chain(first).find(leads_to);
            if let Some(before) = before.and_then(|before| self.slab.get_mut(before)) {
                before.next = place.next;
            }
        } else if let Some(next) = place.next {
            self.index.insert(place.hash, next);
        } else {
            self.index.remove(&place.hash);
        }
        self.flights -= usize::from(place.flight.is_some());
        self.fences -= usize::from(place.fence.is_some());
        debris.keys.push(place.key);
        place
            .flight
            .into_iter()
            .for_each(|flight| debris.flights.push(flight));
    }

    /// Takes the flight out of a place, and the place away if there is no fence in it.
    pub(super) fn take_flight(&mut self, at: Key, debris: &mut Debris<K, T>) {
        let Some(place) = self.slab.get_mut(at) else {
            return;
        };
        if place.fence.is_none() {
            return self.remove(at, debris);
        }
        let flight = place.flight.take();
        self.flights -= usize::from(flight.is_some());
        flight
            .into_iter()
            .for_each(|flight| debris.flights.push(flight));
    }

    /// Looks at the places that were not looked at for longest, and takes away what nobody uses.
    pub(super) fn sweep(&mut self, looks: usize, debris: &mut Debris<K, T>) {
        for _ in 0..looks.min(self.len()) {
            let Some(at) = self.slab.first(self.order) else {
                return;
            };
            self.slab.unlink(&mut self.order, at);
            self.slab.push_back(&mut self.order, at);
            let Some(place) = self.slab.get_mut(at) else {
                return;
            };
            let dropped = |fence: &Arc<()>| Arc::strong_count(fence) == 1;
            if place.fence.as_ref().is_some_and(dropped) {
                place.fence = None;
                self.fences -= 1;
            }
            if place.flight.as_ref().is_none_or(|flight| flight.is_idle()) {
                self.take_flight(at, debris);
            }
        }
    }

    /// Panics if what is counted and linked does not agree.
    #[cfg(any(test, tenfold_loom, tenfold_shuttle))]
    pub(super) fn check_invariants(&self) {
        let mut keys = Vec::new();
        for first in self.index.values() {
            let chain = std::iter::successors(Some(*first), |at| self.slab.get(*at)?.next);
            keys.extend(chain);
        }
        assert_eq!(keys.len(), self.slab.len(), "places outside of the index");
        let listed = std::iter::successors(self.slab.first(self.order), |at| self.slab.next(*at));
        assert_eq!(
            listed.count(),
            self.slab.len(),
            "places outside of the list"
        );
        let count = |what: fn(&Place<K, T>) -> bool| self.slab.iter().filter(|p| what(p)).count();
        assert_eq!(count(|place| place.flight.is_some()), self.flights);
        assert_eq!(count(|place| place.fence.is_some()), self.fences);
        assert_eq!(
            count(|place| place.flight.is_none() && place.fence.is_none()),
            0
        );
    }
}

/// Spreads what is a hash already: those of one table may agree in some bits, and a hasher of the user's may be poor.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, hash: u64) {
        let product = u128::from(hash) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}
