//! Who is reading what: the announcements that keep a published value alive while it is read.
//!
//! A reader of a [`Snapshot`](super::snapshot::Snapshot) must not touch a reference count (a shared line per read) and
//! must not take a lock. It announces itself instead, in a record that no other thread writes, and whoever replaces a value
//! looks through the records before it lets go of the old one.
//!
//! # A record, as its reader drives it
//!
//! ```text
//!            enter: swap                     hold: store
//!   IDLE ───────────────▶ ENTERING(era) ───────────────▶ HOLDING(address)
//!    ▲                          │                               │
//!    └──────────────────────────┴───────────────────────────────┘
//!                          leave: release store
//! ```
//!
//! `ENTERING(e)` protects every value that was retired in era `e` or later, `HOLDING(a)` protects the value at `a` alone.
//! Eras count replacements, process-wide; a record holds one word, eras are odd numbers and addresses even ones.
//!
//! # Why a value that is read is never freed
//!
//! The reader runs `swap(ENTERING(e))`, then loads the cell's pointer. The publisher swaps the pointer, takes the current
//! era `r` and advances the era, then loads the records; it frees the old value only if no record is `HOLDING` it and none
//! is `ENTERING(e)` with `e <= r`. All of these are sequentially consistent, so one total order holds them.
//!
//! * The publisher's look at the record comes before the reader's swap: then the reader's load comes after the publisher's
//!   swap and finds the new value.
//! * It comes later and finds `ENTERING(e)`, `e <= r`: the value is kept.
//! * It finds `ENTERING(e)`, `e > r`: the reader saw an era that the publisher made after swapping the pointer, so the
//!   reader's load finds the new value.
//! * It finds `HOLDING(a)`: the reader holds `a` and nothing else, and a later entry is the first case again.
//! * It finds `IDLE` after a visit: the reader left by a release store that the publisher's load acquires, so all it read
//!   happens before the value is freed.
//!
//! Entering is a load, a swap and a load whatever other threads do: wait-free. A reader that stays inside protects one
//! value. Only a reader stopped between the two steps of entering protects more, and publishers bound that (see there).
//!
//! Sources: the announcement is the hazard pointer of M. Michael (IEEE TPDS 15(6), 2004); taking an era first instead of
//! validating afterwards is the hazard era of P. Ramalhete and A. Correia (SPAA 2017).

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::compiler_fence;

use crossbeam_utils::CachePadded;

use super::asymmetric;
use super::sync::fault::{Fault, is as faulty};
use super::sync::{AtomicBool, AtomicU64, Ordering, global, local, store_load_barrier};

const IDLE: u64 = 0;
/// No address, and no era.
const ARRIVING: u64 = 2;

/// Records in a block; another block is added when all are taken. Small under a model, where each record is a step.
const BLOCK: usize = if cfg!(any(tenfold_loom, tenfold_shuttle)) {
    3
} else {
    32
};

global! {
    static PINS: Pins = Pins::new();
}

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
fn take() -> &'static Record {
    let leaves = LEAVE.try_with(|leave| leave.0.set(true)).is_ok();
    let _ = KEEPS.try_with(|keeps| keeps.set(leaves));
    PINS.take()
}

struct Pins {
    era: CachePadded<AtomicU64>,
    first: Block,
}

struct Block {
    records: [Record; BLOCK],
    next: OnceLock<Box<Self>>,
}

/// A line of its own for each, since its reader writes it all the time.
pub(crate) struct Record(CachePadded<Words>);

pub(crate) struct Words {
    announced: AtomicU64,
    taken: AtomicBool,
}

impl std::ops::Deref for Record {
    type Target = Words;

    fn deref(&self) -> &Words {
        &self.0
    }
}

macro_rules! constructors {
    ($($const:tt)?) => {
        impl Pins {
            $($const)? fn new() -> Self {
                Self { era: CachePadded::new(AtomicU64::new(1)), first: Block::new() }
            }
        }
        impl Record {
            $($const)? fn new() -> Self {
                let (announced, taken) = (AtomicU64::new(IDLE), AtomicBool::new(false));
                Self(CachePadded::new(Words { announced, taken }))
            }
        }
    };
}
#[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
constructors!(const);
#[cfg(any(tenfold_loom, tenfold_shuttle))]
constructors!();

impl Block {
    #[cfg(not(any(tenfold_loom, tenfold_shuttle)))]
    const fn new() -> Self {
        Self {
            records: [const { Record::new() }; BLOCK],
            next: OnceLock::new(),
        }
    }

    #[cfg(any(tenfold_loom, tenfold_shuttle))]
    fn new() -> Self {
        Self {
            records: std::array::from_fn(|_| Record::new()),
            next: OnceLock::new(),
        }
    }
}

impl Pins {
    fn blocks(&'static self) -> impl Iterator<Item = &'static Block> {
        std::iter::successors(Some(&self.first), |block| {
            block.next.get().map(|next| &**next)
        })
    }

    /// A record that nobody else uses. Blocks are never given back: there are as many records as there ever were threads
    /// and nested reads at one time, 128 bytes each, and a publisher looks at all of them.
    #[cold]
    fn take(&'static self) -> &'static Record {
        let mut block = &self.first;
        loop {
            for record in &block.records {
                let free = !record.taken.load(Ordering::Relaxed);
                if free && !record.taken.swap(true, Ordering::Acquire) {
                    return record;
                }
            }
            if block.next.get().is_none() {
                // Allocated before it is offered, so that nobody waits for an allocation. If another block was faster, so be it.
                let _ = block.next.set(Box::new(Block::new()));
            }
            match block.next.get() {
                Some(next) => block = next,
                None => block = &self.first,
            }
        }
    }
}

impl Record {
    /// Whether nothing is announced: for the one who has the record.
    #[inline(always)]
    fn is_idle(&self) -> bool {
        self.announced.load(Ordering::Relaxed) == IDLE || faulty(Fault::ShareRecord)
    }

    fn release(&self) {
        self.taken.store(false, Ordering::Release);
    }
}

/// A reader inside. Dropping it leaves.
pub(crate) struct Pin {
    record: &'static Record,
}

/// The record that the thread keeps, which is the caller's from now on; none if a [`Cover`] has borrowed it.
#[inline]
fn unused() -> Option<&'static Record> {
    let unused = |mine: &Cell<Option<&'static Record>>| {
        let record = mine.get().filter(|record| record.is_idle())?;
        mine.set(None);
        Some(record)
    };
    MINE.try_with(unused).ok().flatten()
}

/// Announces that the caller is about to load a published pointer.
#[inline]
pub(crate) fn enter() -> Pin {
    let record = unused().unwrap_or_else(take);
    let pin = Pin { record };
    if !faulty(Fault::SkipAnnounce) && !faulty(Fault::AnnounceLate) {
        let era = PINS.era.load(Ordering::SeqCst);
        record.announced.swap(era << 1 | 1, Ordering::SeqCst);
        store_load_barrier();
    }
    pin
}

/// A record for a reader that finds a value first, announces it with [`Record::cover`] and then looks whether it is still there.
#[inline]
pub(crate) fn stand_by() -> Cover {
    let mine = MINE.try_with(Cell::get).ok().flatten();
    match mine {
        Some(record) if record.is_idle() => Cover {
            record,
            borrowed: true,
        },
        _ => Cover {
            record: take(),
            borrowed: false,
        },
    }
}

/// A record for a reader that stays: another than the thread's own, and good for another thread as well.
pub(crate) fn stand_apart() -> Cover {
    Cover {
        record: PINS.take(),
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
    let mine = MINE.try_with(Cell::get).ok().flatten();
    mine.filter(|record| record.announced.load(Ordering::Relaxed) == IDLE)
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
            self.keep();
        }
    }
}

impl Cover {
    #[cold]
    fn keep(&self) {
        let keeps = KEEPS.try_with(Cell::get).unwrap_or(false);
        let kept = MINE.try_with(|mine| {
            let free = keeps && mine.get().is_none();
            if free {
                mine.set(Some(self.record));
            }
            free
        });
        if !kept.unwrap_or(false) {
            self.record.release();
        }
    }
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
        let keeps = KEEPS.try_with(Cell::get).unwrap_or(false);
        let kept = MINE.try_with(|mine| {
            // An inner read may have given its record to the thread already.
            let free = keeps && mine.get().is_none();
            if free {
                mine.set(Some(self.record));
            }
            free
        });
        if !kept.unwrap_or(false) {
            self.record.release();
        }
    }
}

/// Ends the current era and returns it: the era in which a value that was just replaced is retired.
pub(crate) fn retire() -> u64 {
    let era = PINS.era.fetch_add(1, Ordering::SeqCst);
    if faulty(Fault::RetireEarly) { 0 } else { era }
}

/// What all readers announce, looked at once.
pub(crate) struct Announced {
    /// The earliest era in which a reader is still entering.
    entering_since: Option<u64>,
    held: Vec<u64>,
}

impl Announced {
    /// Looks through the records. Must follow the replacement of the pointer.
    pub(crate) fn scan() -> Self {
        store_load_barrier();
        let mut announced = Self {
            entering_since: None,
            held: Vec::new(),
        };
        if faulty(Fault::SkipScan) {
            return announced;
        }
        for record in PINS.blocks().flat_map(|block| &block.records) {
            match record.announced.load(Ordering::SeqCst) {
                IDLE => {}
                word if word & 1 == 1 => {
                    let era = word >> 1;
                    announced.entering_since =
                        Some(announced.entering_since.map_or(era, |first| first.min(era)));
                }
                address => announced.held.push(address),
            }
        }
        announced
    }

    /// As [`scan`](Self::scan), also for those who [`cover`](Record::cover). Nothing if the system refuses to tell.
    pub(crate) fn scan_covers() -> Option<Self> {
        if faulty(Fault::ReclaimUnasked) {
            return Some(Self {
                entering_since: None,
                held: Vec::new(),
            });
        }
        asymmetric::heavy().then(Self::scan)
    }

    /// Whether somebody is arriving, or announced an address in `range`.
    pub(crate) fn visits(&self, range: std::ops::Range<usize>) -> bool {
        let inside = |word: &u64| *word == ARRIVING || range.contains(&(*word as usize));
        self.held.iter().any(inside)
    }

    /// Whether a reader announced the value at `address`. For values whose readers look again after announcing.
    pub(crate) fn covers(&self, address: usize) -> bool {
        self.held.contains(&(address as u64))
    }

    /// Whether a reader that began to enter in `era` or earlier has not found its value yet.
    pub(crate) fn enters_since(&self, era: u64) -> bool {
        self.entering_since.is_some_and(|since| since <= era)
    }

    /// Whether a reader may still use the value at `address` that was retired in `era`.
    pub(crate) fn protects(&self, address: usize, era: u64) -> bool {
        self.enters_since(era) || self.held.contains(&(address as u64))
    }
}
