//! Entries that are read without a lock: where they lie, and when one may be taken away.
//!
//! # The life of an entry's place
//!
//! ```text
//!          fill             enter/replace            clear/replace           reclaim
//!   FREE ─────────▶ FILLED ───────────────▶ LINKED ────────────────▶ RETIRED ─────────▶ FREE
//!                (the owner's alone)   (anybody may read)     (readers from before may read)
//! ```
//!
//! The [`Owner`] is one value behind the shard's lock; all steps are its `&mut` methods. Readers come in through [`Arena::read`] without
//! a lock, find an id in the table, announce the place ([`pins`]), look whether the slot still names it, and only then look at key and value.
//!
//! # Why nobody reads what was taken away
//!
//! A reader announces the place by a sequentially consistent swap `A` and then loads the slot by a sequentially consistent load `L`. The
//! owner takes the id out of the slot, and later passes a sequentially consistent fence `F` and loads the announcements `S`. In the one
//! order of these, `A` comes before `S`: then the owner sees the announcement and leaves the entry. Or `F`, `S`, `A`, `L` follow each other:
//! then `L` finds the slot without the id, and the reader goes on without the entry. A reader leaves by a release store, which `S` acquires.
//!
//! A place may have been reclaimed and filled anew between finding and announcing it; if the slot names it again, it is the entry of the
//! slot's present key, alive and announced, and the comparison of the keys decides.
//!
//! Places never move, and neither they nor a [`View`] is given back before the arena is dropped. So a header may be looked at without an
//! announcement: it is made of atomics, and at worst it belongs to somebody else by now.
//!
//! When a table becomes too small a larger one follows. Everything is entered there, the view is replaced, and the slots of the old table
//! are emptied before anything is taken out of the new one; so a reader in the old one cannot confirm an entry that was retired. It finds
//! nothing, sees that the view is another, and begins again.
#![expect(
    unsafe_code,
    reason = "readers use a key and a value by address, without a lock and without a count"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::hash::Hash;
use super::table::{Look, Slot, Table};
use crate::kernel::pins::{Announced, Cover};
use crate::kernel::sync::{
    AtomicPtr, AtomicU8, AtomicU16, AtomicU32, Ordering, full_barrier,
};

/// What is known of an entry without looking at its key: 16 bytes.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Header {
    /// The low half of the key's hash.
    pub(crate) hash: AtomicU32,
    /// Where the policy keeps it.
    pub(crate) place: AtomicU32,
    /// When it expires, in coarse ticks.
    pub(crate) deadline: AtomicU32,
    /// Up to three uses since the policy looked last.
    pub(crate) uses: AtomicU8,
    pub(crate) flags: AtomicU8,
    /// Which of the cache's generations it belongs to.
    pub(crate) generation: AtomicU16,
}

/// The place has a key and a value.
const FILLED: u8 = 1;

impl Header {
    /// Counts a use: a plain store, and none for an entry that is in use all the time. A use that is lost to another thread's does no harm.
    #[inline]
    pub(crate) fn touch(&self) {
        let uses = self.uses.load(Ordering::Relaxed);
        if uses < 3 {
            self.uses.store(uses + 1, Ordering::Relaxed);
        }
    }
}

#[repr(C)]
struct Place<K, V> {
    header: Header,
    pair: UnsafeCell<MaybeUninit<(K, V)>>,
}

struct View<K, V> {
    table: Table,
    /// Places in a chunk, as a power of two.
    shift: u32,
    mask: u32,
    chunks: Box<[AtomicPtr<Place<K, V>>]>,
}

impl<K, V> View<K, V> {
    #[inline(always)]
    fn place(&self, id: u32) -> Option<NonNull<Place<K, V>>> {
        let chunk = self.chunks.get((id >> self.shift) as usize)?;
        let first = NonNull::new(chunk.load(Ordering::Acquire))?;
        // SAFETY: a chunk has as many places as offsets fit under the mask.
        Some(unsafe { first.add((id & self.mask) as usize) })
    }

    #[inline]
    fn header(&self, id: u32) -> Option<&Header> {
        let place = self.place(id)?;
        // SAFETY: chunks are zeroed when they are made, which is a valid header, live as long as the arena, and a header is only
        // ever used by shared reference.
        Some(unsafe { &(*place.as_ptr()).header })
    }
}

/// The part of a shard that is read without its lock.
pub(crate) struct Arena<K, V> {
    view: AtomicPtr<View<K, V>>,
    owns: PhantomData<(K, V)>,
}

// SAFETY: readers in several threads share keys and values, and the thread that reclaims or drops them may be another than the one that
// brought them.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Arena<K, V> {}
// SAFETY: as above; nothing is bound to a thread.
unsafe impl<K: Send, V: Send> Send for Arena<K, V> {}

/// An entry that is protected from being reclaimed: by an announcement, or because the shard's lock is held.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'p, K, V> {
    pub(crate) header: &'p Header,
    pub(crate) key: &'p K,
    pub(crate) value: &'p V,
}

impl<K, V> Arena<K, V> {
    #[inline]
    fn view(&self) -> &View<K, V> {
        let view = self.view.load(Ordering::SeqCst);
        // SAFETY: the pointer is never null, and a view lives as long as the arena (`Owner::old`).
        unsafe { &*view }
    }

    /// The entry of `key`, announced by `pin`: it stays as it is while `pin` announces nothing else. Wait-free but for a retry whenever
    /// somebody replaces the very entry, or the table.
    ///
    /// Nearly all keys are in the first slot of their home bucket that has their tag; the others are searched for.
    #[inline(always)]
    pub(crate) fn read<'p>(
        &'p self,
        pin: &'p Cover,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<Entry<'p, K, V>> {
        let view = self.view();
        if let Some((slot, id)) = view.table.first(hash)
            && let Some(place) = view.place(id)
        {
            // SAFETY: as in `View::header`.
            let header = unsafe { &(*place.as_ptr()).header };
            if header.hash.load(Ordering::Relaxed) == hash.place() {
                pin.cover(place.addr().get());
                if slot.load(Ordering::SeqCst) == id + 1 {
                    // SAFETY: the place was announced and is still linked, so it is filled, and stays so until `pin` lets go.
                    let (key, value) = unsafe { pair(place) };
                    if is_key(key) {
                        return Some(Entry { header, key, value });
                    }
                }
            }
        }
        self.search(pin, hash, is_key)
    }

    #[cold]
    #[inline(never)]
    fn search<'p>(
        &'p self,
        pin: &'p Cover,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<Entry<'p, K, V>> {
        loop {
            let view = self.view();
            let found = view.table.find(hash, |slot, id| {
                let Some(place) = view.place(id) else {
                    return Look::Other;
                };
                // SAFETY: as in `View::header`.
                let header = unsafe { &(*place.as_ptr()).header };
                if header.hash.load(Ordering::Relaxed) != hash.place() {
                    // Another key, or another one by now.
                    return if slot.holds(id) { Look::Other } else { Look::Again };
                }
                pin.cover(place.addr().get());
                if !slot.holds(id) {
                    return Look::Again;
                }
                // SAFETY: the place was announced and is still linked, so it is filled, and stays so until `pin` lets go.
                let (key, value) = unsafe { pair(place) };
                if is_key(key) {
                    Look::Found(Entry { header, key, value })
                } else {
                    Look::Other
                }
            });
            if found.is_some() || std::ptr::eq(view, self.view()) {
                return found;
            }
        }
    }
}

/// The key and the value of a filled place.
///
/// # Safety
///
/// The place is filled, and nobody empties it during `'p`.
#[inline]
unsafe fn pair<'p, K, V>(place: NonNull<Place<K, V>>) -> (&'p K, &'p V) {
    // SAFETY: the place is part of a chunk, and what is in the cell is only written while the place is the owner's alone.
    let cell = unsafe { &*(*place.as_ptr()).pair.get() };
    // SAFETY: it is filled, says the caller.
    let (key, value) = unsafe { cell.assume_init_ref() };
    (key, value)
}

/// The part of a shard that only the holder of its lock has.
pub(crate) struct Owner<K, V> {
    /// Views that were replaced, kept for readers who found them.
    old: Vec<Box<View<K, V>>>,
    /// Places without an entry.
    free: Vec<u32>,
    /// Places that were never used begin here.
    fresh: u32,
    /// Places that may exist.
    most: u32,
    /// Taken out of the table, and perhaps still read.
    retired: Vec<u32>,
    bytes: usize,
}

/// Keys and values that were taken away, to be dropped when the lock is released.
pub(crate) type Garbage<K, V> = Vec<(K, V)>;

/// Why a place was not filled.
#[derive(Debug)]
pub(crate) struct NoPlace<K, V>(pub(crate) K, pub(crate) V);

impl<K, V> Arena<K, V> {
    /// An arena that has room for `expected` entries when it has grown, and more if it must; at most `most` places.
    pub(crate) fn new(expected: u32, most: u32) -> (Self, Owner<K, V>) {
        // A chunk is a thirty-second of what is expected.
        let shift = (expected / 32).max(8).next_power_of_two().trailing_zeros().min(16);
        let chunks = (expected >> shift) as usize + 2;
        let first = if expected < 1 << 10 { expected } else { expected / 16 };
        let view = View {
            table: Table::new(first as usize),
            shift,
            mask: (1 << shift) - 1,
            chunks: std::iter::repeat_with(|| AtomicPtr::new(std::ptr::null_mut())).take(chunks).collect(),
        };
        let bytes = view.bytes();
        let arena = Self {
            view: AtomicPtr::new(Box::into_raw(Box::new(view))),
            owns: PhantomData,
        };
        let owner = Owner {
            old: Vec::new(),
            free: Vec::new(),
            fresh: 0,
            most,
            retired: Vec::new(),
            bytes,
        };
        (arena, owner)
    }
}

impl<K, V> View<K, V> {
    fn bytes(&self) -> usize {
        self.table.bytes() + size_of_val(&*self.chunks)
    }

    fn layout(&self) -> Option<Layout> {
        let places = Layout::array::<Place<K, V>>(1 << self.shift).ok()?;
        // Places of 16, 32 or 64 bytes then lie each in one line.
        places.align_to(64).ok()
    }
}

impl<K, V> Owner<K, V> {
    /// Where the entry of a key is, and its id.
    pub(crate) fn find<'a>(
        &self,
        arena: &'a Arena<K, V>,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<(Slot<'a>, u32)> {
        let view = arena.view();
        view.table.find(hash, |slot, id| {
            let same = |header: &Header| header.hash.load(Ordering::Relaxed) == hash.place();
            if !view.header(id).is_some_and(same) {
                return Look::Other;
            }
            match self.entry(arena, id) {
                Some(entry) if is_key(entry.key) => Look::Found((slot, id)),
                _ => Look::Other,
            }
        })
    }

    /// The header of a place, filled or not.
    #[inline]
    pub(crate) fn header<'a>(&self, arena: &'a Arena<K, V>, id: u32) -> Option<&'a Header> {
        arena.view().header(id)
    }

    /// What is in a place, if it is filled.
    #[inline]
    pub(crate) fn entry<'a>(&'a self, arena: &'a Arena<K, V>, id: u32) -> Option<Entry<'a, K, V>> {
        let place = arena.view().place(id)?;
        let header = arena.view().header(id)?;
        if header.flags.load(Ordering::Relaxed) & FILLED == 0 {
            return None;
        }
        // SAFETY: it is filled, and only `reclaim` and the drop empty places, which need this owner exclusively.
        let (key, value) = unsafe { pair(place) };
        Some(Entry { header, key, value })
    }

    /// Fills a free place. The entry is nowhere in the table yet.
    pub(crate) fn fill(
        &mut self,
        arena: &Arena<K, V>,
        hash: Hash,
        key: K,
        value: V,
    ) -> Result<u32, NoPlace<K, V>> {
        let Some(id) = self.vacant(arena) else {
            return Err(NoPlace(key, value));
        };
        let Some(place) = arena.view().place(id) else {
            return Err(NoPlace(key, value));
        };
        // SAFETY: the place is free, so it is the owner's alone, and part of a chunk.
        let cell = unsafe { &(*place.as_ptr()).pair };
        // SAFETY: nobody else looks at it before it is linked.
        unsafe { (*cell.get()).write((key, value)) };
        if let Some(header) = self.header(arena, id) {
            header.hash.store(hash.place(), Ordering::Relaxed);
            header.uses.store(0, Ordering::Relaxed);
            header.flags.store(FILLED, Ordering::Relaxed);
        }
        Ok(id)
    }

    /// Links a filled place whose key is nowhere in the table.
    pub(crate) fn link(&mut self, arena: &Arena<K, V>, hash: Hash, id: u32) {
        while !arena.view().table.enter(hash.place(), hash.tag(), id) {
            let room = arena.view().table.room();
            self.replace_table(arena, room.saturating_mul(2));
        }
    }

    /// Prepares the table for one more than the `linked` entries in it, of which there will be `most`.
    pub(crate) fn make_room(&mut self, arena: &Arena<K, V>, linked: usize, most: usize) {
        let room = arena.view().table.room();
        if linked >= room {
            let larger = room.saturating_mul(4);
            self.replace_table(arena, if larger > most / 2 && linked < most { most } else { larger });
        }
    }

    #[cold]
    fn replace_table(&mut self, arena: &Arena<K, V>, room: usize) {
        let old = arena.view();
        let mut room = room.max(16);
        let table = loop {
            let table = Table::new(room);
            let entered = old.table.entries().all(|(tag, id)| {
                let place = old.header(id).map(|header| header.hash.load(Ordering::Relaxed));
                place.is_some_and(|place| table.enter(place, tag, id))
            });
            if entered {
                break table;
            }
            room = room.saturating_mul(2);
        };
        self.replace_view(arena, table, old.chunks.len());
    }

    fn replace_view(&mut self, arena: &Arena<K, V>, table: Table, chunks: usize) {
        let old = arena.view();
        let chunk = |index: usize| {
            let chunk = old.chunks.get(index).map(|chunk: &AtomicPtr<_>| chunk.load(Ordering::Relaxed));
            AtomicPtr::new(chunk.unwrap_or_default())
        };
        let view = View {
            table,
            shift: old.shift,
            mask: old.mask,
            chunks: (0..chunks.max(old.chunks.len())).map(chunk).collect(),
        };
        self.bytes += view.bytes();
        let old = arena.view.swap(Box::into_raw(Box::new(view)), Ordering::SeqCst);
        // SAFETY: the pointer came from a box, and the arena owned it.
        let old = unsafe { Box::from_raw(old) };
        old.table.abandon();
        self.old.push(old);
    }

    fn vacant(&mut self, arena: &Arena<K, V>) -> Option<u32> {
        if let Some(id) = self.free.pop() {
            return Some(id);
        }
        if self.fresh >= self.most {
            return None;
        }
        let id = self.fresh;
        if arena.view().place(id).is_none() {
            self.add_chunk(arena, id)?;
        }
        self.fresh += 1;
        Some(id)
    }

    #[cold]
    fn add_chunk(&mut self, arena: &Arena<K, V>, id: u32) -> Option<()> {
        let index = (id >> arena.view().shift) as usize;
        if index >= arena.view().chunks.len() {
            let room = arena.view().table.room();
            let mut table = Table::new(room);
            let old = arena.view();
            let enter = |table: &Table| {
                old.table.entries().all(|(tag, id)| {
                    let place = old.header(id).map(|header| header.hash.load(Ordering::Relaxed));
                    place.is_some_and(|place| table.enter(place, tag, id))
                })
            };
            while !enter(&table) {
                table = Table::new(table.room().saturating_mul(2));
            }
            self.replace_view(arena, table, index.saturating_mul(2).max(8));
        }
        let view = arena.view();
        let layout = view.layout()?;
        // SAFETY: a place has a header, so its size is not zero.
        let chunk = unsafe { alloc_zeroed(layout) };
        if chunk.is_null() {
            handle_alloc_error(layout);
        }
        self.bytes += layout.size();
        view.chunks.get(index)?.store(chunk.cast(), Ordering::Release);
        Some(())
    }

    /// Takes a linked entry out of the table. It may still be read.
    pub(crate) fn retire(&mut self, arena: &Arena<K, V>, slot: Slot<'_>, id: u32) {
        if let Some(header) = self.header(arena, id) {
            arena.view().table.clear(header.hash.load(Ordering::Relaxed), slot);
        }
        self.retired.push(id);
    }

    /// Puts another entry of the same key in the place of one, which may still be read.
    pub(crate) fn exchange(&mut self, slot: Slot<'_>, old: u32, new: u32) {
        slot.replace(new);
        self.retired.push(old);
    }

    /// The slot of a linked entry.
    pub(crate) fn slot_of<'a>(&self, arena: &'a Arena<K, V>, id: u32) -> Option<Slot<'a>> {
        let view = arena.view();
        let place = view.header(id)?.hash.load(Ordering::Relaxed);
        view.table.slot(place, id)
    }

    /// Entries that were taken out and not reclaimed yet.
    pub(crate) fn retired(&self) -> &[u32] {
        &self.retired
    }

    /// Frees the places that nobody reads any more, and tells `freed` of each.
    pub(crate) fn reclaim(
        &mut self,
        arena: &Arena<K, V>,
        garbage: &mut Garbage<K, V>,
        mut freed: impl FnMut(u32),
    ) {
        if self.retired.is_empty() {
            return;
        }
        full_barrier();
        let announced = Announced::scan();
        let mut kept = 0;
        for index in 0..self.retired.len() {
            let Some(&id) = self.retired.get(index) else {
                break;
            };
            let Some(place) = arena.view().place(id) else {
                continue;
            };
            if announced.covers(place.addr().get()) {
                self.retired.swap(kept, index);
                kept += 1;
                continue;
            }
            if let Some(pair) = self.take(arena, id) {
                garbage.push(pair);
            }
            freed(id);
            self.free.push(id);
        }
        self.retired.truncate(kept);
    }

    /// Empties a retired place that nobody reads. What need not be dropped is left.
    fn take(&mut self, arena: &Arena<K, V>, id: u32) -> Option<(K, V)> {
        let header = self.header(arena, id)?;
        let filled = header.flags.load(Ordering::Relaxed) & FILLED != 0;
        header.flags.store(0, Ordering::Relaxed);
        if !filled || !std::mem::needs_drop::<(K, V)>() {
            return None;
        }
        let place = arena.view().place(id)?;
        // SAFETY: the place is part of a chunk.
        let cell = unsafe { &(*place.as_ptr()).pair };
        // SAFETY: it was filled, and is nobody's but the owner's: no reader announced it, and none can find it.
        let cell = unsafe { &*cell.get() };
        // SAFETY: it was filled, and its flag says from now on that it isn't, so it is taken once.
        Some(unsafe { cell.assume_init_read() })
    }

    /// Bytes of the tables and the places, without what keys and values own elsewhere.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + (self.free.capacity() + self.retired.capacity()) * size_of::<u32>()
    }

    /// Empties and frees everything.
    ///
    /// # Safety
    ///
    /// The arena is this owner's, and nobody will use it any more.
    pub(crate) unsafe fn dismantle(&mut self, arena: &mut Arena<K, V>) {
        for id in 0..self.fresh {
            drop(self.take(arena, id));
        }
        let view = arena.view.load(Ordering::Relaxed);
        // SAFETY: the arena owns the box, and nobody uses it any more.
        let view = unsafe { Box::from_raw(view) };
        if let Some(layout) = view.layout() {
            for chunk in &view.chunks {
                let first = chunk.load(Ordering::Relaxed);
                if !first.is_null() {
                    // SAFETY: it was allocated with this layout, and is freed once: views share chunks, but this is the last view.
                    unsafe { dealloc(first.cast(), layout) };
                }
            }
        }
        self.old.clear();
        self.fresh = 0;
        self.free.clear();
        self.retired.clear();
    }
}
