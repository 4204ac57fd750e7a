//! What goes on at a backend: counters that outlive every change of the set.
//!
//! # Invariants
//!
//! * `in_flight` is the number of leases that have begun and not ended. A lease enters once and leaves once, in whatever way it ends.
//! * While `CLOSED` is set nobody enters: who comes adds itself, sees the bit and leaves again. So once a closed word has been seen
//!   without leases there are none, and there will be none.
//! * A lease ends as a success, a failure or cancelled, and is counted as one of these before it leaves.
//! * Nothing here is ordered by these words: whoever reads several of them reads numbers of about the same time.
//!
//! `in_flight` changes by sequentially consistent operations, as a drain depends on it (see `drain.rs`); everything else is relaxed.

use std::task::Waker;

use super::BackendId;
use super::algorithm::Estimate;
use super::house::House;
use super::stats::Event;
use super::verdict::Verdict;
use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Arc, AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::{Discarded, wake};

/// One latency in this many is part of the usual one, so that its line is read nearly always.
const SAMPLE_MASK: u64 = 15;

/// What the first failure after a success multiplies the cost by, and what each further one does to that.
const FIRST_FAILURE: f32 = 8.0;
const EACH_FURTHER: f32 = 2.0;
/// What a success leaves of it.
const FORGIVEN: f32 = 0.5;
/// Below this nothing is left.
const FORGOTTEN: f32 = 1.05;

/// On lines of its own, since everybody writes it; what a lease touches is in the first one.
#[repr(C, align(128))]
pub(super) struct Vitals {
    in_flight: AtomicU64,
    latency: AtomicU64,
    /// An estimate of what failures multiply the cost by; nothing while there are none.
    trouble: AtomicU64,
    successes: AtomicU64,
    cancelled: AtomicU64,
    /// Since the last success.
    failures_in_a_row: AtomicU64,
    pub(super) house: Arc<House>,
    failures: AtomicU64,
    /// The bits of a float, or `UNREPORTED`.
    reported_load: AtomicU64,
    /// What its checks say. Whoever says something publishes the set anew afterwards.
    pub(super) verdict: Verdict,
    drains: Mutex<Drains>,
}

/// Who waits for the last lease to end.
#[derive(Debug, Default)]
struct Drains {
    tickets: u64,
    waiting: Vec<(u64, Waker)>,
}

/// What is not known, or not any more, is taken to be so much of the usual: a little better, so that it is found out.
const HOPE: f32 = 0.9;
const UNREPORTED: u64 = u64::MAX;
/// Beside the number of leases: the backend drains.
const CLOSED: u64 = 1 << 63;

impl Vitals {
    pub(super) fn new(house: Arc<House>) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            in_flight: zero(),
            latency: AtomicU64::new(Estimate::NONE.to_bits()),
            trouble: AtomicU64::new(Estimate::NONE.to_bits()),
            successes: zero(),
            failures: zero(),
            cancelled: zero(),
            failures_in_a_row: zero(),
            reported_load: AtomicU64::new(UNREPORTED),
            verdict: Verdict::new(),
            drains: Mutex::new(Drains::default()),
            house,
        }
    }

    #[inline]
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed) & !CLOSED
    }

    /// Whether the caller has entered.
    #[inline]
    pub(super) fn enter(&self) -> bool {
        let open = self.in_flight.fetch_add(1, Ordering::SeqCst) & CLOSED == 0;
        if !open && !faulty(Fault::EnterClosed) {
            self.leave();
            return false;
        }
        true
    }

    /// Enters, unless there are as many as may be.
    pub(super) fn enter_below(&self, most: u64) -> bool {
        if faulty(Fault::EnterUnchecked) {
            return self.in_flight() < most && self.enter();
        }
        // A closed word is larger than any limit.
        let more = |leases: u64| (leases < most.min(CLOSED)).then_some(leases + 1);
        self.in_flight
            .fetch_update(Ordering::SeqCst, Ordering::Relaxed, more)
            .is_ok()
    }

    #[inline]
    pub(super) fn leave(&self) {
        if self.in_flight.fetch_sub(1, Ordering::SeqCst) == CLOSED | 1 {
            self.wake_drains();
        }
    }

    /// Lets nobody enter any more, or again. Returns whether [`wake_drains`](Self::wake_drains) is to follow.
    pub(super) fn close(&self, closed: bool) -> bool {
        if closed {
            self.in_flight.fetch_or(CLOSED, Ordering::SeqCst);
            return false;
        }
        self.in_flight.fetch_and(!CLOSED, Ordering::SeqCst) & CLOSED != 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// Whether nobody is in and nobody can enter.
    pub(super) fn is_drained(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst) == CLOSED
    }

    /// A name for one that waits for the drain.
    pub(super) fn drain_ticket(&self) -> u64 {
        let mut drains = self.drains.lock();
        drains.tickets += 1;
        drains.tickets
    }

    /// Wakes `waker` once when the last lease ends while this is closed, or when it is opened. The caller looks again after this.
    pub(super) fn watch_drain(&self, ticket: u64, waker: Waker) {
        let mut drains = self.drains.lock();
        let mut earlier = Discarded(None);
        match drains
            .waiting
            .iter_mut()
            .find(|(known, _)| *known == ticket)
        {
            Some((_, known)) => earlier.0 = Some(std::mem::replace(known, waker)),
            None => drains.waiting.push((ticket, waker)),
        }
        drop(drains);
    }

    pub(super) fn forget_drain(&self, ticket: u64) {
        let mut drains = self.drains.lock();
        let place = drains
            .waiting
            .iter()
            .position(|(known, _)| *known == ticket);
        let waker = Discarded(place.map(|place| drains.waiting.swap_remove(place).1));
        drop(drains);
        drop(waker);
    }

    #[cold]
    pub(super) fn wake_drains(&self) {
        let waiting = std::mem::take(&mut self.drains.lock().waiting);
        waiting.into_iter().for_each(|(_, waker)| wake(waker));
    }

    /// Nanoseconds that a request is expected to take, if it is answered.
    #[inline]
    fn latency(&self, now: Tick) -> f32 {
        let latency = Estimate::from_bits(self.latency.load(Ordering::Relaxed));
        latency.at(now, self.house.decay, self.house.usual() * HOPE)
    }

    /// What a request is expected to cost, in nanoseconds: the latency, and failures.
    #[inline]
    pub(super) fn cost(&self, now: Tick) -> f32 {
        self.latency(now) * self.penalty(now)
    }

    /// What failures multiply the cost by.
    #[inline]
    pub(super) fn penalty(&self, now: Tick) -> f32 {
        let trouble = Estimate::from_bits(self.trouble.load(Ordering::Relaxed));
        trouble.at(now, self.house.decay, 1.0)
    }

    /// Notes a latency, or what stands for one.
    fn observe(&self, sample: f32, now: Tick) {
        let with = |bits| {
            Some(
                Estimate::from_bits(bits)
                    .with(sample, now, self.house.decay)
                    .to_bits(),
            )
        };
        // There always is a next one, so this can't fail.
        let _ = self
            .latency
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, with);
    }

    /// A lease was good, and took so many nanoseconds if that was measured.
    #[inline]
    pub(super) fn succeed(&self, nanos: Option<f32>, now: Tick) {
        self.house.count(Event::Success);
        let earlier = self.successes.fetch_add(1, Ordering::Relaxed);
        if self.failures_in_a_row.load(Ordering::Relaxed) != 0 {
            self.failures_in_a_row.store(0, Ordering::Relaxed);
        }
        if self.trouble.load(Ordering::Relaxed) != Estimate::NONE.to_bits() {
            self.relieve(now);
        }
        if let Some(nanos) = nanos {
            self.observe(nanos, now);
            if earlier & SAMPLE_MASK == 0 {
                self.house.learn(nanos);
            }
        }
    }

    /// A lease failed.
    pub(super) fn fail(&self, id: BackendId, nanos: Option<f32>, pause: Option<f32>, now: Tick) {
        self.house.count(Event::Failure);
        self.failures.fetch_add(1, Ordering::Relaxed);
        let row = self.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        // Of a policy that does not care for time nothing is known.
        if let Some(nanos) = nanos {
            let least = FIRST_FAILURE * EACH_FURTHER.powi(row.min(32) as i32 - 1);
            let least = least.min(self.house.failure_factor);
            self.change_trouble(now, |trouble| trouble.max(least));
            // A quick failure says nothing of the latency; a late one and a pause that was asked for do.
            let late = nanos.max(pause.unwrap_or(0.0));
            if late > self.latency(now) {
                self.observe(late, now);
            }
        }
        self.house.hear(id, row);
    }

    /// A success is half a forgiveness.
    #[cold]
    fn relieve(&self, now: Tick) {
        self.change_trouble(now, |trouble| 1.0 + (trouble - 1.0) * FORGIVEN);
    }

    fn change_trouble(&self, now: Tick, change: impl Fn(f32) -> f32) {
        let next = |bits| {
            let trouble = change(Estimate::from_bits(bits).at(now, self.house.decay, 1.0));
            Some(if trouble < FORGOTTEN {
                Estimate::NONE.to_bits()
            } else {
                Estimate::new(trouble, now, self.house.decay).to_bits()
            })
        };
        // There always is a next one, so this can't fail.
        let _ = self
            .trouble
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// A lease was given up: all that is known is that the answer would have taken longer.
    pub(super) fn cancel(&self, nanos: Option<f32>, now: Tick) {
        self.house.count(Event::Cancel);
        self.cancelled.fetch_add(1, Ordering::Relaxed);
        if let Some(nanos) = nanos.filter(|nanos| *nanos > self.latency(now)) {
            self.observe(nanos, now);
        }
    }

    pub(super) fn report_load(&self, load: f32) {
        let load = if load.is_nan() {
            0.0
        } else {
            load.clamp(0.0, f32::MAX)
        };
        self.reported_load
            .store(u64::from(load.to_bits()), Ordering::Relaxed);
    }

    pub(super) fn reported_load(&self) -> Option<f32> {
        let bits = self.reported_load.load(Ordering::Relaxed);
        u32::try_from(bits).ok().map(f32::from_bits)
    }

    pub(super) fn successes(&self) -> u64 {
        self.successes.load(Ordering::Relaxed)
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn failures_in_a_row(&self) -> u64 {
        self.failures_in_a_row.load(Ordering::Relaxed)
    }

    /// It begins anew.
    pub(super) fn forget_failures(&self) {
        self.failures_in_a_row.store(0, Ordering::Relaxed);
        let nothing = Estimate::NONE.to_bits();
        self.trouble.store(nothing, Ordering::Relaxed);
    }

    pub(super) fn cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::Relaxed)
    }
}
