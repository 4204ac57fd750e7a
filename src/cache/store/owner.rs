//! What changes in a table, under the shard's lock: entries are put in, replaced, taken out, and reclaimed when nobody reads them.
//!
//! Everything here is a step in the life of a slot, whose picture stands in `arena.rs` with the argument why readers are safe. The steps
//! of all tables are the owner's `&mut` methods, so each has the table to itself but for readers.
//!
//! An owner goes with the arena that was made with it, and is never used with another: both are fields of one shard.
#![expect(
    unsafe_code,
    reason = "keys and values are moved into and out of cells that others read without the lock"
)]

use super::super::tags::Extra;
use super::arena::{Arena, Deed};
use super::columns::{Columns, Lease, NEVER};
use super::entry::{Entry, Held};
use super::grave::{Grave, Sweep};
use super::group::{SLOTS, dense, id_of, is_seen_after, slot_of, tag_of};
use super::hash::Hash;
use super::owed::{Notices, Owed};
use super::resize::Prepared;
use super::view::View;
use crate::cache::RemovalCause;
use crate::kernel::asymmetric;
use crate::kernel::pins::Announced;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Arc, Ordering};

/// Keys and values that were taken away, to be dropped when the lock is released.
pub(crate) type Garbage<K, V> = Vec<(K, V)>;

/// Keys and values that were taken away and of which nobody was told, and why.
pub(crate) type Left<K, V> = Vec<(K, V, RemovalCause)>;

/// No slot near the key's home is free; key and value come back.
#[derive(Debug)]
pub(crate) struct NoPlace<K, V>(pub(crate) K, pub(crate) V);

/// So many slots are emptied at a time, or this part of those that may be; every so many insertions.
const FEW: usize = 8;
const PART: usize = 16;
pub(super) const TURNS: u8 = 4;

/// A full group is littered if so many of its slots have entries that were taken out: as where one key is written again and again. Then its
/// entry has to go elsewhere, where it is found later, and it is worth looking for what may be reclaimed if there are [`LITTER`] entries.
const LITTERED: usize = 3;
pub(super) const LITTER: usize = 16;
/// So few are emptied at once.
const AT_ONCE: usize = 2 * LITTER;

/// The part of a shard that only the holder of its lock has.
pub(crate) struct Owner<K, V> {
    pub(super) deed: Deed,
    /// By slot: what of the key's hash the table goes by, and where the policy has the entry.
    pub(super) notes: Vec<Note>,
    /// Slots of the current table whose entries were taken out and not reclaimed yet.
    pub(super) gone: Vec<u32>,
    /// As `gone`, but at the last look nobody read these any more: they are emptied a few at a time, so that no insertion has to wait for
    /// many.
    pub(super) free: Vec<u32>,
    pub(super) turn: u8,
    /// Whether an entry found its group littered since the last look.
    pub(super) littered: bool,
    /// As `gone`, but somebody is still to be told of these.
    pub(super) owed: Owed,
    /// Tables that were replaced.
    pub(super) graves: Vec<Grave<K, V>>,
    pub(super) linked: usize,
    /// Of those that wait to be reclaimed, the ones that were being read when it was looked through.
    pub(super) kept: usize,
    /// Whether nothing came of the last look at the graves, and how often somebody wanted to look again since.
    pub(super) stuck: bool,
    pub(super) waited: usize,
    /// What the next table will keep.
    pub(super) columns: Columns,
    /// The next table, if one was wanted and could not be had yet.
    pub(super) prepared: Option<Prepared<K, V>>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Note {
    pub(super) place: u32,
    pub(super) seat: u32,
}

impl<K, V> Owner<K, V> {
    /// The owner of an empty table with so many slots.
    pub(super) fn new(deed: Deed, slots: usize, columns: Columns) -> Self {
        Self {
            deed,
            notes: vec![Note::default(); slots],
            gone: Vec::new(),
            free: Vec::new(),
            turn: 0,
            littered: false,
            owed: Owed::new(),
            graves: Vec::new(),
            linked: 0,
            kept: 0,
            stuck: false,
            waited: 0,
            columns,
            prepared: None,
        }
    }

    /// The slot of a key.
    pub(crate) fn find(
        &self,
        arena: &Arena<K, V>,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<u32> {
        let view = self.deed.view(arena);
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

    /// What is in a slot, taken out or not.
    #[inline]
    pub(crate) fn entry<'a>(&'a self, arena: &'a Arena<K, V>, id: u32) -> Option<Entry<'a, K, V>> {
        let (group, slot) = slot_of(id);
        // SAFETY: emptying a slot needs this owner exclusively.
        unsafe { Entry::filled(self.deed.view(arena), group, slot) }
    }

    /// Keeps the entry in a slot for a holder that goes on without the lock.
    pub(crate) fn hold<'a>(&self, arena: &'a Arena<K, V>, id: u32) -> Option<Held<'a, K, V>> {
        let entry = self.entry(arena, id)?;
        // SAFETY: whoever reclaims needs this owner exclusively, and the answer is bound to the arena.
        Some(unsafe { entry.keep() })
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
        let view = self.deed.view(arena);
        let mut places = view.way(hash.place()).enumerate();
        let free = places.find_map(|(passed, (home, group))| {
            let slot = group.free();
            (slot < SLOTS).then_some((passed, home, group, slot))
        });
        let Some((passed, home, group, slot)) = free else {
            return Err(NoPlace(key, value));
        };
        let id = id_of(home, slot);
        let at = dense(id);
        let Some(note) = self.notes.get_mut(at) else {
            return Err(NoPlace(key, value));
        };
        // SAFETY: a slot of a group has a cell, it is free, and this owner alone changes the table.
        unsafe { view.fill(at, key, value, extra) };
        note.place = hash.place();
        if !view.numbers.is_bare() {
            view.numbers.set_lease(at, lease);
            view.numbers.set_refresh(at, NEVER, 0);
        }
        if passed > 0 {
            for (_, group) in view.way(hash.place()).take(passed) {
                group.pass(hash.place());
            }
        }
        group.link(slot, tag_of(hash.place()), extra.is_some());
        self.linked += 1;
        Ok(id)
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
        let view = self.deed.view(arena);
        let in_place = view.group(old).is_some_and(|(group, slot)| {
            let free = group.free();
            free < SLOTS && is_seen_after(free, slot)
        }) && view.home(hash.place()) == slot_of(old).0;
        let in_place = in_place || faulty(Fault::MoveUntold);
        if !in_place {
            arena.moves.fetch_add(1, Ordering::SeqCst);
        }
        let put = self.put(arena, hash, key, value, lease, extra);
        if let Ok(id) = put {
            let (home, group) = self.deed.view(arena).home_group(hash.place());
            self.littered |= slot_of(id).0 != home && group.gone() >= LITTERED;
            if !faulty(Fault::KeepReplaced) {
                self.retire(arena, old);
            }
        }
        if !in_place {
            arena.moves.fetch_add(1, Ordering::SeqCst);
        }
        put
    }

    /// Takes a linked entry out. It may still be read.
    #[inline]
    pub(crate) fn retire(&mut self, arena: &Arena<K, V>, id: u32) {
        let view = self.deed.view(arena);
        let Some((group, slot)) = view
            .group(id)
            .filter(|(group, slot)| group.is_linked(*slot))
        else {
            return;
        };
        group.retire(slot);
        let place = self.place(id);
        if view.home(place) != slot_of(id).0 {
            Self::go_home(view, place, id);
        }
        self.gone.push(id);
        self.linked = self.linked.saturating_sub(1);
    }

    /// An entry that passed its home is no more.
    #[inline(never)]
    fn go_home(view: &View<K, V>, place: u32, id: u32) {
        let at = slot_of(id).0;
        for (_, group) in view.way(place).take_while(|(home, _)| *home != at) {
            group.pass_no_more(place);
        }
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
        let (group, slot) = slot_of(id);
        // SAFETY: emptying a slot needs this owner exclusively, and here none is emptied.
        let entry = unsafe { Entry::filled(self.deed.view(arena), group, slot) };
        let Some(entry) = entry.filter(|_| last) else {
            return;
        };
        self.gone.pop();
        self.owed.add(notices, id, (entry.key, entry.value), cause);
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
        let needs_drop = std::mem::needs_drop::<(K, V)>();
        let in_passing = matches!(sweep, Sweep::InPassing);
        if !self.free.is_empty() {
            let most = if in_passing {
                FEW.max(self.free.len() / PART)
            } else {
                self.free.len()
            };
            let some = self
                .free
                .drain(self.free.len() - most.min(self.free.len())..);
            // SAFETY: nobody read these when it was looked for, and nobody has found them since; this owner alone changes the table.
            unsafe {
                self.deed
                    .view(arena)
                    .empty(some, needs_drop, |pair| garbage.push(pair));
            };
            if in_passing {
                return;
            }
        }
        self.littered = false;
        self.collect();
        if self.gone.is_empty() && self.graves.is_empty() {
            self.kept = self.waiting();
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
        let mut drop_later = |pair| garbage.push(pair);
        let (current, gone) = (self.deed.view(arena), &mut self.gone);
        if in_passing && gone.len() > AT_ONCE {
            current.part(&announced, gone, &mut self.free);
        } else {
            // SAFETY: all were marked as gone before the announcements were looked at, and this owner alone changes the table.
            unsafe { current.reclaim(&announced, gone, needs_drop, &mut drop_later) };
        }
        self.kept = self.waiting() - self.free.len();
        self.graves.retain_mut(|grave| {
            let before = grave.gone.len() + grave.left.len();
            let (table, gone) = (&grave.table, &mut grave.gone);
            // SAFETY: as above; the tables that were replaced are this owner's own.
            unsafe { table.reclaim(&announced, gone, needs_drop, &mut drop_later) };
            let matters = needs_drop || listens;
            let untold = |(key, value)| left.push((key, value, RemovalCause::Removed));
            // SAFETY: as above; these were marked by the broom, which has passed before.
            unsafe { table.reclaim(&announced, &mut grave.left, matters, untold) };
            stuck &= grave.gone.len() + grave.left.len() == before;
            // Only here is it known who is arriving.
            !grave.is_empty() || !asymmetric::is_light() || grave.table.is_visited(&announced)
        });
        (self.stuck, self.waited) = (stuck, 0);
    }
}
