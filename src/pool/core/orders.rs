//! What a user asks of a pool as a whole.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::base::{Core, Grant};
use super::gate::{CLOSED, DOOMED, PAUSED};
use super::slot::{CHECKING, CONNECTING, Claim, EMPTY, IDLE, IN_USE};
use super::take::Vetted;
use super::verbs::Verbs;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::{Deadline, shielded};
use crate::pool::stats::Event;
use crate::pool::{AcquireError, AttachError, CloseReason, ConnectionInfo, DrainReport, Manage};

impl<M: Manage> Core<M> {
    /// A connection that is idle, without waiting for one.
    pub(crate) fn try_take(
        &self,
        caller: &'static std::panic::Location<'static>,
    ) -> Result<Claim<&Self>, AcquireError<M::Error>> {
        loop {
            if self.gate.has(CLOSED) {
                return Err(AcquireError::Closed);
            }
            let overtaking = self.fifo && self.line.waiting() > 0;
            let right = (!overtaking)
                .then(|| self.slots.take_idle(IN_USE))
                .flatten();
            let Some(right) = right else {
                // What nobody else runs may have come to something.
                if !overtaking && self.shared().is_some_and(|core| core.run_orphans()) {
                    continue;
                }
                self.count(Event::Refused);
                // For the next time.
                self.demand();
                let status = self.status();
                return Err(AcquireError::Exhausted { status });
            };
            let claim = match self.vet(self.claim(right)) {
                Vetted::Fresh(claim) => Some(claim),
                Vetted::Unsure(claim) => self.check_here(claim),
                Vetted::Gone | Vetted::Barred => None,
            };
            if let Some(claim) = claim.and_then(|claim| self.hand_out(claim, caller)) {
                return Ok(claim);
            }
            if self.gate.has(PAUSED) {
                let status = self.status();
                return Err(AcquireError::Exhausted { status });
            }
        }
    }

    /// Checks a connection on this thread if that is possible.
    pub(super) fn check_here<'c>(&'c self, mut claim: Claim<&'c Self>) -> Option<Claim<&'c Self>> {
        let Verbs::Blocking(verbs, _) = &self.verbs else {
            return Some(claim);
        };
        self.count(Event::Checked);
        let good = claim.body_mut().is_some_and(|connection| {
            shielded(|| (verbs.check)(&self.manager, connection).is_ok()) == Some(true)
        });
        if good {
            return Some(claim);
        }
        self.count(Event::CheckFailed);
        self.retire(claim, CloseReason::CheckFailed);
        None
    }

    /// Takes in a connection that was made elsewhere.
    pub(crate) fn attach(
        self: &Arc<Self>,
        connection: M::Connection,
    ) -> Result<(), AttachError<M::Connection>> {
        if self.gate.has(CLOSED) {
            return Err(AttachError::Closed(connection));
        }
        if !self.room.reserve() {
            return Err(AttachError::Full(connection));
        }
        if !self.reserve_in_quota(false) {
            self.unreserve(false);
            return Err(AttachError::Full(connection));
        }
        if self.gate.has(CLOSED) {
            self.one_less(false, false);
            return Err(AttachError::Closed(connection));
        }
        let Some(right) = self.slots.take_empty(CONNECTING) else {
            self.one_less(false, false);
            return Err(AttachError::Full(connection));
        };
        let mut claim = self.claim_shared(right);
        claim
            .notes()
            .gate
            .store(self.gate.note(), Ordering::Relaxed);
        self.begin_life(&mut claim, connection);
        self.settle_in(claim, None);
        Ok(())
    }

    /// Asks of each idle connection whether it is to stay. How many were closed.
    pub(crate) fn retain(
        &self,
        mut wanted: impl FnMut(&mut M::Connection, &ConnectionInfo) -> bool,
    ) -> usize {
        let mut closed = 0;
        for slot in self.slots.iter() {
            let Some(right) = self.slots.take_this(slot, CHECKING) else {
                continue;
            };
            let mut claim = self.claim(right);
            let info = self.info(claim.notes());
            let asked = claim.body_mut().map(|connection| {
                let asked = AssertUnwindSafe(|| wanted(connection, &info));
                catch_unwind(asked)
            });
            // A predicate that panics is the caller's: the connection is closed, and the panic goes on.
            if let Some(Err(panic)) = asked {
                self.retire(claim, CloseReason::Panicked);
                resume_unwind(panic);
            }
            if let Some(Ok(true)) = asked {
                self.put_back(claim);
            } else {
                self.retire(claim, CloseReason::Evicted);
                closed += 1;
            }
        }
        closed
    }

    /// Closes this connection, at once or when it comes back.
    pub(crate) fn evict(&self, id: u64) -> bool {
        for slot in self.slots.iter() {
            let is_it = || {
                slot.phase() != EMPTY
                    && slot.phase() != CONNECTING
                    && slot.notes.id.load(Ordering::Relaxed) == id
            };
            if !is_it() {
                continue;
            }
            slot.notes.gate.store(DOOMED, Ordering::SeqCst);
            if !is_it() {
                // Another one has its place, and bears the mark: it was made a moment ago, and is made again.
                continue;
            }
            if let Some(right) = self.slots.take_this(slot, CHECKING) {
                self.retire(self.claim(right), CloseReason::Evicted);
            }
            return true;
        }
        false
    }

    /// What there is now is not handed out any more.
    pub(crate) fn clear(&self) {
        self.gate.renew();
        self.sweep_stale();
    }

    /// There may be so many from now on.
    pub(crate) fn resize(self: &Arc<Self>, max: u32) {
        self.slots.grow(max);
        self.room.resize(max);
        self.settle_excess();
        self.sweep_if_barred();
        self.stir();
    }

    pub(crate) fn pause(&self) {
        self.gate.set(PAUSED, true);
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.gate.set(PAUSED, false);
        if !faulty(Fault::ResumeSilently) {
            self.settle();
        }
        self.stir();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.gate.has(CLOSED)
    }

    /// Nothing is handed out any more: those that wait are told, and what is idle is closed.
    pub(crate) fn close(&self) {
        self.gate.set(CLOSED, true);
        while self.line.waiting() > 0 && !faulty(Fault::CloseSilently) {
            let told = Grant::Refused(AcquireError::Closed);
            if self.line.grant(told, self.time.now()).is_err() {
                break;
            }
        }
        // Nor does anybody get what was handed to it and not taken yet.
        let nobody = |_: u64| None;
        let put = |grant| self.put_grant(grant);
        while self
            .line
            .revoke(self.time.now(), Duration::ZERO, nobody, put)
        {}
        if !faulty(Fault::SkipSweep) {
            self.sweep_if_barred();
        }
        self.tell_quota(false);
        self.drop_orphans(|_, _| true);
        self.watch.notify();
    }

    /// Has connections made until there are so many.
    pub(crate) fn warm(self: &Arc<Self>, target: u32) {
        let missing = u64::from(target).saturating_sub(self.established());
        self.missing.fetch_max(missing, Ordering::SeqCst);
        self.stir();
    }

    /// Connections in whatever state.
    pub(crate) fn total(&self) -> u32 {
        self.room.look().1
    }

    /// Connections that can be used: idle, in use, or being checked.
    pub(crate) fn established(&self) -> u64 {
        self.count_phase(IDLE) + self.count_phase(IN_USE) + self.count_phase(CHECKING)
    }
}

/// A wait for a pool to come to something.
pub(crate) struct Await {
    deadline: Deadline<Arc<dyn Clock>>,
    number: u64,
    /// Connections when it began.
    pub(crate) before: u32,
}

impl Await {
    pub(crate) fn new<M: Manage>(core: &Core<M>, patience: Duration) -> Self {
        let due: Tick = core.time.now().saturating_add(patience);
        Self {
            deadline: Deadline::new(core.time.clock.clone(), due),
            number: core.watch.number(),
            before: core.room.look().1,
        }
    }

    /// Ready with `true` once the pool is as wanted, and with `false` when the time is over.
    pub(crate) fn poll<M: Manage>(
        &mut self,
        core: &Arc<Core<M>>,
        waker: &Waker,
        wanted: impl Fn(&Core<M>) -> bool,
    ) -> Poll<bool> {
        loop {
            let too_early = faulty(Fault::WatchLate) && wanted(core);
            core.watch.await_change(self.number, waker);
            let there = too_early || (!faulty(Fault::WatchLate) && wanted(core));
            if there || self.deadline.poll(waker).is_ready() {
                self.leave(core);
                return Poll::Ready(there);
            }
            if !core.run_orphans() {
                return Poll::Pending;
            }
        }
    }

    pub(crate) fn leave<M: Manage>(&mut self, core: &Arc<Core<M>>) {
        core.watch.forget(self.number);
        core.leave_orphans();
    }

    /// How a drain has ended. What is counted after the pool was `empty` is no connection: somebody is about to find that it is closed.
    pub(crate) fn report<M: Manage>(&self, core: &Core<M>, empty: bool) -> DrainReport {
        let total = if empty { 0 } else { core.room.look().1 };
        let held = core.held();
        // What is on its way to somebody is held by nobody yet.
        let in_use = held.len() as u32;
        let lingering = core.counts.lingering() as u32;
        DrainReport {
            closed: self.before.saturating_sub(total),
            pending: total.saturating_sub(in_use).max(lingering),
            held,
        }
    }
}
