//! A pick, a lease and what it ends with, backends that are down, and a change of the set. Ids are `operation/variant/threads`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of a balancer that has nobody should panic"
)]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tenfold::balance::{
    Adaptive, Balancer, Consistent, FailureKind, Policy, PowerOfTwo, Request, RoundRobin,
};

mod support;

const THREADS: [usize; 3] = [1, 2, 4];
const SIZES: [u64; 3] = [3, 100, 1000];

fn group(c: &mut Criterion) -> BenchmarkGroup<'_, WallTime> {
    c.benchmark_group("balance")
}

/// Measures `calls`, which makes so many of them, on several threads.
fn on_threads(c: &mut Criterion, id: &str, calls: impl Fn(u64) + Sync) {
    let mut group = group(c);
    group.throughput(Throughput::Elements(1));
    for threads in THREADS {
        group.bench_function(format!("{id}/t{threads}"), |b| {
            b.iter_custom(|iterations| support::on_threads(threads, iterations, &calls));
        });
    }
}

/// Backends whose value is their number.
fn balancer<P: Policy>(policy: P, backends: u64) -> Balancer<u64, P> {
    let specs = (0..backends).map(|number| (number.to_string(), number));
    Balancer::builder(policy).backends(specs).build().unwrap()
}

fn pick(c: &mut Criterion) {
    for size in SIZES {
        let balancer = balancer(RoundRobin, size);
        on_threads(c, &format!("pick/round-robin-{size}"), |calls| {
            for _ in 0..calls {
                assert!(*black_box(balancer.pick().unwrap().value()) < size);
            }
        });
        on_threads(c, &format!("pick/round-robin-{size}-picker"), |calls| {
            let mut picker = balancer.picker();
            for _ in 0..calls {
                assert!(*black_box(picker.pick().unwrap().value()) < size);
            }
        });
    }
}

fn lease<P: Policy + Default>(c: &mut Criterion, name: &str, succeeds: bool) {
    let end = if succeeds { "success" } else { "drop" };
    for size in SIZES {
        let balancer = balancer(P::default(), size);
        on_threads(c, &format!("lease-{end}/{name}-{size}"), |calls| {
            for _ in 0..calls {
                let lease = balancer.lease(&Request::new()).unwrap();
                if succeeds {
                    lease.success();
                }
            }
        });
        on_threads(c, &format!("lease-{end}/{name}-{size}-picker"), |calls| {
            let mut picker = balancer.picker();
            for _ in 0..calls {
                let lease = picker.lease(&Request::new()).unwrap();
                if succeeds {
                    lease.success();
                }
            }
        });
        assert_eq!(balancer.stats().in_flight, 0);
    }
}

fn failure(c: &mut Criterion) {
    let balancer = balancer(Adaptive, 100);
    on_threads(c, "lease-failure/adaptive-100", |calls| {
        for _ in 0..calls {
            let lease = balancer.lease(&Request::new()).unwrap();
            lease.failure(FailureKind::Faulty);
        }
    });
}

/// Backends that are out of service, and a retry that excludes one.
fn another(c: &mut Criterion) {
    for (variant, step) in [("one", 100), ("half", 2)] {
        let balancer = balancer(RoundRobin, 100);
        let down = balancer.update(|changes| {
            for number in (0_u64..100).step_by(step) {
                changes.set_enabled(number.to_string(), false);
            }
        });
        assert_eq!(down.unwrap().changed, 100 / step);
        on_threads(
            c,
            &format!("pick-down/round-robin-100-{variant}"),
            |calls| {
                for _ in 0..calls {
                    assert!(*black_box(balancer.pick().unwrap().value()) % step as u64 > 0);
                }
            },
        );
    }
    let balancer = balancer(RoundRobin, 100);
    on_threads(c, "pick-another/round-robin-100", |calls| {
        for _ in 0..calls {
            let first = balancer.pick().unwrap().id();
            let tried = [first];
            let second = balancer.pick_for(&Request::new().excluding(&tried));
            assert_ne!(black_box(second.unwrap().id()), first);
        }
    });
}

fn update(c: &mut Criterion) {
    let bounded = balancer(Consistent::default(), 1000);
    let mut turn = 0_u32;
    // With a new table of points.
    group(c).bench_function("update/weight-of-1000-consistent/t1", |b| {
        b.iter(|| {
            turn += 1;
            let change = bounded.update(|changes| {
                changes.set_weight("500", 1 + turn % 2);
            });
            assert_eq!(change.unwrap().changed, 1);
        });
    });
    let balancer = balancer(RoundRobin, 1000);
    group(c).bench_function("update/weight-of-1000/t1", |b| {
        b.iter(|| {
            turn += 1;
            let change = balancer.update(|changes| {
                changes.set_weight("500", 1 + turn % 2);
            });
            assert_eq!(change.unwrap().changed, 1);
        });
    });
    let (mut goes, mut comes) = ("500", "1000");
    group(c).bench_function("update/member-of-1000/t1", |b| {
        b.iter(|| {
            let change = balancer.update(|changes| {
                changes.remove(goes).add((comes, 0));
            });
            assert_eq!(change.unwrap().added, 1);
            (goes, comes) = (comes, goes);
        });
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    pick(&mut criterion);
    lease::<PowerOfTwo>(&mut criterion, "power-of-two", false);
    lease::<Adaptive>(&mut criterion, "adaptive", true);
    failure(&mut criterion);
    another(&mut criterion);
    update(&mut criterion);
    criterion.final_summary();
}
