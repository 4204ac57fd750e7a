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
//! assert_eq!(seen.max(), 1_000_000_000);
//! ```
//!
//! # Error
//!
//! Values up to 127 are exact. A larger value is known to within 1/128 of itself (0.8 %): a bucket is 1/64 as wide as the
//! values in it, and a quantile is the middle of its bucket. Count, sum, mean, smallest and largest value are exact.
//!
//! # Memory
//!
//! The whole range of `u64` is covered, and only what is used is allocated: 512 bytes per power of two in which a thread
//! recorded, and 1 KiB per thread that did; 2 KiB for an empty histogram. Up to 64 threads have buckets of their own.
//! Latencies between 1 µs and 100 ms, recorded by four threads: about 40 KiB.
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
