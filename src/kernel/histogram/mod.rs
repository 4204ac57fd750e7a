//! Distributions of latencies and sizes: recorded by many threads, read as percentiles.
//!
//! ```
//! use std::time::Duration;
//! use tenfold::histogram::Histogram;
//!
//! let latency = Histogram::new();
//! for ms in 1..=1000 {
//!     latency.record_duration(Duration::from_millis(ms));
//! }
//! let seen = latency.distribution();
//! let p99 = Duration::from_nanos(seen.quantile(0.99));
//! assert!((980..=1000).contains(&p99.as_millis()));
//! ```
//!
//! # Error
//!
//! Values up to 127 are exact. A larger value is known to within 1/128 of itself (0.8 %): a bucket is 1/64 as wide as the
//! values in it, and a quantile is the middle of its bucket, as are the terms of a sum or a mean. `min` and `max` are the
//! ends of buckets, within 1/64. Counts are exact.
//!
//! # Memory
//!
//! The whole range of `u64` is covered: 30 KB per thread that records, up to 64 such threads, and as much again for all
//! further ones together; 1 KiB for an empty histogram. The buckets of a thread that ended pass to a later one.
//!
//! # When not to use this
//!
//! To merge distributions of many machines with guaranteed relative error use a published sketch format; for exact
//! percentiles of a small set sort it.

mod buckets;
mod distribution;
mod record;

pub use distribution::Distribution;
pub use record::Histogram;
