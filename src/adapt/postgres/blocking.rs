//! Connections for threads.

use std::fmt;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::tls::{MakeTlsConnect, TlsConnect};
use postgres::{Client, Config, Error, NoTls, Socket};

use super::Reset;
use super::reset::{DISCARD, ROLLBACK};
use crate::pool::{Connect, Manage};

/// Begins a transaction and ends it, in one round trip. If one is open it ends that one; if one has failed it is an error.
const BEGIN_AND_ROLLBACK: &str = "BEGIN; ROLLBACK";

/// Longest wait for a connection when the configuration sets none, as the pool has it. The pool's own limit ends the wait of a caller, but can't end a call that blocks.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes connections to PostgreSQL for threads.
///
/// ```no_run
/// use tenfold::adapt::postgres::PostgresManager;
/// use tenfold::pool::Pool;
///
/// let manager = PostgresManager::new("host=localhost user=app dbname=app".parse()?);
/// let pool = Pool::new(manager)?;
///
/// let mut connection = pool.acquire()?;
/// let mut transaction = connection.transaction()?;
/// transaction.execute("UPDATE users SET seen = now() WHERE id = $1", &[&7_i64])?;
/// transaction.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # How it looks at connections
///
/// [`is_broken`](Manage::is_broken) asks, without I/O, whether the connection has failed in anybody's hands. A server that went away in the meantime is noticed by
/// [`check`](Connect::check), one round trip that also [resets](Reset) the session.
///
/// # Panics
///
/// The client of `postgres` panics when it is used inside of a tokio runtime. Use [`TokioPostgresManager`](super::TokioPostgresManager) there.
pub struct PostgresManager<T = NoTls> {
    config: Config,
    tls: T,
    reset: Reset,
}

impl PostgresManager {
    /// Connections without TLS.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_tls(config, NoTls)
    }
}

impl<T> PostgresManager<T> {
    /// Connections by a connector of `tokio-postgres-rustls`, `postgres-native-tls` or the like.
    ///
    /// Without a `connect_timeout` in the configuration, 10 s are set.
    #[must_use]
    pub fn with_tls(mut config: Config, tls: T) -> Self {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Self {
            config,
            tls,
            reset: Reset::default(),
        }
    }

    /// What a check does to a connection.
    #[must_use]
    pub const fn with_reset(mut self, reset: Reset) -> Self {
        self.reset = reset;
        self
    }
}

impl<T> Manage for PostgresManager<T>
where
    T: Send + Sync + 'static,
{
    type Connection = Client;
    type Error = Error;

    fn is_broken(&self, client: &mut Client) -> bool {
        client.is_closed()
    }
}

impl<T> Connect for PostgresManager<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    /// # Errors
    ///
    /// If the server can't be reached or doesn't let us in.
    fn connect(&self) -> Result<Client, Error> {
        self.config.connect(self.tls.clone())
    }

    /// # Errors
    ///
    /// If the server doesn't answer, or the session can't be reset.
    fn check(&self, client: &mut Client) -> Result<(), Error> {
        if self.reset == Reset::Nothing {
            return client.check_connection();
        }
        match client.batch_execute(BEGIN_AND_ROLLBACK) {
            Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                client.batch_execute(ROLLBACK)?;
            }
            other => other?,
        }
        if self.reset == Reset::Session {
            client.batch_execute(DISCARD)?;
        }
        Ok(())
    }

    fn close(&self, client: Client) {
        // It says good-bye to a server that may be gone.
        let _ = client.close();
    }
}

impl<T> fmt::Debug for PostgresManager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration hides its password.
        f.debug_struct("PostgresManager")
            .field("config", &self.config)
            .field("reset", &self.reset)
            .finish_non_exhaustive()
    }
}
