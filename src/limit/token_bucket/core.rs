//! The word of a bucket, and the quota beside it.
//!
//! A call loads the word, reads the meter, decides, and replaces the word if it takes something. A refusal writes nothing.
//!
//! # Changing the quota
//!
//! Word and meter must change as one, although they are two things. The new meter is put on an axis of its own
//! ([`Meter::rebased`]), above all words that were ever stored. So no word comes back under another meter, and the word is its own
//! version number:
//!
//! ```text
//! change:  lock ─▶ word: old ─CAS─▶ FROZEN ─▶ write the meter ─▶ word: FROZEN ─store─▶ new ─▶ unlock
//! call:    load the word ─▶ read the meter ─▶ decide ─┬─ take: CAS the word
//!                                                     └─ take nothing: load the word again, it is the same
//! ```
//!
//! Whoever read a part of a new meter with an old word finds the word frozen or new afterwards, and begins again. A call that
//! finds the word frozen waits for the lock, which the change holds for a few instructions.
//!
//! Memory ordering. The words of the meter are relaxed. The freezing swap acquires and releases, and a release fence stands behind
//! it. A call that saw a word of the new meter can't be followed by its own successful swap of the old word: that swap would come
//! before the freezing one and happen before it, so before the word that it saw was written. And the look that takes nothing has
//! an acquire fence between the meter and the second load.

use crossbeam_utils::CachePadded;

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Mutex, Ordering, fence};
use crate::limit::algorithm::{Meter, Step};
use crate::limit::{Keep, Quota};

/// The word while the quota changes. Debt ends before it.
const FROZEN: u64 = u64::MAX;

/// A bucket without clock, waiters and statistics.
#[derive(Debug)]
pub(crate) struct Core {
    /// On a line of its own: what is written per call must not take what is only read along.
    word: CachePadded<AtomicU64>,
    meter: [AtomicU64; 8],
    /// See [`Meter::brief`].
    brief: [AtomicU64; 6],
    change: Mutex<Change>,
}

#[derive(Debug)]
struct Change {
    quota: Quota,
    meter: Meter,
    /// The largest word ever stored that was taken back since.
    highest: u64,
    /// When the quota last changed: time does not go back behind it.
    at: u64,
    /// How often it changed.
    changes: u64,
}

/// A charge that may be taken back: the word before and after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    before: u64,
    after: u64,
    changes: u64,
}

impl Core {
    /// A bucket that holds its initial tokens at `now`.
    pub(crate) fn new(quota: Quota, now: u64) -> Self {
        let meter = quota.meter();
        let word = meter.beginning(&quota, now);
        Self {
            word: CachePadded::new(AtomicU64::new(word)),
            meter: meter.words().map(AtomicU64::new),
            brief: meter.brief(0).map(AtomicU64::new),
            change: Mutex::new(Change {
                quota,
                meter,
                highest: 0,
                at: 0,
                changes: 0,
            }),
        }
    }

    /// Replaces the word by what `change` makes of it, or leaves it; again if that was overtaken.
    pub(crate) fn update<R>(&self, mut change: impl FnMut(&Meter, u64) -> (Option<u64>, R)) -> R {
        loop {
            let word = self.word.load(Ordering::Acquire);
            let (next, result) = change(&self.meter(), word);
            let settled = match next {
                _ if word == FROZEN => false,
                Some(next) => self.replace(word, next),
                None => self.is_still(word),
            };
            if settled {
                return result;
            }
            self.wait_if_frozen(word);
        }
    }

    /// Takes `cost` tokens if they are there and nobody `waits`, in as few instructions as possible; `None` if that takes a closer
    /// look: at who waits, and then [`take`](Self::take).
    ///
    /// Under load most answers are refusals, so they come first, and are the same whoever waits. A refusal has looked at the word
    /// twice and written nothing.
    #[inline(always)]
    pub(crate) fn take_briefly(
        &self,
        now: u64,
        cost: u64,
        waits: impl Fn() -> bool,
    ) -> Option<bool> {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        // The compiler knows that it is none where the cost is one, and that there is no more to do for them.
        let others = cost.checked_sub(1)?;
        let word = self.word.load(Ordering::Acquire);
        let [start, span, whole, mark, slack, scale] = &self.brief;
        let elapsed = now.wrapping_sub(load(start));
        if elapsed >= load(span) {
            return None;
        }
        let mut more = 0;
        if others > 0 {
            more = others.checked_mul(load(scale))?;
            if more > load(slack) {
                return None;
            }
        }
        // Sums that wrap are of words that were read while they changed, and come to nothing below.
        let filled = elapsed.wrapping_mul(load(whole));
        let highest = load(mark).wrapping_add(filled).wrapping_sub(more);
        if word > highest {
            return (word != FROZEN && self.is_still(word)).then_some(false);
        }
        if word == FROZEN || waits() {
            return None;
        }
        let units = load(scale).wrapping_add(more);
        let floor = highest.wrapping_sub(load(slack).wrapping_sub(more));
        let next = word.max(floor).wrapping_add(units);
        // Who was overtaken has time to come again by the longer way.
        self.replace(word, next).then_some(true)
    }

    /// Takes `cost` tokens if they are there.
    #[inline(never)]
    pub(crate) fn take(&self, now: u64, cost: u64) -> bool {
        loop {
            let word = self.word.load(Ordering::Acquire);
            match self.meter().step(word, now, cost) {
                Step::Free => return true,
                Step::To(next) if word != FROZEN && self.replace(word, next) => return true,
                Step::Refused if word != FROZEN && self.is_still(word) => return false,
                _ => self.wait_if_frozen(word),
            }
        }
    }

    #[inline]
    fn meter(&self) -> Meter {
        let [a, b, c, d, e, f, g, h] = &self.meter;
        Meter::from_words([a, b, c, d, e, f, g, h].map(|word| word.load(Ordering::Relaxed)))
    }

    #[inline]
    fn is_still(&self, word: u64) -> bool {
        if faulty(Fault::MixQuotas) {
            return true;
        }
        fence(Ordering::Acquire);
        self.word.load(Ordering::Relaxed) == word
    }

    #[inline]
    fn replace(&self, word: u64, next: u64) -> bool {
        self.exchange(word, next).is_ok()
    }

    #[inline]
    fn exchange(&self, word: u64, next: u64) -> Result<u64, u64> {
        self.word
            .compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire)
    }

    /// What `look` sees in one moment.
    #[inline]
    pub(crate) fn look<R>(&self, mut look: impl FnMut(&Meter, u64) -> R) -> R {
        self.update(|meter, word| (None, look(meter, word)))
    }

    /// Charges as `change` says, and remembers what is needed to [take it back](Self::take_back).
    pub(crate) fn charge(
        &self,
        mut change: impl FnMut(&Meter, u64) -> Option<u64>,
    ) -> Option<Charge> {
        // Under the lock there is one quota.
        let held = self.change.lock();
        let words = |meter: &Meter, word| {
            let after = change(meter, word);
            (after, after.map(|after| (word, after)))
        };
        let (before, after) = self.update(words)?;
        Some(Charge {
            before,
            after,
            changes: held.changes,
        })
    }

    /// Takes a charge back, if nothing was charged since and the quota is the same.
    pub(crate) fn take_back(&self, charge: &Charge) -> bool {
        let Charge {
            before,
            after,
            changes,
        } = *charge;
        // Under the lock, so that a change of the quota knows about the higher word.
        let mut change = self.change.lock();
        change.highest = change.highest.max(after);
        if faulty(Fault::UndoAnyway) {
            self.word.fetch_sub(after - before, Ordering::AcqRel);
            return true;
        }
        change.changes == changes && self.replace(after, before)
    }

    /// Gives tokens back.
    pub(crate) fn refund(&self, now: u64, cost: u64) {
        let mut change = self.change.lock();
        loop {
            let word = self.word.load(Ordering::Acquire);
            let next = change.meter.refunded(word, now, cost);
            change.highest = change.highest.max(word);
            if self.replace(word, next) {
                return;
            }
        }
    }

    /// Replaces the quota, at the time that `clock` shows.
    ///
    /// The clock is read after the word that is replaced, so no charge that this word knows of came later than that: a quota never
    /// begins to fill before what was taken under the last one. It is read without the lock, so charges that come in between are
    /// a reason to begin again.
    pub(crate) fn set_quota(&self, clock: impl Fn() -> u64, quota: Quota, keep: Keep) {
        let unbased = quota.meter();
        loop {
            let word = self.word.load(Ordering::Acquire);
            let now = clock();
            let mut change = self.change.lock();
            if change.quota == quota && keep != Keep::Reset {
                return;
            }
            if word != FROZEN && self.replace(word, FROZEN) {
                self.change_to(&mut change, word, now, (quota, unbased), keep);
                return;
            }
        }
    }

    /// While the word is frozen, and was `word` before.
    fn change_to(&self, change: &mut Change, word: u64, now: u64, to: (Quota, Meter), keep: Keep) {
        if !faulty(Fault::SkipFreezeFence) {
            fence(Ordering::Release);
        }
        let now = now.max(change.at);
        let used = if faulty(Fault::SameAxis) {
            0
        } else {
            word.max(change.highest)
        };
        let (quota, unbased) = to;
        let meter = unbased.rebased(used, now);
        let words = meter.words().into_iter().chain(meter.brief(now));
        for (to, from) in self.meter.iter().chain(&self.brief).zip(words) {
            to.store(from, Ordering::Relaxed);
        }
        let next = keep.carried(&change.meter, &meter, word, now, &quota);
        self.word.store(meter.within(next), Ordering::Release);
        *change = Change {
            quota,
            meter,
            highest: if meter.base == 0 { 0 } else { change.highest },
            at: now,
            changes: change.changes + 1,
        };
    }

    /// The quota in force.
    pub(crate) fn quota(&self) -> Quota {
        self.change.lock().quota
    }

    #[cold]
    fn wait_if_frozen(&self, word: u64) {
        if word == FROZEN {
            drop(self.change.lock());
        }
    }
}
