//! A token bucket for many cores.
//!
//! # Design
//!
//! All callers of a [`TokenBucket`](super::TokenBucket) write one word, and its cache line travels from core to core. Here a thread
//! takes several tokens from the word at once, into a *cell* of its own, and spends them there by a plain load and store. What the
//! cells may hold is carved out of the burst:
//!
//! ```text
//! quota: burst B, rate r        S cells, k tokens at most in each         shared bucket: burst B - S × k, rate r
//! ```
//!
//! # Invariants
//!
//! * A cell has one writer: the thread that holds its number (`threads.rs`). What a thread leaves there when it ends happens before
//!   everything that the next holder of the number does, which spends it. A thread without a cell of its own uses the shared bucket.
//! * A cell holds at most `k` tokens, all of them charged to the shared bucket. The call that leases is admitted with the charge
//!   and leaves the rest of the lease, less than `k`, in its cell; so at any moment the cells hold at most `S × k`, with the rests
//!   that are about to be stored.
//!
//! # (A) Safety
//!
//! In any window of length `t`, what is admitted was in a cell when the window began, or was charged to the shared bucket within it:
//! at most `S × k + (B - S × k) + r × t = B + r × t`. Exactly the law of the bucket without cells.
//!
//! Times are those that the calls came with, and what is spent from a cell needs none: so the window is one of a clock that does not
//! step back. If it does by `E`, the bound is that of a window longer by `E`.
//!
//! # (B) Under-admission
//!
//! Tokens in the cells of others can't be had. A lone caller that always wants one more is admitted at least `B - S × k + r × t - 1`:
//! what the shared bucket guarantees, since its own cell is empty whenever it is refused. `S × k <= B / 8` by the choice of `k`.
//!
//! # The lease
//!
//! `k` is the least of `B / (8 × S)`, 64, and what comes in 100 µs. A slower limiter has no contention to speak of. Where that leaves
//! less than two, or the burst is below `16 × S`, there are no leases, and this is a token bucket and nothing else.

use std::fmt;

use crossbeam_utils::CachePadded;

use super::algorithm::{Meter, Step};
use super::token_bucket::Core;
use super::{Decision, Quota, RateLimiter, Stats};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::counters::Counters;
use crate::kernel::sync::{AtomicU64, Ordering};
use crate::kernel::threads;

const ALLOWED: usize = 0;
const REFUSED: usize = 1;

/// Threads with a cell of their own.
const CELLS: usize = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
    2
} else {
    16
};
const LARGEST_LEASE: u64 = 64;
/// A lease is at most what comes in this time, in nanoseconds.
const LEASE_TIME: u64 = 100_000;

/// A [`TokenBucket`](super::TokenBucket) that many threads use all the time: each takes a few tokens at once and spends them
/// without touching what others touch.
///
/// The limit is kept exactly as by the bucket: any window of length `t` sees at most `burst + rate × t`. The price is that a
/// thread may be refused while others have tokens in hand: [`lease`](Self::lease) each for up to 16 threads, together at most an
/// eighth of the burst. A lone caller that always wants more gets at least `burst - 16 × lease + rate × t - 1`.
///
/// ```
/// use tenfold::limit::{Leased, Quota};
///
/// let limiter = Leased::new(Quota::per_second(1_000_000));
/// assert_eq!(limiter.lease(), 64);
/// assert!(limiter.try_acquire());
///
/// // Slow enough for one word: no leases, and nothing is given away.
/// assert_eq!(Leased::new(Quota::per_second(1_000)).lease(), 0);
/// ```
///
/// # Decisions
///
/// They are the calling thread's: [`limit`](Decision::limit) is the largest cost that can ever be had, `burst - 16 × lease`;
/// [`remaining`](Decision::remaining) is what it could have at once; [`reset_after`](Decision::reset_after) is when the shared part
/// is full, and what other threads have in hand does not matter.
///
/// # Threads that end
///
/// What a thread leaves of its lease is spent by the next thread that gets its place. Tokens in hand don't expire.
///
/// # Waiting
///
/// Nobody can wait here: who waits would have to be told when tokens come back from all threads. The quota can't be changed either.
///
/// # Complexity
///
/// `try_acquire` mostly is a load and a store on a line of the thread's own, without a look at the clock; once per lease it is what it
/// is at a bucket. Threads beyond 16 share the bucket. Besides what a bucket has, 2 KiB of cells.
///
/// # When not to use this
///
/// With few threads, or if a client must get all of its burst at once. The contended cost on many cores is not measured yet.
pub struct Leased<C = MonotonicClock> {
    /// The quota without what the cells may hold.
    core: Core,
    cells: Box<[CachePadded<AtomicU64>; CELLS]>,
    /// Tokens that a cell may hold. If zero, none ever does.
    lease: u64,
    /// The burst of the core.
    limit: u64,
    quota: Quota,
    counters: Counters<2>,
    clock: C,
}

/// What a call does.
#[derive(Clone, Copy)]
struct Plan {
    allowed: bool,
    /// The next word of the shared bucket, if it changes.
    next: Option<u64>,
    /// What the cell holds then.
    held: u64,
}

impl Leased {
    /// A bucket on the process's clock.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self::with_clock(quota, MonotonicClock::new())
    }
}

impl<C: Clock> Leased<C> {
    /// A bucket on a clock of your own.
    #[must_use]
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        let (shared, lease) = carved(quota);
        Self {
            core: Core::new(shared, clock.now().as_nanos()),
            cells: Box::new(std::array::from_fn(|_| CachePadded::new(AtomicU64::new(0)))),
            lease,
            limit: shared.burst(),
            quota,
            counters: Counters::new(),
            clock,
        }
    }

    /// Takes one token if it is there.
    #[inline]
    #[must_use]
    pub fn try_acquire(&self) -> bool {
        self.try_acquire_n(1)
    }

    /// Takes `cost` tokens if they are there.
    #[inline]
    #[must_use]
    pub fn try_acquire_n(&self, cost: u64) -> bool {
        let taken = self.spend(cost) || self.take(self.clock.now().as_nanos(), cost);
        self.count(taken);
        taken
    }

    /// Takes `cost` tokens if they are there, and says all that a client wants to know.
    pub fn decide(&self, cost: u64) -> Decision {
        self.try_acquire_at(self.clock.now(), cost)
    }

    /// What [`decide`](Self::decide) would say; takes nothing.
    pub fn peek(&self, cost: u64) -> Decision {
        self.peek_at(self.clock.now(), cost)
    }

    /// Whole tokens that are there now, those that threads have in hand included.
    #[must_use]
    pub fn available(&self) -> u64 {
        let now = self.clock.now().as_nanos();
        // Cells first: a token goes from the bucket to a cell, so none is seen twice.
        let cells = self.cells.iter().map(|cell| cell.load(Ordering::Relaxed));
        let held = cells.fold(0, u64::saturating_add);
        let shared = self
            .core
            .look(|meter, word| meter.tokens(meter.available(word, now)));
        shared.saturating_add(held).min(self.quota.burst())
    }

    /// Tokens that a thread takes at once: from 2 to 64, or zero if there are no leases.
    #[must_use]
    pub const fn lease(&self) -> u64 {
        self.lease
    }

    /// The quota, with the whole burst.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &C {
        &self.clock
    }

    /// What happened so far. Nobody waits here, and nothing is lost.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            allowed: self.counters.sum(ALLOWED),
            refused: self.counters.sum(REFUSED),
            ..Stats::default()
        }
    }

    /// The caller's own cell, and what it holds.
    #[inline]
    fn cell(&self) -> Option<(&AtomicU64, u64)> {
        if self.lease == 0 {
            return None;
        }
        let cell = threads::own(&*self.cells)?;
        Some((cell, cell.load(Ordering::Relaxed)))
    }

    /// Takes `cost` from the caller's own cell, if it has as much.
    #[inline]
    fn spend(&self, cost: u64) -> bool {
        let Some((cell, held)) = self.cell() else {
            return false;
        };
        let left = held.checked_sub(cost);
        if let Some(left) = left {
            cell.store(left, Ordering::Relaxed);
        }
        left.is_some()
    }

    /// Takes `cost`, with a lease if that is possible. The clock, a user's code, was read before the cell is.
    fn take(&self, now: u64, cost: u64) -> bool {
        let Some((cell, held)) = self.cell() else {
            return self.core.take(now, cost);
        };
        let plan = self.core.update(|meter, word| {
            let plan = self.plan(meter, word, now, Some(held), cost);
            (plan.next, plan)
        });
        cell.store(plan.held, Ordering::Relaxed);
        plan.allowed
    }

    /// What a call does that finds `word` in the shared bucket, and in its cell, if it has one, `held`.
    fn plan(&self, meter: &Meter, word: u64, now: u64, held: Option<u64>, cost: u64) -> Plan {
        let lease = if held.is_some() { self.lease } else { 0 };
        let held = held.unwrap_or(0);
        let plan = |allowed, next, held| Plan {
            allowed,
            next,
            held,
        };
        if cost > self.limit {
            return plan(false, None, held);
        }
        let Some(need) = cost.checked_sub(held).filter(|need| *need > 0) else {
            return plan(true, None, held - cost);
        };
        let least = match meter.step(word, now, need) {
            Step::Refused => return plan(false, None, held),
            Step::Free => return plan(true, None, 0),
            Step::To(next) => plan(true, Some(next), 0),
        };
        if need >= lease {
            return least;
        }
        let have = meter.tokens(meter.available(word, now)).min(lease);
        match meter.step(word, now, have) {
            Step::To(next) if have > need => plan(true, Some(next), have - need),
            _ => least,
        }
    }

    fn decision(&self, meter: &Meter, word: u64, now: Tick, cost: u64) -> (Plan, Decision) {
        let now = now.as_nanos();
        let held = self.cell().map(|(_, held)| held);
        let plan = self.plan(meter, word, now, held, cost);
        let need = cost.saturating_sub(held.unwrap_or(0));
        let word = plan.next.unwrap_or(word);
        let shared = meter.decision(word, now, need, plan.allowed, 0);
        let decision = Decision {
            cost,
            remaining: shared.remaining.saturating_add(plan.held).min(self.limit),
            retry_after: shared.retry_after.filter(|_| cost <= self.limit),
            ..shared
        };
        (plan, decision)
    }

    #[inline]
    fn count(&self, allowed: bool) {
        self.counters.raise(if allowed { ALLOWED } else { REFUSED });
    }
}

impl<C: Clock> RateLimiter for Leased<C> {
    fn try_acquire_at(&self, now: Tick, cost: u64) -> Decision {
        let (plan, decision) = self.core.update(|meter, word| {
            let (plan, decision) = self.decision(meter, word, now, cost);
            (plan.next, (plan, decision))
        });
        if let Some((cell, _)) = self.cell() {
            cell.store(plan.held, Ordering::Relaxed);
        }
        self.count(decision.allowed);
        decision
    }

    fn peek_at(&self, now: Tick, cost: u64) -> Decision {
        self.core
            .look(|meter, word| self.decision(meter, word, now, cost).1)
    }

    fn now(&self) -> Tick {
        self.clock.now()
    }

    fn try_acquire(&self) -> bool {
        self.try_acquire()
    }

    fn try_acquire_n(&self, cost: u64) -> bool {
        self.try_acquire_n(cost)
    }
}

impl<C> fmt::Debug for Leased<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased")
            .field("quota", &self.quota)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// The quota of the shared bucket, and the lease.
fn carved(quota: Quota) -> (Quota, u64) {
    let cells = CELLS as u64;
    let burst = quota.burst();
    // Periods are below 2^63 nanoseconds, and above zero.
    let coming = u128::from(quota.tokens()) * u128::from(LEASE_TIME) / quota.period().as_nanos();
    let coming = u64::try_from(coming).unwrap_or(u64::MAX);
    let lease = (burst / (8 * cells)).min(LARGEST_LEASE).min(coming);
    if quota.is_unlimited() || burst < 16 * cells || lease < 2 {
        return (quota, 0);
    }
    match Quota::new(quota.tokens(), quota.period(), burst - cells * lease) {
        Ok(shared) => (shared.with_initial(quota.initial()), lease),
        // What has room for the burst has room for less.
        Err(_) => (quota, 0),
    }
}
