//! Timed waits on one clock, whoever drives them.
//!
//! Invariants: no user code runs under the lock (wakers are woken and dropped outside of it, a batch at a time), and a deadline is
//! in the wheel until it is fired or cancelled, by one of the two.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::Waker;

use super::housekeeper::{self, Housekeeper, Life};
use super::waking::{Discarded, wake};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::slab::Key;
use crate::kernel::sync::Mutex;
use crate::kernel::wheel::Wheel;

/// Wakers that are taken out of the wheel at a time.
const BATCH: usize = 32;

/// Where timed waits on a clock are kept until they are due.
///
/// Whatever in this crate waits for a point in time, as a thread or as a task, leaves a waker in the timers of its
/// [`Clock`](crate::clock::Clock). Those of real time are driven by one housekeeper thread of the process, which exists while somebody
/// waits and ends a second after nobody does. Those of a [`ManualClock`](crate::clock::ManualClock) are driven by whoever moves it.
///
/// A clock of your own that does not run with real time has [`Timers::manual`] and runs what is due whenever it has moved:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use tenfold::clock::{Clock, Tick, Timers};
///
/// /// The clock of a simulation.
/// #[derive(Debug)]
/// struct Simulated {
///     now: AtomicU64,
///     timers: Timers,
/// }
///
/// impl Simulated {
///     fn step_to(&self, tick: Tick) {
///         self.now.store(tick.as_nanos(), Ordering::SeqCst);
///         self.timers.run_due(tick);
///     }
/// }
///
/// impl Clock for Simulated {
///     fn now(&self) -> Tick {
///         Tick::from_nanos(self.now.load(Ordering::SeqCst))
///     }
///
///     fn timers(&self) -> &Timers {
///         &self.timers
///     }
/// }
///
/// let clock = Simulated { now: AtomicU64::new(0), timers: Timers::manual() };
/// clock.step_to(Tick::from_nanos(1_000));
/// assert!(clock.timers().is_empty());
/// ```
///
/// # Complexity
///
/// Arming, cancelling and firing take a fixed number of steps each. A timed wait takes 40 bytes; memory is kept for as many waits as
/// there ever were at a time.
pub struct Timers {
    pub(super) state: Mutex<State>,
    /// Who drives these by real time. Nobody, if they are driven by hand.
    housekeeper: Option<Housekeeper>,
}

pub(super) struct State {
    pub(super) wheel: Wheel<Waker>,
    #[cfg_attr(
        any(tenfold_loom, tenfold_shuttle),
        expect(dead_code, reason = "no housekeeper lives under a model checker")
    )]
    pub(super) life: Life,
}

/// Names a timed wait until it is fired or cancelled, and nothing after that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerKey(Key);

impl Timers {
    /// Timers that fire when [`run_due`](Self::run_due) is called, and not on their own.
    #[must_use]
    pub fn manual() -> Self {
        Self::driven_by(None)
    }

    /// The timers of real time, on [`MonotonicClock`](crate::clock::MonotonicClock), which a housekeeper thread drives.
    #[must_use]
    pub fn process() -> &'static Self {
        housekeeper::process()
    }

    pub(super) fn driven_by(housekeeper: Option<Housekeeper>) -> Self {
        Self {
            state: Mutex::new(State {
                wheel: Wheel::new(),
                life: Life::default(),
            }),
            housekeeper,
        }
    }

    /// Wakes whoever waits for a time up to `now`: in the order of these times, and of their arrival for equal ones. Returns when
    /// the next is due; for very many waits, a time before that.
    ///
    /// A waker that panics does not keep the others from being woken; the panic is reported by the panic hook and goes no further.
    /// A time before an earlier `now` is as good as any other.
    ///
    /// Who waits anew while this runs may have to wait for the next call. A waker that moves the clock has what is due then woken
    /// first, by its own call, and what this one has taken out already after that. A waker must not block, nor wait for a
    /// timer: whoever runs this is who would wake it.
    pub fn run_due(&self, now: Tick) -> Option<Tick> {
        let mut budget = self.len();
        loop {
            let mut batch = [const { None }; BATCH];
            let mut state = self.state.lock();
            let mut taken = 0;
            for place in batch.iter_mut().take(budget) {
                *place = state.wheel.pop(now.as_nanos());
                if place.is_none() {
                    break;
                }
                taken += 1;
            }
            if taken == 0 {
                return state.wheel.next_due().map(Tick::from_nanos);
            }
            drop(state);
            budget -= taken;
            batch.into_iter().flatten().for_each(wake);
        }
    }

    /// When the next wait is due; for very many waits, a time before that.
    #[must_use]
    pub fn next_due(&self) -> Option<Tick> {
        self.state.lock().wheel.next_due().map(Tick::from_nanos)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.lock().wheel.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wakes `waker` once, when these timers come to `due`. `None`: it can't be waited for (there are too many, or nobody drives
    /// the timers), and `waker` has been woken already. Whoever can, uses [`wake_at`](super::wake_at), which cares for what a
    /// clock does meanwhile.
    pub(crate) fn arm(&self, due: Tick, waker: Waker) -> Option<TimerKey> {
        let mut state = self.state.lock();
        match state.wheel.insert(due.as_nanos(), waker) {
            Ok(key) => {
                let attended = match &self.housekeeper {
                    Some(housekeeper) => housekeeper.attend(self, state, due),
                    None => true,
                };
                attended.then_some(TimerKey(key))
            }
            Err(waker) => {
                drop(state);
                wake(waker);
                None
            }
        }
    }

    /// Forgets a wait. Whether it had not been fired yet.
    pub(crate) fn cancel(&self, key: TimerKey) -> bool {
        let now = self
            .housekeeper
            .is_some()
            .then(|| MonotonicClock::new().now());
        let mut state = self.state.lock();
        let waker = Discarded(state.wheel.remove(key.0));
        match (&self.housekeeper, now) {
            (Some(housekeeper), Some(now)) if state.wheel.len() == 0 => {
                housekeeper.dismiss(state, now);
            }
            _ => drop(state),
        }
        // Dropped behind the lock.
        waker.0.is_some()
    }

    /// Whether a wait is neither fired nor cancelled.
    pub(crate) fn is_armed(&self, key: TimerKey) -> bool {
        self.state.lock().wheel.contains(key.0)
    }

    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    pub(super) const fn housekeeper(&self) -> Option<&Housekeeper> {
        self.housekeeper.as_ref()
    }

    #[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
    pub(super) fn life(&self) -> Life {
        self.state.lock().life
    }

    /// Whether they fire only when somebody moves the clock.
    pub(crate) const fn is_manual(&self) -> bool {
        self.housekeeper.is_none()
    }
}

// The lock is never held while user code runs, so a panic leaves nothing half done.
impl UnwindSafe for Timers {}
impl RefUnwindSafe for Timers {}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("manual", &self.is_manual())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
