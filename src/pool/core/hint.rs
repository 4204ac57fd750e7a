//! Which slot of a pool this thread had last.
//!
//! A thread remembers one slot each for a few pools, by their numbers. A pool whose number was used before, or that shares its place with
//! another one, finds a hint that is wrong or missing, and looks for itself.

use std::cell::Cell;

use crate::kernel::sync::{AtomicU64, Ordering, global, local};

global! {
    static POOLS: AtomicU64 = AtomicU64::new(0);
}

/// Pools of which a thread remembers something.
const PLACES: usize = 4;

local! {
    /// `pool << 32 | slot`.
    static HINTS: [Cell<u64>; PLACES] = [const { Cell::new(0) }; PLACES];
}

/// Who asks.
#[derive(Debug)]
pub(super) struct Owner(u32);

impl Owner {
    pub(super) fn new() -> Self {
        // Zero is nobody. Numbers that come again do no harm.
        Self(
            (POOLS.fetch_add(1, Ordering::Relaxed) as u32)
                .wrapping_add(1)
                .max(1),
        )
    }

    #[inline]
    pub(super) fn get(&self) -> Option<u32> {
        let hint = HINTS.try_with(|hints| self.place(hints).map_or(0, Cell::get));
        let hint = hint.unwrap_or(0);
        (hint >> 32 == u64::from(self.0)).then_some(hint as u32)
    }

    pub(super) fn set(&self, slot: u32) {
        let _ = HINTS.try_with(|hints| {
            if let Some(place) = self.place(hints) {
                place.set(u64::from(self.0) << 32 | u64::from(slot));
            }
        });
    }

    #[inline]
    fn place<'h>(&self, hints: &'h [Cell<u64>; PLACES]) -> Option<&'h Cell<u64>> {
        hints.get(self.0 as usize % PLACES)
    }
}

/// A number for the calling thread that no other living one has.
pub(crate) fn this_thread() -> u64 {
    HINTS
        .try_with(|hints| std::ptr::from_ref(hints).addr() as u64)
        .unwrap_or(0)
}
