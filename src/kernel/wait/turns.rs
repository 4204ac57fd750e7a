//! A line in which one at a time has its turn.
//!
//! For resources that cannot say when somebody else's wish fits, as a rate limiter's tokens: the first in line tries, and if it is
//! too early it knows until when. So there is exactly one turn. Whoever has it tries the resource each time it is polled, and
//! either is done and leaves, or says when to be polled again. All others sleep without a timer.
//!
//! ```text
//!   the turn:   nobody's ◀──────────── the last one in line leaves ────────────┐
//!                  │ somebody enters                                           │
//!                  ▼                     polled                                │
//!               CALLED(since) ─────────────────────▶ trying ── done, leaves ───┤
//!                │  ▲                                  │                       │
//!   not polled   │  │ the time has come,               │ not before `due`      │ others wait:
//!   for so long, │  │ or a nudge                       ▼                       │ the next is called
//!   others wait: │  └────────────────────────────── RESTING(due)               ▼
//!   the next is  └──────────────────────────────────────────────────────▶ CALLED(now)
//!   called; this one sleeps until it is polled
//! ```
//!
//! # Who wakes whom
//!
//! One alarm in the timers of the clock serves the whole line. It is set to the time that the holder named; when it rings, the
//! holder is called, and the alarm is set to the end of our patience if others wait. When that rings and the holder has not been
//! polled since it was called (its future sits in a `select!` that is busy elsewhere), the turn goes to the next in line.
//! Who lost the turn keeps its place, and gets the next turn once it is polled.
//!
//! Trying counts as called since the poll: a holder that neither leaves nor names a time loses the turn as well.
//!
//! # Locks and the alarm
//!
//! Under the lock there is only arithmetic: clocks, timers and wakers are user code and used outside of it. So the alarm is set
//! by one caller at a time (`Alarm::setting`), who sets it again until it fits what the line wants; all others leave it to that one.
//! An alarm that rings while it is being set is noticed by its count of rings. An alarm that is too early does no harm: it rings,
//! finds nothing to do, and is set again.
//!
//! # Memory ordering
//!
//! As in `queue.rs`: who changes the resource for the better by a sequentially consistent operation and then calls
//! [`nudge`](Turns::nudge) overlooks nobody who entered and then looked at the resource by another one.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::line::{Full, Line, Look, Ticket};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicU64, Mutex, Ordering, store_load_barrier};
use crate::kernel::upkeep::{TimerKey, wake, wake_at};

/// The line, and the clock that its alarm goes by.
#[derive(Debug)]
pub struct Turns<C: Clock + 'static> {
    core: Arc<Core<C>>,
}

#[derive(Debug)]
struct Core<C> {
    clock: C,
    patience: Duration,
    max_waiters: usize,
    /// Those in line that are not asleep. Changed under the lock.
    awake: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The holder of the turn is the one that was granted it.
    line: Line<()>,
    /// Before this time the holder does not want to be polled. `None`: it is called, or trying.
    rest: Option<Tick>,
    alarm: Alarm,
}

#[derive(Debug, Default)]
struct Alarm {
    set: Option<(Tick, TimerKey)>,
    setting: bool,
    rings: u64,
}

impl<C: Clock + 'static> Turns<C> {
    /// Nobody is in line, and at most `max_waiters` ever are at a time. Whoever is called and not polled for `patience` loses the
    /// turn if others wait.
    #[must_use]
    pub fn new(clock: C, patience: Duration, max_waiters: usize) -> Self {
        let state = State {
            line: Line::new(),
            rest: None,
            alarm: Alarm::default(),
        };
        let core = Core {
            clock,
            patience,
            max_waiters,
            awake: AtomicU64::new(0),
            state: Mutex::new(state),
        };
        Self {
            core: Arc::new(core),
        }
    }

    /// The clock that was given.
    #[inline]
    #[must_use]
    pub fn clock(&self) -> &C {
        &self.core.clock
    }

    /// How many are in line and not asleep. Who finds zero may try the resource without entering.
    #[inline]
    #[must_use]
    pub fn waiting(&self) -> usize {
        if faulty(Fault::Barge) {
            return 0;
        }
        self.core.count()
    }

    /// Enters at the end of the line, to get `want` of the resource. The ticket ends with [`finish`](Self::finish), whatever
    /// comes of it.
    ///
    /// # Errors
    ///
    /// If as many are in line as may.
    pub fn enter(&self, want: u64) -> Result<Ticket, Full> {
        let core = &self.core;
        let now = core.clock.now();
        let mut state = core.state.lock();
        let ticket = state.line.join(want, core.max_waiters)?;
        core.awake.fetch_add(1, Ordering::SeqCst);
        if state.line.oldest_grant().is_none() {
            // It waits without a waker yet, and finds the turn when it is polled.
            state.pass(now);
        }
        drop(state);
        store_load_barrier();
        core.set_alarm();
        Ok(ticket)
    }

    /// Whether it is the turn of `ticket`: then the caller tries the resource, and either [finishes](Self::finish) or says
    /// [when](Self::not_before) it wants to be polled again. If not, `waker` is called when it is.
    pub fn poll_turn(&self, ticket: Ticket, waker: &Waker) -> Poll<()> {
        let core = &self.core;
        let now = core.clock.now();
        let (mut spare, mut old) = (None, None);
        let turn = loop {
            let mut state = core.state.lock();
            match state.line.look(ticket, waker, &mut spare, now) {
                Look::NeedsWaker => {
                    drop(state);
                    spare = Some(waker.clone());
                }
                Look::Granted => {
                    state.rest = None;
                    break Poll::Ready(());
                }
                Look::Waiting { rejoined } => {
                    if rejoined {
                        core.awake.fetch_add(1, Ordering::SeqCst);
                    }
                    if !rejoined || state.line.oldest_grant().is_some() {
                        break Poll::Pending;
                    }
                    // Nobody has the turn, so nobody else waits: the waker is this one's, and is put back by looking again.
                    old = std::mem::replace(&mut spare, state.pass(now));
                }
                Look::Gone => break Poll::Pending,
            }
        };
        drop((spare, old));
        store_load_barrier();
        core.set_alarm();
        turn
    }

    /// Whoever has the turn was too early, and wants to be polled again at `due`, or after a [nudge](Self::nudge); at
    /// [`Tick::MAX`] only after a nudge. `false`: it took so long that it lost the turn, and has to be polled anew.
    #[must_use = "who lost the turn has to be polled anew"]
    pub fn not_before(&self, ticket: Ticket, due: Tick) -> bool {
        let mut state = self.core.state.lock();
        let holder = state.line.oldest_grant();
        if holder.is_none_or(|(holder, _)| holder != ticket) {
            return false;
        }
        state.rest = Some(due);
        drop(state);
        self.core.set_alarm();
        true
    }

    /// Leaves the line: done, or given up. If it had the turn, the next in line is called.
    pub fn finish(&self, ticket: Ticket) {
        let core = &self.core;
        let now = core.clock.now();
        let mut state = core.state.lock();
        let Some(left) = state.line.leave(ticket) else {
            return;
        };
        if !left.asleep {
            core.awake.fetch_sub(1, Ordering::SeqCst);
        }
        let passes = left.grant.is_some() && !faulty(Fault::SwallowGrant);
        let next = passes.then(|| state.pass(now)).flatten();
        drop(state);
        drop(left.waker);
        next.into_iter().for_each(wake);
        core.set_alarm();
    }

    /// The resource has changed for the better: whoever has the turn tries again now.
    #[inline]
    pub fn nudge(&self) {
        if self.core.count() > 0 {
            self.core.nudge();
        }
    }

    /// How many are in line, also those that are asleep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core.state.lock().line.len()
    }

    /// Whether nobody is in line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all in line want together.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.core.state.lock().line.wanted()
    }

    /// What those want together that are in front of `ticket`. Looks at everybody in line.
    #[must_use]
    pub fn wanted_ahead(&self, ticket: Ticket) -> u64 {
        self.core.state.lock().line.wanted_ahead(ticket)
    }
}

impl<C: Clock + 'static> Drop for Turns<C> {
    fn drop(&mut self) {
        // Its waker keeps the core alive.
        let set = self.core.state.lock().alarm.set.take();
        self.core.unset(set);
    }
}

impl State {
    /// The turn is nobody's: it goes to the first that waits, whose waker is returned.
    fn pass(&mut self, now: Tick) -> Option<Waker> {
        self.rest = None;
        self.line.grant((), now).ok().flatten()
    }

    /// Calls the holder whatever it said.
    fn call(&mut self, now: Tick) -> Option<Waker> {
        let (holder, _) = self.line.oldest_grant()?;
        self.rest = None;
        self.line.call(holder, now)
    }

    /// When the alarm has to ring next, at the latest.
    fn next_alarm(&self, patience: Duration) -> Option<Tick> {
        let (_, since) = self.line.oldest_grant()?;
        let due = match self.rest {
            Some(due) => due,
            None if faulty(Fault::KeepUnpolledTurn) => return None,
            None => {
                self.line.front()?;
                since.saturating_add(patience)
            }
        };
        (due < Tick::MAX).then_some(due)
    }
}

impl<C: Clock + 'static> Core<C> {
    #[inline]
    fn count(&self) -> usize {
        store_load_barrier();
        // No more than fit into memory.
        self.awake.load(Ordering::SeqCst) as usize
    }

    #[cold]
    fn nudge(self: &Arc<Self>) {
        let now = self.clock.now();
        // A statement of its own: the lock is released at its end.
        let holder = self.state.lock().call(now);
        holder.into_iter().for_each(wake);
        self.set_alarm();
    }

    /// The alarm rang: calls the holder if its time has come, or takes the turn from it.
    fn ring(self: &Arc<Self>) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.alarm.rings = state.alarm.rings.wrapping_add(1);
        let set = state.alarm.set.take();
        let called = match state.rest {
            Some(due) if due <= now => state.call(now),
            Some(_) => None,
            None => self.lose_patience(&mut state, now),
        };
        drop(state);
        // Whichever alarm it was that rang, this one is superfluous.
        self.unset(set);
        called.into_iter().for_each(wake);
        if !faulty(Fault::RingOnce) {
            self.set_alarm();
        }
    }

    fn lose_patience(&self, state: &mut State, now: Tick) -> Option<Waker> {
        let others = state.line.front().is_some();
        if !others {
            return None;
        }
        state.line.revoke(now, self.patience)?;
        self.awake.fetch_sub(1, Ordering::SeqCst);
        state.pass(now)
    }

    /// Makes the alarm ring when it has to, or earlier.
    fn set_alarm(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            if state.alarm.setting {
                return;
            }
            let next = state.next_alarm(self.patience);
            let fits = match (next, state.alarm.set) {
                (Some(next), Some((due, _))) => due <= next,
                (None, None) => true,
                _ => false,
            };
            if fits {
                return;
            }
            state.alarm.setting = true;
            let rings = state.alarm.rings;
            let old = state.alarm.set.take();
            drop(state);

            let mut setting = Setting {
                core: self,
                rings,
                set: None,
            };
            self.unset(old);
            setting.set =
                next.map(|due| (due, wake_at(&self.clock, due, Waker::from(self.clone()))));
            drop(setting);
        }
    }

    fn unset(&self, set: Option<(Tick, TimerKey)>) {
        if let Some((_, key)) = set {
            self.clock.timers().cancel(key);
        }
    }
}

impl<C: Clock + 'static> Wake for Core<C> {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

/// The right to set the alarm, which ends also if the clock panics.
struct Setting<'a, C: Clock + 'static> {
    core: &'a Core<C>,
    rings: u64,
    set: Option<(Tick, TimerKey)>,
}

impl<C: Clock + 'static> Drop for Setting<'_, C> {
    fn drop(&mut self) {
        let mut state = self.core.state.lock();
        state.alarm.setting = false;
        if state.alarm.rings == self.rings {
            state.alarm.set = self.set.take();
        }
        drop(state);
        // It may be this one that rang. If not, it is set anew.
        self.core.unset(self.set.take());
    }
}
