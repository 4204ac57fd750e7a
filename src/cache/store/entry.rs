//! An entry where it lies in its table: lent to a reader who announced it, to the holder of the lock, or to somebody who keeps it.
//!
//! An entry that is lent stays in its place. A reader sees to that by an announcement that is confirmed ([`Entry::confirm`]); the holder
//! of the lock need not, since nobody else empties slots ([`Entry::filled`]). Why that is enough is argued in `arena.rs`.
#![expect(
    unsafe_code,
    reason = "an entry is used by address, as long as it is announced or the lock is held"
)]

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::super::tags::Extra;
use super::arena::Arena;
use super::columns::Lease;
use super::group::{Group, SLOTS, SPECIAL, id_of};
use super::view::View;
use crate::kernel::pins::{self, Cover, Record};
use crate::kernel::sync::{Arc, AtomicU64};

/// An entry that nobody takes away while `'p` lasts.
pub(crate) struct Entry<'p, K, V> {
    pub(crate) key: &'p K,
    pub(crate) value: &'p V,
    view: &'p View<K, V>,
    group: &'p Group,
    number: usize,
    slot: usize,
}

impl<'p, K, V> Entry<'p, K, V> {
    /// Announces a slot of a group, whose number comes with it, and lends its entry if `is_there` says after that that it is linked.
    ///
    /// # Safety
    ///
    /// The group is that of `view` with that number, and the table is kept as long as `pin` announces an arrival or one of its slots.
    /// `is_there` says whether the slot is linked, by a sequentially consistent load. While the answer is used, `pin` announces nothing
    /// else.
    #[inline(always)]
    pub(super) unsafe fn confirm(
        view: &'p View<K, V>,
        pin: &'p Record,
        (number, group): (usize, &'p Group),
        slot: usize,
        is_there: impl FnOnce() -> bool,
    ) -> Option<Self> {
        if slot >= SLOTS {
            return None;
        }
        pin.cover(group.mark(slot));
        if !is_there() {
            return None;
        }
        // SAFETY: there are as many cells as slots, and both numbers are those of a slot. It was announced and is still linked, so it is
        // filled, and stays so until `pin` announces something else.
        let (key, value) = unsafe { view.pair(number * SLOTS + slot) };
        Some(Self {
            key,
            value,
            view,
            group,
            number,
            slot,
        })
    }

    /// What is in a slot, taken out or not.
    ///
    /// # Safety
    ///
    /// Nobody empties slots of the table while the answer is used: the caller has the lock, and does not do it either.
    #[inline]
    pub(super) unsafe fn filled(view: &'p View<K, V>, number: usize, slot: usize) -> Option<Self> {
        let group = view.groups().get(number)?;
        if !group.is_filled(slot) {
            return None;
        }
        // SAFETY: a slot of a group is filled, so there is a cell for it; and nobody empties it, says the caller.
        let (key, value) = unsafe { view.pair(number * SLOTS + slot) };
        Some(Self {
            key,
            value,
            view,
            group,
            number,
            slot,
        })
    }

    #[inline(always)]
    fn at(&self) -> usize {
        self.number * SLOTS + self.slot
    }

    /// Counts a use. Returns whether the entry is special: it has something [besides](Self::extra).
    #[inline(always)]
    pub(crate) fn touch(&self) -> bool {
        self.group.touch(self.slot) & SPECIAL != 0
    }

    /// Counts a use, unless the entry is special. Returns whether it did.
    #[inline(always)]
    pub(crate) fn touch_plain(&self) -> bool {
        self.group.touch_plain(self.slot)
    }

    /// What it has besides key and value.
    pub(crate) fn extra(&self) -> Option<&Arc<Extra>> {
        // SAFETY: the slot is filled, and stays so as long as this is lent.
        unsafe { self.view.extra(self.at()) }
    }

    /// Whether none of its tags was invalidated since it was stored.
    pub(crate) fn is_current(&self) -> bool {
        self.extra().is_none_or(|extra| extra.is_current())
    }

    /// When the entry expires, if entries do.
    #[inline(always)]
    pub(crate) fn deadline(&self) -> Option<&AtomicU64> {
        self.view.numbers.due(self.at())
    }

    /// When it should be loaded anew, and what its load took.
    pub(crate) fn refresh(&self) -> (u64, u64) {
        self.view.numbers.refresh(self.at())
    }

    /// How far a reader may put its deadline off.
    pub(crate) fn limit(&self) -> u64 {
        self.view.numbers.limit(self.at())
    }

    /// A reader puts its deadline off, unless it is not `from` any more.
    pub(crate) fn put_off(&self, from: u64, lease: Lease) {
        self.view.numbers.put_off(self.at(), from, lease);
    }

    /// What a holder keeps of it.
    pub(super) fn what(&self) -> What<K, V> {
        What {
            key: NonNull::from(self.key),
            value: NonNull::from(self.value),
            id: id_of(self.number, self.slot),
            mark: self.group.mark(self.slot),
            deadline: self.view.numbers.deadline(self.at()),
            extra: self.extra().map(NonNull::from),
        }
    }

    /// Announces it for a holder that goes on without the lock.
    ///
    /// # Safety
    ///
    /// The caller has the lock; whoever reclaims has it too, and sees the announcement. The answer does not outlive the arena.
    pub(super) unsafe fn keep<'a>(&self) -> Held<'a, K, V> {
        let what = self.what();
        let cover = pins::stand_apart();
        cover.cover(what.mark);
        // SAFETY: it is announced while the lock is held, under which nobody reclaims it.
        unsafe { what.held(cover) }
    }
}

/// What an entry is, for a holder. It does not keep anything.
pub(super) struct What<K, V> {
    key: NonNull<K>,
    value: NonNull<V>,
    id: u32,
    mark: usize,
    deadline: u64,
    extra: Option<NonNull<Arc<Extra>>>,
}

impl<K, V> What<K, V> {
    /// # Safety
    ///
    /// `cover` announces the entry, and did so without a break since it was confirmed, or the lock was held. The answer does not outlive
    /// the arena.
    pub(super) unsafe fn held<'a>(self, cover: Cover) -> Held<'a, K, V> {
        Held {
            what: self,
            _cover: cover,
            arena: PhantomData,
        }
    }
}

/// An entry that is kept for its holder, whatever becomes of it in the cache.
///
/// It announces this one entry in a record of its own, so it stands in nobody's way, and may wander to another thread.
pub(crate) struct Held<'a, K, V> {
    what: What<K, V>,
    _cover: Cover,
    arena: PhantomData<&'a Arena<K, V>>,
}

impl<K, V> Held<'_, K, V> {
    pub(crate) fn key(&self) -> &K {
        // SAFETY: the entry was announced while it was linked or the lock was held, and stays as long as the announcement.
        unsafe { self.what.key.as_ref() }
    }

    pub(crate) fn value(&self) -> &V {
        // SAFETY: as for the key.
        unsafe { self.what.value.as_ref() }
    }

    /// What it has besides key and value.
    pub(crate) fn extra(&self) -> Option<&Arc<Extra>> {
        // SAFETY: as for the key; it stays in its place as long as the entry.
        self.what.extra.map(|extra| unsafe { extra.as_ref() })
    }

    /// Whether none of its tags was invalidated since it was stored.
    pub(crate) fn is_current(&self) -> bool {
        self.extra().is_none_or(|extra| extra.is_current())
    }

    /// When it expires.
    pub(crate) fn deadline(&self) -> u64 {
        self.what.deadline
    }

    /// The slot in which it was found.
    pub(crate) fn id(&self) -> u32 {
        self.what.id
    }

    /// What announces that slot.
    pub(super) fn mark(&self) -> usize {
        self.what.mark
    }
}

// SAFETY: it is a shared reference to the entry, and an announcement that any thread may withdraw.
unsafe impl<K: Sync, V: Sync> Send for Held<'_, K, V> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for Held<'_, K, V> {}
