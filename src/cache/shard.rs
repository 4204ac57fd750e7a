//! One shard: what is read without its lock, and what is changed under it.

use crossbeam_utils::CachePadded;

use super::expiry::Rules;
use super::flights::Flights;
use super::log::Log;
use super::policy::Policy;
use super::state::{State, litter_of};
use super::store::{Arena, Entry, Hash, Held, Walk};
use crate::kernel::pins::Cover;
use crate::kernel::sync::{Mutex, MutexGuard, lock_briefly, yield_now};

pub(crate) struct Shard<K, V> {
    pub(crate) arena: Arena<K, V>,
    state: CachePadded<Mutex<State<K, V>>>,
}

impl<K: Eq, V> Shard<K, V> {
    pub(crate) fn new(
        quota: u64,
        weighted: bool,
        rules: &Rules<K, V>,
        policy: Policy,
        flights: Flights<K>,
        siblings: usize,
    ) -> Self {
        /// Shards up to this size have their whole table from the start.
        const SMALL: u64 = 4096;
        /// Where tables begin that grow: at this by weight, and at most at that by entries.
        const FIRST: usize = 256;
        const LARGEST_FIRST: u64 = 1 << 14;
        /// Few under a model, so that it is reached.
        const SMALLEST_BATCH: u64 = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
            2
        } else {
            16
        };
        let batch = (quota / 11).clamp(SMALLEST_BATCH, 1536) as usize;
        let first = if weighted {
            (FIRST as u64).min(quota) as usize
        } else if quota <= SMALL {
            quota as usize
        } else {
            (quota / 16).min(LARGEST_FIRST) as usize
        };
        let (arena, owner) = Arena::new(
            first + litter_of(batch),
            rules.columns(),
            Log::new(policy.limit()),
        );
        let state = State::new(
            owner,
            policy,
            flights,
            quota,
            batch,
            siblings,
            rules.linger(),
        );
        Self {
            arena,
            state: CachePadded::new(Mutex::new(state)),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        lock_briefly(&self.state)
    }

    /// Lets those go on who have the lock and move entries. Not by waiting for the lock: they may keep it for longer than that.
    fn pass(&self) {
        if self.state.try_lock().is_none() {
            yield_now();
        }
    }

    /// The entry of a key, wherever it is, for as long as `pin` announces nothing else.
    pub(crate) fn search<'p>(
        &'p self,
        pin: &'p mut Cover,
        hash: Hash,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<Entry<'p, K, V>> {
        self.arena.search(pin, hash, is_key, || self.pass())
    }

    pub(crate) fn hold(&self, hash: Hash, is_key: impl Fn(&K) -> bool) -> Option<Held<'_, K, V>> {
        self.arena.hold(hash, is_key, || self.pass())
    }

    /// The next entry of a walk, for as long as `pin` announces nothing else.
    pub(crate) fn next<'p>(
        &'p self,
        pin: &'p mut Cover,
        walk: &mut Walk,
    ) -> Option<Entry<'p, K, V>> {
        self.arena.next(pin, walk, || self.pass())
    }

    pub(crate) fn hold_next(&self, walk: &mut Walk) -> Option<Held<'_, K, V>> {
        self.arena.hold_next(walk, || self.pass())
    }
}
