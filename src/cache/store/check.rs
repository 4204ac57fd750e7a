//! What holds in an arena whenever nobody has its lock; told by a panic, to tests and models.

use super::arena::Arena;
use super::grave::Grave;
use super::group::{FULL, Group, dense, id_of, slot_of, tag_of};
use super::hash::Hash;
use super::owner::Owner;
use super::view::View;

impl<K: Eq, V> Owner<K, V> {
    /// The slots that are linked.
    pub(crate) fn check_invariants(&self, arena: &Arena<K, V>) -> Vec<u32> {
        let view = self.deed.view(arena);
        assert_eq!(self.notes.len(), view.slots(), "notes of slots");
        assert!(
            [0, view.slots()].contains(&view.numbers.deadlines()),
            "deadlines of slots"
        );
        let linked = view.linked();
        assert_eq!(linked.len(), self.linked, "linked entries");
        let deadlines = linked.iter().map(|id| view.numbers.deadline(dense(*id)));
        assert!(
            deadlines.min().is_none_or(|due| due >= arena.first_due()),
            "an entry that is due before all"
        );
        view.check_gone(&[&*self.gone, &*self.free, &self.owed.ids()].concat());
        let mut passers = vec![[0_u64; 4]; view.groups().len()];
        for id in &linked {
            let place = self.notes.get(dense(*id)).map_or(0, |note| note.place);
            let (home, slot) = slot_of(*id);
            assert!(
                view.groups()
                    .get(home)
                    .is_some_and(|group| group.holds(slot, tag_of(place))),
                "the tag of {id}"
            );
            let entry = self.entry(arena, *id);
            let found = entry
                .and_then(|entry| self.find(arena, Hash::of_place(place), |key| key == entry.key));
            assert_eq!(found, Some(*id), "where a key is found");
            for (passed, _) in view.way(place).take_while(|(group, _)| *group != home) {
                let kinds = passers
                    .get_mut(passed)
                    .and_then(|kinds| kinds.get_mut(Group::kind(place)));
                kinds.into_iter().for_each(|count| *count += 1);
            }
        }
        for (group, passers) in view.groups().iter().zip(passers) {
            for (count, passers) in group.passers().into_iter().zip(passers) {
                assert!(
                    count == FULL || count == passers,
                    "{count} passed instead of {passers}"
                );
            }
        }
        self.graves.iter().for_each(Grave::check);
        linked
    }
}

#[cfg(test)]
impl<K, V> Owner<K, V> {
    /// Whether the entry in a slot is where readers look first.
    pub(crate) fn is_at_home(&self, arena: &Arena<K, V>, id: u32) -> bool {
        self.deed.view(arena).home(self.place(id)) == slot_of(id).0
    }
}

impl<K, V> Grave<K, V> {
    fn check(&self) {
        let first = id_of(self.swept, 0);
        assert!(
            self.table.linked().iter().all(|id| *id >= first),
            "an entry behind the broom"
        );
        self.table
            .check_gone(&[&*self.gone, &*self.left, &self.owed.ids()].concat());
    }
}

impl<K, V> View<K, V> {
    fn linked(&self) -> Vec<u32> {
        let groups = self.groups().iter().enumerate();
        groups
            .flat_map(|(index, group)| group.linked().map(move |slot| id_of(index, slot)))
            .collect()
    }

    /// All slots that have an entry that is not linked are in `gone`, once.
    fn check_gone(&self, gone: &[u32]) {
        let mut gone = gone.to_vec();
        gone.sort_unstable();
        let all = (0..id_of(self.groups().len(), 0)).filter(|id| {
            let group = self.group(*id);
            group.is_some_and(|(group, slot)| group.is_filled(slot) && !group.is_linked(slot))
        });
        assert!(gone.into_iter().eq(all), "slots that are gone");
    }
}
