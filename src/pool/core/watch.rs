//! Those that wait for the pool to change: for a warm-up, for a drain.

use std::task::Waker;

use crate::kernel::sync::{AtomicU64, Mutex, Ordering, store_load_barrier};
use crate::kernel::upkeep::{Discarded, wake};

/// Wakers to be called at the next change.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watching: AtomicU64,
    wakers: Mutex<Vec<(u64, Waker)>>,
    watchers: AtomicU64,
}

impl Watch {
    /// A number for somebody who is going to watch.
    pub(crate) fn number(&self) -> u64 {
        self.watchers.fetch_add(1, Ordering::Relaxed)
    }

    /// `waker` is called at the next change, for the watcher with this number. The caller looks at the pool after this call.
    pub(crate) fn await_change(&self, number: u64, waker: &Waker) {
        let own = waker.clone();
        let mut wakers = self.wakers.lock();
        let known = wakers.iter_mut().find(|(known, _)| *known == number);
        let spare = if let Some((_, known)) = known {
            Some(std::mem::replace(known, own))
        } else {
            wakers.push((number, own));
            None
        };
        self.watching.store(wakers.len() as u64, Ordering::SeqCst);
        drop(wakers);
        store_load_barrier();
        drop(Discarded(spare));
    }

    /// This one does not watch any more.
    pub(crate) fn forget(&self, number: u64) {
        let mut wakers = self.wakers.lock();
        let place = wakers.iter().position(|(known, _)| *known == number);
        let waker = place.map(|place| wakers.swap_remove(place).1);
        self.watching.store(wakers.len() as u64, Ordering::SeqCst);
        drop(wakers);
        drop(Discarded(waker));
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watching.load(Ordering::SeqCst) > 0
    }

    /// Something has changed, by a sequentially consistent operation before this.
    #[inline]
    pub(crate) fn notify(&self) {
        store_load_barrier();
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
        all.into_iter().for_each(|(_, waker)| wake(waker));
    }
}
