//! Every interleaving of small models of the kernel's protocols.
//!
//! A model comes in two kinds. The protocol as it is must survive every interleaving; and broken on purpose, one fault at a
//! time, it must not: a model that stays green over a broken protocol proves nothing.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_loom" cargo test --release --test loom --target-dir target/loom`.
#![cfg(tenfold_loom)]
#![expect(unsafe_code, reason = "a probe that loom watches has to be shared")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that goes astray should panic"
)]

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use tenfold::__kernel::{Arc, Counters, SeqLock, leave};
use tenfold::clock::ManualClock;
use tenfold::limit::{Leased, Quota};
use tenfold::snapshot::{Reader, Snapshot};

#[path = "support/explore.rs"]
mod explore;
#[path = "support/limiting/mod.rs"]
mod limiting;
#[path = "support/red.rs"]
mod red;
#[path = "support/waiting/mod.rs"]
mod waiting;

use explore::{explore, explore_only};
use red::must_fail;

/// A value that the test keeps alive, so that a broken protocol is caught by a count and not by reading freed memory.
struct Watched {
    value: usize,
}

impl Watched {
    fn new(value: usize) -> Arc<Self> {
        Arc::new(Self { value })
    }
}

/// While a reader is inside, the cell still owns what it reads.
fn reader_against_publisher() {
    let (old, new) = (Watched::new(0), Watched::new(1));
    let cell = Arc::new(Snapshot::from_arc(old.clone()));
    let reader = {
        let (cell, old, new) = (cell.clone(), old.clone(), new.clone());
        thread::spawn(move || {
            cell.read(|seen| {
                // One handle is the test's main thread's, one this thread's, one the cell's.
                let handles = [&old, &new].map(Arc::strong_count);
                let owned = handles.get(seen.value).is_some_and(|handles| *handles >= 3);
                assert!(owned, "value {} was released while it was read", seen.value);
            });
        })
    };
    cell.publish_arc(new.clone());
    reader.join().unwrap();
    assert_eq!(cell.read(|seen| seen.value), 1);
    cell.publish_arc(old.clone());
    assert_eq!(cell.retired(), 0, "nobody reads, so nothing is kept");
}

#[test]
fn a_value_outlives_its_readers() {
    explore(3, reader_against_publisher);
}

/// Two readers stop inside while two values are replaced: the publisher may have to wait for one that is still entering, and
/// what they leave is dropped by them or by the next publication.
#[test]
fn a_publisher_bounds_what_it_keeps() {
    explore(2, || {
        let cell = Arc::new(Snapshot::new(0_usize));
        let reader = {
            let cell = cell.clone();
            thread::spawn(move || cell.read(|outer| cell.read(|inner| assert!(inner >= outer))))
        };
        cell.publish(1);
        cell.publish(2);
        reader.join().unwrap();
        cell.publish(3);
        assert_eq!((cell.retired(), *cell.load()), (0, 3));
    });
}

#[test]
fn red_without_announcement() {
    must_fail(
        "a_value_outlives_its_readers",
        "SkipAnnounce",
        "was released while it was read",
    );
}

#[test]
fn red_when_announced_after_the_load() {
    must_fail(
        "a_value_outlives_its_readers",
        "AnnounceLate",
        "was released while it was read",
    );
}

#[test]
fn red_without_the_barrier() {
    must_fail(
        "a_value_outlives_its_readers",
        "SkipBarrier",
        "was released while it was read",
    );
}

#[test]
fn red_without_the_scan() {
    must_fail(
        "a_value_outlives_its_readers",
        "SkipScan",
        "was released while it was read",
    );
}

#[test]
fn red_when_the_era_is_over() {
    must_fail(
        "a_value_outlives_its_readers",
        "RetireEarly",
        "was released while it was read",
    );
}

/// What readers did with a value happens before its destructor: loom sees accesses that are not ordered.
fn reads_before_destruction() {
    struct Probe(UnsafeCell<u32>);
    // SAFETY: the model checks that the accesses to the cell are ordered.
    unsafe impl Sync for Probe {}
    impl Drop for Probe {
        fn drop(&mut self) {
            self.0.with_mut(|_| ());
        }
    }
    let cell = Arc::new(Snapshot::new(Probe(UnsafeCell::new(0))));
    let reader = {
        let cell = cell.clone();
        thread::spawn(move || cell.read(|probe| probe.0.with(|_| ())))
    };
    cell.publish(Probe(UnsafeCell::new(1)));
    reader.join().unwrap();
}

#[test]
fn reads_happen_before_destruction() {
    explore(3, reads_before_destruction);
}

#[test]
fn red_when_readers_leave_without_releasing() {
    must_fail(
        "reads_happen_before_destruction",
        "LeaveRelaxed",
        "Causality violation",
    );
}

/// Two updates of the same value both count.
fn concurrent_updates() {
    let cell = Arc::new(Snapshot::new(0_usize));
    let other = {
        let cell = cell.clone();
        thread::spawn(move || cell.update(|n| n + 1))
    };
    cell.update(|n| n + 1);
    other.join().unwrap();
    assert_eq!(*cell.load(), 2);
}

#[test]
fn no_update_is_lost() {
    explore(2, concurrent_updates);
}

#[test]
fn red_when_updates_do_not_compare() {
    must_fail("no_update_is_lost", "SkipCompare", "left: 1");
}

/// A reader with a value at hand sees a publication that happened before its call, and never goes back.
#[test]
fn a_caching_reader_sees_what_was_published() {
    explore(2, || {
        let cell = Arc::new(Snapshot::new(0_usize));
        let published = Arc::new(AtomicUsize::new(0));
        let mut reader = Reader::new(cell.clone());
        let publisher = {
            let (cell, published) = (cell.clone(), published.clone());
            thread::spawn(move || {
                cell.publish(1_usize);
                published.store(1, Ordering::Release);
            })
        };
        let known = published.load(Ordering::Acquire);
        let first = *reader.get();
        let second = *reader.get();
        assert!(
            known <= first && first <= second,
            "{known}, then {first}, then {second}"
        );
        publisher.join().unwrap();
        assert_eq!(*reader.get(), 1);
    });
}

/// The words of one write, or none; and never those of an earlier write after those of a later one.
fn torn_words() {
    let lock = Arc::new(SeqLock::<2>::empty());
    let writer = {
        let lock = lock.clone();
        thread::spawn(move || {
            lock.write([1, 1]);
            lock.write([2, 2]);
        })
    };
    let mut last = 0;
    for [first, second] in [lock.read(), lock.read()].into_iter().flatten() {
        assert_eq!(first, second, "words of two writes");
        assert!(first >= last, "back from {last} to {first}");
        last = first;
    }
    writer.join().unwrap();
    assert_eq!(lock.read(), Some([2, 2]));
}

#[test]
fn words_of_one_write() {
    explore(4, torn_words);
}

#[test]
fn red_without_looking_at_the_version_again() {
    must_fail(
        "words_of_one_write",
        "SkipVersionCheck",
        "words of two writes",
    );
}

#[test]
fn red_without_the_fence_of_the_writer() {
    must_fail(
        "words_of_one_write",
        "SkipWriteFence",
        "words of two writes",
    );
}

/// Threads that raise a counter at the same time, and one that inherits the stripe of a thread that ended.
fn counted_events() {
    let counters = Arc::new(Counters::<1>::new());
    let raise = |counters: &Arc<Counters<1>>| {
        let counters = counters.clone();
        move || {
            counters.raise(0);
            leave();
        }
    };
    let first = thread::spawn(raise(&counters));
    let second = thread::spawn(raise(&counters));
    first.join().unwrap();
    second.join().unwrap();
    assert_eq!(counters.sum(0), 2);
}

#[test]
fn no_event_is_lost() {
    explore(3, counted_events);
}

#[test]
fn red_when_a_stripe_is_handed_over_without_releasing() {
    must_fail("no_event_is_lost", "ReleaseRelaxed", "left: 1");
}

#[test]
fn red_when_a_stripe_has_two_writers() {
    must_fail("no_event_is_lost", "ShareNumber", "left: 1");
}

/// Two threads spend leases, and a third one may inherit what one of them left: no token is spent twice, and none is lost.
fn spent_leases() {
    // Two cells of two tokens, and two tokens in the shared part to begin with: one lease.
    let quota = Quota::per_second(100_000).with_burst(32).with_initial(2);
    let limiter = Arc::new(Leased::with_clock(quota, ManualClock::new()));
    assert_eq!((limiter.lease(), limiter.available()), (2, 2));
    let spend = |times: usize| {
        let limiter = limiter.clone();
        move || {
            let taken = (0..times).filter(|_| limiter.try_acquire()).count();
            leave();
            taken as u64
        }
    };
    let first = thread::spawn(spend(2));
    let second = thread::spawn(spend(1));
    let taken = first.join().unwrap() + second.join().unwrap();
    assert!(taken <= 2, "{taken} of 2 tokens were spent");
    assert_eq!(taken + limiter.available(), 2, "no token is lost");
}

#[test]
fn no_leased_token_is_spent_twice() {
    explore(2, spent_leases);
}

#[test]
fn red_when_a_cell_is_handed_over_without_releasing() {
    must_fail(
        "no_leased_token_is_spent_twice",
        "ReleaseRelaxed",
        "of 2 tokens were spent",
    );
}

#[test]
fn red_when_a_cell_has_two_writers() {
    must_fail(
        "no_leased_token_is_spent_twice",
        "ShareNumber",
        "of 2 tokens were spent",
    );
}
