//! One thread's connections to the shards, each opened when it is first needed.

use std::path::Path;

use rusqlite::Error;

use super::Shard;
use crate::database::{Connection, Database, Traffic};

pub(super) struct Connections<'d> {
    directory: &'d Path,
    open: Vec<(Shard, Connection)>,
}

impl<'d> Connections<'d> {
    pub(super) fn new(directory: &'d Path) -> Self {
        Self {
            directory,
            open: Vec::new(),
        }
    }

    pub(super) fn to(&mut self, shard: Shard) -> Result<&mut Connection, Error> {
        let position = match self.open.iter().position(|(name, _)| *name == shard) {
            Some(position) => position,
            None => {
                self.open
                    .push((shard, Database::new(self.directory, shard).connect()?));
                self.open.len() - 1
            }
        };
        self.open
            .get_mut(position)
            .map(|(_, connection)| connection)
            .ok_or(Error::InvalidQuery)
    }

    /// What requests cost all shards together.
    pub(super) fn traffic(&self) -> Traffic {
        let mut sum = Traffic::default();
        for (_, connection) in &self.open {
            sum += connection.traffic();
        }
        sum
    }
}
