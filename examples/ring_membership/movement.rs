//! What a change moves.
//!
//! The least that must move is worked out from the keys that each node owns. Where each owns few of them, chance counts as need:
//! a thousand keys per node or more tell placements apart.

use std::collections::BTreeMap;

/// Keys that change hands in one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movement {
    pub(crate) keys: u64,
    pub(crate) moved: u64,
    /// What had to move so that each node owns as many keys as it does afterwards: the sum of what some have more.
    pub(crate) least: u64,
    /// Keys that moved between two nodes which the step does not touch.
    pub(crate) bystanders: u64,
}

impl Movement {
    /// Compares the owners of the same keys before and after a step that changes these nodes.
    pub(crate) fn between(before: &[u32], after: &[u32], changed: &[u32]) -> Self {
        let moves = || before.iter().zip(after).filter(|(from, to)| from != to);
        let untouched = |node: &u32| !changed.contains(node);
        let mut gains = BTreeMap::<u32, i64>::new();
        for (from, to) in moves() {
            *gains.entry(*from).or_default() -= 1;
            *gains.entry(*to).or_default() += 1;
        }
        let gained = gains.values().filter(|gain| **gain > 0);
        Self {
            keys: before.len() as u64,
            moved: moves().count() as u64,
            least: gained.sum::<i64>().unsigned_abs(),
            bystanders: moves()
                .filter(|(from, to)| untouched(from) && untouched(to))
                .count() as u64,
        }
    }

    /// How many times the least moved, unless nothing had to.
    pub(crate) fn ratio(&self) -> Option<f64> {
        (self.least > 0).then(|| self.moved as f64 / self.least as f64)
    }
}
