//! How many connections there are, and how many there may be.
//!
//! Both are in one word, so no limit is overlooked by somebody who makes room at the same time.

use crossbeam_utils::CachePadded;

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Ordering};

/// `max << 32 | total`.
#[derive(Debug)]
pub(crate) struct Room(CachePadded<AtomicU64>);

const MAX: u32 = 32;
const TOTAL: u64 = u32::MAX as u64;

impl Room {
    pub(crate) fn new(max: u32) -> Self {
        Self(CachePadded::new(AtomicU64::new(u64::from(max) << MAX)))
    }

    /// Connections there may be, and those there are.
    #[inline]
    pub(crate) fn look(&self) -> (u32, u32) {
        let word = self.0.load(Ordering::SeqCst);
        ((word >> MAX) as u32, (word & TOTAL) as u32)
    }

    /// Counts one more, if there may be one.
    pub(crate) fn reserve(&self) -> bool {
        let more = |word: u64| {
            let full = word & TOTAL >= word >> MAX;
            (!full || faulty(Fault::ReserveUnasked)).then_some(word + 1)
        };
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
            .is_ok()
    }

    /// Counts one less. Whether there are still more than there may be.
    pub(crate) fn give_back(&self) -> bool {
        if faulty(Fault::KeepReserved) {
            return false;
        }
        let word = self.0.fetch_sub(1, Ordering::SeqCst) - 1;
        word & TOTAL > word >> MAX
    }

    /// How many there may be from now on. Whether there are more.
    pub(crate) fn resize(&self, max: u32) -> bool {
        let resized = |word: u64| Some(word & TOTAL | u64::from(max) << MAX);
        let word = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, resized);
        // There always is a next value.
        let (Ok(word) | Err(word)) = word;
        word & TOTAL > u64::from(max)
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_than_there_may_be() {
        let room = Room::new(2);
        assert_eq!([(); 3].map(|()| room.reserve()), [true, true, false]);
        assert_eq!(room.look(), (2, 2));
        assert!(!room.give_back());
        assert!(room.reserve() && !room.reserve());
    }

    #[test]
    fn who_shrinks_below_what_there_is_makes_no_more_until_it_fits() {
        let room = Room::new(3);
        assert_eq!([(); 3].map(|()| room.reserve()), [true; 3]);
        assert!(room.resize(1));
        assert!(!room.reserve());
        assert!(room.give_back());
        assert!(!room.reserve());
        assert!(!room.give_back());
        assert_eq!(room.look(), (1, 1));
        assert!(!room.reserve());
        assert!(!room.resize(2));
        assert!(room.reserve());
    }
}
