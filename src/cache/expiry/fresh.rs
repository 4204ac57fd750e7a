//! Whether an entry may still be served.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::{Ttl, served_until};
use crate::cache::core::Core;
use crate::cache::shard::Shard;
use crate::cache::store::{Entry, Hash, Held, NEVER};
use crate::kernel::clock::coarse;
use crate::kernel::pins;
use crate::kernel::sync::{AtomicU64, Ordering};

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    /// Whether the time has not come to a deadline.
    #[inline(always)]
    pub(crate) fn is_before(&self, due: u64) -> bool {
        if self.coarse {
            coarse::is_before(due)
        } else {
            due == NEVER || self.clock.now().as_nanos() < due
        }
    }

    /// Whether what was found in a shard may be served without a look at its deadline: nothing there was due before `first` when the search
    /// began, and nothing has come since that is, nor has gone.
    #[inline(always)]
    pub(crate) fn is_all_fresh(&self, shard: &Shard<K, V>, first: u64) -> bool {
        let same = shard.arena.first_due() == first;
        let surely = |first| coarse::is_surely_before(served_until(first, self.linger));
        same && (first == NEVER || self.coarse && surely(first))
    }

    /// Whether an entry with this deadline may be served.
    #[inline(always)]
    pub(crate) fn is_served_by(&self, deadline: u64) -> bool {
        self.is_before(served_until(deadline, self.linger))
    }

    /// Whether an entry may be served, as far as its age goes.
    #[inline(always)]
    pub(crate) fn is_fresh(&self, entry: &Entry<'_, K, V>) -> bool {
        entry
            .deadline()
            .is_none_or(|due| self.is_served_by(due.load(Ordering::Relaxed)))
    }

    /// Whether an entry that is held may be served.
    pub(crate) fn is_served(&self, held: &Held<'_, K, V>) -> bool {
        self.is_served_by(held.deadline()) && held.is_current()
    }

    /// Whether an entry that is not fresh is kept nevertheless, for loads that fail.
    pub(crate) fn is_kept(&self, entry: &Entry<'_, K, V>) -> bool {
        let kept = |due: &AtomicU64| self.is_before(due.load(Ordering::Relaxed));
        self.linger > 0 && entry.deadline().is_some_and(kept)
    }

    /// For how long an entry with this deadline will be served; `None` for ever.
    pub(crate) fn left(&self, deadline: u64, now: u64) -> Option<Duration> {
        let until = served_until(deadline, self.linger);
        (until != NEVER).then(|| Duration::from_nanos(until.saturating_sub(now)))
    }

    /// The time, if any entry may expire.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        if self.expires.load(Ordering::Relaxed) {
            self.read_clock()
        } else {
            0
        }
    }

    pub(crate) fn read_clock(&self) -> u64 {
        let now = self.clock.now().as_nanos();
        if self.coarse {
            coarse::note(now);
        }
        now
    }

    /// Removes an entry whose time is over.
    #[cold]
    pub(crate) fn expire<Q>(&self, hash: Hash, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut after = self.aftermath();
        let now = self.read_clock();
        let mut state = shard.lock();
        state.expire_key(&shard.arena, hash, key, now, &mut after);
        drop(state);
        after.settle();
    }

    /// For how long the entry of a key will be served.
    pub(crate) fn ttl<Q>(&self, key: &Q) -> Option<Ttl>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let shard = self.shard(hash)?;
        let mut pin = pins::stand_by();
        let entry = shard.search(&mut pin, hash, |found| found.borrow() == key)?;
        let due = entry
            .deadline()
            .map_or(NEVER, |due| due.load(Ordering::Relaxed));
        match self.left(due, self.now()) {
            _ if !entry.is_current() => None,
            None => Some(Ttl::Never),
            Some(left) => (!left.is_zero()).then_some(Ttl::For(left)),
        }
    }
}
