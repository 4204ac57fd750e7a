//! New rings from old ones.

use super::placement::Member;
use super::{Error, Placement, Ring};
use crate::kernel::hash::StableKey;

/// # Changes
///
/// Each makes a new ring and leaves this one as it is. [`plan`](Ring::plan) tells what moves between the two.
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
        let id = node.stable_hash();
        let second = u32::try_from(self.len()).unwrap_or(u32::MAX);
        if let Some(first) = self.index_of_id(id) {
            return Err(Error::DuplicateNode {
                first: u32::try_from(first).unwrap_or(u32::MAX),
                second,
            });
        }
        let (mut nodes, mut members) = (self.list().to_vec(), self.members().to_vec());
        nodes.push(node);
        members.push(Member::new(id, weight));
        Self::build(nodes, members, self.config().clone())
    }

    /// A ring in which `node` has this weight. Weight zero takes all keys from it and keeps it on the list.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNode`] if it is not there; what the placement refuses.
    pub fn with_weight(&self, node: &N, weight: u32) -> Result<Self, Error> {
        let index = self
            .index_of_id(node.stable_hash())
            .ok_or(Error::UnknownNode)?;
        let mut members = self.members().to_vec();
        if let Some(member) = members.get_mut(index) {
            member.weight = weight;
        }
        Self::build(self.list().to_vec(), members, self.config().clone())
    }

    /// A ring without `node`. The last node of the list takes its place in it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNode`] if it is not there.
    pub fn without(&self, node: &N) -> Result<Self, Error> {
        let index = self
            .index_of_id(node.stable_hash())
            .ok_or(Error::UnknownNode)?;
        let (mut nodes, mut members) = (self.list().to_vec(), self.members().to_vec());
        nodes.swap_remove(index);
        members.swap_remove(index);
        Self::build(nodes, members, self.config().clone())
    }
}

impl<N: StableKey, P: Placement> Ring<N, P> {
    /// Whether `node` is in the ring, also with weight zero.
    #[must_use]
    pub fn contains(&self, node: &N) -> bool {
        self.index_of_id(node.stable_hash()).is_some()
    }

    /// The weight of `node`, or `None` if it is not in the ring.
    #[must_use]
    pub fn weight(&self, node: &N) -> Option<u32> {
        self.members()
            .get(self.index_of_id(node.stable_hash())?)
            .map(|member| member.weight)
    }
}

impl<N, P: Placement> Ring<N, P> {
    fn index_of_id(&self, id: u64) -> Option<usize> {
        self.members().iter().position(|member| member.id == id)
    }
}
