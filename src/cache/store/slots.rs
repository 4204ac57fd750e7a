//! What the owner knows of its slots and tables, and what it notes of them. Nothing here changes whether a slot has an entry.

use super::arena::Arena;
use super::columns::Lease;
use super::entry::Held;
use super::grave::Grave;
use super::group::{SLOTS, dense, id_of};
use super::owner::{LITTER, Note, Owner, TURNS};
use super::resize::Prepared;
use super::view::room_of;
use crate::kernel::asymmetric;

impl<K, V> Owner<K, V> {
    /// Whether a slot still has the entry that is held, and it was not taken out.
    pub(crate) fn has(&self, arena: &Arena<K, V>, held: &Held<'_, K, V>) -> bool {
        // While it is held its slot is not filled with another, but the table may be another.
        let view = self.deed.view(arena);
        view.mark(held.id()) == Some(held.mark())
            && view
                .group(held.id())
                .is_some_and(|(group, slot)| group.is_linked(slot))
    }

    pub(crate) fn uses(&self, arena: &Arena<K, V>, id: u32) -> u8 {
        self.deed
            .view(arena)
            .group(id)
            .map_or(0, |(group, slot)| group.uses(slot))
    }

    pub(crate) fn set_uses(&self, arena: &Arena<K, V>, id: u32, uses: u8) {
        if let Some((group, slot)) = self.deed.view(arena).group(id) {
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
        self.deed.view(arena).numbers.deadline(dense(id))
    }

    /// When the entry in a slot should be loaded anew, and what its load took.
    pub(crate) fn refresh(&self, arena: &Arena<K, V>, id: u32) -> (u64, u64) {
        self.deed.view(arena).numbers.refresh(dense(id))
    }

    #[inline]
    pub(crate) fn set_refresh(&self, arena: &Arena<K, V>, id: u32, at: u64, cost: u64) {
        let view = self.deed.view(arena);
        if !view.numbers.is_bare() {
            view.numbers.set_refresh(dense(id), at, cost);
        }
    }

    /// Changes when the entry in a slot expires.
    pub(crate) fn set_lease(&self, arena: &Arena<K, V>, id: u32, lease: Lease) {
        self.deed.view(arena).numbers.set_lease(dense(id), lease);
    }

    /// Whether the entries of the table may expire.
    pub(crate) fn has_deadlines(&self, arena: &Arena<K, V>) -> bool {
        self.deed.view(arena).numbers.columns().deadlines
    }

    /// From the next table on, entries may expire.
    pub(crate) fn keep_deadlines(&mut self) {
        self.columns.deadlines = true;
    }

    /// Whether a slot has an entry that was not taken out.
    #[inline]
    pub(crate) fn is_linked(&self, arena: &Arena<K, V>, id: u32) -> bool {
        self.deed
            .view(arena)
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
        if !self.free.is_empty() {
            self.turn = (self.turn + 1) % TURNS;
            return self.turn == 0;
        }
        let enough = if self.littered {
            batch.min(LITTER)
        } else {
            batch
        };
        if self.waiting() >= self.kept.saturating_add(enough) {
            return true;
        }
        if self.graves.is_empty() || !self.has_graves() {
            return false;
        }
        self.waited += 1;
        !self.stuck || self.waited > batch
    }

    /// Whether there are slots that nobody reads and that only have to be emptied.
    pub(crate) fn has_free(&self) -> bool {
        !self.free.is_empty()
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
        room_of(self.notes.len())
    }

    /// Entries that were taken out of the current table and not reclaimed yet.
    #[inline]
    pub(crate) fn waiting(&self) -> usize {
        self.gone.len() + self.free.len() + self.owed.len()
    }

    /// Whether entries of tables that were left behind wait to be taken out.
    pub(crate) fn is_sweeping(&self) -> bool {
        self.graves.iter().any(|grave| !grave.is_swept())
    }

    /// Which table it is, of those there were.
    pub(crate) fn serial(&self, arena: &Arena<K, V>) -> u64 {
        self.deed.view(arena).serial()
    }

    /// Slots with an entry that was not taken out.
    pub(crate) fn linked<'a>(&'a self, arena: &'a Arena<K, V>) -> impl Iterator<Item = u32> + 'a {
        let groups = self.deed.view(arena).groups().iter().enumerate();
        groups.flat_map(|(index, group)| group.linked().map(move |slot| id_of(index, slot)))
    }

    /// What is still to be reclaimed, in no particular unit: it shrinks with each attempt until only what is being read is left.
    pub(crate) fn remains(&self) -> usize {
        self.waiting() + self.graves.iter().map(Grave::remains).sum::<usize>()
    }

    /// Bytes of all tables, without what keys and values own elsewhere.
    pub(crate) fn bytes(&self, arena: &Arena<K, V>) -> usize {
        let graves: usize = self.graves.iter().map(|grave| grave.table.bytes()).sum();
        let prepared = self.prepared.iter().map(Prepared::bytes);
        self.deed.view(arena).bytes()
            + graves
            + prepared.sum::<usize>()
            + self.notes.capacity() * size_of::<Note>()
            + (self.gone.capacity() + self.free.capacity()) * size_of::<u32>()
    }
}
