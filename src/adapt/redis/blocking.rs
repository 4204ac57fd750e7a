//! Connections for threads.

use std::fmt;
use std::time::Duration;

use redis::{Client, Connection, ConnectionLike, RedisError};

use super::Session;
use super::probe::Probe;
use crate::pool::{Connect, Manage};

type Init = dyn Fn(&mut Connection) -> Result<(), RedisError> + Send + Sync;

/// Makes connections to Redis for threads.
///
/// ```no_run
/// use redis::Commands;
/// use tenfold::adapt::redis::RedisManager;
/// use tenfold::pool::Pool;
///
/// let client = redis::Client::open("redis://127.0.0.1/")?;
/// let manager = RedisManager::new(client)
///     .with_init(|c| c.set_read_timeout(Some(std::time::Duration::from_secs(2))));
/// let pool = Pool::new(manager)?;
///
/// let mut connection = pool.acquire()?;
/// let visits: u64 = connection.incr("visits", 1)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # How it looks at connections
///
/// [`is_broken`](Manage::is_broken) knows, without I/O, whether something went wrong on the connection: whether it was lost, whether a reply timed out or
/// could not be understood. [`check`](Connect::check) is one round trip with `UNWATCH` and a `PING` whose echo nothing else asked for, so
/// that an open `MULTI`, a subscription and replies that are out of step are found as well.
pub struct RedisManager {
    client: Client,
    connect_timeout: Option<Duration>,
    init: Option<Box<Init>>,
    probe: Probe,
}

impl RedisManager {
    /// Connections of `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            connect_timeout: None,
            init: None,
            probe: Probe::default(),
        }
    }

    /// Gives up connecting after this long.
    ///
    /// The pool has a connect time-out too, but can only abandon a call that blocks: it still counts, and still has a thread, until
    /// it returns. This makes it return.
    #[must_use]
    pub const fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Runs `init` on every connection before it is used: time-outs, a name. If it fails there is no connection.
    #[must_use]
    pub fn with_init(
        mut self,
        init: impl Fn(&mut Connection) -> Result<(), RedisError> + Send + Sync + 'static,
    ) -> Self {
        self.init = Some(Box::new(init));
        self
    }
}

impl Manage for RedisManager {
    type Connection = Session<Connection>;
    type Error = RedisError;

    fn is_broken(&self, connection: &mut Session<Connection>) -> bool {
        !connection.is_open()
    }
}

impl Connect for RedisManager {
    /// # Errors
    ///
    /// If the server can't be reached or doesn't let us in, or what [`with_init`](RedisManager::with_init) set fails.
    fn connect(&self) -> Result<Session<Connection>, RedisError> {
        let mut connection = match self.connect_timeout {
            Some(timeout) => self.client.get_connection_with_timeout(timeout),
            None => self.client.get_connection(),
        }?;
        if let Some(init) = &self.init {
            init(&mut connection)?;
        }
        Ok(Session::new(connection))
    }

    /// # Errors
    ///
    /// If the server doesn't answer, or answers something else than it was asked.
    fn check(&self, connection: &mut Session<Connection>) -> Result<(), RedisError> {
        let (question, echo) = self.probe.next();
        Probe::judge(&echo, &question.query(connection)?)
    }
}

impl fmt::Debug for RedisManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it has the password.
        f.debug_struct("RedisManager")
            .field("connect_timeout", &self.connect_timeout)
            .field("has_init", &self.init.is_some())
            .finish_non_exhaustive()
    }
}
