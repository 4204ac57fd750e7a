//! One load, those who wait for it, and who leads it.
//!
//! ```text
//!                    polled                         woken, and the patience is over while another one waits
//!             ┌──────────────────┐                            ┌──────────────────────────────┐
//!             ▼                  │                            │                              ▼
//!   board ▶ LED: Busy ──▶ Parked ──▶ Woken(since) ────────────┘     the first that waits   FREE, offered(since) ──┐
//!             │  ▲  pending      woken                             ┌──────────────────────▶   │        ▲          │ not polled: to
//!             │  │                                                 │                          │        └──────────┘ the next
//!             │  └──────────────────────── the term grows ─────────┼─────── polled ───────────┘
//!             │ lands                      dropped, or panics ─────┤
//!             ▼                                                    └─▶ FREE, nobody waits: whoever boards leads; or it is swept
//!           LANDED(value): everybody is woken, and fetches it
//! ```
//!
//! # Invariants
//!
//! * Who leads has the current term. It only grows, when somebody takes the lead; a leader of an earlier term changes nothing here.
//! * The lead is offered to one at a time, and only in `FREE`. If somebody waits in `FREE`, it is offered to somebody.
//! * A thread that leads, and a task while it is polled, is `Busy`: the lead is never taken from it.
//! * A wake-up of the leader is noted here before the task is woken, so a poll that follows it undoes the note.
//! * Whether a flight is still attached is the table's affair, and known under the owner's lock only. The lock of a flight may be taken
//!   under the owner's; nothing is locked under it, and no user code runs under it.
//!
//! # The alarm
//!
//! One timer per flight at most, and only while somebody waits and the leader, or who was offered the lead, has been called. It is
//! set by one caller at a time, outside of the lock, until it is early enough; one that rings too early finds nothing to do and is set
//! again. A leader that is polled leaves it as it is: there is at most one ring per patience. If it can't be set, the first that waits is
//! woken, and polls.

use std::sync::Arc;
use std::task::{Wake, Waker};

use super::frames::{self, Led};
use super::rules::{Freight, Rules};
use super::state::{Hand, Phase, State};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Mutex, MutexGuard};
use crate::kernel::upkeep::{Discarded, TimerKey, shielded, wake, wake_at};
use crate::kernel::wait::{Full, Ticket};

/// Wakers that are called at a time after a landing.
const BATCH: usize = 32;

/// A load of one key, led by one caller and shared by all that wait for it.
#[derive(Debug)]
pub struct Flight<T> {
    hash: u64,
    epoch: u64,
    rules: Arc<Rules>,
    state: Mutex<State<T>>,
}

/// How somebody gets on board of a flight under way.
pub(super) enum Seat {
    Lead(u64),
    Wait(Ticket),
    /// It has landed; there is nothing to join.
    Over,
    Recursive,
}

impl<T: Freight> Flight<T> {
    /// Led in term zero by whoever made it.
    pub(super) fn new(hash: u64, epoch: u64, rules: Arc<Rules>) -> Arc<Self> {
        Arc::new(Self {
            hash,
            epoch,
            rules,
            state: Mutex::new(State::new()),
        })
    }

    /// The hash of its key.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The owner's epoch in which it began.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many wait for it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state.lock().line.len()
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock()
    }

    /// Gets on board. Runs nobody's code, so it may be called under the owner's lock; who waits polls next, which sets the alarm.
    pub(super) fn board(self: &Arc<Self>) -> Result<Seat, Full> {
        if frames::leads(&**self) {
            return Ok(Seat::Recursive);
        }
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Landed(_)) {
            return Ok(Seat::Over);
        }
        if state.is_free() || faulty(Fault::LeadTwice) {
            return Ok(Seat::Lead(state.lead()));
        }
        let ticket = state.line.join(1, self.rules.max_waiters)?;
        Ok(Seat::Wait(ticket))
    }

    /// Nobody has anything to do with it any more.
    pub(super) fn is_idle(&self) -> bool {
        self.state.lock().is_idle()
    }

    /// The leader delivers. `false` if it has lost the lead: nobody but its caller gets the value then.
    pub(super) fn land(&self, term: u64, value: &T) -> bool {
        let mut copy = None;
        let mut state = loop {
            let mut state = self.state.lock();
            if state.hand(term).is_none() {
                return false;
            }
            if copy.is_some() || state.line.len() == 0 {
                break state;
            }
            drop(state);
            copy = Some(Arc::new(value.clone()));
        };
        let anybody = copy.is_some();
        state.phase = Phase::Landed(copy);
        let alarm = state.alarm.key.take();
        drop(state);
        if anybody {
            self.call_all();
        }
        self.cancel(alarm);
        true
    }

    fn call_all(&self) {
        loop {
            let mut batch = [const { None }; BATCH];
            let mut granted = 0;
            let mut state = self.state.lock();
            for place in &mut batch {
                let Ok(waker) = state.line.grant((), Tick::ZERO) else {
                    break;
                };
                *place = waker;
                granted += 1;
                if faulty(Fault::WakeFirst) {
                    break;
                }
            }
            drop(state);
            batch.into_iter().flatten().for_each(wake);
            if granted < BATCH {
                return;
            }
        }
    }

    /// The leader is gone without a value: another one leads.
    pub(super) fn abandon(self: &Arc<Self>, term: u64) {
        let now = self.read_clock();
        let mut state = self.state.lock();
        let now = state.seen(now);
        if state.hand(term).is_none() {
            return;
        }
        let next = state.hand_over(now);
        drop(state);
        next.into_iter().for_each(wake);
        self.tend();
    }

    /// A waiter leaves; if it had been offered the lead, the next is.
    pub(super) fn leave(self: &Arc<Self>, ticket: Ticket) {
        let now = self.read_clock();
        let mut state = self.state.lock();
        let now = state.seen(now);
        let left = state.line.leave(ticket);
        let offered = left.as_ref().is_some_and(|left| left.grant.is_some());
        let passes = offered && matches!(state.phase, Phase::Free) && !faulty(Fault::SwallowGrant);
        let next = passes.then(|| state.hand_over(now)).flatten();
        // For the last one, which does not need it.
        let value = state.fetch();
        drop(state);
        let _waker = Discarded(left.and_then(|left| left.waker));
        next.into_iter().for_each(wake);
        self.tend();
        drop(value);
    }

    /// The task of the leader is about to be woken.
    pub(super) fn leader_woken(self: &Arc<Self>, term: u64) {
        let now = self.read_clock();
        let mut state = self.state.lock();
        let now = state.seen(now);
        match state.hand(term) {
            Some(Hand::Busy { woken }) => *woken = true,
            Some(hand @ Hand::Parked) => *hand = Hand::Woken(now),
            Some(Hand::Woken(_)) | None => return,
        }
        drop(state);
        self.tend();
    }

    /// The leader runs: its task is being polled, or it is about to land. `false` if it has lost the lead.
    pub(super) fn leader_runs(&self, term: u64) -> bool {
        let mut state = self.state.lock();
        let hand = state.hand(term);
        hand.map(|hand| *hand = Hand::Busy { woken: false })
            .is_some()
    }

    /// The poll of the leader is over, without a result.
    pub(super) fn leader_pending(self: &Arc<Self>, term: u64) {
        let mut state = self.state.lock();
        let Some(hand) = state.hand(term) else { return };
        if matches!(hand, Hand::Busy { woken: false }) {
            *hand = Hand::Parked;
            return;
        }
        drop(state);
        let now = self.read_clock();
        let mut state = self.state.lock();
        let now = state.seen(now);
        if let Some(hand) = state.hand(term) {
            *hand = Hand::Woken(now);
        }
        drop(state);
        self.tend();
    }

    /// Makes the alarm ring when it has to, or earlier.
    pub(super) fn tend(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            let next = state.next_alarm(self.rules.patience);
            if state.alarm.setting || state.alarm.due <= next {
                return;
            }
            state.alarm.setting = true;
            state.alarm.due = next;
            let old = state.alarm.key.take();
            drop(state);

            self.cancel(old);
            let arm = || wake_at(&self.rules.clock, next, Waker::from(self.clone()));
            let key = shielded(arm).flatten();
            let mut state = self.state.lock();
            state.alarm.setting = false;
            if key.is_none() || matches!(state.phase, Phase::Landed(_)) {
                state.alarm.due = Tick::MAX;
                let front = state.front_waker();
                drop(state);
                self.cancel(key);
                return front.into_iter().for_each(wake);
            }
            // It may have rung already, and is set again then if it has to be.
            if state.alarm.due < Tick::MAX {
                state.alarm.key = key;
            }
        }
    }

    /// The alarm rang.
    fn ring(self: &Arc<Self>) {
        let now = self.read_clock();
        let mut state = self.state.lock();
        state.alarm.due = Tick::MAX;
        state.alarm.key = None;
        let next = now.and_then(|now| {
            state.seen(Some(now));
            state.attend(now, self.rules.patience)
        });
        drop(state);
        next.into_iter().for_each(wake);
        self.tend();
    }

    fn cancel(&self, key: Option<TimerKey>) {
        if let Some(key) = key {
            shielded(|| self.rules.clock.timers().cancel(key));
        }
    }

    /// `None` if it panics.
    fn read_clock(&self) -> Option<Tick> {
        shielded(|| self.rules.clock.now())
    }
}

impl<T: Freight> Wake for Flight<T> {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl<T: Freight> Led for Flight<T> {
    fn is_led_in(&self, term: u64) -> bool {
        self.state.lock().hand(term).is_some()
    }
}
