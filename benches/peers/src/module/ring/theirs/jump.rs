//! Jump consistent hashing.

use std::net::SocketAddr;

use jumphash::CustomJumpHasher;

use crate::hasher::Xxh3;
use crate::module::ring::table::Table;

/// Jump hashing gives a number; the list of nodes is the caller's.
pub(in crate::module::ring) struct Jump {
    nodes: Vec<SocketAddr>,
    hasher: CustomJumpHasher<Xxh3>,
}

impl Jump {
    fn new(nodes: Vec<SocketAddr>) -> Self {
        Self {
            nodes,
            hasher: CustomJumpHasher::new(Xxh3::default()),
        }
    }
}

impl Table for Jump {
    type Handle<'t> = &'t Self;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self::new(nodes.to_vec()))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        Ok(Self::new([self.nodes.as_slice(), &[node]].concat()))
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn locate(jump: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        let number = jump.hasher.slot(key, jump.nodes.len() as u32);
        jump.nodes.get(number as usize).map(SocketAddr::port)
    }
}
