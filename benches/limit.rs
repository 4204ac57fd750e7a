//! One call that is admitted or refused, per key or not, and a change of the quota. Ids are `operation/variant/threads`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of a limiter that cannot be built should panic"
)]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tenfold::clock::{Clock, MonotonicClock, Tick};
use tenfold::limit::{
    All, FixedWindow, Keep, Keyed, Leased, Quota, RateLimiter, SlidingLog, SlidingWindow,
    TokenBucket,
};

mod support;

const THREADS: [usize; 3] = [1, 2, 4];
/// More than any number of threads can ask for.
const OPEN: Quota = Quota::per_second(1_000_000_000);
/// The same with a rate that takes no whole number of units per nanosecond.
const FRACTION: Quota = Quota::per_second(700_000_001);
/// Nothing, once a token is taken.
const SHUT: Quota = Quota::per_hour(1);

fn group(c: &mut Criterion) -> BenchmarkGroup<'_, WallTime> {
    c.benchmark_group("limit")
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

/// A bucket that has nothing left.
fn shut() -> TokenBucket {
    let bucket = TokenBucket::new(SHUT);
    assert!(bucket.try_acquire());
    bucket
}

/// As a thread reads them that does nothing else but ask.
fn stamps() -> impl Iterator<Item = Tick> {
    let start = MonotonicClock::new().now().as_nanos();
    (start..).step_by(4).map(Tick::from_nanos)
}

fn buckets(c: &mut Criterion) {
    for (variant, quota) in [("whole", OPEN), ("fraction", FRACTION)] {
        let bucket = TokenBucket::new(quota);
        on_threads(c, &format!("allow/token-bucket-{variant}"), |calls| {
            (0..calls).for_each(|_| assert!(bucket.try_acquire()));
        });
        let bucket = TokenBucket::new(quota);
        on_threads(c, &format!("allow/token-bucket-{variant}-at"), |calls| {
            for now in stamps().take(calls as usize) {
                assert!(bucket.try_acquire_n_at(now, 1));
            }
        });
    }
    let bucket = shut();
    on_threads(c, "deny/token-bucket", |calls| {
        (0..calls).for_each(|_| assert!(!bucket.try_acquire()));
    });
    on_threads(c, "deny/token-bucket-at", |calls| {
        for now in stamps().take(calls as usize) {
            assert!(!bucket.try_acquire_n_at(now, 1));
        }
    });
}

fn decide(c: &mut Criterion) {
    let open = TokenBucket::new(OPEN);
    on_threads(c, "decide/allowed", |calls| {
        (0..calls).for_each(|_| assert!(black_box(open.decide(1)).allowed));
    });
    let shut = shut();
    on_threads(c, "decide/refused", |calls| {
        (0..calls).for_each(|_| assert!(black_box(shut.decide(1)).retry_after.is_some()));
    });
    on_threads(c, "decide/peek", |calls| {
        (0..calls).for_each(|_| assert!(!black_box(shut.peek(1)).allowed));
    });
}

/// The limiters beside the bucket, where they admit everything.
fn others(c: &mut Criterion) {
    fn one(c: &mut Criterion, variant: &str, limiter: &impl RateLimiter) {
        on_threads(c, &format!("allow/{variant}"), |calls| {
            (0..calls).for_each(|_| assert!(limiter.try_acquire()));
        });
    }
    // As much as the open quota, in a window that is short enough for the log.
    let (limit, window) = (1_000_000, Duration::from_millis(1));
    one(
        c,
        "sliding-window",
        &SlidingWindow::new(limit, window).unwrap(),
    );
    one(c, "sliding-log", &SlidingLog::new(limit, window).unwrap());
    one(c, "fixed-window", &FixedWindow::new(limit, window).unwrap());
    one(c, "two-quotas", &All::new([OPEN, OPEN]).unwrap());
    one(c, "leased", &Leased::new(OPEN));
}

fn keyed(c: &mut Criterion) {
    const KEYS: u64 = 100_000;
    // Tokens for all calls of a run, and none comes back in its time: every key stays in the table.
    let quota = Quota::new(1, Duration::from_secs(3600), 1_000_000).unwrap();
    for exact in [false, true] {
        let builder = Keyed::<u64>::builder(quota).keys(KEYS as usize);
        let limiter = builder.exact_keys(exact).build().unwrap();
        let variant = if exact { "exact" } else { "hashed" };
        on_threads(c, &format!("keyed-hit/{variant}-100k"), |calls| {
            // A step that has no divisor in common with the number of keys goes through all of them.
            for call in 0..calls {
                assert!(limiter.try_acquire(&(call * 61_803 % KEYS)));
            }
        });
        assert!(limiter.live() > 0);
    }
    // No key is ever twice the same: each one takes a place that is free again or another's.
    let limiter = Keyed::<u64>::builder(quota).keys(KEYS as usize).build();
    let limiter = limiter.unwrap();
    let next = AtomicU64::new(0);
    on_threads(c, "keyed-miss/hashed-100k", |calls| {
        let first = next.fetch_add(calls, Ordering::Relaxed);
        (first..first + calls).for_each(|key| assert!(limiter.try_acquire(&key)));
    });
}

fn set_quota(c: &mut Criterion) {
    let bucket = TokenBucket::new(OPEN);
    for (variant, keep) in [
        ("tokens", Keep::Tokens),
        ("proportion", Keep::Proportion),
        ("reset", Keep::Reset),
    ] {
        let mut group = group(c);
        group.bench_function(format!("set-quota/{variant}/t1"), |b| {
            let mut turn = false;
            b.iter(|| {
                turn = !turn;
                bucket.set_quota(black_box(if turn { SHUT } else { OPEN }), keep);
            });
            assert_eq!(bucket.quota(), if turn { SHUT } else { OPEN });
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    buckets(&mut criterion);
    decide(&mut criterion);
    others(&mut criterion);
    keyed(&mut criterion);
    set_quota(&mut criterion);
    criterion.final_summary();
}
