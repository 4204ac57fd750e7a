//! What a check is.

use std::future::Future;
use std::pin::pin;
use std::task::Context;

use super::CheckError;
use crate::kernel::wait::block_on;

/// Finds out whether a target is in order. A closure is one:
///
/// ```
/// use tenfold::health::{Check, CheckError};
///
/// let is_directory = |path: &String| match std::fs::metadata(path) {
///     Ok(found) if found.is_dir() => Ok(()),
///     Ok(_) => Err(CheckError::failed("not a directory")),
///     Err(error) => Err(error.into()),
/// };
/// assert_eq!(is_directory.check(&".".to_owned()), Ok(()));
/// ```
///
/// # Blocking
///
/// A check may block; a [`Monitor`](super::Monitor) runs it on a worker thread. One that takes longer than the timeout counts as failed at
/// that time and after each interval from then on, and keeps its thread until it returns: so a check brings a timeout of its own if it
/// can. Until then its target is not checked again, so one that hangs keeps nobody else from being checked.
pub trait Check<T: ?Sized>: Send + Sync {
    /// Looks at the target.
    ///
    /// # Errors
    ///
    /// Why it is not in order. The monitor counts, and does not ask why.
    fn check(&self, target: &T) -> Result<(), CheckError>;
}

impl<T: ?Sized, F> Check<T> for F
where
    F: Fn(&T) -> Result<(), CheckError> + Send + Sync,
{
    fn check(&self, target: &T) -> Result<(), CheckError> {
        self(target)
    }
}

/// A check that is a future, for those who have a runtime.
///
/// Either a worker thread runs it, wrapped in [`BlockOn`], or it is spawned: see [`Monitor::spawning`](super::Monitor::spawning).
///
/// ```
/// use tenfold::health::{AsyncCheck, BlockOn, Check, CheckError};
///
/// struct Ping;
///
/// impl AsyncCheck<String> for Ping {
///     async fn check(&self, target: &String) -> Result<(), CheckError> {
///         if target.is_empty() { Err(CheckError::failed("nobody")) } else { Ok(()) }
///     }
/// }
///
/// assert_eq!(BlockOn(Ping).check(&"somebody".to_owned()), Ok(()));
/// ```
pub trait AsyncCheck<T: ?Sized>: Send + Sync {
    /// Looks at the target.
    fn check(&self, target: &T) -> impl Future<Output = Result<(), CheckError>> + Send;
}

impl<T: ?Sized, F, Fut> AsyncCheck<T> for F
where
    F: Fn(&T) -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), CheckError>> + Send,
{
    fn check(&self, target: &T) -> impl Future<Output = Result<(), CheckError>> + Send {
        self(target)
    }
}

/// Runs an [`AsyncCheck`] on the calling thread, without a runtime: for futures that need none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct BlockOn<A>(pub A);

impl<T: ?Sized, A: AsyncCheck<T>> Check<T> for BlockOn<A> {
    fn check(&self, target: &T) -> Result<(), CheckError> {
        let mut future = pin!(self.0.check(target));
        block_on(|waker| future.as_mut().poll(&mut Context::from_waker(waker)))
    }
}
