//! What is to be done now and then.
//!
//! A pass passes on what nobody came for, closes what is idle or old, has idle connections checked, sees to it that enough are idle, reports
//! leaks, and tries again to connect. It says when the next one is due. While nobody uses the pool that is when the next connection has to go;
//! so that the pass need not come before somebody does, it leaves a flag at the gate ([`QUIET`](super::gate::QUIET)), and
//! whoever takes the next connection calls it.

use std::sync::Arc;
use std::time::Duration;

use super::base::Core;
use super::gate::{CLOSED, DOOMED, PAUSED, QUIET};
use super::slot::{CHECKING, EMPTY, IDLE, IN_USE, Notes, Slot};
use super::time::Time;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::{AtomicU64, Ordering};
use crate::kernel::upkeep::{Nudger, Upkeep, shielded};
use crate::kernel::workers::{Executor, Task};
use crate::pool::policy::{Fate, Idle};
use crate::pool::stats::Event;
use crate::pool::{CloseReason, Held, Manage};

/// In a pool that is in use, the idle connections are counted so often.
const COUNT: Duration = Duration::from_millis(500);

/// Who is called.
pub(crate) struct Keeper<M: Manage>(pub(crate) Arc<Core<M>>);

/// How to call it.
pub(crate) struct Keep<M: Manage> {
    /// `None` if the user does it.
    pub(crate) nudger: Option<Nudger<Keeper<M>, Arc<dyn Clock>>>,
    /// When the next pass is due.
    due: AtomicU64,
    /// When it is to look at all connections.
    round: AtomicU64,
    /// Uses up to the last round.
    uses: AtomicU64,
    /// Since when there are fewer idle connections than there should be; 0 if there are not.
    short_since: AtomicU64,
}

impl<M: Manage> Keep<M> {
    pub(crate) fn new(nudger: Option<Nudger<Keeper<M>, Arc<dyn Clock>>>) -> Self {
        Self {
            nudger,
            due: AtomicU64::new(u64::MAX),
            round: AtomicU64::new(u64::MAX),
            uses: AtomicU64::new(0),
            short_since: AtomicU64::new(0),
        }
    }
}

impl<M: Manage> Upkeep for Keeper<M> {
    fn upkeep(&self, _: Tick) -> Option<Tick> {
        let due = self.0.pass();
        (due < Tick::MAX).then_some(due)
    }
}

impl<M: Manage> Core<M> {
    /// Asks for a pass at a time, or earlier.
    pub(super) fn call_upkeep(&self, due: u64) {
        let Some(keep) = self.keep.get() else { return };
        let before = keep.due.fetch_min(due, Ordering::SeqCst);
        // One that is overdue may have been forgotten, by a clock or a thread that failed.
        if due < before || before <= self.time.about_now() {
            if let Some(nudger) = &keep.nudger {
                nudger.nudge(Tick::from_nanos(due));
            }
        }
    }

    /// Asks for a look at all connections.
    pub(super) fn call_round(&self, due: u64) {
        if let Some(keep) = self.keep.get() {
            keep.round.fetch_min(due, Ordering::SeqCst);
            self.call_upkeep(due);
        }
    }

    /// Something was handed to somebody who may not come for it.
    pub(super) fn expect_somebody(&self) {
        let due = self.time.now().saturating_add(self.config.patience);
        self.call_upkeep(due.as_nanos());
    }

    /// Somebody uses the pool again.
    #[cold]
    pub(super) fn rouse(&self) {
        if self.gate.set(QUIET, false) {
            let due = self.time.now().saturating_add(self.shortest_period());
            self.call_round(due.as_nanos());
        }
    }

    /// How often a pool that is in use is looked at.
    fn shortest_period(&self) -> Duration {
        let count = (self.config.min_idle > 0).then_some(COUNT);
        let limits = [count, self.config.leak_threshold];
        limits.into_iter().flatten().min().unwrap_or(Duration::MAX)
    }

    /// When something is due of a new connection.
    pub(super) fn first_due(&self, notes: &Notes) -> u64 {
        let idle = self.idle(notes, true);
        let used = Tick::from_nanos(idle.since).saturating_add(self.shortest_period());
        match self.terms.fate(idle.since, &idle) {
            Fate::Keep(due) => due.min(used.as_nanos()),
            _ => idle.since,
        }
    }

    fn idle(&self, notes: &Notes, spare: bool) -> Idle {
        let since = notes.since.load(Ordering::Relaxed);
        let last = since.max(notes.checked.load(Ordering::Relaxed));
        let id = notes.id.load(Ordering::Relaxed);
        Idle {
            since,
            expires: notes.expires.load(Ordering::Relaxed),
            keepalive: self.terms.next_keepalive(last, id),
            spare,
        }
    }

    /// Does what is due, and says when to come again.
    pub(crate) fn pass(self: &Arc<Self>) -> Tick {
        let Some(keep) = self.keep.get() else {
            return Tick::MAX;
        };
        // What is asked for from now on is asked for anew.
        keep.due.store(u64::MAX, Ordering::SeqCst);
        if self.gate.has(CLOSED) {
            self.sweep_if_barred();
            return Tick::MAX;
        }
        let now = self.time.now();
        let (next, passed_on) = self.pass_on(now);
        let mut due = next.min(self.look_at_orphans(now));
        let round = keep.round.swap(u64::MAX, Ordering::SeqCst);
        // What was passed on to nobody may have been idle for too long.
        let round = if passed_on || now.as_nanos() >= round {
            // It runs the clock's code, and in simulated time the hook for leaks. What it had not got to is looked at again.
            shielded(|| self.round(keep, now))
                .unwrap_or_else(|| now.saturating_add(COUNT).as_nanos())
        } else {
            round
        };
        due = due.min(keep.round.fetch_min(round, Ordering::SeqCst).min(round));
        self.stir();
        Tick::from_nanos(keep.due.fetch_min(due, Ordering::SeqCst).min(due))
    }

    /// Looks at all connections, and says when to do so again.
    fn round(self: &Arc<Self>, keep: &Keep<M>, now: Tick) -> u64 {
        let due = self.reap(now).min(self.refill(keep, now));
        due.min(self.find_leaks(now))
            .min(self.come_again(keep, now))
    }

    /// Takes back what nobody came for, and gives it to the next. When to do so again, and whether there was anything.
    fn pass_on(&self, now: Tick) -> (u64, bool) {
        if !self.fifo && self.line.waiting() > 0 && !self.gate.has(PAUSED) {
            // Who was woken may not have come.
            self.settle();
        }
        let patience = self.config.patience;
        let (take, put) = (|_: u64| self.take_grant(), |grant| self.put_grant(grant));
        let mut passed_on = false;
        while self.line.revoke(now, patience, take, put) {
            self.count(Event::PassedOn);
            passed_on = true;
        }
        if self.line.waiting() == 0 {
            self.trim();
        }
        let oldest = self.line.oldest_grant();
        let due = oldest.map(|since| since.min(now).saturating_add(patience));
        (due.map_or(u64::MAX, Tick::as_nanos), passed_on)
    }

    /// Closes what has to go, and has the rest checked. The first slots are those that are in use most, so the last go first.
    fn reap(self: &Arc<Self>, now: Tick) -> u64 {
        let mut idle: u64 = self.count_phase(IDLE);
        let least = u64::from(self.config.min_idle);
        let mut due = u64::MAX;
        let slots: Vec<_> = self.slots.iter().collect();
        for slot in slots.into_iter().rev() {
            match slot.phase() {
                IDLE => {}
                EMPTY => continue,
                _ => {
                    due = due.min(self.due_if_idle(slot, now));
                    continue;
                }
            }
            let note = slot.notes.gate.load(Ordering::Relaxed);
            let stale = self.gate.is_stale(note);
            let fate = self
                .terms
                .fate(now.as_nanos(), &self.idle(&slot.notes, idle > least));
            match fate {
                Fate::Keep(next) if !stale => {
                    due = due.min(next);
                    continue;
                }
                _ => {}
            }
            let Some(right) = self.slots.take_this(slot, CHECKING) else {
                due = due.min(self.due_if_idle(slot, now));
                continue;
            };
            // It may have been used meanwhile.
            let claim = self.claim(right);
            let fate = self
                .terms
                .fate(now.as_nanos(), &self.idle(claim.notes(), idle > least));
            match fate {
                _ if stale && note == DOOMED => self.retire(claim, CloseReason::Evicted),
                _ if stale => self.retire(claim, CloseReason::Stale),
                Fate::Expired => self.retire(claim, CloseReason::Expired),
                Fate::Idle => self.retire(claim, CloseReason::Idle),
                Fate::Check => {
                    if let Some(right) = claim.release() {
                        self.check(self.claim_shared(right));
                    }
                    continue;
                }
                Fate::Keep(next) => {
                    due = due.min(next);
                    self.put_back(claim);
                    continue;
                }
            }
            // It may have come back after the count.
            idle = idle.saturating_sub(1);
        }
        due
    }

    /// When something is due of a connection that is not idle, but may be from now on.
    fn due_if_idle(&self, slot: &Slot<M::Connection>, now: Tick) -> u64 {
        let now = now.as_nanos();
        let notes = &slot.notes;
        let idle_until = Time::after(now, self.config.idle_timeout);
        let id = notes.id.load(Ordering::Relaxed);
        let expires = notes.expires.load(Ordering::Relaxed);
        // What is too old already is closed by whoever brings it back.
        let expires = if expires > now { expires } else { u64::MAX };
        idle_until
            .min(self.terms.next_keepalive(now, id))
            .min(expires)
    }

    pub(super) fn count_phase(&self, phase: u64) -> u64 {
        let slots = self.slots.iter();
        slots.filter(|slot| slot.phase() == phase).count() as u64
    }

    /// Has connections made if there are too few idle ones for a while.
    fn refill(&self, keep: &Keep<M>, now: Tick) -> u64 {
        let least = u64::from(self.config.min_idle);
        if least == 0 {
            return u64::MAX;
        }
        let idle = self.count_phase(IDLE);
        let there = idle + self.counts.coming();
        if there >= least {
            keep.short_since.store(0, Ordering::Relaxed);
            return u64::MAX;
        }
        if self.line.waiting() > 0 {
            keep.short_since.store(0, Ordering::Relaxed);
            // They may give up, and nothing else comes of that.
            return now.saturating_add(COUNT).as_nanos();
        }
        let since = match keep.short_since.load(Ordering::Relaxed) {
            0 => now.as_nanos().max(1),
            since => since,
        };
        keep.short_since.store(since, Ordering::Relaxed);
        let due = Tick::from_nanos(since).saturating_add(COUNT / 5);
        if now < due {
            return due.as_nanos();
        }
        self.missing
            .fetch_max(least.saturating_sub(idle), Ordering::SeqCst);
        u64::MAX
    }

    /// Reports leases that are held for too long.
    fn find_leaks(self: &Arc<Self>, now: Tick) -> u64 {
        let Some(threshold) = self.config.leak_threshold else {
            return u64::MAX;
        };
        let mut next = u64::MAX;
        for slot in self.slots.iter() {
            let notes = &slot.notes;
            if slot.phase() != IN_USE || notes.reported.load(Ordering::Relaxed) != 0 {
                continue;
            }
            let Some(holder) = notes.holder() else {
                continue;
            };
            let since = Tick::from_nanos(notes.since.load(Ordering::Relaxed));
            let held = now.since(since);
            if held < threshold {
                next = next.min(since.min(now).saturating_add(threshold).as_nanos());
                continue;
            }
            notes.reported.store(1, Ordering::Relaxed);
            self.count(Event::Leaked);
            let leak = Held::new(notes.id.load(Ordering::Relaxed), holder, held);
            self.tell_leak(leak);
        }
        next
    }

    /// The hook may block: it is not for a thread that others' upkeep waits for.
    fn tell_leak(self: &Arc<Self>, leak: Held) {
        if self.hooks.leak.is_none() {
            return;
        }
        let core = self.clone();
        let tell = Box::new(move || {
            if let Some(hook) = &core.hooks.leak {
                hook(&leak);
            }
        });
        let executor = Executor::of(&*self.time.clock);
        // If there is no place for it now, nobody is told.
        drop(executor.execute(Task::Theirs, tell));
    }

    /// When to come again for what cannot be foreseen: soon while the pool is used, and otherwise when it is used again.
    fn come_again(&self, keep: &Keep<M>, now: Tick) -> u64 {
        let period = self.shortest_period();
        if period == Duration::MAX {
            return u64::MAX;
        }
        let uses = self.uses();
        let used = keep.uses.swap(uses, Ordering::Relaxed) != uses;
        if used || self.count_phase(IN_USE) > 0 {
            return now.saturating_add(period).as_nanos();
        }
        if self.has_any() {
            self.gate.set(QUIET, true);
            // Who came just before the flag was up is seen here.
            if self.uses() != uses || self.count_phase(IN_USE) > 0 {
                self.rouse();
            }
        }
        u64::MAX
    }

    pub(super) fn uses(&self) -> u64 {
        let uses = |slot: &Slot<M::Connection>| slot.notes.uses.load(Ordering::Relaxed);
        self.slots.iter().map(uses).fold(0, u64::wrapping_add)
    }
}
