//! The service with a pool of connections: a request has one for as long as it takes, instead of one connection for all requests or one for each.

use std::path::Path;

use rusqlite::Error;
use tenfold::pool::{Connect, Manage};

use super::one_database::{self, OneDatabase};
use super::{Load, Service, Stage};
use crate::database::{Connection, Database};
use crate::input::Users;
use crate::problem::Problem;

pub(super) struct Pool;

/// Opens connections to the database. Its log is written ahead, so those who read don't wait for who writes.
#[derive(Clone)]
pub(crate) struct Readers(Database);

impl Stage for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn solves(&self) -> &'static str {
        "one connection for everybody is a line, one for each is a waste: a pool lends as many as the load needs at a time"
    }

    fn prepare<'u>(
        &self,
        directory: &Path,
        users: &'u Users,
    ) -> Result<Box<dyn Service + 'u>, Problem> {
        OneDatabase.prepare(directory, users)
    }

    fn load(&self) -> Load {
        Load::Pooled(Readers::of)
    }
}

impl Readers {
    /// Of the database in this directory.
    fn of(directory: &Path) -> Self {
        Self(one_database::database(directory))
    }
}

impl Manage for Readers {
    type Connection = Connection;
    type Error = Error;

    /// In the middle of a transaction, the next request would be part of it.
    fn is_broken(&self, connection: &mut Connection) -> bool {
        connection.is_in_transaction()
    }
}

impl Connect for Readers {
    fn connect(&self) -> Result<Connection, Error> {
        self.0.connect()
    }

    fn check(&self, connection: &mut Connection) -> Result<(), Error> {
        connection.answers()
    }
}
