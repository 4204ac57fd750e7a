//! Reads that find and reads that miss, insertions, loads, changes. Ids are `operation/variant/threads`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of a cache that cannot be built should panic"
)]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tenfold::cache::{Compute, Computed, MemoryCache};

mod support;

const THREADS: [usize; 3] = [1, 2, 4];
const ENTRIES: u64 = 100_000;
/// A step that has no divisor in common with the number of entries goes through all of them.
const STEP: u64 = 61_803;
const HOUR: Duration = Duration::from_secs(3600);

fn group(c: &mut Criterion) -> BenchmarkGroup<'_, WallTime> {
    c.benchmark_group("cache")
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

/// The keys of a thread's calls, in an order that does not repeat soon.
fn keys(calls: u64) -> impl Iterator<Item = u64> {
    (0..calls).map(|call| call.wrapping_mul(STEP) % ENTRIES)
}

/// Each key's value is its successor. There is room for half as much again: which key would go is not the question.
fn full(ttl: Option<Duration>) -> MemoryCache<u64, u64> {
    let builder = MemoryCache::builder().capacity(ENTRIES + ENTRIES / 2);
    let builder = ttl
        .into_iter()
        .fold(builder, |builder, ttl| builder.time_to_live(ttl));
    let cache = builder.build().unwrap();
    (0..ENTRIES).for_each(|key| cache.insert(key, key + 1));
    assert_eq!(cache.stats().entries, ENTRIES);
    cache
}

fn read(c: &mut Criterion) {
    for (variant, ttl) in [("100k", None), ("100k-ttl", Some(HOUR))] {
        let cache = full(ttl);
        on_threads(c, &format!("get-hit/{variant}"), |calls| {
            keys(calls).for_each(|key| assert_eq!(cache.get(&key), Some(key + 1)));
        });
    }
    let cache = full(None);
    on_threads(c, "get-miss/100k", |calls| {
        keys(calls).for_each(|key| assert_eq!(cache.get(&(ENTRIES + key)), None));
    });
    on_threads(c, "read/100k", |calls| {
        for key in keys(calls) {
            assert!(cache.read(&key, |value| *black_box(value) > key).unwrap());
        }
    });
    on_threads(c, "get-ref/100k", |calls| {
        keys(calls).for_each(|key| assert_eq!(*cache.get_ref(&key).unwrap(), key + 1));
    });
    on_threads(c, "get-or-load/hit-100k", |calls| {
        for key in keys(calls) {
            assert_eq!(cache.get_or_load(&key, |_| unreachable!()), key + 1);
        }
    });
    assert_eq!(cache.stats().loads, 0);
}

fn insert(c: &mut Criterion) {
    for (variant, ttl) in [("evict-100k", None), ("evict-100k-ttl", Some(HOUR))] {
        let builder = MemoryCache::<u64, u64>::builder().capacity(ENTRIES);
        let builder = ttl
            .into_iter()
            .fold(builder, |builder, ttl| builder.time_to_live(ttl));
        let cache = builder.build().unwrap();
        // No key is ever twice the same, so each evicts another one once the cache is full.
        let next = AtomicU64::new(0);
        let insert = |calls| {
            let first = next.fetch_add(calls, Ordering::Relaxed);
            (first..first + calls).for_each(|key| cache.insert(key, key));
        };
        insert(2 * ENTRIES);
        on_threads(c, &format!("insert/{variant}"), insert);
        let stats = cache.stats();
        assert!(stats.entries <= ENTRIES && stats.evictions >= ENTRIES);
    }
    let cache = full(None);
    on_threads(c, "insert/replace-100k", |calls| {
        keys(calls).for_each(|key| cache.insert(key, key));
    });
    assert_eq!(
        (cache.stats().entries, cache.stats().evictions),
        (ENTRIES, 0)
    );
}

fn load(c: &mut Criterion) {
    let cache = MemoryCache::<u64, u64>::new(ENTRIES);
    let next = AtomicU64::new(0);
    on_threads(c, "get-or-load/miss-100k", |calls| {
        let first = next.fetch_add(calls, Ordering::Relaxed);
        for key in first..first + calls {
            assert_eq!(cache.get_or_load(&key, |key| key + 1), key + 1);
        }
    });
    assert_eq!(cache.stats().loads, next.into_inner());
}

fn change(c: &mut Criterion) {
    let cache = full(None);
    on_threads(c, "compute/100k", |calls| {
        for key in keys(calls) {
            let changed = cache.compute(&key, |value| Compute::Put(value.map_or(0, |n| n + 1)));
            assert_eq!(changed, Computed::Replaced);
        }
    });
    // All threads at one key: the closure runs again when another one was faster.
    let counted = AtomicU64::new(0);
    on_threads(c, "compute/one-key", |calls| {
        for _ in 0..calls {
            cache.compute(&ENTRIES, |value| Compute::Put(value.map_or(1, |n| n + 1)));
        }
        counted.fetch_add(calls, Ordering::Relaxed);
    });
    assert_eq!(
        cache.get(&ENTRIES).unwrap_or_default(),
        counted.into_inner()
    );
    on_threads(c, "remove/absent-100k", |calls| {
        keys(calls).for_each(|key| assert_eq!(cache.remove(&(2 * ENTRIES + key)), None));
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    read(&mut criterion);
    insert(&mut criterion);
    load(&mut criterion);
    change(&mut criterion);
    criterion.final_summary();
}
