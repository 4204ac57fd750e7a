//! What the checks of a backend say, and whose checks.
//!
//! Each watch of a balancer has a number, later ones a higher. A backend carries the last verdict with the number of the watch that gave it, and
//! the balancer the number of the watch that counts. So a watch that has ended, or was replaced, may speak as late as it likes.

use crate::kernel::sync::{AtomicU64, Ordering};

/// The watch that counts, and what it makes of backends that it has not spoken of. One word: both change at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched(u64);

impl Watched {
    /// Nobody looks, so everybody counts as in order.
    pub(super) const BY_NOBODY: Self = Self(1);

    /// By the watch of this number, which is above zero.
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    pub(super) const fn by(number: u64, newcomers_up: bool) -> Self {
        Self(number << 1 | newcomers_up as u64)
    }

    pub(super) const fn to_bits(self) -> u64 {
        self.0
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    const fn number(self) -> u64 {
        self.0 >> 1
    }

    const fn newcomers_up(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The last verdict on a backend: the number of a watch and whether it is in order.
#[derive(Debug)]
pub(super) struct Verdict(AtomicU64);

impl Verdict {
    /// None.
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// There is none.
    pub(super) fn forget(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Whether the backend counts as in order.
    pub(super) fn is_up(&self, watched: Watched) -> bool {
        let bits = self.0.load(Ordering::SeqCst);
        // A later watch is about to count.
        if watched != Watched::BY_NOBODY && bits >> 1 >= watched.number() {
            bits & 1 == 1
        } else {
            watched.newcomers_up()
        }
    }

    /// What the watch of this number says; nothing if a later one has spoken.
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    pub(super) fn say(&self, number: u64, up: bool) {
        let later = |bits: u64| (bits >> 1 <= number).then_some(number << 1 | u64::from(up));
        // Refused if a later one has spoken, and then there is nothing to say.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// As [`say`](Self::say), unless this watch has spoken of the backend already.
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    pub(super) fn say_first(&self, number: u64, up: bool) {
        let first = |bits: u64| (bits >> 1 < number).then_some(number << 1 | u64::from(up));
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, first);
    }
}
