//! One table: tags in groups, a cell for key and value of each slot, and what else is kept of an entry.
//!
//! A table knows which slots are taken, by their tags. It does not know who reads, or who has the lock. So whatever looks into a cell or
//! changes one says what its caller must have seen to; why that is so is argued in `arena.rs`.
//!
//! # Invariants
//!
//! * There is at least one group, and there are [`SLOTS`] cells for each.
//! * The cell of a slot is initialised exactly while the slot is filled, that is linked or gone, but for the moments before a tag is set
//!   and after it is read for the last time: [`View::fill`] and [`View::take`].
#![expect(
    unsafe_code,
    reason = "keys and values lie in cells that are initialised when the tags say so"
)]

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use super::super::tags::Extra;
use super::columns::{Columns, Numbers};
use super::extras::Extras;
use super::group::{Group, SLOTS, dense, id_of, slot_of};
use crate::kernel::pins::Announced;
use crate::kernel::sync::{Arc, AtomicU64, Ordering};

/// Slots that are filled, of a hundred, in a table of just the right size.
const LOAD: usize = 74;
/// Groups in which an entry may be.
const REACH: usize = 24;
/// Groups of the largest table: their ids are numbers of 32 bits.
const MOST_GROUPS: usize = (1 << 28) - 1;

type Cell<K, V> = UnsafeCell<MaybeUninit<(K, V)>>;

/// One table.
pub(super) struct View<K, V> {
    groups: Box<[Group]>,
    /// Fourteen for each group.
    pairs: Box<[Cell<K, V>]>,
    pub(super) numbers: Numbers,
    /// What special entries have besides.
    extras: Extras,
    /// One more than that of the table before.
    serial: AtomicU64,
}

/// The groups of a table for `entries`.
pub(super) fn groups_for(entries: usize) -> usize {
    let groups = (entries.saturating_mul(100) / (SLOTS * LOAD)).saturating_add(1);
    groups.min(MOST_GROUPS)
}

/// Entries for which a table of so many slots is large enough.
#[inline]
pub(super) fn room_of(slots: usize) -> usize {
    slots * LOAD / 100
}

impl<K, V> View<K, V> {
    pub(super) fn new(groups: usize, columns: Columns, serial: u64) -> Self {
        let groups = groups.max(1);
        let pairs = Box::new_uninit_slice(groups * SLOTS);
        Self {
            groups: std::iter::repeat_with(Group::new).take(groups).collect(),
            // SAFETY: a cell of what may be uninitialised is itself always initialised.
            pairs: unsafe { pairs.assume_init() },
            numbers: Numbers::new(groups, columns),
            extras: Extras::new(),
            serial: AtomicU64::new(serial),
        }
    }

    /// Whether it has so many groups, and keeps just that of entries.
    pub(super) fn is_like(&self, groups: usize, columns: Columns) -> bool {
        self.groups.len() == groups && self.numbers.columns() == columns
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.groups)
            + size_of_val(&*self.pairs)
            + self.numbers.bytes()
            + self.extras.bytes()
    }

    /// Which table it is, of those there were.
    pub(super) fn serial(&self) -> u64 {
        self.serial.load(Ordering::Relaxed)
    }

    /// It is to serve again.
    pub(super) fn set_serial(&self, serial: u64) {
        self.serial.store(serial, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    #[inline(always)]
    pub(super) fn slots(&self) -> usize {
        self.pairs.len()
    }

    #[inline(always)]
    pub(super) fn home(&self, place: u32) -> usize {
        ((u64::from(place) * self.groups.len() as u64) >> 32) as usize
    }

    /// The group where readers look first for the entry of `place`.
    #[inline(always)]
    pub(super) fn home_group(&self, place: u32) -> (usize, &Group) {
        let home = self.home(place);
        // SAFETY: a home is less than the number of groups, which is not zero.
        (home, unsafe { self.groups.get_unchecked(home) })
    }

    /// The groups in which the entry of `place` may be: its home, and then one of all by another hash each time.
    #[inline]
    pub(super) fn way(&self, place: u32) -> impl Iterator<Item = (usize, &Group)> {
        let mut hash = place;
        (0..REACH).map_while(move |_| {
            let group = self.home(hash);
            hash = hash.wrapping_mul(0x915F_77F5).wrapping_add(0x6C07_8965);
            Some((group, self.groups.get(group)?))
        })
    }

    #[inline]
    pub(super) fn group(&self, id: u32) -> Option<(&Group, usize)> {
        let (group, slot) = slot_of(id);
        Some((self.groups.get(group)?, slot))
    }

    pub(super) fn mark(&self, id: u32) -> Option<usize> {
        self.group(id).map(|(group, slot)| group.mark(slot))
    }

    pub(super) fn is_covered(&self, announced: &Announced, id: u32) -> bool {
        self.mark(id).is_some_and(|mark| announced.covers(mark))
    }

    /// Whether somebody has announced a slot of it, or is arriving.
    pub(super) fn is_visited(&self, announced: &Announced) -> bool {
        let groups = self.groups.as_ptr_range();
        announced.visits(groups.start.addr()..groups.end.addr())
    }

    /// Key and value in the cell with that number.
    ///
    /// # Safety
    ///
    /// There is such a cell, its slot is filled, and nobody empties it during the lifetime of the answer.
    #[inline(always)]
    pub(super) unsafe fn pair(&self, at: usize) -> (&K, &V) {
        // SAFETY: there is such a cell, says the caller.
        let cell = unsafe { self.pairs.get_unchecked(at) };
        // SAFETY: a cell is written only while its slot is free, and read out only when nobody reads it.
        let cell = unsafe { &*cell.get() };
        // SAFETY: it is filled, says the caller.
        let (key, value) = unsafe { cell.assume_init_ref() };
        (key, value)
    }

    /// What the entry has besides.
    ///
    /// # Safety
    ///
    /// The slot with that number is filled, and nobody empties it during the lifetime of the answer.
    pub(super) unsafe fn extra(&self, at: usize) -> Option<&Arc<Extra>> {
        // SAFETY: just that, says the caller.
        unsafe { self.extras.get(at) }
    }

    /// Brings an entry into the cell with that number, and what it has besides. Nobody finds it before the slot is linked, which is up to
    /// the caller, and what is there is forgotten if that never happens.
    ///
    /// # Safety
    ///
    /// There is such a cell, its slot is free, and nobody else changes the table.
    #[inline(always)]
    pub(super) unsafe fn fill(&self, at: usize, key: K, value: V, extra: Option<&Arc<Extra>>) {
        // SAFETY: there is such a cell, says the caller.
        let cell = unsafe { self.pairs.get_unchecked(at) };
        // SAFETY: the slot is free, so nobody looks at the cell before the tag is set, which happens after this.
        unsafe { (*cell.get()).write((key, value)) };
        if let Some(extra) = extra {
            // SAFETY: the slot is free, and nobody else changes the table.
            unsafe { self.extras.fill(self.pairs.len(), at, extra) };
        }
    }

    /// Empties a slot.
    ///
    /// # Safety
    ///
    /// The slot is filled, nobody reads it or can find it, and nobody else changes the table.
    pub(super) unsafe fn take(&self, id: u32) -> Option<(K, V)> {
        let (group, slot) = self.group(id)?;
        let cell = self.pairs.get(dense(id))?;
        // SAFETY: nobody writes to the cell meanwhile.
        let cell = unsafe { &*cell.get() };
        // SAFETY: it is filled, and is vacant from now on, so it is taken once.
        let pair = unsafe { cell.assume_init_read() };
        // SAFETY: nobody reads it or can find it, says the caller.
        unsafe { self.extras.empty(dense(id)) };
        group.vacate(slot);
        Some(pair)
    }

    /// Empties the slots among `gone` that nobody reads, into `keep` if what is in them matters. The others stay in `gone`.
    ///
    /// # Safety
    ///
    /// All in `gone` are filled, each is there once, they were marked as gone before the announcements were looked at, nobody reads one who
    /// did not announce it, and nobody else changes the table.
    pub(super) unsafe fn reclaim(
        &self,
        announced: &Announced,
        gone: &mut Vec<u32>,
        matters: bool,
        mut keep: impl FnMut((K, V)),
    ) {
        gone.retain(|id| {
            let stays = self.is_covered(announced, *id);
            if !stays {
                // SAFETY: it was marked before the announcements were looked at, and nobody reads it.
                unsafe { self.empty([*id], matters, &mut keep) };
            }
            stays
        });
    }

    /// Moves those among `gone` that nobody reads to `free`.
    pub(super) fn part(&self, announced: &Announced, gone: &mut Vec<u32>, free: &mut Vec<u32>) {
        if announced.covers_nothing() && free.is_empty() {
            std::mem::swap(gone, free);
            return;
        }
        gone.retain(|id| {
            let stays = self.is_covered(announced, *id);
            if !stays {
                free.push(*id);
            }
            stays
        });
    }

    /// Empties slots, into `keep` if what is in them matters.
    ///
    /// # Safety
    ///
    /// All are filled, each is there once, nobody reads one or can find it, and nobody else changes the table.
    #[inline]
    pub(super) unsafe fn empty(
        &self,
        ids: impl IntoIterator<Item = u32>,
        matters: bool,
        mut keep: impl FnMut((K, V)),
    ) {
        for id in ids {
            if matters {
                // SAFETY: as the caller says.
                let taken = unsafe { self.take(id) };
                taken.into_iter().for_each(&mut keep);
            } else if let Some((group, slot)) = self.group(id) {
                if self.extras.is_used() {
                    // SAFETY: as above.
                    unsafe { self.extras.empty(dense(id)) };
                }
                group.vacate(slot);
            }
        }
    }
}

impl<K, V> Drop for View<K, V> {
    fn drop(&mut self) {
        if !std::mem::needs_drop::<(K, V)>() {
            return;
        }
        for id in 0..id_of(self.groups.len(), 0) {
            let filled = self
                .group(id)
                .is_some_and(|(group, slot)| group.is_filled(slot));
            // SAFETY: it is filled, and nobody has the table any more.
            let pair = filled.then(|| unsafe { self.take(id) });
            drop(pair);
        }
    }
}
