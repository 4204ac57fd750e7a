//! Readers and publishers and nothing else, for ThreadSanitizer: what it reports here is a race of ours.
//!
//! Values are plain numbers, threads are joined one by one, and nothing is shared through an `Arc` of the test's own: the
//! standard library is not instrumented, and its ways of ordering things would be reported too. For the same reason the file has
//! a `main` of its own: the usual test program hands results from thread to thread.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test program without the usual frame"
)]

use tenfold::histogram::Histogram;
use tenfold::snapshot::Snapshot;

const ROUNDS: u64 = 3_000;

fn reading_races_with_nothing() {
    let cell: &'static Snapshot<[u64; 8]> = Box::leak(Box::new(Snapshot::new([0; 8])));
    let reader = || {
        let mut last = 0;
        for _ in 0..ROUNDS {
            let seen = cell.read(|value| {
                assert!(
                    value.iter().all(|n| *n == value[0]),
                    "half of a value: {value:?}"
                );
                cell.read(|inner| assert!(inner[0] >= value[0]));
                value[0]
            });
            assert!(seen >= last);
            last = seen;
        }
    };
    let publisher = || {
        for n in 1..=ROUNDS {
            cell.publish([n; 8]);
        }
    };
    let readers = [std::thread::spawn(reader), std::thread::spawn(reader)];
    std::thread::spawn(publisher).join().unwrap();
    for reader in readers {
        reader.join().unwrap();
    }
    assert_eq!(cell.read(|value| value[0]), ROUNDS);
}

fn stripes_are_handed_over_from_thread_to_thread() {
    let histogram: &'static Histogram = Box::leak(Box::new(Histogram::new()));
    for _ in 0..20 {
        let recorders = [(); 2]
            .map(|()| std::thread::spawn(|| (0..ROUNDS).for_each(|value| histogram.record(value))));
        for recorder in recorders {
            recorder.join().unwrap();
        }
    }
    assert_eq!(histogram.distribution().count(), 40 * ROUNDS);
}

fn main() {
    reading_races_with_nothing();
    stripes_are_handed_over_from_thread_to_thread();
    println!("2 passed, 0 failed");
}
