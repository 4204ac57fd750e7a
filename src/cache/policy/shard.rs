//! A shard's policy: one face for all of them.

use super::chooser::Chooser;
use super::clock::Clock;
use super::sample::{Drain, LOG};
use super::setting::{Rule, Setting};
use super::sieve::Sieve;
use super::{Entries, EvictionPolicy};
use crate::kernel::sketch::Sketch;
use crate::kernel::sync::Arc;

/// Records that are kept while somebody else is at the chooser. Otherwise it is told of each miss at once, with the hits before it, so that no
/// insertion has to do much of its work.
const ROOM: usize = LOG + 1;

pub(crate) struct Policy {
    kind: Kind,
}

enum Kind {
    Clock(Timed),
    Sieve(Sieve),
}

struct Timed {
    clock: Clock,
    sketch: Sketch,
    /// Entries that the sketch was made for.
    entries: usize,
    by: By,
    /// Whether nothing is ever hit, not even in a miniature: then it doesn't matter who goes, and new keys need not be counted.
    rests: bool,
}

enum By {
    Fixed(Setting),
    Chosen(Sampler),
}

/// Gathers what the chooser is to see.
struct Sampler {
    chooser: Arc<Chooser>,
    batch: Vec<u32>,
    /// Which of the batch were hits.
    real: u128,
    drain: Drain,
    /// Sampled hits since the last miss.
    burst: usize,
    /// Misses since something was known to be used, here or in a miniature, and which hit of the miniatures was the last.
    idle: usize,
    heard: u64,
}

/// Hits of miniatures that may be mistakes: they know keys by 32 bits of a hash.
const MISTAKEN: u64 = 2;

impl Sampler {
    fn hit(&mut self, hash: u32) {
        self.idle = 0;
        self.burst += 1;
        if self.batch.len() < ROOM {
            self.real |= 1 << self.batch.len();
            self.batch.push(hash);
        } else {
            self.drain.lost += 1;
        }
    }

    /// Returns whether it is `long` misses since something was used: then there is nothing to judge by, and nothing to be gained.
    #[inline]
    fn miss(&mut self, hash: u32, long: usize) -> bool {
        self.idle += 1;
        if self.burst > 0 {
            self.drain.burst = self.drain.burst.max(std::mem::take(&mut self.burst));
        }
        if u64::from(hash) < self.chooser.limit() {
            self.batch.push(hash);
        }
        if !self.batch.is_empty() || self.drain.lost > 0 {
            self.speak();
        }
        self.idle >= long && self.is_still()
    }

    /// Whether also the miniatures have no hits.
    fn is_still(&mut self) -> bool {
        let hits = self.chooser.hits();
        if hits.wrapping_sub(self.heard) <= MISTAKEN {
            return true;
        }
        self.heard = hits;
        self.idle = 0;
        false
    }

    #[inline(never)]
    fn speak(&mut self) {
        self.drain.records = self.batch.len();
        if self.chooser.feed(&self.batch, self.real, self.drain) {
            self.batch.clear();
            self.real = 0;
            self.drain = Drain {
                limit: self.chooser.limit(),
                ..Drain::default()
            };
        } else {
            // Somebody else is at it: what can't be kept until the next miss is lost.
            self.batch.truncate(ROOM - 1);
            self.real &= !(u128::MAX << self.batch.len());
        }
    }
}

impl Timed {
    fn setting(&self) -> Setting {
        match &self.by {
            By::Fixed(setting) => *setting,
            By::Chosen(sampler) => sampler.chooser.setting(),
        }
    }
}

impl Policy {
    /// For a shard of `capacity` (in weight), in which about `entries` are expected. The chooser is the cache's, and used by
    /// [`EvictionPolicy::Adaptive`] alone.
    pub(crate) fn new(
        policy: EvictionPolicy,
        capacity: u64,
        entries: usize,
        chooser: &Arc<Chooser>,
    ) -> Self {
        let entries = entries
            .min(usize::try_from(capacity).unwrap_or(usize::MAX))
            .clamp(1, 1 << 30);
        let fixed = |window, rule| {
            By::Fixed(Setting {
                window,
                rule,
                again: false,
                patient: policy != EvictionPolicy::WTinyLfu,
            })
        };
        let by = match policy {
            EvictionPolicy::Sieve => {
                return Self {
                    kind: Kind::Sieve(Sieve::new()),
                };
            }
            EvictionPolicy::Lru => fixed(1000, Rule::Recency),
            EvictionPolicy::S3Fifo => fixed(100, Rule::Reference),
            EvictionPolicy::WTinyLfu => fixed(10, Rule::Frequency { lead: 0 }),
            EvictionPolicy::Adaptive => By::Chosen(Sampler {
                chooser: Arc::clone(chooser),
                batch: Vec::with_capacity(ROOM + 1),
                drain: Drain {
                    limit: chooser.limit(),
                    ..Drain::default()
                },
                burst: 0,
                real: 0,
                idle: 0,
                heard: chooser.hits(),
            }),
        };
        let counts = matches!(policy, EvictionPolicy::Adaptive | EvictionPolicy::WTinyLfu);
        let ghosts = matches!(policy, EvictionPolicy::Adaptive | EvictionPolicy::S3Fifo);
        let sketch = super::sketch_for(if counts { entries } else { 1 });
        let clock = Clock::new(capacity, entries, ghosts, counts);
        Self {
            kind: Kind::Clock(Timed {
                clock,
                sketch,
                entries,
                by,
                rests: false,
            }),
        }
    }

    /// A new entry, of a new key.
    pub(crate) fn inserted<E: Entries>(&mut self, entries: &mut E, id: u32) {
        match &mut self.kind {
            Kind::Sieve(sieve) => sieve.inserted(entries, id),
            Kind::Clock(timed) => {
                let hash = entries.hash(id);
                if let By::Chosen(sampler) = &mut timed.by {
                    timed.rests = sampler.miss(hash, timed.entries);
                }
                if !timed.rests {
                    timed.sketch.add(hash, 1);
                }
                let setting = timed.setting();
                timed.clock.inserted(entries, setting, id);
            }
        }
    }

    /// The key of `old` has a new value in `new`, which takes its place, and its uses.
    pub(crate) fn replaced<E: Entries>(&mut self, entries: &mut E, old: u32, new: u32) {
        entries.set_uses(new, entries.uses(old));
        match &mut self.kind {
            Kind::Sieve(sieve) => sieve.replaced(entries, old, new),
            Kind::Clock(timed) => timed.clock.replaced(entries, old, new),
        }
    }

    /// Forgets an entry that is no longer there.
    pub(crate) fn removed<E: Entries>(&mut self, entries: &mut E, id: u32) {
        match &mut self.kind {
            Kind::Sieve(sieve) => sieve.removed(entries, id),
            Kind::Clock(timed) => timed.clock.removed(entries, id),
        }
    }

    /// Decides who goes, and forgets it. It may be the one that was inserted last. `None` only if no entry is known.
    pub(crate) fn evict<E: Entries>(&mut self, entries: &mut E) -> Option<u32> {
        match &mut self.kind {
            Kind::Sieve(sieve) => sieve.evict(entries),
            Kind::Clock(timed) => {
                if timed.rests {
                    if let Some(head) = timed.clock.evict_head(entries) {
                        return Some(head);
                    }
                }
                let setting = timed.setting();
                timed.clock.evict(entries, setting, &mut timed.sketch)
            }
        }
    }

    /// The entries have new ids: `new` is that of an old one, or nothing if it has left. `entries` are the new ones.
    pub(crate) fn renumber<E: Entries>(
        &mut self,
        entries: &mut E,
        new: impl Fn(u32) -> Option<u32>,
    ) {
        match &mut self.kind {
            Kind::Sieve(sieve) => sieve.renumber(entries, new),
            Kind::Clock(timed) => timed.clock.renumber(entries, new),
        }
    }

    /// All entries are gone. What is known of keys stays.
    pub(crate) fn clear(&mut self) {
        match &mut self.kind {
            Kind::Sieve(sieve) => sieve.clear(),
            Kind::Clock(timed) => timed.clock.clear(),
        }
    }

    /// Hits on keys whose hash is below it are to be noted.
    pub(crate) fn limit(&self) -> u64 {
        match &self.kind {
            Kind::Clock(Timed {
                by: By::Chosen(sampler),
                ..
            }) => sampler.chooser.limit(),
            _ => 0,
        }
    }

    /// A hit from the log, in the log's order, handed over before the miss that it preceded.
    pub(crate) fn noted(&mut self, hash: u32) {
        if let Kind::Clock(Timed {
            by: By::Chosen(sampler),
            ..
        }) = &mut self.kind
        {
            sampler.hit(hash);
        }
    }

    /// So many sampled hits found the log full.
    pub(crate) fn overflowed(&mut self, hits: usize) {
        if let Kind::Clock(Timed {
            by: By::Chosen(sampler),
            ..
        }) = &mut self.kind
        {
            sampler.idle = 0;
            sampler.burst += hits;
            sampler.drain.lost += hits;
        }
    }

    /// Another capacity, and about so many entries. What is too much now leaves by `evict`.
    pub(crate) fn resize(&mut self, capacity: u64, entries: usize) {
        if let Kind::Clock(timed) = &mut self.kind {
            timed.clock.resize(capacity, entries);
            // A sketch is worth replacing only where it is much too small or too large.
            if entries > timed.entries * 2 || entries < timed.entries / 4 {
                timed.sketch = super::sketch_for(entries);
                timed.entries = entries;
            }
        }
    }

    /// There may be so many entries in each of so many shards, more than was known so far.
    pub(crate) fn expect(&mut self, capacity: u64, entries: usize, shards: usize) {
        let known = match &self.kind {
            Kind::Clock(timed) => timed.entries,
            Kind::Sieve(_) => return,
        };
        if entries <= known {
            return;
        }
        self.resize(capacity, entries);
        if let Kind::Clock(Timed {
            by: By::Chosen(sampler),
            ..
        }) = &self.kind
        {
            sampler.chooser.expect(entries.saturating_mul(shards));
        }
    }

    /// From the next to go to the last to go, as far as it can be said; reversed, the hottest first.
    pub(crate) fn coldest(&self) -> Box<dyn DoubleEndedIterator<Item = u32> + '_> {
        match &self.kind {
            Kind::Sieve(sieve) => Box::new(sieve.coldest()),
            Kind::Clock(timed) => Box::new(timed.clock.coldest()),
        }
    }

    #[cfg(test)]
    pub(crate) fn hottest(&self) -> impl Iterator<Item = u32> + '_ {
        self.coldest().rev()
    }

    pub(crate) fn len(&self) -> usize {
        match &self.kind {
            Kind::Sieve(sieve) => sieve.len(),
            Kind::Clock(timed) => timed.clock.len(),
        }
    }

    /// Steps and evictions ever.
    #[cfg(test)]
    pub(crate) fn counted(&self) -> super::setting::Counted {
        match &self.kind {
            Kind::Sieve(sieve) => sieve.counted,
            Kind::Clock(timed) => timed.clock.counted,
        }
    }

    /// Bytes on the heap, the chooser's apart.
    pub(crate) fn memory(&self) -> usize {
        match &self.kind {
            Kind::Sieve(sieve) => sieve.memory(),
            Kind::Clock(timed) => timed.clock.memory() + timed.sketch.memory(),
        }
    }

    #[cfg(test)]
    pub(crate) fn check_invariants<E: Entries>(&self, entries: &E) {
        match &self.kind {
            Kind::Sieve(sieve) => sieve.check_invariants(entries),
            Kind::Clock(timed) => timed.clock.check_invariants(entries),
        }
    }
}
