//! One database of the service: user profiles in one `SQLite` file.
//!
//! Durability, honestly: the write-ahead log with `synchronous = NORMAL`. A committed write survives a crash of the
//! process; a power failure can take the newest ones with it, but never leaves a damaged file. Each write is a
//! transaction of its own, as it is in a service that answers one request at a time. A file has one writer at a time:
//! another one waits, up to [`BUSY_TIMEOUT`], and fails after that.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Error, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::input::User;

/// The service reads and writes whole profiles.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) user: String,
    /// The group of users it belongs to, see [`User::slot`].
    pub(crate) slot: u16,
    pub(crate) biography: String,
    /// 0 at first, and one more with each write: an audit can tell whether a write was lost.
    pub(crate) version: u64,
}

/// Where a database is; threads open connections of their own to it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    file: PathBuf,
}

/// A connection for one thread, which counts what requests cost the database.
pub(crate) struct Connection {
    sqlite: rusqlite::Connection,
    traffic: Traffic,
}

/// Statements that requests ran: what the later stages of the journey save.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

impl Database {
    /// The database called `name`, which need not exist yet.
    pub(crate) fn new(directory: &Path, name: &str) -> Self {
        Self {
            file: directory.join(name).with_extension("sqlite"),
        }
    }

    /// Creates the file with one profile for each user, in one transaction.
    pub(crate) fn create(&self, users: &mut dyn Iterator<Item = &User>) -> Result<(), Error> {
        let mut connection = self.connect()?;
        connection
            .sqlite
            .pragma_update(None, "journal_mode", "WAL")?;
        connection.sqlite.execute_batch(SCHEMA)?;
        connection.transaction(|transaction| {
            let mut insert = transaction.prepare(INSERT)?;
            for user in users {
                insert.execute(params![user.name(), user.slot(), BIOGRAPHY, 0])?;
            }
            Ok(())
        })?;
        // The replay begins with an empty log, so that no stage pays for its own preparation.
        connection
            .sqlite
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
    }

    pub(crate) fn connect(&self) -> Result<Connection, Error> {
        let sqlite = rusqlite::Connection::open(&self.file)?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        sqlite.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(Connection {
            sqlite,
            traffic: Traffic::default(),
        })
    }
}

/// What requests do.
impl Connection {
    pub(crate) fn read(&mut self, user: &str) -> Result<Option<Profile>, Error> {
        self.traffic.reads += 1;
        self.sqlite
            .prepare_cached(SELECT)?
            .query_row([user], profile)
            .optional()
    }

    /// False: there is no such user.
    pub(crate) fn update(&mut self, user: &str) -> Result<bool, Error> {
        self.traffic.writes += 1;
        let rows = self
            .sqlite
            .prepare_cached(UPDATE)?
            .execute(params![user, BIOGRAPHY])?;
        Ok(rows > 0)
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.sqlite.is_autocommit()
    }

    /// Fails if the database does not answer.
    pub(crate) fn answers(&self) -> Result<(), Error> {
        self.sqlite
            .prepare_cached("SELECT 1")?
            .query_row((), |_| Ok(()))
    }
}

/// What a migration and an audit do.
impl Connection {
    pub(crate) fn slot(&self, slot: u16) -> Result<Vec<Profile>, Error> {
        self.sqlite
            .prepare_cached(SELECT_SLOT)?
            .query_map([slot], profile)?
            .collect()
    }

    /// Stores copies of profiles, each unless a newer one is there: so a copy can be repeated.
    pub(crate) fn import(
        &mut self,
        profiles: &mut dyn Iterator<Item = &Profile>,
    ) -> Result<(), Error> {
        self.transaction(|transaction| {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for profile in profiles {
                insert.execute(params![
                    profile.user,
                    profile.slot,
                    profile.biography,
                    profile.version
                ])?;
            }
            Ok(())
        })
    }

    pub(crate) fn remove(&mut self, profiles: &[Profile]) -> Result<(), Error> {
        self.transaction(|transaction| {
            let mut delete = transaction.prepare_cached(DELETE)?;
            for profile in profiles {
                delete.execute([&profile.user])?;
            }
            Ok(())
        })
    }

    /// Calls `visit` with the user and the version of every profile.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&str, u64)) -> Result<(), Error> {
        let mut statement = self.sqlite.prepare(SELECT_ALL)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            visit(row.get_ref(0)?.as_str()?, row.get(1)?);
        }
        Ok(())
    }

    fn transaction(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Immediate: waits for its turn to write at the start, where waiting is still possible.
        let transaction = self
            .sqlite
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        work(&transaction)?;
        transaction.commit()
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.writes += other.writes;
    }
}

fn profile(row: &rusqlite::Row<'_>) -> Result<Profile, Error> {
    Ok(Profile {
        user: row.get(0)?,
        slot: row.get(1)?,
        biography: row.get(2)?,
        version: row.get(3)?,
    })
}

/// How long a statement waits for the one writer of its file before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE profile (
        user TEXT PRIMARY KEY NOT NULL, slot INTEGER NOT NULL, biography TEXT NOT NULL, version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX profile_by_slot ON profile (slot);";
const SELECT: &str = "SELECT user, slot, biography, version FROM profile WHERE user = ?1";
const UPDATE: &str = "UPDATE profile SET biography = ?2, version = version + 1 WHERE user = ?1";
const INSERT: &str = "INSERT INTO profile (user, slot, biography, version) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (user) DO UPDATE SET biography = excluded.biography, version = excluded.version
    WHERE excluded.version > version";
const DELETE: &str = "DELETE FROM profile WHERE user = ?1";
const SELECT_SLOT: &str = "SELECT user, slot, biography, version FROM profile WHERE slot = ?1";
const SELECT_ALL: &str = "SELECT user, version FROM profile";

/// What every user says about themselves: the size of a typical row.
const BIOGRAPHY: &str = "Keeps bees on a roof in the old town, repairs radios that nobody makes parts for any more, and \
    is, on most evenings, to be found where the music is. Ask about the boat. It is a long story, but it is a good one.";
