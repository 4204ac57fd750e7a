//! Random numbers of the calling thread.
//!
//! A generator per thread, seeded from the system the first time: no line is shared, a number costs what [`Rng`] costs and a look at a
//! thread-local. For jitter and choices, not for secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use super::rng::Rng;
use super::sync::local;

local! {
    /// The state of the thread's generator; 0 before the first number.
    static STATE: Cell<u64> = Cell::new(0);
}

/// 64 random bits.
#[inline]
pub(crate) fn random() -> u64 {
    let next = STATE.try_with(|cell| {
        let mut state = cell.get();
        if state == 0 {
            state = seed();
        }
        cell.set(state.wrapping_add(Rng::STEP));
        state
    });
    // A thread that is being torn down has none any more.
    Rng::seeded(next.unwrap_or_else(|_| seed())).next_u64()
}

#[cold]
fn seed() -> u64 {
    RandomState::new().hash_one(0_u64)
}
