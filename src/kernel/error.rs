//! What all refusals have in common.

use std::time::Duration;

/// The questions a gateway asks of any refusal, whichever module made it.
///
/// [`tenfold::Error`](crate::Error) and the error of every module answer them, so one place can turn a refusal into a
/// status code and a `Retry-After`. What only the caller can correct, as all errors of [`ring`](crate::ring), is none of these.
///
/// ```
/// use tenfold::Refusal;
///
/// fn status(refusal: &dyn Refusal) -> u16 {
///     match refusal {
///         r if r.retry_after().is_some() => 429,
///         r if r.is_timeout() || r.is_overloaded() || r.is_closed() => 503,
///         _ => 500,
///     }
/// }
/// let refused: tenfold::Error = tenfold::ring::Error::UnknownNode.into();
/// assert_eq!(status(&refused), 500);
/// ```
pub trait Refusal: std::error::Error {
    /// A deadline passed first.
    fn is_timeout(&self) -> bool {
        false
    }

    /// The component was closed.
    fn is_closed(&self) -> bool {
        false
    }

    /// A limit was reached; unless [`retry_after`](Self::retry_after) says otherwise, the same call may succeed later.
    fn is_overloaded(&self) -> bool {
        false
    }

    /// When it is worth trying again.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
