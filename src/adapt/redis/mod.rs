//! Redis and Valkey, by the redis crate.
//!
//! A connection of that crate goes through [`Session`], which sees what fails: a connection on which anything other than a command failed,
//! or on which a reply is still due, doesn't go to the next one. Commands work on a lease as on a connection, by
//! [`redis::Commands`], [`redis::AsyncCommands`] and [`redis::cmd`].
//!
//! What comes back to the pool:
//!
//! | state of the connection | what happens |
//! |---|---|
//! | the server went away, a reply timed out or made no sense | closed |
//! | a future with a command was dropped halfway, as by a time-out around it | closed: the server may be busy with it, for ever with `BLPOP` |
//! | a `MULTI` sent by hand is open, a subscription is on | found by the next check, and closed; nothing says so before |
//! | keys are watched | the next check ends that |
//! | another database is selected, or a name is set | the next one finds it: a pool of its own for each database |
//!
//! `redis::pipe().atomic()` leaves nothing open. With [`Check::Always`](crate::pool::Check::Always) nothing in this table but
//! the last line reaches the next one; it costs a round trip per use.
//!
//! # When not to use this
//!
//! A [`MultiplexedConnection`](redis::aio::MultiplexedConnection) can be cloned and serves any number of tasks at a time. A pool of them is for commands that
//! block (`BLPOP`), for `WATCH`, and for more throughput than one connection has.

mod blocking;
mod probe;
mod session;
mod tasks;

pub use blocking::RedisManager;
pub use session::Session;
pub use tasks::TokioRedisManager;
