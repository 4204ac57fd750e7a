//! A lock that those who only look don't take.
//!
//! The version is odd while somebody writes. Whoever looks reads the version, then whatever the lock protects, and then either
//!
//! * sees that the version is [still](VersionLock::is_still) the same: all that was read was there in one moment; or
//! * [begins](VersionLock::begin) to write on the condition that it is the same: nothing that was read has changed, and nobody
//!   changes it until the version is even again.
//!
//! So a call that changes something costs one compare-and-swap, and one that doesn't writes nothing. What the lock protects are
//! relaxed atomics, and whoever writes does so for a few instructions; who waits for that spins, and lets others run.
//!
//! Memory ordering, as in a sequence lock (H.-J. Boehm, "Can seqlocks get along with programming language memory models?", MSPC
//! 2012): the writer makes the version odd, then a release fence, then the words, then the even version by a release store; the
//! reader acquires the version, reads the words, then an acquire fence, then the version again. Where the swap takes the place of
//! the second reading, its release half keeps the words before it.

#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Ordering, fence, yield_now};

/// Readings before a caller that waits gives way to other threads.
const SPINS: u32 = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
    0
} else {
    64
};

/// The version of what is beside it.
#[derive(Debug)]
pub struct VersionLock(AtomicU64);

impl VersionLock {
    /// Nobody has written yet.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The version to look by, or `None` if somebody writes.
    #[must_use]
    #[inline]
    pub fn look(&self) -> Option<u64> {
        let version = self.0.load(Ordering::Acquire);
        (version & 1 == 0).then_some(version)
    }

    /// Whether nobody has written since.
    #[must_use]
    #[inline]
    pub fn is_still(&self, version: u64) -> bool {
        fence(Ordering::Acquire);
        self.0.load(Ordering::Relaxed) == version || faulty(Fault::SkipVersionCheck)
    }

    /// Begins to write if nobody has written since.
    #[must_use]
    #[inline]
    pub fn begin(&self, version: u64) -> Option<Writing<'_>> {
        let odd = version.wrapping_add(1);
        let begun = self
            .0
            .compare_exchange(version, odd, Ordering::AcqRel, Ordering::Relaxed);
        if begun.is_err() && !faulty(Fault::WriteUnasked) {
            return None;
        }
        if !faulty(Fault::SkipWriteFence) {
            fence(Ordering::Release);
        }
        Some(Writing { lock: self, odd })
    }

    /// Begins to write, as soon as nobody else does.
    #[must_use]
    pub fn lock(&self) -> Writing<'_> {
        let mut waited = 0;
        loop {
            if let Some(writing) = self.look().and_then(|version| self.begin(version)) {
                return writing;
            }
            if waited == SPINS {
                yield_now();
            } else {
                waited += 1;
                std::hint::spin_loop();
            }
        }
    }
}

impl Default for VersionLock {
    fn default() -> Self {
        Self::new()
    }
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct Writing<'l> {
    lock: &'l VersionLock,
    odd: u64,
}

impl Drop for Writing<'_> {
    #[inline]
    fn drop(&mut self) {
        let even = self.odd.wrapping_add(1);
        self.lock.0.store(even, Ordering::Release);
    }
}
