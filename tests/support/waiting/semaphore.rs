//! The smallest thing that hands something out: permits in a number, and a line for those who find too few.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
#[cfg(tenfold_shuttle)]
use std::time::Duration;

#[cfg(tenfold_loom)]
use tenfold::__kernel::block_on;
use tenfold::__kernel::{Arc, Ticket, WaitQueue};
use tenfold::clock::Tick;

#[cfg(tenfold_loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(tenfold_shuttle)]
use shuttle::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Semaphore {
    permits: AtomicU64,
    pub(super) queue: WaitQueue<u64>,
}

impl Semaphore {
    pub(super) fn new(permits: u64) -> Arc<Self> {
        Arc::new(Self {
            permits: AtomicU64::new(permits),
            queue: WaitQueue::new(16),
        })
    }

    fn take(&self, want: u64) -> Option<u64> {
        let rest = |permits: u64| permits.checked_sub(want);
        self.permits
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, rest)
            .ok()?;
        Some(want)
    }

    fn put(&self, permits: u64) {
        self.permits.fetch_add(permits, Ordering::SeqCst);
    }

    pub(super) fn permits(&self) -> u64 {
        self.permits.load(Ordering::SeqCst)
    }

    pub(super) fn try_acquire(&self, want: u64) -> bool {
        self.queue.waiting() == 0 && self.take(want).is_some()
    }

    pub(super) fn poll(&self, ticket: Ticket, waker: &Waker, now: Tick) -> Poll<u64> {
        let (take, put) = (|want| self.take(want), |permits| self.put(permits));
        self.queue.poll(ticket, waker, now, take, put)
    }

    pub(super) fn release(&self, permits: u64, now: Tick) {
        self.put(permits);
        self.queue
            .settle(now, |want| self.take(want), |permits| self.put(permits));
    }

    pub(super) fn leave(&self, ticket: Ticket, now: Tick) {
        let (take, put) = (|want| self.take(want), |permits| self.put(permits));
        self.queue.leave(ticket, now, take, put);
    }

    #[cfg(tenfold_shuttle)]
    pub(super) fn revoke(&self, now: Tick, patience: Duration) -> bool {
        let (take, put) = (|want| self.take(want), |permits| self.put(permits));
        self.queue.revoke(now, patience, take, put)
    }

    #[cfg(tenfold_loom)]
    pub(super) fn acquire(&self, want: u64) {
        if !self.try_acquire(want) {
            let ticket = self.queue.join(want).unwrap();
            block_on(|waker| self.poll(ticket, waker, Tick::ZERO));
        }
    }
}

/// Permits for a task. Dropped before it is ready, it leaves.
pub(super) struct Acquire {
    semaphore: Arc<Semaphore>,
    ticket: Option<Ticket>,
}

impl Acquire {
    /// Joins the line at once.
    pub(super) fn new(semaphore: &Arc<Semaphore>, want: u64) -> Self {
        Self {
            semaphore: semaphore.clone(),
            ticket: Some(semaphore.queue.join(want).unwrap()),
        }
    }
}

impl Future for Acquire {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        let ticket = self.ticket.expect("not polled after it was ready");
        let outcome = self.semaphore.poll(ticket, context.waker(), Tick::ZERO);
        if outcome.is_ready() {
            self.ticket = None;
        }
        outcome
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.semaphore.leave(ticket, Tick::ZERO);
        }
    }
}
