//! What few entries have besides key and value: a column of a table that is only made when the first of them comes.
//!
//! # Why what is read is there
//!
//! A place belongs to the entry in its slot. It is filled while the slot is free, before the tag is set by which readers find the entry, and
//! emptied when the entry is reclaimed, which is when nobody announces it any more and nobody can find it: see `arena.rs`. So whoever may
//! look at the entry may look at its place, and nobody writes to it meanwhile. A place without an entry, or of an entry that has nothing
//! besides, is empty.
#![expect(
    unsafe_code,
    reason = "readers use what belongs to an entry by address, as the entry itself"
)]

use std::cell::UnsafeCell;
use std::sync::OnceLock;

use super::super::tags::Extra;
use crate::kernel::sync::Arc;

type Place = UnsafeCell<Option<Arc<Extra>>>;

pub(super) struct Extras {
    places: OnceLock<Box<[Place]>>,
}

impl Extras {
    pub(super) const fn new() -> Self {
        Self {
            places: OnceLock::new(),
        }
    }

    /// Whether any entry of the table ever had something.
    #[inline]
    pub(super) fn is_used(&self) -> bool {
        self.places.get().is_some()
    }

    fn place(&self, at: usize) -> Option<&Place> {
        self.places.get()?.get(at)
    }

    /// Fills the place of a slot, of so many.
    ///
    /// # Safety
    ///
    /// The slot is free, and nobody else changes the table.
    pub(super) unsafe fn fill(&self, slots: usize, at: usize, extra: &Arc<Extra>) {
        let places = self
            .places
            .get_or_init(|| (0..slots).map(|_| UnsafeCell::new(None)).collect());
        let Some(place) = places.get(at) else { return };
        // SAFETY: nobody looks at the place of a free slot.
        unsafe { *place.get() = Some(extra.clone()) };
    }

    /// What the entry in a slot has.
    ///
    /// # Safety
    ///
    /// The slot is filled, and nobody empties it during the lifetime of the answer.
    pub(super) unsafe fn get(&self, at: usize) -> Option<&Arc<Extra>> {
        let place = self.place(at)?;
        // SAFETY: it is written only while the slot is free.
        unsafe { (*place.get()).as_ref() }
    }

    /// Empties the place of a slot that is being reclaimed.
    ///
    /// # Safety
    ///
    /// The slot is still filled, and nobody reads it or can find it.
    pub(super) unsafe fn empty(&self, at: usize) {
        let Some(place) = self.place(at) else { return };
        // SAFETY: nobody looks at it.
        unsafe { *place.get() = None };
    }

    pub(super) fn bytes(&self) -> usize {
        self.places.get().map_or(0, |places| size_of_val(&**places))
    }
}
