//! tenfold's placements behind the trait.

use std::net::SocketAddr;

use tenfold::hash::StableHash;
use tenfold::ring::{self, Placement, Ring, SharedRing};

use super::table::Table;

fn text(error: ring::Error) -> String {
    error.to_string()
}

/// A ring with all defaults, asked with the key.
pub(super) struct Native(Ring<SocketAddr>);

impl Table for Native {
    type Handle<'t> = &'t Ring<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::new(nodes.iter().copied()).map(Self).map_err(text)
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self).map_err(text)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(ring: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        ring.locate(key).map(SocketAddr::port)
    }
}

/// A placement that a table can be made with.
pub(super) trait Placed: Placement<Hash = StableHash> + Clone + Default + 'static {}

impl<P: Placement<Hash = StableHash> + Clone + Default + 'static> Placed for P {}

/// Another placement with its defaults, asked with the key.
pub(super) struct Other<P: Placement>(Ring<SocketAddr, P>);

impl<P: Placed> Table for Other<P> {
    type Handle<'t> = &'t Ring<SocketAddr, P>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::builder()
            .nodes(nodes.iter().copied())
            .placement(P::default())
            .build()
            .map(Self)
            .map_err(text)
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
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
pub(super) struct Hashed<P: Placement>(Other<P>);

impl<P: Placed> Table for Hashed<P> {
    type Handle<'t> = &'t Ring<SocketAddr, P>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Other::build(nodes).map(Self)
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.handle()
    }

    fn locate(ring: &mut Self::Handle<'_>, hash: &u64) -> Option<u16> {
        ring.locate_hash(*hash).map(SocketAddr::port)
    }
}

/// A ring whose membership may change meanwhile.
pub(super) struct Shared(SharedRing<SocketAddr>);

impl Table for Shared {
    type Handle<'t> = &'t SharedRing<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::new(nodes.iter().copied())
            .map(SharedRing::new)
            .map(Self)
            .map_err(text)
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
        self.0.add(node).map_err(text)?;
        Ok(self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(shared: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        shared.read(|ring| ring.locate(key).map(SocketAddr::port))
    }
}

/// The same, through a reader that each thread keeps.
pub(super) struct Reading(Shared);

impl Table for Reading {
    type Handle<'t> = ring::Reader<SocketAddr>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Shared::build(nodes).map(Self)
    }

    fn with(self, node: SocketAddr) -> Result<Self, String> {
        self.0.with(node).map(Self)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self.0.0.reader()
    }

    fn locate(reader: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        reader.locate(key).map(SocketAddr::port)
    }
}
