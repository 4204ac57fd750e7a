//! A connection that remembers whether it can be used again.

use redis::aio;
use redis::{Cmd, ConnectionLike, Pipeline, RedisError, RedisFuture, RedisResult, Value};

/// A connection of the redis crate that remembers whether it can be used again.
///
/// It is used like the connection within, which the crate itself does not let one ask in every case: what was reset by the other side counts as
/// open there, and one for tasks says nothing at all.
#[derive(Debug)]
pub struct Session<C> {
    connection: C,
    /// A command was sent and its reply has not come, or what came was not a reply.
    unsettled: bool,
}

impl<C> Session<C> {
    pub(super) const fn new(connection: C) -> Self {
        Self {
            connection,
            unsettled: false,
        }
    }

    pub(super) const fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// The connection within.
    pub const fn get_ref(&self) -> &C {
        &self.connection
    }

    /// The connection within, for what commands don't do, such as `as_pubsub` and time-outs. What fails on it goes unseen.
    pub const fn get_mut(&mut self) -> &mut C {
        &mut self.connection
    }

    /// Takes the connection out.
    pub fn into_inner(self) -> C {
        self.connection
    }

    /// Notes that a reply is due, and says whether the connection was lost before: then it stays so.
    const fn begin(&mut self) -> bool {
        std::mem::replace(&mut self.unsettled, true)
    }

    /// Notes that the reply came. An error that the server replied is the caller's affair.
    fn end<T>(&mut self, lost: bool, result: RedisResult<T>) -> RedisResult<T> {
        self.unsettled = lost || result.as_ref().err().is_some_and(is_fatal);
        result
    }
}

fn is_fatal(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

impl<C: ConnectionLike> ConnectionLike for Session<C> {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        let lost = self.begin();
        let result = self.connection.req_packed_command(command);
        self.end(lost, result)
    }

    fn req_packed_commands(
        &mut self,
        commands: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let lost = self.begin();
        let result = self.connection.req_packed_commands(commands, offset, count);
        self.end(lost, result)
    }

    fn req_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        let lost = self.begin();
        let result = self.connection.req_command(command);
        self.end(lost, result)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }

    fn supports_pipelining(&self) -> bool {
        self.connection.supports_pipelining()
    }

    fn check_connection(&mut self) -> bool {
        self.connection.check_connection()
    }

    fn is_open(&self) -> bool {
        !self.unsettled && self.connection.is_open()
    }
}

impl<C: aio::ConnectionLike + Send> aio::ConnectionLike for Session<C> {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            // If this is dropped before its end the connection stays unsettled.
            let lost = self.begin();
            let result = self.connection.req_packed_command(command).await;
            self.end(lost, result)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let lost = self.begin();
            let result = self
                .connection
                .req_packed_commands(commands, offset, count)
                .await;
            self.end(lost, result)
        })
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}
