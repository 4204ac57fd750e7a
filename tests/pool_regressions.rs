//! Defects that a pool must not have: those of other pools, by name, and those that this one had.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[path = "support/pooling/found.rs"]
mod found;
#[path = "support/pooling/mod.rs"]
mod pooling;
