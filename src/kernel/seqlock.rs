//! A few words that are read all the time and written now and then, by one writer at a time.
//!
//! The version is odd while a write is under way. A reader that finds it odd, or different after reading the words, has
//! nothing and says so: it never waits, and it never returns words of two writes.
//!
//! Memory ordering (H.-J. Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012): the writer
//! makes the version odd, then a release fence, then the words, then the even version by a release store; the reader
//! acquires the version, reads the words, then an acquire fence, then the version again.
#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Ordering, fence};

/// `N` words that are written as one, if any are.
#[derive(Debug)]
pub struct SeqLock<const N: usize> {
    version: AtomicU64,
    words: [AtomicU64; N],
}

impl<const N: usize> SeqLock<N> {
    /// Nothing written yet, so readers find nothing.
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            version: AtomicU64::new(1),
            words: [const { AtomicU64::new(0) }; N],
        }
    }

    /// Nothing written yet, so readers find nothing.
    #[cfg(any(tenfold_loom, tenfold_shuttle))]
    #[must_use]
    pub fn empty() -> Self {
        Self {
            version: AtomicU64::new(1),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// The words of one write, or `None` if a write got in between.
    #[must_use]
    #[inline]
    pub fn read(&self) -> Option<[u64; N]> {
        let version = self.version.load(Ordering::Acquire);
        let words = std::array::from_fn(|i| {
            self.words
                .get(i)
                .map_or(0, |word| word.load(Ordering::Relaxed))
        });
        fence(Ordering::Acquire);
        // An odd version is not what it is without its last bit, and versions only grow: one branch for both.
        let unchanged = self.version.load(Ordering::Relaxed) == version & !1;
        (unchanged || faulty(Fault::SkipVersionCheck)).then_some(words)
    }

    /// Replaces all words. The caller sees to it that there is one writer at a time.
    pub fn write(&self, words: [u64; N]) {
        let version = self.version.load(Ordering::Relaxed) | 1;
        self.version.store(version, Ordering::Relaxed);
        if !faulty(Fault::SkipWriteFence) {
            fence(Ordering::Release);
        }
        for (to, from) in self.words.iter().zip(words) {
            to.store(from, Ordering::Relaxed);
        }
        self.version
            .store(version.wrapping_add(1), Ordering::Release);
    }

    /// From here on readers find nothing, until the next [`write`](Self::write), which makes a version of its own.
    pub fn clear(&self) {
        let version = self.version.load(Ordering::Relaxed) | 1;
        self.version.store(version, Ordering::Relaxed);
    }
}
