//! Every interleaving of small models of single flight: fences, hand-overs, and leaders that come late.
//!
//! Each model survives as it is, and fails with a fault.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom_flight --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes astray should panic"
)]

#[path = "support/explore.rs"]
mod explore;
#[path = "support/flying/mod.rs"]
mod flying;
#[path = "support/red.rs"]
mod red;
