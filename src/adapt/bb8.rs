//! Managers that were written for bb8.

use std::fmt::{self, Debug, Display};

use bb8::ManageConnection;

use crate::pool::{AsyncConnect, Manage};

/// Any manager of bb8, as it is.
///
/// [`connect`](AsyncConnect::connect) is its `connect`, [`check`](AsyncConnect::check) its `is_valid`,
/// [`is_broken`](Manage::is_broken) its `has_broken`, and it knows no more than they do. Most managers of bb8 need a tokio runtime around
/// them: give the pool a [spawner](crate::pool::Builder::spawner), which the feature `tokio` makes from a handle.
///
/// ```
/// use bb8::ManageConnection;
/// use tenfold::adapt::bb8::Bb8Manager;
/// use tenfold::pool::Pool;
///
/// # struct Theirs;
/// # impl ManageConnection for Theirs {
/// #     type Connection = u8;
/// #     type Error = std::io::Error;
/// #     async fn connect(&self) -> Result<u8, std::io::Error> { Ok(7) }
/// #     async fn is_valid(&self, _: &mut u8) -> Result<(), std::io::Error> { Ok(()) }
/// #     fn has_broken(&self, _: &mut u8) -> bool { false }
/// # }
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// // `Theirs` is what bb8-postgres, bb8-redis, diesel-async and others provide.
/// let pool = Pool::new_async(Bb8Manager::new(Theirs))?;
/// assert_eq!(*pool.acquire_async().await?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Bb8Manager<M: ManageConnection, E = <M as ManageConnection>::Error> {
    manager: M,
    convert: fn(M::Error) -> E,
}

impl<M: ManageConnection> Bb8Manager<M> {
    /// A manager whose errors are those of `manager`.
    ///
    /// Several callers may be told of one failure and show it, so it has to be `Display + Sync`, which bb8 doesn't ask
    /// for. Where it is not, use [`with_error`](Bb8Manager::with_error).
    pub const fn new(manager: M) -> Self
    where
        M::Error: Display + Sync,
    {
        Self {
            manager,
            convert: |error| error,
        }
    }
}

impl<M: ManageConnection, E> Bb8Manager<M, E> {
    /// A manager whose errors are what `convert` makes of those of `manager`, such as `|error| format!("{error:?}")`.
    pub const fn with_error(manager: M, convert: fn(M::Error) -> E) -> Self {
        Self { manager, convert }
    }

    /// The manager within.
    pub const fn get_ref(&self) -> &M {
        &self.manager
    }
}

impl<M, E> Manage for Bb8Manager<M, E>
where
    M: ManageConnection,
    E: Debug + Display + Send + Sync + 'static,
{
    type Connection = M::Connection;
    type Error = E;

    fn is_broken(&self, connection: &mut M::Connection) -> bool {
        self.manager.has_broken(connection)
    }
}

impl<M, E> AsyncConnect for Bb8Manager<M, E>
where
    M: ManageConnection,
    E: Debug + Display + Send + Sync + 'static,
{
    async fn connect(&self) -> Result<M::Connection, E> {
        self.manager.connect().await.map_err(self.convert)
    }

    async fn check(&self, connection: &mut M::Connection) -> Result<(), E> {
        self.manager
            .is_valid(connection)
            .await
            .map_err(self.convert)
    }
}

impl<M: ManageConnection, E> Debug for Bb8Manager<M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bb8Manager").finish_non_exhaustive()
    }
}
