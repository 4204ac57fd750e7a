//! The upkeep of a shard.

use std::hash::{BuildHasher, Hash as Hashable};

use super::Batch;
use crate::cache::core::Core;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// Expires a batch of a shard's entries, and drops what may be dropped.
    pub(crate) fn tend(&self, shard: usize, now: u64) -> Option<Tended> {
        let shard = self.shards.get(shard)?;
        let mut after = self.aftermath();
        let mut state = shard.lock();
        let before = state.owner.remains();
        let more = state.expire_due(&shard.arena, now, Batch::UPKEEP, &mut after);
        state.reclaim(&shard.arena, &mut after);
        if after.has_notices() {
            // What the listener is still to be told of can only be dropped after that.
            drop(state);
            after.settle_quietly();
            after = self.aftermath();
            state = shard.lock();
            state.reclaim(&shard.arena, &mut after);
        }
        let remains = state.owner.remains();
        let tended = Tended {
            more: more || state.owner.is_sweeping(),
            next: state.index.first(),
            remains: remains > 0,
            stuck: remains > 0 && remains >= before,
        };
        drop(state);
        after.settle_quietly();
        Some(tended)
    }
}

/// What a shard is like after its upkeep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tended {
    /// There is more to do at once.
    pub(crate) more: bool,
    /// When the next entry may be due.
    pub(crate) next: u64,
    /// Something waits to be dropped.
    pub(crate) remains: bool,
    /// None of it could be dropped.
    pub(crate) stuck: bool,
}
