//! One error for callers that don't care which module refused.

use std::time::Duration;

use crate::Refusal;
use crate::{balance, cache, health, limit, pool, ring};

/// The refusal of any module, for code that handles them in one place.
///
/// Every module's own error converts into it, so `?` works across modules. The predicates of [`Refusal`] are here as
/// methods too.
///
/// ```
/// fn setup() -> Result<(), tenfold::Error> {
///     let ring = tenfold::ring::Ring::new(["a", "b"])?;
///     let _smaller = ring.without(&"c")?;
///     Ok(())
/// }
/// assert_eq!(setup().unwrap_err().to_string(), "no node of the ring has this stable hash");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From [`balance`].
    #[error(transparent)]
    Balance(#[from] balance::Error),
    /// From [`cache`].
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// From [`health`].
    #[error(transparent)]
    Health(#[from] health::Error),
    /// From [`limit`].
    #[error(transparent)]
    Limit(#[from] limit::Error),
    /// From [`pool`].
    #[error(transparent)]
    Pool(#[from] pool::Error),
    /// From [`ring`].
    #[error(transparent)]
    Ring(#[from] ring::Error),
}

impl Error {
    const fn refusal(&self) -> &dyn Refusal {
        match self {
            Self::Balance(error) => error,
            Self::Cache(error) => error,
            Self::Health(error) => error,
            Self::Limit(error) => error,
            Self::Pool(error) => error,
            Self::Ring(error) => error,
        }
    }

    /// A deadline passed first.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.refusal().is_timeout()
    }

    /// The component was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.refusal().is_closed()
    }

    /// A limit was reached; the same call may succeed later.
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        self.refusal().is_overloaded()
    }

    /// When it is worth trying again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal().retry_after()
    }
}

impl From<balance::NoBackend> for Error {
    fn from(error: balance::NoBackend) -> Self {
        Self::Balance(error.into())
    }
}

impl<E> From<pool::AcquireError<E>> for Error {
    fn from(error: pool::AcquireError<E>) -> Self {
        Self::Pool(error.into())
    }
}

impl Refusal for Error {
    fn is_timeout(&self) -> bool {
        self.refusal().is_timeout()
    }

    fn is_closed(&self) -> bool {
        self.refusal().is_closed()
    }

    fn is_overloaded(&self) -> bool {
        self.refusal().is_overloaded()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.refusal().retry_after()
    }
}
