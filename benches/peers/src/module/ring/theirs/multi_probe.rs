//! Multi-probe consistent hashing.

use std::net::SocketAddr;

use crate::module::ring::table::Table;

/// mpchash: 23 probes and XXH3-64, both built in. Its nodes are in a concurrent skip list, and a clone shares them with
/// the original; so a table beside the old one is a new one.
pub(in crate::module::ring) struct MultiProbe(mpchash::HashRing<SocketAddr>);

impl MultiProbe {
    fn new(nodes: impl Iterator<Item = SocketAddr>) -> Self {
        let ring = mpchash::HashRing::new();
        nodes.for_each(|node| ring.add(node));
        Self(ring)
    }
}

impl Table for MultiProbe {
    type Handle<'t> = &'t mpchash::HashRing<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ok(Self::new(nodes.iter().copied()))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        // Any key has all of them for replicas.
        let all = self.0.replicas(&0_u64, self.0.len());
        Ok(Self::new(
            all.iter().map(|token| *token.node()).chain([node]),
        ))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.node(key).map(|token| token.node().port())
    }
}
