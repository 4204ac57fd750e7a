//! Moves the rows that a change of the ring moves, slot by slot, while requests go on. The protocol is told in
//! [`slots`](super::slots).

use rusqlite::Error;
use tenfold::hash::StableHash;
use tenfold::ring::{self, Plan, Ring};

use super::Shard;
use super::connections::Connections;
use super::slots::Slots;
use crate::database::Profile;
use crate::input::SLOTS;

pub(super) struct Migration {
    pub(super) before: Ring<Shard>,
    pub(super) after: Ring<Shard>,
    /// The difference of the two: which share of all keys moves, and whether a given key does.
    pub(super) plan: Plan,
    pub(super) copied_rows: u64,
    pub(super) served_meanwhile: u64,
}

/// Profiles and the shard that they leave.
type Leaving = Vec<(Shard, Vec<Profile>)>;

impl Migration {
    pub(super) fn plan(before: &Ring<Shard>, joining: Shard) -> Result<Self, ring::Error> {
        let after = before.with(joining)?;
        let plan = before.plan(&after)?;
        Ok(Self {
            before: before.clone(),
            after,
            plan,
            copied_rows: 0,
            served_meanwhile: 0,
        })
    }

    pub(super) fn run(&mut self, slots: &Slots, shards: &mut Connections<'_>) -> Result<(), Error> {
        for slot in 0..SLOTS {
            let mut ring = slots.close(slot);
            if ring.len() == self.after.len() {
                // Moved already, by a migration that was interrupted. What it left on the old shards is nobody's.
                continue;
            }
            let leaving = self.leaving(slot, shards)?;
            self.copy(&leaving, shards)?;
            *ring = self.after.clone();
            drop(ring);

            // From here on the old rows are nobody's: every request of this slot goes to the copies.
            for (shard, profiles) in &leaving {
                shards.to(shard)?.remove(profiles)?;
                self.copied_rows += profiles.len() as u64;
            }
        }
        Ok(())
    }

    fn leaving(&self, slot: u16, shards: &mut Connections<'_>) -> Result<Leaving, Error> {
        let mut leaving = Leaving::new();
        for (shard, _) in self.before.nodes() {
            let mut profiles = shards.to(shard)?.slot(slot)?;
            profiles.retain(|profile| self.plan.changes(hash(profile)));
            if !profiles.is_empty() {
                leaving.push((shard, profiles));
            }
        }
        Ok(leaving)
    }

    fn copy(&self, leaving: &Leaving, shards: &mut Connections<'_>) -> Result<(), Error> {
        for (shard, _) in self.after.nodes() {
            let mut arriving = leaving
                .iter()
                .flat_map(|(_, profiles)| profiles)
                .filter(|profile| self.after.locate_hash(hash(profile)) == Some(shard))
                .peekable();
            if arriving.peek().is_some() {
                shards.to(shard)?.import(&mut arriving)?;
            }
        }
        Ok(())
    }
}

/// The hash that [`User::hash`](crate::input::User::hash) is, for a row as it is in the database.
fn hash(profile: &Profile) -> u64 {
    StableHash::bytes(profile.user.as_bytes())
}
