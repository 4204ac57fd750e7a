//! Who goes when the cache is full.
//!
//! A [`Policy`] belongs to a shard and is called under its lock. It knows entries by the ids that the engine gave them and asks the engine,
//! through [`Entries`], for the few bytes that it needs of one. A hit never calls it: a hit raises the entry's uses, up to three, and if the
//! hash is below [`Chooser::limit`] leaves it in a log, which the next miss hands over.
//!
//! | file | idea |
//! |---|---|
//! | `clock.rs` | the queue, the circle and the rules between them: every policy but SIEVE is a setting of it |
//! | `rings.rs`, `ghosts.rs`, `setting.rs` | its parts |
//! | `chooser.rs` | the setting whose miniature does best |
//! | `miniature.rs`, `sample.rs`, `evidence.rs`, `calibration.rs` | its parts |
//! | `sieve.rs` | SIEVE |
//!
//! What an eviction costs is bounded: [`clock::STEPS`] entries looked at, and for one request in `ALL / limit` a few more per miniature. Nothing
//! allocates once the cache has been full.

mod calibration;
mod chooser;
mod clock;
mod evidence;
mod ghosts;
mod miniature;
mod rings;
mod sample;
mod setting;
mod shard;
mod sieve;

#[cfg_attr(
    not(test),
    expect(unused_imports, reason = "the engine that uses them is made elsewhere")
)]
pub(crate) use {chooser::Chooser, sample::LOG, shard::Policy};

use crate::kernel::sketch::Sketch;

/// What a policy may ask of entries, by id. All of it is plain data, and no answer may depend on user code.
pub(crate) trait Entries {
    /// 0 to 3: raised by hits.
    fn uses(&self, id: u32) -> u8;
    fn set_uses(&mut self, id: u32, uses: u8);
    /// 32 bits of the key's seeded hash, independent of those that choose the shard.
    fn hash(&self, id: u32) -> u32;
    /// Not zero: what weighs nothing is pinned, and unknown to the policy.
    fn weight(&self, id: u32) -> u64;
    /// What the policy last set for it.
    fn place(&self, id: u32) -> u32;
    fn set_place(&mut self, id: u32, place: u32);
}

/// How a cache chooses what to evict.
///
/// The default adapts: it follows the workload between loops, scans, stable frequencies and recency. A fixed policy is for who knows that
/// their workload is of one kind for ever, or compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum EvictionPolicy {
    /// The best of several settings, found by sampled miniature caches while it runs.
    #[default]
    Adaptive,
    /// Second chance: the least recently used, nearly. A hit moves nothing, so that entries used since they were last looked at are alike.
    Lru,
    /// A small queue for the new, a main one for those used in it, ghosts.
    S3Fifo,
    /// One queue, and a hand that evicts what it finds unused.
    Sieve,
    /// A window of a hundredth, and admission by frequency.
    WTinyLfu,
}

/// A sketch for so many entries: four bytes per entry, more for small caches, where collisions are felt and bytes are few.
fn sketch_for(entries: usize) -> Sketch {
    let counters = (entries * 8).max((entries * SMALL).min(MANY));
    Sketch::new(entries, counters.div_ceil(entries.max(1)))
}

/// Counters per entry of a small cache.
const SMALL: usize = 32;

/// Counters from which on a cache isn't small.
const MANY: usize = 1 << 15;

#[cfg(test)]
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod adaptive_tests;
#[cfg(test)]
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod policy_tests;
#[cfg(test)]
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
mod toy;
