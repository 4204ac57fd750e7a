//! Entries in lists, all in one allocation.
//!
//! A slab keeps entries and links them into doubly linked lists. Entries are named by [`Key`]s, which tell an entry from
//! another one that had its place before. All operations take a fixed number of steps, and none allocates once the slab held as
//! many entries at a time.
//!
//! # Invariants
//!
//! * An entry is in at most one list. The caller names the list when it links and unlinks; a list belongs to one slab.
//! * A vacant place is in the list of free places, linked by `next`, and has no value.
//! * The generation of a place changes whenever its entry is removed. A key that is 2^32 removals of one place old is taken for a
//!   newer one.

/// No entry. A slab has fewer entries than this.
const NONE: u32 = u32::MAX;

/// Names an entry for as long as it is in its slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

/// The ends of a list of entries of one slab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    first: u32,
    last: u32,
}

impl List {
    /// Nothing in it.
    pub(crate) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
    };

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.first == NONE
    }
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    previous: u32,
    next: u32,
    value: Option<T>,
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: u32,
    len: usize,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    /// Entries in the slab.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Places there are, taken or free.
    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry that is in no list yet. Gives it back if there are 2^32 - 1 of them, which is more than fits in memory.
    pub(crate) fn insert(&mut self, value: T) -> Result<Key, T> {
        let index = self.free;
        if let Some(entry) = self.at_mut(index) {
            entry.value = Some(value);
            let (next, generation) = (entry.next, entry.generation);
            entry.next = NONE;
            self.free = next;
            self.len += 1;
            return Ok(Key { index, generation });
        }
        let Some(index) = u32::try_from(self.entries.len())
            .ok()
            .filter(|index| *index != NONE)
        else {
            return Err(value);
        };
        self.entries.push(Entry {
            generation: 0,
            previous: NONE,
            next: NONE,
            value: Some(value),
        });
        self.len += 1;
        Ok(Key {
            index,
            generation: 0,
        })
    }

    /// Removes an entry that is in no list any more.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let free = self.free;
        let entry = self.entry_mut(key)?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        (entry.previous, entry.next) = (NONE, free);
        self.free = key.index;
        self.len -= 1;
        Some(value)
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let entry = self.entries.get(key.index as usize)?;
        (entry.generation == key.generation)
            .then_some(entry.value.as_ref())
            .flatten()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.entry_mut(key)?.value.as_mut()
    }

    /// All entries, in no order.
    #[cfg(any(test, tenfold_loom, tenfold_shuttle))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|entry| entry.value.as_ref())
    }

    /// The first entry of a list.
    #[inline]
    pub(crate) fn first(&self, list: List) -> Option<Key> {
        self.key_at(list.first)
    }

    /// The last entry of a list.
    #[inline]
    pub(crate) fn last(&self, list: List) -> Option<Key> {
        self.key_at(list.last)
    }

    /// The entry that follows in its list.
    #[inline]
    pub(crate) fn next(&self, key: Key) -> Option<Key> {
        self.key_at(self.entries.get(key.index as usize)?.next)
    }

    /// The entry that precedes in its list.
    #[inline]
    pub(crate) fn previous(&self, key: Key) -> Option<Key> {
        self.key_at(self.entries.get(key.index as usize)?.previous)
    }

    /// Puts an entry that is in no list at the end of one.
    pub(crate) fn push_back(&mut self, list: &mut List, key: Key) {
        self.link(list, key, list.last, NONE);
    }

    /// Puts an entry that is in no list in front of one that is in this list.
    pub(crate) fn insert_before(&mut self, list: &mut List, key: Key, follower: Key) {
        let previous = self.previous(follower).map_or(NONE, |key| key.index);
        self.link(list, key, previous, follower.index);
    }

    /// Takes an entry out of its list.
    pub(crate) fn unlink(&mut self, list: &mut List, key: Key) {
        let Some(entry) = self.entry_mut(key) else {
            return;
        };
        let previous = std::mem::replace(&mut entry.previous, NONE);
        let next = std::mem::replace(&mut entry.next, NONE);
        match self.at_mut(previous) {
            Some(entry) => entry.next = next,
            None => list.first = next,
        }
        match self.at_mut(next) {
            Some(entry) => entry.previous = previous,
            None => list.last = previous,
        }
    }

    fn link(&mut self, list: &mut List, key: Key, previous: u32, next: u32) {
        let Some(entry) = self.entry_mut(key) else {
            return;
        };
        (entry.previous, entry.next) = (previous, next);
        match self.at_mut(previous) {
            Some(entry) => entry.next = key.index,
            None => list.first = key.index,
        }
        match self.at_mut(next) {
            Some(entry) => entry.previous = key.index,
            None => list.last = key.index,
        }
    }

    #[inline]
    fn entry_mut(&mut self, key: Key) -> Option<&mut Entry<T>> {
        self.at_mut(key.index)
            .filter(|entry| entry.generation == key.generation)
    }

    #[inline]
    fn at_mut(&mut self, index: u32) -> Option<&mut Entry<T>> {
        self.entries.get_mut(index as usize)
    }

    #[inline]
    fn key_at(&self, index: u32) -> Option<Key> {
        let entry = self.entries.get(index as usize)?;
        Some(Key {
            index,
            generation: entry.generation,
        })
    }
}
