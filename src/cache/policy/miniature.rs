//! A cache in miniature: the same clock over fingerprints, without values.
//!
//! It holds the sampled keys, in a capacity that is the same share of the cache's as the sample is of the keys, and so has nearly the hit
//! ratio that the whole cache would have under its setting (C. Waldspurger et al., "Cache Modeling and Optimization using Miniature
//! Simulations", USENIX ATC 2017).
//!
//! About 13 bytes per entry: the fingerprint, a byte of uses, a place in the rings, and two slots of two bytes in the index.

use super::Entries;
use super::clock::Clock;
use super::setting::{Rule, Setting};
use crate::kernel::sketch::Sketch;

/// No entry.
const NONE: u16 = u16::MAX;

/// The most that two bytes can number.
const MOST: usize = NONE as usize - 2;

pub(super) struct Miniature {
    pub(super) setting: Setting,
    clock: Clock,
    store: Store,
    /// Ids of entries, by hash; open addressing, a power of two.
    index: Box<[u16]>,
    /// Ids never used so far begin here; those given back are in `free`.
    fresh: u16,
    free: Vec<u16>,
    capacity: usize,
}

impl Miniature {
    /// For at most `most` entries, and for as many to begin with.
    pub(super) fn new(setting: Setting, most: usize) -> Self {
        let most = most.clamp(1, MOST);
        Self {
            setting,
            clock: Clock::new(most as u64, most, setting.rule == Rule::Reference, false),
            store: Store {
                marks: vec![0; most + 1].into(),
                uses: vec![0; most + 1].into(),
            },
            index: vec![NONE; (most + most / 2 + 1).next_power_of_two()].into(),
            fresh: 0,
            free: Vec::new(),
            capacity: most,
        }
    }

    fn slot(&self, hash: u32) -> usize {
        // The sample is cut by the high bits of the hash: those alone would crowd.
        let mixed = hash.wrapping_mul(0x9E37_79B1);
        (mixed ^ (mixed >> 15)) as usize & (self.index.len() - 1)
    }

    fn next(&self, slot: usize) -> usize {
        (slot + 1) & (self.index.len() - 1)
    }

    fn at(&self, slot: usize) -> u16 {
        self.index.get(slot).copied().unwrap_or(NONE)
    }

    fn put(&mut self, slot: usize, id: u16) {
        if let Some(held) = self.index.get_mut(slot) {
            *held = id;
        }
    }

    /// Where `hash` is, or the free slot where it belongs.
    fn find(&self, hash: u32) -> (usize, Option<u16>) {
        let mut slot = self.slot(hash);
        loop {
            match self.at(slot) {
                NONE => return (slot, None),
                id if self.store.hash(id.into()) == hash => return (slot, Some(id)),
                _ => slot = self.next(slot),
            }
        }
    }

    /// Closes the gap that `hash` leaves in the index.
    fn unlink(&mut self, hash: u32) {
        let (mut gap, Some(id)) = self.find(hash) else {
            return;
        };
        self.free.push(id);
        let mut slot = gap;
        loop {
            self.put(gap, NONE);
            let id = loop {
                slot = self.next(slot);
                let id = self.at(slot);
                if id == NONE {
                    return;
                }
                // It may fill the gap if its own slot isn't between the gap and where it is.
                let home = self.slot(self.store.hash(id.into()));
                let mask = self.index.len() - 1;
                if (slot.wrapping_sub(home) & mask) >= (slot.wrapping_sub(gap) & mask) {
                    break id;
                }
            };
            self.put(gap, id);
            gap = slot;
        }
    }

    /// A request; whether it is a hit. A miss is inserted.
    pub(super) fn request(&mut self, hash: u32, sketch: &mut Sketch) -> bool {
        let (slot, held) = self.find(hash);
        if let Some(id) = held {
            let id = u32::from(id);
            let uses = self.store.uses(id);
            self.store.set_uses(id, (uses + 1).min(3));
            return true;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.fresh += 1;
            self.fresh - 1
        });
        self.put(slot, id);
        self.store.renew(id, hash);
        self.clock
            .inserted(&mut self.store, self.setting, id.into());
        self.shrink(sketch);
        false
    }

    fn shrink(&mut self, sketch: &mut Sketch) {
        while self.clock.len() > self.capacity {
            let Some(id) = self.clock.evict(&mut self.store, self.setting, sketch) else {
                return;
            };
            self.unlink(self.store.hash(id));
        }
    }

    /// Keeps what is in the sample below `limit`, in at most `capacity` entries.
    pub(super) fn narrow(&mut self, limit: u64, capacity: usize, sketch: &mut Sketch) {
        self.capacity = capacity.clamp(1, self.store.marks.len() - 1);
        self.clock
            .resize(self.capacity as u64, self.store.marks.len() - 1);
        let out: Vec<u32> = self
            .clock
            .coldest()
            .map(|id| self.store.hash(id))
            .filter(|&hash| u64::from(hash) >= limit)
            .collect();
        self.clock.retain(&mut self.store, |store, id| {
            u64::from(store.hash(id)) < limit
        });
        for hash in out {
            self.unlink(hash);
        }
        self.shrink(sketch);
    }

    pub(super) fn memory(&self) -> usize {
        let free = self.free.capacity() * 2;
        self.clock.memory() + size_of_val(&*self.index) + self.store.marks.len() * 5 + free
    }
}

/// What is known of the entries.
#[derive(Default)]
struct Store {
    marks: Box<[u32]>,
    uses: Box<[u8]>,
}

impl Store {
    fn renew(&mut self, id: u16, hash: u32) {
        if let Some(mark) = self.marks.get_mut(usize::from(id)) {
            *mark = hash;
        }
        self.set_uses(id.into(), 0);
    }
}

impl Entries for Store {
    fn uses(&self, id: u32) -> u8 {
        self.uses.get(id as usize).copied().unwrap_or(0)
    }

    fn set_uses(&mut self, id: u32, uses: u8) {
        if let Some(held) = self.uses.get_mut(id as usize) {
            *held = uses;
        }
    }

    fn hash(&self, id: u32) -> u32 {
        self.marks.get(id as usize).copied().unwrap_or(0)
    }

    fn weight(&self, _: u32) -> u64 {
        1
    }

    /// Nothing leaves from the middle of a miniature.
    fn place(&self, id: u32) -> u32 {
        id
    }

    fn set_place(&mut self, _: u32, _: u32) {}
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::kernel::rng::Rng;

    #[test]
    fn a_miniature_hits_what_it_holds_and_narrows_to_its_sample() {
        for rule in [Rule::Frequency { lead: 0 }, Rule::Reference] {
            let setting = Setting {
                window: 100,
                rule,
                again: true,
                patient: true,
            };
            let (mut miniature, mut sketch) =
                (Miniature::new(setting, 300), super::super::sketch_for(300));
            let mut rng = Rng::seeded(1);
            for limit in [1 << 32, 1 << 31, 1 << 29, 1 << 32_u64] {
                let capacity = ((300 * limit) >> 32) as usize;
                miniature.narrow(limit, capacity, &mut sketch);
                for _ in 0..20_000 {
                    let hash =
                        (rng.below(1000).min(rng.below(1000)) as u32).wrapping_mul(0x9E37_79B1);
                    if u64::from(hash) >= limit {
                        continue;
                    }
                    let held: HashSet<u32> = miniature
                        .clock
                        .coldest()
                        .map(|id| miniature.store.hash(id))
                        .collect();
                    assert_eq!(held.len(), miniature.clock.len(), "each once");
                    assert!(held.len() <= capacity);
                    sketch.add(hash, 1);
                    assert_eq!(miniature.request(hash, &mut sketch), held.contains(&hash));
                }
                let indexed = miniature.index.iter().filter(|&&id| id != NONE).count();
                assert_eq!(
                    (indexed, miniature.clock.len()),
                    (capacity, capacity),
                    "full, and nothing else in the index"
                );
            }
        }
    }

    #[test]
    fn few_bytes_per_entry() {
        let setting = Setting {
            window: 200,
            rule: Rule::Reference,
            again: false,
            patient: true,
        };
        for entries in [100, 1000, 2048, 4096] {
            let bytes = Miniature::new(setting, entries).memory() / entries;
            assert!(bytes <= 16, "{bytes} bytes for each of {entries}");
        }
    }
}
