//! The least that any balancer does: count, or compare two loads and keep account of its own.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use tenfold::clock::{Clock, MonotonicClock};
use tenfold::rng::Rng;

use super::chooser::Chooser;
use super::fleet::Fleet;

/// One counter for everybody.
pub(super) struct Counter(CachePadded<AtomicU64>);

impl Chooser for Counter {
    type Handle<'c> = &'c AtomicU64;

    const NAMES: bool = false;

    fn build(_: Fleet) -> Result<Self, String> {
        Ok(Self(CachePadded::new(AtomicU64::new(0))))
    }

    fn handle(&self) -> &AtomicU64 {
        &self.0
    }

    fn ask(counter: &mut &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed)
    }
}

/// Two loads, the lesser raised and lowered again. The clock is read so often.
pub(super) struct TwoLoads<const CLOCKS: usize> {
    loads: Box<[CachePadded<AtomicU64>]>,
    clock: MonotonicClock,
}

pub(super) struct Chance<'c> {
    loads: &'c [CachePadded<AtomicU64>],
    clock: &'c MonotonicClock,
    rng: Rng,
}

impl Chance<'_> {
    /// Two different ones.
    #[inline]
    fn draw(&mut self) -> (usize, usize) {
        let random = self.rng.next_u64();
        let len = self.loads.len() as u64;
        let first = ((random >> 32) * len) >> 32;
        let other = ((random & 0xFFFF_FFFF) * (len - 1)) >> 32;
        (first as usize, (other + u64::from(other >= first)) as usize)
    }
}

impl<const CLOCKS: usize> Chooser for TwoLoads<CLOCKS> {
    type Handle<'c> = Chance<'c>;

    fn build(fleet: Fleet) -> Result<Self, String> {
        Ok(Self {
            loads: fleet.numbers().map(|_| CachePadded::default()).collect(),
            clock: MonotonicClock::new(),
        })
    }

    fn handle(&self) -> Chance<'_> {
        Chance {
            loads: &self.loads,
            clock: &self.clock,
            rng: Rng::seeded(RandomState::new().hash_one(0)),
        }
    }

    fn ask(chance: &mut Chance<'_>) -> u64 {
        for _ in 0..CLOCKS {
            black_box(chance.clock.now());
        }
        let (a, b) = chance.draw();
        let Some((load_a, load_b)) = chance.loads.get(a).zip(chance.loads.get(b)) else {
            return u64::MAX;
        };
        let less = load_b.load(Ordering::Relaxed) < load_a.load(Ordering::Relaxed);
        let (chosen, load) = if less { (b, load_b) } else { (a, load_a) };
        load.fetch_add(1, Ordering::Relaxed);
        load.fetch_sub(1, Ordering::Relaxed);
        chosen as u64
    }
}
