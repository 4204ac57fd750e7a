//! New rings from old ones.

use super::placement::Member;
use super::{Error, Placement, Ring};
use crate::kernel::hash::StableKey;

/// # Changes
///
/// Each makes a new ring and leaves this one as it is. Most placements work the new table out from scratch; [`Native`](super::Native) merges
/// what changed into what stays, and those that move least by remembering go on from the table that is there. [`plan`](Ring::plan) tells what moves between the two.
impl<N: StableKey + Clone, P: Placement + Clone> Ring<N, P> {
    /// A ring that has `node` as well, with weight 1.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateNode`] if it is there already; what the placement refuses.
    pub fn with(&self, node: N) -> Result<Self, Error> {
        self.with_weighted(node, 1)
    }

    /// A ring that has `node` as well, with this weight.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateNode`] if it is there already; what the placement refuses.
    pub fn with_weighted(&self, node: N, weight: u32) -> Result<Self, Error> {
        let member = Member::of(&node, weight, self.config().placement.by_name());
        let second = u32::try_from(self.len()).unwrap_or(u32::MAX);
        if let Some(first) = self.index_of(&node) {
            return Err(Error::DuplicateNode {
                first: u32::try_from(first).unwrap_or(u32::MAX),
                second,
            });
        }
        let (mut nodes, mut members) = (self.list().to_vec(), self.members().to_vec());
        nodes.push(node);
        members.push(member);
        self.rebuild(nodes, members)
    }

    /// A ring in which `node` has this weight. Weight zero takes all keys from it and keeps it on the list.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNode`] if it is not there; what the placement refuses.
    pub fn with_weight<K: StableKey + ?Sized>(&self, node: &K, weight: u32) -> Result<Self, Error> {
        let index = self.index_of(node).ok_or(Error::UnknownNode)?;
        let mut members = self.members().to_vec();
        if let Some(member) = members.get_mut(index) {
            member.weight = weight;
        }
        self.rebuild(self.list().to_vec(), members)
    }

    /// A ring without `node`. The last node of the same weight takes its place in the order of nodes: indices change,
    /// and in a [`Jump`](super::Jump) ring owners with them.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNode`] if it is not there; what the placement refuses.
    pub fn without<K: StableKey + ?Sized>(&self, node: &K) -> Result<Self, Error> {
        let index = self.index_of(node).ok_or(Error::UnknownNode)?;
        let (mut nodes, mut members) = (self.list().to_vec(), self.members().to_vec());
        let weight = members.get(index).map(|member| member.weight);
        let last = members
            .iter()
            .rposition(|member| Some(member.weight) == weight)
            .unwrap_or(index);
        nodes.swap(index, last);
        members.swap(index, last);
        nodes.remove(last);
        members.remove(last);
        self.rebuild(nodes, members)
    }
}

/// # Members
///
/// Nodes are known by their stable hash, so a ring of `String`s can be asked for a `str`. Each call looks through the list.
impl<N, P: Placement> Ring<N, P> {
    /// Whether `node` is in the ring, also with weight zero.
    #[must_use]
    pub fn contains<K: StableKey + ?Sized>(&self, node: &K) -> bool {
        self.index_of(node).is_some()
    }

    /// The weight of `node`, or `None` if it is not in the ring.
    #[must_use]
    pub fn weight<K: StableKey + ?Sized>(&self, node: &K) -> Option<u32> {
        self.members()
            .get(self.index_of(node)?)
            .map(|member| member.weight)
    }

    fn index_of<K: StableKey + ?Sized>(&self, node: &K) -> Option<usize> {
        let id = node.stable_hash();
        self.members().iter().position(|member| member.id == id)
    }
}
