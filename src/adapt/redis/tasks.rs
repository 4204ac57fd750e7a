//! Connections for tasks.

use std::fmt;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::runtime::Handle;

use super::Session;
use super::probe::Probe;
use crate::adapt::context::within;
use crate::pool::{AsyncConnect, Manage};

/// Makes connections to Redis for tasks.
///
/// ```no_run
/// use redis::AsyncCommands;
/// use tenfold::adapt::redis::TokioRedisManager;
/// use tenfold::pool::Pool;
/// use tokio::runtime::Handle;
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let client = redis::Client::open("redis://127.0.0.1/")?;
/// let pool = Pool::builder(TokioRedisManager::new(client, Handle::current()))
///     .spawner(|future| drop(tokio::spawn(future)))
///     .build_async()?;
///
/// let mut connection = pool.acquire_async().await?;
/// let visits: u64 = connection.incr("visits", 1).await?;
/// # Ok(())
/// # }
/// ```
///
/// # How it looks at connections
///
/// [`is_broken`](Manage::is_broken) knows, without I/O, whether a command failed otherwise than by the server's reply, and whether a future with a
/// command was dropped before its end. [`check`](AsyncConnect::check) is that of [`RedisManager`](super::RedisManager). A clone of the connection
/// that outlives the lease shares it with the next one.
pub struct TokioRedisManager {
    client: Client,
    config: AsyncConnectionConfig,
    handle: Handle,
    probe: Probe,
}

impl TokioRedisManager {
    /// Connections of `client`, driven by the runtime behind `handle`.
    #[must_use]
    pub fn new(client: Client, handle: Handle) -> Self {
        Self {
            client,
            config: AsyncConnectionConfig::new(),
            handle,
            probe: Probe::default(),
        }
    }

    /// Connects with this configuration, such as other time-outs than the 500 ms for a reply and 1 s for a connection that the redis
    /// crate has. Commands that block need a longer one, or none.
    #[must_use]
    pub fn with_config(mut self, config: AsyncConnectionConfig) -> Self {
        self.config = config;
        self
    }
}

impl Manage for TokioRedisManager {
    type Connection = Session<MultiplexedConnection>;
    type Error = RedisError;

    fn is_broken(&self, connection: &mut Session<MultiplexedConnection>) -> bool {
        connection.is_unsettled()
    }
}

impl AsyncConnect for TokioRedisManager {
    /// # Errors
    ///
    /// If the server can't be reached or doesn't let us in.
    async fn connect(&self) -> Result<Session<MultiplexedConnection>, RedisError> {
        let connecting = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config);
        within(&self.handle, connecting).await.map(Session::new)
    }

    /// # Errors
    ///
    /// If the server doesn't answer, or answers something else than it was asked.
    async fn check(
        &self,
        connection: &mut Session<MultiplexedConnection>,
    ) -> Result<(), RedisError> {
        let (question, echo) = self.probe.next();
        let answer = within(&self.handle, question.query_async(connection)).await?;
        Probe::judge(&echo, &answer)
    }
}

impl fmt::Debug for TokioRedisManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it has the password.
        f.debug_struct("TokioRedisManager").finish_non_exhaustive()
    }
}
