//! Tables that were replaced: what they wait for before they are given back, or serve again.
//!
//! A table is replaced in two ways. Either its entries have moved to the next one, but for a few that somebody reads; or all were left
//! behind at once, still linked, and are taken out little by little, with a broom that goes from group to group. Readers don't find the table
//! any more, but those who did before may still be in it.

use super::arena::Table;
use super::group::{SLOTS, id_of};
use super::owed::Owed;

/// How much of a table that was left behind is taken out at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sweep {
    /// What an insertion can do besides.
    InPassing,
    /// What the upkeep does in one go.
    Swift,
}

/// A table that was replaced: nothing is linked in it any more, or nobody will look for it.
pub(super) struct Grave<K, V> {
    pub(super) table: Table<K, V>,
    /// Groups before this one have no linked entries.
    pub(super) swept: usize,
    pub(super) gone: Vec<u32>,
    /// As `gone`, but somebody is still to be told of these.
    pub(super) owed: Owed,
    /// As `gone`, but nobody has been told of these yet: all were removed together.
    pub(super) left: Vec<u32>,
}

impl<K, V> Grave<K, V> {
    pub(super) fn is_swept(&self) -> bool {
        self.swept == self.table.groups().len()
    }

    /// Whether nobody reads in it, but for their own mistake.
    pub(super) fn is_empty(&self) -> bool {
        self.is_swept() && self.gone.is_empty() && self.owed.len() == 0 && self.left.is_empty()
    }

    /// Slots that are still to be swept, or to be reclaimed.
    pub(super) fn remains(&self) -> usize {
        let unswept = (self.table.groups().len() - self.swept) * SLOTS;
        unswept + self.gone.len() + self.owed.len() + self.left.len()
    }

    /// Takes out the entries of some groups.
    pub(super) fn sweep(&mut self, sweep: Sweep) {
        let most = match sweep {
            Sweep::InPassing => 16,
            Sweep::Swift => 256,
        };
        let groups = self
            .table
            .groups()
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
        self.swept = (self.swept + most).min(self.table.groups().len());
    }
}
