//! The wheel itself.
//!
//! # Invariants
//!
//! * Every deadline lies where [`Place::of`] says for the present `elapsed`: time moves on only over empty slots, and a slot that
//!   it enters is emptied into finer levels first. So deadlines of one time are in one list at any time, in the order of their
//!   insertion, because a list is moved as a whole and into empty ones.
//! * `elapsed` is not later than any deadline in the levels. What is inserted with an earlier time, because it is already due or
//!   because the clock stepped back, is in the list `late`, sorted by time.
//!
//! # Source
//!
//! G. Varghese and T. Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, scheme 7; bitmaps in place of ticking.

use super::levels::{Levels, Place};
use crate::kernel::slab::{Key, List, Slab};

/// Deadlines in the first slot that [`Wheel::next_due`] looks at.
const LOOK: usize = 64;

#[derive(Debug)]
struct Deadline<T> {
    due: u64,
    value: T,
}

/// Values with a time at which they are due, in nanoseconds.
///
/// 5632 bytes once it is used, and 24 bytes per deadline besides the value.
#[derive(Debug)]
pub(crate) struct Wheel<T> {
    slab: Slab<Deadline<T>>,
    levels: Levels,
    late: List,
    elapsed: u64,
}

impl<T> Wheel<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slab: Slab::new(),
            levels: Levels::new(),
            late: List::EMPTY,
            elapsed: 0,
        }
    }

    /// Deadlines that are neither fired nor removed.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.slab.len()
    }

    /// Adds a value that is due at `due`; one in the past is due at once. Gives it back if there is no room for more (2^32 - 1).
    ///
    /// A time before the latest one given to [`pop`](Self::pop) costs a step per such deadline that is due later.
    pub(crate) fn insert(&mut self, due: u64, value: T) -> Result<Key, T> {
        if self.slab.len() == 0 {
            // Nothing depends on the time that has come, so it may be earlier again.
            self.elapsed = self.elapsed.min(due);
        }
        let inserted = self.slab.insert(Deadline { due, value });
        let key = inserted.map_err(|deadline| deadline.value)?;
        if due < self.elapsed {
            self.insert_late(due, key);
        } else {
            let place = Place::of(due, self.elapsed);
            self.levels
                .change(place, |list| self.slab.push_back(list, key));
        }
        Ok(key)
    }

    /// Whether it has not fired yet.
    pub(crate) fn contains(&self, key: Key) -> bool {
        self.slab.get(key).is_some()
    }

    /// Takes back what has not fired yet.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let due = self.slab.get(key)?.due;
        if due < self.elapsed {
            self.slab.unlink(&mut self.late, key);
        } else {
            let place = Place::of(due, self.elapsed);
            self.levels
                .change(place, |list| self.slab.unlink(list, key));
        }
        self.slab.remove(key).map(|deadline| deadline.value)
    }

    /// Takes the first value that is due at `now`: by time, then in the order of insertion. A clock that stepped back has nothing
    /// due that is later than `now`.
    pub(crate) fn pop(&mut self, now: u64) -> Option<T> {
        if let Some(key) = self.slab.first(self.late) {
            return (self.slab.get(key)?.due <= now)
                .then(|| self.remove(key))
                .flatten();
        }
        while let Some(place) = self.levels.first() {
            let start = place.start(self.elapsed);
            if start > now {
                break;
            }
            self.elapsed = start;
            if place.is_exact() {
                let key = self.slab.first(self.levels.list(place))?;
                return self.remove(key);
            }
            self.spread(place);
        }
        self.elapsed = self.elapsed.max(now);
        None
    }

    /// When the next value is due, or a time before that: exact unless more than 64 deadlines share the first slot, and then the
    /// beginning of that slot. So whoever sleeps until then comes no later than needed.
    pub(crate) fn next_due(&self) -> Option<u64> {
        if let Some(key) = self.slab.first(self.late) {
            return Some(self.slab.get(key)?.due);
        }
        let place = self.levels.first()?;
        let start = place.start(self.elapsed);
        if place.is_exact() {
            return Some(start);
        }
        let first = self.slab.first(self.levels.list(place));
        let mut keys = std::iter::successors(first, |key| self.slab.next(*key));
        let dues = keys.by_ref().take(LOOK);
        let least = dues
            .filter_map(|key| self.slab.get(key))
            .map(|deadline| deadline.due)
            .min();
        if keys.next().is_some() {
            Some(start)
        } else {
            least
        }
    }

    /// Moves the deadlines of a slot, whose time has come, to finer levels.
    fn spread(&mut self, place: Place) {
        while let Some(key) = self.slab.first(self.levels.list(place)) {
            self.levels
                .change(place, |list| self.slab.unlink(list, key));
            let due = self.slab.get(key).map_or(self.elapsed, |found| found.due);
            let finer = Place::of(due, self.elapsed);
            self.levels
                .change(finer, |list| self.slab.push_back(list, key));
        }
    }

    fn insert_late(&mut self, due: u64, key: Key) {
        let last = self.slab.last(self.late);
        let later = |key: &Key| self.slab.get(*key).is_some_and(|found| found.due > due);
        let follower = std::iter::successors(last, |key| self.slab.previous(*key))
            .take_while(later)
            .last();
        match follower {
            Some(follower) => self.slab.insert_before(&mut self.late, key, follower),
            None => self.slab.push_back(&mut self.late, key),
        }
    }
}

#[cfg(test)]
#[path = "timing_tests.rs"]
mod tests;
