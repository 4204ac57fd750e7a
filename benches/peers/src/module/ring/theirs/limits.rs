//! The least that any lookup does: hash the key, find the node in a list.

use std::net::SocketAddr;

use tenfold::hash::StableHash;

use crate::module::ring::table::Table;

/// The limit as it is usually written. A division of 64 bits takes some processors 10 ns.
pub(in crate::module::ring) struct Modulo(Vec<SocketAddr>);

impl Table for Modulo {
    type Handle<'t> = &'t [SocketAddr];

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self(nodes.to_vec()))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        Ok(Self([self.0.as_slice(), &[node]].concat()))
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
pub(in crate::module::ring) struct Scaled(Modulo);

impl Table for Scaled {
    type Handle<'t> = &'t [SocketAddr];

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Modulo::build(nodes).map(Self)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
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
