//! A checkout and its return, by threads and by tasks, with enough connections and with too few. Ids are
//! `operation/variant/threads`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of a pool that has no connection should panic"
)]

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tenfold::pool::{
    AcquireError, AsyncConnect, Builder, Check, Connect, Fairness, Lease, Manage, Order, Pool,
};

mod support;

const THREADS: [usize; 4] = [1, 2, 4, 8];
/// One for each of the most threads.
const CONNECTIONS: u32 = 8;

/// Its connections are numbers, in the order in which they were opened.
#[derive(Default)]
struct Numbers {
    next: AtomicU64,
}

impl Numbers {
    fn open(&self) -> Result<u64, Infallible> {
        Ok(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl Manage for Numbers {
    type Connection = u64;
    type Error = Infallible;
}

impl Connect for Numbers {
    fn connect(&self) -> Result<u64, Infallible> {
        self.open()
    }
}

impl AsyncConnect for Numbers {
    async fn connect(&self) -> Result<u64, Infallible> {
        self.open()
    }
}

fn group(c: &mut Criterion) -> BenchmarkGroup<'_, WallTime> {
    c.benchmark_group("pool")
}

/// Measures `calls`, which makes so many of them, on several threads.
fn on_threads(c: &mut Criterion, id: &str, threads: &[usize], calls: impl Fn(u64) + Sync) {
    let mut group = group(c);
    group.throughput(Throughput::Elements(1));
    for &threads in threads {
        group.bench_function(format!("{id}/t{threads}"), |b| {
            b.iter_custom(|iterations| support::on_threads(threads, iterations, &calls));
        });
    }
}

fn builder(connections: u32) -> Builder<Numbers> {
    Pool::builder(Numbers::default()).max_size(connections)
}

/// A pool that has opened all its connections.
fn filled(builder: Builder<Numbers>, connections: u32) -> Pool<Numbers> {
    let pool = builder.build().unwrap();
    let held: Vec<_> = (0..connections).map(|_| pool.acquire().unwrap()).collect();
    let mut numbers: Vec<u64> = held.iter().map(|lease| **lease).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..u64::from(connections)));
    drop(held);
    pool
}

fn assert_number(lease: &Lease<'_, Numbers>) {
    assert!(black_box(**lease) < u64::from(CONNECTIONS));
}

fn checkout(c: &mut Criterion) {
    let plain = || builder(CONNECTIONS);
    let settings = [
        ("default", plain()),
        ("throughput", plain().fairness(Fairness::Throughput)),
        ("lifo", plain().order(Order::Lifo)),
        ("fifo", plain().order(Order::Fifo)),
        ("never-checked", plain().check(Check::Never)),
        ("always-checked", plain().check(Check::Always)),
    ];
    for (variant, builder) in settings {
        let pool = filled(builder, CONNECTIONS);
        on_threads(c, &format!("checkout/{variant}"), &THREADS, |calls| {
            (0..calls).for_each(|_| assert_number(&pool.acquire().unwrap()));
        });
        let status = pool.status();
        // One may still be checked for somebody who took another.
        let there = if variant == "always-checked" {
            status.total
        } else {
            status.idle
        };
        assert_eq!(there, CONNECTIONS);
    }
    let pool = filled(plain(), CONNECTIONS);
    on_threads(c, "checkout/try", &THREADS, |calls| {
        (0..calls).for_each(|_| assert_number(&pool.try_acquire().unwrap()));
    });
    on_threads(c, "checkout/owned", &THREADS, |calls| {
        for _ in 0..calls {
            assert!(black_box(*pool.acquire_owned().unwrap()) < u64::from(CONNECTIONS));
        }
    });
    on_threads(c, "checkout/future", &THREADS, |calls| {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..calls {
            let Poll::Ready(lease) = pin!(pool.acquire_async()).poll(&mut context) else {
                unreachable!("there is a connection for everybody");
            };
            assert_number(&lease.unwrap());
        }
    });
}

/// Nothing is idle, and nobody waits.
fn refuse(c: &mut Criterion) {
    let pool = filled(builder(1), 1);
    let held = pool.acquire().unwrap();
    on_threads(c, "refuse/exhausted", &THREADS, |calls| {
        for _ in 0..calls {
            let refused = pool.try_acquire();
            assert!(matches!(refused, Err(AcquireError::Exhausted { .. })));
        }
    });
    drop(held);
    pool.close();
    on_threads(c, "refuse/closed", &THREADS, |calls| {
        for _ in 0..calls {
            assert!(matches!(pool.acquire(), Err(AcquireError::Closed)));
        }
    });
}

/// Whoever comes waits: every return goes to another thread.
fn hand_off(c: &mut Criterion) {
    for (variant, fairness) in [
        ("fifo", Fairness::Fifo),
        ("throughput", Fairness::Throughput),
    ] {
        let pool = filled(builder(1).fairness(fairness), 1);
        on_threads(c, &format!("hand-off/{variant}"), &[2, 4], |calls| {
            (0..calls).for_each(|_| assert_eq!(*pool.acquire().unwrap(), 0));
        });
        assert_eq!(pool.status().in_use, 0);
    }
}

/// Less common verbs.
fn others(c: &mut Criterion) {
    let pool = filled(builder(CONNECTIONS), CONNECTIONS);
    on_threads(c, "detach-attach/default", &[1], |calls| {
        for _ in 0..calls {
            let connection = Lease::detach(pool.acquire().unwrap());
            assert!(pool.attach(connection).is_ok());
        }
    });
    on_threads(c, "status/default", &[1], |calls| {
        (0..calls).for_each(|_| assert_eq!(black_box(pool.status()).in_use, 0));
    });
    on_threads(c, "timed-out/default", &[1], |calls| {
        let all: Vec<_> = (0..CONNECTIONS).map(|_| pool.acquire().unwrap()).collect();
        for _ in 0..calls {
            let refused = pool.acquire_timeout(Duration::ZERO);
            assert!(matches!(refused, Err(AcquireError::TimedOut { .. })));
        }
        drop(all);
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    checkout(&mut criterion);
    refuse(&mut criterion);
    hand_off(&mut criterion);
    others(&mut criterion);
    criterion.final_summary();
}
