//! Rendezvous hashing. Both crates rank all nodes for every key, in a list that they allocate.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::SocketAddr;

use hrw_hash::{HrwNode, HrwNodes};
use rendezvous_hash::{KeyValueNode, NodeHasher, RendezvousNodes};

use crate::hasher::{BuildXxh3, Xxh3};
use crate::module::ring::table::Table;

/// rendezvous_hash, for nodes of equal weight. It hashes the node with every key, so nodes get identifiers that are
/// hashed already.
pub(in crate::module::ring) struct Rendezvous(RendezvousNodes<Identified, ItemThenNode>);

type Identified = KeyValueNode<u64, SocketAddr>;

/// The order of the crate's own hasher, with another hash function.
pub(in crate::module::ring) struct ItemThenNode;

impl NodeHasher<u64> for ItemThenNode {
    fn hash<T: Hash>(&self, node: &u64, item: &T) -> u64 {
        let mut hasher = Xxh3::default();
        item.hash(&mut hasher);
        node.hash(&mut hasher);
        hasher.finish()
    }
}

impl Rendezvous {
    fn new(nodes: impl Iterator<Item = SocketAddr>) -> Self {
        let mut ranked = RendezvousNodes::new(ItemThenNode);
        ranked.extend(nodes.map(|node| KeyValueNode::new(BuildXxh3.hash_one(node), node)));
        Self(ranked)
    }
}

impl Table for Rendezvous {
    type Handle<'t> = &'t RendezvousNodes<Identified, ItemThenNode>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self::new(nodes.iter().copied()))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        let nodes = self.0.iter().map(|node| node.value);
        Ok(Self::new(nodes.chain([node])))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(nodes: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        nodes
            .calc_candidates(key)
            .next()
            .map(|node| node.value.port())
    }
}

/// hrw-hash, which hashes nodes once and mixes that with the hash of the key. It offers no change of one node, so that
/// is a new list.
pub(in crate::module::ring) struct Hrw(HrwNodes<Node, BuildXxh3>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::module::ring) struct Node(SocketAddr);

impl HrwNode for Node {}

impl Hrw {
    fn new(nodes: impl Iterator<Item = Node>) -> Self {
        Self(HrwNodes::with_build_hasher(BuildXxh3, nodes))
    }
}

impl Table for Hrw {
    type Handle<'t> = &'t HrwNodes<Node, BuildXxh3>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self::new(nodes.iter().copied().map(Node)))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        // Any key ranks all of them.
        let nodes = self.0.sorted(&0_u64).copied();
        Ok(Self::new(nodes.chain([Node(node)])))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(nodes: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        nodes.sorted(key).next().map(|node| node.0.port())
    }
}
