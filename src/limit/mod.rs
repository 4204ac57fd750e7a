//! Rate limiting: who may pass now, and who has to come back, and when.
//!
//! The [guide](crate::guide::limit) begins with the problem. A [`Quota`] says how much: tokens per period, and how many at once. A
//! [`TokenBucket`] enforces it for everybody together, a [`Keyed`] for each client by itself. [`Decision`] is what a client wants to know,
//! and [`Headers`] how HTTP says it.
//!
//! ```
//! use tenfold::limit::{Keyed, Quota, TokenBucket};
//!
//! let everybody = TokenBucket::new(Quota::per_second(1000).with_burst(50));
//! let each: Keyed<String> = Keyed::new(Quota::per_second(10));
//!
//! let decision = each.decide("198.51.100.7", 1);
//! if decision.allowed && everybody.try_acquire() {
//!     // serve the request
//! } else {
//!     // 429, with `decision.headers("default")`
//! }
//! ```
//!
//! # Which limiter
//!
//! Start with [`TokenBucket`] for one limit and [`Keyed`] for one per key. The [guide](crate::guide::limit) tells when to take another.
//!
//! | | admits | a call | state |
//! |---|---|---|---|
//! | [`TokenBucket`] | at most `burst + rate × t` in any time `t` | one compare-and-swap; lock-free | 8 bytes |
//! | [`Keyed`] | the same for each key, and what is counted as forgiven | as the bucket if the key has a place; else a lock for one of many sets of seven keys | 18.3 bytes per key when full; a budget |
//! | [`All`] | what each of up to 16 limits admits, taken from all or none | a lock, twice each limit | the sum of them, 88 bytes for a bucket |
//! | [`SlidingLog`] | at most `limit` in any window | a lock, O(log n) | 16 bytes for each admission of the last window |
//! | [`SlidingWindow`] | about `limit` in any window, less than twice as much | a lock | 48 bytes |
//! | [`FixedWindow`] | `limit` in each window of the clock, twice as much around an edge | a lock | 32 bytes |
//! | [`Leased`] | as the bucket, up to an eighth of the burst less | mostly a load and a store of the thread's own | as the bucket, and 2 KiB |
//! | [`Shadow`] | everything, and counts what the limiter in it would refuse | as that one | as that one |
//!
//! All but [`Keyed`] are a [`RateLimiter`]. Only a [`TokenBucket`] lets callers wait, reserve tokens, and change the quota. Counters for
//! statistics come on top, about 2 KiB for a limiter.
//!
//! # Laws
//!
//! The bucket, and each bucket of a [`Keyed`], is tested against an exact model for these:
//!
//! * **(A) Safety.** Whatever threads do, any window of length `t` sees at most `burst + rate × t`, less what was given back. These
//!   are exact fractions: no quota is rounded. [`Keyed`] adds what it forgave under a flood of keys, which it counts.
//! * **(B) Liveness.** A caller that always wants one more token gets at least `burst + rate × t - 1`, or less than a unit below it
//!   (see [`Quota`]).
//! * **(C) `retry_after` is tight.** If nobody else comes, the same call is refused one nanosecond earlier, and admitted at that
//!   time.
//! * **(D) Clocks may be wrong.** An older timestamp creates no tokens, and denies no more than its error is worth.
//! * **(E) No number is too large.** Rates of zero, bursts of 2^32 and the end of time are ordinary: nothing overflows or panics. A quota
//!   that could not be exact for a century can't be made.
//! * **(F) Fairness.** Those who wait are served in the order in which they came, threads and tasks alike, and nobody overtakes
//!   them.
//!
//! And for every limiter: a refusal changes nothing, and neither does a look.
//!
//! # When not to use this
//!
//! * For one limit that several processes share: each has its own tokens, so ten of them admit ten times as much.
//! * To share what there is fairly among tenants: a limit holds each of them below a line, and does not divide the rest.
//! * To bound work in progress: when everything takes ten times as long, a rate lets ten times as much be under way at once.
//!
//! # Source
//!
//! The bucket is the generic cell rate algorithm (ITU-T I.371), counted in fractions of tokens instead of time. Header fields are those
//! of RFC 9110, section 10.2.3, and draft-ietf-httpapi-ratelimit-headers-10. [`SlidingWindow`] is the counter that Cloudflare
//! described in 2017.

mod algorithm;
mod all;
mod decision;
mod error;
mod fixed_window;
mod headers;
mod keyed;
mod leased;
mod locked;
mod quota;
mod role;
mod shadow;
mod sliding_log;
mod sliding_window;
mod stats;
mod token_bucket;

pub use algorithm::Keep;
pub use all::{All, AllBuilder};
pub use decision::Decision;
pub use error::Error;
pub use fixed_window::FixedWindow;
pub use headers::Headers;
pub use keyed::{Keyed, KeyedBuilder, KeyedConfig, KeyedStats, Overflow};
pub use leased::Leased;
pub use quota::Quota;
pub use role::RateLimiter;
pub use shadow::{Shadow, ShadowStats};
pub use sliding_log::SlidingLog;
pub use sliding_window::SlidingWindow;
pub use stats::Stats;
pub use token_bucket::{Acquire, Builder, Config, Reservation, TokenBucket};
