//! The service over its shards, before, during and after the fifth joins.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tenfold::ring::Ring;

use super::connections::Connections;
use super::migration::Migration;
use super::slots::Slots;
use super::{Shard, census};
use crate::audit::Ledger;
use crate::database::{Database, Profile, Traffic};
use crate::input::{User, Users};
use crate::problem::Problem;
use crate::stage::{Audit, Failure, Service, Session, Stage};

pub(in crate::stage) struct FourShards;

struct Running<'u> {
    users: &'u Users,
    directory: PathBuf,
    first_ring: Ring<Shard>,
    slots: Slots,
    /// Set when the fifth shard has joined.
    migration: OnceLock<Migration>,
}

struct Worker<'s> {
    slots: &'s Slots,
    connections: Connections<'s>,
}

impl Stage for FourShards {
    fn name(&self) -> &'static str {
        "four-shards"
    }

    fn solves(&self) -> &'static str {
        "room to grow: a file and a writer for each quarter of the users, and a fifth joins without a stop"
    }

    fn prepare<'u>(
        &self,
        directory: &Path,
        users: &'u Users,
    ) -> Result<Box<dyn Service + 'u>, Problem> {
        let first_ring =
            Ring::new(FIRST_SHARDS).map_err(|error| Problem::run("placing the shards", &error))?;
        for shard in FIRST_SHARDS {
            let mut residents = users
                .iter()
                .filter(|user| first_ring.locate_hash(user.hash()) == Some(&shard));
            Database::new(directory, shard)
                .create(&mut residents)
                .map_err(|error| Problem::run("creating the shards", &error))?;
        }
        Ok(Box::new(Running {
            users,
            directory: directory.to_owned(),
            slots: Slots::new(&first_ring),
            first_ring,
            migration: OnceLock::new(),
        }))
    }
}

impl Service for Running<'_> {
    fn session(&self) -> Result<Box<dyn Session + '_>, Problem> {
        Ok(Box::new(Worker {
            slots: &self.slots,
            connections: Connections::new(&self.directory),
        }))
    }

    fn halfway(&self, served: &AtomicU64) -> Result<(), Problem> {
        let before = served.load(Ordering::Relaxed);
        let mut migration = Migration::plan(&self.first_ring, JOINING_SHARD)
            .map_err(|error| Problem::run("planning the fifth shard", &error))?;
        Database::new(&self.directory, JOINING_SHARD)
            .create(&mut [].into_iter())
            .and_then(|()| migration.run(&self.slots, &mut Connections::new(&self.directory)))
            .map_err(|error| Problem::run("adding the fifth shard", &error))?;
        migration.served_meanwhile = served.load(Ordering::Relaxed) - before;
        self.migration.get_or_init(|| migration);
        Ok(())
    }

    fn audit(&self, ledger: &Ledger) -> Result<Audit, Problem> {
        let migration = self
            .migration
            .get()
            .ok_or_else(|| Problem::run("auditing the shards", &"the fifth never joined"))?;
        census::take(
            self.users,
            ledger,
            migration,
            &mut Connections::new(&self.directory),
        )
        .map_err(|error| Problem::run("auditing the shards", &error))
    }
}

/// A request holds its user's slot from before it asks the ring until the database has answered.
impl Session for Worker<'_> {
    fn read(&mut self, user: &User) -> Result<Profile, Failure> {
        let ring = self.slots.enter(user);
        let shard = ring.locate_hash(user.hash()).ok_or(Failure::Missing)?;
        self.connections
            .to(shard)?
            .read(user.name())?
            .ok_or(Failure::Missing)
    }

    fn write(&mut self, user: &User) -> Result<(), Failure> {
        let ring = self.slots.enter(user);
        let shard = ring.locate_hash(user.hash()).ok_or(Failure::Missing)?;
        if self.connections.to(shard)?.update(user.name())? {
            Ok(())
        } else {
            Err(Failure::Missing)
        }
    }

    fn traffic(&self) -> Traffic {
        self.connections.traffic()
    }
}

const FIRST_SHARDS: [Shard; 4] = ["shard-1", "shard-2", "shard-3", "shard-4"];
const JOINING_SHARD: Shard = "shard-5";
