//! Published values: when they are seen, and when they are dropped.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use tenfold::snapshot::{Reader, Snapshot};

/// Held by each test. A reader of any cell that is interrupted while it enters keeps what other cells replace meanwhile until
/// they publish again, so tests that count drops can't run beside tests that read.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock()
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>, usize);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_replaced_value_is_dropped_at_once_if_nobody_reads_it() {
    let _alone = alone();
    let drops = Arc::new(AtomicUsize::new(0));
    let cell = Snapshot::new(Counted(drops.clone(), 0));
    for n in 1..=10 {
        cell.publish(Counted(drops.clone(), n));
        assert_eq!(
            (cell.read(|value| value.1), drops.load(Ordering::SeqCst)),
            (n, n)
        );
    }
    drop(cell);
    assert_eq!(drops.load(Ordering::SeqCst), 11);
}

#[test]
fn the_last_reader_drops_what_was_replaced_meanwhile() {
    let _alone = alone();
    let drops = Arc::new(AtomicUsize::new(0));
    let cell = Snapshot::new(Counted(drops.clone(), 0));
    cell.read(|outer| {
        cell.publish(Counted(drops.clone(), 1));
        cell.read(|inner| {
            cell.publish(Counted(drops.clone(), 2));
            assert_eq!((outer.1, inner.1, cell.load().1), (0, 1, 2));
        });
        // The inner reader left, and dropped what only it had kept.
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
    assert_eq!(drops.load(Ordering::SeqCst), 2);
}

#[test]
fn an_idle_reader_keeps_its_value_until_it_looks_again_or_goes() {
    let _alone = alone();
    let cell = Arc::new(Snapshot::new(vec![1]));
    let (mut one, two) = (Reader::new(cell.clone()), Reader::new(cell.clone()));
    let first: Weak<Vec<i32>> = Arc::downgrade(&cell.load());
    cell.publish(vec![2]);
    assert!(first.upgrade().is_some());
    assert_eq!(one.get(), &[2]);
    assert!(first.upgrade().is_some(), "the other reader has not looked");
    drop(two);
    assert!(first.upgrade().is_none());
    let mut copy = one.clone();
    cell.publish(vec![3]);
    assert_eq!((one.get(), copy.get()), (&vec![3], &vec![3]));
    assert_eq!(*one.cell().load(), [3]);
}

#[test]
fn a_panic_in_a_closure_leaves_no_trace() {
    let _alone = alone();
    let drops = Arc::new(AtomicUsize::new(0));
    let cell = Snapshot::new(Counted(drops.clone(), 0));
    let broken = catch_unwind(AssertUnwindSafe(|| {
        cell.read(|_| {
            cell.publish(Counted(drops.clone(), 1));
            panic!("in the closure");
        })
    }));
    assert!(broken.is_err());
    assert_eq!(
        drops.load(Ordering::SeqCst),
        1,
        "the reader that unwound keeps nothing"
    );
    let broken = catch_unwind(AssertUnwindSafe(|| {
        cell.update(|_| panic!("in the update"))
    }));
    assert!(broken.is_err());
    assert_eq!(cell.read(|value| value.1), 1);
}

#[test]
fn updates_are_applied_to_the_latest_value_or_refused() {
    let _alone = alone();
    let cell = Snapshot::new(1);
    let interfered = Cell::new(false);
    let doubled = cell.update(|n| {
        if !interfered.replace(true) {
            cell.publish(10);
        }
        n * 2
    });
    assert_eq!((*doubled, *cell.load()), (20, 20));
    assert_eq!(cell.try_update(|n| Err::<i32, _>(*n)), Err(20));
    assert_eq!(
        cell.try_update(|n| Ok::<_, ()>(n + 1)).map(|value| *value),
        Ok(21)
    );
    assert_eq!(format!("{cell:?}"), "Snapshot(21)");
}

#[test]
fn a_value_may_be_published_twice() {
    let _alone = alone();
    let value = Arc::new(String::from("same"));
    let cell = Snapshot::from_arc(value.clone());
    cell.read(|_| {
        cell.publish(String::from("other"));
        cell.publish_arc(value.clone());
    });
    assert_eq!(cell.read(String::clone), "same");
    cell.publish(String::from("last"));
    assert_eq!(Arc::strong_count(&value), 1);
}

/// A reader that stands still inside an old value costs other readers nothing and keeps that value alone.
#[test]
fn a_slow_reader_keeps_one_value() {
    let _alone = alone();
    let drops = Arc::new(AtomicUsize::new(0));
    let cell = Snapshot::new(Counted(drops.clone(), 0));
    cell.read(|slow| {
        for n in 1..=1_000 {
            cell.publish(Counted(drops.clone(), n));
            assert_eq!(cell.read(|value| value.1), n);
        }
        assert_eq!((slow.1, drops.load(Ordering::SeqCst)), (0, 999));
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1_000);
}

/// Destructors run outside of the lock, so they may use the cell.
#[test]
fn a_destructor_may_publish() {
    let _alone = alone();
    struct Replacing(Weak<Snapshot<Option<Self>>>, u32);
    impl Drop for Replacing {
        fn drop(&mut self) {
            if let Some(cell) = self.0.upgrade().filter(|_| self.1 > 0) {
                cell.publish(Some(Self(self.0.clone(), self.1 - 1)));
            }
        }
    }
    let cell = Arc::new(Snapshot::new(None));
    cell.publish(Some(Replacing(Arc::downgrade(&cell), 3)));
    cell.publish(None);
    assert_eq!(
        cell.read(|value| value.as_ref().map(|value| value.1)),
        Some(2)
    );
    cell.publish(None);
    assert_eq!(
        cell.read(|value| value.as_ref().map(|value| value.1)),
        Some(1)
    );
}

/// Threads that publish, read and come and go: no reader sees a freed or half-written value. The sanitizers watch this one.
#[test]
fn readers_and_publishers_in_a_crowd() {
    let _alone = alone();
    let live = Arc::new(AtomicUsize::new(0));
    struct Whole(Vec<usize>, Arc<AtomicUsize>);
    impl Whole {
        fn new(n: usize, live: &Arc<AtomicUsize>) -> Self {
            live.fetch_add(1, Ordering::SeqCst);
            Self(vec![n; 8], live.clone())
        }
    }
    impl Drop for Whole {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let cell = Arc::new(Snapshot::new(Whole::new(0, &live)));
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (cell, stop) = (cell.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut caching = Reader::new(cell.clone());
                let mut last = 0;
                while !stop.load(Ordering::Relaxed) {
                    let seen = cell.read(|value| {
                        assert!(value.0.iter().all(|n| *n == value.0[0]));
                        // Nested, so that more records than threads are in use.
                        cell.read(|inner| assert!(inner.0[0] >= value.0[0]));
                        value.0[0]
                    });
                    let cached = caching.get().0[0];
                    assert!(seen >= last && cached >= seen && cell.load().0[0] >= cached);
                    last = seen;
                }
            })
        })
        .collect();
    let publishers: Vec<_> = (0..2)
        .map(|_| {
            let (cell, live) = (cell.clone(), live.clone());
            std::thread::spawn(move || {
                for _ in 0..5_000 {
                    cell.update(|value| Whole::new(value.0[0] + 1, &live));
                }
            })
        })
        .collect();
    publishers
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    stop.store(true, Ordering::Relaxed);
    readers
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(cell.read(|value| value.0[0]), 10_000, "no update is lost");
    // A reader may leave in the moment in which it is looked at; the next call drops what it left.
    cell.publish(Whole::new(0, &live));
    assert_eq!(live.load(Ordering::SeqCst), 1);
}

/// The documented size.
#[test]
#[cfg(target_pointer_width = "64")]
fn a_cell_has_48_bytes() {
    assert_eq!(size_of::<Snapshot<u64>>(), 48);
    assert_eq!(size_of::<Reader<u64>>(), 16);
}
