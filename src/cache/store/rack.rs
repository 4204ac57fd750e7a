//! The smallest owner of an arena, for the model checkers: no policy, no weights, one lock.

use super::super::log::Log;
use super::arena::{Arena, Walk};
use super::columns::{Columns, Lease};
use super::entry::Held;
use super::grave::Sweep;
use super::hash::Hash;
use super::owed::Notices;
use super::owner::{Garbage, Left, Owner};
use super::patience::Resize;
use crate::cache::RemovalCause;
use crate::kernel::pins;
use crate::kernel::sync::Mutex;

/// Keys and values in a table of one group. Where a key belongs is said by its place.
#[expect(missing_debug_implementations, reason = "for the model checkers only")]
pub struct Rack<K, V> {
    arena: Arena<K, V>,
    owner: Mutex<Owner<K, V>>,
}

/// What was taken out, to be dropped behind the lock.
type Taken<K, V> = (Garbage<K, V>, Left<K, V>);

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
        let (arena, owner) = Arena::new(1, Columns::default(), Log::new(0));
        Self {
            arena,
            owner: Mutex::new(owner),
        }
    }

    /// Runs `look` on the value of a key.
    pub fn read<R>(&self, place: u32, key: &K, look: impl FnOnce(&V) -> R) -> Option<R> {
        let mut pin = pins::stand_by();
        let (hash, settle) = (Hash::of_place(place), || drop(self.owner.lock()));
        if self.arena.lacks(&pin, hash) {
            return None;
        }
        let entry = self
            .arena
            .search(&mut pin, hash, |found| found == key, settle)?;
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

    /// Runs `each` on all entries.
    pub fn walk(&self, mut each: impl FnMut(&K, &V)) {
        let (mut pin, mut walk) = (pins::stand_by(), Walk::default());
        let settle = || drop(self.owner.lock());
        while let Some(entry) = self.arena.next(&mut pin, &mut walk, settle) {
            each(entry.key, entry.value);
        }
    }

    fn locked<R>(&self, action: impl FnOnce(&mut Owner<K, V>, &mut Taken<K, V>) -> R) -> R {
        let mut taken = (Garbage::new(), Left::new());
        let mut owner = self.owner.lock();
        let result = action(&mut owner, &mut taken);
        drop(owner);
        drop(taken);
        result
    }

    /// Stores a value under a key that has one or not.
    pub fn insert(&self, place: u32, key: K, value: V) {
        let hash = Hash::of_place(place);
        let refused =
            self.locked(
                |owner, _| match owner.find(&self.arena, hash, |found| *found == key) {
                    Some(old) => owner
                        .replace(&self.arena, hash, old, key, value, Lease::FOREVER, None)
                        .err(),
                    None => owner
                        .put(&self.arena, hash, key, value, Lease::FOREVER, None)
                        .err(),
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

    /// Takes the entry of a key out, and tells of it when the lock is released.
    pub fn remove_and_tell(&self, place: u32, key: &K, mut tell: impl FnMut(&K, &V)) {
        let mut notices = Notices::new();
        self.locked(|owner, _| {
            if let Some(id) = owner.find(&self.arena, Hash::of_place(place), |found| found == key) {
                owner.retire(&self.arena, id);
                owner.owe(&self.arena, id, RemovalCause::Removed, &mut notices);
            }
        });
        notices.tell(|key, value, _| tell(key, value));
    }

    /// Drops what nobody reads: looks for it, and then empties the slots, as two insertions do.
    pub fn reclaim(&self) {
        for _ in 0..2 {
            self.locked(|owner, (garbage, left)| {
                owner.reclaim(&self.arena, garbage, left, false, Sweep::InPassing);
            });
        }
    }

    /// Moves all entries to another table if nobody reads one, and returns whether it did.
    pub fn resize_if_unread(&self) -> bool {
        self.locked(|owner, (_, unplaced)| {
            let resize = Resize::IfUnread;
            owner.resize(&self.arena, 1, resize, unplaced, None, |_, _| ())
        })
    }

    /// Moves all entries to another table, and returns how many were left behind.
    pub fn resize(&self) -> usize {
        self.locked(|owner, (_, unplaced)| {
            let mut left = 0;
            let moved = |_, to: Option<u32>| left += usize::from(to.is_none());
            owner.resize(&self.arena, 1, Resize::Anyway, unplaced, None, moved);
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
