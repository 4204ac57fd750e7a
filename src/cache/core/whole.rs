//! What is asked of all shards.

use std::hash::{BuildHasher, Hash as Hashable};

use super::super::Stats;
use super::super::meters::Meter;
use super::super::shard::Shard;
use super::Core;
#[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
use crate::kernel::sync::MutexGuard;

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().owner.len())
            .sum()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().used).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        let bytes = |shard: &Shard<K, V>| shard.lock().bytes(&shard.arena);
        let shards = self.shards.iter().map(bytes).sum::<usize>();
        shards + size_of_val(&*self.shards) + self.chooser.memory()
    }

    pub(crate) fn invalidate_all(&self) {
        for shard in &self.shards {
            let mut after = self.aftermath();
            let mut state = shard.lock();
            state.abandon(&shard.arena, &mut after);
            drop(state);
            after.settle();
        }
    }

    pub(crate) fn set_capacity(&self, capacity: u64) {
        let mut afters = Vec::new();
        let collecting = self.collecting.lock();
        let before = self.budget.capacity();
        let capacity = self.budget.set_capacity(capacity);
        if capacity > before {
            self.budget.give(capacity - before);
        }
        let mut excess = before.saturating_sub(capacity);
        excess -= self.budget.take(excess);
        loop {
            for (index, shard) in self.shards.iter().enumerate() {
                let mut after = self.aftermath();
                let mut state = shard.lock();
                let share = self.budget.share(index);
                state.share = share;
                state.expect();
                // First everybody gives what is above the new share, then the rest is taken wherever it is.
                let given = excess.min(state.quota.saturating_sub(share));
                state.quota -= given;
                excess -= given;
                state.shed(&shard.arena, &mut after);
                state.settle(&self.budget);
                drop(state);
                afters.push(after);
            }
            // While one shard was looked at another one may have given away what it had too much.
            excess -= self.budget.take(excess);
            if excess == 0 {
                break;
            }
        }
        self.chooser.follow(before, capacity);
        drop(collecting);
        for after in afters {
            after.settle();
        }
    }

    /// While the guard lives nobody moves weight between shards that are locked; and what is spare.
    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(crate) fn check_budget(&self) -> (MutexGuard<'_, ()>, impl Fn() -> u64) {
        (self.collecting.lock(), || self.budget.spare())
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            hits: self.meters.sum(Meter::Hits),
            misses: self.meters.sum(Meter::Misses),
            negative_hits: self.meters.sum(Meter::NegativeHits),
            refusals: self.meters.sum(Meter::Refused),
            loads: self.meters.sum(Meter::Loads),
            load_failures: self.meters.sum(Meter::LoadFailures),
            load_nanos: self.meters.sum(Meter::LoadNanos),
            ..Stats::default()
        };
        for shard in &self.shards {
            let state = shard.lock();
            let tally = state.tally;
            stats.insertions += tally.inserted;
            stats.replacements += tally.replaced;
            stats.removals += tally.removed;
            stats.expirations += tally.expired;
            stats.evictions += tally.evicted;
            stats.evicted_weight = stats.evicted_weight.saturating_add(tally.evicted_weight);
            stats.refusals += tally.refused;
            stats.entries += state.owner.len() as u64;
            stats.weight += state.used;
        }
        stats
    }
}
