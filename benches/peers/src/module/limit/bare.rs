//! The least that any limiter does: read a clock, and replace one word. The generic cell rate algorithm in nanoseconds, exact only
//! for rates whose tokens take whole ones, without statistics and waiters, its quota fixed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_utils::CachePadded;
use tenfold::clock::MonotonicClock;

use super::limiter::{Allowance, Limiter, RATE};
use super::ours::Stamps;

/// The limit without a clock.
pub(super) struct Word {
    /// When the bucket will be full again.
    full_at: CachePadded<AtomicU64>,
    interval: u64,
    tolerance: u64,
}

impl Word {
    fn new(allowance: Allowance) -> Self {
        let (interval, tolerance) = match allowance {
            Allowance::Everything => (1, u64::from(RATE) - 1),
            Allowance::Nothing => (3_600_000_000_000, 0),
        };
        Self {
            full_at: CachePadded::new(AtomicU64::new(0)),
            interval,
            tolerance,
        }
    }

    #[inline]
    fn take(&self, now: u64) -> bool {
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            if full_at > now + self.tolerance {
                return false;
            }
            let next = full_at.max(now) + self.interval;
            match self.full_at.compare_exchange_weak(
                full_at,
                next,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(found) => full_at = found,
            }
        }
    }
}

/// A clock that shows nanoseconds.
pub(super) trait Nanos: Sync + 'static {
    fn start() -> Self;

    fn nanos(&self) -> u64;
}

impl Nanos for MonotonicClock {
    fn start() -> Self {
        Self::new()
    }

    fn nanos(&self) -> u64 {
        tenfold::clock::Clock::now(self).as_nanos()
    }
}

pub(super) struct Std(Instant);

impl Nanos for Std {
    fn start() -> Self {
        Self(Instant::now())
    }

    fn nanos(&self) -> u64 {
        // Wraps after 584 years.
        self.0.elapsed().as_nanos() as u64
    }
}

/// quanta as governor uses it.
pub(super) struct Quanta(quanta::Clock);

impl Nanos for Quanta {
    fn start() -> Self {
        Self(quanta::Clock::new())
    }

    fn nanos(&self) -> u64 {
        self.0.delta_as_nanos(0, self.0.raw())
    }
}

/// The limit that reads a clock for every call.
pub(super) struct Bare<C> {
    clock: C,
    word: Word,
}

impl<C: Nanos> Limiter for Bare<C> {
    type Clock = ();
    type Handle<'l> = &'l Self;

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        Ok(Self {
            clock: C::start(),
            word: Word::new(allowance),
        })
    }

    fn handle(&self) -> &Self {
        self
    }

    fn ask(bare: &mut &Self) -> bool {
        bare.word.take(bare.clock.nanos())
    }
}

/// The limit with the caller's timestamps.
pub(super) struct BareAt(Word);

impl Limiter for BareAt {
    type Clock = ();
    type Handle<'l> = (&'l Word, Stamps);

    fn clock() -> Result<(), String> {
        Ok(())
    }

    fn build((): &(), allowance: Allowance) -> Result<Self, String> {
        Ok(Self(Word::new(allowance)))
    }

    fn handle(&self) -> Self::Handle<'_> {
        (&self.0, Stamps::from_now())
    }

    fn ask((word, stamps): &mut Self::Handle<'_>) -> bool {
        word.take(stamps.next().as_nanos())
    }
}
