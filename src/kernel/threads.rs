//! Dense numbers for live threads.
//!
//! A structure that wants one writer per stripe needs to know which stripe is the caller's. This file gives every live
//! thread the smallest number that no other live thread has, and takes it back when the thread ends. So with `t` threads
//! alive at a time the numbers stay below `t`, however many threads come and go, and an array indexed by number has one
//! writer per entry at any time.
//!
//! # Invariants
//!
//! * A number is held by at most one thread at a time.
//! * What a thread wrote under its number happens before everything the next holder does: the number is given back by a
//!   releasing clear of its bit and taken by an acquiring set of the same bit.
//! * There are 256 numbers. A thread that finds none free, or that is already tearing down its thread-locals, has no
//!   number for the rest of its life, and its caller must use something shared.

use std::cell::Cell;

use super::sync::fault::{Fault, is as faulty};
use super::sync::{AtomicU64, Ordering, global, local};

global! {
    /// One bit per number, set while a thread holds it.
    static HELD: [AtomicU64; 4] = [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)];
}

/// Not asked yet.
const UNKNOWN: u32 = u32::MAX;
/// Asked, and none to be had.
const NONE: u32 = u32::MAX - 1;

local! {
    /// The number, without a destructor: reading it is one load.
    static NUMBER: Cell<u32> = Cell::new(UNKNOWN);
}

local! {
    /// Gives the number back when the thread ends.
    static LEAVE: Leave = Leave(Cell::new(NONE));
}

struct Leave(Cell<u32>);

impl Drop for Leave {
    fn drop(&mut self) {
        // Under loom a joined thread may still run its destructors when the statics are gone; models call `leave`.
        if !cfg!(tenfold_loom) {
            self.leave();
        }
    }
}

impl Leave {
    fn leave(&self) {
        // A later destructor of the same thread may ask again; it must not find a number that others may take by then.
        let _ = NUMBER.try_with(|cell| cell.set(NONE));
        give_back(self.0.replace(NONE));
    }
}

/// Ends the calling thread's life as far as its number goes: what a destructor does elsewhere.
#[cfg(tenfold_loom)]
pub fn leave() {
    LEAVE.with(Leave::leave);
}

/// The entry of `list` that only the calling thread may write, or `None` if it has to share.
#[inline]
pub(crate) fn own<T>(list: &[T]) -> Option<&T> {
    let number = NUMBER.try_with(Cell::get).unwrap_or(NONE);
    // Neither special number is an index of any list.
    match list.get(number as usize) {
        Some(entry) => Some(entry),
        None => list.get(ask(number)? as usize),
    }
}

/// As [`own`], but `None` also if the thread has not asked yet.
#[inline(always)]
pub(crate) fn known<T>(list: &[T]) -> Option<&T> {
    list.get(NUMBER.try_with(Cell::get).unwrap_or(NONE) as usize)
}

#[cold]
fn ask(found: u32) -> Option<u32> {
    if found != UNKNOWN {
        return None;
    }
    // The number is worth having only if it will be given back; and on platforms that destroy thread-locals one by one, this
    // thread may have one already.
    let keep = |leave: &Leave| {
        if leave.0.get() == NONE {
            leave.0.set(take());
        }
        leave.0.get()
    };
    let number = LEAVE.try_with(keep).unwrap_or(NONE);
    let _ = NUMBER.try_with(|cell| cell.set(number));
    (number < NONE).then_some(number)
}

fn take() -> u32 {
    if faulty(Fault::ShareNumber) {
        return 0;
    }
    for (index, word) in HELD.iter().enumerate() {
        let mut held = word.load(Ordering::Relaxed);
        while held != u64::MAX {
            let bit = (!held).trailing_zeros();
            match word.compare_exchange_weak(
                held,
                held | 1 << bit,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                // Below 256, so the conversion is exact.
                Ok(_) => return index as u32 * 64 + bit,
                Err(now) => held = now,
            }
        }
    }
    NONE
}

fn give_back(number: u32) {
    let order = if faulty(Fault::ReleaseRelaxed) {
        Ordering::Relaxed
    } else {
        Ordering::Release
    };
    if let Some(word) = HELD.get(number as usize / 64) {
        word.fetch_and(!(1 << (number % 64)), order);
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
mod tests {
    use super::*;
    use std::sync::{Arc, Barrier, Mutex};

    fn number() -> Option<usize> {
        let all: [usize; 256] = std::array::from_fn(|n| n);
        own(&all).copied()
    }

    #[test]
    fn live_threads_have_distinct_numbers_and_dead_ones_return_them() {
        let highest = Arc::new(Mutex::new(0));
        for _ in 0..50 {
            let together = Arc::new(Barrier::new(4));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (together, highest) = (together.clone(), highest.clone());
                    std::thread::spawn(move || {
                        let mine = number().expect("far fewer threads than numbers");
                        together.wait();
                        assert_eq!(number(), Some(mine), "a number stays with its thread");
                        let mut top = highest.lock().unwrap();
                        *top = mine.max(*top);
                        mine
                    })
                })
                .collect();
            let mut numbers: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), 4);
        }
        assert!(
            *highest.lock().unwrap() < 128,
            "200 threads, 4 at a time, reuse numbers"
        );
    }

    #[test]
    fn a_thread_that_is_being_torn_down_shares() {
        struct AskLate(std::sync::mpsc::Sender<Option<usize>>);
        impl Drop for AskLate {
            fn drop(&mut self) {
                self.0.send(number()).unwrap();
            }
        }
        std::thread_local! { static LATE: Cell<Option<AskLate>> = const { Cell::new(None) }; }
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // Registered before the number's own destructor, so it is dropped after it.
            LATE.with(|late| late.set(Some(AskLate(send))));
            assert!(number().is_some());
        })
        .join()
        .unwrap();
        let late = receive.recv().unwrap();
        assert!(
            late.is_none_or(|n| n < 256),
            "either order of destructors is sound: {late:?}"
        );
    }
}
