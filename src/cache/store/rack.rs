//! The smallest owner of an arena, for the model checkers: no policy, no weights, one lock.

use super::arena::{Arena, Garbage, Held, NEVER, Owner};
use super::hash::Hash;
use crate::kernel::pins;
use crate::kernel::sync::Mutex;

/// Keys and values in a table of one group. Where a key belongs is said by its place.
#[expect(missing_debug_implementations, reason = "for the model checkers only")]
pub struct Rack<K, V> {
    arena: Arena<K, V>,
    owner: Mutex<Owner<K, V>>,
}

/// An entry that is held.
#[expect(missing_debug_implementations, reason = "for the model checkers only")]
pub struct Kept<'a, K, V>(Held<'a, K, V>);

impl<K, V> Kept<'_, K, V> {
    /// Its value.
    #[must_use]
    pub fn value(&self) -> &V {
        self.0.value()
    }
}

impl<K: Eq, V> Rack<K, V> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let (arena, owner) = Arena::new(1, false);
        Self {
            arena,
            owner: Mutex::new(owner),
        }
    }

    /// Runs `look` on the value of a key.
    pub fn read<R>(&self, place: u32, key: &K, look: impl FnOnce(&V) -> R) -> Option<R> {
        let pin = pins::stand_by();
        let settle = || drop(self.owner.lock());
        let entry = self
            .arena
            .read(&pin, Hash::of_place(place), |found| found == key, settle)?;
        entry.touch();
        Some(look(entry.value))
    }

    /// The entry of a key, for a holder that stays.
    pub fn hold(&self, place: u32, key: &K) -> Option<Kept<'_, K, V>> {
        let settle = || drop(self.owner.lock());
        self.arena
            .hold(Hash::of_place(place), |found| found == key, settle)
            .map(Kept)
    }

    fn locked<R>(&self, action: impl FnOnce(&mut Owner<K, V>, &mut Garbage<K, V>) -> R) -> R {
        let mut garbage = Garbage::new();
        let mut owner = self.owner.lock();
        let result = action(&mut owner, &mut garbage);
        drop(owner);
        drop(garbage);
        result
    }

    /// Stores a value under a key that has one or not.
    pub fn insert(&self, place: u32, key: K, value: V) {
        let hash = Hash::of_place(place);
        let refused =
            self.locked(
                |owner, _| match owner.find(&self.arena, hash, |found| *found == key) {
                    Some(old) => owner
                        .replace(&self.arena, hash, old, key, value, NEVER)
                        .err(),
                    None => owner.put(&self.arena, hash, key, value, NEVER).err(),
                },
            );
        drop(refused);
    }

    /// Takes the entry of a key out.
    pub fn remove(&self, place: u32, key: &K) {
        self.locked(|owner, _| {
            if let Some(id) = owner.find(&self.arena, Hash::of_place(place), |found| found == key) {
                owner.retire(&self.arena, id);
            }
        });
    }

    /// Drops what nobody reads.
    pub fn reclaim(&self) {
        self.locked(|owner, garbage| owner.reclaim(&self.arena, garbage));
    }

    /// Moves all entries to another table, and returns how many were left behind.
    pub fn resize(&self) -> usize {
        self.locked(|owner, garbage| {
            let mut left = 0;
            owner.resize(&self.arena, 1, garbage, |_| left += 1, |_, _| ());
            left
        })
    }

    /// Leaves all entries behind.
    pub fn abandon(&self) {
        self.locked(|owner, _| owner.abandon(&self.arena));
    }

    /// Panics if something is wrong.
    pub fn check_invariants(&self) {
        self.locked(|owner, _| owner.check_invariants(&self.arena));
    }
}

impl<K: Eq, V> Default for Rack<K, V> {
    fn default() -> Self {
        Self::new()
    }
}
