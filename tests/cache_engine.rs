//! What once went wrong in the engine of the cache, and must not again.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test reports by panicking"
)]

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tenfold::cache::{MemoryCache, RemovalCause, Upkeep};
use tenfold::snapshot::Snapshot;

/// All keys are alike.
#[derive(Clone, Copy, Default)]
struct Constant;

impl Hasher for Constant {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        7
    }
}

type Alike = BuildHasherDefault<Constant>;

/// Says when it is dropped.
struct Flagged(Arc<AtomicBool>);

impl Flagged {
    fn new() -> (Self, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        (Self(dropped.clone()), dropped)
    }
}

impl Drop for Flagged {
    fn drop(&mut self) {
        assert!(!self.0.swap(true, Ordering::SeqCst), "dropped twice");
    }
}

/// Removes and stores until everything is reclaimed that may be.
fn churn(cache: &MemoryCache<u64, Flagged>) {
    for n in 1_000..3_000 {
        cache.insert(n, Flagged::new().0);
        cache.invalidate(&n);
    }
}

/// A value that is replaced just when the table grows lies in another slot by then.
#[test]
fn the_table_grows_while_a_value_is_replaced() {
    let cache = MemoryCache::builder()
        .capacity(10_000)
        .shards(1)
        // Another thread that were at work would drop them a moment later.
        .upkeep(Upkeep::Manual)
        .build()
        .unwrap();
    let mut flags = Vec::new();
    for n in 0..6_000_u64 {
        let (value, dropped) = Flagged::new();
        cache.insert(n, Flagged::new().0);
        cache.insert(n, value);
        flags.push(dropped);
        assert_eq!(cache.len() as u64, n + 1);
    }
    assert!(
        flags.iter().all(|dropped| !dropped.load(Ordering::SeqCst)),
        "a value that was not replaced was dropped"
    );
    assert!((0..6_000).all(|n| cache.contains(&n)));
    drop(cache);
    assert!(
        flags.iter().all(|dropped| dropped.load(Ordering::SeqCst)),
        "a value was not dropped"
    );
}

/// A reader of a cache that reads a snapshot meanwhile has two announcements.
#[test]
fn a_snapshot_is_read_while_an_entry_is() {
    // Upkeep by another thread would drop some a moment later; so also below, where drops are counted.
    let cache = MemoryCache::builder()
        .capacity(64)
        .upkeep(Upkeep::Manual)
        .build()
        .unwrap();
    let cell = Snapshot::new(1_u64);
    // The second time the thread has a record at hand.
    for _ in 0..2 {
        let (value, dropped) = Flagged::new();
        cache.insert(0, value);
        cache.read(&0, |_| {
            cell.read(|_| ());
            cache.invalidate(&0);
            churn(&cache);
            assert!(
                !dropped.load(Ordering::SeqCst),
                "an entry was dropped while it was read"
            );
        });
        churn(&cache);
        assert!(
            dropped.load(Ordering::SeqCst),
            "an entry that nobody reads was kept"
        );
    }
}

/// A guard that is made while an entry is read outlives the read.
#[test]
fn a_guard_outlives_the_read_it_was_made_in() {
    let cache = MemoryCache::new(64);
    cache.insert(0_u64, ());
    for _ in 0..2 {
        let (value, dropped) = Flagged::new();
        let cell = Snapshot::new(value);
        let guard = cache.read(&0, |()| cell.guard()).unwrap();
        cell.publish(Flagged::new().0);
        cell.publish(Flagged::new().0);
        assert!(
            !dropped.load(Ordering::SeqCst),
            "a value was dropped while it was guarded"
        );
        drop(guard);
    }
}

/// Entries of any size and alignment are kept for those who read them.
#[test]
fn small_entries_are_kept_too() {
    // Bytes, so that entries begin at odd addresses.
    type Bytes = [u8; 2];
    let cache: MemoryCache<u8, Bytes> = MemoryCache::new(4);
    for n in 0..8 {
        cache.insert(n, [n, n]);
        let held = cache.get_ref(&n).unwrap();
        assert_eq!((*held.key(), *held), (n, [n, n]));
        for other in 100..200 {
            cache.insert(other, [other, other]);
        }
        assert_eq!(
            (*held.key(), *held),
            (n, [n, n]),
            "an entry was overwritten while it was held"
        );
    }
}

/// Nobody waits for a reader of an entry that has no size.
#[test]
fn entries_without_size_are_in_nobodys_way() {
    let cache: MemoryCache<(), ()> = MemoryCache::new(4);
    cache.insert((), ());
    let held = cache.get_ref(&()).unwrap();
    let (value, dropped) = Flagged::new();
    let cell = Snapshot::new(value);
    cell.publish(Flagged::new().0);
    assert!(
        dropped.load(Ordering::SeqCst),
        "a value was kept for a reader of something else"
    );
    for _ in 0..100 {
        cache.invalidate_all();
        cache.insert((), ());
    }
    assert_eq!(*held, ());
}

/// Whatever the size of the table: that of the next one is the same.
#[test]
fn an_emptied_cache_is_as_good_as_a_new_one() {
    for capacity in 1..600_u64 {
        let cache = MemoryCache::builder()
            .capacity(capacity)
            .shards(1)
            .weigher(|_, weight| *weight);
        let cache: MemoryCache<u64, u64> = cache.build().unwrap();
        for _ in 0..3 {
            for n in 0..capacity / 3 {
                cache.insert(n, 2);
                cache.insert(n, 3);
            }
            assert_eq!(cache.weight(), capacity / 3 * 3, "of {capacity}");
            assert!(
                (0..capacity / 3).all(|n| cache.contains(&n)),
                "of {capacity}"
            );
            cache.invalidate_all();
            assert_eq!((cache.len(), cache.weight()), (0, 0));
        }
    }
}

/// Tables that were emptied do not pile up.
#[test]
fn emptying_again_and_again_takes_no_more_memory() {
    let cache = MemoryCache::builder()
        .capacity(10_000)
        .shards(1)
        .build()
        .unwrap();
    cache.insert(0_u64, 0_u64);
    let before = cache.memory_used();
    for n in 0..200 {
        cache.insert(n, n);
        cache.invalidate_all();
        cache.invalidate_all();
    }
    assert!(
        cache.memory_used() < before * 4,
        "{} bytes after {before}",
        cache.memory_used()
    );
}

#[test]
fn weights_may_be_as_large_as_numbers_are() {
    for capacity in [0, 10, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let cache = MemoryCache::builder()
            .capacity(capacity)
            .weigher(|_, weight| *weight);
        let cache: MemoryCache<u64, u64> = cache.build().unwrap();
        for (key, weight) in [
            (1, 5),
            (2, u64::MAX),
            (3, u64::MAX - 5),
            (4, u64::MAX / 2),
            (5, u64::MAX / 2 + 1),
            (6, 5),
            (1, 7),
        ] {
            cache.insert(key, weight);
            assert!(cache.weight() <= capacity);
        }
        assert_eq!(cache.contains(&6), capacity >= 10);
        cache.set_capacity(u64::MAX);
        cache.set_capacity(3);
        assert_eq!(cache.weight(), 0);
    }
}

/// Tables grow with what is in them, not with what there could be.
#[test]
fn a_capacity_without_bound_takes_no_memory() {
    let cache = MemoryCache::new(u64::MAX);
    assert!(
        cache.memory_used() < 1 << 27,
        "{} bytes",
        cache.memory_used()
    );
    for n in 0..100_000_u64 {
        cache.insert(n, n);
    }
    assert!((0..100_000).all(|n| cache.contains(&n)));
}

/// With a hasher that is of no use there is a place for few keys, in a table that does not grow for the others.
#[test]
fn a_bad_hasher_costs_entries_but_no_memory() {
    let cache = MemoryCache::builder()
        .capacity(1 << 30)
        .weigher(|_, weight| *weight)
        .hasher(Alike::default());
    let cache: MemoryCache<u64, u64, Alike> = cache.shards(1).build().unwrap();
    for n in 0..600 {
        cache.insert(n, 2);
        if let Some(value) = cache.get(&n) {
            assert_eq!(value, 2);
        }
    }
    assert!(
        cache.len() >= 14 && cache.memory_used() < 1 << 20,
        "{} bytes for {}",
        cache.memory_used(),
        cache.len()
    );
    assert_eq!(
        (cache.weight(), cache.stats().entries),
        (cache.len() as u64 * 2, cache.len() as u64)
    );
}

/// Whoever listens hears of every entry once, also of those for which there is no place.
#[test]
fn every_entry_is_heard_of_once() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let cache = MemoryCache::builder()
        .capacity(400)
        .hasher(Alike::default());
    let cache: MemoryCache<u64, u64, Alike> = cache
        .listener(move |_, value, cause: RemovalCause| hears.lock().unwrap().push((*value, cause)))
        .build()
        .unwrap();
    let mut next = 0;
    for n in 0..600 {
        for key in [n, n, n / 2] {
            cache.insert(key, next);
            next += 1;
        }
    }
    let mut seen: Vec<_> = heard
        .lock()
        .unwrap()
        .iter()
        .map(|(value, _)| *value)
        .collect();
    seen.extend((0..600).filter_map(|key| cache.get(&key)));
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..next), "not all were heard of once");
}

/// A key that has a value all the time is found all the time.
#[test]
fn a_value_that_is_replaced_is_never_missed() {
    const KEYS: u64 = 40;
    let cache = MemoryCache::new(KEYS * 4);
    (0..KEYS).for_each(|key| cache.insert(key, 0_u64));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..300_000 {
                cache.insert(n % KEYS, n);
            }
            done.store(true, Ordering::SeqCst);
        });
        let missed = AtomicUsize::new(0);
        while !done.load(Ordering::SeqCst) {
            for key in 0..KEYS {
                missed.fetch_add(usize::from(cache.get(&key).is_none()), Ordering::Relaxed);
            }
        }
        assert_eq!(
            missed.into_inner(),
            0,
            "keys that were there were not found"
        );
    });
}

/// A value that panics when it is cloned.
struct Stubborn(Flagged);

impl Clone for Stubborn {
    fn clone(&self) -> Self {
        panic!("not to be cloned")
    }
}

/// A clone that panics keeps nobody from hearing of what was done before, and nothing from being dropped.
#[test]
fn a_clone_that_panics_swallows_no_notice() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let cache: MemoryCache<u64, Stubborn> = MemoryCache::builder()
        .upkeep(Upkeep::Manual)
        .capacity(10)
        .listener(move |key: &u64, value: &Stubborn, cause| {
            assert!(!value.0.0.load(Ordering::SeqCst), "dropped too early");
            hears.lock().unwrap().push((*key, cause));
        })
        .build()
        .unwrap();
    let value = || {
        let (value, dropped) = Flagged::new();
        (Stubborn(value), dropped)
    };
    let panics = |what: &dyn Fn()| {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what));
        assert!(outcome.is_err(), "it was not cloned");
    };
    let (first, first_dropped) = value();
    let (second, second_dropped) = value();
    cache.insert(1, first);
    panics(&|| drop(cache.remove(&1)));
    assert_eq!(
        heard.lock().unwrap().pop(),
        Some((1, RemovalCause::Removed))
    );
    cache.insert(2, second);
    panics(&|| drop(cache.replace(2, value().0)));
    assert_eq!(
        heard.lock().unwrap().pop(),
        Some((2, RemovalCause::Replaced))
    );
    cache.clear();
    assert!(first_dropped.load(Ordering::SeqCst) && second_dropped.load(Ordering::SeqCst));
}

/// Key and value stay with a listener as long as it looks at them: others reclaim, empty the cache, or have it grow meanwhile.
#[test]
fn a_slow_listener_keeps_what_it_hears_of() {
    type Tampering = fn(&MemoryCache<u64, Flagged>);
    let ways: [Tampering; 4] = [
        churn,
        |cache| {
            for n in 1..4 {
                cache.invalidate_all();
                cache.insert(n, Flagged::new().0);
                churn(cache);
            }
        },
        |cache| (5_000..30_000).for_each(|n| cache.insert(n, Flagged::new().0)),
        MemoryCache::clear,
    ];
    for tamper in ways {
        let (says, said) = std::sync::mpsc::channel();
        let (goes, go) = std::sync::mpsc::channel::<()>();
        let go = Mutex::new(go);
        let cache: MemoryCache<u64, Flagged> = MemoryCache::builder()
            .upkeep(Upkeep::Manual)
            .capacity(100_000)
            .shards(1)
            .listener(move |key: &u64, value: &Flagged, _| {
                if *key == 0 {
                    says.send(value.0.load(Ordering::SeqCst)).unwrap();
                    go.lock().unwrap().recv().unwrap();
                    says.send(value.0.load(Ordering::SeqCst)).unwrap();
                    panic!("a listener that panics has heard nevertheless");
                }
            })
            .build()
            .unwrap();
        let (value, dropped) = Flagged::new();
        cache.insert(0, value);
        cache.insert(1, Flagged::new().0);
        std::thread::scope(|scope| {
            scope.spawn(|| cache.invalidate(&0));
            assert!(!said.recv().unwrap(), "dropped before it was told");
            tamper(&cache);
            goes.send(()).unwrap();
            assert!(!said.recv().unwrap(), "dropped while it was heard of");
        });
        cache.clear();
        assert!(dropped.load(Ordering::SeqCst), "a value was not dropped");
    }
}

/// Pinned keys, of which all tests below have a few.
const PINNED: u64 = 4;

/// A cache whose only table begins small, and who was heard of.
#[expect(clippy::type_complexity, reason = "what the listener hears")]
fn growing() -> (
    MemoryCache<u64, Flagged>,
    Arc<Mutex<Vec<(u64, RemovalCause)>>>,
) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let cache = MemoryCache::builder()
        .capacity(100_000)
        .shards(1)
        .weigher(|key, _| u64::from(*key >= PINNED))
        .listener(move |key: &u64, _: &Flagged, cause| hears.lock().unwrap().push((*key, cause)))
        .build()
        .unwrap();
    (cache, heard)
}

/// Entries that are read all the time go along when the table grows.
#[test]
fn growth_loses_nothing_that_is_read_in_passing() {
    const KEYS: u64 = 6_000;
    const HOT: u64 = 2 * PINNED;
    for _ in 0..4 {
        let (cache, heard) = growing();
        (0..HOT).for_each(|key| cache.insert(key, Flagged::new().0));
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let readers = [0, 1, 2].map(|n| {
                let (cache, over) = (&cache, &over);
                scope.spawn(move || {
                    let mut key = n;
                    while !over.load(Ordering::Relaxed) {
                        key = (key + 1) % HOT;
                        let seen = cache.read(&key, |value| {
                            (0..50).for_each(|_| std::hint::spin_loop());
                            value.0.load(Ordering::SeqCst)
                        });
                        if seen != Some(false) {
                            return Some(format!("{key} was missed, or dropped: {seen:?}"));
                        }
                        if n == 0 {
                            let mut met = 0_u64;
                            cache.for_each(|key, _| met |= 1 << key.min(&63));
                            let missed = !met & ((1 << HOT) - 1);
                            if missed != 0 {
                                return Some(format!("a walk missed {missed:b}"));
                            }
                        }
                    }
                    None
                })
            });
            (HOT..KEYS).for_each(|key| cache.insert(key, Flagged::new().0));
            over.store(true, Ordering::Relaxed);
            assert_eq!(*heard.lock().unwrap(), [], "an entry was evicted");
            for reader in readers {
                assert_eq!(reader.join().unwrap(), None);
            }
        });
        assert_eq!(*heard.lock().unwrap(), [], "an entry was evicted");
        assert!((0..KEYS).all(|key| cache.contains(&key)));
    }
}

/// Growth waits for who holds an entry, as long as there is room.
#[test]
fn growth_is_put_off_for_who_holds_an_entry() {
    for key in [0, PINNED] {
        let (cache, heard) = growing();
        for n in 0..700 {
            cache.insert(n, Flagged::new().0);
        }
        let bytes = cache.memory_used();
        let held = cache.get_ref(&key).unwrap();
        for n in 700..900 {
            cache.insert(n, Flagged::new().0);
        }
        assert_eq!(*heard.lock().unwrap(), [], "an entry was evicted");
        drop(held);
        for n in 900..10_000 {
            cache.insert(n, Flagged::new().0);
        }
        assert!(cache.memory_used() > bytes, "it did not grow");
        assert_eq!(*heard.lock().unwrap(), [], "an entry was evicted");
        assert!((0..10_000).all(|key| cache.contains(&key)));
    }
}

/// What is held when there is no more room goes, and is told of.
#[test]
fn growth_is_not_put_off_for_ever() {
    for key in [0, PINNED] {
        let (cache, heard) = growing();
        cache.insert(key, Flagged::new().0);
        let held = cache.get_ref(&key).unwrap();
        for n in 10..10_000 {
            cache.insert(n, Flagged::new().0);
        }
        assert_eq!(*heard.lock().unwrap(), [(key, RemovalCause::Evicted)]);
        assert!(!held.0.load(Ordering::SeqCst), "dropped while it was held");
        drop(held);
        assert!(!cache.contains(&key));
        assert!((10..10_000).all(|key| cache.contains(&key)));
    }
}
