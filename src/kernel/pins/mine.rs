//! The record that a thread keeps between reads.

use std::cell::Cell;

use super::records::{self, Record};
use crate::kernel::sync::local;

local! {
    /// A record kept by this thread between reads, so that the next read need not look for one. Without a destructor: it is looked at
    /// twice per read.
    static MINE: Cell<Option<&'static Record>> = Cell::new(None);
}

local! {
    /// Whether the thread gives a record back when it ends, so that it may keep one.
    static KEEPS: Cell<bool> = Cell::new(false);
}

local! {
    static LEAVE: Leave = Leave(Cell::new(false));
}

struct Leave(Cell<bool>);

impl Drop for Leave {
    fn drop(&mut self) {
        // Later destructors of the same thread may read, and keep nothing.
        let _ = KEEPS.try_with(|keeps| keeps.set(false));
        // Under loom the statics may be gone by now; there each thread of a model keeps its record.
        let mine = MINE.try_with(Cell::take).ok().flatten();
        if let Some(record) = mine.filter(|_| !cfg!(tenfold_loom)) {
            record.release();
        }
    }
}

/// Any record, for a thread that has none at hand; from now on it keeps one, if it is not ending.
#[cold]
pub(super) fn take() -> &'static Record {
    let leaves = LEAVE.try_with(|leave| leave.0.set(true)).is_ok();
    let _ = KEEPS.try_with(|keeps| keeps.set(leaves));
    records::take()
}

/// The record that the thread keeps, which is the caller's from now on; none if a [`Cover`](super::Cover) has borrowed it.
#[inline]
pub(super) fn unused() -> Option<&'static Record> {
    let unused = |mine: &Cell<Option<&'static Record>>| {
        let record = mine.get().filter(|record| record.is_idle())?;
        mine.set(None);
        Some(record)
    };
    MINE.try_with(unused).ok().flatten()
}

/// The thread's own record, in use or not.
#[inline(always)]
pub(super) fn mine() -> Option<&'static Record> {
    MINE.try_with(Cell::get).ok().flatten()
}

/// Gives a record back whose user has left, to the thread if it has none.
#[inline]
pub(super) fn put_back(record: &'static Record) {
    let keeps = KEEPS.try_with(Cell::get).unwrap_or(false);
    let kept = MINE.try_with(|mine| {
        // An inner read may have given its record to the thread already.
        let free = keeps && mine.get().is_none();
        if free {
            mine.set(Some(record));
        }
        free
    });
    if !kept.unwrap_or(false) {
        record.release();
    }
}
