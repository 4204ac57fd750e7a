//! Lookups that count what they send to a node.

use std::net::SocketAddr;

use tenfold::ring::{self, Ring};

use super::text;
use crate::module::ring::table::Table;

/// A ring with bounded loads, asked for a lease that ends at once: at any time there are as many leases as threads, so
/// hardly any goes to another node than the owner.
pub(in crate::module::ring) struct Bounded(ring::Bounded<SocketAddr>);

/// The factor that the documentation begins with.
const FACTOR: f64 = 1.25;

impl Bounded {
    fn new(ring: Ring<SocketAddr>) -> Result<Self, ring::Error> {
        ring::Bounded::new(ring, FACTOR).map(Self)
    }
}

impl Table for Bounded {
    type Handle<'t> = &'t ring::Bounded<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::new(nodes.iter().copied())
            .and_then(Self::new)
            .map_err(text)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        self.0.ring().with(node).and_then(Self::new).map_err(text)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(bounded: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        bounded.lease(key).map(|lease| lease.node().port())
    }
}
