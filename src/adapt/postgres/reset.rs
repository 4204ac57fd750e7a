//! What brings a session back to where it began.

/// What is done to a session between two users.
///
/// [`TokioPostgresManager`](super::TokioPostgresManager) does it when a connection that was used comes back, without waiting;
/// [`PostgresManager`](super::PostgresManager) as part of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reset {
    /// Nothing. For those who never send `BEGIN` by hand, where every microsecond of the server counts, and behind a proxy that
    /// counts statements.
    Nothing,
    /// A transaction that is open or failed is rolled back. The default.
    #[default]
    Rollback,
    /// That, and cursors, settings, the role, subscriptions, advisory locks, temporary tables and sequences are as at the beginning. Prepared statements stay,
    /// as clients keep account of them.
    Session,
}

/// Begins a transaction and ends it. Nothing is written to the server's log, as a `ROLLBACK` alone would do if there were nothing to
/// roll back. Within a transaction that is open the first is a warning and the second ends it; within one that failed, the first
/// is an error, after which the second has to be a message of its own.
pub(super) const BEGIN: &str = "BEGIN";
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// `DISCARD ALL` without the prepared statements.
pub(super) const DISCARD: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
     SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

impl Reset {
    /// The messages, in their order.
    pub(super) const fn messages(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Rollback => &[BEGIN, ROLLBACK],
            Self::Session => &[BEGIN, ROLLBACK, DISCARD],
        }
    }
}
