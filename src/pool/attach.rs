//! Why a pool does not take a connection in.

/// A connection that a pool could not take in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError<T> {
    /// There are as many as may be.
    #[error("the pool is full")]
    Full(T),
    /// The pool is closed.
    #[error("the pool is closed")]
    Closed(T),
}

impl<T> AttachError<T> {
    /// The connection.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(connection) | Self::Closed(connection) => connection,
        }
    }
}
