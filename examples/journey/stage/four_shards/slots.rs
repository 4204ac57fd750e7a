//! Which ring holds for which user, while rows move from shard to shard.
//!
//! Users are grouped into slots by their hash. Each slot has a lock, and the lock guards the ring that holds for the
//! slot's users. That is the whole state of a migration:
//!
//! ```text
//!  old ring ──(copy the rows that change, then store the new ring, under one exclusive lock)──▶ new ring
//! ```
//!
//! - A request [enters](Slots::enter) the slot of its user: it shares the lock with all other requests until the
//!   database has answered, and goes where the slot's ring says. Requests never wait for each other here.
//! - The mover [closes](Slots::close) one slot at a time. It gets the lock when no request is inside, so nothing changes
//!   a row while it is copied; requests for other slots go on.
//!
//! So a profile has exactly one shard that counts at every moment, and a request meets either all of a slot's old places
//! or all of its new ones. There is no window for a request that still believes in the old ring: it would have to
//! hold the lock, and then the mover is not there yet. If a copy fails, the slot keeps its old ring and has lost nothing.
//!
//! In a service of several processes the slot's ring lives in a shared store, and a lock is not enough: a process that was
//! paused may wake up after its lease has run out and write to the old shard. There each slot has an epoch that the mover
//! raises, and the old shard refuses writes of an older one.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tenfold::ring::Ring;

use super::Shard;
use crate::input::{SLOTS, User};

pub(super) struct Slots(Vec<RwLock<Ring<Shard>>>);

impl Slots {
    /// One ring for everybody.
    pub(super) fn new(ring: &Ring<Shard>) -> Self {
        Self((0..SLOTS).map(|_| RwLock::new(ring.clone())).collect())
    }

    /// The ring that holds for this user for as long as the guard lives.
    pub(super) fn enter(&self, user: &User) -> RwLockReadGuard<'_, Ring<Shard>> {
        self.slot(user.slot())
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no request is in the slot, and lets none in until the guard is gone.
    pub(super) fn close(&self, slot: u16) -> RwLockWriteGuard<'_, Ring<Shard>> {
        self.slot(slot)
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is an entry for each slot below SLOTS, and there are no others"
    )]
    fn slot(&self, slot: u16) -> &RwLock<Ring<Shard>> {
        &self.0[usize::from(slot % SLOTS)]
    }
}
