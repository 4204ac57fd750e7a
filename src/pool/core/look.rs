//! What a pool tells of itself.

use std::time::Duration;

use super::base::Core;
use super::gate::{CLOSED, PAUSED};
use super::hint::this_thread;
use super::slot::{CHECKING, CLOSING, CONNECTING, IDLE, IN_USE, Notes};
use crate::kernel::clock::Tick;
use crate::kernel::sync::Ordering;
use crate::pool::stats::{Event, Histograms, Stats};
use crate::pool::{CloseReason, ConnectionInfo, Held, Manage, Reason, Status};

impl<M: Manage> Core<M> {
    pub(crate) fn info(&self, notes: &Notes) -> ConnectionInfo {
        let load = |word: &crate::kernel::sync::AtomicU64| word.load(Ordering::Relaxed);
        let now = self.time.about_now();
        let since = |then: u64| Duration::from_nanos(now.saturating_sub(then));
        ConnectionInfo {
            id: load(&notes.id),
            uses: load(&notes.uses).wrapping_sub(load(&notes.uses_before)),
            age: since(load(&notes.made)),
            idle: since(load(&notes.since)),
        }
    }

    #[cold]
    pub(crate) fn status(&self) -> Status {
        let gate = self.gate.look();
        let mut status = Status {
            max_size: self.room.look().0,
            // No more than there are places in a line.
            waiting: self.line.waiting() as u32,
            paused: gate & PAUSED != 0,
            closed: gate & CLOSED != 0,
            failures: self.outage.lock().outage.failures(),
            ..Status::default()
        };
        for slot in self.slots.iter() {
            let count = match slot.phase() {
                IDLE => &mut status.idle,
                IN_USE => &mut status.in_use,
                CONNECTING => &mut status.connecting,
                CHECKING => &mut status.checking,
                CLOSING => &mut status.closing,
                _ => continue,
            };
            *count += 1;
            status.total += 1;
        }
        status
    }

    /// Leases that have not ended, those held for longest first.
    pub(crate) fn held(&self) -> Vec<Held> {
        let now = Tick::from_nanos(self.time.about_now());
        let in_use = self.slots.iter().filter(|slot| slot.phase() == IN_USE);
        let mut held: Vec<_> = in_use
            .filter_map(|slot| self.held_by(&slot.notes, now))
            .collect();
        held.sort_by_key(|held| std::cmp::Reverse(held.held_for));
        held
    }

    fn held_by(&self, notes: &Notes, now: Tick) -> Option<Held> {
        let since = Tick::from_nanos(notes.since.load(Ordering::Relaxed));
        let id = notes.id.load(Ordering::Relaxed);
        Some(Held::new(id, notes.holder()?, now.since(since)))
    }

    /// The lease that has been held for longest.
    pub(super) fn longest(&self) -> Option<Held> {
        let now = Tick::from_nanos(self.time.about_now());
        let in_use = self.slots.iter().filter(|slot| slot.phase() == IN_USE);
        in_use
            .filter_map(|slot| self.held_by(&slot.notes, now))
            .max_by_key(|held| held.held_for)
    }

    /// What somebody waited for in vain.
    pub(super) fn reason(&self, status: &Status) -> Reason {
        if status.paused {
            return Reason::Paused;
        }
        if status.failures > 0 && status.total < status.max_size {
            return Reason::Unreachable;
        }
        if status.in_use > 0 && status.total >= status.max_size && self.is_stuck() {
            return Reason::SelfDeadlock;
        }
        if status.connecting + status.checking > 0 {
            return Reason::Connecting;
        }
        if status.total < status.max_size && self.is_starving() {
            return Reason::OverBudget;
        }
        Reason::Busy
    }

    /// Whether every connection is held by a thread that waits for another one.
    fn is_stuck(&self) -> bool {
        let stuck = self.stuck.lock();
        self.slots
            .iter()
            .filter(|slot| slot.phase() == IN_USE)
            .all(|slot| {
                let thread = slot.notes.thread.load(Ordering::Relaxed);
                slot.notes.holder().is_some() && stuck.contains(&thread)
            })
    }

    /// This thread begins to wait. Whether it holds something meanwhile: then it is to be [noted](Self::unnote) when it has ended.
    pub(super) fn note_if_holding(&self) -> bool {
        let me = this_thread();
        let mut in_use = self.slots.iter().filter(|slot| slot.phase() == IN_USE);
        let holds = in_use.any(|slot| {
            let mine = slot.notes.thread.load(Ordering::Relaxed) == me;
            mine && slot.notes.holder().is_some()
        });
        if holds {
            self.stuck.lock().push(me);
        }
        holds
    }

    pub(super) fn unnote(&self) {
        let me = this_thread();
        let mut stuck = self.stuck.lock();
        if let Some(place) = stuck.iter().position(|thread| *thread == me) {
            stuck.swap_remove(place);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let sum = |event: Event| self.counters.sum(event as usize);
        let closed =
            |reason: CloseReason| self.counters.sum(Event::Closed as usize + reason as usize);
        let all = (0..CloseReason::COUNT).map(|n| self.counters.sum(Event::Closed as usize + n));
        let used_for = self
            .slots
            .iter()
            .map(|slot| slot.notes.used_for.load(Ordering::Relaxed))
            .fold(0, u64::saturating_add);
        Stats {
            checkouts: self.uses(),
            waits: sum(Event::Wait),
            refused: sum(Event::Refused),
            timeouts: sum(Event::TimedOut),
            connected: sum(Event::Connected),
            connect_failures: sum(Event::ConnectFailed),
            abandoned: sum(Event::Abandoned),
            checks: sum(Event::Checked),
            check_failures: sum(Event::CheckFailed),
            leaks: sum(Event::Leaked),
            passed_on: sum(Event::PassedOn),
            closed: all.fold(0, u64::saturating_add),
            closed_broken: closed(CloseReason::Broken),
            closed_check_failed: closed(CloseReason::CheckFailed),
            closed_idle: closed(CloseReason::Idle),
            closed_expired: closed(CloseReason::Expired),
            used_for: Duration::from_nanos(used_for),
            status: self.status(),
        }
    }

    pub(crate) fn histograms(&self) -> Histograms {
        let mut hold = self.holds.distribution();
        for slot in self.slots.iter() {
            hold.add_zeros(slot.notes.short_uses.load(Ordering::Relaxed));
        }
        Histograms {
            wait: self.waits.distribution(),
            hold,
            connect: self.connects.distribution(),
        }
    }
}
