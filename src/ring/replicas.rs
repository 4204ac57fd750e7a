//! Distinct nodes for one key, in order of preference.

use std::fmt;

use super::placement::{Placement, Table};
use super::{Native, Ring};

/// Nodes that are remembered; whether a later candidate was there before is found by walking again.
const REMEMBERED: usize = 64;

/// Distinct nodes for one key, the owner first: made by [`Ring::replicas`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Replicas<'r, N, P: Placement = Native> {
    ring: &'r Ring<N, P>,
    hash: u64,
    /// The number of the next candidate.
    next: usize,
    /// Nodes still to come, unless the table has fewer.
    left: usize,
    given: usize,
    first: [u32; REMEMBERED],
}

impl<'r, N, P: Placement> Replicas<'r, N, P> {
    pub(super) fn new(ring: &'r Ring<N, P>, hash: u64, left: usize) -> Self {
        Self {
            ring,
            hash,
            next: 0,
            left,
            given: 0,
            first: [0; REMEMBERED],
        }
    }

    /// Whether the candidate with this number is among those before it.
    fn came_before(&self, index: usize, number: usize) -> bool {
        if self
            .first
            .iter()
            .take(self.given)
            .any(|seen| *seen as usize == index)
        {
            return true;
        }
        let candidate = |n| self.ring.table().candidate(self.hash, n);
        self.given > REMEMBERED && (0..number).any(|n| candidate(n) == Some(index))
    }
}

impl<'r, N, P: Placement> Iterator for Replicas<'r, N, P> {
    type Item = &'r N;

    fn next(&mut self) -> Option<&'r N> {
        while self.left > 0 {
            let number = self.next;
            let candidate = self.ring.table().candidate(self.hash, number);
            let Some((index, node)) =
                candidate.and_then(|index| Some((index, self.ring.node(index)?)))
            else {
                self.left = 0;
                break;
            };
            self.next += 1;
            if self.came_before(index, number) {
                continue;
            }
            if let Some(place) = self.first.get_mut(self.given) {
                // A ring has fewer than 2^32 nodes.
                *place = index as u32;
            }
            self.given += 1;
            self.left -= 1;
            return Some(node);
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<N, P: Placement> std::iter::FusedIterator for Replicas<'_, N, P> {}

impl<N, P: Placement> Clone for Replicas<'_, N, P> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<N: fmt::Debug, P: Placement> fmt::Debug for Replicas<'_, N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
