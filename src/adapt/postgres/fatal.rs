//! Errors after which a connection is of no use.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::Severity;

/// Whether an error means that its connection has ended, or is about to.
///
/// A server that ends a session, because it shuts down or because of `pg_terminate_backend`, says so in the answer to a query and closes the
/// connection a moment later. In between nobody but whoever got that error knows, and the connection would go to the next one. Who
/// wants to spare them that [discards](crate::pool::Lease::discard) it:
///
/// ```no_run
/// use tenfold::adapt::postgres::{PostgresManager, is_fatal};
/// use tenfold::pool::{Lease, Pool};
///
/// # fn f(pool: &Pool<PostgresManager>) -> Result<(), Box<dyn std::error::Error>> {
/// let mut connection = pool.acquire()?;
/// if let Err(error) = connection.batch_execute("SELECT 1") {
///     if is_fatal(&error) {
///         Lease::discard(connection);
///     }
///     return Err(error.into());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn is_fatal(error: &Error) -> bool {
    let ended = error.as_db_error().is_some_and(|error| {
        // Servers before 9.6 say it only in their own language.
        matches!(
            error.parsed_severity(),
            Some(Severity::Fatal | Severity::Panic)
        ) || ["FATAL", "PANIC"].contains(&error.severity())
    });
    let lost = error
        .source()
        .is_some_and(|source| source.is::<io::Error>());
    ended || lost || error.is_closed()
}
