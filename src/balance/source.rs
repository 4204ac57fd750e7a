//! Where turns and random numbers come from.

use std::cell::Cell;

use crossbeam_utils::CachePadded;

use crate::kernel::dice;
use crate::kernel::rng::Rng;
use crate::kernel::sync::{AtomicU64, Ordering};

/// Callers that count on their own: so many that the groups of a route by pool, zone and priority usually have one each, and still 4 KiB.
const LANES: usize = 32;

/// Gives turns and random numbers.
pub(super) trait Source {
    /// One more than before; random for a lane that is not counted. Callers that share a counter, and call in turn, would each see every
    /// other number, and with two backends one of them.
    fn turn(&self, lane: usize) -> u64;
    fn random(&self) -> u64;
}

/// For all callers of a balancer together.
#[derive(Debug)]
pub(super) struct Shared {
    lanes: Box<[CachePadded<AtomicU64>; LANES]>,
    /// If the numbers are to be repeatable.
    seeded: Option<CachePadded<AtomicU64>>,
}

impl Shared {
    pub(super) fn new(seed: Option<u64>) -> Self {
        let first = |lane: u64| match seed {
            Some(seed) => Rng::seeded(seed ^ lane).next_u64(),
            None => dice::random(),
        };
        Self {
            // Far from the end of the numbers, and anywhere in every cycle.
            lanes: Box::new(std::array::from_fn(|lane| {
                CachePadded::new(AtomicU64::new(first(lane as u64) >> 24))
            })),
            seeded: seed.map(|seed| CachePadded::new(AtomicU64::new(seed))),
        }
    }
}

impl Source for Shared {
    #[inline]
    fn turn(&self, lane: usize) -> u64 {
        match self.lanes.get(lane) {
            Some(turns) => turns.fetch_add(1, Ordering::Relaxed),
            None => self.random(),
        }
    }

    #[inline]
    fn random(&self) -> u64 {
        match &self.seeded {
            None => dice::random(),
            // A generator's state after n numbers is its seed and n steps, whoever takes them.
            Some(state) => Rng::seeded(state.fetch_add(Rng::STEP, Ordering::Relaxed)).next_u64(),
        }
    }
}

/// For the calls of one picker.
#[derive(Debug)]
pub(super) struct Own {
    lanes: [Cell<u64>; LANES],
    random: Cell<u64>,
}

impl Own {
    /// Begins anywhere, as `from` has it.
    pub(super) fn new(from: &Shared) -> Self {
        Self {
            lanes: std::array::from_fn(|_| Cell::new(from.random() >> 24)),
            random: Cell::new(from.random()),
        }
    }
}

impl Source for Own {
    #[inline]
    fn turn(&self, lane: usize) -> u64 {
        let Some(turns) = self.lanes.get(lane) else {
            return self.random();
        };
        let turn = turns.get();
        turns.set(turn.wrapping_add(1));
        turn
    }

    #[inline]
    fn random(&self) -> u64 {
        let state = self.random.get();
        self.random.set(state.wrapping_add(Rng::STEP));
        Rng::seeded(state).next_u64()
    }
}
