//! A table of points of one word.

use super::circle::{Circle, MAX_OWNERS};
use crate::ring::Error;
use crate::ring::placement::{Layout, Member, Table, Walk};

/// Points on a circle: the table of [`Native`](crate::ring::Native), [`Ketama`](crate::ring::placement::Ketama) and
/// [`NginxConsistent`](crate::ring::placement::NginxConsistent).
#[derive(Debug)]
pub struct CircleTable {
    circle: Circle,
}

impl CircleTable {
    pub(in crate::ring) const fn new(circle: Circle) -> Self {
        Self { circle }
    }

    /// Whether points can number all members.
    pub(in crate::ring) fn check(members: &[Member]) -> Result<(), Error> {
        if members.len() > MAX_OWNERS {
            let nodes = u32::try_from(members.len()).unwrap_or(u32::MAX);
            return Err(Error::TooManyNodes {
                nodes,
                limit: MAX_OWNERS as u32,
            });
        }
        Ok(())
    }

    pub(in crate::ring) const fn circle(&self) -> &Circle {
        &self.circle
    }
}

impl Table for CircleTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.circle.owner(hash)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.circle.next_owner(hash, walk)
    }

    fn layout(&self) -> Layout<'_> {
        Layout::Ranges(Box::new(self.circle.ranges()))
    }

    fn size(&self) -> (usize, usize) {
        (self.circle.len(), self.circle.heap_bytes())
    }
}
