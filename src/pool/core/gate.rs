//! One word that says whether there is anything special about a pool.
//!
//! `generation << 5 | flags`. A connection notes the generation in which it began to be made, without flags. While both words are the
//! same there is nothing to think of, and that is all that a caller looks at.

use crossbeam_utils::CachePadded;

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Ordering, store_load_barrier};

/// Nothing is handed out any more.
pub(crate) const CLOSED: u64 = 1;
/// Nothing is handed out for now.
pub(crate) const PAUSED: u64 = 2;
/// There are more connections than there may be.
pub(crate) const EXCESS: u64 = 4;
/// Nobody has used the pool for a while, and the upkeep wants to know when somebody does.
pub(crate) const QUIET: u64 = 8;
/// Another pool of the group wants a connection, and there may be no more.
pub(crate) const STARVED: u64 = 16;

const FLAGS: u64 = 31;
const GENERATION: u64 = 32;

/// Of a connection that is not to be handed out again.
pub(crate) const DOOMED: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Gate(CachePadded<AtomicU64>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(CachePadded::new(AtomicU64::new(0)))
    }

    /// Whether there is nothing special, to a connection with this note.
    #[inline]
    pub(crate) fn admits(&self, note: u64) -> bool {
        self.look() == note || faulty(Fault::SkipGate)
    }

    /// As [`admits`](Self::admits), whether the pool was quiet or not, and whoever starves.
    pub(crate) fn admits_also_quiet(&self, note: u64) -> bool {
        self.look() & !(QUIET | STARVED) == note
    }

    #[inline]
    pub(crate) fn look(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    #[inline]
    pub(crate) fn has(&self, flag: u64) -> bool {
        self.look() & flag != 0
    }

    /// What a connection notes that begins to be made now.
    pub(crate) fn note(&self) -> u64 {
        self.look() & !FLAGS
    }

    /// Whether a connection with this note is of an earlier generation.
    pub(crate) fn is_stale(&self, note: u64) -> bool {
        self.note() != note
    }

    /// Raises or lowers a flag. Whether that is a change.
    pub(crate) fn set(&self, flag: u64, raised: bool) -> bool {
        let before = if raised {
            self.0.fetch_or(flag, Ordering::SeqCst)
        } else {
            self.0.fetch_and(!flag, Ordering::SeqCst)
        };
        store_load_barrier();
        (before & flag != 0) != raised
    }

    /// Begins another generation.
    pub(crate) fn renew(&self) {
        self.0.fetch_add(GENERATION, Ordering::SeqCst);
        store_load_barrier();
    }
}
