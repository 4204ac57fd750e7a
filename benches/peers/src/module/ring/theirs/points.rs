//! Rings of points.

use std::net::SocketAddr;

use pingora_ketama::{Bucket, Continuum};

use crate::hasher::BuildXxh3;
use crate::module::ring::table::Table;

/// Points per node, as pingora-ketama has them built in.
const POINTS: usize = 160;

/// nginx's ring: 160 points of weight one, CRC-32 of the key's bytes. It offers no change of one node, so that is a new
/// ring.
pub(in crate::module::ring) struct Ketama {
    nodes: Vec<SocketAddr>,
    ring: Continuum,
}

impl Ketama {
    fn new(nodes: Vec<SocketAddr>) -> Self {
        let buckets: Vec<_> = nodes.iter().map(|node| Bucket::new(*node, 1)).collect();
        Self {
            nodes,
            ring: Continuum::new(&buckets),
        }
    }
}

impl Table for Ketama {
    type Handle<'t> = &'t Continuum;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self::new(nodes.to_vec()))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        Ok(Self::new([self.nodes.as_slice(), &[node]].concat()))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.ring
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.node(&key.to_le_bytes()).map(|node| node.port())
    }
}

/// hashring has no points of its own; this is its documentation's way to give every node some. It adds to the ring that
/// is there, so a new ring beside the old one is a clone, which for points like these copies one block of memory.
pub(in crate::module::ring) struct HashRing(hashring::HashRing<Point, BuildXxh3>);

#[derive(Clone, Copy, Hash)]
pub(in crate::module::ring) struct Point {
    number: usize,
    node: SocketAddr,
}

fn points(node: SocketAddr) -> impl Iterator<Item = Point> {
    (0..POINTS).map(move |number| Point { number, node })
}

impl Table for HashRing {
    type Handle<'t> = &'t hashring::HashRing<Point, BuildXxh3>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        let mut ring = hashring::HashRing::with_hasher(BuildXxh3);
        ring.batch_add(nodes.iter().copied().flat_map(points).collect());
        Ok(Self(ring))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        let mut ring = self.0.clone();
        ring.batch_add(points(node).collect());
        Ok(Self(ring))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.get(key).map(|point| point.node.port())
    }
}
