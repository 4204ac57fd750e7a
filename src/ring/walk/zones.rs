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

/// Zones for which there is room without an allocation.
const ZONES: usize = 32;
/// Candidates of no use in a round before zones are counted.
const PATIENCE: usize = 8;

/// Distinct nodes for one key, from as many zones as possible: made by [`Ring::replicas_by`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct ReplicasBy<'r, N, F, P: Placement = Native> {
    ring: &'r Ring<N, P>,
    zone: F,
    walk: Distinct<'r, P::Table>,
    left: usize,
    round: u32,
    /// Nodes given in this round, and candidates passed over.
    given: usize,
    passed: usize,
    zones: Zones,
}

/// What is known of a zone: one of its nodes, how many of them came up on this walk, and how many there are.
#[derive(Clone, Copy, Default)]
struct Zone {
    node: u32,
    seen: u32,
    size: u32,
}

#[derive(Clone)]
struct Zones {
    len: usize,
    first: [Zone; ZONES],
    /// Those behind the first.
    more: Vec<Zone>,
    /// Whether their sizes are known.
    counted: bool,
}

impl Zones {
    const fn new() -> Self {
        Self {
            len: 0,
            first: [Zone {
                node: 0,
                seen: 0,
                size: 0,
            }; ZONES],
            more: Vec::new(),
            counted: false,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.first.iter().take(self.len).chain(&self.more)
    }

    fn get(&mut self, zone: usize) -> Option<&mut Zone> {
        match zone.checked_sub(ZONES) {
            None => self.first.get_mut(zone),
            Some(behind) => self.more.get_mut(behind),
        }
    }

    fn push(&mut self, node: usize) -> usize {
        let zone = Zone {
            node: node as u32,
            ..Zone::default()
        };
        match self.first.get_mut(self.len) {
            Some(place) => *place = zone,
            None => self.more.push(zone),
        }
        self.len += 1;
        self.len - 1
    }
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
    /// Each round walks through the key's nodes anew, so few rounds are few walks. With more nodes asked for than there are
    /// zones, one pass over all nodes besides. `zone` is called for every node that is looked at and for each zone known so far, and should be cheap.
    /// Nothing allocates up to 32 zones, unless `zone` does; memory otherwise as for [`replicas`](Self::replicas).
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
            walk: self.distinct(hash),
            left: n.min(self.alive()),
            round: 0,
            given: 0,
            passed: 0,
            zones: Zones::new(),
        }
    }
}

impl<'r, N, F, Z, P> ReplicasBy<'r, N, F, P>
where
    F: Fn(&'r N) -> Z,
    Z: PartialEq,
    P: Placement,
{
    /// The zone of this node.
    fn zone_of(&mut self, index: usize) -> Option<&mut Zone> {
        let zone = (self.zone)(self.ring.node(index)?);
        let same = |known: &Zone| {
            let node = self.ring.node(known.node as usize);
            node.is_some_and(|node| (self.zone)(node) == zone)
        };
        let known = self.zones.iter().position(same);
        let number = known.unwrap_or_else(|| self.zones.push(index));
        self.zones.get(number)
    }

    /// How many nodes of the same zone came up before this one, which comes up now.
    fn rank(&mut self, index: usize) -> Option<u32> {
        let zone = self.zone_of(index)?;
        zone.seen += 1;
        Some(zone.seen - 1)
    }

    /// Counts the nodes of each zone.
    fn count(&mut self) {
        self.zones.counted = true;
        let members = self.ring.members().iter().enumerate();
        for (index, _) in members.filter(|(_, member)| member.weight > 0) {
            if let Some(zone) = self.zone_of(index) {
                zone.size += 1;
            }
        }
    }

    /// Whether every zone that has so many nodes had its turn in this round.
    fn is_over(&self) -> bool {
        let round = self.round;
        let left = || self.zones.iter().filter(|zone| zone.size > round).count();
        self.zones.counted && left() <= self.given
    }

    /// Begins a round at the owner.
    fn next_round(&mut self) {
        (self.given, self.passed) = (0, 0);
        self.round += 1;
        for zone in 0..self.zones.len {
            if let Some(zone) = self.zones.get(zone) {
                zone.seen = 0;
            }
        }
        self.walk.restart();
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
                self.next_round();
                continue;
            };
            if self.rank(index) == Some(self.round) {
                self.given += 1;
                self.left -= 1;
                return self.ring.node(index);
            }
            self.passed += 1;
            if self.passed == PATIENCE && !self.zones.counted {
                self.count();
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<'r, N, F, Z, P> std::iter::FusedIterator for ReplicasBy<'r, N, F, P>
where
    F: Fn(&'r N) -> Z,
    Z: PartialEq,
    P: Placement,
{
}

impl<N, F: Clone, P: Placement> Clone for ReplicasBy<'_, N, F, P> {
    fn clone(&self) -> Self {
        Self {
            zone: self.zone.clone(),
            walk: self.walk.clone(),
            zones: self.zones.clone(),
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
