//! Entries that were taken out and of which somebody is still to be told.
//!
//! Whoever takes entries out for a listener notes where they lie, in [`Notices`], and tells of them when the lock is released. Until then
//! the owner must not empty their slots: it keeps their ids apart, in [`Owed`], where it doesn't look for what may be reclaimed.
//!
//! All notices of one go have one flag. It is set when they are told or dropped, in whatever way, by a release store; the owner reads it
//! with acquire before it treats their slots as any others. So what the listener saw happens before a slot is emptied. If the table is
//! replaced meanwhile, what is owed stays with the old one, and keeps it. If nobody ever sets the flag, since the notices were forgotten,
//! the entries stay as long as the table.
//!
//! An entry costs no announcement, and nobody else has to look at it.
#![expect(
    unsafe_code,
    reason = "a listener is lent keys and values by their address, without a lock and without an announcement for each"
)]

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::arena::Arena;
use crate::cache::RemovalCause;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{Arc, AtomicBool, Ordering};

/// Key and value of an entry, and why it went.
type Notice<K, V> = (NonNull<K>, NonNull<V>, RemovalCause);

/// What a listener is to be told, in one go.
pub(crate) struct Notices<'a, K, V> {
    /// Often the only one.
    first: Option<Notice<K, V>>,
    more: Vec<Notice<K, V>>,
    /// Whether that is over.
    over: Arc<AtomicBool>,
    arena: PhantomData<&'a Arena<K, V>>,
}

// SAFETY: they are shared references to the entries, and a flag that any thread may set.
unsafe impl<K: Sync, V: Sync> Send for Notices<'_, K, V> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for Notices<'_, K, V> {}

impl<K, V> Notices<'_, K, V> {
    pub(crate) fn new() -> Self {
        Self {
            first: None,
            more: Vec::new(),
            over: Arc::new(AtomicBool::new(false)),
            arena: PhantomData,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Calls `hear` for each, in the order in which they went.
    pub(crate) fn tell(self, mut hear: impl FnMut(&K, &V, RemovalCause)) {
        for (key, value, cause) in self.first.iter().chain(&self.more) {
            // SAFETY: the owner of the arena leaves the entry where it is until the flag is set, when this is dropped.
            let key = unsafe { key.as_ref() };
            // SAFETY: as above.
            let value = unsafe { value.as_ref() };
            hear(key, value, *cause);
        }
    }
}

impl<K, V> Drop for Notices<'_, K, V> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

/// The slots of a table that are not to be emptied yet.
pub(super) struct Owed {
    batches: Vec<Batch>,
    slots: usize,
}

/// Those of one go. A single one takes no allocation.
struct Batch {
    over: Arc<AtomicBool>,
    first: u32,
    more: Vec<u32>,
}

impl Owed {
    pub(super) const fn new() -> Self {
        Self {
            batches: Vec::new(),
            slots: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.slots
    }

    /// Keeps what is in a slot until the notices are told, to which it is added.
    pub(super) fn add<K, V>(
        &mut self,
        notices: &mut Notices<'_, K, V>,
        id: u32,
        (key, value): (&K, &V),
        cause: RemovalCause,
    ) {
        let entry = (NonNull::from(key), NonNull::from(value), cause);
        if notices.first.is_none() {
            notices.first = Some(entry);
        } else {
            notices.more.push(entry);
        }
        self.slots += 1;
        // The holder of the lock has one of them.
        match self.batches.last_mut() {
            Some(batch) if Arc::ptr_eq(&batch.over, &notices.over) => batch.more.push(id),
            _ => self.batches.push(Batch {
                over: notices.over.clone(),
                first: id,
                more: Vec::new(),
            }),
        }
    }

    /// Hands over the slots of which everybody has been told.
    #[inline]
    pub(super) fn collect(&mut self, gone: &mut Vec<u32>) {
        if self.slots > 0 {
            self.collect_slowly(gone);
        }
    }

    fn collect_slowly(&mut self, gone: &mut Vec<u32>) {
        self.batches.retain(|batch| {
            let over = batch.over.load(Ordering::Acquire) || faulty(Fault::OweNothing);
            if over {
                gone.push(batch.first);
                gone.extend_from_slice(&batch.more);
                self.slots -= 1 + batch.more.len();
            }
            !over
        });
    }

    /// All of them.
    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(super) fn ids(&self) -> Vec<u32> {
        let all = |batch: &Batch| [&[batch.first], &*batch.more].concat();
        self.batches.iter().flat_map(all).collect()
    }
}
