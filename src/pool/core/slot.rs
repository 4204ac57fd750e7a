//! A place for one connection, and the right to what is in it.
//!
//! ```text
//!              reserve                       publish                     take (CAS)
//!   EMPTY ───────────────▶ CONNECTING ──────────────────▶ IDLE ◀─────────────────────▶ IN_USE
//!     ▲                        │                           │ ▲          publish           │
//!     │                        │ failed                take│ │publish                     │ of no use any more
//!     │                        ▼                           ▼ │                            ▼
//!     └──────────────────── vacate ◀──────────────────── CHECKING ────────────────────▶ CLOSING ──▶ vacate
//! ```
//!
//! # Invariants
//!
//! * Whoever changes a slot from `EMPTY` or `IDLE` does so by a compare-and-swap, and has the only right to it from then on: to what is
//!   in it, and to its next change. There is no other way to a right, and it can't be copied.
//! * A right is given up by a store of `IDLE` or `EMPTY`. Dropping one unused empties the slot. So a slot is not lost by a panic or
//!   a future that is dropped, wherever that happens.
//! * What is in a slot that is `EMPTY` or `CONNECTING` is nothing; in one that is `IDLE`, a connection.
//!
//! # Memory ordering
//!
//! The swap that takes a right acquires, the store that gives it up releases: what one owner did to the connection happens before what the
//! next one does. Both are sequentially consistent, as the [line](crate::kernel::wait::WaitQueue) wants it of changes of its resource.
//! Notes are relaxed: only the owner writes, and others look at them to tell about the slot, not to act on it.
#![expect(
    unsafe_code,
    reason = "who has the right to a slot reaches into it without a lock"
)]

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Duration;

use crate::kernel::clock::Tick;
use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicPtr, AtomicU64, Ordering};
use crate::kernel::upkeep::shielded;

pub(crate) const EMPTY: u64 = 0;
pub(crate) const IDLE: u64 = 1;
pub(crate) const IN_USE: u64 = 2;
pub(crate) const CONNECTING: u64 = 3;
pub(crate) const CHECKING: u64 = 4;
pub(crate) const CLOSING: u64 = 5;

/// A place for one connection.
pub(crate) struct Slot<T> {
    phase: AtomicU64,
    /// Which one it is.
    pub(super) index: u32,
    pub(crate) notes: Notes,
    body: UnsafeCell<Option<T>>,
}

/// What is known of the connection in a slot. Times are nanoseconds on the pool's clock.
pub(crate) struct Notes {
    /// The gate when it began to be made: see `core/gate.rs`.
    pub(crate) gate: AtomicU64,
    /// It may be handed out without a closer look until then.
    pub(crate) fresh_until: AtomicU64,
    /// When it was handed out or came back.
    pub(crate) since: AtomicU64,
    /// When it has to go.
    pub(crate) expires: AtomicU64,
    pub(crate) made: AtomicU64,
    pub(crate) id: AtomicU64,
    /// Uses of all connections that were in this slot, and those before the present one.
    pub(crate) uses: AtomicU64,
    pub(crate) uses_before: AtomicU64,
    /// Uses that ended within the tick in which they began.
    pub(crate) short_uses: AtomicU64,
    /// Time in use, of all connections that were in this slot.
    pub(crate) used_for: AtomicU64,
    /// When it was made, or checked.
    pub(crate) checked: AtomicU64,
    /// When somebody began to make or to check it.
    pub(crate) begun: AtomicU64,
    /// The thread that has it.
    pub(crate) thread: AtomicU64,
    /// Whether the present use was reported as a leak.
    pub(crate) reported: AtomicU64,
    holder: AtomicPtr<Location<'static>>,
}

// SAFETY: who has the right to the slot is the only one that reaches into the body, and hands it on as one would a `T`; the rest is
// atomic.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    pub(super) fn new(index: u32) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            phase: AtomicU64::new(EMPTY),
            index,
            notes: Notes {
                gate: zero(),
                fresh_until: zero(),
                since: zero(),
                expires: zero(),
                made: zero(),
                id: zero(),
                uses: zero(),
                uses_before: zero(),
                short_uses: zero(),
                used_for: zero(),
                checked: zero(),
                begun: zero(),
                thread: zero(),
                reported: zero(),
                holder: AtomicPtr::new(std::ptr::null_mut()),
            },
            body: UnsafeCell::new(None),
        }
    }

    #[inline]
    pub(crate) fn phase(&self) -> u64 {
        self.phase.load(Ordering::SeqCst)
    }

    /// Takes the right to the slot if it is in phase `from`.
    #[inline]
    pub(super) fn take(&self, from: u64, to: u64) -> Option<Right<T>> {
        if faulty(Fault::ClaimUnasked) && self.phase() == from {
            self.phase.store(to, Ordering::SeqCst);
            return Some(Right(NonNull::from(self)));
        }
        // A look first: a swap that fails takes the line from whoever is at work on it.
        if self.phase() != from {
            return None;
        }
        let taken = self
            .phase
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::Relaxed);
        taken.is_ok().then(|| Right(NonNull::from(self)))
    }
}

impl Notes {
    /// For how long a connect or a check has been under way here. By a clock that stepped back it begins anew.
    pub(crate) fn under_way_for(&self, now: Tick) -> Duration {
        let begun = self.begun.load(Ordering::Relaxed);
        let now = now.as_nanos();
        if begun > now {
            // Not if another one begins just now.
            let _ = self
                .begun
                .compare_exchange(begun, now, Ordering::Relaxed, Ordering::Relaxed);
        }
        Duration::from_nanos(now.saturating_sub(begun))
    }

    /// Who has it; `None` also while it is being handed over.
    pub(crate) fn holder(&self) -> Option<&'static Location<'static>> {
        let holder = self.holder.load(Ordering::Acquire);
        // SAFETY: it is null, or was made of a reference that lives for ever, to what nobody changes.
        unsafe { holder.as_ref() }
    }

    #[inline]
    pub(crate) fn set_holder(&self, holder: &'static Location<'static>) {
        let holder = std::ptr::from_ref(holder).cast_mut();
        // Behind the other notes of the use.
        self.holder.store(holder, Ordering::Release);
    }

    /// Nobody has it.
    #[inline]
    pub(crate) fn clear_holder(&self) {
        self.holder.store(std::ptr::null_mut(), Ordering::Relaxed);
    }
}

/// The right to a slot, on its way from one owner to the next. It is of use only as a [`Claim`].
#[must_use = "a slot is lost with the right to it"]
pub(crate) struct Right<T>(NonNull<Slot<T>>);

// SAFETY: it stands for the `T` in the slot, of which it is the only owner.
unsafe impl<T: Send> Send for Right<T> {}

/// Whatever keeps slots where they are, and wants to know when one becomes free.
pub(crate) trait Anchor {
    /// What is in a slot.
    type Body;

    /// A slot became empty. Its connection was being closed, or not, and was dropped in passing, or not.
    fn vacated(&self, closing: bool, dropped: bool);

    /// A slot is idle: the next step of [`Claim::publish`].
    fn list(&self, slot: &Slot<Self::Body>, put_down: impl FnOnce());
}

/// The right to a slot of a pool that is kept alive by `A`.
///
/// # Safety
///
/// The slot lives as long as the anchor: the pool has it, and the anchor is a reference to the pool or a count of it.
pub(crate) struct Claim<A: Anchor> {
    /// `None` once the right was given up.
    slot: Option<NonNull<Slot<A::Body>>>,
    anchor: A,
}

// SAFETY: it is a `Right`, and an anchor that may be sent.
unsafe impl<A: Anchor + Send> Send for Claim<A> where A::Body: Send {}
// SAFETY: a shared claim gives shared access to the `T`, to the anchor, and to atomics.
unsafe impl<A: Anchor + Sync> Sync for Claim<A> where A::Body: Sync {}

impl<A: Anchor> Claim<A> {
    /// # Safety
    ///
    /// The right is to a slot of the pool that the anchor keeps alive.
    #[inline]
    pub(super) unsafe fn redeem(anchor: A, right: Right<A::Body>) -> Self {
        Self {
            slot: Some(right.0),
            anchor,
        }
    }

    #[inline]
    fn slot(&self) -> &Slot<A::Body> {
        match self.slot {
            // SAFETY: the anchor keeps the slot alive.
            Some(slot) => unsafe { slot.as_ref() },
            // It is given up by who consumes or drops the claim.
            None => unreachable!(),
        }
    }

    #[inline]
    pub(crate) fn anchor(&self) -> &A {
        &self.anchor
    }

    #[inline]
    pub(crate) fn notes(&self) -> &Notes {
        &self.slot().notes
    }

    #[inline]
    pub(crate) fn body(&self) -> Option<&A::Body> {
        let body = self.slot().body.get();
        // SAFETY: who has the right to the slot is the only one that reaches into it, and this borrows it.
        unsafe { &*body }.as_ref()
    }

    #[inline]
    pub(crate) fn body_mut(&mut self) -> Option<&mut A::Body> {
        let body = self.slot().body.get();
        // SAFETY: as in `body`, and this borrows it exclusively.
        unsafe { &mut *body }.as_mut()
    }

    /// From now on nobody knows which thread has it.
    pub(crate) fn may_move(&self) {
        self.notes().thread.store(0, Ordering::Relaxed);
    }

    /// Puts a connection into the slot, which has none.
    pub(crate) fn fill(&mut self, connection: A::Body) {
        let body = self.slot().body.get();
        // SAFETY: as in `body_mut`.
        unsafe { *body = Some(connection) };
    }

    /// Takes the connection out.
    pub(crate) fn empty(&mut self) -> Option<A::Body> {
        let body = self.slot().body.get();
        // SAFETY: as in `body_mut`.
        unsafe { &mut *body }.take()
    }

    /// Says what is being done with the connection.
    pub(crate) fn turn(&self, phase: u64) {
        self.slot().phase.store(phase, Ordering::SeqCst);
    }

    /// Gives the right up: the connection is idle.
    #[inline]
    pub(crate) fn publish(&mut self) {
        let Some(slot) = self.slot.take() else { return };
        // SAFETY: the anchor keeps the slot alive.
        let slot = unsafe { slot.as_ref() };
        self.anchor.list(slot, || {
            if faulty(Fault::PublishRelaxed) {
                slot.phase.store(IDLE, Ordering::Relaxed);
            } else {
                slot.phase.swap(IDLE, Ordering::SeqCst);
            }
        });
    }

    /// The right without the anchor.
    #[inline]
    pub(crate) fn release(mut self) -> Option<Right<A::Body>> {
        self.take_right()
    }

    /// As [`release`](Self::release), for somebody who can't give the claim away. What is left stands for nothing.
    #[inline]
    pub(crate) fn take_right(&mut self) -> Option<Right<A::Body>> {
        self.slot.take().map(Right)
    }

    /// The connection, and gives the slot back without it.
    pub(crate) fn detach(&mut self) -> Option<A::Body> {
        let connection = self.empty();
        self.vacate();
        connection
    }
}

impl<A: Anchor> Drop for Claim<A> {
    /// What was not given up in any other way is gone: the slot is empty.
    #[inline]
    fn drop(&mut self) {
        if self.slot.is_some() {
            self.vacate();
        }
    }
}

impl<A: Anchor> Claim<A> {
    #[cold]
    fn vacate(&mut self) {
        /// Also if the destructor of the connection panics.
        struct Vacates<'c, A: Anchor>(&'c A, NonNull<Slot<A::Body>>, bool);

        impl<A: Anchor> Drop for Vacates<'_, A> {
            fn drop(&mut self) {
                // SAFETY: the anchor keeps the slot alive.
                let slot = unsafe { self.1.as_ref() };
                let closing = slot.phase() == CLOSING;
                if faulty(Fault::VacateLate) {
                    self.0.vacated(closing, self.2);
                    slot.phase.store(EMPTY, Ordering::SeqCst);
                    return;
                }
                slot.phase.store(EMPTY, Ordering::SeqCst);
                self.0.vacated(closing, self.2);
            }
        }

        let body = self.empty();
        if let Some(slot) = self.slot.take() {
            let _vacates = Vacates(&self.anchor, slot, body.is_some());
            shielded(|| drop(body));
        }
    }
}

impl<A: Anchor> fmt::Debug for Claim<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Right<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Right").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
impl<T> Slot<T> {
    pub(super) fn put_down(&self) {
        self.phase.store(IDLE, Ordering::SeqCst);
    }
}

#[cfg(all(test, not(any(tenfold_loom, tenfold_shuttle))))]
impl<T> Right<T> {
    pub(super) fn index(&self) -> u32 {
        // SAFETY: tests keep the slots for as long as they look.
        unsafe { self.0.as_ref() }.index
    }
}
