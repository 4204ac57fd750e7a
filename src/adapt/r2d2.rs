//! Managers that were written for r2d2.

use std::fmt::{self, Debug, Display};

use r2d2::ManageConnection;

use crate::pool::{Connect, Manage};

/// Any manager of r2d2, as it is.
///
/// [`connect`](Connect::connect) is its `connect`, [`check`](Connect::check) its `is_valid`, [`is_broken`](Manage::is_broken) its
/// `has_broken`, and it knows no more than they do. `CustomizeConnection::on_acquire` has no place in a manager: set the pool's hook
/// [`on_connect`](crate::pool::Builder::on_connect) instead.
///
/// ```
/// use r2d2::ManageConnection;
/// use tenfold::adapt::r2d2::R2d2Manager;
/// use tenfold::pool::Pool;
///
/// # struct Theirs;
/// # impl ManageConnection for Theirs {
/// #     type Connection = u8;
/// #     type Error = std::io::Error;
/// #     fn connect(&self) -> Result<u8, std::io::Error> { Ok(7) }
/// #     fn is_valid(&self, _: &mut u8) -> Result<(), std::io::Error> { Ok(()) }
/// #     fn has_broken(&self, _: &mut u8) -> bool { false }
/// # }
/// // `Theirs` is what r2d2_sqlite, r2d2_postgres, diesel and others provide.
/// let pool = Pool::new(R2d2Manager::new(Theirs))?;
/// assert_eq!(*pool.acquire()?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct R2d2Manager<M: ManageConnection, E = <M as ManageConnection>::Error> {
    manager: M,
    convert: fn(M::Error) -> E,
}

impl<M: ManageConnection> R2d2Manager<M> {
    /// A manager whose errors are those of `manager`.
    ///
    /// Several callers may be told of one failure, so it has to be `Send + Sync`, which r2d2 doesn't ask for. Where it
    /// is not, use [`with_error`](R2d2Manager::with_error).
    pub const fn new(manager: M) -> Self
    where
        M::Error: Send + Sync,
    {
        Self {
            manager,
            convert: |error| error,
        }
    }
}

impl<M: ManageConnection, E> R2d2Manager<M, E> {
    /// A manager whose errors are what `convert` makes of those of `manager`, such as `|error| error.to_string()`.
    pub const fn with_error(manager: M, convert: fn(M::Error) -> E) -> Self {
        Self { manager, convert }
    }

    /// The manager within.
    pub const fn get_ref(&self) -> &M {
        &self.manager
    }
}

impl<M, E> Manage for R2d2Manager<M, E>
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

impl<M, E> Connect for R2d2Manager<M, E>
where
    M: ManageConnection,
    E: Debug + Display + Send + Sync + 'static,
{
    fn connect(&self) -> Result<M::Connection, E> {
        self.manager.connect().map_err(self.convert)
    }

    fn check(&self, connection: &mut M::Connection) -> Result<(), E> {
        self.manager.is_valid(connection).map_err(self.convert)
    }
}

impl<M: ManageConnection, E> Debug for R2d2Manager<M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("R2d2Manager").finish_non_exhaustive()
    }
}
