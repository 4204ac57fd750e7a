//! What all backends of a balancer have in common.

use std::sync::OnceLock;

use super::BackendId;
use super::algorithm::Decay;
use super::stats::Event;
use super::verdict::Watched;
use crate::kernel::counters::Counters;
use crate::kernel::sync::{AtomicU64, Ordering};

/// Where the backends of a balancer live: what they are measured by, and what is counted of all of them.
pub(super) struct House {
    pub(super) decay: Decay,
    /// What failures multiply the cost by, at most.
    pub(super) failure_factor: f32,
    /// Nanoseconds that are usual while nothing is known.
    pub(super) initial: f32,
    /// The bits of a float: a running mean of some of the successful latencies in nanoseconds, 0 before the first.
    usual: AtomicU64,
    events: Counters<{ Event::COUNT }>,
    /// Whose checks count.
    watched: AtomicU64,
    /// Hears of failures, with the number of those in a row.
    alarm: OnceLock<Alarm>,
}

type Alarm = Box<dyn Fn(BackendId, u64) + Send + Sync>;

/// Part of the usual latency that a sample replaces.
const SAMPLE_PART: f32 = 1.0 / 32.0;

impl House {
    pub(super) fn new(decay: Decay, failure_factor: f32, initial: f32) -> Self {
        Self {
            decay,
            failure_factor,
            initial,
            usual: AtomicU64::new(0),
            events: Counters::new(),
            watched: AtomicU64::new(Watched::BY_NOBODY.to_bits()),
            alarm: OnceLock::new(),
        }
    }

    /// Has failures heard of. Only the first call counts.
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    pub(super) fn alarm(&self, alarm: Alarm) {
        let _ = self.alarm.set(alarm);
    }

    /// A request failed, and so did so many in a row.
    pub(super) fn hear(&self, id: BackendId, row: u64) {
        if let Some(alarm) = self.alarm.get() {
            alarm(id, row);
        }
    }

    /// Whose checks count.
    pub(super) fn watched(&self) -> Watched {
        Watched::from_bits(self.watched.load(Ordering::SeqCst))
    }

    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    pub(super) fn set_watched(&self, watched: Watched) {
        self.watched.store(watched.to_bits(), Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn count(&self, event: Event) {
        if !self.events.raise_briefly(event as usize) {
            self.count_slowly(event);
        }
    }

    /// By a thread that has not counted yet, or that has to share.
    #[cold]
    fn count_slowly(&self, event: Event) {
        self.events.raise(event as usize);
    }

    pub(super) fn counted(&self, event: Event) -> u64 {
        self.events.sum(event as usize)
    }

    #[inline]
    pub(super) fn usual(&self) -> f32 {
        match self.usual.load(Ordering::Relaxed) {
            0 => self.initial,
            bits => f32::from_bits(bits as u32),
        }
    }

    /// Two at a time may count as one: it is a mean.
    pub(super) fn learn(&self, sample: f32) {
        let mean = match self.usual.load(Ordering::Relaxed) {
            0 => sample,
            bits => {
                let mean = f32::from_bits(bits as u32);
                mean + (sample - mean) * SAMPLE_PART
            }
        };
        let bits = mean.max(f32::MIN_POSITIVE).to_bits();
        self.usual.store(u64::from(bits), Ordering::Relaxed);
    }
}
