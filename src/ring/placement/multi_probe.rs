//! Multi-probe consistent hashing: few points, many probes.

use super::points::Circle;
use super::stored::stored;
use super::{CircleTable, Limits, Member, Native, Placement, Table, Walk};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Multi-probe consistent hashing: a point per node instead of 160, and 21 probes per key instead of one.
///
/// A key is hashed to several places on the circle, and the node whose point follows one of them most closely owns it. Nodes
/// that come and go move their own keys only. The fullest node has little more than its share; the emptiest may have next to
/// nothing, since nothing holds a point away from its neighbours.
///
/// # Weights
///
/// A node has as many points as its weight.
///
/// # Complexity
///
/// A lookup takes as many searches as there are probes. About 10 bytes per unit of weight, where [`Native`] has 160 points of
/// that size: for memory that is scarce, or a number of nodes that is very large.
///
/// # Source
///
/// B. Appleton, M. O'Reilly, "Multi-Probe Consistent Hashing", 2015 (arXiv 1505.00062). Points are those of [`Native`]. Probe `i` of a hash
/// `h` is at `h + i × s` modulo 2^64, `s` being XXH3-64 over the 16 little-endian bytes of `h` and 0, made odd; of probes that are
/// equally near the first wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct MultiProbe {
    probes: u32,
}

impl MultiProbe {
    /// The most probes there can be.
    pub const MAX_PROBES: u32 = 1024;

    /// So many probes per key, 1 to [`MAX_PROBES`](Self::MAX_PROBES). Anything else is refused when the ring is built.
    #[must_use]
    pub const fn with_probes(probes: u32) -> Self {
        Self { probes }
    }

    /// Probes per key.
    #[must_use]
    pub const fn probes(&self) -> u32 {
        self.probes
    }
}

impl Default for MultiProbe {
    /// 21 probes, the paper's choice: among very many nodes the fullest has about `21 / 20` of its share.
    fn default() -> Self {
        Self::with_probes(21)
    }
}

stored!(MultiProbe { probes: u32 });

const POINTS: Native = Native::with_points(1);

impl MultiProbe {
    const fn table(&self, points: CircleTable) -> MultiProbeTable {
        MultiProbeTable {
            points,
            probes: self.probes as u64,
        }
    }

    const fn check(&self) -> Result<(), Error> {
        if self.probes == 0 || self.probes > Self::MAX_PROBES {
            return Err(Error::Probes { given: self.probes });
        }
        Ok(())
    }
}

impl Placement for MultiProbe {
    type Table = MultiProbeTable;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<MultiProbeTable, Error> {
        self.check()?;
        Ok(self.table(POINTS.build(members, limits)?))
    }

    fn change(
        &self,
        old: &MultiProbeTable,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<MultiProbeTable, Error> {
        self.check()?;
        Ok(self.table(POINTS.change(&old.points, before, members, limits)?))
    }
}

/// The table of [`MultiProbe`].
#[derive(Debug)]
pub struct MultiProbeTable {
    points: CircleTable,
    probes: u64,
}

impl MultiProbeTable {
    const fn circle(&self) -> &Circle {
        self.points.circle()
    }

    /// The nearest point behind any probe that comes after `than`: its distance and the number of its probe, and its owner.
    #[inline]
    fn next_after(&self, hash: u64, than: Option<(u64, u64)>) -> Option<((u64, u64), usize)> {
        let step = StableHash::pair(hash, 0) | 1;
        let nearest = |probe: u64| {
            let place = hash.wrapping_add(step.wrapping_mul(probe));
            // Probes behind the last one may be as near as it was; it and those before may not.
            let least = match than {
                None => 0,
                Some((distance, last)) if probe > last => distance,
                Some((distance, _)) => distance.checked_add(1)?,
            };
            let (further, owner) = self.circle().distance(place.wrapping_add(least))?;
            // Once around the circle, and no further.
            Some(((least.checked_add(further)?, probe), owner))
        };
        (0..self.probes).filter_map(nearest).min()
    }
}

impl Table for MultiProbeTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        let step = StableHash::pair(hash, 0) | 1;
        let (mut place, mut nearest) = (hash, None);
        for _ in 0..self.probes {
            let (distance, owner) = self.circle().distance(place)?;
            if nearest.is_none_or(|(least, _)| distance < least) {
                nearest = Some((distance, owner));
            }
            place = place.wrapping_add(step);
        }
        nearest.map(|(_, owner)| owner)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        let than = (walk.step() > 0).then_some((walk.state[0], walk.state[1]));
        let ((distance, probe), owner) = self.next_after(hash, than)?;
        walk.state = [distance, probe];
        Some(owner)
    }

    fn size(&self) -> (usize, usize) {
        self.points.size()
    }
}
