//! Which setting the clocks of a cache run under: the one whose miniature does best.
//!
//! ```text
//!   shard ─┐  batches of sampled requests     ┌─ miniature of setting 0 ─┐  hits
//!   shard ─┼────────────────▶ CHOOSER ────────┼─ miniature of setting 1 ─┼────────▶ EVIDENCE ──▶ setting in charge
//!   shard ─┘                                  └─ ...                     ┘                         │
//!     ▲                                                                                            │
//!     └────────────────────────────── an atomic, read at each insert ──────────────────────────────┘
//! ```
//!
//! One for all shards, so that the sample is as large as it can be and what is chosen doesn't depend on the number of shards. Its lock is
//! taken inside a shard's and takes no other; a shard that finds it taken keeps its batch for later.
//!
//! The arms cover the families that fixed policies come from; which products' best they reach is in `docs/design/decisions.md`.

use super::calibration::Calibration;
use super::evidence::Evidence;
use super::miniature::Miniature;
use super::sample::{Drain, Sample};
use super::setting::{Rule, Setting};
use crate::kernel::sketch::Sketch;
use crate::kernel::sync::{AtomicU64, Mutex, Ordering};

/// What is in charge to begin with. Short loops in small caches must be recognised at once, or they are over; a large cache fills slowly, and is
/// better off in the middle until something is known.
const LOOPS: usize = 0;
const BALANCED: usize = 2;

/// Entries of which a large capacity is thought to be made at most.
const MOST: usize = 1 << 24;

/// Entries up to which a cache is small.
const SMALL: usize = 4096;

const ARMS: [Setting; 5] = [
    // Loops and scans.
    Setting {
        window: 1,
        rule: Rule::Frequency { lead: 1 },
        again: false,
        patient: true,
    },
    // Stable frequencies.
    Setting {
        window: 10,
        rule: Rule::Frequency { lead: 0 },
        again: false,
        patient: true,
    },
    // Frequencies that drift, with bursts.
    Setting {
        window: 100,
        rule: Rule::Frequency { lead: 0 },
        again: true,
        patient: true,
    },
    // Mixtures: what comes again soon, or was evicted too early.
    Setting {
        window: 30,
        rule: Rule::Reference,
        again: false,
        patient: true,
    },
    // Recency.
    Setting {
        window: 200,
        rule: Rule::Reference,
        again: false,
        patient: true,
    },
];

pub(crate) struct Chooser {
    arm: AtomicU64,
    limit: AtomicU64,
    /// Requests that were a hit for any miniature.
    hits: AtomicU64,
    /// Entries that there may be, and for how many it was made.
    entries: AtomicU64,
    made_for: AtomicU64,
    inner: Mutex<Inner>,
}

struct Inner {
    sample: Sample,
    evidence: Evidence,
    sketch: Sketch,
    miniatures: Vec<Miniature>,
    calibration: Calibration,
}

impl Inner {
    fn new(entries: usize) -> Self {
        let sample = Sample::new(entries);
        let capacity = sample.capacity();
        let mut evidence = Evidence::new(ARMS.len(), capacity);
        evidence.appoint(if entries > SMALL { BALANCED } else { LOOPS });
        Self {
            evidence,
            sketch: super::sketch_for(capacity),
            miniatures: ARMS
                .iter()
                .map(|&arm| Miniature::new(arm, capacity))
                .collect(),
            sample,
            calibration: Calibration::new(),
        }
    }

    /// A request, and whether it was a hit. Returns whether it is one for any miniature.
    fn request(&mut self, hash: u32, real: bool) -> bool {
        self.sketch.add(hash, 1);
        let mut hits = 0;
        for (at, miniature) in self.miniatures.iter_mut().enumerate() {
            hits |= u32::from(miniature.request(hash, &mut self.sketch)) << at;
        }
        let promised = hits >> self.evidence.leader() & 1 == 1;
        if self.evidence.request(hits) {
            self.calibration.changed();
        }
        let capacity = self.sample.capacity();
        if let Some(capacity) = self.calibration.request(real, promised, capacity) {
            // What they led by was promised by the same miniatures.
            self.evidence.scale(0.0, capacity);
            self.narrow(capacity);
        }
        hits != 0
    }

    fn drained(&mut self, drain: Drain) {
        let Some(factor) = self.sample.drained(drain) else {
            return;
        };
        let capacity = self.sample.capacity();
        self.evidence.scale(factor.min(1.0), capacity);
        self.sketch.rate(capacity);
        self.calibration = Calibration::new();
        self.narrow(capacity);
    }

    fn narrow(&mut self, capacity: usize) {
        for miniature in &mut self.miniatures {
            miniature.narrow(self.sample.limit(), capacity, &mut self.sketch);
        }
    }
}

impl Chooser {
    /// For a cache of so many entries, all shards together.
    pub(crate) fn new(entries: usize) -> Self {
        let inner = Inner::new(entries);
        Self {
            arm: AtomicU64::new(inner.evidence.leader() as u64),
            limit: AtomicU64::new(inner.sample.limit()),
            hits: AtomicU64::new(0),
            entries: AtomicU64::new(entries as u64),
            made_for: AtomicU64::new(entries as u64),
            inner: Mutex::new(inner),
        }
    }

    pub(super) fn setting(&self) -> Setting {
        let [first, ..] = ARMS;
        ARMS.get(self.arm.load(Ordering::Relaxed) as usize)
            .copied()
            .unwrap_or(first)
    }

    /// Hits on keys whose hash is below it are to be noted.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Requests so far that were a hit for any miniature.
    pub(super) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Takes a batch in its order, of which those were hits whose bits are set; false if somebody else is at it.
    pub(super) fn feed(&self, batch: &[u32], real: u128, drain: Drain) -> bool {
        let Some(mut inner) = self.inner.try_lock() else {
            return false;
        };
        let mut hits = 0;
        for (at, &hash) in batch.iter().enumerate() {
            if inner.sample.holds(hash) {
                hits += u64::from(inner.request(hash, real >> at & 1 == 1));
            }
        }
        if hits > 0 {
            let before = self.hits.load(Ordering::Relaxed);
            self.hits
                .store(before.wrapping_add(hits), Ordering::Relaxed);
        }
        inner.drained(drain);
        self.publish(&inner);
        true
    }

    fn publish(&self, inner: &Inner) {
        self.arm
            .store(inner.evidence.leader() as u64, Ordering::Relaxed);
        self.limit.store(inner.sample.limit(), Ordering::Relaxed);
    }

    /// There may be so many entries: begins anew if that is much more than was known.
    pub(super) fn expect(&self, entries: usize) {
        if entries > self.entries.load(Ordering::Relaxed) as usize {
            self.adapt(entries);
        }
    }

    /// The capacity has changed, and so has the number of entries in proportion.
    pub(crate) fn follow(&self, before: u64, capacity: u64) {
        let entries = u128::from(self.entries.load(Ordering::Relaxed));
        let entries = entries * u128::from(capacity) / u128::from(before.max(1));
        self.adapt(usize::try_from(entries).unwrap_or(MOST).clamp(1, MOST));
    }

    /// Begins anew if it was made for a number of entries that is quite another.
    fn adapt(&self, entries: usize) {
        self.entries.store(entries as u64, Ordering::Relaxed);
        let made_for = self.made_for.load(Ordering::Relaxed) as usize;
        if entries > made_for.saturating_mul(2) || entries < made_for / 2 {
            self.resize(entries);
        }
    }

    /// Begins anew for another number of entries; what is in charge stays so for now.
    pub(crate) fn resize(&self, entries: usize) {
        let mut new = Inner::new(entries);
        self.entries.store(entries as u64, Ordering::Relaxed);
        self.made_for.store(entries as u64, Ordering::Relaxed);
        let mut inner = self.inner.lock();
        new.evidence.appoint(inner.evidence.leader());
        let old = std::mem::replace(&mut *inner, new);
        self.publish(&inner);
        drop(inner);
        drop(old);
    }

    /// Bytes on the heap.
    pub(crate) fn memory(&self) -> usize {
        let inner = self.inner.lock();
        inner.sketch.memory()
            + inner
                .miniatures
                .iter()
                .map(Miniature::memory)
                .sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_that_grows_beyond_measure_is_thought_to_be_large() {
        let chooser = Chooser::new(1 << 20);
        // The number of entries in proportion is a multiple of two to the sixty-fourth.
        chooser.follow(1, 1 << 62);
        assert_eq!(chooser.entries.load(Ordering::Relaxed), MOST as u64);
        chooser.follow(1 << 62, 0);
        assert_eq!(chooser.entries.load(Ordering::Relaxed), 1);
    }
}
