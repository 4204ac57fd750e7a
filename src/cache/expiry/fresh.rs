//! Whether an entry may still be served, and what a read does to its deadline.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::time::Duration;

use super::{Batch, Ttl, Written, rules, served_until};
use crate::cache::core::Core;
use crate::cache::options::InsertOptions;
use crate::cache::shard::Shard;
use crate::cache::state::Terms;
use crate::cache::store::{Entry, Hash, Held, Lease, NEVER};
use crate::cache::tags::Extra;
use crate::kernel::clock::coarse;
use crate::kernel::pins;
use crate::kernel::sync::{Arc, AtomicU64, Ordering};

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

    /// A read puts the deadline of an entry off.
    #[inline(never)]
    pub(crate) fn touch(&self, hash: Hash, entry: &Entry<'_, K, V>) {
        let Some(due) = entry.deadline().map(|due| due.load(Ordering::Relaxed)) else {
            return;
        };
        let now = if self.coarse {
            coarse::now()
        } else {
            self.clock.now().as_nanos()
        };
        let decide = self.rules.on_read.as_ref();
        let decided = decide.and_then(|decide| {
            let ttl = decide(entry.key, entry.value, self.left(due, now));
            self.rules.new_limit(ttl, now)
        });
        if decided.is_none() && self.rules.idle.is_none() {
            return;
        }
        let limit = decided.unwrap_or_else(|| entry.limit());
        let lease = self.rules.lease_to(limit, now);
        // How much it has to be for a store: a tick, where the time is only known to a tick.
        let step = if self.coarse {
            let until = served_until(lease.deadline, self.linger);
            rules::step(until.saturating_sub(now))
        } else {
            1
        };
        let limit_moves = decided.is_some_and(|limit| limit.abs_diff(entry.limit()) >= step);
        if lease.deadline.abs_diff(due) < step && !limit_moves {
            return;
        }
        if due != NEVER && lease.deadline != NEVER && lease.deadline >= due {
            entry.put_off(lease);
        } else if decided.is_some() {
            self.set_lease(hash, entry, lease);
        }
    }

    /// As [`touch`](Self::touch), for whoever has the entry in another way.
    pub(crate) fn touch_key<Q>(&self, hash: Hash, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let pin = pins::stand_by();
        if let Some(entry) = self
            .shard(hash)
            .and_then(|shard| shard.search(&pin, hash, |found| found.borrow() == key))
        {
            self.touch(hash, &entry);
        }
    }

    /// Changes when an entry that is being read expires.
    fn set_lease(&self, hash: Hash, entry: &Entry<'_, K, V>, lease: Lease) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut after = self.aftermath();
        let mut state = shard.lock();
        // It is announced, so nothing else is where it is.
        let is_it = |found: &K| std::ptr::eq(found, entry.key);
        if let Some(id) = state.owner.find(&shard.arena, hash, is_it) {
            state.set_lease(&shard.arena, id, lease, &mut after);
        }
        drop(state);
        after.settle();
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
        let pin = pins::stand_by();
        let entry = shard.search(&pin, hash, |found| found.borrow() == key)?;
        let due = entry
            .deadline()
            .map_or(NEVER, |due| due.load(Ordering::Relaxed));
        match self.left(due, self.now()) {
            _ if !entry.is_current() => None,
            None => Some(Ttl::Never),
            Some(left) => (!left.is_zero()).then_some(Ttl::For(left)),
        }
    }

    /// What an entry is to be, by the cache's own rules; `None` if it is not to be at all.
    #[inline]
    pub(crate) fn terms(&self, hash: Hash, key: &K, value: &V) -> Option<Terms<'static>> {
        self.terms_with(hash, key, value, &InsertOptions::new(), None)
    }

    /// What an entry with these options is to be; `None` if it is not to be at all: then nothing is stored, and what was there goes.
    pub(crate) fn terms_with<'t>(
        &self,
        hash: Hash,
        key: &K,
        value: &V,
        options: &InsertOptions,
        extra: Option<&'t Arc<Extra>>,
    ) -> Option<Terms<'t>> {
        self.terms_within(hash, key, value, options, extra, None)
    }

    /// As [`terms_with`](Self::terms_with), for an entry that is served for `most` at most.
    pub(crate) fn terms_within<'t>(
        &self,
        hash: Hash,
        key: &K,
        value: &V,
        options: &InsertOptions,
        extra: Option<&'t Arc<Extra>>,
        most: Option<Duration>,
    ) -> Option<Terms<'t>> {
        let weight = options
            .weight
            .unwrap_or_else(|| self.weigher.as_ref().map_or(1, |weigh| weigh(key, value)));
        let mut ttl = options.ttl;
        if let (Ttl::Default, Some(decide)) = (ttl, &self.rules.on_write) {
            ttl = decide(key, value, self.is_written(hash, key));
        }
        let mortal = matches!(ttl, Ttl::For(_)) || most.is_some() || self.rules.by_default();
        if mortal && !self.expires.load(Ordering::Relaxed) {
            self.expires.store(true, Ordering::Relaxed);
        }
        let now = self.now();
        let lease = if mortal {
            self.rules.lease(ttl, most, now)?
        } else {
            Lease::FOREVER
        };
        let refresh = if self.revises {
            self.config.loads.refresh_at(self.clock.now(), false)
        } else {
            NEVER
        };
        Some(Terms {
            weight,
            lease,
            now,
            extra,
            refresh,
            cost: 0,
        })
    }

    /// What a write to a key would be.
    fn is_written(&self, hash: Hash, key: &K) -> Written {
        let pin = pins::stand_by();
        let entry = self
            .shard(hash)
            .and_then(|shard| shard.search(&pin, hash, |found| found == key));
        if entry.is_some_and(|entry| self.is_fresh(&entry) && entry.is_current()) {
            Written::Updated
        } else {
            Written::Created
        }
    }

    /// Expires a batch of a shard's entries, and drops what may be dropped.
    pub(crate) fn tend(&self, shard: usize, now: u64) -> Option<Tended> {
        let shard = self.shards.get(shard)?;
        let mut after = self.aftermath();
        let mut state = shard.lock();
        let before = state.owner.remains();
        let more = state.expire_due(&shard.arena, now, Batch::UPKEEP, &mut after);
        state.reclaim(&shard.arena, &mut after);
        if after.has_notices() {
            // What the listener is still to be told of can only be dropped after that.
            drop(state);
            after.settle_quietly();
            after = self.aftermath();
            state = shard.lock();
            state.reclaim(&shard.arena, &mut after);
        }
        let remains = state.owner.remains();
        let tended = Tended {
            more: more || state.owner.is_sweeping(),
            next: state.index.first(),
            remains: remains > 0,
            stuck: remains > 0 && remains >= before,
        };
        drop(state);
        after.settle_quietly();
        Some(tended)
    }
}

/// What a shard is like after its upkeep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tended {
    /// There is more to do at once.
    pub(crate) more: bool,
    /// When the next entry may be due.
    pub(crate) next: u64,
    /// Something waits to be dropped.
    pub(crate) remains: bool,
    /// None of it could be dropped.
    pub(crate) stuck: bool,
}
