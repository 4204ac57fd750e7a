//! How a load ends for a caller that gets no value.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use crate::Refusal;
use crate::kernel::flight::Denied;

/// Why a caller that may load gets no value.
///
/// `E` is the loader's own error. All callers that waited for the load that failed share it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E = Infallible> {
    /// The load failed, the caller's own or the one that it waited for.
    #[error("the load failed: {0}")]
    Failed(Arc<E>),
    /// The deadline of the call passed first.
    #[error("the value was not loaded before the deadline")]
    TimedOut,
    /// The loader of this key asks for this key, itself or by way of others, and would wait for itself.
    #[error("the loader of this key waits for this very key")]
    Recursive,
    /// As many callers wait for this load as may.
    #[error("too many callers wait for the load of this key")]
    TooManyWaiters,
    /// As many keys are being loaded as may.
    #[error("too many keys are being loaded")]
    TooManyLoads,
}

impl<E> LoadError<E> {
    /// The loader's own error, if that is it.
    #[must_use]
    pub fn failure(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::TimedOut => Self::TimedOut,
            Self::Recursive => Self::Recursive,
            Self::TooManyWaiters => Self::TooManyWaiters,
            Self::TooManyLoads => Self::TooManyLoads,
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Refusal for LoadError<E> {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut)
    }

    fn is_overloaded(&self) -> bool {
        matches!(self, Self::TooManyWaiters | Self::TooManyLoads)
    }
}

impl<E> LoadError<E> {
    pub(super) const fn of(denied: Denied) -> Self {
        match denied {
            Denied::Recursive => Self::Recursive,
            Denied::TooManyWaiters => Self::TooManyWaiters,
            Denied::TooManyFlights => Self::TooManyLoads,
        }
    }
}

/// A value that was not stored: its key was written or invalidated, or one of its tags invalidated, after the
/// [`LoadToken`](super::LoadToken) had been handed out.
///
/// The value comes back. It is what the source of truth said some time ago, and need not be what it says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key was changed since the token was handed out")]
#[non_exhaustive]
pub struct Stale<V> {
    /// What was to be stored.
    pub value: V,
}
