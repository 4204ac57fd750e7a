//! All slots of a pool, and which of the idle ones is next.
//!
//! Slots are made in chunks, each twice as large as the one before, and stay where they are until the pool is gone; so an index leads
//! to a slot by two loads, whatever is added meanwhile.
//!
//! Of idle slots there is no list unless one is asked for: who wants one tries the slot that this thread had last, and then each in turn. A
//! thread that finds its own slot idle writes nothing that another one reads. Those that are first come into use first, so a pool
//! that has more connections than it needs does not touch the last. With an order ([`Order::Lifo`], [`Order::Fifo`]) there is a list, and
//! a lock around it; a slot is idle if and only if it is in the list.

use std::sync::OnceLock;

use crossbeam_utils::CachePadded;

use super::hint;
use super::slot::{EMPTY, IDLE, Notes, Right, Slot};
use crate::kernel::slab::{Key, List, Slab};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Mutex, Ordering};
use crate::pool::Order;

/// Slots of the first chunk.
const FIRST: u32 = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
    2
} else {
    8
};
/// Chunks: enough for 131 064 slots.
const CHUNKS: usize = 14;

type Chunk<T> = Box<[CachePadded<Slot<T>>]>;

/// The slots of a pool.
pub(crate) struct Slots<T> {
    chunks: [OnceLock<Chunk<T>>; CHUNKS],
    /// Slots that may be in use: the first so many.
    len: AtomicU64,
    hint: hint::Owner,
    listed: Option<Mutex<Listed>>,
}

/// The idle slots, in the order in which they became idle.
struct Listed {
    slab: Slab<u32>,
    list: List,
    /// Where each slot is in the list.
    keys: Vec<Option<Key>>,
    newest_first: bool,
}

impl<T> Slots<T> {
    pub(crate) fn new(order: Order) -> Self {
        let listed = |newest_first| {
            Some(Mutex::new(Listed {
                slab: Slab::new(),
                list: List::EMPTY,
                keys: Vec::new(),
                newest_first,
            }))
        };
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            len: AtomicU64::new(0),
            hint: hint::Owner::new(),
            listed: match order {
                Order::Affine => None,
                Order::Lifo => listed(true),
                Order::Fifo => listed(false),
            },
        }
    }

    /// Sees to it that there are slots for so many connections.
    pub(crate) fn grow(&self, slots: u32) {
        let mut first = 0;
        for (number, chunk) in self.chunks.iter().enumerate() {
            if first >= slots {
                break;
            }
            let len = FIRST << number;
            chunk.get_or_init(|| {
                let slot = |index| CachePadded::new(Slot::new(index));
                (first..first + len).map(slot).collect()
            });
            first += len;
        }
        self.len.fetch_max(u64::from(slots), Ordering::SeqCst);
    }

    /// Slots that may be in use.
    #[inline]
    fn len(&self) -> u32 {
        // It was 32 bits.
        self.len.load(Ordering::Relaxed) as u32
    }

    #[inline]
    fn get(&self, index: u32) -> Option<&Slot<T>> {
        let place = index.wrapping_add(FIRST);
        let number = (place / FIRST).checked_ilog2()?;
        let chunk = self.chunks.get(number as usize)?.get()?;
        chunk
            .get((place - (FIRST << number)) as usize)
            .map(|slot| &**slot)
    }

    /// All slots that may be in use.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot<T>> {
        let chunks = self.chunks.iter().map_while(OnceLock::get);
        chunks
            .flat_map(|chunk| chunk.iter())
            .map(|slot| &**slot)
            .take(self.len() as usize)
    }

    /// The right to an idle slot: the one that is next in the order.
    #[inline(always)]
    pub(crate) fn take_idle(&self, to: u64) -> Option<Right<T>> {
        if self.listed.is_some() {
            return self.take_listed(to);
        }
        let hinted = self.hint.get().and_then(|index| self.get(index));
        if let Some(right) = hinted.and_then(|slot| slot.take(IDLE, to)) {
            return Some(right);
        }
        self.take_any(to)
    }

    #[inline(never)]
    fn take_any(&self, to: u64) -> Option<Right<T>> {
        self.iter().find_map(|slot| {
            let right = slot.take(IDLE, to)?;
            self.hint.set(slot.index);
            Some(right)
        })
    }

    #[cold]
    fn take_listed(&self, to: u64) -> Option<Right<T>> {
        let mut listed = self.listed.as_ref()?.lock();
        let index = listed.next()?;
        listed.unlink(index);
        // Under the lock: it is idle because it was in the list.
        self.get(index)?.take(IDLE, to)
    }

    /// The right to an idle slot that is `fresh`, if there is no order in which to take them.
    pub(crate) fn take_fresh(&self, to: u64, fresh: impl Fn(&Notes) -> bool) -> Option<Right<T>> {
        if self.listed.is_some() {
            return None;
        }
        // Who has the right to it looks again: it may have been another one's meanwhile.
        let fresh = |slot: &&Slot<T>| slot.phase() == IDLE && fresh(&slot.notes);
        self.iter().filter(fresh).find_map(|slot| {
            let right = slot.take(IDLE, to)?;
            self.hint.set(slot.index);
            Some(right)
        })
    }

    /// The right to this slot, if it is idle.
    pub(crate) fn take_this(&self, slot: &Slot<T>, to: u64) -> Option<Right<T>> {
        let Some(listed) = &self.listed else {
            return slot.take(IDLE, to);
        };
        let mut listed = listed.lock();
        listed.unlink(slot.index).then(|| slot.take(IDLE, to))?
    }

    /// The right to an empty slot. There is one if there are fewer connections than slots.
    pub(crate) fn take_empty(&self, to: u64) -> Option<Right<T>> {
        self.iter().find_map(|slot| slot.take(EMPTY, to))
    }

    /// Puts a slot that is being put down into the list.
    #[inline]
    pub(crate) fn list(&self, slot: &Slot<T>, put_down: impl FnOnce()) {
        match &self.listed {
            None => put_down(),
            Some(listed) => {
                let mut listed = listed.lock();
                listed.link(slot.index);
                if faulty(Fault::ListEarly) {
                    drop(listed);
                }
                put_down();
            }
        }
    }
}

impl Listed {
    fn next(&self) -> Option<u32> {
        let key = if self.newest_first {
            self.slab.last(self.list)
        } else {
            self.slab.first(self.list)
        };
        self.slab.get(key?).copied()
    }

    fn link(&mut self, index: u32) {
        let place = index as usize;
        if self.keys.len() <= place {
            self.keys.resize(place + 1, None);
        }
        // There are far fewer slots than a slab has room for.
        if let Ok(key) = self.slab.insert(index) {
            self.slab.push_back(&mut self.list, key);
            if let Some(known) = self.keys.get_mut(place) {
                *known = Some(key);
            }
        }
    }

    /// Whether it was in the list.
    fn unlink(&mut self, index: u32) -> bool {
        let key = self.keys.get_mut(index as usize).and_then(Option::take);
        let Some(key) = key else { return false };
        self.slab.unlink(&mut self.list, key);
        self.slab.remove(key);
        true
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_as_much_as_the_documentation_says() {
        assert_eq!(size_of::<CachePadded<Slot<u64>>>(), 256);
    }

    #[test]
    fn slots_stay_where_they_are_and_are_found_by_their_index() {
        let slots = Slots::<u8>::new(Order::Affine);
        slots.grow(3);
        let first: Vec<_> = slots.iter().map(std::ptr::from_ref).collect();
        slots.grow(1000);
        assert_eq!((first.len(), slots.iter().count()), (3, 1000));
        assert!(
            first
                .iter()
                .zip(slots.iter())
                .all(|(old, new)| std::ptr::eq(*old, new))
        );
        for (index, slot) in slots.iter().enumerate() {
            assert_eq!(slot.index as usize, index);
            let found = slots.get(slot.index).map(std::ptr::from_ref);
            assert_eq!(found, Some(std::ptr::from_ref(slot)));
        }
        assert!(slots.get(1_000_000).is_none() && slots.get(u32::MAX).is_none());
    }

    #[test]
    fn an_order_is_kept() {
        for (order, expected) in [(Order::Lifo, [2, 1, 0]), (Order::Fifo, [0, 1, 2])] {
            let slots = Slots::<u8>::new(order);
            slots.grow(3);
            for slot in slots.iter() {
                slots.list(slot, || slot.put_down());
            }
            let mut taken = Vec::new();
            while let Some(right) = slots.take_idle(super::super::slot::IN_USE) {
                taken.push(right.index());
            }
            assert_eq!(taken, expected);
        }
    }
}
