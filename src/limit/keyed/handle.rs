//! The limiter as its users see it.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;

use super::builder::assemble;
use super::core::{ALLOWED, Core, DENIED, EVICTED, FORGIVEN, REFUSED, SHARED, counter_of};
use super::intent::Intent;
use super::set::places;
use super::table::Tables;
use super::view::{Seat, View};
use super::{KeyedBuilder, KeyedConfig, KeyedStats};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::limit::algorithm::Step;
use crate::limit::{Decision, Quota};

/// A token bucket for each key, in memory that is fixed: what stands at the gate and knows clients by their address, tenants by
/// their name.
///
/// A bucket that is full says nothing that an absent one doesn't. So only keys that took something lately need a place; as soon as
/// their bucket is full again, the place is free for others. No sweeper, no growth, no pause.
///
/// ```
/// use tenfold::limit::{Keyed, Quota};
///
/// let limiter: Keyed<String> = Keyed::new(Quota::per_second(100).with_burst(20));
/// if limiter.try_acquire("198.51.100.7") {
///     // serve the request
/// }
/// let outcome = limiter.decide("198.51.100.7", 5);    // five tokens, and the whole story
/// assert!(outcome.allowed);
/// assert_eq!(limiter.available("203.0.113.9"), 20);
/// ```
///
/// # When there are too many keys
///
/// There is room for 65 536 keys at once by default, see [`KeyedBuilder::keys`]. A key has seven places where it can stand. If
/// all of them belong to keys whose buckets are not full, [`Overflow`](super::Overflow) decides: the key that lacks least is forgiven, or
/// the others share a bucket, or the newcomer is refused. Quotas whose tokens never come back (a rate of zero) keep their places for ever.
///
/// For a key, any window of length `t` sees at most `burst + rate × t`, and what was [forgiven](KeyedStats::forgiven) in it; with
/// [`Overflow::Share`](super::Overflow::Share) and [`Overflow::Deny`](super::Overflow::Deny) only charges without a place are ever forgiven.
///
/// # Identity of keys
///
/// A key is known by 64 bits of a hash that is seeded at random for each limiter: two keys with the same hash share a bucket. Of
/// `n` keys whose buckets are not full, one or more pairs do so with a probability of about `n² / 2^65`: for a million keys, 1 in 37
/// million. A table of `s` < 256 sets, which is less than 32 KiB, knows `2^56 × s` hashes apart instead of `2^64`. All this is as good as the
/// `Hash` of the key: keys that feed the same to the hasher are one key.
///
/// With [`exact_keys`](KeyedBuilder::exact_keys), keys are kept and compared by `Eq` as in a map, and two keys never share a bucket.
/// That takes the memory of seven `Option<K>` more per set, and a clone of each key that gets a place; what a key holds on the heap
/// comes on top of the budget. `Eq` runs while the set is locked and must not use the limiter.
///
/// # Waiting
///
/// There is no `acquire` and no `reserve` here: a line of waiters per key would be memory that a flood of keys can ask for. Who
/// waits for a few known keys keeps a [`TokenBucket`](crate::limit::TokenBucket) for each of them; who answers requests hands on
/// [`Decision::retry_after`].
///
/// # Timestamps
///
/// Those of one key may come in any order, as in a [`TokenBucket`](crate::limit::TokenBucket). A key that gets the place of
/// another begins with a full bucket, but not earlier than that place was given away: with a timestamp that is older, it has that much
/// less. So an older timestamp never gives a key more. A timestamp from far in the future takes its key out of service until that
/// time comes, and newcomers that stand where it stood.
///
/// # Complexity
///
/// A call hashes the key, looks at seven tags on one line of the cache and at a word on another one, and does one
/// compare-and-swap if it takes something; a refusal writes nothing that another thread reads. A key that comes anew and finds a free place
/// costs the same. Only when a full set must be dealt with, a class asked for or a key kept, the call locks the set. Nothing allocates, but
/// a key that is not in the table is cloned if its class must be asked for or if keys are kept.
///
/// A key has 18.3 bytes when all places are taken, and twice that as [`keys`](KeyedBuilder::keys) sizes the table. The table should not be
/// larger than needed: what fits into the processor's caches is found sooner.
///
/// # Blocking
///
/// No call waits for another one's user code, except for the `Eq` of keys that are kept. Calls that change the same set at the same
/// moment wait for each other, for a few instructions.
///
/// # Source
///
/// The bucket as in [`TokenBucket`](crate::limit::TokenBucket); the table is a set-associative cache (as in processors) with the debt
/// as its order of eviction.
///
/// # When not to use this
///
/// For a few keys that are known beforehand, a bucket each is simpler and can wait. If no two processes may grant the same tokens, the
/// limiter has to be shared between them.
pub struct Keyed<K, C = MonotonicClock> {
    pub(super) core: Core<K>,
    pub(super) clock: C,
    pub(super) config: KeyedConfig,
}

impl<K> Keyed<K> {
    /// A limiter with this quota for each key and room for 65 536 of them, on the process's clock. Should there not be enough
    /// memory (2.4 MB), it has room for seven.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        let config = KeyedConfig::new(quota);
        let tables = Tables::new(config.bytes, false);
        let tables = tables.unwrap_or_else(Tables::least);
        assemble(config, tables, None, MonotonicClock::new())
    }

    /// For settings and a clock of your own.
    #[must_use]
    pub fn builder(quota: Quota) -> KeyedBuilder<K> {
        KeyedBuilder::new(quota)
    }
}

impl<K, C: Clock> Keyed<K, C> {
    /// Takes one token of the key's bucket if it is there.
    #[inline]
    #[must_use]
    pub fn try_acquire<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.try_acquire_n(key, 1)
    }

    /// Takes `cost` tokens of the key's bucket if they are there.
    #[inline]
    #[must_use]
    pub fn try_acquire_n<Q>(&self, key: &Q, cost: u64) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = || self.clock.now().as_nanos();
        self.counted(self.core.take(now, key, cost))
    }

    /// As [`try_acquire_n`](Self::try_acquire_n), at a time that the caller has read from this limiter's clock anyway.
    #[inline]
    #[must_use]
    pub fn try_acquire_n_at<Q>(&self, now: Tick, key: &Q, cost: u64) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.counted(self.core.take(|| now.as_nanos(), key, cost))
    }

    #[inline]
    fn counted(&self, taken: bool) -> bool {
        let which = if taken { ALLOWED } else { REFUSED };
        self.core.counters.raise(which);
        taken
    }

    /// Takes `cost` tokens if they are there, and says all that a client wants to know.
    ///
    /// Costs more than [`try_acquire_n`](Self::try_acquire_n), for the divisions.
    pub fn decide<Q>(&self, key: &Q, cost: u64) -> Decision
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.try_acquire_at(self.clock.now(), key, cost)
    }

    /// As [`decide`](Self::decide), at a time that the caller has read from this limiter's clock anyway.
    pub fn try_acquire_at<Q>(&self, now: Tick, key: &Q, cost: u64) -> Decision
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = now.as_nanos();
        let (decision, counter) = self.core.visit(now, key, Intent::of(cost), |view| {
            let (next, decision) = decide(view, now, cost);
            (next, (decision, counter_of(view, cost)))
        });
        self.core.count(counter);
        self.core
            .counters
            .raise(if decision.allowed { ALLOWED } else { REFUSED });
        decision
    }

    /// What [`decide`](Self::decide) would say; takes nothing, and no place.
    pub fn peek<Q>(&self, key: &Q, cost: u64) -> Decision
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.peek_at(self.clock.now(), key, cost)
    }

    /// What [`try_acquire_at`](Self::try_acquire_at) would say; takes nothing, and no place.
    pub fn peek_at<Q>(&self, now: Tick, key: &Q, cost: u64) -> Decision
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = now.as_nanos();
        self.core.visit(now, key, Intent::Look, |view| {
            (None, decide(view, now, cost).1)
        })
    }

    /// Whole tokens that the key could take now; zero in debt. Others may take them before the caller does.
    #[must_use]
    pub fn available<Q>(&self, key: &Q) -> u64
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.clock.now().as_nanos();
        self.core
            .visit(now, key, Intent::Look, |view| (None, view.available(now)))
    }

    /// Takes `cost` tokens, whether they are there or not: for costs that are known only afterwards. Debt is paid from what comes
    /// before the key is admitted again.
    ///
    /// With [`Overflow::Deny`](super::Overflow::Deny), the charge of a key that gets no place is forgotten, and counted as forgiven.
    pub fn charge<Q>(&self, key: &Q, cost: u64)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.clock.now().as_nanos();
        let forgiven = self.core.visit(now, key, Intent::of(cost), |view| {
            if matches!(view.seat, Seat::Nowhere { .. }) {
                return (None, true);
            }
            let next = view.meter.overdrawn(view.word, now, cost);
            // Nothing taken, nothing to remember.
            ((next != view.word).then_some(next), false)
        });
        if forgiven {
            self.core.counters.add(FORGIVEN, cost);
        }
    }

    /// Gives `cost` tokens back to the key's own bucket, as far as the burst has room. What was taken from a
    /// [shared](super::Overflow::Share) bucket does not come back, and if the key has lost its place there is nothing to give back to.
    pub fn refund<Q>(&self, key: &Q, cost: u64)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.clock.now().as_nanos();
        self.core.visit(now, key, Intent::Look, |view| {
            let next = match view.seat {
                Seat::Own { .. } => Some(view.meter.refunded(view.word, now, cost)),
                // It is full, or others would get what this key has taken elsewhere.
                _ => None,
            };
            (next.filter(|next| *next != view.word), ())
        });
    }

    /// Forgets all about a key: its bucket is full, and its class will be asked again. Returns whether something had been taken
    /// that was not refilled yet.
    ///
    /// What the key took from a [shared](super::Overflow::Share) bucket stays taken.
    pub fn forget<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let now = self.clock.now().as_nanos();
        let forgotten = self.core.forget(key);
        forgotten.is_some_and(|(meter, word)| meter.debt(word, now) > 0)
    }

    /// Forgets all keys. Statistics go on.
    ///
    /// # Complexity
    ///
    /// Goes through the whole table and locks one set after the other; calls that come meanwhile may see it before or after.
    pub fn clear(&self) {
        self.core.tables.clear();
    }

    /// Keys whose buckets are not full now, those in shared buckets not counted.
    ///
    /// # Complexity
    ///
    /// As [`clear`](Self::clear): for a dashboard, not for each request.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live_at(self.clock.now())
    }

    /// As [`live`](Self::live), at a time of this limiter's clock.
    #[must_use]
    pub fn live_at(&self, now: Tick) -> usize {
        let Core {
            tables,
            meters,
            overflow,
            ..
        } = &self.core;
        tables.live(now.as_nanos(), meters, *overflow)
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &KeyedConfig {
        &self.config
    }

    /// The time on the limiter's clock.
    #[must_use]
    pub fn now(&self) -> Tick {
        self.clock.now()
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &C {
        &self.clock
    }

    /// Bytes of the table, which never change: at most the budget. The handle around it has 2.2 KiB of counters, some hundred bytes, and
    /// 64 bytes for each class; what exact keys hold on the heap is not counted.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.core.tables.bytes()
    }

    /// What happened so far, and how large the limiter is.
    #[must_use]
    pub fn stats(&self) -> KeyedStats {
        let Core {
            counters, tables, ..
        } = &self.core;
        KeyedStats {
            allowed: counters.sum(ALLOWED),
            refused: counters.sum(REFUSED),
            evicted: counters.sum(EVICTED),
            forgiven: counters.sum(FORGIVEN),
            shared: counters.sum(SHARED),
            denied: counters.sum(DENIED),
            capacity: tables.count().saturating_mul(places(self.config.overflow)),
            bytes: tables.bytes(),
        }
    }
}

/// What becomes of the word, and what to say.
fn decide(view: &View<'_>, now: u64, cost: u64) -> (Option<u64>, Decision) {
    let step = view.step(now, cost);
    let next = match step {
        Step::To(next) => Some(next),
        Step::Free | Step::Refused => None,
    };
    (next, view.decision(step, now, cost))
}

impl<K, C> fmt::Debug for Keyed<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
