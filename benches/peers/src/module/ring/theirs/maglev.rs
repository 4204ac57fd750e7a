//! Maglev tables.

use std::net::SocketAddr;

use ::maglev::ConsistentHasher;

use crate::hasher::BuildXxh3;
use crate::module::ring::table::Table;

/// A Maglev table of at least `SIZE` entries; zero leaves the size to the crate. It offers no change of one node, and
/// its documentation asks to build the new table in the size of the old.
pub(in crate::module::ring) struct Maglev<const SIZE: usize>(Inner);

type Inner = ::maglev::Maglev<SocketAddr, BuildXxh3>;

impl<const SIZE: usize> Table for Maglev<SIZE> {
    type Handle<'t> = &'t Inner;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        let nodes = nodes.iter().copied();
        Ok(Self(Inner::with_capacity_and_hasher(
            nodes, SIZE, BuildXxh3,
        )))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        let nodes = self.0.nodes().iter().copied().chain([node]);
        let capacity = self.0.capacity();
        Ok(Self(Inner::with_capacity_and_hasher(
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
