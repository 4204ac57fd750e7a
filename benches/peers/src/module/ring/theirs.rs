//! The peers and the limit behind the trait.

use std::net::SocketAddr;

use ::maglev::ConsistentHasher;
use jumphash::CustomJumpHasher;
use pingora_ketama::{Bucket, Continuum};
use tenfold::hash::StableHash;

use super::table::Table;
use crate::hasher::{BuildXxh3, Xxh3};

/// Points per node, as pingora-ketama has them built in.
const POINTS: usize = 160;

/// nginx's ring: 160 points of weight one, CRC-32 of the key's bytes. It offers no change of one node, so that is a new
/// ring.
pub(super) struct Ketama {
    nodes: Vec<SocketAddr>,
    ring: Continuum,
}

impl Table for Ketama {
    type Handle<'t> = &'t Continuum;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        let buckets: Vec<_> = nodes.iter().map(|node| Bucket::new(*node, 1)).collect();
        Ok(Self {
            nodes: nodes.to_vec(),
            ring: Continuum::new(&buckets),
        })
    }

    fn with(mut self, node: SocketAddr) -> Result<Self, String> {
        self.nodes.push(node);
        Self::build(&self.nodes)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.ring
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.node(&key.to_le_bytes()).map(|node| node.port())
    }
}

/// hashring has no points of its own; this is its documentation's way to give every node some.
pub(super) struct HashRing(hashring::HashRing<Point, BuildXxh3>);

#[derive(Hash)]
pub(super) struct Point {
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

    fn with(mut self, node: SocketAddr) -> Result<Self, String> {
        self.0.batch_add(points(node).collect());
        Ok(self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.get(key).map(|point| point.node.port())
    }
}

/// A Maglev table of at least `SIZE` entries; zero leaves the size to the crate. It offers no change of one node, and
/// its documentation asks to build the new table in the size of the old.
pub(super) struct Maglev<const SIZE: usize>(::maglev::Maglev<SocketAddr, BuildXxh3>);

impl<const SIZE: usize> Table for Maglev<SIZE> {
    type Handle<'t> = &'t ::maglev::Maglev<SocketAddr, BuildXxh3>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        let nodes = nodes.iter().copied();
        Ok(Self(::maglev::Maglev::with_capacity_and_hasher(
            nodes, SIZE, BuildXxh3,
        )))
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
        let nodes = self.0.nodes().iter().copied().chain([node]);
        let capacity = self.0.capacity();
        Ok(Self(::maglev::Maglev::with_capacity_and_hasher(
            nodes, capacity, BuildXxh3,
        )))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(table: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        table.get(key).map(SocketAddr::port)
    }
}

/// Jump hashing gives a number; the list of nodes is the caller's.
pub(super) struct Jump {
    nodes: Vec<SocketAddr>,
    hasher: CustomJumpHasher<Xxh3>,
}

impl Table for Jump {
    type Handle<'t> = &'t Self;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self {
            nodes: nodes.to_vec(),
            hasher: CustomJumpHasher::new(Xxh3::default()),
        })
    }

    fn with(mut self, node: SocketAddr) -> Result<Self, String> {
        self.nodes.push(node);
        Ok(self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn locate(jump: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        let number = jump.hasher.slot(key, jump.nodes.len() as u32);
        jump.nodes.get(number as usize).map(SocketAddr::port)
    }
}

/// AnchorHash, with room to grow by a quarter: how far it may ever grow has to be said when it is built.
pub(super) struct Anchor(anchorhash::AnchorHash<u64, SocketAddr, BuildXxh3>);

impl Table for Anchor {
    type Handle<'t> = &'t anchorhash::AnchorHash<u64, SocketAddr, BuildXxh3>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        let capacity =
            u16::try_from(nodes.len() + nodes.len() / 4 + 1).map_err(|error| error.to_string())?;
        let builder =
            anchorhash::Builder::with_hasher(BuildXxh3).with_resources(nodes.iter().copied());
        Ok(Self(builder.build(capacity)))
    }

    fn with(mut self, node: SocketAddr) -> Result<Self, String> {
        self.0
            .add_resource(node)
            .map_err(|error| error.to_string())?;
        Ok(self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(anchor: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        anchor.get_resource(*key).map(SocketAddr::port)
    }
}

/// The limit as it is usually written. A division of 64 bits takes some processors 10 ns.
pub(super) struct Modulo(Vec<SocketAddr>);

impl Table for Modulo {
    type Handle<'t> = &'t [SocketAddr];

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self(nodes.to_vec()))
    }

    fn with(mut self, node: SocketAddr) -> Result<Self, String> {
        self.0.push(node);
        Ok(self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(nodes: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        let index = StableHash::u64(*key).checked_rem(nodes.len() as u64)?;
        nodes.get(index as usize).map(SocketAddr::port)
    }
}

/// The limit without a division: the high half of a product.
pub(super) struct Scaled(Modulo);

impl Table for Scaled {
    type Handle<'t> = &'t [SocketAddr];

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Modulo::build(nodes).map(Self)
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.handle()
    }

    fn locate(nodes: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        let product = u128::from(StableHash::u64(*key)) * nodes.len() as u128;
        nodes.get((product >> 64) as usize).map(SocketAddr::port)
    }
}
