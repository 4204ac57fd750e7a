//! Readers that find a value first, announce it, and look again.

use std::sync::atomic::compiler_fence;

use super::mine;
use super::records::{self, ARRIVING, IDLE, Record};
use crate::kernel::asymmetric;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Ordering, store_load_barrier};

/// A record for a reader that finds a value first, announces it with [`Record::cover`] and then looks whether it is still there.
#[inline]
pub(crate) fn stand_by() -> Cover {
    match mine::mine() {
        Some(record) if record.is_idle() => Cover {
            record,
            borrowed: true,
        },
        _ => Cover {
            record: mine::take(),
            borrowed: false,
        },
    }
}

/// A record for a reader that stays: another than the thread's own, and good for another thread as well.
pub(crate) fn stand_apart() -> Cover {
    Cover {
        record: records::take(),
        borrowed: false,
    }
}

/// A record that announces single values, found before they are announced.
pub(crate) struct Cover {
    record: &'static Record,
    borrowed: bool,
}

impl std::ops::Deref for Cover {
    type Target = Record;

    #[inline(always)]
    fn deref(&self) -> &Record {
        self.record
    }
}

/// The thread's own record, while nothing else is announced in it: a [`Cover`] for those who are in a hurry.
pub(crate) struct Own(&'static Record);

/// The thread's own record, if it has one and is not in use.
#[inline(always)]
pub(crate) fn own() -> Option<Own> {
    mine::mine()
        .filter(|record| record.announced.load(Ordering::Relaxed) == IDLE)
        .map(Own)
}

impl std::ops::Deref for Own {
    type Target = Record;

    #[inline(always)]
    fn deref(&self) -> &Record {
        self.0
    }
}

impl Drop for Own {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.announced.store(IDLE, Ordering::Release);
    }
}

impl Record {
    /// Announces that the caller is about to load where to look, and lets go of what it had. Without a barrier: see
    /// [`asymmetric::is_light`].
    #[inline(always)]
    pub(crate) fn arrive(&self) {
        let order = if faulty(Fault::ArriveRelaxed) {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.announced.store(ARRIVING, order);
        compiler_fence(Ordering::SeqCst);
    }

    /// Announces that the caller is about to use the value at `address`, which may be retired already: it must look again at where it
    /// found it, by a sequentially consistent load, and leave the value alone if it isn't there any more.
    ///
    /// Addresses are even: odd words are eras.
    #[inline(always)]
    pub(crate) fn cover(&self, address: usize) {
        if faulty(Fault::SkipCover) {
            return;
        }
        if asymmetric::is_light() {
            self.announced.store(address as u64, Ordering::Release);
            compiler_fence(Ordering::SeqCst);
        } else {
            self.announced.swap(address as u64, Ordering::SeqCst);
            store_load_barrier();
        }
    }
}

impl Drop for Cover {
    #[inline(always)]
    fn drop(&mut self) {
        let order = if faulty(Fault::LeaveRelaxed) {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.record.announced.store(IDLE, order);
        if !self.borrowed {
            put_back_rarely(self.record);
        }
    }
}

#[cold]
fn put_back_rarely(record: &'static Record) {
    mine::put_back(record);
}
