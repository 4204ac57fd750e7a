//! Entries that are read without a lock: where they lie, and when one may be taken away.
//!
//! The argument stands here, with the part of a shard that is read without the lock. What it is about is told apart: a table is a `View`
//! (`view.rs`) and what is lent of it an `Entry` (`entry.rs`); the `Owner` puts entries in and takes them out (`owner.rs`), knows where they
//! are (`slots.rs`), and replaces tables (`resize.rs`), of which some wait to be given back (`grave.rs`).
//!
//! # The life of a slot
//!
//! ```text
//!           put                    retire                   reclaim
//!   FREE ─────────▶ LINKED ─────────────────▶ GONE ────────────────────▶ FREE
//!              (anybody may read)   (readers from before may read)
//! ```
//!
//! The [`Owner`] is one value behind the shard's lock; all steps are its `&mut` methods. Readers come in through [`Arena::search`] without
//! a lock: they find a slot by its tag, announce its address ([`Entry::confirm`]), look whether the tag is still there, and only then look at
//! key and value.
//!
//! # Why nobody reads what was taken away
//!
//! A reader announces the slot, `A`, by its [mark](super::group::Group::mark), and then loads the tags again, `L`. The owner marks the slot as gone and later passes a barrier `B`
//! and loads the announcements, `S`. `A` and `L` stay in order, either by themselves or because `B` makes every running thread pass a
//! barrier ([`asymmetric`](crate::kernel::asymmetric)). So in the one order of all of these `A` comes before `S`: then the owner sees the
//! announcement and leaves the entry. Or `B`, `S`, `A`, `L` follow each other: then `L` finds the slot gone, and the reader goes on without
//! the entry. A reader leaves by a release store, which `S` acquires.
//!
//! A slot may have been reclaimed and filled anew between being found and being announced. If the tag is there again, its entry is alive,
//! and announced from now on; the comparison of the keys decides.
//!
//! # Tables
//!
//! A table that became too small is followed by a larger one, and one that is emptied at once by a fresh one. Entries are moved, and so no
//! reader may be at them: all slots are marked gone, and readers are waited for, a little while. If one of them stays, the marks are taken
//! back and the table remains, unless there is no room in it: then what is still being read is left behind. While that goes on, and while
//! an entry moves to where readers look earlier, `moves` is odd; a reader who finds nothing looks at it and begins again if it has changed.
//! So does one under whose eyes an entry was taken out: its successor may be where it has looked already. Who waits for `moves` announces
//! nothing, lest the owner wait for it.
//!
//! One barrier is enough however often the owner looks: whoever announces a slot after it finds the slot gone, and who announced it before
//! is seen at the first look, and at all that follow until it has left.
//!
//! Tags are looked at before anything is announced, so a table must not be given back under a reader's hands. A reader announces that it is
//! arriving before it loads the view. Where that costs nothing ([`asymmetric::is_light`]) the owner looks for those and gives old tables
//! back; elsewhere they are kept, empty, as long as the arena, and serve again when it is emptied once more.
#![expect(
    unsafe_code,
    reason = "readers use a table by its address, without a lock and without a count"
)]

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::super::log::Log;
use super::columns::{Columns, NEVER};
use super::entry::{Entry, Held};
use super::group::{SLOTS, tag_of};
use super::hash::Hash;
use super::owner::Owner;
use super::view::{View, groups_for};
use crate::kernel::asymmetric;
use crate::kernel::pins::{self, Cover, Own, Record};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicPtr, AtomicU64, Ordering};

/// The part of a shard that is read without its lock.
pub(crate) struct Arena<K, V> {
    view: AtomicPtr<View<K, V>>,
    /// Odd while entries move against the order in which readers look for them.
    pub(super) moves: AtomicU64,
    /// Hits for the policy.
    pub(crate) log: Log,
    /// No entry that is linked expires before this.
    first_due: AtomicU64,
    owns: PhantomData<(K, V)>,
}

// SAFETY: readers in several threads share keys and values, and the thread that reclaims or drops them may be another than the one that
// brought them.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Arena<K, V> {}
// SAFETY: nothing is bound to a thread but what keys and values are.
unsafe impl<K: Send, V: Send> Send for Arena<K, V> {}

impl<K, V> Arena<K, V> {
    /// An arena with room for `entries` before it grows.
    pub(crate) fn new(entries: usize, columns: Columns, log: Log) -> (Self, Owner<K, V>) {
        asymmetric::register();
        let table = Table::new(View::new(groups_for(entries), columns, 0));
        let owner = Owner::new(Deed(()), table.slots(), columns);
        let arena = Self {
            view: AtomicPtr::new(table.into_pointer()),
            moves: AtomicU64::new(0),
            log,
            first_due: AtomicU64::new(NEVER),
            owns: PhantomData,
        };
        (arena, owner)
    }

    /// A time before which nothing expires. A search between two equal answers found nothing that was due before: an earlier deadline is
    /// announced here before its entry is linked, and a later one after all entries that were due before it were taken out.
    #[inline(always)]
    pub(crate) fn first_due(&self) -> u64 {
        self.first_due.load(Ordering::Acquire)
    }

    /// The holder of the lock is about to link an entry that is due at `deadline`.
    pub(crate) fn expect(&self, deadline: u64) {
        if deadline < self.first_due.load(Ordering::Relaxed) {
            // Linking is a release store, and comes after this.
            self.first_due.store(deadline, Ordering::Relaxed);
        }
    }

    /// The holder of the lock has found that nothing that is linked is due before `bound`.
    pub(crate) fn bound(&self, bound: u64) {
        if bound != self.first_due.load(Ordering::Relaxed) {
            // What has expired was taken out before.
            self.first_due.store(bound, Ordering::Release);
        }
    }

    /// The current table.
    ///
    /// # Safety
    ///
    /// While it is used the caller announces an arrival, or a slot of it, or keeps it from being replaced.
    #[inline(always)]
    unsafe fn view(&self) -> &View<K, V> {
        let view = self.view.load(Ordering::SeqCst);
        // SAFETY: the pointer is never null, and the table is current or kept for those who announce something, says the caller.
        unsafe { &*view }
    }

    /// The entry of a key, announced by `pin`, if it is the first in its home group that has its tag, as nearly all are. It stays while
    /// `pin` announces nothing else.
    #[inline(always)]
    pub(crate) fn glance<'p>(
        &'p self,
        pin: &'p mut Own,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<Entry<'p, K, V>> {
        let pin: &'p Record = pin;
        pin.arrive();
        // SAFETY: the arrival is announced.
        let view = unsafe { self.view() };
        let (home, group) = view.home_group(hash.place());
        let tag = tag_of(hash.place());
        let slot = group.hits(tag).first();
        let is_there = || group.holds(slot, tag);
        // SAFETY: `pin` is the caller's alone, and announces nothing else while the answer is lent.
        let entry = unsafe { Entry::confirm(view, pin, (home, group), slot, is_there) }?;
        is_key(entry.key).then_some(entry)
    }

    /// Whether a key certainly has no entry, for a reader who did not find one at a [`glance`](Self::glance): nothing in its home group has its
    /// tag, and nobody of its kind went on from there. What it does not know, [`search`](Self::search) finds out.
    #[inline]
    pub(crate) fn lacks(&self, pin: &Record, hash: Hash) -> bool {
        let before = self.moves.load(Ordering::SeqCst);
        if before % 2 == 1 {
            return false;
        }
        pin.arrive();
        // SAFETY: the arrival is announced.
        let view = unsafe { self.view() };
        let (_, group) = view.home_group(hash.place());
        let is_there = group.hits(tag_of(hash.place())).first() < SLOTS;
        if is_there || group.was_passed(hash.place()) {
            return false;
        }
        self.moves.load(Ordering::SeqCst) == before || faulty(Fault::MissUnasked)
    }

    /// The entry of a key, wherever it is, announced by `pin`: it stays while `pin` announces nothing else. `settle` waits for the lock of
    /// the shard, and is called while entries move.
    pub(crate) fn search<'p>(
        &'p self,
        pin: &'p mut Cover,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
        settle: impl Fn(),
    ) -> Option<Entry<'p, K, V>> {
        let pin: &'p Record = pin;
        let tag = tag_of(hash.place());
        loop {
            let before = self.moves.load(Ordering::SeqCst);
            if before % 2 == 1 {
                pin.arrive();
                settle();
                continue;
            }
            let mut vanished = false;
            pin.arrive();
            // SAFETY: the arrival is announced.
            let view = unsafe { self.view() };
            for (home, group) in view.way(hash.place()) {
                for slot in group.hits(tag) {
                    let is_there = || group.holds(slot, tag);
                    // SAFETY: `pin` is the caller's alone. It announces nothing else while this entry is looked at, or lent.
                    let entry = unsafe { Entry::confirm(view, pin, (home, group), slot, is_there) };
                    let Some(entry) = entry else {
                        vanished = !faulty(Fault::MissVanished);
                        continue;
                    };
                    if is_key(entry.key) {
                        return Some(entry);
                    }
                }
                if !group.was_passed(hash.place()) {
                    break;
                }
            }
            let moved = self.moves.load(Ordering::SeqCst) != before && !faulty(Fault::MissUnasked);
            if !moved && !vanished {
                return None;
            }
        }
    }
    /// As [`search`](Self::search), for a holder that stays.
    pub(crate) fn hold(
        &self,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
        settle: impl Fn(),
    ) -> Option<Held<'_, K, V>> {
        let mut cover = pins::stand_apart();
        let what = self.search(&mut cover, hash, is_key, settle)?.what();
        // SAFETY: `cover` announces the entry, which was confirmed in this arena.
        Some(unsafe { what.held(cover) })
    }

    /// The next entry of a walk through the table, for a holder that stays; nothing at its end. Takes no lock, unless the table is being
    /// replaced.
    pub(crate) fn hold_next(&self, walk: &mut Walk, settle: impl Fn()) -> Option<Held<'_, K, V>> {
        let mut cover = pins::stand_apart();
        let what = self.next(&mut cover, walk, settle)?.what();
        // SAFETY: `cover` announces the entry, which was confirmed in this arena.
        Some(unsafe { what.held(cover) })
    }

    /// The next entry of a walk through the table, announced by `pin`; nothing at its end.
    ///
    /// An entry that is linked from the beginning of the walk to its end is found. A walk that learns that the table was replaced begins
    /// again with the new one. Entries that are on the move, or might have been, are marked after `moves` has become odd; so whoever finds
    /// none in a slot and `moves` changed waits, and looks at the slot again, or at the new table.
    pub(crate) fn next<'p>(
        &'p self,
        pin: &'p mut Cover,
        walk: &mut Walk,
        settle: impl Fn(),
    ) -> Option<Entry<'p, K, V>> {
        let pin: &'p Record = pin;
        loop {
            let before = self.moves.load(Ordering::SeqCst);
            pin.arrive();
            if before % 2 == 1 {
                settle();
                continue;
            }
            // SAFETY: the arrival is announced.
            let view = unsafe { self.view() };
            let serial = view.serial();
            if walk.table != Some(serial) {
                *walk = Walk {
                    table: Some(serial),
                    ..Walk::default()
                };
            }
            let group = view.groups().get(walk.group)?;
            let mut moved = false;
            while walk.slot < SLOTS && !moved {
                let slot = walk.slot;
                if group.is_linked(slot) {
                    let (place, is_there) = ((walk.group, group), || group.is_linked(slot));
                    // SAFETY: `pin` is the caller's alone, and announces nothing else while the answer is lent.
                    let entry = unsafe { Entry::confirm(view, pin, place, slot, is_there) };
                    if let Some(entry) = entry {
                        walk.slot += 1;
                        return Some(entry);
                    }
                }
                moved = self.moves.load(Ordering::SeqCst) != before && !faulty(Fault::MissUnasked);
                walk.slot += usize::from(!moved);
            }
            if !moved {
                (walk.group, walk.slot) = (walk.group + 1, 0);
            }
        }
    }
}

impl<K, V> Drop for Arena<K, V> {
    fn drop(&mut self) {
        // The arena owns the table, and nobody reads any more.
        drop(NonNull::new(self.view.load(Ordering::Relaxed)).map(Table));
    }
}

/// Where a walk through a table is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Walk {
    table: Option<u64>,
    group: usize,
    slot: usize,
}

/// The right to change the tables of one arena: there is one for each, and it goes with that arena only. While it is lent no table is
/// replaced.
pub(super) struct Deed(());

impl Deed {
    /// The current table.
    #[inline(always)]
    pub(super) fn view<'a, K, V>(&'a self, arena: &'a Arena<K, V>) -> &'a View<K, V> {
        // SAFETY: to replace it takes this exclusively.
        unsafe { arena.view() }
    }

    /// Puts another table in place of the current one.
    ///
    /// # Safety
    ///
    /// The answer is dropped only when nobody reads in it, and nobody is arriving.
    pub(super) unsafe fn exchange<K, V>(
        &mut self,
        arena: &Arena<K, V>,
        table: Table<K, V>,
    ) -> Option<Table<K, V>> {
        NonNull::new(arena.view.swap(table.into_pointer(), Ordering::SeqCst)).map(Table)
    }
}

/// A table that is not current, or not yet. Readers may still have references to it, which a box would not put up with.
pub(super) struct Table<K, V>(NonNull<View<K, V>>);

// SAFETY: it owns keys and values, and is dropped when nobody reads them.
unsafe impl<K: Send, V: Send> Send for Table<K, V> {}

impl<K, V> Table<K, V> {
    pub(super) fn new(view: View<K, V>) -> Self {
        Self(NonNull::from(Box::leak(Box::new(view))))
    }

    fn into_pointer(self) -> *mut View<K, V> {
        ManuallyDrop::new(self).0.as_ptr()
    }
}

impl<K, V> Deref for Table<K, V> {
    type Target = View<K, V>;

    fn deref(&self) -> &View<K, V> {
        // SAFETY: the table is this one's own, and is only looked at as long as it exists.
        unsafe { self.0.as_ref() }
    }
}

impl<K, V> Drop for Table<K, V> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box, and nobody reads the table any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
