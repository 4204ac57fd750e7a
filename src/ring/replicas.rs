//! Distinct nodes for one key, in order of preference.

use std::fmt;

use super::placement::{Cursor, Placement, Table};
use super::{Native, Ring};

/// Nodes that are remembered; whether a later candidate was there before is found by walking again.
const REMEMBERED: usize = 16;

/// Distinct nodes for one key, the owner first: made by [`Ring::replicas`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Replicas<'r, N, P: Placement = Native> {
    ring: &'r Ring<N, P>,
    cursor: Cursor,
    /// Nodes still to come, unless the table has fewer.
    left: usize,
    given: usize,
    first: [usize; REMEMBERED],
}

impl<'r, N, P: Placement> Replicas<'r, N, P> {
    pub(super) fn new(ring: &'r Ring<N, P>, cursor: Cursor, left: usize) -> Self {
        Self {
            ring,
            cursor,
            left,
            given: 0,
            first: [0; REMEMBERED],
        }
    }

    fn came_before(&self, index: usize) -> bool {
        if self
            .first
            .iter()
            .take(self.given)
            .any(|seen| *seen == index)
        {
            return true;
        }
        if self.given <= REMEMBERED {
            return false;
        }
        let mut again = Cursor::new(self.cursor.hash());
        while again.steps() + 1 < self.cursor.steps() {
            match self.ring.table().step(&mut again) {
                Some(candidate) if candidate == index => return true,
                Some(_) => {}
                None => return false,
            }
        }
        false
    }
}

impl<'r, N, P: Placement> Iterator for Replicas<'r, N, P> {
    type Item = &'r N;

    fn next(&mut self) -> Option<&'r N> {
        while self.left > 0 {
            let index = self.ring.table().step(&mut self.cursor)?;
            if self.came_before(index) {
                continue;
            }
            if let Some(place) = self.first.get_mut(self.given) {
                *place = index;
            }
            self.given += 1;
            self.left -= 1;
            return self.ring.list().get(index);
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
        Self {
            cursor: self.cursor.clone(),
            ..*self
        }
    }
}

impl<N: fmt::Debug, P: Placement> fmt::Debug for Replicas<'_, N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
