//! The stages of the journey: how the service is built as its load grows.

mod admission;
mod cache;
mod four_shards;
mod one_database;
mod pool;
mod three_servers;

use std::path::Path;
use std::sync::atomic::AtomicU64;

use rusqlite::Error;
use tenfold::cache::LoadError;
use tenfold::clock::Tick;
use tenfold::limit::Reservation;
use tenfold::pool::AcquireError;

use crate::audit::Ledger;
use crate::database::{Profile, Traffic};
use crate::input::{User, Users};
use crate::problem::Problem;
pub(crate) use cache::Profiles;
pub(crate) use four_shards::Resharding;
pub(crate) use pool::Readers;

/// Every stage, in the order in which the service grows.
pub(crate) fn all() -> &'static [&'static dyn Stage] {
    &[
        &one_database::OneDatabase,
        &four_shards::FourShards,
        &admission::Admission,
        &three_servers::ThreeServers,
        &cache::Cache,
        &pool::Pool,
    ]
}

/// One way to build the service.
pub(crate) trait Stage: Sync {
    /// What `--stage` takes.
    fn name(&self) -> &'static str;

    /// What this stage does better than the one before it, in one line.
    fn solves(&self) -> &'static str;

    /// Builds the service in an empty directory, with a profile for each user.
    fn prepare<'u>(
        &self,
        directory: &Path,
        users: &'u Users,
    ) -> Result<Box<dyn Service + 'u>, Problem>;

    /// How requests come.
    fn load(&self) -> Load {
        Load::Closed
    }
}

/// How requests come to a service.
pub(crate) enum Load {
    /// Each worker has the next request when it has answered the one before.
    Closed,
    /// Requests come by a schedule, more than can be answered. Makes a door for a service that answers so many per second.
    Spike(fn(f64) -> Result<Box<dyn Door>, Problem>),
    /// Requests come by a schedule, more than one application server can answer.
    Fleet,
    /// Requests come by a schedule, nearly as many as the databases can answer, without a cache and with one.
    Cached,
    /// Requests come by a schedule, to pools of different sizes of connections to the database in a directory.
    Pooled(fn(&Path) -> Readers),
}

/// Decides which requests get in.
pub(crate) trait Door: Sync {
    /// A request came at `due`.
    fn knock(&self, due: Tick) -> Entry<'_>;

    /// Requests that get in per second, those that come back included.
    fn per_second(&self) -> f64;
}

/// What a door says.
pub(crate) enum Entry<'d> {
    Admitted,
    /// Not now, but at the time of the reservation.
    ComeBack(Reservation<'d>),
    /// Not within a time that anybody would wait for.
    TurnedAway,
}

/// The service while it runs.
pub(crate) trait Service: Sync {
    /// What one worker thread needs to serve requests.
    fn session(&self) -> Result<Box<dyn Session + '_>, Problem>;

    /// What happens to the service under load. Called once, when half of the requests have been served, on a thread of
    /// its own while the others are being served; `served` counts them.
    fn halfway(&self, served: &AtomicU64) -> Result<(), Problem> {
        let _ = served;
        Ok(())
    }

    /// Compares the databases, after the last request, with what was promised.
    fn audit(&self, ledger: &Ledger) -> Result<Audit, Problem>;
}

/// One worker's side of the service.
pub(crate) trait Session: Send {
    fn read(&mut self, user: &User) -> Result<Profile, Failure>;

    /// When this returns `Ok`, the write is acknowledged: it must not be lost.
    fn write(&mut self, user: &User) -> Result<(), Failure>;

    /// What the requests of this session have cost the databases.
    fn traffic(&self) -> Traffic;
}

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service did not find the profile of a user it has.
    Missing,
    Database(Error),
    /// The cache could not load the profile.
    Load(LoadError<Self>),
    /// The pool had no connection.
    Pool(Box<AcquireError<Error>>),
}

impl Failure {
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Database(_) | Self::Pool(_) => false,
            Self::Load(error) => error.failure().is_some_and(Self::is_missing),
        }
    }
}

/// What an audit found.
#[derive(Default)]
pub(crate) struct Audit {
    /// Broken promises; empty when all is well.
    pub(crate) findings: Vec<String>,
    pub(crate) resharding: Option<Resharding>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<AcquireError<Error>> for Failure {
    fn from(error: AcquireError<Error>) -> Self {
        Self::Pool(Box::new(error))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("no such profile"),
            Self::Database(error) => error.fmt(f),
            Self::Load(error) => error.fmt(f),
            Self::Pool(error) => error.fmt(f),
        }
    }
}
