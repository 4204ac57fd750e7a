//! What a component does now and then: one call at a time, at the time it asked for.
//!
//! ```text
//!                    nudge, or it asked for a time            the time has come
//!   Resting(never) ─────────────────────────────▶ Arming(due) ────────────────▶ Called
//!        ▲                                       ▲    │                           │ a worker, or whoever moves the clock
//!        │                          its time, or │    │ not yet due               ▼
//!        │                         a nudge for   │    ▼                        Running(again) ── wants to be called ──▶ Arming
//!        │                         an earlier one└ Resting(due)                   │
//!        └────────────────────────────────────────────────────────────────────────┘ wants nothing
//! ```
//!
//! # Invariants
//!
//! * One caller at a time arms, and one runs: each has taken the phase from somebody under the lock. Neither the clock's code, nor that of
//!   the timers, nor the component's runs under it.
//! * A nudge is never lost: it changes `due` of who arms, or `again` of who runs, or arms itself. One that finds a call that has not begun
//!   needs nothing: that call will see what was changed before the nudge.
//! * In `Resting` there is one timer for `due`, or none if that is `Tick::MAX`. A ring that comes for something else arms anew.
//! * Once the handle is dropped the component is gone from the state, and nobody arms or calls any more.
#![cfg_attr(
    not(any(tenfold_loom, tenfold_shuttle)),
    expect(unreachable_pub, reason = "public for the model checkers")
)]

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use super::arm::wake_at;
use super::timers::TimerKey;
use super::waking::shielded;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::sync::Mutex;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::workers::{Executor, Task};

/// After this long a component that panicked is called again.
const AFTER_PANIC: Duration = Duration::from_secs(1);
/// After this long the workers are asked again that had no place for the call.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// A component that does something now and then.
pub trait Upkeep: Send + Sync + 'static {
    /// Does what is due at `now`, and says when to be called next: `None` is not before a nudge. A time that is not after `now` means as
    /// soon as the clock has moved. What is to be done at once is done by this call.
    fn upkeep(&self, now: Tick) -> Option<Tick>;
}

/// Calls the upkeep of a component when it is due, until this handle is dropped.
///
/// Never two at a time. On a clock of real time a worker calls it; on one that is moved by hand, whoever moves it, before the move
/// returns. After the drop no call begins; one that has begun goes on.
///
/// If no thread can be started, nothing is called before the next nudge; nor if the clock panics.
pub struct Periodic<U: Upkeep, C: Clock + 'static> {
    shared: Arc<Shared<U, C>>,
}

/// Asks for an upkeep, and does not keep it going.
pub struct Nudger<U: Upkeep, C: Clock + 'static>(Arc<Shared<U, C>>);

struct Shared<U, C> {
    clock: C,
    executor: Executor,
    state: Mutex<State<U>>,
}

struct State<U> {
    /// Gone once the handle is.
    component: Option<Arc<U>>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Resting {
        due: Tick,
        key: Option<TimerKey>,
    },
    Arming {
        due: Tick,
        /// The timer has rung already.
        rang: bool,
    },
    Called,
    Running {
        /// What was asked for meanwhile.
        again: Tick,
    },
}

const NEVER: Phase = Phase::Resting {
    due: Tick::MAX,
    key: None,
};

impl<U: Upkeep, C: Clock + 'static> Periodic<U, C> {
    /// Nothing is called before the first nudge.
    #[must_use]
    pub fn new(component: Arc<U>, clock: C) -> Self {
        let executor = Executor::of(&clock);
        Self::on(component, clock, executor)
    }

    /// As [`new`](Self::new), with a choice of who calls.
    #[must_use]
    pub fn on(component: Arc<U>, clock: C, executor: Executor) -> Self {
        let state = Mutex::new(State {
            component: Some(component),
            phase: NEVER,
        });
        let shared = Shared {
            clock,
            executor,
            state,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A handle for those that may ask for a call.
    #[must_use]
    pub fn nudger(&self) -> Nudger<U, C> {
        Nudger(self.shared.clone())
    }
}

impl<U: Upkeep, C: Clock + 'static> Nudger<U, C> {
    /// Asks for a call at `due` at the latest: `Tick::ZERO` is now. The call sees everything that was done before. Nothing once the
    /// [`Periodic`] is dropped.
    pub fn nudge(&self, due: Tick) {
        self.0.nudge(due);
    }
}

impl<U: Upkeep, C: Clock + 'static> Drop for Periodic<U, C> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        let component = state.component.take();
        let key = match state.phase {
            Phase::Resting { key, .. } => {
                state.phase = NEVER;
                key
            }
            _ => None,
        };
        drop(state);
        self.shared.cancel(key);
        // Behind the lock: it may be the last one.
        shielded(|| drop(component));
    }
}

impl<U: Upkeep, C: Clock + 'static> Shared<U, C> {
    fn nudge(self: &Arc<Self>, wish: Tick) {
        let mut state = self.state.lock();
        if state.component.is_none() {
            return;
        }
        match &mut state.phase {
            Phase::Resting { due, key } if wish < *due => {
                let key = key.take();
                state.phase = Phase::Arming {
                    due: wish,
                    rang: false,
                };
                drop(state);
                self.cancel(key);
                if self.arm(wish) {
                    self.dispatch();
                }
            }
            Phase::Arming { due, .. } => *due = wish.min(*due),
            Phase::Running { .. } if faulty(Fault::ForgetNudge) => {}
            Phase::Running { again } => *again = wish.min(*again),
            Phase::Resting { .. } | Phase::Called => {}
        }
    }

    /// The timer has rung, or an older one.
    fn ring(self: &Arc<Self>) {
        let mut state = self.state.lock();
        match &mut state.phase {
            Phase::Resting { due, key } if *due < Tick::MAX => {
                let (due, key) = (*due, key.take());
                state.phase = Phase::Arming { due, rang: false };
                drop(state);
                self.cancel(key);
                if self.arm(due) {
                    self.dispatch();
                }
            }
            Phase::Arming { rang, .. } => *rang = true,
            _ => {}
        }
    }

    /// The caller has put the phase to `Arming`. Sets the timer; or `true`, if it is time already: then the phase is `Called`.
    fn arm(self: &Arc<Self>, mut due: Tick) -> bool {
        let waker = Waker::from(self.clone());
        loop {
            let now = shielded(|| self.clock.now());
            let past = now.is_some_and(|now| now >= due);
            let waits = now.is_some() && !past;
            let armed = || wake_at(&self.clock, due, waker.clone());
            let key = waits.then(|| shielded(armed)).flatten().flatten();
            let mut state = self.state.lock();
            let (wanted, rang) = match state.phase {
                Phase::Arming { due, rang } => (due, rang),
                // Nobody else leaves this phase.
                _ => (due, false),
            };
            let stopped = state.component.is_none() && !faulty(Fault::RunStopped);
            if stopped {
                state.phase = NEVER;
            } else if wanted < due || (rang && key.is_some()) {
                due = wanted;
                state.phase = Phase::Arming { due, rang: false };
                drop(state);
                self.cancel(key);
                continue;
            } else if past {
                state.phase = Phase::Called;
            } else if key.is_some() {
                state.phase = Phase::Resting { due, key };
                return false;
            } else {
                // It can't be waited for.
                state.phase = NEVER;
            }
            drop(state);
            self.cancel(key);
            return past && !stopped;
        }
    }

    /// Has somebody make the call. The phase is `Called`.
    fn dispatch(self: &Arc<Self>) {
        loop {
            let own = self.clone();
            let refused = self
                .executor
                .execute(Task::Own, Box::new(move || own.run()));
            if refused.is_ok() {
                return;
            }
            let now = shielded(|| self.clock.now()).unwrap_or(Tick::ZERO);
            let due = now.saturating_add(AFTER_REFUSAL);
            self.state.lock().phase = Phase::Arming { due, rang: false };
            if !self.arm(due) {
                return;
            }
        }
    }

    /// Calls, for as long as it is time. The phase is `Called`.
    fn run(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            let Some(component) = state.component.clone() else {
                return;
            };
            state.phase = Phase::Running { again: Tick::MAX };
            drop(state);
            let next = self.call(&component);
            // Perhaps the last one.
            shielded(|| drop(component));
            let mut state = self.state.lock();
            let again = match state.phase {
                Phase::Running { again } => again,
                _ => Tick::MAX,
            };
            let due = next.min(again);
            if state.component.is_none() || due == Tick::MAX {
                state.phase = NEVER;
                return;
            }
            state.phase = Phase::Arming { due, rang: false };
            drop(state);
            if !self.arm(due) {
                return;
            }
        }
    }

    fn call(&self, component: &U) -> Tick {
        let Some(now) = shielded(|| self.clock.now()) else {
            return Tick::MAX;
        };
        match shielded(|| component.upkeep(now)) {
            Some(None) => Tick::MAX,
            Some(Some(next)) => next.max(now.saturating_add(Duration::from_nanos(1))),
            None => now.saturating_add(AFTER_PANIC),
        }
    }

    fn cancel(&self, key: Option<TimerKey>) {
        if let Some(key) = key {
            shielded(|| self.clock.timers().cancel(key));
        }
    }
}

impl<U: Upkeep, C: Clock + 'static> Wake for Shared<U, C> {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

impl<U: Upkeep, C: Clock + 'static> fmt::Debug for Periodic<U, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.shared.state.lock().phase;
        f.debug_struct("Periodic")
            .field("phase", &phase)
            .finish_non_exhaustive()
    }
}

impl<U: Upkeep, C: Clock + 'static> Clone for Nudger<U, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U: Upkeep, C: Clock + 'static> fmt::Debug for Nudger<U, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nudger").finish_non_exhaustive()
    }
}
