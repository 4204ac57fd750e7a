//! Loading: the laws of single flight as a user of the cache sees them, with threads and tasks, and without sleeping.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes astray should panic"
)]

#[path = "support/loading/mod.rs"]
mod loading;
