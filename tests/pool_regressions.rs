//! Defects that a pool must not have: those of other pools, by name, and those that this one had.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[path = "support/pooling/found.rs"]
mod found;
#[path = "support/pooling/named.rs"]
mod named;
#[expect(dead_code, unused_imports, reason = "other tests need the rest")]
#[path = "support/pooling/mod.rs"]
mod pooling;
