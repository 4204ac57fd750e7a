//! Placements that agree, key by key, with another system's.
//!
//! Each hashes the [names](crate::ring::placement::Member::name) of nodes and the bytes of keys as that system does,
//! with that system's arithmetic. So they are the ones to take beside it, or to move away from it without moving data;
//! for anything new [`Native`](super::Native) and its neighbours share the load more evenly, or move less.

mod envoy_maglev;
mod envoy_ring;
mod hashes;
mod ketama;
mod listed;
mod nginx;

pub use envoy_maglev::{EnvoyMaglev, EnvoyMaglevTable};
pub use envoy_ring::{EnvoyRing, EnvoyRingTable};
pub use hashes::{Crc32Hash, KetamaHash, Xxh64Hash};
pub use ketama::Ketama;
pub use nginx::NginxConsistent;
