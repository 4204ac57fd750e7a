//! Counters that many threads raise and few read.
//!
//! A thread with a number of its own (see `threads.rs`) owns a stripe: it is the only writer, so raising a counter is a load
//! and a store on a line that no other thread writes. Threads without a stripe share one and pay for an atomic addition.
//! A sum reads all stripes: it never counts an event twice or from the future, and it is exact when writers are at rest.
#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

use crossbeam_utils::CachePadded;

use super::sync::{AtomicU64, Ordering};
use super::threads;

const STRIPES: usize = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
    2
} else {
    16
};

/// `N` counters, one line per stripe: `128 * (STRIPES + 1)` bytes up to 16 counters.
#[derive(Debug)]
pub struct Counters<const N: usize> {
    owned: Box<[CachePadded<[AtomicU64; N]>; STRIPES]>,
    shared: CachePadded<[AtomicU64; N]>,
}

impl<const N: usize> Counters<N> {
    /// All zero.
    #[must_use]
    pub fn new() -> Self {
        let zeros = || CachePadded::new(std::array::from_fn(|_| AtomicU64::new(0)));
        Self {
            owned: Box::new(std::array::from_fn(|_| zeros())),
            shared: zeros(),
        }
    }

    /// Raises counter `which` by one.
    #[inline]
    pub fn raise(&self, which: usize) {
        self.add(which, 1);
    }

    /// Raises counter `which` by one if the thread is known to have a stripe; if not, nothing happens and the answer is `false`.
    ///
    /// For hot paths that leave the rest to a call of their own.
    #[must_use]
    #[inline(always)]
    pub fn raise_briefly(&self, which: usize) -> bool {
        let own = threads::known(&*self.owned).and_then(|stripe| stripe.get(which));
        let Some(counter) = own else { return false };
        let raised = counter.load(Ordering::Relaxed).wrapping_add(1);
        counter.store(raised, Ordering::Relaxed);
        true
    }

    /// The calling thread's stripe, if it is known to have one: for hot paths that leave the rest to a call of their own.
    #[inline(always)]
    pub(crate) fn own(&self) -> Option<&[AtomicU64; N]> {
        threads::known(&*self.owned).map(|stripe| &**stripe)
    }

    /// Raises counter `which`; one that is full stays full.
    #[inline]
    pub fn add(&self, which: usize, by: u64) {
        let own = threads::own(&*self.owned).and_then(|stripe| stripe.get(which));
        if let Some(counter) = own {
            let raised = counter.load(Ordering::Relaxed).saturating_add(by);
            counter.store(raised, Ordering::Relaxed);
        } else if let Some(counter) = self.shared.get(which) {
            let raised = |old: u64| Some(old.saturating_add(by));
            // There always is a next value, so this can't fail.
            let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, raised);
        }
    }

    /// The sum of counter `which`.
    pub fn sum(&self, which: usize) -> u64 {
        let stripes = self.owned.iter().chain(std::iter::once(&self.shared));
        let values = stripes
            .filter_map(|stripe| stripe.get(which))
            .map(|counter| counter.load(Ordering::Relaxed));
        values.fold(0, u64::saturating_add)
    }
}

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self::new()
    }
}
