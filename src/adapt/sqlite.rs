//! SQLite, by rusqlite.
//!
//! What comes back to the pool:
//!
//! | state of the connection | what happens |
//! |---|---|
//! | a transaction is open | it is rolled back at once, where the lease ends, so that its locks are gone |
//! | it can't be rolled back | the connection is closed, which does it |
//! | temporary tables, attached databases, pragmas, functions | the next one finds them: a pool of its own for each kind of use, or clean up in the hook `on_checkin` |

use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use crate::pool::{Connect, Manage};

type Init = dyn Fn(&mut Connection) -> Result<(), Error> + Send + Sync;

/// Makes connections to an SQLite database.
///
/// Readers and writers get in each other's way unless the database is in WAL mode. Then any number of readers run beside one writer, so
/// that a pool of as many connections as there are cores serves reads; and writers wait for one another, by default up to the 5 s that
/// rusqlite sets as busy time-out. Begin a transaction that will write with `TransactionBehavior::Immediate`: one that starts by reading can't wait
/// when it wants to write.
///
/// ```
/// use tenfold::adapt::sqlite::SqliteManager;
/// use tenfold::pool::Pool;
///
/// let directory = tempfile::tempdir()?;
/// let manager = SqliteManager::file(directory.path().join("app.db"))
///     .with_init(|c| c.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"));
/// let pool = Pool::new(manager)?;
///
/// pool.acquire()?.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")?;
/// let mut connection = pool.acquire()?;
/// let transaction = connection.transaction()?;
/// transaction.execute("INSERT INTO users (name) VALUES (?1)", ["Ada"])?;
/// transaction.commit()?;
/// assert_eq!(connection.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, u32>(0))?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # How it looks at connections
///
/// [`is_broken`](Manage::is_broken) asks the connection, without I/O, whether a transaction is open, and if so rolls it back: its locks would keep others
/// out. The connection stays, with its page cache and its prepared statements. It is broken when it can't be rolled back.
/// [`check`](Connect::check) runs `SELECT 1`, which shows that the library answers; a database in a file has no other side that
/// might have gone away, so [`Check::Never`](crate::pool::Check::Never) is reasonable.
pub struct SqliteManager {
    path: PathBuf,
    flags: OpenFlags,
    init: Option<Box<Init>>,
    /// Keeps a database in memory alive while the pool has no connection to it.
    anchor: Option<Mutex<Connection>>,
}

impl SqliteManager {
    /// Connections to the database in a file, which is created if there is none.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            flags: OpenFlags::default(),
            init: None,
            anchor: None,
        }
    }

    /// Connections to one database in memory, which lives as long as this manager and no other manager sees.
    ///
    /// It is for tests: it has no WAL mode, so that a writer keeps all others out.
    ///
    /// # Errors
    ///
    /// If SQLite can't make it.
    ///
    /// ```
    /// use tenfold::adapt::sqlite::SqliteManager;
    /// use tenfold::pool::Pool;
    ///
    /// let pool = Pool::new(SqliteManager::in_memory()?)?;
    /// pool.acquire()?.execute_batch("CREATE TABLE t (x)")?;
    /// let (one, other) = (pool.acquire()?, pool.acquire()?);
    /// one.execute("INSERT INTO t VALUES (1)", [])?;
    /// assert_eq!(other.query_row("SELECT x FROM t", [], |row| row.get::<_, u32>(0))?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_memory() -> Result<Self, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut manager = Self::file(shared_name(number, rusqlite::version_number()));
        manager.anchor = Some(Mutex::new(Connection::open_with_flags(
            &manager.path,
            manager.flags,
        )?));
        Ok(manager)
    }

    /// Opens connections with these flags instead of the defaults of rusqlite: read and write, create, URI, no mutex.
    ///
    /// A database [in memory](Self::in_memory) needs `SQLITE_OPEN_URI` among them.
    #[must_use]
    pub const fn with_flags(mut self, flags: OpenFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Runs `init` on every connection before it is used: pragmas, functions, attached databases. If it fails there is no connection; if only the
    /// database is locked, as it may be while another connection turns on WAL, it is run again for up to five seconds.
    #[must_use]
    pub fn with_init(
        mut self,
        init: impl Fn(&mut Connection) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        self.init = Some(Box::new(init));
        self
    }
}

/// The name under which connections of this process share a database in memory. Locks that can be waited for came with SQLite 3.36;
/// before, there is the shared cache, whose locks can't.
fn shared_name(number: u64, version: i32) -> String {
    if version >= 3_036_000 {
        format!("file:/tenfold-{number}?vfs=memdb")
    } else {
        format!("file:tenfold-{number}?mode=memory&cache=shared")
    }
}

impl Manage for SqliteManager {
    type Connection = Connection;
    type Error = Error;

    fn is_broken(&self, connection: &mut Connection) -> bool {
        if connection.is_autocommit() {
            return false;
        }
        let rolled_back = connection.execute_batch("ROLLBACK").is_ok();
        !(rolled_back && connection.is_autocommit())
    }
}

impl Connect for SqliteManager {
    /// # Errors
    ///
    /// If the database can't be opened, or what [`with_init`](SqliteManager::with_init) set fails.
    fn connect(&self) -> Result<Connection, Error> {
        let mut connection = Connection::open_with_flags(&self.path, self.flags)?;
        let Some(init) = &self.init else {
            return Ok(connection);
        };
        let began = Instant::now();
        loop {
            match init(&mut connection) {
                Ok(()) => return Ok(connection),
                Err(error) if is_busy(&error) && began.elapsed() < BUSY => thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
    }

    /// # Errors
    ///
    /// If SQLite doesn't answer `SELECT 1`.
    fn check(&self, connection: &mut Connection) -> Result<(), Error> {
        connection.query_row("SELECT 1", [], |_| Ok(()))
    }
}

/// For so long `init` is run again.
const BUSY: Duration = Duration::from_secs(5);
/// And this long after it found the database locked.
const PAUSE: Duration = Duration::from_millis(1);

/// SQLite does not wait by itself where two might wait for each other.
fn is_busy(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

impl fmt::Debug for SqliteManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteManager")
            .field("path", &self.path)
            .field("flags", &self.flags)
            .field("has_init", &self.init.is_some())
            .field("in_memory", &self.anchor.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::shared_name;

    #[test]
    fn a_database_in_memory_is_shared_in_the_best_way_that_the_library_has() {
        assert_eq!(shared_name(7, 3_036_000), "file:/tenfold-7?vfs=memdb");
        assert_eq!(
            shared_name(7, 3_035_005),
            "file:tenfold-7?mode=memory&cache=shared"
        );
    }
}
