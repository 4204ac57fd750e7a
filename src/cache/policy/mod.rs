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
pub(crate) struct Policy { ring: VecDeque<u32> }
impl Policy {
    pub(crate) fn new() -> Self { Self { ring: VecDeque::new() } }
    pub(crate) fn inserted(&mut self, _: &mut impl Entries, id: u32) { self.ring.push_back(id); }
    pub(crate) fn replaced(&mut self, _: &mut impl Entries, old: u32, new: u32) {
        for id in &mut self.ring { if *id == old { *id = new; } }
    }
    pub(crate) fn removed(&mut self, _: &mut impl Entries, id: u32) { self.ring.retain(|x| *x != id); }
    pub(crate) fn evict(&mut self, entries: &mut impl Entries) -> Option<u32> {
        let mut steps = 0;
        loop {
            let id = self.ring.pop_front()?;
            let uses = entries.uses(id);
            steps += 1;
            if uses == 0 || steps > 32 { return Some(id); }
            entries.set_uses(id, uses - 1);
            self.ring.push_back(id);
        }
    }
}
