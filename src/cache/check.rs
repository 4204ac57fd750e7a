//! What holds in a cache whenever nobody has its locks; told by a panic, to tests, models and fuzzing.

use std::hash::{BuildHasher, Hash as Hashable};

use super::MemoryCache;
use super::core::Core;
use super::state::State;
use super::store::{Arena, NEVER};

impl<K: Eq, V> State<K, V> {
    fn check_invariants(&self, arena: &Arena<K, V>) {
        let linked = self.owner.check_invariants(arena);
        let used: u64 = linked.iter().map(|id| self.weight(*id)).sum();
        assert_eq!(used, self.used, "the weight of all entries");
        assert!(
            self.used <= self.quota,
            "{} is more than the quota of {}",
            self.used,
            self.quota
        );
        let deadlines = linked.iter().map(|id| self.owner.deadline(arena, *id));
        let deadlines: Vec<u64> = deadlines.filter(|due| *due != NEVER).collect();
        assert_eq!(
            deadlines.len(),
            self.index.live(),
            "entries that may expire"
        );
        let first = self.index.first();
        assert!(
            deadlines.into_iter().all(|due| due >= first),
            "an entry that the index finds too late"
        );
        let mut held: Vec<u32> = self.policy.coldest().collect();
        held.sort_unstable();
        let heavy = linked.into_iter().filter(|id| self.weight(*id) > 0);
        assert!(held.into_iter().eq(heavy), "what the policy holds");
    }
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    fn check_invariants(&self) {
        let (_collecting, spare) = self.check_budget();
        let states: Vec<_> = self
            .shards
            .iter()
            .map(|shard| (shard, shard.lock()))
            .collect();
        for (shard, state) in &states {
            state.check_invariants(&shard.arena);
        }
        let quotas: u64 = states.iter().map(|(_, state)| state.quota).sum();
        assert_eq!(
            quotas + spare(),
            self.budget.capacity(),
            "quotas and what is spare"
        );
        let shares: u64 = states.iter().map(|(_, state)| state.share).sum();
        assert_eq!(shares, self.budget.capacity(), "shares");
    }
}

#[doc(hidden)]
impl<K: Eq + Hashable, V, S: BuildHasher> MemoryCache<K, V, S> {
    /// Panics if something is wrong.
    pub fn check_invariants(&self) {
        self.core.check_invariants();
    }
}
