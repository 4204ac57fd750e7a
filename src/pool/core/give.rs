//! Taking a connection back.
//!
//! The short way: it is not broken, nothing is special about the pool, its time is not over. Then its use is written down beside it, and one swap
//! makes it idle. After that come two loads, of the line and of the gate: whoever waits, or bars the pool, does so before it
//! looks at the slots, and the swap was before these loads; so one of the two sides sees the other.

use super::base::Core;
use super::gate::{CLOSED, DOOMED, EXCESS, PAUSED};
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
        if let Some(connection) = claim.body_mut()
            && self.manager.is_broken(connection)
        {
            return self.discard(claim, CloseReason::Broken);
        }
        if self.hooks.checkin.is_some() {
            return self.ask_checkin(claim);
        }
        self.put_down(claim);
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
        let kept = self.config.on_panic == OnPanic::Keep
            && claim.body_mut().is_some_and(|connection| {
                shielded(|| self.manager.is_broken(connection)) == Some(false)
            });
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

    #[inline]
    fn put_down(&self, mut claim: Claim<&Self>) {
        let now = self.time.about_now();
        let notes = claim.notes();
        self.account(notes, now);
        let note = notes.gate.load(Ordering::Relaxed);
        let expires = notes.expires.load(Ordering::Relaxed);
        notes.since.store(now, Ordering::Relaxed);
        if now >= expires || !self.gate.admits(note) {
            return self.put_down_closely(claim);
        }
        let fresh_until = self.terms.fresh_until(now, expires);
        notes.fresh_until.store(fresh_until, Ordering::Relaxed);
        claim.publish();
        if self.line.waiting() > 0 || !self.gate.admits(note) || self.max_idle.is_some() {
            self.look_behind();
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
            CloseReason::PoolClosed
        } else if note == DOOMED {
            CloseReason::Evicted
        } else if self.gate.is_stale(note) {
            CloseReason::Stale
        } else if gate & EXCESS != 0 && self.room.begin_shrink() {
            CloseReason::Shrunk
        } else if now >= expires {
            CloseReason::Expired
        } else {
            let fresh_until = self.terms.fresh_until(now, expires);
            notes.fresh_until.store(fresh_until, Ordering::Relaxed);
            claim.publish();
            return self.look_behind();
        };
        self.retire(claim, reason);
    }

    /// Makes a connection idle that nobody has used.
    pub(super) fn put_back(&self, mut claim: Claim<&Self>) {
        claim.publish();
        self.look_behind();
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
        self.sweep_if_barred();
        if let Some(most) = self.max_idle {
            self.trim(most);
        }
        if self.line.waiting() == 0 || self.gate.has(PAUSED) {
            return;
        }
        self.backlog.returned.fetch_add(1, Ordering::Relaxed);
        if self.fifo {
            self.settle();
        } else {
            self.line.rouse(self.time.now());
        }
        self.expect_somebody();
    }

    /// Closes what is idle, if the pool is closed, or has too many.
    pub(super) fn sweep_if_barred(&self) {
        let gate = self.gate.look();
        if gate & (CLOSED | EXCESS) == 0 {
            return;
        }
        for slot in self.slots.iter() {
            if gate & CLOSED == 0 && !self.room.is_excessive() {
                return;
            }
            if let Some(right) = self.slots.take_this(slot, CHECKING) {
                self.put_down_closely_if_barred(self.claim(right));
            }
        }
    }

    /// As [`put_down_closely`](Self::put_down_closely), without a look behind.
    fn put_down_closely_if_barred(&self, mut claim: Claim<&Self>) {
        if self.gate.has(CLOSED) {
            self.retire(claim, CloseReason::PoolClosed);
        } else if self.room.begin_shrink() {
            self.retire(claim, CloseReason::Shrunk);
        } else {
            claim.publish();
        }
    }

    /// Closes the idle connections that nobody has used for longest, beyond so many.
    fn trim(&self, most: u32) {
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
