//! The records, of which there are as many as there ever were readers at one time, and the era.

use std::cell::Cell;
use std::sync::OnceLock;

use crossbeam_utils::CachePadded;

use crate::kernel::sync::fault::{Fault, is as faulty};
use crate::kernel::sync::{AtomicBool, AtomicU64, Ordering, global, local};

pub(super) const IDLE: u64 = 0;
/// No address, and no era.
pub(super) const ARRIVING: u64 = 2;

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
    /// Where the thread took a record last.
    static NEAR: Cell<Option<&'static Block>> = Cell::new(None);
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
    pub(super) announced: AtomicU64,
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
    /// A record that nobody else uses. Blocks are never given back: there are as many records as there ever were threads
    /// and nested reads at one time, 128 bytes each, and a publisher looks at all of them.
    ///
    /// The search begins where the thread found one last, so that many that are kept are not passed again for each.
    #[cold]
    fn take(&'static self) -> &'static Record {
        let near = NEAR.try_with(Cell::get).ok().flatten();
        let from_near = near.into_iter().flat_map(Block::onwards);
        for block in from_near.chain(self.first.onwards()) {
            if let Some(record) = block.take() {
                return record;
            }
        }
        let mut block = near.unwrap_or(&self.first);
        loop {
            if block.next.get().is_none() {
                // Allocated before it is offered, so that nobody waits for an allocation. If another block was faster, so be it.
                let _ = block.next.set(Box::new(Block::new()));
            }
            match block.next.get() {
                Some(next) => block = next,
                None => block = &self.first,
            }
            if let Some(record) = block.take() {
                return record;
            }
        }
    }
}

impl Block {
    /// This one and those behind it.
    fn onwards(&'static self) -> impl Iterator<Item = &'static Self> {
        std::iter::successors(Some(self), |block| block.next.get().map(|next| &**next))
    }

    fn take(&'static self) -> Option<&'static Record> {
        let found = self.records.iter().find(|record| {
            let free = !record.taken.load(Ordering::Relaxed);
            free && !record.taken.swap(true, Ordering::Acquire)
        })?;
        // In a model there are few, and each look is a step.
        if !cfg!(any(tenfold_loom, tenfold_shuttle)) {
            let _ = NEAR.try_with(|near| near.set(Some(self)));
        }
        Some(found)
    }
}

impl Record {
    /// Whether nothing is announced: for the one who has the record.
    #[inline(always)]
    pub(super) fn is_idle(&self) -> bool {
        self.announced.load(Ordering::Relaxed) == IDLE || faulty(Fault::ShareRecord)
    }

    pub(super) fn release(&self) {
        self.taken.store(false, Ordering::Release);
    }
}

/// Ends the current era and returns it: the era in which a value that was just replaced is retired.
pub(crate) fn retire() -> u64 {
    let era = PINS.era.fetch_add(1, Ordering::SeqCst);
    if faulty(Fault::RetireEarly) { 0 } else { era }
}

/// The era that is not over yet.
#[inline(always)]
pub(super) fn era() -> u64 {
    PINS.era.load(Ordering::SeqCst)
}

/// A record that nobody else uses.
pub(super) fn take() -> &'static Record {
    PINS.take()
}

/// All records.
pub(super) fn all() -> impl Iterator<Item = &'static Record> {
    PINS.first.onwards().flat_map(|block| &block.records)
}

/// How many there are.
#[cfg(test)]
pub(crate) fn count() -> usize {
    all().count()
}
