//! The thread that drives the process's timers.
//!
//! ```text
//!            first timed wait                        nothing due yet
//!   Gone ─────────────────────▶ Busy ────────────────────────────────────────▶ Asleep(until)
//!    ▲                          │  ▲                                                │
//!    │   nothing waits, for 1 s │  └────────────────────────────────────────────────┘
//!    └──────────────────────────┘     time has come, or a wait that is due earlier
//! ```
//!
//! The life is changed under the lock of the timers, together with the wheel: who arms a wait sees either a housekeeper that will
//! look at the wheel before it sleeps or ends (`Busy`), or one to wake (`Asleep` for longer), or none, and starts one.
//!
//! Who cancels a wait wakes nobody: the thread comes for what is not there any more, once, and ends a second after that.
//!
//! Where no thread can be started, everybody who waits is woken at once, and waits by trying again.

use std::sync::LazyLock;
use std::time::Duration;

use super::timers::{State, Timers};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::sync::{Condvar, MutexGuard};

/// How long the thread stays when nobody waits: a service that waits now and then does not start one each time.
const LINGER: Duration = Duration::from_secs(1);

static PROCESS: LazyLock<Timers> = LazyLock::new(|| {
    Timers::driven_by(Some(Housekeeper {
        bell: Condvar::new(),
        #[cfg(test)]
        no_threads: false,
    }))
});

/// Timers for which no thread can be started.
#[cfg(test)]
pub(crate) fn without_threads() -> Timers {
    Timers::driven_by(Some(Housekeeper {
        bell: Condvar::new(),
        no_threads: true,
    }))
}

pub(super) fn process() -> &'static Timers {
    &PROCESS
}

/// What the timers know of their thread.
#[derive(Debug)]
pub(super) struct Housekeeper {
    bell: Condvar,
    #[cfg(test)]
    no_threads: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Gone,
    Busy,
    Asleep {
        until: Tick,
    },
}

impl Housekeeper {
    /// Sees to it that somebody is there at `due`. If nobody can be, everybody who waits is woken, and it is `false`.
    pub(super) fn attend(
        &self,
        timers: &Timers,
        mut state: MutexGuard<'_, State>,
        due: Tick,
    ) -> bool {
        match state.life {
            Life::Asleep { until } if due < until => {
                // The next one that is later than this need not ring.
                state.life = Life::Asleep { until: due };
                drop(state);
                self.bell.notify_one();
            }
            Life::Gone => {
                state.life = Life::Busy;
                drop(state);
                if !self.start() {
                    timers.state.lock().life = Life::Gone;
                    // Everybody's time has come.
                    timers.run_due(Tick::MAX);
                    return false;
                }
            }
            Life::Asleep { .. } | Life::Busy => {}
        }
        true
    }

    /// Nobody waits any more: it is told, if it would otherwise sleep for long. Short waits that are cancelled, as most are, cost nothing
    /// here.
    pub(super) fn dismiss(&self, mut state: MutexGuard<'_, State>, now: Tick) {
        let far = now.saturating_add(LINGER);
        if matches!(state.life, Life::Asleep { until } if far < until && until < Tick::MAX) {
            state.life = Life::Asleep { until: Tick::MAX };
            drop(state);
            self.bell.notify_one();
        }
    }

    /// Starts the thread.
    fn start(&self) -> bool {
        #[cfg(test)]
        if self.no_threads {
            return false;
        }
        let thread = std::thread::Builder::new().name("tenfold-upkeep".to_owned());
        thread.spawn(|| keep(&PROCESS)).is_ok()
    }
}

/// The life of the thread.
fn keep(timers: &Timers) {
    let Some(Housekeeper { bell, .. }) = timers.housekeeper() else {
        return;
    };
    let mut idle_since = None;
    loop {
        timers.run_due(MonotonicClock::new().now());
        // Wakers may have taken their time.
        let now = MonotonicClock::new().now();
        let mut state = timers.state.lock();
        let (until, rest) = if let Some(due) = state.wheel.next_due().map(Tick::from_nanos) {
            idle_since = None;
            (due, due.since(now))
        } else {
            let idle = now.since(*idle_since.get_or_insert(now));
            (Tick::MAX, LINGER.saturating_sub(idle))
        };
        if !rest.is_zero() {
            state.life = Life::Asleep { until };
            bell.wait_for(&mut state, rest);
            state.life = Life::Busy;
        } else if idle_since.is_some() {
            state.life = Life::Gone;
            return;
        }
    }
}
