//! Taking out what is due, under the lock of a shard.

use std::borrow::Borrow;

use super::Index;
use crate::cache::aftermath::Aftermath;
use crate::cache::cause::RemovalCause;
use crate::cache::state::State;
use crate::cache::store::{Arena, Hash, Lease, NEVER, ids_of};

/// How much is done at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// Entries that expire.
    entries: usize,
    /// Groups that are looked at.
    groups: usize,
}

impl Batch {
    /// What an insertion does, which makes one group at most to be looked at.
    pub(crate) const INSERTION: Self = Self {
        entries: 16,
        groups: 4,
    };

    /// What the upkeep does under the lock in one go.
    pub(crate) const UPKEEP: Self = Self {
        entries: 512,
        groups: 512,
    };
}

impl<K: Eq, V> State<K, V> {
    /// Takes out entries whose time is over. Whether there may be more.
    pub(crate) fn expire_due<'a>(
        &mut self,
        arena: &'a Arena<K, V>,
        now: u64,
        batch: Batch,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool {
        let mut entries = batch.entries;
        for _ in 0..batch.groups {
            let Some(group) = self.index.due(now) else {
                break;
            };
            let mut bound = NEVER;
            for id in ids_of(group) {
                let deadline = self.deadline(arena, id);
                if deadline <= now && entries > 0 {
                    entries -= 1;
                    self.remove(arena, id, RemovalCause::Expired, after);
                } else {
                    bound = bound.min(deadline);
                }
            }
            self.index.bound(group, bound);
            if entries == 0 {
                break;
            }
        }
        arena.bound(self.index.first());
        self.index.first() <= now
    }

    /// When the entry in a slot expires, if there is one that does.
    fn deadline(&self, arena: &Arena<K, V>, id: u32) -> u64 {
        match self.owner.deadline(arena, id) {
            deadline if deadline != NEVER && self.owner.is_linked(arena, id) => deadline,
            _ => NEVER,
        }
    }

    /// Takes the entry of a key out if its deadline is not after `now`, and tells whether it was.
    pub(crate) fn expire_key<'a, Q: Eq + ?Sized>(
        &mut self,
        arena: &'a Arena<K, V>,
        hash: Hash,
        key: &Q,
        now: u64,
        after: &mut Aftermath<'a, K, V>,
    ) -> bool
    where
        K: Borrow<Q>,
    {
        // The first bound is seldom passed, and a search is not for nothing.
        if self.index.first() > now {
            return false;
        }
        let found = self.owner.find(arena, hash, |found| found.borrow() == key);
        let due = found.filter(|id| self.deadline(arena, *id) <= now && now < NEVER);
        if let Some(id) = due {
            self.remove(arena, id, RemovalCause::Expired, after);
        }
        due.is_some()
    }

    /// An entry has come, which may expire.
    #[inline]
    pub(crate) fn expect_due(&mut self, id: u32, lease: Lease, after: &mut Aftermath<'_, K, V>) {
        if lease.deadline != NEVER {
            self.index.add(id, lease.deadline, self.owner.groups());
            after.due(lease.deadline);
        }
    }

    /// Changes when a linked entry expires.
    pub(crate) fn set_lease(
        &mut self,
        arena: &Arena<K, V>,
        id: u32,
        lease: Lease,
        after: &mut Aftermath<'_, K, V>,
    ) {
        if self.owner.deadline(arena, id) != NEVER {
            self.index.forget();
        }
        arena.expect(lease.deadline);
        self.owner.set_lease(arena, id, lease);
        self.expect_due(id, lease, after);
    }

    /// The table was replaced: all slots are others.
    pub(crate) fn renew_index(&mut self, arena: &Arena<K, V>) {
        let live = self.index.live();
        self.index = Index::new();
        if live > 0 {
            let groups = self.owner.groups();
            for id in (0..groups).flat_map(ids_of) {
                let deadline = self.deadline(arena, id);
                if deadline != NEVER {
                    self.index.add(id, deadline, groups);
                }
            }
        }
    }
}
