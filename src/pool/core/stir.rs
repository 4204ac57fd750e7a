//! Seeing whether a connection is to be made, and having it made.
//!
//! Whoever changes what that depends on calls [`stir`](Core::stir): who joins the line, who ends a connect or a close, the upkeep. One at a time
//! looks; the others leave a mark, and whoever looks looks again. So nobody decides by what another one is changing, and no lock
//! is held while a connect begins.

use std::sync::Arc;
use std::time::Duration;

use super::base::Core;
use super::gate::{CLOSED, PAUSED};
use super::slot::{CHECKING, CONNECTING};
use crate::kernel::clock::Tick;
use crate::kernel::sync::Ordering;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::upkeep::shielded;
use crate::pool::Manage;
use crate::pool::policy::{Leave, Pace, Plan, Situation};

/// What came of a look.
enum Step {
    /// One more was begun.
    Begun,
    /// None is to be made now.
    Rest,
    /// The group can't have one more.
    Refused,
}

impl<M: Manage> Core<M> {
    /// Makes as many connections as are wanted, and possible.
    pub(crate) fn stir(self: &Arc<Self>) {
        let mut mark = self.stirs.fetch_add(1, Ordering::SeqCst) + 1;
        if mark > 1 {
            return;
        }
        loop {
            let look = || {
                shielded(|| {
                    loop {
                        match self.make_one() {
                            Step::Begun => {}
                            last => return last,
                        }
                    }
                })
            };
            // It runs the clock's code, and who waits should not have to wait for a panic of that. One that goes on is not tried again in a loop.
            let last = look().or_else(look);
            if faulty(Fault::ForgetStir) {
                self.stirs.store(0, Ordering::SeqCst);
                return;
            }
            self.tell_quota(matches!(last, Some(Step::Refused)));
            let done = self
                .stirs
                .compare_exchange(mark, 0, Ordering::SeqCst, Ordering::SeqCst);
            match done {
                Ok(_) => return,
                Err(more) => mark = more,
            }
        }
    }

    fn make_one(self: &Arc<Self>) -> Step {
        if self.gate.has(CLOSED | PAUSED) {
            return Step::Rest;
        }
        let missing = self.missing.load(Ordering::SeqCst);
        if missing == 0 && self.line.waiting() == 0 {
            return Step::Rest;
        }
        let (max, total) = self.room.look();
        if total >= max {
            return Step::Rest;
        }
        let now = self.time.now();
        match self.situation(now, missing).plan() {
            Plan::Rest => return Step::Rest,
            Plan::Later(after) => {
                self.call_upkeep(now.saturating_add(after).as_nanos());
                return Step::Rest;
            }
            Plan::Connect => {}
        }
        if !self.may_connect(now) || !self.room.reserve() {
            return Step::Rest;
        }
        if !self.reserve_in_quota(self.line.waiting() > 0) {
            self.unreserve(false);
            return Step::Refused;
        }
        // Who closes the pool, and finds no connection after that, is right.
        if self.gate.has(CLOSED | PAUSED) {
            self.one_less(false, false);
            return Step::Rest;
        }
        match self.slots.take_empty(CONNECTING) {
            Some(right) => self.connect(right),
            None => {
                // There is one for each that may be reserved.
                self.give_back_to_quota();
                self.unreserve(false);
                self.look_at_quota();
                return Step::Rest;
            }
        }
        Step::Begun
    }

    fn may_connect(&self, now: Tick) -> bool {
        // No more than there are slots.
        let connecting = self.counts.connecting() as u32;
        let coming = self.counts.connects_coming() as u32;
        let mut trouble = self.outage.lock();
        trouble.outage.not_later(now);
        let leave = trouble
            .outage
            .leave(now, connecting, coming, self.config.max_connecting);
        drop(trouble);
        match leave {
            Leave::Given => true,
            Leave::AfterOthers => false,
            Leave::NotBefore(due) => {
                self.call_upkeep(due.as_nanos());
                false
            }
        }
    }

    fn situation(&self, now: Tick, missing: u64) -> Situation {
        let since = Tick::from_nanos(self.backlog.since.load(Ordering::Relaxed));
        let pace = self.pace();
        let (expected, oldest) = self.expected(now, pace.late_after());
        Situation {
            waiting: self.line.waiting() as u64,
            missing,
            coming: self.counts.coming(),
            expected,
            late_in: pace.late_after().saturating_sub(oldest),
            established: u64::from(self.has_any()),
            returned: self.backlog.returned.load(Ordering::Relaxed),
            backlog: now.since(since),
            connect_time: pace.connect_time(oldest),
        }
    }

    /// What is known of how long connects take.
    pub(super) fn pace(&self) -> Pace {
        let known = self.connect_time.load(Ordering::Relaxed);
        Pace::new((known > 0).then_some(Duration::from_nanos(known)))
    }

    /// Connects and checks that will count and are not late, and for how long the oldest of them has been under way.
    ///
    /// Those that are late are told by their slots, and all others count: what is being handed over has left its phase already.
    fn expected(&self, now: Tick, late_after: Duration) -> (u64, Duration) {
        let (connects, checks) = (self.counts.connects_coming(), self.counts.checking());
        let (mut connecting, mut checking, mut oldest) = (0_u64, 0_u64, Duration::ZERO);
        if connects + checks == 0 {
            return (0, oldest);
        }
        for slot in self.slots.iter() {
            let late = match slot.phase() {
                CONNECTING => &mut connecting,
                CHECKING => &mut checking,
                _ => continue,
            };
            let age = slot.notes.under_way_for(now);
            if age < late_after {
                oldest = oldest.max(age);
            } else {
                *late += 1;
            }
        }
        // Some of these were abandoned, and don't count anyway.
        let connecting = connecting.saturating_sub(self.counts.connects_abandoned());
        let checking = checking.saturating_sub(self.counts.checks_abandoned());
        let expected = connects.saturating_sub(connecting) + checks.saturating_sub(checking);
        (expected, oldest)
    }

    /// Somebody has joined the line.
    pub(super) fn begin_backlog(&self, now: Tick) {
        if self.line.waiting() <= 1 {
            self.backlog.since.store(now.as_nanos(), Ordering::Relaxed);
            self.backlog.returned.store(0, Ordering::Relaxed);
        }
    }
}
