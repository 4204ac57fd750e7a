//! A thread as a task: it polls, and parks until its waker is called.
//!
//! The parker and its waker are made once per thread and kept in a thread-local. They are taken out while in use, so a wait within
//! a wait (in a destructor, say) gets a pair of its own and can't take the other one's wake-up. A waker that was left with
//! somebody may unpark a later wait of this thread, which polls once more then.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use crate::kernel::sync::{Parker, Unparker};

std::thread_local! {
    static SPARE: Cell<Option<Pair>> = const { Cell::new(None) };
}

/// Calls `poll` until it is ready; between two calls the thread is parked until the waker is called.
///
/// # Blocking
///
/// As long as `poll` is not ready.
pub fn block_on<T>(mut poll: impl FnMut(&Waker) -> Poll<T>) -> T {
    // A thread that is being torn down, or one of a model, makes a pair each time.
    let kept = SPARE.try_with(Cell::take).ok().flatten();
    let pair = kept.unwrap_or_else(Pair::new);
    loop {
        if let Poll::Ready(value) = poll(&pair.waker) {
            pair.keep();
            return value;
        }
        pair.parker.park();
    }
}

struct Pair {
    parker: Parker,
    waker: Waker,
}

impl Pair {
    fn new() -> Self {
        let parker = Parker::new();
        let waker = Waker::from(Arc::new(Unpark(parker.unparker().clone())));
        Self { parker, waker }
    }

    fn keep(self) {
        // A checker's primitives belong to one execution of a model.
        if cfg!(not(any(tenfold_loom, tenfold_shuttle))) {
            let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

struct Unpark(Unparker);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
