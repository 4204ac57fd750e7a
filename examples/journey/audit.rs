//! What the service promised its clients, and whether it kept it.
//!
//! An acknowledged write must not be lost, and a read must not return an older profile than one that was acknowledged
//! before the read began. Both can be checked exactly, because the version of a profile counts its writes.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::input::{UserId, Users};

/// The acknowledged writes of each user.
pub(crate) struct Ledger(Vec<AtomicU32>);

/// Every profile that the databases of a service hold, compared with the users and the ledger.
pub(crate) struct Census<'a> {
    users: &'a Users,
    ledger: &'a Ledger,
    /// How many profiles each user has; one is right.
    profiles: Vec<u8>,
    strangers: u64,
    lost_writes: u64,
    unexplained_writes: u64,
}

impl Ledger {
    pub(crate) fn new(users: usize) -> Self {
        Self((0..users).map(|_| AtomicU32::new(0)).collect())
    }

    /// Called when a write has succeeded, before its client hears of it.
    pub(crate) fn acknowledge(&self, user: UserId) {
        if let Some(writes) = self.0.get(user.index()) {
            writes.fetch_add(1, Ordering::Release);
        }
    }

    /// The writes acknowledged up to now: a read that begins now must return at least this version.
    pub(crate) fn acknowledged(&self, user: UserId) -> u64 {
        self.0
            .get(user.index())
            .map_or(0, |writes| writes.load(Ordering::Acquire).into())
    }

    pub(crate) fn total(&self) -> u64 {
        self.0
            .iter()
            .map(|writes| u64::from(writes.load(Ordering::Acquire)))
            .sum()
    }
}

impl<'a> Census<'a> {
    pub(crate) fn new(users: &'a Users, ledger: &'a Ledger) -> Self {
        let profiles = vec![0; users.len()];
        Self {
            users,
            ledger,
            profiles,
            strangers: 0,
            lost_writes: 0,
            unexplained_writes: 0,
        }
    }

    /// Counts one profile that a database holds.
    pub(crate) fn count(&mut self, user: &str, version: u64) {
        let Some((id, _)) = self.users.find(user) else {
            self.strangers += 1;
            return;
        };
        if let Some(profiles) = self.profiles.get_mut(id.index()) {
            *profiles = profiles.saturating_add(1);
        }
        let acknowledged = self.ledger.acknowledged(id);
        self.lost_writes += acknowledged.saturating_sub(version);
        self.unexplained_writes += version.saturating_sub(acknowledged);
    }

    /// Users without a profile.
    pub(crate) fn lost(&self) -> u64 {
        self.profiles
            .iter()
            .filter(|profiles| **profiles == 0)
            .count() as u64
    }

    /// Every way in which the profiles are not what they must be.
    pub(crate) fn findings(&self) -> Vec<String> {
        let doubled = self
            .profiles
            .iter()
            .filter(|profiles| **profiles > 1)
            .count() as u64;
        findings(&[
            (self.lost(), "rows lost"),
            (doubled, "rows stored more than once"),
            (self.strangers, "rows of unknown users"),
            (self.lost_writes, "acknowledged writes lost"),
            (
                self.unexplained_writes,
                "writes stored that were never acknowledged",
            ),
        ])
    }
}

/// A line for each count that is not zero.
pub(crate) fn findings(counts: &[(u64, &str)]) -> Vec<String> {
    counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
}
