//! Mechanisms that every module shares, each solved once.
//!
//! Nothing here knows about rings, caches or pools. The rooms that users need in their own code (time, hashing, random
//! numbers, histograms, published values) are re-exported at the top of the crate; the others stay private.

pub mod clock;
pub mod hash;
pub mod histogram;
pub mod rng;
pub mod snapshot;

pub(crate) mod counters;
pub(crate) mod error;
pub(crate) mod pins;
pub(crate) mod slab;
pub(crate) mod sync;
pub(crate) mod threads;
#[cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(dead_code, reason = "the rate limiter is the first that waits")
)]
#[cfg_attr(
    not(any(test, tenfold_loom, tenfold_shuttle)),
    expect(unused_imports, reason = "the rate limiter is the first that waits")
)]
pub(crate) mod upkeep;
#[cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(
        dead_code,
        unused_imports,
        reason = "the rate limiter is the first that waits"
    )
)]
pub(crate) mod wait;
pub(crate) mod wheel;

#[cfg(any(tenfold_loom, tenfold_shuttle))]
pub use sync::Arc;
#[cfg(tenfold_loom)]
pub use threads::leave;
