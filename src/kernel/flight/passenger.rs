//! Who waits for a load that another one leads.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::core::Flight;
use super::frames;
use super::leader::Leader;
use super::rules::Freight;
use super::state::Phase;
use super::waits::{self, Waits};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::upkeep::{Deadline, Discarded, wake};
use crate::kernel::wait::{Look, Ticket, block_on};

/// A place in the line of a flight. As a future it is ready when there is an [`Outcome`]; dropped before that, it leaves, and takes
/// nothing along.
#[must_use = "a passenger that is dropped does not wait"]
pub struct Passenger<T: Freight> {
    flight: Arc<Flight<T>>,
    /// Gone when there was an outcome.
    ticket: Option<Ticket>,
    deadline: Option<Deadline<Arc<dyn Clock>>>,
    /// Those that wait with it, if a loader does.
    waits: Option<Waits>,
}

/// How waiting for a flight ends.
#[derive(Debug)]
#[cfg_attr(
    any(tenfold_loom, tenfold_shuttle),
    expect(
        clippy::exhaustive_enums,
        reason = "public for the model checkers only"
    )
)]
#[must_use = "who leads and is dropped hands the lead on"]
pub enum Outcome<T: Freight> {
    /// What was loaded.
    Landed(T),
    /// The leader is gone; this one leads now.
    Lead(Leader<T>),
    /// Its deadline has passed.
    TimedOut,
    /// The leader waits for this one, directly or across others.
    Recursive,
}

impl<T: Freight> Passenger<T> {
    pub(super) const fn new(flight: Arc<Flight<T>>, ticket: Ticket) -> Self {
        Self {
            flight,
            ticket: Some(ticket),
            deadline: None,
            waits: None,
        }
    }

    /// Waits no longer than until `due`; for ever if that is [`Tick::MAX`].
    pub fn until(mut self, due: Tick) -> Self {
        let clock = || self.flight.rules().clock.clone();
        self.deadline = (due < Tick::MAX).then(|| Deadline::new(clock(), due));
        self
    }

    /// Waits.
    ///
    /// # Blocking
    ///
    /// Until there is an outcome.
    pub fn wait(mut self) -> Outcome<T> {
        block_on(|waker| self.poll_outcome(waker))
    }

    /// The outcome, once. Otherwise `waker` is called when there is news.
    pub fn poll_outcome(&mut self, waker: &Waker) -> Poll<Outcome<T>> {
        let Some(ticket) = self.ticket else {
            return Poll::Pending;
        };
        if self.waits.is_none() && frames::any() {
            let Ok(waits) = waits::enter(self.flight.clone()) else {
                self.leave();
                return Poll::Ready(Outcome::Recursive);
            };
            self.waits = Some(waits);
        }
        let now = self.flight.rules().clock.now();
        let deadline = self.deadline.as_mut();
        let late = deadline.is_some_and(|deadline| deadline.poll(waker).is_ready());
        let outcome = self.look(ticket, waker, now, late);
        if outcome.is_ready() {
            self.ticket = None;
            self.deadline = None;
            self.waits = None;
        }
        outcome
    }

    fn look(&self, ticket: Ticket, waker: &Waker, now: Tick, late: bool) -> Poll<Outcome<T>> {
        let flight = &self.flight;
        let patience = flight.rules().patience;
        // Dropped last: also what is in place of it after a look.
        let (mut spare, mut next) = (Discarded(None), None);
        let term = loop {
            let mut state = flight.lock();
            let now = state.seen(Some(now));
            if matches!(state.phase, Phase::Landed(_)) {
                let left = state.line.leave(ticket);
                let value = state.fetch();
                drop(state);
                let _waker = Discarded(left.and_then(|left| left.waker));
                return value.map_or(Poll::Pending, |value| {
                    Poll::Ready(Outcome::Landed(Arc::unwrap_or_clone(value)))
                });
            }
            if late {
                drop(state);
                flight.leave(ticket);
                return Poll::Ready(Outcome::TimedOut);
            }
            match state.line.look(ticket, waker, &mut spare.0, now) {
                Look::NeedsWaker => {
                    drop(state);
                    spare = Discarded(Some(waker.clone()));
                    continue;
                }
                Look::Waiting { .. } => next = state.attend(now, patience),
                Look::Granted => {}
                Look::Gone => return Poll::Pending,
            }
            if let Some(left) = state.line.take(ticket) {
                let term = state.lead();
                drop(state);
                drop((Discarded(left.waker), Discarded(next.take())));
                break Some(term);
            }
            break None;
        };
        next.into_iter().for_each(wake);
        flight.tend();
        let Some(term) = term else {
            return Poll::Pending;
        };
        waits::forget(&**flight, term);
        Poll::Ready(Outcome::Lead(Leader::new(flight.clone(), term)))
    }

    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.flight.leave(ticket);
        }
    }
}

impl<T: Freight> Future for Passenger<T> {
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        self.get_mut().poll_outcome(context.waker())
    }
}

impl<T: Freight> Drop for Passenger<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T: Freight> fmt::Debug for Passenger<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passenger")
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
