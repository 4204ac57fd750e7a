//! A few keys and their buckets, under one lock.
//!
//! Seven places, each a tag that says whose it is and the word of that key's bucket; with the lock they are two lines of the
//! cache:
//!
//! ```text
//!     lock │ tag 0 … tag 6              64 bytes
//!    word 0 … word 6 │ forgotten        64 bytes
//! ```
//!
//! # Invariants
//!
//! * A word at or below the filling of its class is a full bucket. That is what an absent key has, so the place is free; an empty
//!   place has word and tag zero, and no key's tag is zero.
//! * `forgotten` is the latest time at which a key that had used its bucket lost its place. Such a bucket was full then, or what it
//!   lacked was counted. A key that comes anew with an older timestamp therefore begins with a bucket that was full at `forgotten` and not
//!   before: whoever it was before, an older timestamp gives it nothing twice.
//! * Where keys share, place 0 has the tag zero and the word of the bucket that they share. Nobody finds it, and nobody takes it. A key
//!   that gets a place begins with no more than the shared bucket has, since all that it took may have been taken there.
//!
//! # Concurrency
//!
//! [`take`](Set::take) does by itself what it needs. For everything else the caller holds the right to write, which the atomics
//! can't know: the lock of the set, or the one of the keys beside it.

use super::Overflow;
use super::meters::Meters;
use super::tag::Tag;
use super::view::Seat;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Ordering};
use crate::kernel::version::VersionLock;
use crate::limit::algorithm::Step;

/// Keys with buckets of their own.
pub(super) const PLACES: usize = 7;

/// Places of a set, by what happens when they don't suffice.
pub(super) const fn places(overflow: Overflow) -> usize {
    match overflow {
        Overflow::Share => PLACES - 1,
        Overflow::EvictLeastDebt | Overflow::Deny => PLACES,
    }
}

#[derive(Debug)]
#[repr(C)]
pub(super) struct Set {
    pub(super) lock: VersionLock,
    tags: [AtomicU64; PLACES],
    words: [AtomicU64; PLACES],
    forgotten: AtomicU64,
}

/// Places whose tag is a key's, the first one first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidates(u32);

impl Iterator for Candidates {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let place = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (place < PLACES).then_some(place)
    }
}

impl Set {
    pub(super) fn new() -> Self {
        let zeros = || std::array::from_fn(|_| AtomicU64::new(0));
        Self {
            lock: VersionLock::new(),
            tags: zeros(),
            words: zeros(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Asks for both lines at once. Otherwise the second one would have to wait until the first one has told which word of it is
    /// meant.
    #[inline]
    pub(super) fn touch(&self) {
        let _ = (self.lock.look(), load(&self.forgotten));
    }

    /// Takes `cost` tokens if they are there. `None` if the key has no place, or if somebody else changes the set: then it takes
    /// the lock to tell.
    ///
    /// A refusal writes nothing.
    #[inline]
    pub(super) fn take(&self, tag: Tag, now: u64, cost: u64, meters: &Meters) -> Option<bool> {
        let version = self.lock.look()?;
        let (class, word) = self.entry(self.candidates(tag).next()?)?;
        match meters.of(class).step(load(word), now, cost) {
            Step::To(next) => {
                let _writing = self.lock.begin(version)?;
                store(word, next);
                Some(true)
            }
            Step::Free => self.lock.is_still(version).then_some(true),
            Step::Refused => self.lock.is_still(version).then_some(false),
        }
    }

    /// As [`take`](Self::take), for a key that has no place: takes one that is free for it. `None` if there is more to it, which
    /// takes the lock.
    ///
    /// For the flood of keys that all come once, and whose buckets are full again soon. Only where all keys are of class 0, and
    /// don't share.
    #[inline]
    pub(super) fn take_free(&self, tag: Tag, now: u64, cost: u64, meters: &Meters) -> Option<bool> {
        let version = self.lock.look()?;
        let meter = meters.of(0);
        let lower =
            |least: (usize, u64), next: (usize, u64)| if next.1 < least.1 { next } else { least };
        let words = self.words.iter().map(load).enumerate();
        let (place, word) = words.fold((0, u64::MAX), lower);
        let free = word <= meter.filling(now).floor && self.begins(now) == now;
        if !free || self.candidates(tag).next().is_some() {
            return None;
        }
        match meter.step(0, now, cost) {
            Step::To(next) => {
                let _writing = self.lock.begin(version)?;
                self.put(place, now, tag, next);
                Some(true)
            }
            Step::Free => self.lock.is_still(version).then_some(true),
            Step::Refused => self.lock.is_still(version).then_some(false),
        }
    }

    /// Where a key with this tag may be.
    ///
    /// Compares all tags before it looks at the result: where a key sits can't be predicted, and a loop that ends there would
    /// be mispredicted most of the time.
    #[inline]
    pub(super) fn candidates(&self, tag: Tag) -> Candidates {
        let mut matching = 0;
        for (place, other) in self.tags.iter().enumerate() {
            matching |= u32::from(Tag::from_word(load(other)).is(tag)) << place;
        }
        Candidates(matching)
    }

    /// The class of the key at `place`, and its word.
    #[inline]
    pub(super) fn entry(&self, place: usize) -> Option<(u8, &AtomicU64)> {
        let tag = Tag::from_word(load(self.tags.get(place)?));
        Some((tag.class(), self.words.get(place)?))
    }

    /// The word that keys share.
    pub(super) const fn shared(&self) -> &AtomicU64 {
        let [shared, ..] = &self.words;
        shared
    }

    /// All places that are for keys: number, tag and word.
    fn entries(&self, overflow: Overflow) -> impl Iterator<Item = (usize, Tag, u64)> {
        let entries = self.tags.iter().zip(&self.words).enumerate();
        entries
            .skip(PLACES - places(overflow))
            .map(|(place, (tag, word))| (place, Tag::from_word(load(tag)), load(word)))
    }

    /// When the bucket of a key was full last that comes anew at `now`.
    #[inline]
    fn begins(&self, now: u64) -> u64 {
        if faulty(Fault::BeginAnew) {
            return now;
        }
        now.max(load(&self.forgotten))
    }

    /// Where a key of `class` that has no place goes at `now`.
    pub(super) fn seat(&self, now: u64, class: u8, meters: &Meters, overflow: Overflow) -> Seat {
        let at = self.begins(now);
        let begin = |class| {
            if at > now {
                meters.of(class).filling(at).ceiling
            } else {
                0
            }
        };
        let (place, debt) = self.least(at, meters, overflow);
        match overflow {
            Overflow::Share if debt > 0 && class == 0 => Seat::Shared {
                word: begin(0).max(load(self.shared())),
            },
            // A key of another class would be held to a quota that is not its own.
            Overflow::Share | Overflow::Deny if debt > 0 => Seat::Nowhere {
                until: self.first_free(meters, overflow),
            },
            Overflow::Share if class == 0 => Seat::New {
                place,
                word: begin(0).max(load(self.shared())),
                debt,
            },
            Overflow::Share | Overflow::Deny | Overflow::EvictLeastDebt => Seat::New {
                place,
                word: begin(class),
                debt,
            },
        }
    }

    /// The place with the least debt at `at`, an empty one first, and its debt in whole tokens: zero if it is free.
    fn least(&self, at: u64, meters: &Meters, overflow: Overflow) -> (usize, u64) {
        let entries = self.entries(overflow);
        let debt = |tag: Tag, word| meters.of(tag.class()).debt(word, at);
        let least = if meters.is_single() {
            // One axis: the least word is the least debt.
            let least = entries.min_by_key(|(_, _, word)| *word);
            least.map(|(place, tag, word)| (place, debt(tag, word)))
        } else {
            let least = entries.map(|(place, tag, word)| (debt(tag, word), word, place));
            least.min().map(|(debt, _, place)| (place, debt))
        };
        // There are places.
        least.unwrap_or((PLACES, 0))
    }

    /// When the first place becomes free, if one ever does.
    fn first_free(&self, meters: &Meters, overflow: Overflow) -> Option<u64> {
        let entries = self.entries(overflow);
        if meters.is_single() {
            let least = entries.map(|(_, _, word)| word).min()?;
            return meters.of(0).reaches(least);
        }
        let free_at = |(_, tag, word): (usize, Tag, u64)| meters.of(tag.class()).reaches(word);
        entries.filter_map(free_at).min()
    }

    /// Gives `place` to a key.
    pub(super) fn put(&self, place: usize, now: u64, tag: Tag, word: u64) {
        let entry = self.tags.get(place).zip(self.words.get(place));
        let Some((old_tag, old_word)) = entry else {
            return;
        };
        // A word of zero is a full bucket at any time.
        if load(old_word) > 0 {
            store(&self.forgotten, load(&self.forgotten).max(now));
        }
        store(old_tag, tag.word());
        store(old_word, word);
    }

    /// Empties a place, and returns class and word of the key that had it.
    pub(super) fn remove(&self, place: usize) -> Option<(u8, u64)> {
        let (class, word) = self.entry(place)?;
        let old = load(word);
        if !faulty(Fault::LeaveWord) {
            store(word, 0);
        }
        store(self.tags.get(place)?, Tag::NONE.word());
        Some((class, old))
    }

    /// Empties all places.
    pub(super) fn clear(&self) {
        let all = self.tags.iter().chain(&self.words);
        for word in all.chain(std::iter::once(&self.forgotten)) {
            store(word, 0);
        }
    }

    /// Keys whose buckets are not full at `now`.
    pub(super) fn live(&self, now: u64, meters: &Meters, overflow: Overflow) -> usize {
        let entries = self.entries(overflow);
        entries
            .filter(|(_, tag, word)| meters.of(tag.class()).debt(*word, now) > 0)
            .count()
    }
}

/// All atomics of a set are relaxed: its lock, or that of its keys, orders them.
#[inline]
pub(super) fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

#[inline]
pub(super) fn store(to: &AtomicU64, word: u64) {
    to.store(word, Ordering::Relaxed);
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;
