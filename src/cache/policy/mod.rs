//! Placeholder.
use std::collections::VecDeque;
pub(crate) trait Entries {
    fn uses(&self, id: u32) -> u8;
    fn set_uses(&mut self, id: u32, uses: u8);
    fn hash(&self, id: u32) -> u32;
    fn weight(&self, id: u32) -> u64;
    fn place(&self, id: u32) -> u32;
    fn set_place(&mut self, id: u32, place: u32);
}
pub(crate) struct Policy {
    ring: VecDeque<u32>,
}
impl Policy {
    pub(crate) fn new() -> Self {
        Self {
            ring: VecDeque::new(),
        }
    }
    pub(crate) fn inserted(&mut self, _: &mut impl Entries, id: u32) {
        self.ring.push_back(id);
    }
    pub(crate) fn replaced(&mut self, _: &mut impl Entries, old: u32, new: u32) {
        for id in &mut self.ring {
            if *id == old {
                *id = new;
            }
        }
    }
    pub(crate) fn removed(&mut self, _: &mut impl Entries, id: u32) {
        self.ring.retain(|x| *x != id);
    }
    pub(crate) fn evict(&mut self, entries: &mut impl Entries) -> Option<u32> {
        let mut steps = 0;
        loop {
            let id = self.ring.pop_front()?;
            let uses = entries.uses(id);
            steps += 1;
            if uses == 0 || steps > 32 {
                return Some(id);
            }
            entries.set_uses(id, uses - 1);
            self.ring.push_back(id);
        }
    }
    pub(crate) fn renumber(&mut self, to: impl Fn(u32) -> Option<u32>) {
        self.ring = self.ring.iter().filter_map(|id| to(*id)).collect();
    }
    pub(crate) fn coldest(&self) -> Box<dyn DoubleEndedIterator<Item = u32> + '_> {
        Box::new(self.ring.iter().copied())
    }
    pub(crate) fn clear(&mut self) {
        self.ring.clear();
    }
    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }
}

/// What to evict when there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum EvictionPolicy {
    /// Adapts to what is asked for.
    #[default]
    Adaptive,
}
