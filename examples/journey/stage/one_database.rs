//! The service as most begin: one database for everything.

use std::path::Path;

use super::{Audit, Failure, Service, Session, Stage};
use crate::audit::{Census, Ledger};
use crate::database::{Connection, Database, Profile, Traffic};
use crate::input::{User, Users};
use crate::problem::Problem;

pub(super) struct OneDatabase;

struct Running<'u> {
    database: Database,
    users: &'u Users,
}

struct Worker(Connection);

impl Stage for OneDatabase {
    fn name(&self) -> &'static str {
        "one-database"
    }

    fn solves(&self) -> &'static str {
        "the start: one file keeps every profile; it has one writer at a time, and one machine at most"
    }

    fn prepare<'u>(
        &self,
        directory: &Path,
        users: &'u Users,
    ) -> Result<Box<dyn Service + 'u>, Problem> {
        let database = database(directory);
        database
            .create(&mut users.iter())
            .map_err(|error| Problem::run("creating the database", &error))?;
        Ok(Box::new(Running { database, users }))
    }
}

/// Where it is.
pub(super) fn database(directory: &Path) -> Database {
    Database::new(directory, "profiles")
}

impl Service for Running<'_> {
    fn session(&self) -> Result<Box<dyn Session + '_>, Problem> {
        let connection = self
            .database
            .connect()
            .map_err(|error| Problem::run("opening the database", &error))?;
        Ok(Box::new(Worker(connection)))
    }

    fn audit(&self, ledger: &Ledger) -> Result<Audit, Problem> {
        let mut census = Census::new(self.users, ledger);
        self.database
            .connect()
            .and_then(|connection| connection.visit(|user, version| census.count(user, version)))
            .map_err(|error| Problem::run("auditing the database", &error))?;
        Ok(Audit {
            findings: census.findings(),
            resharding: None,
        })
    }
}

impl Session for Worker {
    fn read(&mut self, user: &User) -> Result<Profile, Failure> {
        self.0.read(user.name())?.ok_or(Failure::Missing)
    }

    fn write(&mut self, user: &User) -> Result<(), Failure> {
        if self.0.update(user.name())? {
            Ok(())
        } else {
            Err(Failure::Missing)
        }
    }

    fn traffic(&self) -> Traffic {
        self.0.traffic()
    }
}
