//! A value that is read all the time and replaced now and then.
//!
//! [`Snapshot<T>`] holds one value. Readers see a whole value, the latest one, without a lock and without waiting, however
//! slow a publisher is; a publisher replaces the value as a whole. That is the right shape for whatever is decided rarely
//! and consulted per request: a routing table, a set of backends, a quota, a configuration.
//!
//! ```
//! use tenfold::snapshot::Snapshot;
//!
//! let limits = Snapshot::new(vec![10, 20]);
//! assert_eq!(limits.read(|limits| limits.iter().sum::<i32>()), 30);
//!
//! limits.update(|limits| limits.iter().map(|n| n * 2).collect());
//! assert_eq!(*limits.load(), [20, 40]);
//! ```
//!
//! # Four ways to read
//!
//! | call | cost | keeps the value alive |
//! |---|---|---|
//! | [`Reader::get`] | one load while nothing changed | until its next call after a change, or its drop |
//! | [`Snapshot::read`] | a swap and two stores on a line of this thread | while the closure runs |
//! | [`Snapshot::guard`] | the same | while the guard lives |
//! | [`Snapshot::load`] | the same, and a reference count | while the `Arc` lives |
//!
//! # When a replaced value is dropped
//!
//! By the publisher, before `publish` returns, if nobody is reading it and no reader of this or another cell is in the few
//! instructions of its entry. Otherwise by the reader that leaves it last, or by the next `publish`: then a cell keeps one old
//! value until something new is published. An [`Arc`] from [`load`](Snapshot::load) and an idle [`Reader`]
//! keep theirs: a reader that is never called again holds one old value until it is dropped. Destructors run outside all locks.
//!
//! # When not to use this
//!
//! For values that change as often as they are read use a lock; for a single integer use an atomic.
//!
//! # Source
//!
//! Read-copy-update after McKenney and Slingwine (PDCS 1998); the reclamation is described and argued in the source of
//! `kernel/pins`, and modelled in `tests/loom.rs` and `tests/shuttle.rs`.
#![expect(
    unsafe_code,
    reason = "readers share a value by address, without touching its reference count"
)]

// Ownership. `current` owns one strong reference to the value it points to. Replacing it moves that reference into
// `retired`, where it stays until no announcement protects it; so a value that is published twice is owned twice.
//
// Invariants
//   * `current` is never null and always comes from `Arc::into_raw`.
//   * An entry leaves `retired` only after a scan that began when it was already replaced and found nobody protecting it.
//   * `waste` is true while `retired` may be non-empty; it is a hint to readers that leave, read without ordering.
//   * No user code runs under the lock: replaced values are carried out of it and dropped behind it.
//
// Memory ordering: `current` and the announcements are sequentially consistent (argument in `pins`). `waste` is relaxed.
// A reader's check for news is relaxed as well: if a publication happens before the check, coherence makes the check see it.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::pins::{self, Announced, Pin};
use super::sync::fault::{Fault, is as faulty};
use super::sync::{Arc, AtomicBool, AtomicPtr, Mutex, Ordering, yield_now};

/// More replaced values than this are kept only for readers that stand still inside them. Small under a model, so that it is
/// reached.
const RETIRED_BOUND: usize = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
    1
} else {
    64
};

/// A published value: readers never wait, publishers replace it whole.
///
/// # Complexity
///
/// Reading is wait-free: a fixed number of steps, once a thread has a record to announce itself in. A reader that finds on
/// leaving that its value was replaced looks for values to drop, which takes a free lock if there is one. Publishing looks at
/// all records: as many as there ever were threads that read, and reads within reads, at one time.
///
/// A cell has 48 bytes, its value 16 more than its size, and a record 128; records are shared by all cells of the process and
/// kept. Replaced values are kept while readers stand inside them, one per reader, and up to 64 more.
///
/// # Example: configuration that may change under load
///
/// ```
/// use std::sync::Arc;
/// use tenfold::snapshot::{Reader, Snapshot};
///
/// let greeting = Arc::new(Snapshot::new("hello".to_string()));
/// let mut reader = Reader::new(greeting.clone());
/// assert_eq!(reader.get(), "hello");
/// greeting.publish("good morning".to_string());
/// assert_eq!(reader.get(), "good morning");
/// ```
pub struct Snapshot<T> {
    current: AtomicPtr<T>,
    waste: AtomicBool,
    retired: Mutex<Vec<Retired<T>>>,
    owns: PhantomData<Arc<T>>,
}

struct Retired<T> {
    value: Arc<T>,
    era: u64,
}

impl<T> Snapshot<T> {
    /// Publishes a first value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self::from_arc(Arc::new(value))
    }

    /// Publishes a first value that is shared already.
    #[must_use]
    pub fn from_arc(value: Arc<T>) -> Self {
        Self {
            current: AtomicPtr::new(Arc::into_raw(value).cast_mut()),
            waste: AtomicBool::new(false),
            retired: Mutex::new(Vec::new()),
            owns: PhantomData,
        }
    }

    /// Runs `look` on the current value.
    ///
    /// The value stays alive while `look` runs, also if it is replaced meanwhile; `look` may itself read, publish or panic.
    ///
    /// # Blocking
    ///
    /// Never waits. A reader that leaves a replaced value as the last one may run its destructor.
    #[inline]
    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let visit = Visit::begin(self);
        // SAFETY: `value` came from `Arc::into_raw`, and the visit protects it from being released until it ends, also when
        // `look` unwinds.
        look(unsafe { &*visit.value })
    }

    /// The current value, for as long as the guard lives.
    ///
    /// It costs what [`read`](Self::read) costs and keeps one value alive. A guard stays on its thread.
    ///
    /// ```
    /// use tenfold::snapshot::Snapshot;
    ///
    /// let limits = Snapshot::new(vec![10, 20]);
    /// let seen = limits.guard();
    /// limits.publish(vec![30]);
    /// assert_eq!((seen.len(), limits.guard().len()), (2, 1));
    /// ```
    ///
    /// # Blocking
    ///
    /// Never waits, as [`read`](Self::read).
    #[inline]
    pub fn guard(&self) -> Guard<'_, T> {
        Guard(Visit::begin(self))
    }

    /// A share of the current value.
    ///
    /// # Blocking
    ///
    /// Never waits, as [`read`](Self::read).
    #[inline]
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        let visit = Visit::begin(self);
        // SAFETY: `value` came from `Arc::into_raw` and is alive, since the visit protects it.
        unsafe { Arc::increment_strong_count(visit.value) };
        // SAFETY: the count was just raised for this very handle.
        unsafe { Arc::from_raw(visit.value) }
    }

    /// Replaces the value. Whoever begins to read after this returns sees `value` or a later one.
    ///
    /// # Blocking
    ///
    /// Publishers take turns, and one may wait while a reader of another thread, of this or another cell, is interrupted between
    /// two instructions of its entry and more than 64 values were replaced meanwhile. It never waits for a closure.
    pub fn publish(&self, value: T) {
        self.publish_arc(Arc::new(value));
    }

    /// As [`publish`](Self::publish), for a value that is shared already.
    pub fn publish_arc(&self, value: Arc<T>) {
        // Never refused without an expectation.
        let _ = self.replace(None, value, || ());
    }

    /// Replaces the value by `change` of the current one and returns the new value. No concurrent change is lost.
    ///
    /// `change` runs outside all locks, and again if something was published meanwhile; so one that publishes to this cell
    /// itself is repeated for ever.
    pub fn update(&self, mut change: impl FnMut(&T) -> T) -> Arc<T> {
        loop {
            let before = self.load();
            let after = Arc::new(change(&before));
            if self.replace(Some(&before), after.clone(), || ()) {
                return after;
            }
        }
    }

    /// As [`update`](Self::update), with a `change` that may refuse; then the value stays as it is.
    ///
    /// # Errors
    ///
    /// What `change` returns.
    pub fn try_update<E>(&self, mut change: impl FnMut(&T) -> Result<T, E>) -> Result<Arc<T>, E> {
        loop {
            let before = self.load();
            let after = Arc::new(change(&before)?);
            if self.replace(Some(&before), after.clone(), || ()) {
                return Ok(after);
            }
        }
    }

    /// As [`try_update`](Self::try_update), for a change with consequences: these are drawn as soon as the value is published, in the
    /// order in which values are published, and not at all for a value that isn't. `publish` runs under the publishers' lock, and so must
    /// be brief and call nobody.
    pub(crate) fn try_update_with<X, E>(
        &self,
        mut change: impl FnMut(&T) -> Result<(T, X), E>,
        mut publish: impl FnMut(&mut X),
    ) -> Result<X, E> {
        loop {
            let before = self.load();
            let (after, mut consequences) = change(&before)?;
            let published = || publish(&mut consequences);
            if self.replace(Some(&before), Arc::new(after), published) {
                return Ok(consequences);
            }
        }
    }

    /// Publishes `value` and calls `published`, unless something else than `expected` is current.
    fn replace(&self, expected: Option<&Arc<T>>, value: Arc<T>, published: impl FnOnce()) -> bool {
        let mut retired = self.retired.lock();
        let is_current =
            |seen: &Arc<T>| std::ptr::eq(Arc::as_ptr(seen), self.current.load(Ordering::Relaxed));
        if !expected.is_none_or(is_current) && !faulty(Fault::SkipCompare) {
            return false;
        }
        let old = self
            .current
            .swap(Arc::into_raw(value).cast_mut(), Ordering::SeqCst);
        published();
        // SAFETY: `current` owned one reference to `old`, which it no longer points to.
        let old = unsafe { Arc::from_raw(old) };
        let era = pins::retire();
        retired.push(Retired { value: old, era });
        let freed = self.release_unread(&mut retired);
        let crowded = retired.len() > RETIRED_BOUND;
        drop(retired);
        drop(freed);
        if crowded {
            self.wait_for_entering_readers(era);
        }
        true
    }

    /// Readers in closures protect one value each; so many retired values mean that a reader was stopped while entering.
    #[cold]
    fn wait_for_entering_readers(&self, era: u64) {
        while Announced::scan().enters_since(era) {
            yield_now();
        }
        self.sweep();
    }

    /// Takes out what no reader protects, for the caller to drop behind the lock.
    fn release_unread(&self, retired: &mut Vec<Retired<T>>) -> Vec<Retired<T>> {
        let announced = Announced::scan();
        let protected =
            |entry: &Retired<T>| announced.protects(Arc::as_ptr(&entry.value).addr(), entry.era);
        let (kept, freed) = std::mem::take(retired).into_iter().partition(protected);
        *retired = kept;
        self.waste.store(!retired.is_empty(), Ordering::Relaxed);
        freed
    }

    #[cold]
    fn sweep(&self) {
        // If the lock is taken, its holder scans.
        let freed = self
            .retired
            .try_lock()
            .map(|mut retired| self.release_unread(&mut retired));
        drop(freed);
    }

    /// Whether `seen` is the value of this moment.
    pub(crate) fn is_current(&self, seen: &Arc<T>) -> bool {
        // If a publication happens before this, coherence makes the load see it.
        std::ptr::eq(Arc::as_ptr(seen), self.current.load(Ordering::Relaxed))
    }

    /// Values replaced and not yet dropped, because somebody reads them.
    #[cfg(any(test, tenfold_loom, tenfold_shuttle))]
    pub fn retired(&self) -> usize {
        self.retired.lock().len()
    }
}

/// A panic in a closure leaves the cell as it was.
impl<T: RefUnwindSafe> RefUnwindSafe for Snapshot<T> {}
impl<T: RefUnwindSafe> UnwindSafe for Snapshot<T> {}

impl<T> Drop for Snapshot<T> {
    fn drop(&mut self) {
        let last = self.current.load(Ordering::Relaxed);
        // SAFETY: `current` owns one reference, and nobody reads through a cell that is being dropped.
        drop(unsafe { Arc::from_raw(last) });
    }
}

impl<T: fmt::Debug> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|value| f.debug_tuple("Snapshot").field(value).finish())
    }
}

impl<T: Default> Default for Snapshot<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// A reader inside: keeps the value that it found alive.
struct Visit<'c, T> {
    cell: &'c Snapshot<T>,
    value: *const T,
    pin: Option<Pin>,
}

impl<'c, T> Visit<'c, T> {
    #[inline]
    fn begin(cell: &'c Snapshot<T>) -> Self {
        let pin = pins::enter();
        let value = cell.current.load(Ordering::SeqCst);
        pin.hold(value.addr());
        Self {
            cell,
            value,
            pin: Some(pin),
        }
    }
}

impl<T> Drop for Visit<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Leave first: what this reader was the last to keep can be dropped then. Readers of the current value, which are
        // nearly all, have nothing to clean up.
        self.pin = None;
        let replaced = !std::ptr::eq(self.value, self.cell.current.load(Ordering::Relaxed));
        if replaced && self.cell.waste.load(Ordering::Relaxed) {
            self.cell.sweep();
        }
    }
}

/// The value of a [`Snapshot`] at one moment: made by [`Snapshot::guard`].
#[must_use = "a guard is only good for what is read through it"]
pub struct Guard<'c, T>(Visit<'c, T>);

impl<T> std::ops::Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: as in `Snapshot::read`; the visit ends when the guard is dropped.
        unsafe { &*self.0.value }
    }
}

impl<T: fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&**self).finish()
    }
}

/// A reader that keeps the value it saw last: the cheapest way to read in a hot loop.
///
/// It is `Send`, so a task may carry it from thread to thread; two threads need two.
pub struct Reader<T> {
    cell: Arc<Snapshot<T>>,
    seen: Arc<T>,
}

impl<T> Reader<T> {
    /// A reader of `cell`, with the current value at hand.
    #[must_use]
    pub fn new(cell: Arc<Snapshot<T>>) -> Self {
        Self {
            seen: cell.load(),
            cell,
        }
    }

    /// The current value.
    ///
    /// # Blocking
    ///
    /// Never waits. After a change it fetches the new value, as [`Snapshot::load`] does, and drops its share of the old.
    ///
    /// # Complexity
    ///
    /// One load while nothing changed. An idle reader keeps the value of its last call alive.
    #[inline]
    pub fn get(&mut self) -> &T {
        if !std::ptr::eq(
            Arc::as_ptr(&self.seen),
            self.cell.current.load(Ordering::Relaxed),
        ) && !faulty(Fault::KeepOldValue)
        {
            self.refresh();
        }
        &self.seen
    }

    /// The cell that this reader follows.
    #[must_use]
    pub fn cell(&self) -> &Arc<Snapshot<T>> {
        &self.cell
    }

    #[cold]
    fn refresh(&mut self) {
        self.seen = self.cell.load();
    }
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        Self {
            cell: self.cell.clone(),
            seen: self.seen.clone(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
