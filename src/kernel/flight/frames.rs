//! Whose loader runs on this thread right now: what tells a loader that it would wait for itself.
//!
//! A leader's frame is pushed while its loader runs, or while its future is polled; so the frames of a thread are those of the task that
//! it polls. Work that a loader gives to another thread or task is not known to be its own.

use std::cell::RefCell;
use std::sync::Arc;

use crate::kernel::sync::local;

/// A flight, whatever it carries.
pub(super) trait Led: Send + Sync {
    /// Whether the leader of this term still leads.
    fn is_led_in(&self, term: u64) -> bool;
}

/// A leader whose loader runs.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) flight: Arc<dyn Led>,
    pub(super) term: u64,
}

impl Frame {
    pub(super) fn address(&self) -> usize {
        address(&*self.flight)
    }
}

/// What tells flights apart while they live.
pub(super) fn address(flight: &dyn Led) -> usize {
    std::ptr::from_ref(flight).cast::<()>().addr()
}

local! {
    static FRAMES: RefCell<Vec<Frame>> = RefCell::new(Vec::new());
}

/// Runs `code` on behalf of a leader.
pub(super) fn within<R>(frame: Frame, code: impl FnOnce() -> R) -> R {
    within_all([frame], code)
}

/// Runs `code` on behalf of several leaders.
pub(super) fn within_all<R>(
    frames: impl IntoIterator<Item = Frame>,
    code: impl FnOnce() -> R,
) -> R {
    let mut pushed = Pop(0);
    for frame in frames {
        // A thread that is being torn down has no frames any more, and its loads are not looked at.
        let push = FRAMES.try_with(|frames| frames.borrow_mut().push(frame));
        pushed.0 += usize::from(push.is_ok());
    }
    let result = code();
    drop(pushed);
    result
}

/// Takes the last frames away, also if the loader panics.
struct Pop(usize);

impl Drop for Pop {
    fn drop(&mut self) {
        for _ in 0..self.0 {
            // It may be the last handle of the flight, which is dropped behind the borrow.
            let _frame = FRAMES.try_with(|frames| frames.borrow_mut().pop());
        }
    }
}

/// Whether any loader runs on this thread.
pub(super) fn any() -> bool {
    FRAMES
        .try_with(|frames| !frames.borrow().is_empty())
        .unwrap_or(false)
}

/// The leaders on this thread that still lead.
pub(super) fn leading() -> Vec<Frame> {
    let frames = FRAMES.try_with(|frames| frames.borrow().clone());
    let mut frames = frames.unwrap_or_default();
    frames.retain(|frame| frame.flight.is_led_in(frame.term));
    frames
}

/// Whether this thread leads `flight`.
pub(super) fn leads(flight: &dyn Led) -> bool {
    any() && {
        let own = address(flight);
        leading().iter().any(|frame| frame.address() == own)
    }
}
