//! The tokio runtime, for what a pool does in the background.

use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;

/// A [spawner](crate::pool::Builder::spawner) that runs the futures of a pool on the runtime behind `handle`.
///
/// The pool holds the handle, and a handle does not keep a runtime alive: what is spawned after the runtime was shut down is dropped, and
/// the pool takes that for a failure. A current-thread runtime makes progress only while somebody is in its `block_on`.
///
/// ```
/// use tenfold::pool::{self, Pool};
/// use tokio::runtime::Handle;
///
/// async fn connect() -> Result<String, std::io::Error> {
///     Ok("a connection".to_owned())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let pool = Pool::builder(pool::from_async_fn(connect))
///     .spawner(tenfold::adapt::tokio::spawner(Handle::current()))
///     .build_async()?;
/// assert_eq!(*pool.acquire_async().await?, "a connection");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spawner(
    handle: Handle,
) -> impl Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Clone + Send + Sync + 'static {
    move |future| drop(handle.spawn(future))
}
