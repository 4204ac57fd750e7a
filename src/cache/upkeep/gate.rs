//! How a cache ends while its upkeep is at work on another thread.
//!
//! A pass has a handle to the cache, and values to drop. Who drops the last handle of the user's expects all values to be dropped then. So it
//! closes the gate, after which no pass begins, and waits for the one that has begun. Not for ever: the pass runs code of the user's, and that
//! may wait for whoever drops the handle.

use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::sync::{Mutex, yield_now};

/// The longest wait for a pass.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(in crate::cache) struct Gate(Mutex<State>);

#[derive(Debug)]
struct State {
    closed: bool,
    /// Who is at a pass.
    inside: Option<ThreadId>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            closed: false,
            inside: None,
        }))
    }

    /// Whether a pass may begin. Its caller leaves when it has no handle any more.
    pub(super) fn enter(&self) -> bool {
        let mut state = self.0.lock();
        if !state.closed {
            state.inside = Some(thread::current().id());
        }
        !state.closed
    }

    pub(super) fn leave(&self) {
        self.0.lock().inside = None;
    }

    /// Whether somebody else is inside.
    fn is_busy(&self) -> bool {
        self.0
            .lock()
            .inside
            .is_some_and(|inside| inside != thread::current().id())
    }

    fn close(&self) {
        self.0.lock().closed = true;
        if !self.is_busy() {
            return;
        }
        let clock = MonotonicClock::new();
        let end = clock.now().saturating_add(PATIENCE);
        while self.is_busy() && clock.now() < end {
            yield_now();
        }
    }
}

/// What all handles of the user's share.
#[derive(Debug)]
pub(in crate::cache) struct Handle(pub(super) std::sync::Arc<Gate>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn who_closes_waits_for_who_is_inside() {
        let gate = Arc::new(Gate::new());
        let theirs = gate.clone();
        assert!(gate.enter());
        let closed = std::time::Instant::now();
        let closing = thread::spawn(move || drop(Handle(theirs)));
        while gate.enter() {}
        (0..100).for_each(|_| yield_now());
        let waits = !closing.is_finished();
        assert!(waits || closed.elapsed() >= PATIENCE);
        gate.leave();
        assert!(closing.join().is_ok());
    }

    #[test]
    fn nobody_waits_for_itself_nor_for_ever() {
        let gate = Arc::new(Gate::new());
        assert!(gate.enter());
        drop(Handle(gate.clone()));
        assert!(!gate.enter());
        // It stays inside, and the other goes on nevertheless.
        assert!(thread::spawn(move || drop(Handle(gate))).join().is_ok());
    }
}
