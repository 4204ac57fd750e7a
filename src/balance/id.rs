//! Which backend.

use std::fmt;

use crate::kernel::hash::StableHash;

/// Names a backend: the stable hash of its key.
///
/// It is the same in every process and every version, so it may stand in a cookie, and it tells nothing of the key itself.
///
/// ```
/// use tenfold::balance::BackendId;
///
/// let id = BackendId::of("10.0.0.1:8080");
/// assert_eq!(BackendId::from_u64(id.as_u64()), id);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct BackendId(u64);

impl BackendId {
    /// The id of the backend with this key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(StableHash::bytes(key.as_bytes()))
    }

    /// The id that [`as_u64`](Self::as_u64) gave.
    #[must_use]
    pub const fn from_u64(id: u64) -> Self {
        Self(id)
    }

    /// The id as a number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackendId({:016x})", self.0)
    }
}
