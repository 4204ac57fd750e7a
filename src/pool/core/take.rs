//! Handing out a connection.
//!
//! The short way: nobody waits, the slot that this thread had last is idle, nothing is special about the pool, and the connection is fresh. That
//! is one compare-and-swap on a line that this thread wrote last, and loads of lines that hardly anybody writes.

use std::panic::Location;
use std::sync::Arc;

use super::base::{Core, Grant};
use super::gate::{CLOSED, DOOMED, EXCESS, PAUSED, QUIET};
use super::hint::this_thread;
use super::slot::{CHECKING, Claim, IN_USE, Right};
use super::verbs::{Runner, Verbs};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::shielded;
use crate::pool::hooks::Verdict;
use crate::pool::{CloseReason, Manage};

/// What a close look at a connection found.
pub(super) enum Vetted<'c, M: Manage> {
    /// It may be handed out.
    Fresh(Claim<&'c Core<M>>),
    /// It has to be checked first.
    Unsure(Claim<&'c Core<M>>),
    /// It was closed.
    Gone,
    /// It was put back: nothing is handed out now.
    Barred,
}

impl<M: Manage> Core<M> {
    /// A connection that is idle, if nobody waits for one.
    #[inline]
    pub(crate) fn take(&self) -> Option<Claim<&Self>> {
        if self.fifo && !faulty(Fault::Overtake) && self.line.waiting() > 0 {
            return None;
        }
        let claim = self.claim(self.slots.take_idle(IN_USE)?);
        let notes = claim.notes();
        let admitted = self.gate.admits(notes.gate.load(Ordering::Relaxed));
        if admitted
            && self
                .time
                .is_before(notes.fresh_until.load(Ordering::Relaxed))
        {
            Some(claim)
        } else {
            self.take_closely(claim)
        }
    }

    #[cold]
    fn take_closely<'c>(&'c self, claim: Claim<&'c Self>) -> Option<Claim<&'c Self>> {
        match self.vet(claim) {
            Vetted::Fresh(claim) => Some(claim),
            Vetted::Unsure(claim) => self.begin_check(claim).or_else(|| self.take_ready()),
            Vetted::Gone => self.take_ready(),
            Vetted::Barred => None,
        }
    }

    /// An idle connection that may be handed out. Those that may not are checked or closed.
    pub(super) fn take_ready(&self) -> Option<Claim<&Self>> {
        loop {
            let claim = self.claim(self.slots.take_idle(IN_USE)?);
            match self.vet(claim) {
                Vetted::Fresh(claim) => return Some(claim),
                Vetted::Unsure(claim) => {
                    if let Some(checked) = self.begin_check(claim) {
                        return Some(checked);
                    }
                }
                Vetted::Gone => {}
                Vetted::Barred => return None,
            }
        }
    }

    /// Looks at everything that there may be about a connection.
    pub(super) fn vet<'c>(&'c self, claim: Claim<&'c Self>) -> Vetted<'c, M> {
        let notes = claim.notes();
        let gate = self.gate.look();
        if gate & QUIET != 0 {
            self.rouse();
        }
        let note = notes.gate.load(Ordering::Relaxed);
        let reason = if gate & CLOSED != 0 {
            CloseReason::PoolClosed
        } else if note == DOOMED {
            CloseReason::Evicted
        } else if self.gate.is_stale(note) {
            CloseReason::Stale
        } else if gate & EXCESS != 0 && self.room.begin_shrink() {
            CloseReason::Shrunk
        } else if !self.time.is_before(notes.expires.load(Ordering::Relaxed)) {
            CloseReason::Expired
        } else {
            if gate & PAUSED != 0 {
                self.put_back(claim);
                return Vetted::Barred;
            }
            let fresh = self
                .time
                .is_before(notes.fresh_until.load(Ordering::Relaxed));
            return if fresh {
                Vetted::Fresh(claim)
            } else {
                Vetted::Unsure(claim)
            };
        };
        self.retire(claim, reason);
        Vetted::Gone
    }

    /// The last look before a connection goes to a caller: `None` if it was found broken, and closed.
    #[inline]
    pub(crate) fn hand_out<'c>(
        &'c self,
        mut claim: Claim<&'c Self>,
        caller: &'static Location<'static>,
    ) -> Option<Claim<&'c Self>> {
        if let Some(connection) = claim.body_mut()
            && self.manager.is_broken(connection)
        {
            self.retire(claim, CloseReason::Broken);
            return None;
        }
        if self.hooks.checkout.is_some() {
            claim = self.ask_checkout(claim)?;
        }
        let notes = claim.notes();
        let uses = notes.uses.load(Ordering::Relaxed);
        notes.uses.store(uses.wrapping_add(1), Ordering::Relaxed);
        notes.since.store(self.time.about_now(), Ordering::Relaxed);
        notes.set_holder(caller);
        notes.thread.store(this_thread(), Ordering::Relaxed);
        notes.reported.store(0, Ordering::Relaxed);
        Some(claim)
    }

    #[cold]
    fn ask_checkout<'c>(&'c self, mut claim: Claim<&'c Self>) -> Option<Claim<&'c Self>> {
        let info = self.info(claim.notes());
        let hook = self.hooks.checkout.as_ref();
        let verdict = hook
            .zip(claim.body_mut())
            .and_then(|(hook, connection)| shielded(|| hook(connection, &info)));
        if verdict == Some(Verdict::Keep) {
            return Some(claim);
        }
        self.retire(claim, CloseReason::Broken);
        None
    }

    /// A connection for the first in line.
    pub(super) fn take_grant(&self) -> Option<Grant<M>> {
        let claim = self.take_ready()?;
        claim.release().map(Grant::Slot)
    }

    /// What was granted to somebody who did not come for it.
    ///
    /// The line looks again after this, so others are not told.
    pub(super) fn put_grant(&self, grant: Grant<M>) {
        if let Grant::Slot(right) = grant {
            self.claim(right).publish();
            self.sweep_if_barred();
        }
    }

    /// Hands out what there is to those that wait.
    pub(crate) fn settle(&self) {
        let now = self.time.now();
        self.line
            .settle(now, |_| self.take_grant(), |grant| self.put_grant(grant));
    }

    /// A right that came through the line: `None` if the connection is not to be handed out any more.
    pub(super) fn accept(
        &self,
        right: Right<M::Connection>,
        caller: &'static Location<'static>,
    ) -> Option<Claim<&Self>> {
        let claim = self.claim(right);
        let note = claim.notes().gate.load(Ordering::Relaxed);
        if self.gate.admits(note) || faulty(Fault::AcceptUnasked) {
            return self.hand_out(claim, caller);
        }
        match self.vet(claim) {
            Vetted::Fresh(claim) | Vetted::Unsure(claim) => self.hand_out(claim, caller),
            Vetted::Gone | Vetted::Barred => None,
        }
    }

    /// Has somebody check a connection. Where that is this thread, the connection if it is good: put back, it would be found and
    /// checked anew for ever.
    fn begin_check<'c>(&'c self, claim: Claim<&'c Self>) -> Option<Claim<&'c Self>> {
        if let Verbs::Blocking(_, Runner::Inline) = &self.verbs {
            return self.check_here(claim);
        }
        claim.turn(CHECKING);
        if let (Some(core), Some(right)) = (self.shared(), claim.release()) {
            core.check(core.claim_shared(right));
        }
        None
    }
}

/// `core` and `claim` are of the same pool: the same claim with a count of it.
pub(crate) fn keep<M: Manage>(
    core: &Arc<Core<M>>,
    claim: Claim<&Core<M>>,
) -> Option<Claim<Arc<Core<M>>>> {
    Some(core.claim_shared(claim.release()?))
}
