//! What a pool has to know of its connections: how they are made, looked at and closed.

use std::fmt::{Debug, Display};
use std::future::{Future, ready};

/// What the connections of a pool are.
///
/// A manager implements this and one of [`Connect`] (calls that block) and [`AsyncConnect`] (futures). For something that is
/// made by one call there are [`from_fn`](super::from_fn) and [`from_async_fn`](super::from_async_fn).
///
/// ```
/// use std::net::{SocketAddr, TcpStream};
/// use tenfold::pool::{Connect, Manage, Pool};
///
/// struct Upstream(SocketAddr);
///
/// impl Manage for Upstream {
///     type Connection = TcpStream;
///     type Error = std::io::Error;
/// }
///
/// impl Connect for Upstream {
///     fn connect(&self) -> std::io::Result<TcpStream> {
///         TcpStream::connect(self.0)
///     }
///
///     fn check(&self, connection: &mut TcpStream) -> std::io::Result<()> {
///         connection.take_error().and_then(|error| error.map_or(Ok(()), Err))
///     }
/// }
///
/// let pool = Pool::new(Upstream(([127, 0, 0, 1], 9).into()))?;
/// # drop(pool);
/// # Ok::<(), tenfold::pool::Error>(())
/// ```
pub trait Manage: Send + Sync + 'static {
    /// A connection.
    type Connection: Send + 'static;
    /// Why there is none, or why one is not good any more.
    type Error: Debug + Display + Send + Sync + 'static;

    /// Whether a connection that comes back, or that is about to be handed out, is of no use any more, as far as that can be told without
    /// asking the other side. Called once or twice per use, so it must cost next to nothing. As provided, it never is.
    ///
    /// If it panics, the connection is closed.
    #[inline]
    fn is_broken(&self, connection: &mut Self::Connection) -> bool {
        let _ = connection;
        false
    }
}

/// How connections are made by calls that block.
///
/// None of these is ever called under a lock, and where a call may take time it runs on one of the pool's own threads, so that a caller's
/// deadline holds whatever the call does. The guide has a table of who runs what.
pub trait Connect: Manage {
    /// Makes a connection.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being made. If it panics that is a failure like any other.
    fn connect(&self) -> Result<Self::Connection, Self::Error>;

    /// Asks the other side whether the connection is still good. As provided, it always is.
    ///
    /// # Errors
    ///
    /// Why it is not: the connection is closed then. So is one whose check panics or takes too long.
    fn check(&self, connection: &mut Self::Connection) -> Result<(), Self::Error> {
        let _ = connection;
        Ok(())
    }

    /// Ends a connection. As provided, it is dropped.
    fn close(&self, connection: Self::Connection) {
        drop(connection);
    }
}

/// How connections are made by futures. Needs no particular runtime.
///
/// The futures run on the [spawner](super::Builder::spawner) of the pool if it has one, and otherwise within whoever waits for a connection:
/// the guide has a table.
pub trait AsyncConnect: Manage {
    /// Makes a connection. The future is dropped when it takes longer than it may.
    ///
    /// # Errors
    ///
    /// As [`Connect::connect`].
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Self::Error>> + Send;

    /// Asks the other side whether the connection is still good. As provided, it always is.
    ///
    /// # Errors
    ///
    /// As [`Connect::check`].
    fn check(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = connection;
        ready(Ok(()))
    }

    /// Ends a connection. As provided, it is dropped. In a pool without a [spawner](super::Builder::spawner) this is not called,
    /// and connections are dropped where they are found to be of no use.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send {
        drop(connection);
        ready(())
    }
}
