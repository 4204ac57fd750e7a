//! AnchorHash.

use std::net::SocketAddr;

use anchorhash::{AnchorHash, Builder};

use crate::hasher::BuildXxh3;
use crate::module::ring::table::{self, Table};

/// anchorhash. How far it may ever grow has to be said when it is built. It adds to the table that is there, so a new
/// table beside the old one is a clone.
pub(in crate::module::ring) struct Anchor(AnchorHash<u64, SocketAddr, BuildXxh3>);

impl Table for Anchor {
    type Handle<'t> = &'t AnchorHash<u64, SocketAddr, BuildXxh3>;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        let builder = Builder::with_hasher(BuildXxh3).with_resources(nodes.iter().copied());
        Ok(Self(builder.build(table::capacity(nodes.len()))))
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        let mut anchor = self.0.clone();
        anchor
            .add_resource(node)
            .map_err(|error| error.to_string())?;
        Ok(Self(anchor))
    }

    fn handle(&self) -> Self::Handle<'_> {
        &self.0
    }

    fn locate(anchor: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        anchor.get_resource(*key).map(SocketAddr::port)
    }
}
