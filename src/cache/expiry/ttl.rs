//! For how long an entry is served.

use std::time::Duration;

/// For how long an entry is served.
///
/// There is no number that means something else: no time at all is `For(Duration::ZERO)`, and stores nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Ttl {
    /// As the cache's settings say.
    #[default]
    Default,
    /// For ever, as far as its age goes: a time to idle still ends it.
    Never,
    /// For so long. No time stores nothing, and removes what was there.
    For(Duration),
}

/// How a value came into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Written {
    /// Its key had none.
    Created,
    /// In place of another.
    Updated,
}
