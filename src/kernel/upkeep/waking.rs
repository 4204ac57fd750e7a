//! Calling code of somebody else, wakers and clocks, that may panic.

use std::task::Waker;

/// What `theirs` returns, or `None` if it panics. The panic has been reported by the panic hook then, and must not keep others from
/// being served: whoever has to see it meets it again in a call of its own.
///
/// The caller holds no lock.
#[inline]
pub(crate) fn shielded<T>(theirs: impl FnOnce() -> T) -> Option<T> {
    if cfg!(any(tenfold_loom, tenfold_shuttle)) {
        // A panic in a model is a finding.
        return Some(theirs());
    }
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(theirs)) {
        Ok(value) => Some(value),
        Err(panic) => {
            // Its destructor may panic as well, and then that of what it panics with.
            let dropped = std::panic::AssertUnwindSafe(|| drop(panic));
            if let Err(again) = std::panic::catch_unwind(dropped) {
                std::mem::forget(again);
            }
            None
        }
    }
}

/// Wakes.
///
/// The caller holds no lock.
#[inline]
pub(crate) fn wake(waker: Waker) {
    shielded(|| waker.wake());
}

/// A waker that is of no use any more. Its destructor is somebody else's code too: it runs when this is dropped, and its panic goes
/// no further. Whoever holds one drops it last.
#[derive(Debug, Default)]
pub(crate) struct Discarded(pub(crate) Option<Waker>);

impl Drop for Discarded {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            shielded(|| drop(waker));
        }
    }
}
