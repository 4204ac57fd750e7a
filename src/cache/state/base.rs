//! What is under the lock of a shard.

use std::borrow::Borrow;

use super::super::aftermath::Aftermath;
use super::super::budget::Budget;
use super::super::config::MOST_EXPECTED;
use super::super::expiry::Index;
use super::super::flights::Flights;
use super::super::load::Negatives;
use super::super::policy::{Entries, Policy};
use super::super::store::{Arena, Hash, Lease, NEVER, Owner, dense};
use super::super::tags::Extra;
use crate::kernel::sync::Arc;
use crate::kernel::sync::fault::{Fault, is as faulty};

/// What an entry is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'t> {
    pub(crate) weight: u64,
    pub(crate) lease: Lease,
    /// The time at which it was made so, if entries may expire, and zero otherwise.
    pub(crate) now: u64,
    /// What it has besides.
    pub(crate) extra: Option<&'t Arc<Extra>>,
    /// When it should be loaded anew; never, as a rule.
    pub(crate) refresh: u64,
    /// What its load took.
    pub(crate) cost: u64,
}

pub(crate) struct State<K, V> {
    pub(crate) owner: Owner<K, V>,
    pub(crate) policy: Policy,
    /// Which entries are due.
    pub(crate) index: Index,
    pub(crate) flights: Flights<K>,
    pub(crate) negatives: Negatives<K>,
    /// Weights by slot; empty while all entries weigh one.
    pub(super) weights: Vec<u64>,
    pub(crate) used: u64,
    pub(crate) quota: u64,
    /// What it has by right.
    pub(crate) share: u64,
    /// Entries that may wait to be reclaimed.
    pub(super) batch: usize,
    /// Shards of the cache.
    pub(super) siblings: usize,
    /// How long entries are kept behind their time, for loads that fail.
    pub(super) linger: u64,
    pub(super) growth: Growth,
    pub(crate) tally: Tally,
}

/// Growth that was put off for those who read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Growth {
    /// Slots that are filled when it is tried again.
    pub(super) next: usize,
    /// As many more as were filled when it was tried.
    pub(super) step: usize,
}

/// What happened to entries, counted under the lock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) inserted: u64,
    pub(crate) replaced: u64,
    pub(crate) removed: u64,
    pub(crate) expired: u64,
    pub(crate) evicted: u64,
    pub(crate) evicted_weight: u64,
    pub(crate) refused: u64,
}

/// The entries of a shard, as its policy sees them.
pub(super) struct Ledger<'s, K, V> {
    pub(super) owner: &'s mut Owner<K, V>,
    pub(super) arena: &'s Arena<K, V>,
    pub(super) weights: &'s [u64],
}

impl<K, V> Entries for Ledger<'_, K, V> {
    #[inline]
    fn uses(&self, id: u32) -> u8 {
        self.owner.uses(self.arena, id)
    }

    #[inline]
    fn set_uses(&mut self, id: u32, uses: u8) {
        self.owner.set_uses(self.arena, id, uses);
    }

    #[inline]
    fn hash(&self, id: u32) -> u32 {
        self.owner.place(id)
    }

    #[inline(always)]
    fn weight(&self, id: u32) -> u64 {
        weight_in(self.weights, id)
    }

    #[inline]
    fn place(&self, id: u32) -> u32 {
        self.owner.seat(id)
    }

    #[inline]
    fn set_place(&mut self, id: u32, place: u32) {
        self.owner.set_seat(id, place);
    }
}

/// All weigh one where no weights are kept, as in most caches, and then the place need not be looked for.
#[inline(always)]
fn weight_in(weights: &[u64], id: u32) -> u64 {
    if weights.is_empty() {
        1
    } else {
        weights.get(dense(id)).copied().unwrap_or(1)
    }
}

macro_rules! ledger {
    ($state:ident, $arena:ident) => {
        &mut Ledger {
            owner: &mut $state.owner,
            arena: $arena,
            weights: &$state.weights,
        }
    };
}

pub(super) use ledger;

/// Slots that entries that were taken out may occupy, where `batch` of them are looked through at a time: those are emptied a few at a time,
/// while others are taken out.
pub(crate) const fn litter_of(batch: usize) -> usize {
    batch + batch / 4 + 16
}

/// An entry was not stored: this much weight is missing in the shard.
#[derive(Debug)]
pub(crate) struct NoRoom(pub(crate) u64);

/// What is to be stored, until it is. It belongs to whoever calls, so that it is dropped behind the lock also if a comparison panics.
pub(crate) type Pair<K, V> = Option<(K, V)>;

impl<K: Eq, V> State<K, V> {
    pub(crate) fn new(
        owner: Owner<K, V>,
        policy: Policy,
        flights: Flights<K>,
        quota: u64,
        batch: usize,
        siblings: usize,
        linger: u64,
    ) -> Self {
        Self {
            owner,
            policy,
            index: Index::new(),
            flights,
            negatives: Negatives::new(),
            weights: Vec::new(),
            used: 0,
            quota,
            share: quota,
            batch,
            siblings,
            linger,
            growth: Growth::default(),
            tally: Tally::default(),
        }
    }

    /// The weight of a linked entry.
    #[inline(always)]
    pub(crate) fn weight(&self, id: u32) -> u64 {
        weight_in(&self.weights, id)
    }

    /// Nothing that was loaded before is stored for this key any more.
    #[inline(always)]
    pub(crate) fn fence<Q: Eq + ?Sized>(
        &mut self,
        hash: Hash,
        key: &Q,
        after: &mut Aftermath<'_, K, V>,
    ) where
        K: Borrow<Q>,
    {
        if !self.flights.is_empty() || !self.negatives.is_empty() {
            self.fence_slowly(hash, key, after);
        }
    }

    #[inline(never)]
    fn fence_slowly<Q: Eq + ?Sized>(&mut self, hash: Hash, key: &Q, after: &mut Aftermath<'_, K, V>)
    where
        K: Borrow<Q>,
    {
        let pile = after.pile();
        self.flights.detach(hash.whole(), key, &mut pile.debris);
        self.negatives.forget(hash, key, &mut pile.keys);
    }

    /// Gives what the shard has above its share and does not need to the others, and takes what it has below it.
    #[inline]
    pub(crate) fn settle(&mut self, budget: &Budget) {
        if self.quota != self.share {
            self.settle_slowly(budget);
        }
    }

    #[cold]
    fn settle_slowly(&mut self, budget: &Budget) {
        if self.quota > self.share {
            let spare = (self.quota - self.share).min(self.quota.saturating_sub(self.used));
            self.quota -= spare;
            budget.give(spare);
        } else {
            self.quota += budget.take(self.share - self.quota);
        }
    }

    /// Leaves all entries behind, and what was loaded before is not stored any more.
    pub(crate) fn abandon(&mut self, arena: &Arena<K, V>, after: &mut Aftermath<'_, K, V>) {
        after.litters();
        self.flights.detach_all();
        if faulty(Fault::AbandonNothing) {
            return;
        }
        self.negatives.forget_all();
        self.tally.removed += self.owner.len() as u64;
        self.owner.abandon(arena);
        self.policy.clear();
        self.index = Index::new();
        arena.bound(NEVER);
        self.weights = Vec::new();
        self.growth = Growth::default();
        self.used = 0;
    }

    /// The policy goes by the share: of entries, if all weigh the same.
    pub(crate) fn expect(&mut self) {
        let entries = if self.weights.is_empty() {
            usize::try_from(self.share)
                .unwrap_or(usize::MAX)
                .min(MOST_EXPECTED)
        } else {
            self.owner.len()
        };
        self.policy.resize(self.share, entries.max(1));
    }

    /// Bytes of the shard's tables.
    pub(crate) fn bytes(&self, arena: &Arena<K, V>) -> usize {
        self.owner.bytes(arena)
            + self.index.bytes()
            + self.policy.memory()
            + self.weights.capacity() * size_of::<u64>()
            + self.negatives.bytes()
    }
}
