//! Entries that are read without a lock: where they lie, and when one may be taken away.
//!
//! This file is long because all of it rests on one argument, and every part of it may break it.
//!
//! # The life of a slot
//!
//! ```text
//!           put                    retire                   reclaim
//!   FREE ─────────▶ LINKED ─────────────────▶ GONE ────────────────────▶ FREE
//!              (anybody may read)   (readers from before may read)
//! ```
//!
//! The [`Owner`] is one value behind the shard's lock; all steps are its `&mut` methods. Readers come in through [`Arena::read`] without
//! a lock: they find a slot by its tag, announce its address ([`Cover`]), look whether the tag is still there, and only then look at key and
//! value.
//!
//! # Why nobody reads what was taken away
//!
//! A reader announces the slot, `A`, by its [mark](Group::mark), and then loads the tags again, `L`. The owner marks the slot as gone and later passes a barrier `B`
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
    reason = "readers use a key and a value by address, without a lock and without a count"
)]

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

use super::super::log::Log;
use super::super::tags::Extra;
use super::extras::Extras;
use super::group::{Group, SLOTS, SPECIAL, dense, id_of, is_seen_after, slot_of, tag_of};
use super::hash::Hash;
use super::owed::{Notices, Owed};
use super::patience::{NAPS, Resize, nap, wait};
use crate::cache::RemovalCause;
use crate::kernel::asymmetric;
use crate::kernel::pins::{self, Announced, Cover, Own, Record};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Arc, AtomicPtr, AtomicU64, Ordering};

/// Slots that are filled, of a hundred, in a table of just the right size.
const LOAD: usize = 74;
/// The deadline of an entry that does not expire.
pub(crate) const NEVER: u64 = u64::MAX;
/// Groups in which an entry may be.
const REACH: usize = 24;
/// Groups of the largest table: their ids are numbers of 32 bits.
const MOST_GROUPS: usize = (1 << 28) - 1;

#[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
#[path = "check.rs"]
mod check;

/// What a table keeps of each entry besides key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// When it expires.
    pub(crate) deadlines: bool,
    /// How far readers may put that off.
    pub(crate) limits: bool,
    /// When it should be loaded anew.
    pub(crate) refreshes: bool,
    /// What its load took.
    pub(crate) costs: bool,
}

/// When an entry expires, in nanoseconds of the cache's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) deadline: u64,
    /// Readers put the deadline off up to here.
    pub(crate) limit: u64,
}

impl Lease {
    /// It doesn't.
    pub(crate) const FOREVER: Self = Self {
        deadline: NEVER,
        limit: NEVER,
    };
}

type Cell<K, V> = UnsafeCell<MaybeUninit<(K, V)>>;

/// One table.
struct View<K, V> {
    groups: Box<[Group]>,
    /// Fourteen for each group.
    pairs: Box<[Cell<K, V>]>,
    /// When each entry expires, in nanoseconds of the cache's clock; none if entries don't.
    deadlines: Box<[AtomicU64]>,
    /// How far a reader may put that off; none if readers don't.
    limits: Box<[AtomicU64]>,
    /// What special entries have besides.
    extras: Extras,
    /// One more than that of the table before.
    serial: AtomicU64,
    /// When somebody should load it anew; none if nobody should.
    refreshes: Box<[AtomicU64]>,
    /// What its load took; none if that doesn't matter.
    costs: Box<[AtomicU64]>,
    /// Whether there is none of these numbers.
    bare: bool,
}

/// Keys and values that were taken away, to be dropped when the lock is released.
pub(crate) type Garbage<K, V> = Vec<(K, V)>;

/// Keys and values that were taken away and of which nobody was told, and why.
pub(crate) type Left<K, V> = Vec<(K, V, RemovalCause)>;

/// No slot near the key's home is free; key and value come back.
#[derive(Debug)]
pub(crate) struct NoPlace<K, V>(pub(crate) K, pub(crate) V);

/// An entry that nobody takes away while `'p` lasts.
pub(crate) struct Entry<'p, K, V> {
    pub(crate) key: &'p K,
    pub(crate) value: &'p V,
    view: &'p View<K, V>,
    group: &'p Group,
    number: usize,
    slot: usize,
}

impl<K, V> Entry<'_, K, V> {
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
        unsafe { self.view.extras.get(self.number * SLOTS + self.slot) }
    }

    /// Whether none of its tags was invalidated since it was stored.
    pub(crate) fn is_current(&self) -> bool {
        self.extra().is_none_or(|extra| extra.is_current())
    }

    fn what(&self) -> Option<What<K, V>> {
        let id = id_of(self.number, self.slot);
        self.view.what(id, (self.key, self.value))
    }

    /// When the entry expires, if entries do.
    #[inline(always)]
    pub(crate) fn deadline(&self) -> Option<&AtomicU64> {
        self.view.deadlines.get(self.number * SLOTS + self.slot)
    }

    /// When it should be loaded anew, and what its load took.
    pub(crate) fn refresh(&self) -> (u64, u64) {
        self.view.refresh(id_of(self.number, self.slot))
    }

    /// How far a reader may put its deadline off.
    pub(crate) fn limit(&self) -> u64 {
        self.view
            .limits
            .get(self.number * SLOTS + self.slot)
            .map_or(NEVER, |limit| limit.load(Ordering::Relaxed))
    }

    /// A reader puts its deadline off.
    pub(crate) fn put_off(&self, lease: Lease) {
        self.view.set_lease(id_of(self.number, self.slot), lease);
    }
}

/// An entry that is kept for its holder, whatever becomes of it in the cache.
///
/// It announces this one entry in a record of its own, so it stands in nobody's way, and may wander to another thread.
pub(crate) struct Held<'a, K, V> {
    key: NonNull<K>,
    value: NonNull<V>,
    id: u32,
    mark: usize,
    deadline: u64,
    extra: Option<NonNull<Arc<Extra>>>,
    _cover: Cover,
    arena: PhantomData<&'a Arena<K, V>>,
}

impl<K, V> Held<'_, K, V> {
    pub(crate) fn key(&self) -> &K {
        // SAFETY: the entry was announced while it was linked or the lock was held, and stays as long as the announcement.
        unsafe { self.key.as_ref() }
    }

    pub(crate) fn value(&self) -> &V {
        // SAFETY: as for the key.
        unsafe { self.value.as_ref() }
    }

    /// What it has besides key and value.
    pub(crate) fn extra(&self) -> Option<&Arc<Extra>> {
        // SAFETY: as for the key; it stays in its place as long as the entry.
        self.extra.map(|extra| unsafe { extra.as_ref() })
    }

    /// Whether none of its tags was invalidated since it was stored.
    pub(crate) fn is_current(&self) -> bool {
        self.extra().is_none_or(|extra| extra.is_current())
    }

    /// When it expires.
    pub(crate) fn deadline(&self) -> u64 {
        self.deadline
    }

    /// The slot in which it was found.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }
}

// SAFETY: it is a shared reference to the entry, and an announcement that any thread may withdraw.
unsafe impl<K: Sync, V: Sync> Send for Held<'_, K, V> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for Held<'_, K, V> {}

/// A number for each slot of so many groups, if it is wanted.
fn column(groups: usize, wanted: bool, value: u64) -> Box<[AtomicU64]> {
    (0..if wanted { groups * SLOTS } else { 0 })
        .map(|_| AtomicU64::new(value))
        .collect()
}

/// The groups of a table for `entries`.
fn groups_for(entries: usize) -> usize {
    let groups = (entries.saturating_mul(100) / (SLOTS * LOAD)).saturating_add(1);
    groups.min(MOST_GROUPS)
}

impl<K, V> View<K, V> {
    /// A table for `entries`.
    fn new(entries: usize, columns: Columns, serial: u64) -> Self {
        Self::of_groups(groups_for(entries), columns, serial)
    }

    fn of_groups(groups: usize, columns: Columns, serial: u64) -> Self {
        let pairs = Box::new_uninit_slice(groups * SLOTS);
        Self {
            groups: std::iter::repeat_with(Group::new).take(groups).collect(),
            // SAFETY: a cell of what may be uninitialised is itself always initialised.
            pairs: unsafe { pairs.assume_init() },
            deadlines: column(groups, columns.deadlines, NEVER),
            limits: column(groups, columns.limits, NEVER),
            refreshes: column(groups, columns.refreshes, NEVER),
            costs: column(groups, columns.costs, 0),
            extras: Extras::new(),
            serial: AtomicU64::new(serial),
            bare: columns == Columns::default(),
        }
    }

    fn columns(&self) -> Columns {
        Columns {
            deadlines: !self.deadlines.is_empty(),
            limits: !self.limits.is_empty(),
            refreshes: !self.refreshes.is_empty(),
            costs: !self.costs.is_empty(),
        }
    }

    /// Whether it has so many groups, and keeps just that of entries.
    fn is_like(&self, groups: usize, columns: Columns) -> bool {
        self.groups.len() == groups && self.columns() == columns
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.groups)
            + size_of_val(&*self.pairs)
            + size_of_val(&*self.deadlines)
            + size_of_val(&*self.limits)
            + self.extras.bytes()
            + size_of_val(&*self.refreshes)
            + size_of_val(&*self.costs)
    }

    fn lease(&self, id: u32) -> Lease {
        let limit = self
            .limits
            .get(dense(id))
            .map_or(NEVER, |limit| limit.load(Ordering::Relaxed));
        Lease {
            deadline: self.deadline(id),
            limit,
        }
    }

    fn set_lease(&self, id: u32, lease: Lease) {
        if let Some(limit) = self.limits.get(dense(id)) {
            limit.store(lease.limit, Ordering::Relaxed);
        }
        if let Some(due) = self.deadlines.get(dense(id)) {
            due.store(lease.deadline, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn home(&self, place: u32) -> usize {
        ((u64::from(place) * self.groups.len() as u64) >> 32) as usize
    }

    /// The groups in which the entry of `place` may be: its home, and then one of all by another hash each time.
    #[inline]
    fn way(&self, place: u32) -> impl Iterator<Item = (usize, &Group)> {
        let mut hash = place;
        (0..REACH).map_while(move |_| {
            let group = self.home(hash);
            hash = hash.wrapping_mul(0x915F_77F5).wrapping_add(0x6C07_8965);
            Some((group, self.groups.get(group)?))
        })
    }

    #[inline]
    fn group(&self, id: u32) -> Option<(&Group, usize)> {
        let (group, slot) = slot_of(id);
        Some((self.groups.get(group)?, slot))
    }

    /// Announces a slot of `group`, the one with that number, and looks at it if it has that tag after that.
    #[inline(always)]
    fn confirm<'p>(
        &'p self,
        pin: &'p Record,
        number: usize,
        group: &'p Group,
        slot: usize,
        tag: u8,
    ) -> Option<Entry<'p, K, V>> {
        if slot >= SLOTS {
            return None;
        }
        pin.cover(group.mark(slot));
        if !group.holds(slot, tag) {
            return None;
        }
        // SAFETY: there are as many cells as slots, and both numbers are those of a slot.
        let cell = unsafe { self.pairs.get_unchecked(number * SLOTS + slot) };
        // SAFETY: the slot was announced and is still linked, so it is filled, and stays so until `pin` announces something else.
        let (key, value) = unsafe { pair(cell) };
        Some(Entry {
            key,
            value,
            view: self,
            group,
            number,
            slot,
        })
    }
}

/// What is in a cell.
///
/// # Safety
///
/// It is filled, and nobody empties it during the lifetime of the answer.
#[inline(always)]
unsafe fn pair<K, V>(cell: &Cell<K, V>) -> (&K, &V) {
    // SAFETY: a cell is written only while its slot is free, and read out only when nobody reads it.
    let cell = unsafe { &*cell.get() };
    // SAFETY: it is filled, says the caller.
    let (key, value) = unsafe { cell.assume_init_ref() };
    (key, value)
}

/// The part of a shard that is read without its lock.
pub(crate) struct Arena<K, V> {
    view: AtomicPtr<View<K, V>>,
    /// Odd while entries move against the order in which readers look for them.
    moves: AtomicU64,
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

    #[inline(always)]
    fn view(&self) -> &View<K, V> {
        let view = self.view.load(Ordering::SeqCst);
        // SAFETY: the pointer is never null. The caller is the owner, who alone replaces views, or a reader that has announced its arrival,
        // under which no view is given back.
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
        let view = self.view();
        let (home, tag) = (view.home(hash.place()), tag_of(hash.place()));
        // SAFETY: a home is less than the number of groups, which is not zero.
        let group = unsafe { view.groups.get_unchecked(home) };
        let slot = group.hits(tag).first();
        let entry = view.confirm(pin, home, group, slot, tag)?;
        is_key(entry.key).then_some(entry)
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
            let view = self.view();
            for (home, group) in view.way(hash.place()) {
                for slot in group.hits(tag) {
                    let Some(entry) = view.confirm(pin, home, group, slot, tag) else {
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
}

impl<K, V> Arena<K, V> {
    /// As [`read`](Self::read), for a holder that stays.
    pub(crate) fn hold(
        &self,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
        settle: impl Fn(),
    ) -> Option<Held<'_, K, V>> {
        let mut cover = pins::stand_apart();
        let what = self.search(&mut cover, hash, is_key, settle)?.what()?;
        Some(what.held(cover))
    }

    /// The next entry of a walk through the table, for a holder that stays; nothing at its end. Takes no lock, unless the table is being
    /// replaced.
    pub(crate) fn hold_next(&self, walk: &mut Walk, settle: impl Fn()) -> Option<Held<'_, K, V>> {
        let mut cover = pins::stand_apart();
        let what = self.next(&mut cover, walk, settle)?.what()?;
        Some(what.held(cover))
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
        loop {
            let before = self.moves.load(Ordering::SeqCst);
            pin.arrive();
            if before % 2 == 1 {
                settle();
                continue;
            }
            let view = self.view();
            let serial = view.serial.load(Ordering::Relaxed);
            if walk.table != Some(serial) {
                *walk = Walk {
                    table: Some(serial),
                    ..Walk::default()
                };
            }
            let group = view.groups.get(walk.group)?;
            let mut moved = false;
            while walk.slot < SLOTS && !moved {
                let slot = walk.slot;
                let mut is_there = group.is_linked(slot);
                if is_there {
                    pin.cover(group.mark(slot));
                    is_there = group.is_linked(slot);
                }
                if !is_there {
                    moved =
                        self.moves.load(Ordering::SeqCst) != before && !faulty(Fault::MissUnasked);
                    walk.slot += usize::from(!moved);
                    continue;
                }
                walk.slot += 1;
                let cell = view.pairs.get(walk.group * SLOTS + slot)?;
                // SAFETY: the slot was announced and is still linked, so it is filled, and stays so until `pin` lets go.
                let (key, value) = unsafe { pair(cell) };
                return Some(Entry {
                    key,
                    value,
                    view,
                    group,
                    number: walk.group,
                    slot,
                });
            }
            if !moved {
                (walk.group, walk.slot) = (walk.group + 1, 0);
            }
        }
    }
}

/// Where a walk through a table is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Walk {
    table: Option<u64>,
    group: usize,
    slot: usize,
}

/// What an entry is, for a holder.
struct What<K, V> {
    key: NonNull<K>,
    value: NonNull<V>,
    id: u32,
    mark: usize,
    deadline: u64,
    extra: Option<NonNull<Arc<Extra>>>,
}

impl<K, V> What<K, V> {
    /// `cover` announces the entry.
    fn held<'a>(self, cover: Cover) -> Held<'a, K, V> {
        let Self {
            key,
            value,
            id,
            mark,
            deadline,
            extra,
        } = self;
        Held {
            key,
            value,
            id,
            mark,
            deadline,
            extra,
            _cover: cover,
            arena: PhantomData,
        }
    }
}

/// The part of a shard that only the holder of its lock has.
pub(crate) struct Owner<K, V> {
    /// By slot: what of the key's hash the table goes by, and where the policy has the entry.
    notes: Vec<Note>,
    /// Slots of the current table whose entries were taken out and not reclaimed yet.
    gone: Vec<u32>,
    /// As `gone`, but somebody is still to be told of these.
    owed: Owed,
    /// Tables that were replaced.
    graves: Vec<Grave<K, V>>,
    linked: usize,
    /// Of those that wait to be reclaimed, the ones that were being read when it was looked through.
    kept: usize,
    /// Whether nothing came of the last look at the graves, and how often somebody wanted to look again since.
    stuck: bool,
    waited: usize,
    /// What the next table will keep.
    columns: Columns,
    /// The next table, if one was wanted and could not be had yet.
    prepared: Option<Prepared<K, V>>,
}

/// A table that nobody has seen, and the notes of its slots.
struct Prepared<K, V> {
    view: Box<View<K, V>>,
    notes: Vec<Note>,
}

#[derive(Clone, Copy, Default)]
struct Note {
    place: u32,
    seat: u32,
}

/// How much of a table that was left behind is taken out at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sweep {
    /// What an insertion can do besides.
    InPassing,
    /// What the upkeep does in one go.
    Swift,
}

/// A table that was replaced: nothing is linked in it any more, or nobody will look for it.
struct Grave<K, V> {
    view: Table<K, V>,
    /// Groups before this one have no linked entries.
    swept: usize,
    gone: Vec<u32>,
    /// As `gone`, but somebody is still to be told of these.
    owed: Owed,
    /// As `gone`, but nobody has been told of these yet: all were removed together.
    left: Vec<u32>,
}

/// A table that is not current any more. Readers may still have references to it, which a box would not put up with.
struct Table<K, V>(NonNull<View<K, V>>);

// SAFETY: it owns keys and values, and is dropped when nobody reads them.
unsafe impl<K: Send, V: Send> Send for Table<K, V> {}

impl<K, V> Table<K, V> {
    /// Puts another table in place of the current one.
    fn exchange(arena: &Arena<K, V>, view: NonNull<View<K, V>>) -> Option<Self> {
        NonNull::new(arena.view.swap(view.as_ptr(), Ordering::SeqCst)).map(Self)
    }

    fn into_pointer(self) -> NonNull<View<K, V>> {
        ManuallyDrop::new(self).0
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

impl<K, V> Arena<K, V> {
    /// An arena with room for `entries` before it grows.
    pub(crate) fn new(entries: usize, columns: Columns, log: Log) -> (Self, Owner<K, V>) {
        asymmetric::register();
        let view = View::new(entries, columns, 0);
        let owner = Owner {
            notes: vec![Note::default(); view.pairs.len()],
            gone: Vec::new(),
            owed: Owed::new(),
            graves: Vec::new(),
            linked: 0,
            kept: 0,
            stuck: false,
            waited: 0,
            columns,
            prepared: None,
        };
        let arena = Self {
            view: AtomicPtr::new(Box::into_raw(Box::new(view))),
            moves: AtomicU64::new(0),
            log,
            first_due: AtomicU64::new(NEVER),
            owns: PhantomData,
        };
        (arena, owner)
    }
}

impl<K, V> Owner<K, V> {
    /// The slot of a key.
    pub(crate) fn find(
        &self,
        arena: &Arena<K, V>,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<u32> {
        let view = arena.view();
        let tag = tag_of(hash.place());
        for (home, group) in view.way(hash.place()) {
            for slot in group.hits(tag) {
                let id = id_of(home, slot);
                if self.entry(arena, id).is_some_and(|entry| is_key(entry.key))
                    && group.is_linked(slot)
                {
                    return Some(id);
                }
            }
            if !group.was_passed(hash.place()) {
                return None;
            }
        }
        None
    }

    /// Keeps the entry in a slot for a holder that goes on without the lock.
    pub(crate) fn hold<'a>(&self, arena: &'a Arena<K, V>, id: u32) -> Option<Held<'a, K, V>> {
        let entry = self.entry(arena, id)?;
        entry.view.keep(id, (entry.key, entry.value))
    }

    /// Whether a slot still has the entry that is held, and it was not taken out.
    pub(crate) fn has(&self, arena: &Arena<K, V>, held: &Held<'_, K, V>) -> bool {
        // While it is held its slot is not filled with another, but the table may be another.
        let view = arena.view();
        view.mark(held.id) == Some(held.mark)
            && view
                .group(held.id)
                .is_some_and(|(group, slot)| group.is_linked(slot))
    }

    /// What is in a slot, taken out or not.
    pub(crate) fn entry<'a>(&'a self, arena: &'a Arena<K, V>, id: u32) -> Option<Entry<'a, K, V>> {
        let view = arena.view();
        let (group, slot) = view.group(id)?;
        if !group.is_filled(slot) {
            return None;
        }
        let cell = view.pairs.get(dense(id))?;
        // SAFETY: it is filled, and emptying it needs this owner exclusively.
        let (key, value) = unsafe { pair(cell) };
        Some(Entry {
            key,
            value,
            view,
            group,
            number: slot_of(id).0,
            slot,
        })
    }

    pub(crate) fn uses(&self, arena: &Arena<K, V>, id: u32) -> u8 {
        arena
            .view()
            .group(id)
            .map_or(0, |(group, slot)| group.uses(slot))
    }

    pub(crate) fn set_uses(&self, arena: &Arena<K, V>, id: u32, uses: u8) {
        if let Some((group, slot)) = arena.view().group(id) {
            group.set_uses(slot, uses);
        }
    }

    /// The low half of the hash of the key in a slot.
    pub(crate) fn place(&self, id: u32) -> u32 {
        self.notes.get(dense(id)).map_or(0, |note| note.place)
    }

    /// When the entry in a slot expires.
    #[inline]
    pub(crate) fn deadline(&self, arena: &Arena<K, V>, id: u32) -> u64 {
        arena.view().deadline(id)
    }

    /// When the entry in a slot should be loaded anew, and what its load took.
    pub(crate) fn refresh(&self, arena: &Arena<K, V>, id: u32) -> (u64, u64) {
        arena.view().refresh(id)
    }

    #[inline]
    pub(crate) fn set_refresh(&self, arena: &Arena<K, V>, id: u32, at: u64, cost: u64) {
        let view = arena.view();
        if !view.bare {
            view.set_refresh(id, at, cost);
        }
    }

    /// Changes when the entry in a slot expires.
    pub(crate) fn set_lease(&self, arena: &Arena<K, V>, id: u32, lease: Lease) {
        arena.view().set_lease(id, lease);
    }

    /// Whether the entries of the table may expire.
    pub(crate) fn has_deadlines(&self, arena: &Arena<K, V>) -> bool {
        !arena.view().deadlines.is_empty()
    }

    /// From the next table on, entries may expire.
    pub(crate) fn keep_deadlines(&mut self) {
        self.columns.deadlines = true;
    }

    /// Whether a slot has an entry that was not taken out.
    #[inline]
    pub(crate) fn is_linked(&self, arena: &Arena<K, V>, id: u32) -> bool {
        arena
            .view()
            .group(id)
            .is_some_and(|(group, slot)| group.is_linked(slot))
    }

    /// Where the policy has the entry in a slot.
    #[inline]
    pub(crate) fn seat(&self, id: u32) -> u32 {
        self.notes.get(dense(id)).map_or(0, |note| note.seat)
    }

    #[inline]
    pub(crate) fn set_seat(&mut self, id: u32, seat: u32) {
        if let Some(note) = self.notes.get_mut(dense(id)) {
            note.seat = seat;
        }
    }

    /// Whether there are tables that were replaced.
    pub(crate) fn has_graves(&self) -> bool {
        asymmetric::is_light() && !self.graves.is_empty() || self.has_remains_of_graves()
    }

    fn has_remains_of_graves(&self) -> bool {
        let remains = |grave: &Grave<K, V>| !grave.is_empty();
        self.graves.iter().any(remains)
    }

    /// Whether it is worth the while to look for what may be reclaimed: there is a `batch` of it, or a table that was replaced. What was being
    /// read at the last look does not count, or somebody who stays would make everybody look.
    pub(crate) fn is_due(&mut self, batch: usize) -> bool {
        if self.waiting() >= self.kept.saturating_add(batch) {
            return true;
        }
        if self.graves.is_empty() || !self.has_graves() {
            return false;
        }
        self.waited += 1;
        !self.stuck || self.waited > batch
    }

    /// Linked entries.
    pub(crate) fn len(&self) -> usize {
        self.linked
    }

    /// Groups of slots.
    pub(crate) fn groups(&self) -> usize {
        self.notes.len() / SLOTS
    }

    /// Slots, which ids are less than.
    pub(crate) fn slots(&self) -> usize {
        self.notes.len()
    }

    /// Entries for which the table is large enough.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.notes.len() * LOAD / 100
    }

    /// Fills and links a slot for a key that is nowhere in the table.
    pub(crate) fn put(
        &mut self,
        arena: &Arena<K, V>,
        hash: Hash,
        key: K,
        value: V,
        lease: Lease,
        extra: Option<&Arc<Extra>>,
    ) -> Result<u32, NoPlace<K, V>> {
        let view = arena.view();
        for (passed, (home, group)) in view.way(hash.place()).enumerate() {
            let Some(slot) = group.free() else { continue };
            let id = id_of(home, slot);
            let at = dense(id);
            let (Some(cell), Some(note)) = (view.pairs.get(at), self.notes.get_mut(at)) else {
                break;
            };
            // SAFETY: the slot is free, so nobody looks at the cell before the tag is set, which happens after this.
            unsafe { (*cell.get()).write((key, value)) };
            note.place = hash.place();
            if !view.bare {
                view.set_lease(id, lease);
                view.set_refresh(id, NEVER, 0);
            }
            if let Some(extra) = extra {
                // SAFETY: the slot is free, and this owner alone changes the table.
                unsafe { view.extras.fill(view.pairs.len(), at, extra) };
            }
            if passed > 0 {
                for (_, group) in view.way(hash.place()).take(passed) {
                    group.pass(hash.place());
                }
            }
            group.link(slot, tag_of(hash.place()), extra.is_some());
            self.linked += 1;
            return Ok(id);
        }
        Err(NoPlace(key, value))
    }

    /// Puts another value in place of a linked one, in another slot: the new one is there before the old one is gone.
    #[expect(clippy::too_many_arguments, reason = "an entry, and where it goes")]
    pub(crate) fn replace(
        &mut self,
        arena: &Arena<K, V>,
        hash: Hash,
        old: u32,
        key: K,
        value: V,
        lease: Lease,
        extra: Option<&Arc<Extra>>,
    ) -> Result<u32, NoPlace<K, V>> {
        // A reader that comes from the front and has passed the new slot before it was filled may find the old one gone already. Where the
        // new slot is not known beforehand, the reader is always told.
        let view = arena.view();
        let in_place = view.group(old).is_some_and(|(group, slot)| {
            group.free().is_some_and(|free| is_seen_after(free, slot))
        }) && view.home(hash.place()) == slot_of(old).0;
        let in_place = in_place || faulty(Fault::MoveUntold);
        if !in_place {
            arena.moves.fetch_add(1, Ordering::SeqCst);
        }
        let put = self.put(arena, hash, key, value, lease, extra);
        if put.is_ok() && !faulty(Fault::KeepReplaced) {
            self.retire(arena, old);
        }
        if !in_place {
            arena.moves.fetch_add(1, Ordering::SeqCst);
        }
        put
    }

    /// Takes a linked entry out. It may still be read.
    #[inline]
    pub(crate) fn retire(&mut self, arena: &Arena<K, V>, id: u32) {
        let view = arena.view();
        let Some((group, slot)) = view
            .group(id)
            .filter(|(group, slot)| group.is_linked(*slot))
        else {
            return;
        };
        group.retire(slot);
        let place = self.place(id);
        let at = slot_of(id).0;
        if view.home(place) != at {
            for (_, group) in view.way(place).take_while(|(home, _)| *home != at) {
                group.pass_no_more(place);
            }
        }
        self.gone.push(id);
        self.linked = self.linked.saturating_sub(1);
    }

    /// Keeps an entry that was taken out last, until the notices are told, to which it is added.
    pub(crate) fn owe<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        id: u32,
        cause: RemovalCause,
        notices: &mut Notices<'a, K, V>,
    ) {
        let last = self.gone.last() == Some(&id);
        let view = arena.view();
        let Some(cell) = view.pairs.get(dense(id)).filter(|_| last) else {
            return;
        };
        // SAFETY: it was taken out, so it is filled, and emptying it needs this owner.
        let pair = unsafe { pair(cell) };
        self.gone.pop();
        self.owed.add(notices, id, pair, cause);
    }

    /// Entries that were taken out of the current table and not reclaimed yet.
    pub(crate) fn waiting(&self) -> usize {
        self.gone.len() + self.owed.len()
    }

    /// What was owed, and is no more, may be reclaimed.
    fn collect(&mut self) {
        self.owed.collect(&mut self.gone);
        for grave in &mut self.graves {
            grave.owed.collect(&mut grave.gone);
        }
    }

    /// Frees the slots that nobody reads any more. Entries that were abandoned, of which nobody has been told, come out as `left`, all of them
    /// if somebody listens.
    pub(crate) fn reclaim(
        &mut self,
        arena: &Arena<K, V>,
        garbage: &mut Garbage<K, V>,
        left: &mut Left<K, V>,
        listens: bool,
        sweep: Sweep,
    ) {
        self.collect();
        if self.gone.is_empty() && self.graves.is_empty() {
            return;
        }
        let mut stuck = true;
        for grave in &mut self.graves {
            stuck &= grave.is_swept();
            grave.sweep(sweep);
        }
        let Some(announced) = Announced::scan_covers() else {
            return;
        };
        let needs_drop = std::mem::needs_drop::<(K, V)>();
        let mut drop_later = |pair| garbage.push(pair);
        let current = arena.view();
        current.reclaim(&announced, &mut self.gone, needs_drop, &mut drop_later);
        self.kept = self.waiting();
        self.graves.retain_mut(|grave| {
            let before = grave.gone.len() + grave.left.len();
            let (view, gone) = (&grave.view, &mut grave.gone);
            view.reclaim(&announced, gone, needs_drop, &mut drop_later);
            let untold = |(key, value)| left.push((key, value, RemovalCause::Removed));
            view.reclaim(&announced, &mut grave.left, needs_drop || listens, untold);
            stuck &= grave.gone.len() + grave.left.len() == before;
            // Only here is it known who is arriving.
            !grave.is_empty() || !asymmetric::is_light() || grave.view.is_visited(&announced)
        });
        (self.stuck, self.waited) = (stuck, 0);
    }

    /// Whether entries of tables that were left behind wait to be taken out.
    pub(crate) fn is_sweeping(&self) -> bool {
        self.graves.iter().any(|grave| !grave.is_swept())
    }

    /// Moves all entries to a table for `entries`, and returns whether it did: not if one of them is being read for long, unless it is to be
    /// done anyway. Then those are left behind that are still being read, and are added to the notices, and those for which there is no
    /// place, which go to `left`. `moved` is told the old slot of each, and the new one if it has one.
    pub(crate) fn resize<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        entries: usize,
        resize: Resize,
        left: &mut Left<K, V>,
        mut notices: Option<&mut Notices<'a, K, V>>,
        mut moved: impl FnMut(u32, Option<u32>),
    ) -> bool {
        // What can fail is done before anybody is told to wait.
        let old = arena.view();
        let serial = old.serial.load(Ordering::Relaxed) + 1;
        let prepared = self.prepare(entries.max(self.linked), serial);
        let step = if faulty(Fault::MoveUntold) { 0 } else { 1 };
        let mut linked = Vec::with_capacity(self.linked);
        let mut naps = 0;
        let read = loop {
            arena.moves.fetch_add(step, Ordering::SeqCst);
            for (index, group) in old.groups.iter().enumerate() {
                for slot in group.linked() {
                    linked.push(id_of(index, slot));
                    group.retire(slot);
                }
            }
            let read = old.readers(&linked);
            if read.is_empty() || resize == Resize::Anyway && naps == NAPS {
                break read;
            }
            for id in linked.drain(..) {
                if let Some((group, slot)) = old.group(id) {
                    group.link_again(slot, tag_of(self.place(id)));
                }
            }
            arena.moves.fetch_add(step, Ordering::SeqCst);
            if resize == Resize::IfUnread {
                self.prepared = Some(prepared);
                return false;
            }
            nap(naps);
            naps += 1;
        };
        let notes = std::mem::replace(&mut self.notes, prepared.notes);
        let view = NonNull::from(Box::leak(prepared.view));
        let Some(view) = Table::exchange(arena, view) else {
            return false;
        };
        let mut grave = Grave {
            swept: view.groups.len(),
            view,
            gone: std::mem::take(&mut self.gone),
            owed: std::mem::replace(&mut self.owed, Owed::new()),
            left: Vec::new(),
        };
        self.kept = 0;
        self.stuck = false;
        self.linked = 0;
        for id in linked {
            let free = read.binary_search(&id).is_err();
            let extra = self.extra_of(&grave.view, id);
            // SAFETY: the slot is gone since before the announcements were looked at, and nobody reads it, or not any more.
            let taken = free.then(|| unsafe { grave.view.take(id) }).flatten();
            let place = notes.get(dense(id)).map_or(0, |note| note.place);
            let to = match taken {
                Some((key, value)) => match self.put(
                    arena,
                    Hash::of_place(place),
                    key,
                    value,
                    grave.view.lease(id),
                    extra.as_ref(),
                ) {
                    Ok(to) => {
                        let (refresh, cost) = grave.view.refresh(id);
                        self.set_refresh(arena, to, refresh, cost);
                        Some(to)
                    }
                    Err(NoPlace(key, value)) => {
                        left.push((key, value, RemovalCause::Evicted));
                        None
                    }
                },
                None => {
                    grave.leave(id, notices.as_deref_mut());
                    None
                }
            };
            moved(id, to);
        }
        self.graves.push(grave);
        arena.moves.fetch_add(step, Ordering::SeqCst);
        true
    }

    /// A table for `entries`, perhaps from an earlier time when one was wanted.
    fn prepare(&mut self, entries: usize, serial: u64) -> Prepared<K, V> {
        let groups = groups_for(entries);
        let prepared = self.prepared.take();
        if let Some(prepared) = prepared.filter(|old| old.view.is_like(groups, self.columns)) {
            prepared.view.serial.store(serial, Ordering::Relaxed);
            return prepared;
        }
        let view = Box::new(View::of_groups(groups, self.columns, serial));
        let notes = vec![Note::default(); view.pairs.len()];
        Prepared { view, notes }
    }

    /// Leaves all entries behind and begins with an empty table of the same size. They are dropped little by little, by `reclaim`.
    pub(crate) fn abandon(&mut self, arena: &Arena<K, V>) {
        if self.linked == 0 {
            return;
        }
        let old = arena.view();
        // At most one table is swept little by little.
        for grave in &mut self.graves {
            while !grave.is_swept() {
                grave.sweep(Sweep::Swift);
            }
        }
        self.prepared = None;
        let groups = old.groups.len();
        let serial = old.serial.load(Ordering::Relaxed) + 1;
        let spare = self
            .graves
            .iter()
            .position(|grave| grave.is_empty() && grave.view.is_like(groups, self.columns));
        let view = if let Some(spare) = spare {
            let spare = self.graves.swap_remove(spare).view;
            spare.groups.iter().for_each(Group::clear);
            spare.serial.store(serial, Ordering::Relaxed);
            spare.into_pointer()
        } else {
            NonNull::from(Box::leak(Box::new(View::of_groups(
                groups,
                self.columns,
                serial,
            ))))
        };
        let Some(view) = Table::exchange(arena, view) else {
            return;
        };
        self.graves.push(Grave {
            view,
            swept: 0,
            gone: std::mem::take(&mut self.gone),
            owed: std::mem::replace(&mut self.owed, Owed::new()),
            left: Vec::new(),
        });
        self.linked = 0;
        self.kept = 0;
        self.stuck = false;
    }

    /// What the filled slot of a table that no more entries come to has besides.
    fn extra_of(&self, view: &View<K, V>, id: u32) -> Option<Arc<Extra>> {
        // SAFETY: it is filled, and emptying it needs this owner exclusively.
        unsafe { view.extras.get(dense(id)) }.cloned()
    }

    /// Which table it is, of those there were.
    pub(crate) fn serial(&self, arena: &Arena<K, V>) -> u64 {
        arena.view().serial.load(Ordering::Relaxed)
    }

    /// Slots with an entry that was not taken out.
    pub(crate) fn linked<'a>(&'a self, arena: &'a Arena<K, V>) -> impl Iterator<Item = u32> + 'a {
        let groups = arena.view().groups.iter().enumerate();
        groups.flat_map(|(index, group)| group.linked().map(move |slot| id_of(index, slot)))
    }

    /// What is still to be reclaimed, in no particular unit: it shrinks with each attempt until only what is being read is left.
    pub(crate) fn remains(&self) -> usize {
        let remains = |grave: &Grave<K, V>| {
            let unswept = (grave.view.groups.len() - grave.swept) * SLOTS;
            unswept + grave.gone.len() + grave.owed.len() + grave.left.len()
        };
        self.waiting() + self.graves.iter().map(remains).sum::<usize>()
    }

    /// Bytes of all tables, without what keys and values own elsewhere.
    pub(crate) fn bytes(&self, arena: &Arena<K, V>) -> usize {
        let graves: usize = self.graves.iter().map(|grave| grave.view.bytes()).sum();
        let prepared = self
            .prepared
            .iter()
            .map(|prepared| prepared.view.bytes() + prepared.notes.capacity() * size_of::<Note>());
        arena.view().bytes()
            + graves
            + prepared.sum::<usize>()
            + self.notes.capacity() * size_of::<Note>()
            + self.gone.capacity() * size_of::<u32>()
    }
}

impl<K, V> Grave<K, V> {
    fn is_swept(&self) -> bool {
        self.swept == self.view.groups.len()
    }

    /// Whether nobody reads in it, but for their own mistake.
    fn is_empty(&self) -> bool {
        self.is_swept() && self.gone.is_empty() && self.owed.len() == 0 && self.left.is_empty()
    }

    /// Evicts an entry that somebody reads.
    fn leave<'a>(&mut self, id: u32, notices: Option<&mut Notices<'a, K, V>>)
    where
        K: 'a,
        V: 'a,
    {
        let cell = self.view.pairs.get(dense(id));
        let Some((notices, cell)) = notices.zip(cell) else {
            self.gone.push(id);
            return;
        };
        // SAFETY: it was linked in this table, so it is filled, and emptying it needs the owner.
        let pair = unsafe { pair(cell) };
        self.owed.add(notices, id, pair, RemovalCause::Evicted);
    }

    /// Takes out the entries of some groups.
    fn sweep(&mut self, sweep: Sweep) {
        let most = match sweep {
            Sweep::InPassing => 16,
            Sweep::Swift => 256,
        };
        let groups = self
            .view
            .groups
            .iter()
            .enumerate()
            .skip(self.swept)
            .take(most);
        for (index, group) in groups {
            for slot in group.linked() {
                group.retire(slot);
                self.left.push(id_of(index, slot));
            }
        }
        self.swept = (self.swept + most).min(self.view.groups.len());
    }
}

impl<K, V> View<K, V> {
    fn deadline(&self, id: u32) -> u64 {
        self.deadlines
            .get(dense(id))
            .map_or(NEVER, |due| due.load(Ordering::Relaxed))
    }

    fn mark(&self, id: u32) -> Option<usize> {
        self.group(id).map(|(group, slot)| group.mark(slot))
    }

    /// What a holder keeps of an entry.
    fn what(&self, id: u32, (key, value): (&K, &V)) -> Option<What<K, V>> {
        // SAFETY: the entry is lent, so its slot is filled, and stays so meanwhile.
        let extra = unsafe { self.extras.get(dense(id)) };
        Some(What {
            key: NonNull::from(key),
            value: NonNull::from(value),
            id,
            mark: self.mark(id)?,
            deadline: self.deadline(id),
            extra: extra.map(NonNull::from),
        })
    }

    /// Announces an entry for a holder that goes on without the lock, which the caller has; whoever reclaims has it too, and sees that.
    fn keep<'a>(&self, id: u32, pair: (&K, &V)) -> Option<Held<'a, K, V>> {
        let what = self.what(id, pair)?;
        let cover = pins::stand_apart();
        cover.cover(what.mark);
        Some(what.held(cover))
    }

    fn refresh(&self, id: u32) -> (u64, u64) {
        let at = |column: &[AtomicU64]| Some(column.get(dense(id))?.load(Ordering::Relaxed));
        (
            at(&self.refreshes).unwrap_or(NEVER),
            at(&self.costs).unwrap_or(0),
        )
    }

    fn set_refresh(&self, id: u32, refresh: u64, cost: u64) {
        if let Some(own) = self.refreshes.get(dense(id)) {
            own.store(refresh, Ordering::Relaxed);
        }
        if let Some(own) = self.costs.get(dense(id)) {
            own.store(cost, Ordering::Relaxed);
        }
    }

    fn is_covered(&self, announced: &Announced, id: u32) -> bool {
        self.mark(id).is_some_and(|mark| announced.covers(mark))
    }

    /// Those among `linked` that somebody goes on reading, in the same order. All were marked as gone before.
    fn readers(&self, linked: &[u32]) -> Vec<u32> {
        let Some(announced) = Announced::scan_covers() else {
            return linked.to_vec();
        };
        let is_read = |id: &u32| self.is_covered(&announced, *id);
        let mut read: Vec<u32> = linked.iter().copied().filter(is_read).collect();
        if !read.is_empty() {
            wait(|| {
                let announced = Announced::scan();
                read.retain(|id| self.is_covered(&announced, *id));
                read.is_empty()
            });
        }
        read
    }

    fn is_visited(&self, announced: &Announced) -> bool {
        let groups = self.groups.as_ptr_range();
        announced.visits(groups.start.addr()..groups.end.addr())
    }

    /// Empties the slots among `gone` that nobody reads, into `keep` if what is in them matters. The announcements were looked at after they
    /// were marked.
    fn reclaim(
        &self,
        announced: &Announced,
        gone: &mut Vec<u32>,
        matters: bool,
        mut keep: impl FnMut((K, V)),
    ) {
        if announced.covers_nothing() && !matters && !self.extras.is_used() {
            for (group, slot) in gone.drain(..).filter_map(|id| self.group(id)) {
                group.vacate(slot);
            }
            return;
        }
        gone.retain(|id| {
            if self.is_covered(announced, *id) {
                return true;
            }
            if matters {
                // SAFETY: it was marked before the announcements were looked at, and nobody reads it.
                let taken = unsafe { self.take(*id) };
                taken.into_iter().for_each(&mut keep);
            } else if let Some((group, slot)) = self.group(*id) {
                if self.extras.is_used() {
                    // SAFETY: as above.
                    unsafe { self.extras.empty(dense(*id)) };
                }
                group.vacate(slot);
            }
            false
        });
    }

    /// Empties a slot.
    ///
    /// # Safety
    ///
    /// The slot is filled, and nobody reads it or can find it.
    unsafe fn take(&self, id: u32) -> Option<(K, V)> {
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

impl<K, V> Drop for Arena<K, V> {
    fn drop(&mut self) {
        let view = self.view.load(Ordering::Relaxed);
        // SAFETY: the pointer came from a box, the arena owns it, and nobody reads any more.
        drop(unsafe { Box::from_raw(view) });
    }
}
