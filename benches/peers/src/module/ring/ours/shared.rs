//! Rings whose membership may change meanwhile.

use std::net::SocketAddr;

use tenfold::ring::{self, Ring, SharedRing};

use super::text;
use crate::module::ring::table::Table;

/// A shared ring, asked through itself.
pub(in crate::module::ring) struct Shared(SharedRing<SocketAddr>);

impl Table for Shared {
    type Handle<'t> = &'t SharedRing<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::new(nodes.iter().copied())
            .map(SharedRing::new)
            .map(Self)
            .map_err(text)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        let shared = SharedRing::new(self.0.load());
        shared.add(node).map_err(text)?;
        Ok(Self(shared))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(shared: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        shared.read(|ring| ring.locate(key).map(SocketAddr::port))
    }
}

/// The same, through a reader that each thread keeps.
pub(in crate::module::ring) struct Reading(Shared);

impl Table for Reading {
    type Handle<'t> = ring::Reader<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Shared::build(nodes).map(Self)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.0.reader()
    }

    fn locate(reader: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        reader.locate(key).map(SocketAddr::port)
    }
}
