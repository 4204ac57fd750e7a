//! What the modules are built from: clocks, hashes, histograms, published values. Ids are `operation/variant/threads`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use tenfold::clock::{Clock, MonotonicClock};
use tenfold::hash::StableKey;
use tenfold::histogram::Histogram;
use tenfold::rng::Rng;
use tenfold::snapshot::{Reader, Snapshot};

mod support;

const THREADS: [usize; 3] = [1, 2, 4];

fn clock(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernel");
    let clock = MonotonicClock::new();
    let mut last = clock.now();
    group.bench_function("clock/now/t1", |b| {
        b.iter(|| {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        });
    });
}

fn hash(c: &mut Criterion) {
    let mut group = c.benchmark_group("kernel");
    for length in [8, 20, 100] {
        let key = "k".repeat(length);
        let expected = key.stable_hash();
        group.bench_function(format!("hash/stable-{length}-bytes/t1"), |b| {
            b.iter(|| assert_eq!(black_box(key.as_str()).stable_hash(), expected));
        });
    }
}

fn histogram(c: &mut Criterion) {
    let mut rng = Rng::seeded(1);
    let values: Vec<u64> = (0..2048)
        .map(|_| (1e3 * 1e5_f64.powf(rng.unit())) as u64)
        .collect();
    let mut group = c.benchmark_group("kernel");
    group.throughput(Throughput::Elements(1));
    for threads in THREADS {
        group.bench_function(format!("histogram/record/t{threads}"), |b| {
            b.iter_custom(|iterations| {
                let histogram = Histogram::new();
                let took = support::on_threads(threads, iterations, |each| {
                    values
                        .iter()
                        .cycle()
                        .take(each as usize)
                        .for_each(|value| histogram.record(*value));
                });
                assert!(histogram.distribution().count() >= iterations);
                took
            });
        });
    }
}

fn snapshot(c: &mut Criterion) {
    let cell = Arc::new(Snapshot::new([7_u64; 8]));
    let mut group = c.benchmark_group("kernel");
    group.throughput(Throughput::Elements(1));
    for threads in THREADS {
        group.bench_function(format!("snapshot/read/t{threads}"), |b| {
            b.iter_custom(|iterations| {
                support::on_threads(threads, iterations, |each| {
                    (0..each).for_each(|_| assert_eq!(cell.read(|value| value[3]), 7));
                })
            });
        });
        group.bench_function(format!("snapshot/reader/t{threads}"), |b| {
            b.iter_custom(|iterations| {
                support::on_threads(threads, iterations, |each| {
                    let mut reader = Reader::new(cell.clone());
                    (0..each).for_each(|_| assert_eq!(black_box(&mut reader).get()[3], 7));
                })
            });
        });
    }
    group.bench_function("snapshot/publish/t1", |b| {
        b.iter(|| cell.publish(black_box([7; 8])));
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    clock(&mut criterion);
    hash(&mut criterion);
    histogram(&mut criterion);
    snapshot(&mut criterion);
    criterion.final_summary();
}
