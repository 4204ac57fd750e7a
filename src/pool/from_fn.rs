//! Managers that are closures.

use std::fmt::{Debug, Display, Formatter, Result as Written};
use std::future::Future;

use super::{AsyncConnect, Connect, Manage};

/// A manager that makes a connection by calling a closure, and knows nothing else of it.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use tenfold::pool::{self, Pool};
///
/// let made = AtomicU32::new(0);
/// let pool = Pool::new(pool::from_fn(move || Ok::<_, std::io::Error>(made.fetch_add(1, Ordering::Relaxed))))?;
/// assert_eq!(*pool.acquire()?, 0);
/// assert_eq!(*pool.acquire()?, 0, "it came back, and goes out again");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_fn<F, T, E>(connect: F) -> FromFn<F>
where
    F: Fn() -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Debug + Display + Send + Sync + 'static,
{
    FromFn(connect)
}

/// A manager that makes a connection by awaiting what a closure returns, and knows nothing else of it.
///
/// ```
/// use tenfold::pool::{self, Pool};
///
/// async fn connect() -> Result<String, std::io::Error> {
///     Ok("a connection".to_owned())
/// }
///
/// let pool = Pool::new_async(pool::from_async_fn(connect))?;
/// # Ok::<(), tenfold::pool::Error>(())
/// ```
pub fn from_async_fn<F, R, T, E>(connect: F) -> FromAsyncFn<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Debug + Display + Send + Sync + 'static,
{
    FromAsyncFn(connect)
}

/// See [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

/// See [`from_async_fn`].
#[derive(Clone)]
pub struct FromAsyncFn<F>(F);

impl<F, T, E> Manage for FromFn<F>
where
    F: Fn() -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Debug + Display + Send + Sync + 'static,
{
    type Connection = T;
    type Error = E;
}

impl<F, T, E> Connect for FromFn<F>
where
    F: Fn() -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Debug + Display + Send + Sync + 'static,
{
    fn connect(&self) -> Result<T, E> {
        (self.0)()
    }
}

impl<F, R, T, E> Manage for FromAsyncFn<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Debug + Display + Send + Sync + 'static,
{
    type Connection = T;
    type Error = E;
}

impl<F, R, T, E> AsyncConnect for FromAsyncFn<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Debug + Display + Send + Sync + 'static,
{
    fn connect(&self) -> impl Future<Output = Result<T, E>> + Send {
        (self.0)()
    }
}

impl<F> Debug for FromFn<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}

impl<F> Debug for FromAsyncFn<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.debug_struct("FromAsyncFn").finish_non_exhaustive()
    }
}
