//! From a key to its bucket and back.
//!
//! A call hashes its key, finds its place in the set, and decides by the word there. That is all for a key that has a place and is
//! not kept; everything else goes by the lock:
//!
//! ```text
//! hash ─▶ lock ─▶ find ─┬─ there, or the tag is all that is needed ─▶ decide ─▶ store ─▶ unlock
//!                       └─ unlock ─▶ own the key, ask for its class ─▶ lock ─▶ find, and so on
//! ```
//!
//! User code runs without a lock: the classifier, `ToOwned`, `Drop`. The exception is `Eq` of keys that are kept, which runs
//! before anything is changed: should it panic, the set is as it was.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};

use super::Overflow;
use super::intent::Intent;
use super::keys::{Held, Keys};
use super::meters::Meters;
use super::set::{Set, load, store};
use super::table::{Shelf, Tables};
use super::tag::Tag;
use super::view::{Seat, View};
use crate::kernel::counters::Counters;
use crate::kernel::hash::DefaultHashBuilder;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::limit::algorithm::{Meter, Step};

pub(super) const ALLOWED: usize = 0;
pub(super) const REFUSED: usize = 1;
pub(super) const EVICTED: usize = 2;
pub(super) const FORGIVEN: usize = 3;
pub(super) const SHARED: usize = 4;
pub(super) const DENIED: usize = 5;

/// Which class a key is of.
pub(super) type Chooser<K> = Box<dyn Fn(&K) -> usize + Send + Sync>;

pub(super) struct Core<K> {
    pub(super) meters: Meters,
    pub(super) tables: Tables<K>,
    pub(super) hasher: DefaultHashBuilder,
    pub(super) overflow: Overflow,
    pub(super) chooser: Option<Chooser<K>>,
    pub(super) counters: Counters<6>,
}

/// Who asks, and when.
struct Call<'q, Q: ?Sized> {
    hash: u64,
    key: &'q Q,
    now: u64,
}

impl<Q: ?Sized> Clone for Call<'_, Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: ?Sized> Copy for Call<'_, Q> {}

impl<K> Core<K> {
    /// Takes `cost` tokens if they are there: [`visit`](Self::visit) with the one step that must be fast.
    ///
    /// The time is asked for when the key's set is on its way from memory.
    #[inline]
    pub(super) fn take<Q>(&self, now: impl FnOnce() -> u64, key: &Q, cost: u64) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let Tables::Hashed(table) = &self.tables else {
            let now = now();
            return self.take_anew(Call { hash, key, now }, cost);
        };
        let set = &table.shelf(hash).set;
        set.touch();
        let now = now();
        match set.take(Tag::of(hash), now, cost, &self.meters) {
            Some(taken) => taken,
            None => self.take_anew(Call { hash, key, now }, cost),
        }
    }

    /// For a key without a place, one that is kept, and one in a set that others change at the moment.
    #[inline(never)]
    fn take_anew<Q>(&self, call: Call<'_, Q>, cost: u64) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let (Tables::Hashed(table), true) = (&self.tables, self.is_plain()) {
            let set = &table.shelf(call.hash).set;
            let tag = Tag::of(call.hash);
            if let Some(taken) = set.take_free(tag, call.now, cost, &self.meters) {
                return taken;
            }
        }
        let taking = |view: &View<'_>| take_seen(view, call.now, cost);
        let (taken, counter) = self.settle(call, Intent::of(cost), taking);
        self.count(counter);
        taken
    }

    /// Whether a place is all that a newcomer could find.
    fn is_plain(&self) -> bool {
        self.chooser.is_none() && self.overflow != Overflow::Share
    }

    /// Raises a counter, if it is one.
    pub(super) fn count(&self, counter: Option<usize>) {
        if let Some(counter) = counter {
            self.counters.raise(counter);
        }
    }

    /// Replaces the word of the key's bucket by what `act` makes of it, or leaves it. `act` may run again if it was overtaken.
    pub(super) fn visit<Q, R>(
        &self,
        now: u64,
        key: &Q,
        intent: Intent,
        act: impl Fn(&View<'_>) -> (Option<u64>, R),
    ) -> R
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.settle(Call { hash, key, now }, intent, act)
    }

    fn settle<Q, R>(
        &self,
        call: Call<'_, Q>,
        intent: Intent,
        act: impl Fn(&View<'_>) -> (Option<u64>, R),
    ) -> R
    where
        K: Borrow<Q>,
        Q: Eq + ToOwned<Owned = K> + ?Sized,
    {
        match &self.tables {
            Tables::Hashed(table) => {
                let shelf = table.shelf(call.hash);
                self.glance(&shelf.set, call, intent, &act)
                    .unwrap_or_else(|| self.settle_on(shelf, call, intent, act))
            }
            Tables::Exact(table) => self.settle_on(table.shelf(call.hash), call, intent, act),
        }
    }

    /// What `act` says if nothing has to be written, and nobody else writes.
    fn glance<Q: ?Sized, R>(
        &self,
        set: &Set,
        call: Call<'_, Q>,
        intent: Intent,
        act: impl Fn(&View<'_>) -> (Option<u64>, R),
    ) -> Option<R> {
        let version = set.lock.look()?;
        let place = set.candidates(Tag::of(call.hash)).next();
        if place.is_none()
            && (self.chooser.is_some() || intent == Intent::Take && self.overflow != Overflow::Deny)
        {
            return None;
        }
        let (next, result) = act(&self.view(set, place, call.now, 0));
        (next.is_none() && set.lock.is_still(version)).then_some(result)
    }

    #[inline]
    fn settle_on<B, Q, R>(
        &self,
        shelf: &Shelf<B>,
        call: Call<'_, Q>,
        intent: Intent,
        act: impl Fn(&View<'_>) -> (Option<u64>, R),
    ) -> R
    where
        B: Keys<K>,
        K: Borrow<Q>,
        Q: Eq + ToOwned<Owned = K> + ?Sized,
    {
        let Shelf { set, keys } = shelf;
        let Call { hash, key, now } = call;
        let tag = Tag::of(hash);
        {
            let mut held = keys.lock(set);
            let place = held.find(set, tag, key);
            let must_be_owned = (B::KEPT && intent == Intent::Take) || self.chooser.is_some();
            if place.is_some() || !must_be_owned {
                let view = self.view(set, place, now, 0);
                let (next, result) = act(&view);
                // No key, so nothing comes back that would be dropped under the lock.
                let _ = self.store(set, &mut held, &view, now, tag, next, None);
                return result;
            }
        }
        let owned = key.to_owned();
        let choose = |chooser: &Chooser<K>| self.meters.class(chooser(&owned));
        let class = self.chooser.as_ref().map_or(0, choose);
        // Whatever must be dropped is dropped behind the lock.
        let (result, _left) = {
            let mut held = keys.lock(set);
            // Another thread may have been faster.
            let place = held
                .find(set, tag, key)
                .filter(|_| !faulty(Fault::BringTwice));
            let view = self.view(set, place, now, class);
            let (next, result) = act(&view);
            let tag = tag.with_class(class);
            let left = self.store(set, &mut held, &view, now, tag, next, Some(owned));
            (result, left)
        };
        result
    }

    /// What a key finds: at its place, or as one of this class that has none.
    fn view(&self, set: &Set, place: Option<usize>, now: u64, class: u8) -> View<'_> {
        if let Some((place, (class, word))) =
            place.and_then(|place| Some((place, set.entry(place)?)))
        {
            let meter = self.meters.of(class);
            return View {
                seat: Seat::Own { place },
                word: load(word),
                own: meter,
                meter,
            };
        }
        let own = self.meters.of(class);
        let seat = if own.is_free() {
            Seat::Needless
        } else {
            set.seat(now, class, &self.meters, self.overflow)
        };
        let (word, meter) = match seat {
            Seat::New { word, .. } => (word, own),
            Seat::Shared { word } => (word, self.meters.of(0)),
            Seat::Own { .. } | Seat::Needless | Seat::Nowhere { .. } => (0, own),
        };
        View {
            seat,
            word,
            own,
            meter,
        }
    }

    /// Stores the next word of a key, and returns the key that is not needed any more.
    #[expect(clippy::too_many_arguments, reason = "what a place consists of")]
    fn store(
        &self,
        set: &Set,
        held: &mut impl Held<K>,
        view: &View<'_>,
        now: u64,
        tag: Tag,
        next: Option<u64>,
        key: Option<K>,
    ) -> Option<K> {
        let Some(next) = next else {
            return key;
        };
        match view.seat {
            Seat::Own { place } => {
                if let Some((_, word)) = set.entry(place) {
                    store(word, next);
                }
                key
            }
            Seat::New { place, debt, .. } => {
                if debt > 0 && !faulty(Fault::ForgiveUncounted) {
                    self.counters.raise(EVICTED);
                    self.counters.add(FORGIVEN, debt);
                }
                set.put(place, now, tag, next);
                held.replace(place, key)
            }
            Seat::Shared { .. } => {
                store(set.shared(), next);
                key
            }
            Seat::Needless | Seat::Nowhere { .. } => key,
        }
    }

    /// Takes away what is remembered of a key: the meter and the word of its bucket, if it had a place.
    pub(super) fn forget<Q>(&self, key: &Q) -> Option<(&Meter, u64)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let (class, word) = match &self.tables {
            Tables::Hashed(table) => forget_on::<K, _, _>(table.shelf(hash), hash, key),
            Tables::Exact(table) => forget_on::<K, _, _>(table.shelf(hash), hash, key),
        }?;
        Some((self.meters.of(class), word))
    }
}

fn take_seen(view: &View<'_>, now: u64, cost: u64) -> (Option<u64>, (bool, Option<usize>)) {
    let counter = counter_of(view, cost);
    match view.step(now, cost) {
        Step::Free => (None, (true, counter)),
        Step::To(next) => (Some(next), (true, counter)),
        Step::Refused => (None, (false, counter)),
    }
}

/// What to count of a call on a bucket that is not the key's.
pub(super) fn counter_of(view: &View<'_>, cost: u64) -> Option<usize> {
    match view.seat {
        _ if cost == 0 || view.own.units(cost).is_none() => None,
        Seat::Shared { .. } => Some(SHARED),
        Seat::Nowhere { .. } => Some(DENIED),
        Seat::Own { .. } | Seat::New { .. } | Seat::Needless => None,
    }
}

fn forget_on<K, B, Q>(shelf: &Shelf<B>, hash: u64, key: &Q) -> Option<(u8, u64)>
where
    B: Keys<K>,
    K: Borrow<Q>,
    Q: Eq + ?Sized,
{
    let Shelf { set, keys } = shelf;
    // The key is dropped behind the lock.
    let (entry, _key) = {
        let mut held = keys.lock(set);
        let place = held.find(set, Tag::of(hash), key)?;
        let entry = set.remove(place);
        let kept = !faulty(Fault::KeepKey);
        (entry, kept.then(|| held.replace(place, None)))
    };
    entry
}

impl<K> fmt::Debug for Core<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}
