//! How a table is replaced: by one of another size, to which the entries move, or by an empty one.
//!
//! Entries are moved when nobody is at them. All are marked as gone and readers waited for; if one stays, the marks are taken back, or, if
//! there is no other way, what is being read is left behind. See `arena.rs` for what readers do meanwhile, and `patience.rs` for how long
//! they are waited for.
#![expect(
    unsafe_code,
    reason = "entries move from one table to another, and readers may be in the old one"
)]

use super::arena::{Arena, Table};
use super::entry::Entry;
use super::grave::{Grave, Sweep};
use super::group::{Group, dense, id_of, slot_of, tag_of};
use super::hash::Hash;
use super::owed::{Notices, Owed};
use super::owner::{Left, NoPlace, Note, Owner};
use super::patience::{NAPS, Resize, nap, wait};
use super::view::{View, groups_for};
use crate::cache::RemovalCause;
use crate::kernel::pins::Announced;
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// A table that nobody has seen, and the notes of its slots.
pub(super) struct Prepared<K, V> {
    table: Table<K, V>,
    notes: Vec<Note>,
}

impl<K, V> Prepared<K, V> {
    pub(super) fn bytes(&self) -> usize {
        self.table.bytes() + self.notes.capacity() * size_of::<Note>()
    }
}

/// The slots that were linked in a table and are marked as gone, and those among them that somebody goes on reading, both in the order of
/// their ids.
struct Closed {
    linked: Vec<u32>,
    read: Vec<u32>,
}

/// Those among `linked` that somebody goes on reading, in the same order. All were marked as gone before.
fn readers<K, V>(view: &View<K, V>, linked: &[u32]) -> Vec<u32> {
    let Some(announced) = Announced::scan_covers() else {
        return linked.to_vec();
    };
    let is_read = |id: &u32| view.is_covered(&announced, *id);
    let mut read: Vec<u32> = linked.iter().copied().filter(is_read).collect();
    if !read.is_empty() {
        wait(|| {
            let announced = Announced::scan();
            read.retain(|id| view.is_covered(&announced, *id));
            read.is_empty()
        });
    }
    read
}

impl<K, V> Owner<K, V> {
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
        let prepared = self.prepare(groups_for(entries.max(self.linked)), self.serial(arena) + 1);
        let step = if faulty(Fault::MoveUntold) { 0 } else { 1 };
        let Some(Closed { linked, read }) = self.close(arena, resize, step) else {
            self.prepared = Some(prepared);
            return false;
        };
        let notes = std::mem::replace(&mut self.notes, prepared.notes);
        // SAFETY: the old table becomes a grave, which is kept until nobody reads in it or is arriving.
        let Some(table) = (unsafe { self.deed.exchange(arena, prepared.table) }) else {
            return false;
        };
        let swept = table.groups().len();
        let mut grave = self.bury(table, swept);
        for id in linked {
            let free = read.binary_search(&id).is_err();
            // SAFETY: it is filled, and emptying it needs this owner exclusively.
            let extra = unsafe { grave.table.extra(dense(id)) }.cloned();
            // SAFETY: the slot is gone since before the announcements were looked at, and nobody reads it, or not any more.
            let taken = free.then(|| unsafe { grave.table.take(id) }).flatten();
            let place = notes.get(dense(id)).map_or(0, |note| note.place);
            let to = match taken {
                Some((key, value)) => match self.put(
                    arena,
                    Hash::of_place(place),
                    key,
                    value,
                    grave.table.numbers.lease(dense(id)),
                    extra.as_ref(),
                ) {
                    Ok(to) => {
                        let (refresh, cost) = grave.table.numbers.refresh(dense(id));
                        self.set_refresh(arena, to, refresh, cost);
                        let uses = grave
                            .table
                            .group(id)
                            .map_or(0, |(group, slot)| group.uses(slot));
                        self.set_uses(arena, to, uses);
                        Some(to)
                    }
                    Err(NoPlace(key, value)) => {
                        left.push((key, value, RemovalCause::Evicted));
                        None
                    }
                },
                None => {
                    leave(&mut grave, id, notices.as_deref_mut());
                    None
                }
            };
            moved(id, to);
        }
        self.graves.push(grave);
        arena.moves.fetch_add(step, Ordering::SeqCst);
        true
    }

    /// Marks all entries as gone and waits for their readers. Readers who find nothing are told to wait; they are so still when this returns
    /// something. If it doesn't, since somebody goes on reading and the table may stay, all is as before.
    fn close(&self, arena: &Arena<K, V>, resize: Resize, step: u64) -> Option<Closed> {
        let view = self.deed.view(arena);
        let mut linked = Vec::with_capacity(self.linked);
        let mut naps = 0;
        loop {
            arena.moves.fetch_add(step, Ordering::SeqCst);
            for (index, group) in view.groups().iter().enumerate() {
                for slot in group.linked() {
                    linked.push(id_of(index, slot));
                    group.retire(slot);
                }
            }
            let read = readers(view, &linked);
            if read.is_empty() || resize == Resize::Anyway && naps == NAPS {
                return Some(Closed { linked, read });
            }
            for id in linked.drain(..) {
                if let Some((group, slot)) = view.group(id) {
                    group.link_again(slot, tag_of(self.place(id)));
                }
            }
            arena.moves.fetch_add(step, Ordering::SeqCst);
            if resize == Resize::IfUnread {
                return None;
            }
            nap(naps);
            naps += 1;
        }
    }

    /// A table of so many groups, perhaps from an earlier time when one was wanted.
    fn prepare(&mut self, groups: usize, serial: u64) -> Prepared<K, V> {
        let prepared = self.prepared.take();
        if let Some(prepared) = prepared.filter(|old| old.table.is_like(groups, self.columns)) {
            prepared.table.set_serial(serial);
            return prepared;
        }
        let table = Table::new(View::new(groups, self.columns, serial));
        let notes = vec![Note::default(); table.slots()];
        Prepared { table, notes }
    }

    /// What becomes of a table that was replaced, of which so many groups have no linked entries. The owner goes on as that of an empty one.
    fn bury(&mut self, table: Table<K, V>, swept: usize) -> Grave<K, V> {
        self.kept = 0;
        self.stuck = false;
        self.linked = 0;
        let mut gone = std::mem::take(&mut self.gone);
        gone.append(&mut self.free);
        Grave {
            table,
            swept,
            gone,
            owed: std::mem::replace(&mut self.owed, Owed::new()),
            left: Vec::new(),
        }
    }

    /// Leaves all entries behind and begins with an empty table of the same size. They are dropped little by little, by `reclaim`.
    pub(crate) fn abandon(&mut self, arena: &Arena<K, V>) {
        if self.linked == 0 {
            return;
        }
        // At most one table is swept little by little.
        for grave in &mut self.graves {
            while !grave.is_swept() {
                grave.sweep(Sweep::Swift);
            }
        }
        self.prepared = None;
        let (groups, serial) = (self.groups(), self.serial(arena) + 1);
        let spare = self
            .graves
            .iter()
            .position(|grave| grave.is_empty() && grave.table.is_like(groups, self.columns));
        let table = if let Some(spare) = spare {
            let spare = self.graves.swap_remove(spare).table;
            spare.groups().iter().for_each(Group::clear);
            spare.set_serial(serial);
            spare
        } else {
            Table::new(View::new(groups, self.columns, serial))
        };
        // SAFETY: the old table becomes a grave, which is kept until nobody reads in it or is arriving.
        if let Some(table) = unsafe { self.deed.exchange(arena, table) } {
            let grave = self.bury(table, 0);
            self.graves.push(grave);
        }
    }
}

/// Evicts an entry that somebody reads.
fn leave<'a, K: 'a, V: 'a>(
    grave: &mut Grave<K, V>,
    id: u32,
    notices: Option<&mut Notices<'a, K, V>>,
) {
    let (group, slot) = slot_of(id);
    // SAFETY: emptying a slot of the table needs the grave exclusively, and here none is emptied.
    let entry = unsafe { Entry::filled(&grave.table, group, slot) };
    let Some((notices, entry)) = notices.zip(entry) else {
        grave.gone.push(id);
        return;
    };
    let pair = (entry.key, entry.value);
    grave.owed.add(notices, id, pair, RemovalCause::Evicted);
}
