//! What a placement knows of a node, and where it is on a walk.

use std::sync::Arc;

use crate::kernel::hash::StableKey;

/// What a placement may know of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The node's identity: its stable hash. No two members of a list have the same.
    pub id: u64,
    /// Its weight. A member of weight zero owns nothing.
    pub weight: u32,
    /// Its [name](StableKey::stable_name), if the placement [asks for names](super::Placement::by_name) and the node has one.
    pub name: Option<Arc<[u8]>>,
}

impl Member {
    /// A member of a list, without a name.
    #[must_use]
    pub const fn new(id: u64, weight: u32) -> Self {
        Self {
            id,
            weight,
            name: None,
        }
    }

    /// What a placement may know of `node`.
    pub(in crate::ring) fn of<N: StableKey>(node: &N, weight: u32, by_name: bool) -> Self {
        let name = if by_name { node.stable_name() } else { None };
        Self {
            id: node.stable_hash(),
            weight,
            name: name.map(|name| name.into()),
        }
    }
}

/// A walk through the candidates of one hash: whatever a table needs to find the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    steps: usize,
    /// For the table to use as it likes; zeros at first.
    pub state: [u64; 2],
}

impl Walk {
    /// A walk that has not begun.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            steps: 0,
            state: [0; 2],
        }
    }

    /// Counts a step, for tables that find a candidate by its number: 0 for the first.
    pub const fn step(&mut self) -> usize {
        let step = self.steps;
        self.steps += 1;
        step
    }
}
