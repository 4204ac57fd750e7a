//! How many connections there are, and how many there may be.
//!
//! All numbers are in one word, so no limit is overlooked by somebody who makes room at the same time.
//!
//! A connection that is being closed counts until it is, but it is on its way: a pool that was made smaller by one closes one, however long
//! that takes and whatever comes back meanwhile.

use crossbeam_utils::CachePadded;

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Ordering};

/// `max << 44 | closing << 22 | total`.
#[derive(Debug)]
pub(crate) struct Room(CachePadded<AtomicU64>);

const MAX: u32 = 44;
const CLOSING: u32 = 22;
const FIELD: u64 = (1 << CLOSING) - 1;

const fn total(word: u64) -> u64 {
    word & FIELD
}

const fn max(word: u64) -> u64 {
    word >> MAX
}

/// Whether one has to go.
const fn is_excessive(word: u64) -> bool {
    total(word) > max(word) + (word >> CLOSING & FIELD)
}

impl Room {
    pub(crate) fn new(max: u32) -> Self {
        Self(CachePadded::new(AtomicU64::new(u64::from(max) << MAX)))
    }

    /// Connections there may be, and those there are.
    #[inline]
    pub(crate) fn look(&self) -> (u32, u32) {
        let word = self.0.load(Ordering::SeqCst);
        (max(word) as u32, total(word) as u32)
    }

    /// Whether there are more than there may be, also without those that are being closed.
    pub(crate) fn is_excessive(&self) -> bool {
        is_excessive(self.0.load(Ordering::SeqCst))
    }

    /// Counts one more, if there may be one.
    pub(crate) fn reserve(&self) -> bool {
        let more = |word: u64| {
            let full = total(word) >= max(word);
            (!full || faulty(Fault::ReserveUnasked)).then_some(word + 1)
        };
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
            .is_ok()
    }

    /// One is being closed from now on.
    pub(crate) fn begin_close(&self) {
        self.0.fetch_add(1 << CLOSING, Ordering::SeqCst);
    }

    /// As [`begin_close`](Self::begin_close), if there are too many.
    pub(crate) fn begin_shrink(&self) -> bool {
        let closing = |word: u64| is_excessive(word).then_some(word + (1 << CLOSING));
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, closing)
            .is_ok()
    }

    /// Counts one less, which was being closed or not. Whether there are still more than there may be.
    pub(crate) fn give_back(&self, closing: bool) -> bool {
        if faulty(Fault::KeepReserved) {
            return false;
        }
        let one = 1 + (u64::from(closing) << CLOSING);
        is_excessive(self.0.fetch_sub(one, Ordering::SeqCst) - one)
    }

    /// How many there may be from now on.
    pub(crate) fn resize(&self, max: u32) {
        let rest = (1 << MAX) - 1;
        let resized = |word: u64| Some(word & rest | u64::from(max) << MAX);
        // There always is a next value.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, resized);
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
        assert!(!room.give_back(false));
        assert!(room.reserve() && !room.reserve());
    }

    #[test]
    fn who_shrinks_below_what_there_is_makes_no_more_until_it_fits() {
        let room = Room::new(3);
        assert_eq!([(); 3].map(|()| room.reserve()), [true; 3]);
        room.resize(1);
        assert!(room.is_excessive());
        assert!(!room.reserve());
        assert!(room.give_back(false));
        assert!(!room.reserve());
        assert!(!room.give_back(false));
        assert_eq!(room.look(), (1, 1));
        assert!(!room.reserve());
        room.resize(2);
        assert!(!room.is_excessive());
        assert!(room.reserve());
    }

    #[test]
    fn what_is_being_closed_is_not_closed_twice() {
        let room = Room::new(3);
        assert_eq!([(); 3].map(|()| room.reserve()), [true; 3]);
        assert!(!room.begin_shrink());
        room.resize(2);
        assert_eq!((room.begin_shrink(), room.begin_shrink()), (true, false));
        assert_eq!((room.look(), room.reserve()), ((2, 3), false));
        assert!(!room.give_back(true));
        assert_eq!((room.look(), room.begin_shrink()), ((2, 2), false));
        room.begin_close();
        room.resize(1);
        assert!(!room.begin_shrink());
    }
}
