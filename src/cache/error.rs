//! Why a cache can't be built.

use std::time::Duration;

use super::config::MOST_SHARDS;
use super::ops::VERSION;
use crate::kernel::error::Refusal;

/// Why a cache can't be built or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The number of shards is not a power of two, or too large.
    #[error(
        "{shards} shards are not possible: a power of two up to {MOST_SHARDS} is, or zero for what fits the machine"
    )]
    Shards {
        /// The number asked for.
        shards: usize,
    },
    /// A time to live or to idle of no time: every entry would have expired before it was stored.
    #[error(
        "a time to live of {ttl:?} stores nothing: it has to be above zero, or absent for entries that stay"
    )]
    NoTimeToLive {
        /// The time asked for.
        ttl: Duration,
    },
    /// A snapshot of a form that this version does not know.
    #[error("a snapshot of form {version} can't be restored: {VERSION} is the one that is known")]
    SnapshotVersion {
        /// The form of the snapshot.
        version: u32,
    },
    /// A refresh after no time: every call would load.
    #[error(
        "values that are to be refreshed after no time are never fresh: it has to be above zero, or absent"
    )]
    NoFreshness,
    /// A factor of early refreshes that is negative or no number.
    #[error("early refreshes need a factor of zero or more, one as a rule")]
    EarlyRefresh,
    /// A jitter that is not a part of the whole.
    #[error("a jitter is a part of the time to live, from 0 to 1")]
    Jitter,
}

// None of this passes by itself, or with time.
impl Refusal for Error {}
