//! The smallest rate limiter: one token at a time is due, and those who come too early take turns.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tenfold::__kernel::{Arc, Ticket, Turns};
use tenfold::clock::{Clock, ManualClock, Tick};

#[cfg(tenfold_loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(tenfold_shuttle)]
use shuttle::sync::atomic::{AtomicU64, Ordering};

/// Nanoseconds between two tokens.
pub(super) const INTERVAL: u64 = 10;

pub(super) struct Bucket {
    /// When the next token is there; `u64::MAX` if somebody has to bring it.
    next: AtomicU64,
    pub(super) turns: Turns<ManualClock>,
}

impl Bucket {
    /// The first token is there at `first`, and who is called and does not come for `patience` nanoseconds loses its turn.
    pub(super) fn new(clock: &ManualClock, first: u64, patience: u64) -> Arc<Self> {
        Arc::new(Self {
            next: AtomicU64::new(first),
            turns: Turns::new(clock.clone(), Duration::from_nanos(patience), 16),
        })
    }

    /// A token, or when it is worth trying again.
    fn take(&self) -> Result<(), Tick> {
        let now = self.turns.clock().now().as_nanos();
        let after = |next: u64| (next <= now).then_some(now.saturating_add(INTERVAL));
        let taken = self
            .next
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, after);
        taken.map(drop).map_err(Tick::from_nanos)
    }

    /// Somebody brings a token.
    pub(super) fn bring(&self) {
        self.next.swap(0, Ordering::SeqCst);
        self.turns.nudge();
    }

    pub(super) fn try_acquire(&self) -> bool {
        self.turns.waiting() == 0 && self.take().is_ok()
    }

    /// Calls `served` while it still has the turn.
    fn poll(&self, ticket: Ticket, waker: &Waker, served: &mut dyn FnMut()) -> Poll<()> {
        while self.turns.poll_turn(ticket, waker).is_ready() {
            match self.take() {
                Ok(()) => {
                    served();
                    self.turns.finish(ticket);
                    return Poll::Ready(());
                }
                Err(due) if self.turns.not_before(ticket, due) => return Poll::Pending,
                Err(_) => {}
            }
        }
        Poll::Pending
    }
}

/// A token for a task. Dropped before it is ready, it leaves.
pub(super) struct Acquire {
    bucket: Arc<Bucket>,
    ticket: Option<Ticket>,
    served: Box<dyn FnMut() + Send>,
}

impl Acquire {
    /// Enters the line at once.
    pub(super) fn new(bucket: &Arc<Bucket>) -> Self {
        Self::telling(bucket, || ())
    }

    /// As [`new`](Self::new), and says when it is served.
    pub(super) fn telling(bucket: &Arc<Bucket>, served: impl FnMut() + Send + 'static) -> Self {
        Self {
            served: Box::new(served),
            bucket: bucket.clone(),
            ticket: Some(bucket.turns.enter(1).unwrap()),
        }
    }
}

impl Future for Acquire {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let ticket = self.ticket.expect("not polled after it was ready");
        let Self { bucket, served, .. } = &mut *self;
        let outcome = bucket.poll(ticket, context.waker(), served);
        if outcome.is_ready() {
            self.ticket = None;
        }
        outcome
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.bucket.turns.finish(ticket);
        }
    }
}
