//! A timed wait on whichever clock.

use std::task::Waker;

use super::timers::{TimerKey, Timers};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::sync::fault::{Fault, is as faulty};

/// Wakes `waker` once, when `clock` may have come to `due`: who is woken looks at the clock, and waits again if it was too early.
/// Cancelled with `clock.timers().cancel(key)`. `None`: it can't be waited for, and `waker` has been woken already.
///
/// Runs the clock's code, so the caller holds no lock; and may wake `waker` before it returns.
///
/// Two kinds of timers. Those that are driven by hand count in ticks of their clock. It may have been moved after the caller had
/// looked at it and before the waker was in place, when whoever moved it found nobody to wake; so the clock is looked at again
/// (the lock of the timers orders the two: either the mover finds the waker, or the caller sees the clock moved). Those
/// of the process count in real time, whatever the clock's origin and rate are; what is left on the clock is taken for as much
/// real time.
pub(crate) fn wake_at<C: Clock + ?Sized>(clock: &C, due: Tick, waker: Waker) -> Option<TimerKey> {
    let timers = clock.timers();
    if timers.is_manual() {
        let armed = Armed(timers, timers.arm(due, waker)?);
        let now = clock.now();
        let key = armed.1;
        std::mem::forget(armed);
        if now >= due && !faulty(Fault::ArmWithoutLook) {
            timers.run_due(now);
        }
        return Some(key);
    }
    let rest = due.since(clock.now());
    timers.arm(MonotonicClock::new().now().saturating_add(rest), waker)
}

/// Cancels if the clock panics.
struct Armed<'t>(&'t Timers, TimerKey);

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        self.0.cancel(self.1);
    }
}
