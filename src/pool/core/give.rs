//! Taking a connection back.
//!
//! The short way: it is not broken, nothing is special about the pool, its time is not over. Then its use is written down beside it, and one swap
//! makes it idle. After that come two loads, of the line and of the gate: whoever waits, or bars the pool, does so before it
//! looks at the slots, and the swap was before these loads; so one of the two sides sees the other.

use super::base::Core;
use super::gate::{CLOSED, EXCESS, PAUSED, STARVED};
use super::slot::{CHECKING, Claim, IDLE, Notes};
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::shielded;
use crate::pool::hooks::Verdict;
use crate::pool::{CloseReason, Manage, OnPanic};

impl<M: Manage> Core<M> {
    /// A lease has ended.
    #[inline]
    pub(crate) fn give(&self, mut claim: Claim<&Self>) {
        if std::thread::panicking() {
            return self.give_in_panic(claim);
        }
        if self.is_of_no_use(&mut claim) {
            return self.discard(claim, CloseReason::Broken);
        }
        if self.hooks.checkin.is_some() {
            return self.ask_checkin(claim);
        }
        self.put_down(claim);
    }

    /// Whether the manager says so, or panics.
    #[inline(always)]
    pub(super) fn is_of_no_use(&self, claim: &mut Claim<&Self>) -> bool {
        match claim.body_mut() {
            Some(connection) => shielded(|| self.manager.is_broken(connection)) != Some(false),
            None => true,
        }
    }

    /// As [`give`](Self::give), for a connection that is not to be handed out again.
    #[cold]
    pub(crate) fn discard(&self, claim: Claim<&Self>, reason: CloseReason) {
        self.account(claim.notes(), self.time.about_now());
        self.retire(claim, reason);
    }

    /// The lease ends because its thread panics.
    #[cold]
    fn give_in_panic(&self, mut claim: Claim<&Self>) {
        let kept = self.config.on_panic == OnPanic::Keep && !self.is_of_no_use(&mut claim);
        if !kept {
            self.discard(claim, CloseReason::Panicked);
        } else if self.hooks.checkin.is_some() {
            self.ask_checkin(claim);
        } else {
            self.put_down(claim);
        }
    }

    #[cold]
    fn ask_checkin(&self, mut claim: Claim<&Self>) {
        let info = self.info(claim.notes());
        let hook = self.hooks.checkin.as_ref();
        let verdict = hook
            .zip(claim.body_mut())
            .and_then(|(hook, connection)| shielded(|| hook(connection, &info)));
        if verdict == Some(Verdict::Keep) {
            self.put_down(claim);
        } else {
            self.discard(claim, CloseReason::Broken);
        }
    }

    #[inline(always)]
    fn put_down(&self, mut claim: Claim<&Self>) {
        let now = self.time.about_now();
        let notes = claim.notes();
        self.account(notes, now);
        let note = notes.gate.load(Ordering::Relaxed);
        let expires = notes.expires.load(Ordering::Relaxed);
        notes.since.store(now, Ordering::Relaxed);
        notes.clear_holder();
        if now >= expires || !self.gate.admits(note) {
            return self.put_down_closely(claim);
        }
        let fresh_until = self.terms.fresh_until(now, expires);
        notes.fresh_until.store(fresh_until, Ordering::Relaxed);
        claim.publish();
        if self.line.waiting() > 0 || !self.gate.admits(note) || self.max_idle.is_some() {
            self.look_behind();
            if self.gate.is_stale(note) {
                self.sweep_stale();
            }
        }
    }

    /// Something is special: about the pool, or about the connection.
    #[cold]
    pub(super) fn put_down_closely(&self, mut claim: Claim<&Self>) {
        let notes = claim.notes();
        let gate = self.gate.look();
        let note = notes.gate.load(Ordering::Relaxed);
        let expires = notes.expires.load(Ordering::Relaxed);
        let now = self.time.about_now();
        let reason = if gate & CLOSED != 0 {
            Some(CloseReason::PoolClosed)
        } else {
            self.reason_to_go(note, now >= expires)
        };
        if let Some(reason) = reason {
            return self.retire(claim, reason);
        }
        if gate & EXCESS != 0 && self.room.begin_shrink() {
            return self.retire_counted(claim, CloseReason::Shrunk);
        }
        if gate & STARVED != 0 && self.cedes() {
            return self.retire(claim, CloseReason::GaveWay);
        }
        let fresh_until = self.terms.fresh_until(now, expires);
        let notes = claim.notes();
        notes.fresh_until.store(fresh_until, Ordering::Relaxed);
        claim.publish();
        self.look_behind();
        if self.gate.is_stale(note) {
            self.sweep_stale();
        }
    }

    /// Makes a connection idle that nobody has used.
    pub(super) fn put_back(&self, mut claim: Claim<&Self>) {
        let note = claim.notes().gate.load(Ordering::Relaxed);
        claim.publish();
        self.look_behind();
        if self.gate.is_stale(note) {
            self.sweep_stale();
        }
    }

    /// The use of a connection ends that does not come back.
    pub(crate) fn end_use(&self, notes: &Notes) {
        self.account(notes, self.time.about_now());
        notes.clear_holder();
    }

    /// Writes down how long a connection was in use.
    #[inline]
    fn account(&self, notes: &Notes, now: u64) {
        let held = now.saturating_sub(notes.since.load(Ordering::Relaxed));
        if held == 0 {
            let short = notes.short_uses.load(Ordering::Relaxed);
            notes
                .short_uses
                .store(short.wrapping_add(1), Ordering::Relaxed);
        } else {
            self.account_time(notes, held);
        }
    }

    #[cold]
    fn account_time(&self, notes: &Notes, held: u64) {
        let used = notes.used_for.load(Ordering::Relaxed);
        notes
            .used_for
            .store(used.saturating_add(held), Ordering::Relaxed);
        self.holds.record(held);
    }

    /// A connection has become idle: somebody may wait for it, or may have barred the pool.
    #[cold]
    pub(super) fn look_behind(&self) {
        if faulty(Fault::SkipLookBehind) {
            return;
        }
        self.serve();
        if self.gate.has(STARVED) {
            if let Some(core) = self.shared() {
                core.stir();
            }
        }
    }

    fn serve(&self) {
        self.sweep_if_barred();
        if self.line.waiting() == 0 || self.gate.has(PAUSED) {
            return self.trim();
        }
        self.backlog.returned.fetch_add(1, Ordering::Relaxed);
        self.hand_out_idle();
        if self.line.waiting() == 0 {
            self.trim();
        }
    }

    /// Those that wait get what is idle, or a check of it.
    fn hand_out_idle(&self) {
        if self.fifo {
            self.settle();
        } else {
            self.line.rouse(self.time.now());
        }
        self.expect_somebody();
    }

    /// A check is over, also by the counts. Who came while it was not may have left a connection idle, and waits for what was checked.
    pub(super) fn look_behind_check(&self) {
        if self.line.waiting() > 0 && !self.gate.has(PAUSED) && !faulty(Fault::SkipLookBehind) {
            self.hand_out_idle();
        }
    }

    /// Closes what is idle, if the pool is closed, or has too many.
    ///
    /// One at a time: a close that ends at once leads here again, from within.
    pub(super) fn sweep_if_barred(&self) {
        if !self.gate.has(CLOSED | EXCESS) {
            return;
        }
        let mut mark = self.sweeps.fetch_add(1, Ordering::SeqCst) + 1;
        if mark > 1 {
            return;
        }
        loop {
            shielded(|| self.sweep());
            let done = self
                .sweeps
                .compare_exchange(mark, 0, Ordering::SeqCst, Ordering::SeqCst);
            match done {
                Ok(_) => return,
                Err(more) => mark = more,
            }
        }
    }

    fn sweep(&self) {
        let gate = self.gate.look();
        if gate & (CLOSED | EXCESS) == 0 {
            return;
        }
        for slot in self.slots.iter() {
            if gate & CLOSED == 0 && !self.room.is_excessive() {
                return;
            }
            let Some(right) = self.slots.take_this(slot, CHECKING) else {
                continue;
            };
            let mut claim = self.claim(right);
            if gate & CLOSED != 0 {
                self.retire(claim, CloseReason::PoolClosed);
            } else if self.room.begin_shrink() {
                self.retire_counted(claim, CloseReason::Shrunk);
            } else {
                // Somebody else was faster.
                claim.publish();
                if self.line.waiting() > 0 {
                    self.settle();
                }
                return;
            }
        }
    }

    /// Closes what is idle and of an earlier generation.
    pub(super) fn sweep_stale(&self) {
        let stale = |notes: &Notes| self.gate.is_stale(notes.gate.load(Ordering::Relaxed));
        for slot in self.slots.iter() {
            if slot.phase() != IDLE || !stale(&slot.notes) {
                continue;
            }
            let Some(right) = self.slots.take_this(slot, CHECKING) else {
                continue;
            };
            let claim = self.claim(right);
            let note = claim.notes().gate.load(Ordering::Relaxed);
            if let Some(reason) = self.reason_to_go(note, false) {
                self.retire(claim, reason);
            } else {
                self.put_back(claim);
            }
        }
    }

    /// Closes the idle connections that nobody has used for longest, beyond so many.
    pub(super) fn trim(&self) {
        let Some(most) = self.max_idle else { return };
        loop {
            let idle = self.slots.iter().filter(|slot| slot.phase() == IDLE);
            let (count, oldest) = idle.fold((0, None), |(count, oldest), slot| {
                let since = slot.notes.since.load(Ordering::Relaxed);
                let oldest = match oldest {
                    Some((first, _)) if first <= since => oldest,
                    _ => Some((since, slot)),
                };
                (count + 1, oldest)
            });
            let Some((_, oldest)) = oldest.filter(|_| count > most) else {
                return;
            };
            if let Some(right) = self.slots.take_this(oldest, CHECKING) {
                self.retire(self.claim(right), CloseReason::Idle);
            }
        }
    }
}
