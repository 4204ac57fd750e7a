//! Lookups, replicas, builds and plans. Ids are `operation/variant/threads`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of a ring that cannot be built should panic"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use tenfold::hash::{StableHash, StableKey};
use tenfold::ring::{Jump, Maglev, Native, Placement, Ring, SharedRing};

mod support;

const SIZES: [u32; 3] = [10, 100, 1000];

fn ring_of<P: Placement>(nodes: u32, placement: P) -> Ring<u32, P> {
    let ring = Ring::builder().nodes(0..nodes).placement(placement);
    ring.build().unwrap()
}

fn locate(c: &mut Criterion) {
    fn one<P: Placement<Hash = StableHash>>(c: &mut Criterion, variant: &str, ring: &Ring<u32, P>) {
        let nodes = ring.len() as u32;
        let mut group = c.benchmark_group("ring");
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("locate/{variant}-{nodes}/t1"), |b| {
            let mut key = 0_u64;
            b.iter(|| {
                key += 1;
                let owner = ring.locate(&black_box(key));
                assert!(owner.is_some_and(|owner| *owner < nodes));
                owner
            });
        });
    }
    for nodes in SIZES {
        one(c, "native", &ring_of(nodes, Native::default()));
        one(c, "maglev", &ring_of(nodes, Maglev::default()));
        one(c, "jump", &ring_of(nodes, Jump::default()));
    }
}

fn shared(c: &mut Criterion) {
    let ring = SharedRing::new(ring_of(100, Native::default()));
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(1));
    for threads in [1, 2, 4] {
        group.bench_function(format!("locate/shared-100/t{threads}"), |b| {
            b.iter_custom(|iterations| {
                support::on_threads(threads, iterations, |each| {
                    for key in 0..each {
                        assert!(ring.locate(&black_box(key)).is_some());
                    }
                })
            });
        });
        group.bench_function(format!("locate/reader-100/t{threads}"), |b| {
            b.iter_custom(|iterations| {
                support::on_threads(threads, iterations, |each| {
                    let mut reader = ring.reader();
                    for key in 0..each {
                        assert!(reader.locate(&black_box(key)).is_some());
                    }
                })
            });
        });
    }
}

fn replicas(c: &mut Criterion) {
    let ring = ring_of(100, Native::default());
    let mut group = c.benchmark_group("ring");
    for n in [2, 3, 5] {
        group.bench_function(format!("replicas/native-100-take-{n}/t1"), |b| {
            let mut key = 0_u64;
            b.iter(|| {
                key += 1;
                let homes = ring.replicas_hash(black_box(key.stable_hash()), n).count();
                assert_eq!(homes, n);
            });
        });
    }
}

fn changes(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring");
    group.sample_size(20);
    for nodes in SIZES {
        group.bench_with_input(
            BenchmarkId::new("build", format!("native-{nodes}/t1")),
            &nodes,
            |b, nodes| {
                b.iter(|| assert_eq!(ring_of(*nodes, Native::default()).len(), *nodes as usize));
            },
        );
        let old = ring_of(nodes, Native::default());
        group.bench_function(format!("plan/native-{nodes}/t1"), |b| {
            let new = old.with(nodes);
            b.iter(|| {
                let plan = new.as_ref().map(|new| old.plan(new));
                assert!(matches!(plan, Ok(Ok(plan)) if !plan.is_empty()));
            });
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    locate(&mut criterion);
    shared(&mut criterion);
    replicas(&mut criterion);
    changes(&mut criterion);
    criterion.final_summary();
}
