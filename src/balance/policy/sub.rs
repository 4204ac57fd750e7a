//! Some of the backends of a view, as a view.

use super::{Member, View};
use crate::balance::BackendId;
use crate::kernel::clock::Tick;

/// The backends of a view that a list of indices names.
pub(super) struct Sub<'v, V> {
    pub(super) view: &'v V,
    pub(super) indices: &'v [u32],
    pub(super) members: &'v [Member],
    pub(super) lane: Lane,
}

/// Tells groups apart, each of which counts its turns on its own: which one it is, of how many at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) place: usize,
    pub(super) of: usize,
}

impl Lane {
    /// In the whole view, of a lane in this group: another one for each pair. One that is too large is as good as any that is not counted.
    #[inline]
    const fn outer(self, lane: usize) -> usize {
        lane.saturating_mul(self.of).saturating_add(self.place)
    }
}

impl<V: View> Sub<'_, V> {
    /// Its index in the whole view; one that names nothing if this one does.
    #[inline]
    pub(super) fn outer(&self, index: usize) -> usize {
        self.indices
            .get(index)
            .map_or(usize::MAX, |index| *index as usize)
    }
}

impl<V: View> View for Sub<'_, V> {
    #[inline]
    fn len(&self) -> usize {
        self.indices.len()
    }

    #[inline]
    fn id(&self, index: usize) -> BackendId {
        self.view.id(self.outer(index))
    }

    fn key(&self, index: usize) -> &str {
        self.view.key(self.outer(index))
    }

    #[inline]
    fn weight(&self, index: usize) -> u32 {
        self.view.weight(self.outer(index))
    }

    #[inline]
    fn whole_weight(&self, index: usize) -> u32 {
        self.view.whole_weight(self.outer(index))
    }

    fn zone(&self, index: usize) -> Option<&str> {
        self.view.zone(self.outer(index))
    }

    fn priority(&self, index: usize) -> u8 {
        self.view.priority(self.outer(index))
    }

    fn label(&self, index: usize, name: &str) -> Option<&str> {
        self.view.label(self.outer(index), name)
    }

    #[inline]
    fn in_flight(&self, index: usize) -> u64 {
        self.view.in_flight(self.outer(index))
    }

    #[inline]
    fn cost(&self, index: usize) -> f32 {
        self.view.cost(self.outer(index))
    }

    #[inline]
    fn penalty(&self, index: usize) -> f32 {
        self.view.penalty(self.outer(index))
    }

    #[inline]
    fn now(&self) -> Tick {
        self.view.now()
    }

    fn reported_load(&self, index: usize) -> Option<f32> {
        self.view.reported_load(self.outer(index))
    }

    #[inline]
    fn is_usable(&self, index: usize) -> bool {
        self.view.is_usable(self.outer(index))
    }

    #[inline]
    fn has_room(&self, index: usize) -> bool {
        self.view.has_room(self.outer(index))
    }

    #[inline]
    fn turn(&self, lane: usize) -> u64 {
        self.view.turn(self.lane.outer(lane))
    }

    #[inline]
    fn random(&self) -> u64 {
        self.view.random()
    }

    #[inline]
    fn below(&self, bound: usize) -> usize {
        self.view.below(bound)
    }

    fn members(&self) -> &[Member] {
        self.members
    }
}
