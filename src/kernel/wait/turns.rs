//! A line in which one at a time has its turn.
//!
//! For resources that cannot say when somebody else's wish fits, as a rate limiter's tokens: the first in line tries, and if it is
//! too early it knows until when. So there is exactly one turn. Whoever has it tries the resource each time it is polled, and
//! either is done and leaves, or says when to be polled again. All others sleep without a timer.
//!
//! ```text
//!   the turn:   nobody's ◀──────── leaves, or loses it, and nobody waits ──────┐
//!                  │ somebody enters, or comes back                            │
//!                  ▼                     polled                                │
//!               CALLED(since) ─────────────────────▶ TRYING(since) ── leaves ──┤
//!                │  ▲     ▲                          │  │     │                │
//!   not polled   │  │     └──────── a nudge ─────────┘  │     │ not done for   │ others wait:
//!   for so long  │  │ the time has come,                │     │ so long        │ the next is called
//!                │  │ or a nudge                        ▼     │                ▼
//!                │  └──────────── RESTING(due) ◀── not before `due`     CALLED(now)
//!                ▼                                           ▼
//!               it falls asleep until it is polled; its turn goes to the next, or is nobody's
//! ```
//!
//! # Who wakes whom
//!
//! One alarm in the timers of the clock serves the whole line. It is set to the time that the holder named, or else to the end of
//! our patience; when it rings, the holder is called, or, if it has not been polled since it was called (its future sits in
//! a `select!` that is busy elsewhere), it loses the turn to the next in line. If nobody else waits the turn is nobody's then, and
//! the resource is free for those who do not wait. Who lost the turn keeps its place, and gets the next turn once it is polled; if
//! it is polled while one behind it is called and has not come yet, it takes the turn back. So whoever runs makes progress, however
//! short the patience is.
//!
//! A nudge calls a holder that rests. One that was called already is woken again, and its patience runs on: nudges do not
//! keep the turn of one that is never polled. One that tries is told by [`not_before`](Turns::not_before) to try again.
//!
//! # Locks and the alarm
//!
//! Under the lock there is only arithmetic: clocks, timers and wakers are user code and used outside of it. So the alarm is set
//! by one caller at a time (`Alarm::setting`), who sets it again until it fits what the line wants; all others leave it to that one.
//! An alarm that rings while it is being set is noticed by its count of rings. An alarm that is too early does no harm: it rings,
//! finds nothing to do, and is set again.
//!
//! An alarm that can't be set, since no thread can be started or the clock panics, is not tried again in a loop: the
//! holder and the first that waits are woken, and their next polls set it, or find that the time has come.
//!
//! # Panics
//!
//! A clock may panic in a poll and in [`enter`](Turns::enter), before they change anything. Everywhere else its panic is caught, and
//! the line goes by the latest time that it saw: somebody who leaves, maybe in a destructor, always leaves, and an alarm that can't
//! read the clock wakes the holder, who meets the panic in its own poll. Wakers that are of no use any more are dropped last.
//!
//! # Memory ordering
//!
//! Who changes the resource for the better by any atomic operation and then calls [`nudge`](Turns::nudge) overlooks nobody who
//! entered, or came back, and then looked at the resource. On one side there are the change, a fence, and the look at `awake`; on
//! the other the raise of `awake`, a fence, and the look at the resource: one of the two sees the other, whatever the orderings
//! of the resource are. The looks of a holder that is polled again are ordered by the lock, which a nudge takes too.

use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::line::{Full, Look, Ticket};
use super::turn::{Hold, State};
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{
    AtomicU64, Mutex, MutexGuard, Ordering, full_barrier, store_load_barrier,
};
use crate::kernel::upkeep::{Discarded, TimerKey, shielded, wake, wake_at};

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

impl<C: Clock + 'static> Turns<C> {
    /// Nobody is in line, and at most `max_waiters` ever are at a time. Whoever is called and not polled for `patience` loses the
    /// turn. Less than a nanosecond is taken for one; below what it takes to wake a thread, some 100 µs, the turn goes
    /// to and fro.
    #[must_use]
    pub fn new(clock: C, patience: Duration, max_waiters: usize) -> Self {
        let core = Core {
            clock,
            patience: patience.max(Duration::from_nanos(1)),
            max_waiters,
            awake: AtomicU64::new(0),
            state: Mutex::new(State::new()),
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

    /// Enters at the end of the line, to get `want` of the resource. The caller polls next, which sets the alarm. The ticket ends
    /// with [`finish`](Self::finish), whatever comes of it.
    ///
    /// # Errors
    ///
    /// If as many are in line as may.
    pub fn enter(&self, want: u64) -> Result<Ticket, Full> {
        let core = &self.core;
        let now = core.clock.now();
        let mut state = core.state.lock();
        state.seen(Some(now));
        let ticket = state.line.join(want, core.max_waiters)?;
        core.awake.fetch_add(1, Ordering::SeqCst);
        if state.line.oldest_grant().is_none() {
            // It waits without a waker yet, and finds the turn when it is polled.
            state.pass(now);
        }
        drop(state);
        full_barrier();
        Ok(ticket)
    }

    /// Whether it is the turn of `ticket`: then the caller tries the resource, and either [finishes](Self::finish) or says
    /// [when](Self::not_before) it wants to be polled again. If not, `waker` is called when it is.
    pub fn poll_turn(&self, ticket: Ticket, waker: &Waker) -> Poll<()> {
        let core = &self.core;
        let now = core.clock.now();
        let (mut spare, mut old) = (Discarded(None), Discarded(None));
        let mut came_back = false;
        let turn = loop {
            let mut state = core.state.lock();
            state.seen(Some(now));
            match state.line.look(ticket, waker, &mut spare.0, now) {
                Look::NeedsWaker => {
                    drop(state);
                    spare = Discarded(Some(waker.clone()));
                }
                Look::Granted => {
                    state.hold = Hold::Trying;
                    break Poll::Ready(());
                }
                Look::Waiting { rejoined: false } | Look::Gone => break Poll::Pending,
                Look::Waiting { rejoined: true } => {
                    core.awake.fetch_add(1, Ordering::SeqCst);
                    came_back = true;
                    if !state.is_free_for(ticket) {
                        break Poll::Pending;
                    }
                    // The waker is this one's, and is put back by looking again. A spare one is the one it replaced.
                    old = std::mem::replace(&mut spare, Discarded(state.give(ticket, now)));
                }
            }
        };
        if came_back {
            full_barrier();
        }
        core.set_alarm();
        drop((spare, old));
        turn
    }

    /// Whoever has the turn was too early, and wants to be polled again at `due`, or after a [nudge](Self::nudge); at
    /// [`Tick::MAX`] only after a nudge. `false`: there was a nudge meanwhile, or it took so long that it lost the turn; it has to
    /// be polled anew.
    #[must_use = "who was nudged or lost the turn has to be polled anew"]
    pub fn not_before(&self, ticket: Ticket, due: Tick) -> bool {
        let mut state = self.core.state.lock();
        let holder = state.line.oldest_grant();
        let has_turn = holder.is_some_and(|(holder, _)| holder == ticket);
        if !has_turn || state.hold != Hold::Trying {
            return false;
        }
        state.hold = Hold::Resting(due);
        drop(state);
        self.core.set_alarm();
        true
    }

    /// Leaves the line: done, or given up. If it had the turn, the next in line is called.
    pub fn finish(&self, ticket: Ticket) {
        let core = &self.core;
        let now = core.read_clock();
        let mut state = core.state.lock();
        let now = state.seen(now);
        let Some(left) = state.line.leave(ticket) else {
            return;
        };
        if !left.asleep {
            core.awake.fetch_sub(1, Ordering::SeqCst);
        }
        let passes = left.grant.is_some() && !faulty(Fault::SwallowGrant);
        let next = passes.then(|| state.pass(now)).flatten();
        drop(state);
        let _waker = Discarded(left.waker);
        next.into_iter().for_each(wake);
        core.set_alarm();
    }

    /// The resource has changed for the better, by any atomic operation before this call: whoever has the turn tries again now.
    #[inline]
    pub fn nudge(&self) {
        full_barrier();
        if self.core.awake.load(Ordering::SeqCst) > 0 {
            self.core.nudge();
        }
    }

    /// How many are in line, also those that are asleep.
    #[must_use]
    pub fn in_line(&self) -> usize {
        self.core.state.lock().line.len()
    }

    /// What all in line want together that are not asleep.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.core.state.lock().line.wanted()
    }
}

impl<C: Clock + 'static> Drop for Turns<C> {
    fn drop(&mut self) {
        // Its waker keeps the core alive.
        let set = self.core.state.lock().alarm.set.take();
        self.core.unset(set);
    }
}

impl<C: Clock + 'static> Core<C> {
    #[inline]
    fn count(&self) -> usize {
        store_load_barrier();
        // No more than fit into memory.
        self.awake.load(Ordering::SeqCst) as usize
    }

    /// `None` if it panics.
    fn read_clock(&self) -> Option<Tick> {
        shielded(|| self.clock.now())
    }

    #[cold]
    fn nudge(self: &Arc<Self>) {
        let now = self.read_clock();
        let mut state = self.state.lock();
        let now = state.seen(now);
        let holder = state.call(now);
        drop(state);
        holder.into_iter().for_each(wake);
        self.set_alarm();
    }

    /// The alarm rang.
    fn ring(self: &Arc<Self>) {
        let mut state = self.state.lock();
        // Before any of the user's code: who sets the alarm has to know that it rang.
        state.alarm.rings = state.alarm.rings.wrapping_add(1);
        let set = state.alarm.set.take();
        drop(state);
        let now = self.read_clock();
        let called = self.attend(&mut self.state.lock(), now);
        called.into_iter().for_each(wake);
        // Whichever alarm it was that rang, this one is superfluous.
        self.unset(set);
        if !faulty(Fault::RingOnce) {
            self.set_alarm();
        }
    }

    /// Calls the holder if its time has come, or takes the turn from it. Who cannot be told the time, since the clock panics, is
    /// called, and sees for itself.
    fn attend(&self, state: &mut State, now: Option<Tick>) -> Option<Waker> {
        let Some(now) = now else {
            let seen = state.seen;
            let rests = matches!(state.hold, Hold::Resting(_));
            return if rests {
                state.call(seen)
            } else {
                state.holder_waker()
            };
        };
        state.seen(Some(now));
        match state.hold {
            Hold::Resting(due) if due <= now => state.call(now),
            Hold::Resting(_) => None,
            // It may be its own poll that sets the alarm, with hardly any patience.
            Hold::Trying if state.alarm.setting => None,
            Hold::Called | Hold::Trying => {
                state.line.revoke(now, self.patience)?;
                self.awake.fetch_sub(1, Ordering::SeqCst);
                state.pass(now)
            }
        }
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

            self.unset(old);
            let key = next.and_then(|due| self.arm(due));
            let set = next.zip(key);
            let mut state = self.lock_with_alarm(rings, set);
            state.alarm.setting = false;
            if next.is_some()
                && state.alarm.set.is_none()
                && state.next_alarm(self.patience) == next
            {
                drop(state);
                return self.poll_instead();
            }
        }
    }

    /// `None`: it can't be waited for.
    fn arm(self: &Arc<Self>, due: Tick) -> Option<TimerKey> {
        shielded(|| wake_at(&self.clock, due, Waker::from(self.clone()))).flatten()
    }

    /// Notes what has been set, if it has not rung yet: it was set when there had been so many `rings`.
    fn lock_with_alarm(
        &self,
        mut rings: u64,
        set: Option<(Tick, TimerKey)>,
    ) -> MutexGuard<'_, State> {
        loop {
            let mut state = self.state.lock();
            let Some((_, key)) = set else { return state };
            if state.alarm.rings == rings {
                state.alarm.set = set;
                return state;
            }
            // It may be another one that rang.
            rings = state.alarm.rings;
            drop(state);
            if shielded(|| self.clock.timers().is_armed(key)) != Some(true) {
                return self.state.lock();
            }
        }
    }

    /// The alarm can't be set, or rang at once and found nothing to do: who has the turn or would be next is woken, and looks.
    fn poll_instead(&self) {
        let now = self.read_clock();
        let mut state = self.state.lock();
        if state.hold == Hold::Trying {
            // It is running, and is going to set the alarm.
            return;
        }
        let called = self.attend(&mut state, now);
        let holder = state.holder_waker();
        let front = state.line.front();
        let front = front.and_then(|(front, _)| state.line.waker(front));
        drop(state);
        [called, holder, front].into_iter().flatten().for_each(wake);
    }

    fn unset(&self, set: Option<(Tick, TimerKey)>) {
        if let Some((_, key)) = set {
            shielded(|| self.clock.timers().cancel(key));
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
