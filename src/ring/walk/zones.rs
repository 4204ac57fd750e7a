//! Nodes for one key that stand in different zones as long as there are any.
//!
//! Nodes are given in rounds: in each, one of every zone that has one left, in the order in which the key prefers them. So a
//! node's round is the number of nodes of its zone that the key prefers to it, and each round walks through the candidates
//! anew. A round ends when every zone with enough nodes had its turn; how many these are is counted the first time that a walk
//! finds nothing new for a while.

use std::fmt;

use super::Distinct;
use crate::ring::placement::{KeyHash, Placement};
use crate::ring::{Native, Ring};

/// Zones that are remembered. For further ones the candidates before are looked through again.
const ZONES: usize = 32;
/// Candidates of no use in a round before zones are counted.
const PATIENCE: usize = 8;

/// Distinct nodes for one key, from as many zones as possible: made by [`Ring::replicas_by`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct ReplicasBy<'r, N, F, P: Placement = Native> {
    ring: &'r Ring<N, P>,
    zone: F,
    hash: u64,
    walk: Distinct<'r, P::Table>,
    left: usize,
    round: u32,
    /// Nodes given in this round, and candidates passed over.
    given: usize,
    passed: usize,
    zones: Zones,
}

/// What is known of zones: of each a node, how many of it came up on this walk, and how many nodes it has.
#[derive(Clone, Copy)]
struct Zones {
    len: usize,
    node: [u32; ZONES],
    seen: [u32; ZONES],
    size: [u32; ZONES],
    counted: Counted,
}

#[derive(Clone, Copy, PartialEq)]
enum Counted {
    NotYet,
    Yes,
    TooMany,
}

impl<N, P: Placement> Ring<N, P> {
    /// Up to `n` distinct nodes for `key`, from different zones first: the owner, then the nearest node of each further zone, and
    /// when all zones have one, a second of each, and so on. `zone` says where a node stands: a data centre, a rack, a disk.
    ///
    /// The first of `n` nodes are those that a smaller `n` gives. When one node joins or leaves, the list of a key changes by at
    /// most one member with most placements: the [table](crate::ring#which-placement) says which. (With
    /// [`SlotTable`](crate::ring::SlotTable) and [`Anchor`](crate::ring::Anchor) an owner that is replaced loses its first place, so
    /// that now and then another node of its zone comes in as well.)
    ///
    /// # Complexity
    ///
    /// Nothing allocates unless `zone` does, which is called several times for each node that is looked at and should be cheap.
    /// With more nodes asked for than there are zones, or a zone that is rare, one pass over all nodes. Beyond 32 zones each step
    /// looks back at all before it.
    ///
    /// ```
    /// use tenfold::ring::Ring;
    ///
    /// let ring = Ring::new(["eu/1", "eu/2", "eu/3", "us/1", "us/2", "us/3"])?;
    /// let zone = |node: &&'static str| node.split_once('/').map(|(zone, _)| zone);
    /// let homes: Vec<_> = ring.replicas_by("user:42", 2, zone).collect();
    /// assert_ne!(zone(homes[0]), zone(homes[1]));
    /// # Ok::<(), tenfold::ring::Error>(())
    /// ```
    pub fn replicas_by<'r, K, F, Z>(&'r self, key: &K, n: usize, zone: F) -> ReplicasBy<'r, N, F, P>
    where
        K: ?Sized,
        P::Hash: KeyHash<K>,
        F: Fn(&'r N) -> Z,
        Z: PartialEq,
    {
        self.replicas_by_hash(P::Hash::key_hash(key), n, zone)
    }

    /// As [`replicas_by`](Self::replicas_by), for a key whose hash is known.
    pub fn replicas_by_hash<'r, F, Z>(
        &'r self,
        hash: u64,
        n: usize,
        zone: F,
    ) -> ReplicasBy<'r, N, F, P>
    where
        F: Fn(&'r N) -> Z,
        Z: PartialEq,
    {
        ReplicasBy {
            ring: self,
            zone,
            hash,
            walk: self.distinct(hash),
            left: n.min(self.alive()),
            round: 0,
            given: 0,
            passed: 0,
            zones: Zones {
                len: 0,
                node: [0; ZONES],
                seen: [0; ZONES],
                size: [0; ZONES],
                counted: Counted::NotYet,
            },
        }
    }
}

impl<'r, N, F, Z, P> ReplicasBy<'r, N, F, P>
where
    F: Fn(&'r N) -> Z,
    Z: PartialEq,
    P: Placement,
{
    /// The number of the zone of this node, if it is or can be remembered.
    fn zone_of(&mut self, index: usize) -> Option<usize> {
        let zone = (self.zone)(self.ring.node(index)?);
        let nodes = self.zones.node.iter().take(self.zones.len);
        let same = |node: &u32| {
            let node = self.ring.node(*node as usize);
            node.is_some_and(|node| (self.zone)(node) == zone)
        };
        if let Some(known) = nodes.into_iter().position(same) {
            return Some(known);
        }
        let place = self.zones.node.get_mut(self.zones.len)?;
        *place = index as u32;
        self.zones.len += 1;
        Some(self.zones.len - 1)
    }

    /// How many nodes of the same zone came up before this one, which comes up now.
    fn rank(&mut self, index: usize) -> u32 {
        let known = self.zone_of(index);
        if let Some(seen) = known.and_then(|zone| self.zones.seen.get_mut(zone)) {
            *seen += 1;
            return *seen - 1;
        }
        let zone = self.ring.node(index).map(&self.zone);
        let before = self
            .ring
            .distinct(self.hash)
            .take_while(|before| *before != index);
        before
            .filter(|before| self.ring.node(*before).map(&self.zone) == zone)
            .count() as u32
    }

    /// Counts the nodes of each zone.
    fn count(&mut self) {
        self.zones.counted = Counted::Yes;
        for index in 0..self.ring.len() {
            let has_weight = self
                .ring
                .members()
                .get(index)
                .is_some_and(|member| member.weight > 0);
            if !has_weight {
                continue;
            }
            let zone = self.zone_of(index);
            match zone.and_then(|zone| self.zones.size.get_mut(zone)) {
                Some(size) => *size += 1,
                None => self.zones.counted = Counted::TooMany,
            }
        }
    }

    /// Whether every zone that has so many nodes had its turn in this round.
    fn is_over(&self) -> bool {
        let sizes = self.zones.size.iter().take(self.zones.len);
        self.zones.counted == Counted::Yes
            && sizes.filter(|size| **size > self.round).count() <= self.given
    }
}

impl<'r, N, F, Z, P> Iterator for ReplicasBy<'r, N, F, P>
where
    F: Fn(&'r N) -> Z,
    Z: PartialEq,
    P: Placement,
{
    type Item = &'r N;

    fn next(&mut self) -> Option<&'r N> {
        while self.left > 0 {
            let next = if self.is_over() {
                None
            } else {
                self.walk.next()
            };
            let Some(index) = next else {
                if self.given == 0 {
                    self.left = 0;
                }
                (self.given, self.passed) = (0, 0);
                self.round += 1;
                self.zones.seen = [0; ZONES];
                self.walk.restart();
                continue;
            };
            if self.rank(index) == self.round {
                self.given += 1;
                self.left -= 1;
                return self.ring.node(index);
            }
            self.passed += 1;
            if self.passed == PATIENCE && self.zones.counted == Counted::NotYet {
                self.count();
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<N, F: Clone, P: Placement> Clone for ReplicasBy<'_, N, F, P> {
    fn clone(&self) -> Self {
        Self {
            zone: self.zone.clone(),
            walk: self.walk.clone(),
            ..*self
        }
    }
}

impl<N, F, P: Placement> fmt::Debug for ReplicasBy<'_, N, F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplicasBy")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
