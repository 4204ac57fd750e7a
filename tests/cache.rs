//! The cache as its users see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenfold::cache::{MemoryCache, RemovalCause, Upkeep};

#[test]
fn a_cache_holds_what_it_was_given() {
    let cache = MemoryCache::new(10_000);
    for n in 0..5_000_u64 {
        cache.insert(n, n.to_string());
    }
    for n in 0..5_000 {
        assert_eq!(cache.get(&n), Some(n.to_string()));
    }
    assert_eq!((cache.len(), cache.get(&5_000)), (5_000, None));
    for n in 0..5_000 {
        cache.insert(n, (n + 1).to_string());
        assert_eq!(cache.get(&n), Some((n + 1).to_string()));
    }
    assert_eq!(cache.remove(&7), Some("8".to_string()));
    assert_eq!((cache.get(&7), cache.len()), (None, 4_999));
    cache.invalidate_all();
    assert_eq!((cache.get(&8), cache.len()), (None, 0));
    let stats = cache.stats();
    assert_eq!(
        (
            stats.hits,
            stats.misses,
            stats.insertions,
            stats.replacements
        ),
        (10_000, 3, 5_000, 5_000)
    );
}

#[test]
fn the_capacity_is_never_exceeded() {
    for capacity in [0, 1, 2, 7, 100, 5_000, 70_000] {
        let cache = MemoryCache::new(capacity);
        for n in 0..3 * capacity + 10 {
            cache.insert(n, n);
            assert!(
                cache.weight() <= capacity,
                "{} of {capacity}",
                cache.weight()
            );
        }
        assert_eq!(cache.weight(), capacity);
    }
}

#[test]
fn one_entry_may_use_all_of_it() {
    let cache = MemoryCache::builder()
        .capacity(100_000)
        .weigher(|_, weight: &u64| *weight)
        .build()
        .unwrap();
    for n in 0..50_000_u64 {
        cache.insert(n, 1 + n % 5);
    }
    assert!(
        cache.weight() <= 100_000 && cache.weight() > 99_000,
        "{}",
        cache.weight()
    );
    cache.insert(1 << 40, 100_000);
    assert_eq!((cache.len(), cache.weight()), (1, 100_000));
    cache.insert(1 << 41, 100_001);
    assert_eq!((cache.get(&(1 << 41)), cache.len()), (None, 1));
    for n in 0..200_000_u64 {
        cache.insert(n, 1 + n % 5);
    }
    assert!(
        cache.weight() <= 100_000 && cache.weight() > 99_000,
        "{}",
        cache.weight(),
    );
    cache.set_capacity(10_000);
    assert!(
        cache.weight() <= 10_000 && cache.weight() > 9_000,
        "{}",
        cache.weight()
    );
}

#[derive(Clone)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn every_value_is_dropped_once() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let heard = Arc::new(AtomicUsize::new(0));
    let hears = heard.clone();
    let cache = MemoryCache::builder()
        .capacity(5_000)
        // Another thread that were at work would drop them a moment later.
        .upkeep(Upkeep::Manual)
        .listener(move |_, _: &Counted, cause| {
            assert!(matches!(
                cause,
                RemovalCause::Evicted | RemovalCause::Replaced
            ));
            hears.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    for n in 0..20_000_u64 {
        cache.insert(n % 12_000, Counted(dropped.clone()));
    }
    let held = cache.get_ref(&7_999).unwrap();
    assert_eq!(heard.load(Ordering::Relaxed), 15_000);
    assert_eq!(*held.key(), 7_999);
    drop(held);
    drop(cache);
    assert_eq!(dropped.load(Ordering::Relaxed), 20_000);
}

#[test]
fn threads_share_a_cache() {
    let cache: MemoryCache<u64, Arc<String>> = MemoryCache::new(1_000);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 0..50_000_u64 {
                    let key = (n * 7 + thread * 13) % 3_000;
                    match cache.get(&key) {
                        Some(value) => assert_eq!(*value, format!("{key}")),
                        None => cache.insert(key, Arc::new(format!("{key}"))),
                    }
                    if n % 100 == 0 {
                        cache.remove(&(n % 3_000));
                    }
                }
            });
        }
    });
    assert!(cache.weight() <= 1_000);
}
