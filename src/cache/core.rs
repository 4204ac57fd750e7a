//! The mechanism of a cache: shards, the budget they share, and what is counted.
//!
//! Every operation hashes its key once, finds the shard, and either reads without a lock or changes the shard's [`State`] under it. What
//! the user's code has to do with a change (destructors, the listener) happens behind the lock: see [`Aftermath`].

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash as Hashable};
use std::sync::Arc;

use super::Stats;
use super::aftermath::Aftermath;
use super::budget::Budget;
use super::cause::{Listener, RemovalCause};
use super::config::Config;
use super::load::Gate;
use super::meters::{Meter, Meters};
use super::policy::Chooser;
use super::shard::Shard;
use super::state::{NoRoom, State, Terms};
use super::store::{Entry, Hash, Held, NEVER};
use super::tags::Tags;
use crate::kernel::clock::Clock;
use crate::kernel::pins;
use crate::kernel::sync::{Mutex, MutexGuard};

pub(crate) type Weigh<K, V> = dyn Fn(&K, &V) -> u64 + Send + Sync;

/// A shard, and what is under its lock.
type Locked<'s, K, V> = (&'s Shard<K, V>, MutexGuard<'s, State<K, V>>);

pub(crate) struct Core<K, V, S> {
    pub(crate) shards: Box<[Shard<K, V>]>,
    pub(crate) mask: usize,
    pub(crate) hasher: S,
    pub(crate) budget: Budget,
    /// Whoever collects weight from all shards.
    pub(crate) collecting: Mutex<()>,
    pub(crate) weigher: Option<Box<Weigh<K, V>>>,
    pub(crate) listener: Option<Listener<K, V>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    /// Whether entries may expire.
    pub(crate) expires: bool,
    pub(crate) meters: Meters,
    pub(crate) tags: Tags,
    /// Bounds loads.
    pub(crate) gate: Gate,
    /// How long entries are kept behind their deadlines, for loads that fail.
    pub(crate) linger: u64,
    /// Whether entries may be loaded anew while they are there.
    pub(crate) revises: bool,
    /// Chooses the setting of all shards' policies.
    pub(crate) chooser: Arc<Chooser>,
}

impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    #[expect(clippy::too_many_arguments, reason = "the builder's parts")]
    pub(crate) fn new(
        shards: Box<[Shard<K, V>]>,
        hasher: S,
        budget: Budget,
        weigher: Option<Box<Weigh<K, V>>>,
        listener: Option<Listener<K, V>>,
        clock: Arc<dyn Clock>,
        config: Config,
        expires: bool,
        chooser: Arc<Chooser>,
    ) -> Self {
        Self {
            mask: shards.len().next_power_of_two() - 1,
            shards,
            hasher,
            budget,
            collecting: Mutex::new(()),
            weigher,
            listener,
            clock,
            gate: Gate::new(config.loads.max_loads),
            linger: config.loads.linger(),
            revises: config.loads.revises(),
            config,
            expires,
            meters: Meters::new(),
            tags: Tags::new(),
            chooser,
        }
    }

    #[inline(always)]
    pub(crate) fn hash<Q: Hashable + ?Sized>(&self, key: &Q) -> Hash {
        Hash::of(&self.hasher, key)
    }

    /// The shard of a hash. There always is one.
    #[inline(always)]
    pub(crate) fn shard(&self, hash: Hash) -> Option<&Shard<K, V>> {
        self.shards.get(hash.shard(self.mask))
    }

    /// The time, if it matters.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        if self.expires {
            self.clock.now().as_nanos()
        } else {
            0
        }
    }

    pub(crate) fn aftermath(&self) -> Aftermath<'_, K, V> {
        Aftermath::new(self.listener.as_ref())
    }

    /// Runs `look` on the value of a key, without a lock, and counts a use.
    #[inline(always)]
    pub(crate) fn read<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        self.read_at(self.hash(key), key, look)
    }

    /// As [`read`](Self::read), for a caller that knows the hash.
    #[inline(always)]
    pub(crate) fn read_at<Q, R>(&self, hash: Hash, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let shard = self.shard(hash)?;
        if !self.expires {
            if let (Some(hits), Some(pin)) = (self.meters.hits(), pins::own()) {
                let found = shard
                    .arena
                    .glance(&pin, hash, |found| found.borrow() == key);
                if let Some(entry) = found.filter(|entry| !entry.touch()) {
                    hits.raise();
                    if shard.arena.log.wants(hash.place()) {
                        shard.arena.log.note(hash.place());
                    }
                    return Some(look(entry.value));
                }
            }
        }
        self.read_slowly(shard, hash, key, look)
    }

    /// As [`read`](Self::read), for a key that is not where it is as a rule.
    #[cold]
    #[inline(never)]
    fn read_slowly<Q, R>(
        &self,
        shard: &Shard<K, V>,
        hash: Hash,
        key: &Q,
        look: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let pin = pins::stand_by();
        let Some(entry) = shard.search(&pin, hash, |found| found.borrow() == key) else {
            self.meters.raise(Meter::Misses);
            return None;
        };
        if self.expires && !self.is_fresh(&entry) {
            drop(pin);
            self.expire(hash, key);
            self.meters.raise(Meter::Misses);
            return None;
        }
        if entry.touch() && !entry.is_current() {
            drop(pin);
            self.drop_outdated(hash, key);
            self.meters.raise(Meter::Misses);
            return None;
        }
        self.meters.raise(Meter::Hits);
        if shard.arena.log.wants(hash.place()) {
            shard.arena.log.note(hash.place());
        }
        Some(look(entry.value))
    }

    #[inline(always)]
    pub(super) fn is_fresh(&self, entry: &Entry<'_, K, V>) -> bool {
        use crate::kernel::sync::Ordering;
        entry.deadline().is_none_or(|due| {
            let due = due.load(Ordering::Relaxed);
            due == NEVER || self.now().saturating_add(self.linger) < due
        })
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
        let mut state = shard.lock();
        let now = self.now();
        if let Some(id) = state
            .owner
            .find(&shard.arena, hash, |found| found.borrow() == key)
            && state.owner.deadline(&shard.arena, id) <= now
        {
            state.remove(&shard.arena, id, RemovalCause::Expired, &mut after);
        }
        drop(state);
        after.settle();
    }

    /// The entry of a key for a holder that stays; `None` if it has expired.
    pub(crate) fn hold<Q>(&self, hash: Hash, key: &Q) -> Option<Held<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let shard = self.shard(hash)?;
        let held = shard.hold(hash, |found| found.borrow() == key)?;
        if self.expires && held.deadline() <= self.now().saturating_add(self.linger)
            || !held.is_current()
        {
            return None;
        }
        Some(held)
    }

    /// What an entry is to be, by the cache's own rules.
    pub(crate) fn terms(&self, key: &K, value: &V) -> Terms<'static> {
        let weight = self.weigher.as_ref().map_or(1, |weigh| weigh(key, value));
        let deadline = match self.config.time_to_live {
            Some(ttl) if self.expires => self
                .clock
                .now()
                .saturating_add(ttl)
                .as_nanos()
                .saturating_add(self.linger),
            _ => NEVER,
        };
        let refresh = if self.revises {
            self.config.loads.refresh_at(self.clock.now(), false)
        } else {
            NEVER
        };
        Terms {
            weight,
            deadline,
            extra: None,
            refresh,
            cost: 0,
        }
    }

    /// Stores a value.
    pub(crate) fn insert(&self, hash: Hash, key: K, value: V, terms: Terms<'_>) {
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut after = self.aftermath();
        let mut state = shard.lock();
        state.fence(hash, &key, &mut after);
        let stored = state.insert(&shard.arena, &self.budget,
            hash,
            key,
            value,
            terms,
            &mut after,
        );
        drop(state);
        after.settle();
        if let Err(refused) = stored {
            self.insert_heavy(hash, refused, terms);
        }
    }

    /// Stores an entry that needs more than its shard has.
    #[cold]
    pub(super) fn insert_heavy(&self, hash: Hash, refused: NoRoom<K, V>, terms: Terms<'_>) {
        let NoRoom {
            mut key,
            mut value,
            mut missing,
        } = refused;
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let mut afters = Vec::new();
        // One at a time, or two could wait for what the other has. Nor does the capacity change meanwhile.
        let collecting = self.collecting.lock();
        let refused = loop {
            if terms.weight > self.budget.capacity() {
                break Some(NoRoom {
                    key,
                    value,
                    missing,
                });
            }
            let collected = self.collect(hash, missing, &mut afters);
            let mut after = self.aftermath();
            let mut state = shard.lock();
            state.quota += collected;
            state.fence(hash, &key, &mut after);
            let stored = state.insert(&shard.arena, &self.budget,
                hash,
                key,
                value,
                terms,
                &mut after,
            );
            drop(state);
            afters.push(after);
            match stored {
                Ok(_) => break None,
                // Others have taken it.
                Err(again) if collected == 0 => break Some(again),
                Err(again) => (key, value, missing) = (again.key, again.value, again.missing),
            }
        };
        drop(collecting);
        for after in afters {
            after.settle();
        }
        if let Some(refused) = refused {
            self.refuse(&refused.key, &refused.value);
        }
    }

    /// An entry that does not fit is evicted before it is in.
    pub(crate) fn refuse(&self, key: &K, value: &V) {
        self.meters.raise(Meter::Refused);
        if let Some(Listener(hear)) = &self.listener {
            let _ = crate::kernel::upkeep::shielded(|| hear(key, value, RemovalCause::Evicted));
        }
    }

    /// Takes weight from the other shards.
    pub(crate) fn collect<'s>(
        &'s self,
        hash: Hash,
        missing: u64,
        afters: &mut Vec<Aftermath<'s, K, V>>,
    ) -> u64 {
        let own = hash.shard(self.mask);
        let mut collected = self.budget.take(missing);
        for (_, shard) in self
            .shards
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != own)
        {
            let wanted = missing - collected;
            if wanted == 0 {
                break;
            }
            let mut after = self.aftermath();
            let mut state = shard.lock();
            let given = wanted.min(state.quota);
            state.quota -= given;
            state.shed(&shard.arena, &mut after);
            // Pinned entries don't go, so what they weigh stays.
            let kept = state.used.saturating_sub(state.quota);
            state.quota += kept;
            collected += given - kept;
            state.settle(&self.budget);
            drop(state);
            afters.push(after);
        }
        collected
    }

    /// Removes the entry of a key and everything that was loaded for it before; whether there was one is what `take` makes of it.
    pub(crate) fn remove<Q, R>(&self, key: &Q, take: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let shard = self.shard(hash)?;
        let mut after = self.aftermath();
        let mut state = shard.lock();
        state.fence(hash, key, &mut after);
        let found = state
            .owner
            .find(&shard.arena, hash, |found| found.borrow() == key);
        let held = found.and_then(|id| {
            let held = state.owner.hold(&shard.arena, id);
            let expired = self.expires
                && state.owner.deadline(&shard.arena, id) <= self.now().saturating_add(self.linger);
            let cause = if expired {
                RemovalCause::Expired
            } else {
                RemovalCause::Removed
            };
            state.remove(&shard.arena, id, cause, &mut after);
            held.filter(|held| !expired && held.is_current())
        });
        drop(state);
        let taken = held.as_ref().map(|held| take(held.value()));
        drop(held);
        after.settle();
        taken
    }

    /// Locks the shard of a hash.
    pub(crate) fn lock(&self, hash: Hash) -> Option<Locked<'_, K, V>> {
        let shard = self.shard(hash)?;
        Some((shard, shard.lock()))
    }
}

/// What is asked of all shards, or of a key in passing.
impl<K: Eq + Hashable, V, S: BuildHasher> Core<K, V, S> {
    pub(crate) fn peek<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let shard = self.shard(hash)?;
        let pin = pins::stand_by();
        let entry = shard.search(&pin, hash, |found| found.borrow() == key)?;
        ((!self.expires || self.is_fresh(&entry)) && entry.is_current()).then(|| look(entry.value))
    }

    pub(crate) fn get_ref<Q>(&self, key: &Q) -> Option<Held<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hashable + ?Sized,
    {
        let hash = self.hash(key);
        let held = self.hold(hash, key);
        let meter = if held.is_some() {
            Meter::Hits
        } else {
            Meter::Misses
        };
        self.meters.raise(meter);
        held
    }

    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().owner.len())
            .sum()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().used).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        let bytes = |shard: &Shard<K, V>| shard.lock().bytes(&shard.arena);
        self.shards.iter().map(bytes).sum::<usize>() + size_of_val(&*self.shards)
    }

    pub(crate) fn invalidate_all(&self) {
        for shard in &self.shards {
            let after = self.aftermath();
            let mut state = shard.lock();
            state.abandon(&shard.arena);
            drop(state);
            after.settle();
        }
    }

    pub(crate) fn set_capacity(&self, capacity: u64) {
        let mut afters = Vec::new();
        let collecting = self.collecting.lock();
        let before = self.budget.capacity();
        let capacity = self.budget.set_capacity(capacity);
        if capacity > before {
            self.budget.give(capacity - before);
        }
        let mut excess = before.saturating_sub(capacity);
        excess -= self.budget.take(excess);
        loop {
            for (index, shard) in self.shards.iter().enumerate() {
                let mut after = self.aftermath();
                let mut state = shard.lock();
                let share = self.budget.share(index);
                state.share = share;
                state.expect();
                // First everybody gives what is above the new share, then the rest is taken wherever it is.
                let given = excess.min(state.quota.saturating_sub(share));
                state.quota -= given;
                excess -= given;
                state.shed(&shard.arena, &mut after);
                state.settle(&self.budget);
                drop(state);
                afters.push(after);
            }
            // While one shard was looked at another one may have given away what it had too much.
            excess -= self.budget.take(excess);
            if excess == 0 {
                break;
            }
        }
        drop(collecting);
        for after in afters {
            after.settle();
        }
    }

    /// While the guard lives nobody moves weight between shards that are locked; and what is spare.
    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(super) fn check_budget(&self) -> (MutexGuard<'_, ()>, impl Fn() -> u64) {
        (self.collecting.lock(), || self.budget.spare())
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            hits: self.meters.sum(Meter::Hits),
            misses: self.meters.sum(Meter::Misses),
            negative_hits: self.meters.sum(Meter::NegativeHits),
            refusals: self.meters.sum(Meter::Refused),
            loads: self.meters.sum(Meter::Loads),
            load_failures: self.meters.sum(Meter::LoadFailures),
            load_nanos: self.meters.sum(Meter::LoadNanos),
            ..Stats::default()
        };
        for shard in &self.shards {
            let state = shard.lock();
            let tally = state.tally;
            stats.insertions += tally.inserted;
            stats.replacements += tally.replaced;
            stats.removals += tally.removed;
            stats.expirations += tally.expired;
            stats.evictions += tally.evicted;
            stats.evicted_weight = stats.evicted_weight.saturating_add(tally.evicted_weight);
            stats.refusals += tally.refused;
            stats.entries += state.owner.len() as u64;
            stats.weight += state.used;
        }
        stats
    }
}
