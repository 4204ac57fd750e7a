//! Scalability primitives for services that must take ten times the load.
//!
//! Take one module and ignore the rest; learn one and know them all: the same names, the same errors, one clock.
//!
//! | module | answers | type |
//! |---|---|---|
//! | [`balance`] ([guide](guide::balance)) | which backend takes the next request? | [`balance::Balancer`] |
//! | [`cache`] ([guide](guide::cache)) | what is kept, for how long, and who loads what is missing? | [`cache::MemoryCache`] |
//! | [`health`] ([guide](guide::health)) | which backends are in order? | [`health::Monitor`], [`health::Outlier`] |
//! | [`limit`] ([guide](guide::limit)) | may this request pass, and if not, when? | [`limit::TokenBucket`], [`limit::Keyed`] |
//! | [`pool`] ([guide](guide::pool)) | who has which connection, and how many are there? | [`pool::Pool`] |
//! | [`ring`] ([guide](guide::ring)) | which node owns this key, and what moves when nodes change? | [`ring::Ring`] |
//!
//! What other crates have to do with it is in [`adapt`], behind features.
//!
//! What the modules are built from is of use in your own code too:
//!
//! | module | answers | type |
//! |---|---|---|
//! | [`clock`] | what time is it, also in a test? | [`clock::MonotonicClock`], [`clock::ManualClock`] |
//! | [`hash`] | which hash may decide where data lives? | [`hash::StableHash`] |
//! | [`histogram`] | how slow are the slowest? | [`histogram::Histogram`] |
//! | [`snapshot`] | how do many threads read what changes rarely? | [`snapshot::Snapshot`] |
//! | [`rng`] | what are repeatable random numbers? | [`rng::Rng`] |
//!
//! ```
//! use tenfold::ring::Ring;
//!
//! let ring = Ring::new(["cache-1", "cache-2", "cache-3"])?;
//! let owner = ring.locate("user:42");
//! assert!(owner.is_some());
//!
//! // A fourth node takes a quarter of the keys, and nothing else moves.
//! let grown = ring.with("cache-4")?;
//! let moved = ring.plan(&grown)?.moved_fraction();
//! assert!((0.15..0.35).contains(&moved));
//! # Ok::<(), tenfold::ring::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `serde` | on | `Serialize` and `Deserialize` for configurations, statistics, rings and snapshots of caches |
//! | `bb8`, `r2d2` | off | pools of connections by managers that were written for those crates: [`adapt`] |
//! | `postgres`, `redis`, `sqlite` | off | managers of connections to PostgreSQL, Redis and SQLite: [`adapt`] |
//! | `tokio` | off | the runtime for what a pool does in the background: [`adapt`] |
//!
//! A feature only adds items; none changes how something behaves.
//!
//! # Guarantees
//!
//! No call panics, whatever its arguments. Nothing grows without a bound that its documentation states. No user code runs
//! under a lock. Unsafe code is confined to the files listed in `docs/design/unsafe.md`.
#![cfg_attr(tenfold_docsrs, feature(doc_cfg))]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("tenfold needs 64-bit atomic operations");

mod error;
mod kernel;

pub mod adapt;
pub mod balance;
pub mod cache;
pub mod health;
pub mod limit;
pub mod pool;
pub mod ring;

pub use error::Error;
pub use kernel::error::Refusal;
pub use kernel::{clock, hash, histogram, rng, snapshot};

/// The guide to each module, compiled with the examples in it.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("../docs/guide/balance.md")]
    pub mod balance {}
    #[doc = include_str!("../docs/guide/cache.md")]
    pub mod cache {}
    #[doc = include_str!("../docs/guide/health.md")]
    pub mod health {}
    #[doc = include_str!("../docs/guide/limit.md")]
    pub mod limit {}
    #[doc = include_str!("../docs/guide/pool.md")]
    pub mod pool {}
    #[doc = include_str!("../docs/guide/ring.md")]
    pub mod ring {}
}

/// Problems and what to do about them, compiled with the examples in them.
#[cfg(any(doc, doctest))]
pub mod problems {
    #[doc = include_str!("../docs/problems/hot_key.md")]
    pub mod hot_key {}
    #[doc = include_str!("../docs/problems/pool_exhaustion.md")]
    pub mod pool_exhaustion {}
    #[doc = include_str!("../docs/problems/stale_reads.md")]
    pub mod stale_reads {}
    #[doc = include_str!("../docs/problems/stampede.md")]
    pub mod stampede {}
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub mod readme {}

/// Private mechanisms, for the model checkers only.
#[cfg(any(tenfold_loom, tenfold_shuttle))]
#[doc(hidden)]
pub mod __kernel {
    #[cfg(tenfold_loom)]
    pub use crate::cache::{Kept, Rack};
    pub use crate::kernel::Arc;
    pub use crate::kernel::counters::Counters;
    pub use crate::kernel::flight::{
        Boarding, Convoy, Debris, Denied, Flight, FlightTable, Freight, Leader, Outcome, Passenger,
        Rules, Token,
    };
    #[cfg(tenfold_loom)]
    pub use crate::kernel::leave;
    pub use crate::kernel::seqlock::SeqLock;
    pub use crate::kernel::upkeep::{Deadline, Nudger, Periodic, Upkeep};
    pub use crate::kernel::version::{VersionLock, Writing};
    pub use crate::kernel::wait::{Full, Ticket, Turns, WaitQueue, block_on};
}
