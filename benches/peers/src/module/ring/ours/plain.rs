//! Rings as they are, asked with the key or with its hash.

use std::net::SocketAddr;

use tenfold::ring::Ring;

use super::{Recipe, text};
use crate::module::ring::table::Table;

/// A ring with all defaults, asked with the key.
pub(in crate::module::ring) struct Native(Ring<SocketAddr>);

impl Table for Native {
    type Handle<'t> = &'t Ring<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::new(nodes.iter().copied()).map(Self).map_err(text)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self).map_err(text)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.locate(key).map(SocketAddr::port)
    }
}

/// Another placement, asked with the key.
pub(in crate::module::ring) struct Other<R: Recipe>(Ring<SocketAddr, R::Placement>);

impl<R: Recipe> Table for Other<R> {
    type Handle<'t> = &'t Ring<SocketAddr, R::Placement>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::builder()
            .nodes(nodes.iter().copied())
            .placement(R::for_nodes(nodes.len()))
            .build()
            .map(Self)
            .map_err(text)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self).map_err(text)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.locate(key).map(SocketAddr::port)
    }
}

/// Any placement, asked with a hash that the caller has already: the keys of the benchmark are used as hashes.
pub(in crate::module::ring) struct Hashed<R: Recipe>(Other<R>);

impl<R: Recipe> Table for Hashed<R> {
    type Handle<'t> = &'t Ring<SocketAddr, R::Placement>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Other::build(nodes).map(Self)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.handle()
    }

    fn locate(ring: &mut Self::Handle<'_>, hash: &u64) -> Option<u16> {
        ring.locate_hash(*hash).map(SocketAddr::port)
    }
}
