//! Lookups that ask whether a node is up.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use tenfold::ring::Ring;

use super::text;
use crate::module::ring::table::Table;

/// A ring and the health of its nodes, as a checker beside it would note it. All are up, so the owner answers.
pub(in crate::module::ring) struct Healthy {
    ring: Ring<SocketAddr>,
    up: Vec<AtomicBool>,
}

impl Healthy {
    fn new(ring: Ring<SocketAddr>) -> Self {
        let up = ring.nodes().map(|_| AtomicBool::new(true)).collect();
        Self { ring, up }
    }
}

impl Table for Healthy {
    type Handle<'t> = &'t Self;

    fn build(nodes: &[SocketAddr]) -> Result<Self, String> {
        Ring::new(nodes.iter().copied())
            .map(Self::new)
            .map_err(text)
    }

    fn with(&self, node: SocketAddr) -> Result<Self, String> {
        self.ring.with(node).map(Self::new).map_err(text)
    }

    fn handle(&self) -> Self::Handle<'_> {
        self
    }

    fn locate(healthy: &mut Self::Handle<'_>, key: &u64) -> Option<u16> {
        let Self { ring, up } = healthy;
        let is_up = |index: usize| up.get(index).is_some_and(|up| up.load(Ordering::Relaxed));
        ring.locate_where(key, |index, _| is_up(index))
            .map(SocketAddr::port)
    }
}
