//! Readers that announce themselves before they look.

use super::mine;
use super::records::{self, IDLE, Record};
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Ordering, store_load_barrier};

/// A reader inside. Dropping it leaves.
pub(crate) struct Pin {
    record: &'static Record,
}

/// Announces that the caller is about to load a published pointer.
#[inline]
pub(crate) fn enter() -> Pin {
    let record = mine::unused().unwrap_or_else(mine::take);
    let pin = Pin { record };
    if !faulty(Fault::SkipAnnounce) && !faulty(Fault::AnnounceLate) {
        let era = records::era();
        record.announced.swap(era << 1 | 1, Ordering::SeqCst);
        store_load_barrier();
    }
    pin
}

impl Pin {
    /// Narrows the protection to the value at `address`, which the caller found after entering.
    #[inline]
    pub(crate) fn hold(&self, address: usize) {
        if !faulty(Fault::SkipAnnounce) {
            self.record
                .announced
                .store(address as u64, Ordering::Release);
        }
    }
}

impl Drop for Pin {
    #[inline]
    fn drop(&mut self) {
        let order = if faulty(Fault::LeaveRelaxed) {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.record.announced.store(IDLE, order);
        mine::put_back(self.record);
    }
}
