//! Waiting for a connection, as a thread or as a task.
//!
//! ```text
//!             one is idle, and nobody waits
//!   START ────────────────────────────────────────▶ it is the caller's
//!     │ else: joins the line, and sees whether one is to be made         ▲
//!     ▼                          granted, and still good                 │
//!   IN LINE ─────────────────────────────────────────────────────────────┘
//!     │   │  granted, but of no use any more: IN LINE, where it was
//!     │   └ refused, the pool is closed, or the time is over: leaves
//!     ▼
//!   dropped: leaves; what was granted goes to the next
//! ```
//!
//! In a pool of futures that nobody runs in the background, whoever waits runs them when it is polled: see `driven`.

use std::panic::Location;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::base::{Core, Grant};
use super::gate::CLOSED;
use super::slot::Right;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::{Deadline, shielded};
use crate::kernel::wait::{Full, Ticket, block_on};
use crate::pool::stats::Event;
use crate::pool::{AcquireError, Manage};

/// A call that waits.
pub(crate) struct Wait {
    caller: &'static Location<'static>,
    patience: Option<Duration>,
    state: State,
}

enum State {
    Start,
    InLine(Box<Place>),
    Done,
}

/// What a call that waits has.
struct Place {
    ticket: Ticket,
    /// Where in line that is.
    number: u64,
    began: Tick,
    deadline: Deadline<Arc<dyn Clock>>,
    /// Whether it was polled before.
    polled: bool,
    /// Failures in a row to connect when it joined.
    failures: u32,
}

type Taken<M> = Result<Right<<M as Manage>::Connection>, AcquireError<<M as Manage>::Error>>;

impl Wait {
    pub(crate) const fn new(
        caller: &'static Location<'static>,
        patience: Option<Duration>,
    ) -> Self {
        Self {
            caller,
            patience,
            state: State::Start,
        }
    }

    /// The connection, or why there is none.
    #[inline]
    pub(crate) fn poll<M: Manage>(&mut self, core: &Arc<Core<M>>, waker: &Waker) -> Poll<Taken<M>> {
        if let State::Start = self.state {
            let taken = core
                .take()
                .and_then(|claim| core.hand_out(claim, self.caller));
            if let Some(right) = taken.and_then(|claim| claim.release()) {
                self.state = State::Done;
                return Poll::Ready(Ok(right));
            }
        }
        self.poll_in_line(core, waker)
    }

    #[cold]
    fn poll_in_line<M: Manage>(&mut self, core: &Arc<Core<M>>, waker: &Waker) -> Poll<Taken<M>> {
        loop {
            let place = match &mut self.state {
                State::Start => match self.join(core) {
                    Ok(()) => continue,
                    Err(error) => return self.end(core, Err(error)),
                },
                State::InLine(place) => place,
                // Polled after it was ready.
                State::Done => return Poll::Pending,
            };
            if core.gate.has(CLOSED) && !faulty(Fault::JoinUnasked) {
                return self.end(core, Err(AcquireError::Closed));
            }
            let now = core.time.now();
            let granted = core.line.poll(
                place.ticket,
                waker,
                now,
                |_| core.take_grant(),
                |grant| core.put_grant(grant),
            );
            match granted {
                Poll::Ready(Grant::Slot(right)) => {
                    let waited = now.since(place.began);
                    let accepted = match core.accept(right, self.caller) {
                        Ok(claim) => {
                            self.state = State::Done;
                            core.leave_orphans();
                            core.wants_less();
                            Some(claim)
                        }
                        Err(claim) => {
                            // It may be of no use. Then this one is where it was, before another one can be granted to somebody else.
                            let due = place.deadline.due();
                            let Ok(ticket) = core.line.rejoin_until(place.number, 1, due) else {
                                let limit = core.config.max_waiters;
                                return self.end(core, Err(AcquireError::TooManyWaiters { limit }));
                            };
                            place.ticket = ticket;
                            let accepted = core.accept_closely(claim, self.caller);
                            if accepted.is_some() {
                                self.leave(core);
                            }
                            accepted
                        }
                    };
                    if let Some(claim) = accepted {
                        core.waits.record_duration(waited);
                        return Poll::Ready(claim.release().ok_or(AcquireError::Closed));
                    }
                    core.stir();
                    continue;
                }
                Poll::Ready(Grant::Refused(error)) => return self.end(core, Err(error)),
                // Its place may have been taken back by who closed the pool, before there was anybody to wake.
                Poll::Pending if core.gate.has(CLOSED) && !faulty(Fault::JoinUnasked) => {
                    return self.end(core, Err(AcquireError::Closed));
                }
                Poll::Pending => {}
            }
            if place.deadline.poll(waker).is_ready() {
                let error = core.timed_out(now.since(place.began));
                return self.end(core, Err(error));
            }
            if !core.run_orphans() {
                if std::mem::replace(&mut place.polled, true) {
                    // It may have been passed over: now it waits again, and what it waits for may have gone meanwhile, as a refusal may.
                    if let Some(refusal) = core.refuse_since(place.failures, now) {
                        return self.end(core, Err(refusal));
                    }
                    core.stir();
                }
                return Poll::Pending;
            }
        }
    }

    fn join<M: Manage>(&mut self, core: &Arc<Core<M>>) -> Result<(), AcquireError<M::Error>> {
        if core.gate.has(CLOSED) {
            return Err(AcquireError::Closed);
        }
        let now = core.time.now();
        if let Some(refusal) = core.refuse_at_once(now) {
            core.count(Event::Refused);
            return Err(refusal);
        }
        let due = self
            .patience
            .map_or(Tick::MAX, |time| now.saturating_add(time));
        let ticket = core.line.join_until(1, due).map_err(|Full { .. }| {
            core.count(Event::Refused);
            AcquireError::TooManyWaiters {
                limit: core.config.max_waiters,
            }
        })?;
        self.state = State::InLine(Box::new(Place {
            ticket,
            number: core.line.place(ticket).unwrap_or(u64::MAX),
            failures: core.outage.lock().outage.failures(),
            began: now,
            deadline: Deadline::new(core.time.clock.clone(), due),
            polled: false,
        }));
        core.count(Event::Wait);
        core.begin_backlog(now);
        core.stir();
        Ok(())
    }

    fn end<M: Manage>(&mut self, core: &Arc<Core<M>>, result: Taken<M>) -> Poll<Taken<M>> {
        self.leave(core);
        Poll::Ready(result)
    }

    /// Leaves the line, wherever it is.
    pub(crate) fn leave<M: Manage>(&mut self, core: &Arc<Core<M>>) {
        if let State::InLine(place) = std::mem::replace(&mut self.state, State::Done) {
            let now = shielded(|| core.time.now()).unwrap_or(Tick::ZERO);
            core.line.leave(
                place.ticket,
                now,
                |_| core.take_grant(),
                |grant| core.put_grant(grant),
            );
            core.leave_orphans();
            core.trim();
            core.wants_less();
        }
    }

    /// Waits as a thread.
    pub(crate) fn block<M: Manage>(mut self, core: &Arc<Core<M>>) -> Taken<M> {
        let mut noted = None;
        let taken = block_on(|waker| {
            let polled = self.poll(core, waker);
            if polled.is_pending() && noted.is_none() {
                noted = Some(core.note_if_holding());
            }
            polled
        });
        if noted == Some(true) {
            core.unnote();
        }
        taken
    }
}

impl<M: Manage> Core<M> {
    /// Why a call is refused that would have to wait for the other side to come back.
    fn refuse_at_once(self: &Arc<Self>, now: Tick) -> Option<AcquireError<M::Error>> {
        if !self.is_down() || self.has_any() {
            return None;
        }
        let refusal = self.unavailable(now)?;
        let due = self.outage.lock().outage.retry_after(now).is_zero();
        if due && self.counts.coming() == 0 && !self.all_hang() {
            // It is time for an attempt, and this one waits for that.
            return None;
        }
        self.demand();
        Some(refusal)
    }

    /// Why a call is refused that waits since there were so many failures.
    fn refuse_since(&self, failures: u32, now: Tick) -> Option<AcquireError<M::Error>> {
        let more = self.outage.lock().outage.failures() > failures;
        let hopeless = more && self.is_down() && !self.has_any();
        hopeless.then(|| self.unavailable(now)).flatten()
    }

    /// Has an attempt made for somebody who does not wait for it.
    pub(super) fn demand(&self) {
        if self.is_driverless() {
            return;
        }
        self.demanded.store(1, Ordering::SeqCst);
        self.missing.fetch_max(1, Ordering::SeqCst);
        if let Some(core) = self.shared() {
            core.stir();
        }
    }

    fn timed_out(&self, waited: Duration) -> AcquireError<M::Error> {
        self.count(Event::TimedOut);
        let status = self.status();
        let trouble = self.outage.lock();
        let failing = trouble.outage.failures() > 0;
        let last = trouble.last.clone().filter(|_| failing);
        drop(trouble);
        AcquireError::TimedOut {
            waited,
            reason: self.reason(&status),
            status,
            longest: self.longest(),
            last,
        }
    }
}
