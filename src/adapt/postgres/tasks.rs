//! Connections for tasks.

use std::fmt;

use tokio::runtime::Handle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Error, NoTls, Socket};

use super::{Reset, Session};
use crate::adapt::context::within;
use crate::pool::{AsyncConnect, Manage};

/// Makes connections to PostgreSQL for tasks.
///
/// ```no_run
/// use tenfold::adapt::postgres::TokioPostgresManager;
/// use tenfold::pool::Pool;
/// use tokio::runtime::Handle;
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let config = "host=localhost user=app dbname=app".parse()?;
/// let pool = Pool::builder(TokioPostgresManager::new(config, Handle::current()))
///     .spawner(|future| drop(tokio::spawn(future)))
///     .build_async()?;
///
/// let mut connection = pool.acquire_async().await?;
/// let row = connection.query_one("SELECT count(*) FROM users", &[]).await?;
/// let users: i64 = row.get(0);
///
/// let transaction = connection.transaction().await?;
/// transaction.execute("UPDATE users SET seen = now()", &[]).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
///
/// # How it looks at connections
///
/// [`is_broken`](Manage::is_broken) asks, without I/O, whether the connection has ended: its task notices when the server goes away, also while nobody uses
/// it. If the connection was used it is [reset](Reset) then, without waiting for the answer. [`check`](AsyncConnect::check) is an empty round trip.
///
/// What it does not notice: a server that is not reached any more but never said so. That is for the check, its time-out, and
/// `tcp_user_timeout` or `keepalives` of the configuration.
pub struct TokioPostgresManager<T = NoTls> {
    config: Config,
    tls: T,
    handle: Handle,
    reset: Reset,
}

impl TokioPostgresManager {
    /// Connections without TLS, driven by the runtime behind `handle`.
    #[must_use]
    pub fn new(config: Config, handle: Handle) -> Self {
        Self::with_tls(config, handle, NoTls)
    }
}

impl<T> TokioPostgresManager<T> {
    /// Connections by a connector of `tokio-postgres-rustls`, `postgres-native-tls` or the like, driven by the runtime behind `handle`.
    #[must_use]
    pub fn with_tls(config: Config, handle: Handle, tls: T) -> Self {
        Self {
            config,
            tls,
            handle,
            reset: Reset::default(),
        }
    }

    /// What is done to a connection that comes back.
    #[must_use]
    pub fn with_reset(mut self, reset: Reset) -> Self {
        self.reset = reset;
        self
    }
}

impl<T> Manage for TokioPostgresManager<T>
where
    T: Send + Sync + 'static,
{
    type Connection = Session;
    type Error = Error;

    fn is_broken(&self, session: &mut Session) -> bool {
        session.untouched().is_closed() || !session.reset(self.reset.messages())
    }
}

impl<T> AsyncConnect for TokioPostgresManager<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    /// # Errors
    ///
    /// If the server can't be reached or doesn't let us in.
    async fn connect(&self) -> Result<Session, Error> {
        let connecting = self.config.connect(self.tls.clone());
        let (client, connection) = within(&self.handle, connecting).await?;
        // It ends with the client, or with the server; how it ended the next use of the client tells.
        drop(self.handle.spawn(connection));
        Ok(Session::new(client))
    }

    /// # Errors
    ///
    /// If the server doesn't answer.
    async fn check(&self, session: &mut Session) -> Result<(), Error> {
        session.untouched().check_connection().await
    }
}

impl<T> fmt::Debug for TokioPostgresManager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration hides its password.
        f.debug_struct("TokioPostgresManager")
            .field("config", &self.config)
            .field("reset", &self.reset)
            .finish_non_exhaustive()
    }
}
