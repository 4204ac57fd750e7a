//! Waiting for tokens, as a thread or as a task.
//!
//! ```text
//!            there, and nobody waits
//!   START ─────────────────────────────────────────────▶ taken
//!     │  else: enter the line                              ▲
//!     ▼              its turn             there             │
//!   IN LINE ─────────────────────▶ TRYING ──────────────────┘
//!     ▲  │                           │
//!     │  └── deadline ──▶ out        │ not yet: rest until they are
//!     └──────────────────────────────┘
//! ```
//!
//! Tokens are charged by the waiter itself, in the poll that returns them. So whoever leaves before leaves nothing behind, and there is
//! nothing to give back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::TokenBucket;
use super::handle::{ALLOWED, REFUSED};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::upkeep::Deadline;
use crate::kernel::wait::{Full, Ticket, block_on};
use crate::limit::Error;

/// A wait for tokens, made by [`TokenBucket::acquire_async`] and the like.
///
/// # Cancel safety
///
/// Dropping it at any time leaves the line and takes nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'b, C: Clock + 'static = MonotonicClock> {
    bucket: &'b TokenBucket<C>,
    cost: u64,
    deadline: Option<Deadline<&'b C>>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Start,
    InLine(Ticket),
    Done,
}

impl<C: Clock + 'static> TokenBucket<C> {
    /// Waits until there is a token, and takes it.
    ///
    /// # Errors
    ///
    /// As [`acquire_n`](Self::acquire_n).
    ///
    /// # Blocking
    ///
    /// Parks the thread until it is first in line and the token is there. In async code take
    /// [`acquire_async`](Self::acquire_async); both stand in the same line.
    pub fn acquire(&self) -> Result<(), Error> {
        self.acquire_n(1)
    }

    /// Waits until there are `cost` tokens, and takes them.
    ///
    /// # Errors
    ///
    /// At once, [`Error::CostAboveLimit`] if the cost is above the burst, [`Error::Limited`] if the tokens never come, and
    /// [`Error::TooManyWaiters`].
    ///
    /// # Blocking
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_n(&self, cost: u64) -> Result<(), Error> {
        Acquire::new(self, cost, None).block()
    }

    /// As [`acquire_n`](Self::acquire_n), for at most `patience`.
    ///
    /// # Errors
    ///
    /// At once, [`Error::Limited`] if there can't be enough tokens in time, considering those who wait already, and the errors of
    /// [`acquire_n`](Self::acquire_n). A charge or a slower quota may delay those in line: then it is [`Error::Limited`] again if it
    /// is noticed in advance, and [`Error::TimedOut`] at the deadline.
    ///
    /// # Blocking
    ///
    /// For at most `patience`, by the bucket's clock.
    pub fn acquire_timeout(&self, cost: u64, patience: Duration) -> Result<(), Error> {
        Acquire::new(self, cost, Some(patience)).block()
    }

    /// As [`acquire_n`](Self::acquire_n), as a future. It stands in line from its first poll on.
    ///
    /// A future that is first in line and is not polled when its tokens are there (in a `select!` that is busy elsewhere, say) lets
    /// the next one pass after [`Config::patience`](super::Config::patience), and keeps its place.
    ///
    /// ```
    /// use tenfold::limit::{Quota, TokenBucket};
    ///
    /// async fn call(limiter: &TokenBucket) -> Result<(), tenfold::limit::Error> {
    ///     limiter.acquire_async(1).await?;
    ///     // send the request
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes nothing.
    pub fn acquire_async(&self, cost: u64) -> Acquire<'_, C> {
        Acquire::new(self, cost, None)
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), as a future. Time runs from now on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes nothing.
    pub fn acquire_timeout_async(&self, cost: u64, patience: Duration) -> Acquire<'_, C> {
        Acquire::new(self, cost, Some(patience))
    }
}

impl<'b, C: Clock + 'static> Acquire<'b, C> {
    fn new(bucket: &'b TokenBucket<C>, cost: u64, patience: Option<Duration>) -> Self {
        let clock = bucket.clock();
        let due = |patience| clock.now().saturating_add(patience);
        Self {
            bucket,
            cost,
            deadline: patience.map(|patience| Deadline::new(clock, due(patience))),
            state: State::Start,
        }
    }

    fn block(mut self) -> Result<(), Error> {
        block_on(|waker| self.poll_with(waker))
    }

    fn poll_with(&mut self, waker: &Waker) -> Poll<Result<(), Error>> {
        let ticket = match self.state {
            State::Start => match self.enter() {
                Ok(Some(ticket)) => ticket,
                Ok(None) => return self.end(Ok(())),
                Err(error) => return self.end(Err(error)),
            },
            State::InLine(ticket) => ticket,
            // Polled after it was ready.
            State::Done => return Poll::Pending,
        };
        let turns = &self.bucket.turns;
        while turns.poll_turn(ticket, waker).is_ready() {
            let now = turns.clock().now();
            if self.bucket.core.take(now.as_nanos(), self.cost) {
                return self.end(Ok(()));
            }
            match self.ready_at(now, 0) {
                Err(error) => return self.end(Err(error)),
                Ok(due) if turns.not_before(ticket, due) => break,
                Ok(_) => {}
            }
        }
        let over = |deadline: &mut Deadline<_>| deadline.poll(waker).is_ready();
        if self.deadline.as_mut().is_some_and(over) {
            return self.end(Err(Error::TimedOut));
        }
        Poll::Pending
    }

    /// Takes the tokens if they are there and nobody waits, or enters the line.
    fn enter(&mut self) -> Result<Option<Ticket>, Error> {
        let bucket = self.bucket;
        let now = bucket.clock().now();
        let waiting = bucket.turns.waiting() > 0;
        if self.cost == 0 || !waiting && bucket.core.take(now.as_nanos(), self.cost) {
            return Ok(None);
        }
        let ahead = if waiting { bucket.turns.wanted() } else { 0 };
        if self.ready_at(now, ahead)? == Tick::MAX {
            return Err(Error::Limited { retry_after: None });
        }
        let ticket = bucket.turns.enter(self.cost).map_err(|Full { .. }| {
            let limit = bucket.config.max_waiters;
            Error::TooManyWaiters { limit }
        })?;
        self.state = State::InLine(ticket);
        Ok(Some(ticket))
    }

    /// When the tokens are there if nothing happens, those that wait `ahead` served first: [`Tick::MAX`] if that depends on others
    /// giving tokens back.
    fn ready_at(&self, now: Tick, ahead: u64) -> Result<Tick, Error> {
        let (cost, word_now) = (self.cost, now.as_nanos());
        let (ready, burst) = self.bucket.core.look(|meter, word| {
            let ready = meter
                .units(cost)
                .map(|units| meter.served_at(word, word_now, units, ahead));
            (ready, meter.tokens(meter.burst))
        });
        let Some(ready) = ready else {
            return Err(Error::CostAboveLimit { cost, limit: burst });
        };
        let ready = ready.map_or(Tick::MAX, Tick::from_nanos);
        match &self.deadline {
            Some(deadline) if ready > deadline.due() && self.is_late(now) => Err(Error::TimedOut),
            Some(deadline) if ready > deadline.due() => Err(Error::Limited {
                retry_after: (ready < Tick::MAX).then(|| ready.since(now)),
            }),
            _ => Ok(ready),
        }
    }

    /// Whether it has stood in line until its deadline.
    fn is_late(&self, now: Tick) -> bool {
        let waits = matches!(self.state, State::InLine(_));
        waits
            && self
                .deadline
                .as_ref()
                .is_some_and(|deadline| now >= deadline.due())
    }

    fn end(&mut self, result: Result<(), Error>) -> Poll<Result<(), Error>> {
        self.leave();
        self.deadline = None;
        self.bucket
            .counters
            .raise(if result.is_ok() { ALLOWED } else { REFUSED });
        Poll::Ready(result)
    }

    fn leave(&mut self) {
        if let State::InLine(ticket) = std::mem::replace(&mut self.state, State::Done) {
            self.bucket.turns.finish(ticket);
        }
    }
}

impl<C: Clock + 'static> Future for Acquire<'_, C> {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_with(context.waker())
    }
}

impl<C: Clock + 'static> Drop for Acquire<'_, C> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<C: Clock + 'static> fmt::Debug for Acquire<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("cost", &self.cost)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
