//! Why a pool of many keys has no connection.

use std::fmt::{Debug, Display};
use std::time::Duration;

use crate::kernel::error::Refusal;
use crate::pool::{AcquireError, Error};

/// Why there is no connection for a key. `E` is the manager's own error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyedError<E: Debug + Display> {
    /// The pool of the key has none.
    #[error("{0}")]
    Pool(AcquireError<E>),
    /// There are as many keys as may be, and all of them have leases or callers.
    #[error("{limit} keys are in use, and no more may be: raise `max_keys`")]
    TooManyKeys {
        /// Keys there may be.
        limit: usize,
    },
    /// The settings for this key are of no use: see [`KeyedBuilder::customize`](super::KeyedBuilder::customize).
    #[error("the settings of this key: {0}")]
    Settings(Error),
}

impl<E: Debug + Display> KeyedError<E> {
    /// The error of the pool, if it is that.
    #[must_use]
    pub const fn pool_error(&self) -> Option<&AcquireError<E>> {
        match self {
            Self::Pool(error) => Some(error),
            _ => None,
        }
    }
}

impl<E: Debug + Display> From<AcquireError<E>> for KeyedError<E> {
    fn from(error: AcquireError<E>) -> Self {
        Self::Pool(error)
    }
}

impl<E: Debug + Display> From<KeyedError<E>> for Error {
    fn from(error: KeyedError<E>) -> Self {
        match error {
            KeyedError::Pool(error) => error.into(),
            KeyedError::TooManyKeys { limit } => Self::TooManyKeys { limit },
            KeyedError::Settings(error) => error,
        }
    }
}

impl<E: Debug + Display> Refusal for KeyedError<E> {
    fn is_timeout(&self) -> bool {
        self.pool_error().is_some_and(Refusal::is_timeout)
    }

    fn is_closed(&self) -> bool {
        self.pool_error().is_some_and(Refusal::is_closed)
    }

    fn is_overloaded(&self) -> bool {
        matches!(self, Self::TooManyKeys { .. })
            || self.pool_error().is_some_and(Refusal::is_overloaded)
    }

    fn retry_after(&self) -> Option<Duration> {
        self.pool_error().and_then(Refusal::retry_after)
    }
}
