//! How many bytes a contestant holds: the global allocator, with a count of what this thread has asked for.
#![expect(
    unsafe_code,
    reason = "only an implementation of GlobalAlloc sees every allocation, and the trait is unsafe"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

thread_local! {
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the bytes that this thread allocates and does not free from its creation on.
///
/// What a contestant holds inline, not on the heap, is counted by boxing it.
pub(crate) struct Meter {
    before: i64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self {
            before: LIVE_BYTES.get(),
        }
    }

    pub(crate) fn bytes(&self) -> f64 {
        (LIVE_BYTES.get() - self.before) as f64
    }
}

/// Counts how often this thread asks for memory from its creation on, also where it asks for more in place of what it has.
pub(crate) struct Allocations {
    before: u64,
}

impl Allocations {
    pub(crate) fn start() -> Self {
        Self {
            before: ALLOCATIONS.get(),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        ALLOCATIONS.get().wrapping_sub(self.before)
    }
}

/// Whether [`OF_ALL`] counts.
static COUNT_ALL: AtomicBool = AtomicBool::new(false);
static OF_ALL: AtomicI64 = AtomicI64::new(0);

/// Counts the bytes that the threads of the process together allocate and do not free from its creation on: for what has
/// threads of its own. One at a time, and not while anything is timed.
pub(crate) struct MeterOfAll {
    before: i64,
}

impl MeterOfAll {
    pub(crate) fn start() -> Self {
        COUNT_ALL.store(true, Ordering::SeqCst);
        Self {
            before: OF_ALL.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn bytes(&self) -> f64 {
        (OF_ALL.load(Ordering::SeqCst) - self.before) as f64
    }
}

impl Drop for MeterOfAll {
    fn drop(&mut self) {
        COUNT_ALL.store(false, Ordering::SeqCst);
    }
}

/// The system's allocator. The count is the calling thread's own, so counting adds no contention to what is measured;
/// memory that one thread allocates and another frees is followed only while a [`MeterOfAll`] lives.
pub(crate) struct Counting;

fn count(change: i64) {
    // A thread that is ending may allocate after its count is gone; nobody reads that count.
    let _ = LIVE_BYTES.try_with(|live| live.set(live.get().wrapping_add(change)));
    if COUNT_ALL.load(Ordering::Relaxed) {
        OF_ALL.fetch_add(change, Ordering::Relaxed);
    }
}

fn count_request() {
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get().wrapping_add(1)));
}

// SAFETY: every method hands its arguments to `System` unchanged and returns what `System` returns; counting neither
// allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_request();
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same for `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_request();
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the same for `System`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `dealloc`; the block came from `System` through this type.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count_request();
        count(new_size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps the contract of `realloc`; the block came from `System` through this type.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_still_held() {
        let meter = Meter::start();
        drop(vec![0_u8; 5_000]);
        let mut held = Vec::<u8>::with_capacity(500);
        held.reserve_exact(1_000);
        let boxed = Box::new(0_u64);
        assert_eq!(meter.bytes(), 1_008.0);
        drop((held, boxed));
        assert_eq!(meter.bytes(), 0.0);
    }

    #[test]
    fn counts_requests_also_of_what_is_freed() {
        let allocations = Allocations::start();
        let mut held = vec![0_u8; 100];
        assert_eq!(allocations.count(), 1);
        held.reserve_exact(1_000);
        drop((held, Box::new(0_u64)));
        assert_eq!(allocations.count(), 3);
    }

    #[test]
    fn counts_what_another_thread_holds() {
        // Other tests allocate meanwhile, but not as much.
        let meter = MeterOfAll::start();
        let held = std::thread::spawn(|| vec![0_u8; 1 << 30]).join();
        assert!(meter.bytes() > 0.9e9, "{}", meter.bytes());
        drop(held);
        assert!(meter.bytes() < 0.1e9, "{}", meter.bytes());
    }
}
