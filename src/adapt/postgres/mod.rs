//! PostgreSQL, by `postgres` for threads and by `tokio-postgres` for tasks.
//!
//! What comes back to the pool:
//!
//! | state of the connection | [`TokioPostgresManager`] | [`PostgresManager`] |
//! |---|---|---|
//! | closed by the server, or failed | closed: known as soon as the operating system knows | closed, if a statement has failed by that; otherwise the next check finds it |
//! | told that the server ends the session | closed, if the end of it has come by that: see [`is_fatal`] | the same |
//! | a transaction begun by `transaction()` | rolled back by the guard | rolled back by the guard |
//! | a transaction begun by a `BEGIN` of one's own, open or failed | rolled back, see [`Reset::Rollback`] | rolled back by the next check |
//! | a query is still running, its future dropped | the next one's queries wait for it: set `statement_timeout` | can't be |
//! | settings, advisory locks, temporary tables, `LISTEN` | the next one finds them, unless [`Reset::Session`] | as for tasks, by the next check |
//!
//! The clients don't tell which state the server reports a session to be in, so it takes a message to be sure. The client for tasks can send one without waiting
//! for the answer: messages are worked off in their order, so whoever gets the connection next comes after. The client for threads can't, and
//! waiting in the destructor of a lease is out of the question. Threads that begin transactions by hand use
//! [`Check::Always`](crate::pool::Check::Always), which makes the round trip when a connection goes out.

mod blocking;
mod fatal;
mod reset;
mod session;
mod tasks;

pub use blocking::PostgresManager;
pub use fatal::is_fatal;
pub use reset::Reset;
pub use session::Session;
pub use tasks::TokioPostgresManager;
