//! Mechanisms that every module shares, each solved once.
//!
//! Nothing here knows about rings, caches or pools. The rooms that users need in their own code (time, hashing, random
//! numbers, histograms, published values) are re-exported at the top of the crate; the others stay private.

pub mod clock;
pub mod hash;
pub mod histogram;
pub mod rng;
pub mod snapshot;

pub(crate) mod asymmetric;
pub(crate) mod backoff;
pub(crate) mod counters;
pub(crate) mod dice;
pub(crate) mod error;
#[cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unused_imports, reason = "some names are for the model checkers")
)]
#[cfg_attr(
    not(any(test, tenfold_loom, tenfold_shuttle)),
    expect(dead_code, reason = "some of it is for tests")
)]
pub(crate) mod flight;
pub(crate) mod pins;
pub(crate) mod seqlock;
pub(crate) mod sketch;
pub(crate) mod slab;
pub(crate) mod sync;
pub(crate) mod threads;
pub(crate) mod upkeep;
pub(crate) mod version;
pub(crate) mod wait;
pub(crate) mod wheel;
pub(crate) mod workers;

#[cfg(any(tenfold_loom, tenfold_shuttle))]
pub use sync::Arc;
#[cfg(tenfold_loom)]
pub use threads::leave;
