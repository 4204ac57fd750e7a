//! Insertions of keys that were never there: every one evicts another.

use std::hint::black_box;

use quanta::Clock;

use super::contestant::{Contestant, word};
use super::reads::{CAPACITY, Row};
use crate::workload::{self, Role, Timed, Worker};

/// What is reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// The time of an insertion on average.
    Mean,
    /// The fastest of the slowest insertions, one in a thousand.
    Tail,
    /// The mean of those. On a machine that does anything else it tells how long a thread waits for a processor.
    TailMean,
}

pub(super) fn churn<C: Contestant<u64, u64>>(name: &'static str, role: Role, tell: Tell) -> Row {
    workload::Contestant::new(name, role, move || {
        let cache = C::build(CAPACITY)?;
        let mut handle = cache.handle();
        for key in Fresh::of(FILLER).take(CAPACITY) {
            C::insert(&mut handle, key, word(key));
        }
        drop(handle);
        cache.settle()?;
        Ok(Box::new(Churned { cache, tell }) as Box<dyn Timed>)
    })
}

/// The number of a thread that there is not.
const FILLER: u64 = 0xffff;

/// Keys that come once.
#[derive(Clone)]
struct Fresh(u64);

impl Fresh {
    /// Different for every thread.
    const fn of(thread: u64) -> Self {
        Self(thread << 48)
    }
}

impl Iterator for Fresh {
    type Item = u64;

    /// The numbers of a counter, mixed as SplitMix64 does it, which makes no two of them the same.
    fn next(&mut self) -> Option<u64> {
        self.0 += 1;
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(mixed ^ (mixed >> 31))
    }
}

struct Churned<C> {
    cache: C,
    tell: Tell,
}

const BATCH: u64 = 1024;
/// Insertions of a thread after which a map that evicts nothing removes the key.
const WINDOW: usize = CAPACITY / 4;

impl<C: Contestant<u64, u64>> Timed for Churned<C> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, thread: usize) -> Box<dyn Worker + '_> {
        let fresh = Fresh::of(thread as u64);
        let mut handle = self.cache.handle();
        // The first keys have no predecessors to be removed: those are inserted here.
        for key in fresh.clone().take(WINDOW) {
            C::insert(&mut handle, key, word(key));
        }
        let mut ahead = fresh.clone();
        ahead.0 += WINDOW as u64;
        Box::new(Inserting::<C> {
            cache: &self.cache,
            handle,
            fresh: ahead,
            old: fresh,
            tell: self.tell,
            clock: Clock::new(),
            times: Vec::new(),
        })
    }
}

struct Inserting<'c, C: Contestant<u64, u64> + 'c> {
    cache: &'c C,
    handle: C::Handle<'c>,
    fresh: Fresh,
    /// Follows `fresh` in the distance of a window.
    old: Fresh,
    tell: Tell,
    clock: Clock,
    /// Of the last run, as the clock counts.
    times: Vec<u64>,
}

impl<C: Contestant<u64, u64>> Inserting<'_, C> {
    fn insert(&mut self) {
        if let (Some(key), Some(old)) = (self.fresh.next(), self.old.next()) {
            C::turn_over(&mut self.handle, black_box(key), word(key), &old);
        }
    }

    /// Looks for the newest keys.
    fn check(&mut self) {
        let newest = 100;
        let mut keys = self.fresh.clone();
        keys.0 -= newest;
        let mut found = 0;
        for key in keys.take(newest as usize) {
            if let Some(read) = C::get(&mut self.handle, &key) {
                assert!(read == word(key), "read {read}");
                found += 1;
            }
        }
        assert!(
            found > 0 || !C::KEEPS_NEW,
            "none of the newest keys is there"
        );
    }
}

impl<C: Contestant<u64, u64>> Worker for Inserting<'_, C> {
    fn run(&mut self, batches: u64) {
        let insertions = batches.saturating_mul(BATCH);
        if self.tell == Tell::Mean {
            for _ in 0..insertions {
                self.insert();
            }
        } else {
            self.times.clear();
            self.times.reserve(insertions as usize);
            for _ in 0..insertions {
                let began = self.clock.raw();
                self.insert();
                let ended = self.clock.raw();
                self.times.push(ended.saturating_sub(began));
            }
        }
        // What was put off is not left for the time of another contestant.
        let settled = self.cache.settle();
        assert!(settled.is_ok(), "{settled:?}");
        self.check();
    }

    fn figure(&mut self) -> Option<f64> {
        let slowest = self.times.len() / 1000;
        let rest = self.times.len().checked_sub(slowest.max(1))?;
        let (_, quantile, tail) = self.times.select_nth_unstable(rest);
        let ns = |raw: u64| self.clock.delta_as_nanos(0, raw) as f64;
        match self.tell {
            Tell::Mean => None,
            Tell::Tail => Some(ns(*quantile)),
            Tell::TailMean => {
                let sum = tail.iter().sum::<u64>() + *quantile;
                Some(ns(sum) / (tail.len() + 1) as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_come_once() {
        let threads = [0, 1, FILLER];
        let keys: HashSet<u64> = threads
            .into_iter()
            .flat_map(|thread| Fresh::of(thread).take(10_000))
            .collect();
        assert_eq!(keys.len(), 30_000);
    }
}
