//! Calling a waker, which is somebody else's code.

use std::task::Waker;

/// Wakes. A waker that panics has been reported by the panic hook then, and must not keep others from being woken.
///
/// The caller holds no lock.
#[inline]
pub(crate) fn wake(waker: Waker) {
    if cfg!(any(tenfold_loom, tenfold_shuttle)) {
        // A panic in a model is a finding.
        waker.wake();
    } else {
        let woken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waker.wake()));
        if let Err(panic) = woken {
            // Its destructor may panic as well.
            std::mem::forget(panic);
        }
    }
}
