//! Those that wait for the pool to change: for a warm-up, for a drain.

use std::task::Waker;

use crate::kernel::sync::{AtomicU64, Mutex, Ordering};
use crate::kernel::upkeep::{Discarded, wake};

/// Wakers to be called at the next change.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watching: AtomicU64,
    wakers: Mutex<Vec<Waker>>,
}

impl Watch {
    /// `waker` is called at the next change. The caller looks at the pool after this call.
    pub(crate) fn await_change(&self, waker: &Waker) {
        let own = waker.clone();
        let mut wakers = self.wakers.lock();
        let known = wakers.iter().any(|known| known.will_wake(&own));
        let spare = if known {
            Some(own)
        } else {
            wakers.push(own);
            None
        };
        self.watching.store(wakers.len() as u64, Ordering::SeqCst);
        drop(wakers);
        drop(Discarded(spare));
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watching.load(Ordering::SeqCst) > 0
    }

    /// Something has changed, by a sequentially consistent operation before this.
    #[inline]
    pub(crate) fn notify(&self) {
        if self.watching.load(Ordering::SeqCst) > 0 {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        let mut wakers = self.wakers.lock();
        let all = std::mem::take(&mut *wakers);
        self.watching.store(0, Ordering::SeqCst);
        drop(wakers);
        all.into_iter().for_each(wake);
    }
}
