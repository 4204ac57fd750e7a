//! Handing out a connection.
//!
//! The short way: nobody waits, the slot that this thread had last is idle, nothing is special about the pool, and the connection is fresh. That
//! is one compare-and-swap on a line that this thread wrote last, and loads of lines that hardly anybody writes.

use std::panic::Location;
use std::sync::Arc;

use super::base::{Core, Grant};
use super::gate::{CLOSED, DOOMED, EXCESS, PAUSED, QUIET};
use super::hint::this_thread;
use super::slot::{CHECKING, Claim, IN_USE, Notes, Right};
use super::verbs::{Runner, Verbs};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::shielded;
use crate::pool::hooks::Verdict;
use crate::pool::{CloseReason, ConnectError, Manage};

/// So many connections in a row may be of no use from the start until that counts as failed connects.
const STILLBORN: u64 = 2;
/// One that is older than these nanoseconds was good when it was made.
const YOUNG: u64 = 1_000_000_000;

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
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<Claim<&Self>> {
        if self.fifo && !faulty(Fault::Overtake) && self.line.waiting() > 0 {
            return None;
        }
        let claim = self.claim(self.slots.take_idle(IN_USE)?);
        if self.is_fresh(claim.notes()) {
            Some(claim)
        } else {
            self.take_closely(claim)
        }
    }

    /// Whether there is nothing to think of about a connection.
    #[inline(always)]
    fn is_fresh(&self, notes: &Notes) -> bool {
        let fresh_until = notes.fresh_until.load(Ordering::Relaxed);
        self.gate.admits(notes.gate.load(Ordering::Relaxed)) && self.time.is_before(fresh_until)
    }

    #[cold]
    fn take_closely<'c>(&'c self, claim: Claim<&'c Self>) -> Option<Claim<&'c Self>> {
        match self.vet(claim) {
            Vetted::Fresh(claim) => Some(claim),
            Vetted::Unsure(claim) if self.checks_inline() => {
                self.check_here(claim).or_else(|| self.take_ready())
            }
            Vetted::Unsure(claim) => {
                let fresh = self.take_fresh();
                if fresh.is_some() {
                    self.put_back(claim);
                } else {
                    self.check_if_needed(claim);
                }
                fresh
            }
            Vetted::Gone => self.take_ready(),
            Vetted::Barred => None,
        }
    }

    /// An idle connection that may be handed out. Those that may not are closed or checked: as many at a time as callers wait.
    pub(super) fn take_ready(&self) -> Option<Claim<&Self>> {
        loop {
            if let Some(claim) = self.take_fresh() {
                return Some(claim);
            }
            let claim = self.claim(self.slots.take_idle(IN_USE)?);
            match self.vet(claim) {
                Vetted::Fresh(claim) => return Some(claim),
                Vetted::Unsure(claim) => {
                    if self.checks_inline() {
                        if let Some(checked) = self.check_here(claim) {
                            return Some(checked);
                        }
                    } else if !self.check_if_needed(claim) {
                        return None;
                    }
                }
                Vetted::Gone => {}
                Vetted::Barred => return None,
            }
        }
    }

    /// An idle connection about which there is nothing to think of, wherever it is.
    fn take_fresh(&self) -> Option<Claim<&Self>> {
        let fresh = |notes: &Notes| self.is_fresh(notes);
        let claim = self.claim(self.slots.take_fresh(IN_USE, fresh)?);
        if fresh(claim.notes()) {
            return Some(claim);
        }
        self.put_back(claim);
        None
    }

    /// Has a connection checked, unless as many are being checked as callers wait; then it is idle again. Whether to look for
    /// another one.
    fn check_if_needed<'c>(&'c self, mut claim: Claim<&'c Self>) -> bool {
        let waiting = self.line.waiting().max(1);
        if self.counts.checking() >= waiting as u64 {
            claim.publish();
            self.sweep_if_barred();
            // Somebody may have joined who found it in these hands.
            return self.line.waiting() as u64 > self.counts.checking();
        }
        self.begin_check(claim);
        true
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
            Some(CloseReason::PoolClosed)
        } else {
            let now = self.time.about_now();
            self.reason_to_go(note, now >= notes.expires.load(Ordering::Relaxed))
        };
        if let Some(reason) = reason {
            self.retire(claim, reason);
            return Vetted::Gone;
        }
        if gate & EXCESS != 0 && self.room.begin_shrink() {
            self.retire_counted(claim, CloseReason::Shrunk);
            return Vetted::Gone;
        }
        if gate & PAUSED != 0 {
            self.put_back(claim);
            return Vetted::Barred;
        }
        let fresh_until = claim.notes().fresh_until.load(Ordering::Relaxed);
        if self.time.is_before(fresh_until) {
            Vetted::Fresh(claim)
        } else {
            Vetted::Unsure(claim)
        }
    }

    /// Why a connection is not to be handed out again.
    pub(super) fn reason_to_go(&self, note: u64, expired: bool) -> Option<CloseReason> {
        if note == DOOMED {
            Some(CloseReason::Evicted)
        } else if self.gate.is_stale(note) {
            Some(CloseReason::Stale)
        } else if expired {
            Some(CloseReason::Expired)
        } else {
            None
        }
    }

    /// The last look before a connection goes to a caller: `None` if it was found broken, and closed.
    #[inline(always)]
    pub(crate) fn hand_out<'c>(
        &'c self,
        mut claim: Claim<&'c Self>,
        caller: &'static Location<'static>,
    ) -> Option<Claim<&'c Self>> {
        if self.is_of_no_use(&mut claim) {
            self.refuse(claim);
            return None;
        }
        if self.hooks.checkout.is_some() {
            claim = self.ask_checkout(claim)?;
        }
        Some(self.begin_use(claim, caller))
    }

    /// Writes down that it is the caller's.
    #[inline(always)]
    fn begin_use<'c>(
        &'c self,
        claim: Claim<&'c Self>,
        caller: &'static Location<'static>,
    ) -> Claim<&'c Self> {
        let notes = claim.notes();
        let uses = notes.uses.load(Ordering::Relaxed);
        notes.uses.store(uses.wrapping_add(1), Ordering::Relaxed);
        notes.since.store(self.time.about_now(), Ordering::Relaxed);
        notes.set_holder(caller);
        notes.thread.store(this_thread(), Ordering::Relaxed);
        notes.reported.store(0, Ordering::Relaxed);
        claim
    }

    /// A connection that is about to be handed out is of no use. If several in a row never were, that is a failed connect: else connections of
    /// no use would be made without a pause.
    #[cold]
    fn refuse(&self, claim: Claim<&Self>) {
        let notes = claim.notes();
        let uses = notes.uses.load(Ordering::Relaxed);
        let made = notes.made.load(Ordering::Relaxed);
        let young = self.time.about_now().saturating_sub(made) < YOUNG;
        if young && uses == notes.uses_before.load(Ordering::Relaxed) {
            let stillborn = self.stillborn.fetch_add(1, Ordering::Relaxed);
            if stillborn >= STILLBORN {
                self.note_failure(ConnectError::Rejected);
            }
        } else {
            self.stillborn.store(0, Ordering::Relaxed);
        }
        self.retire(claim, CloseReason::Broken);
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
        self.refuse(claim);
        None
    }

    /// A connection for the first in line.
    pub(super) fn take_grant(&self) -> Option<Grant<M>> {
        let claim = self.take_ready()?;
        // Whoever had it taken: somebody who comes, leaves, or resumes the pool may grant it to another one.
        self.expect_somebody();
        claim.release().map(Grant::Slot)
    }

    /// What was granted to somebody who did not come for it.
    ///
    /// The line looks again after this, so others are not told.
    pub(super) fn put_grant(&self, grant: Grant<M>) {
        if let Grant::Slot(right) = grant {
            let mut claim = self.claim(right);
            let note = claim.notes().gate.load(Ordering::Relaxed);
            // Nobody else would look at it before the next round.
            if let Some(reason) = self.reason_to_go(note, false) {
                return self.retire(claim, reason);
            }
            // It has been unused since before it was granted, and the last round took it for one in use. Not at once: who waits comes first.
            let due = self.first_due(claim.notes());
            let soon = self.time.about_now().saturating_add(1);
            claim.publish();
            // It runs the clock's code.
            shielded(|| self.call_round(due.max(soon)));
            self.sweep_if_barred();
            if self.gate.is_stale(note) {
                self.sweep_stale();
            }
        }
    }

    /// Hands out what there is to those that wait.
    pub(crate) fn settle(&self) {
        let now = self.time.now();
        self.line
            .settle(now, |_| self.take_grant(), |grant| self.put_grant(grant));
    }

    /// A connection that came through the line, or what has to be [looked at closely](Self::accept_closely) before it is the caller's.
    pub(super) fn accept(
        &self,
        right: Right<M::Connection>,
        caller: &'static Location<'static>,
    ) -> Result<Claim<&Self>, Claim<&Self>> {
        let mut claim = self.claim(right);
        let note = claim.notes().gate.load(Ordering::Relaxed);
        let admitted = self.gate.admits(note) || faulty(Fault::AcceptUnasked);
        if !admitted || self.hooks.checkout.is_some() || self.is_of_no_use(&mut claim) {
            return Err(claim);
        }
        Ok(self.begin_use(claim, caller))
    }

    /// As [`accept`](Self::accept), of one about which there is something. `None` if it is not to be handed out.
    pub(super) fn accept_closely<'c>(
        &'c self,
        claim: Claim<&'c Self>,
        caller: &'static Location<'static>,
    ) -> Option<Claim<&'c Self>> {
        match self.vet(claim) {
            Vetted::Fresh(claim) | Vetted::Unsure(claim) => self.hand_out(claim, caller),
            Vetted::Gone | Vetted::Barred => None,
        }
    }

    /// Whether checks are run by whoever finds that they are due.
    const fn checks_inline(&self) -> bool {
        matches!(self.verbs, Verbs::Blocking(_, Runner::Inline))
    }

    fn begin_check<'c>(&'c self, claim: Claim<&'c Self>) {
        claim.turn(CHECKING);
        if let (Some(core), Some(right)) = (self.shared(), claim.release()) {
            core.check(core.claim_shared(right));
        }
    }
}

/// `core` and `claim` are of the same pool: the same claim with a count of it.
pub(crate) fn keep<M: Manage>(
    core: &Arc<Core<M>>,
    claim: Claim<&Core<M>>,
) -> Option<Claim<Arc<Core<M>>>> {
    Some(core.claim_shared(claim.release()?))
}
