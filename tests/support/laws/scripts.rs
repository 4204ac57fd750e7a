//! Random rings and random changes to them.

use proptest::prelude::*;
use proptest::sample::Index;
use tenfold::ring::{Placement, Ring};

use crate::{Nodes, ring_of};

/// Nodes that take part. A test sees to it that no two of their points share a position where these have 32 bits only.
pub(crate) const POOL: u32 = 30;
/// No weight is above this.
pub(crate) const HEAVIEST: u32 = 4;

/// What to do next. Nodes are picked from those that are there, or from those that aren't.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Add(Index, u32),
    Remove(Index),
    Weigh(Index, u32),
}

/// A ring to begin with, and changes one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) nodes: Nodes,
    pub(crate) changes: Vec<Change>,
}

/// What a change did to its node: the weight before and after, nothing where it isn't on the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) node: u32,
    pub(crate) before: Option<u32>,
    pub(crate) after: Option<u32>,
}

fn weight() -> impl Strategy<Value = u32> {
    0..=HEAVIEST
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), weight()).prop_map(|(index, weight)| Change::Add(index, weight)),
        index().prop_map(Change::Remove),
        (index(), weight()).prop_map(|(index, weight)| Change::Weigh(index, weight)),
    ]
}

/// Rings of up to 12 nodes, in any order.
pub(crate) fn nodes() -> impl Strategy<Value = Nodes> {
    prop::collection::btree_map(0..POOL, weight(), 0..=12)
        .prop_map(|nodes| nodes.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

pub(crate) fn script() -> impl Strategy<Value = Script> {
    (nodes(), prop::collection::vec(change(), 1..7))
        .prop_map(|(nodes, changes)| Script { nodes, changes })
}

impl Change {
    /// The ring after this change, unless there is nothing to change.
    pub(crate) fn apply<P: Placement + Clone>(
        &self,
        ring: &Ring<u32, P>,
    ) -> Option<(Ring<u32, P>, Step)> {
        let pick = |index: &Index| (!ring.is_empty()).then(|| *index.get(&list(ring)));
        let (node, after) = match self {
            Self::Add(index, weight) => {
                let others: Vec<u32> = (0..POOL).filter(|node| !ring.contains(node)).collect();
                (*index.get(&others), Some(*weight))
            }
            Self::Remove(index) => (pick(index)?, None),
            Self::Weigh(index, weight) => (pick(index)?, Some(*weight)),
        };
        let before = ring.weight(&node);
        let new = match (before, after) {
            (None, Some(weight)) => ring.with_weighted(node, weight),
            (Some(_), Some(weight)) => ring.with_weight(&node, weight),
            _ => ring.without(&node),
        };
        let step = Step {
            node,
            before,
            after,
        };
        Some((new.unwrap(), step))
    }
}

fn list<P: Placement>(ring: &Ring<u32, P>) -> Vec<u32> {
    ring.nodes().map(|(node, _)| *node).collect()
}

impl Script {
    /// Follows the script, and shows each step with the ring before and the ring after.
    pub(crate) fn follow<P: Placement + Clone, E>(
        &self,
        placement: P,
        mut show: impl FnMut(&Ring<u32, P>, &Ring<u32, P>, Step) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ring = ring_of(&self.nodes, placement);
        for change in &self.changes {
            if let Some((new, step)) = change.apply(&ring) {
                show(&ring, &new, step)?;
                ring = new;
            }
        }
        Ok(())
    }
}

impl Step {
    pub(crate) fn is_up(self) -> bool {
        self.after.unwrap_or(0) > self.before.unwrap_or(0)
    }

    pub(crate) fn is_down(self) -> bool {
        self.after.unwrap_or(0) < self.before.unwrap_or(0)
    }

    /// Whether the node begins or ceases to have weight.
    pub(crate) fn joins_or_leaves(self) -> bool {
        (self.after.unwrap_or(0) > 0) != (self.before.unwrap_or(0) > 0)
    }
}
