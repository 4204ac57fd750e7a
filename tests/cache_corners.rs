//! Corners of the cache in which something once was wrong: what callbacks, comparisons, guards and changes of capacity do to each other.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tenfold::cache::{Compute, Computed, InsertOptions, MemoryCache, RemovalCause, Ttl, Upkeep};
use tenfold::clock::ManualClock;

const SECOND: Duration = Duration::from_secs(1);

fn lasting(ttl: Duration) -> InsertOptions {
    InsertOptions::new().ttl(Ttl::For(ttl))
}

/// Who puts a deadline off must not undo that somebody has taken it away: the index would count one too few, and if it came to none,
/// whatever else expires would be served for ever.
#[test]
fn a_deadline_put_off_while_another_reader_takes_it_away() {
    thread_local! { static DEPTH: Cell<u32> = const { Cell::new(0) }; }
    static CACHE: OnceLock<MemoryCache<u32, u32>> = OnceLock::new();
    let clock = ManualClock::new();
    let cache = MemoryCache::builder()
        .capacity(100)
        .shards(1)
        .upkeep(Upkeep::Manual)
        .clock(clock.clone())
        .expire_after_read(|key: &u32, _: &u32, _| {
            if *key != 1 {
                return Ttl::Default;
            }
            // Stands for another thread, whose read is over before this one's.
            if DEPTH.get() == 0 {
                DEPTH.set(1);
                CACHE.get().unwrap().get(&1);
                DEPTH.set(0);
                Ttl::For(100 * SECOND)
            } else {
                Ttl::Never
            }
        })
        .build()
        .unwrap();
    let cache = CACHE.get_or_init(|| cache);
    cache.insert_with(1, 1, &lasting(10 * SECOND));
    cache.insert_with(2, 2, &lasting(10 * SECOND));
    cache.get(&1);
    cache.remove(&1);
    clock.advance(20 * SECOND);
    cache.run_upkeep();
    assert_eq!(cache.get(&2), None, "ten seconds behind its deadline");
}

/// Whoever must replace the table sleeps for an entry that is held; readers of others go on meanwhile.
#[test]
fn readers_go_on_while_a_writer_waits_for_another_reader() {
    let cache: MemoryCache<u32, u32> = MemoryCache::builder()
        .capacity(4000)
        .shards(1)
        .build()
        .unwrap();
    (0..1000).for_each(|n| cache.insert(n, n));
    let held = cache.get_ref(&1);
    let [there, begun, over] = [(); 3].map(|()| AtomicBool::new(false));
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0_u32;
            while !over.load(Ordering::Relaxed) {
                cache.get(&(2 + reads % 900));
                reads += u32::from(begun.load(Ordering::Relaxed));
                there.store(true, Ordering::Relaxed);
            }
            reads
        });
        while !there.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        begun.store(true, Ordering::Relaxed);
        // The first that expires: the table gets another column.
        cache.insert_with(5000, 1, &lasting(100 * SECOND));
        over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    drop(held);
    assert!(reads > 1000, "{reads} in 63 milliseconds");
}

static PANICS: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Debug)]
struct Key(u32);
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        assert!(!PANICS.load(Ordering::Relaxed), "on purpose");
        self.0 == other.0
    }
}
impl Eq for Key {}
impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
struct Loud(Option<Arc<MemoryCache<Key, Self>>>);
impl Drop for Loud {
    fn drop(&mut self) {
        if let Some(cache) = self.0.take() {
            let _ = cache.len();
        }
    }
}

/// The value that was to be stored is dropped behind the lock.
#[test]
fn a_comparison_that_panics_in_an_insertion() {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let cache = Arc::new(
            MemoryCache::<Key, Loud>::builder()
                .capacity(100)
                .shards(1)
                .build()
                .unwrap(),
        );
        cache.insert(Key(1), Loud(None));
        PANICS.store(true, Ordering::Relaxed);
        let own = cache.clone();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cache.insert(Key(1), Loud(Some(own)));
        }));
        PANICS.store(false, Ordering::Relaxed);
        send.send(caught.is_err()).unwrap();
    });
    assert_eq!(
        receive.recv_timeout(Duration::from_secs(60)),
        Ok(true),
        "deadlock"
    );
}

/// With a listener and without.
#[test]
fn clear_forgets_absences() {
    let cleared = |listens: bool| {
        let mut builder = MemoryCache::<u32, u32>::builder()
            .capacity(100)
            .negative_ttl(100 * SECOND);
        if listens {
            builder = builder.listener(|_, _, _| {});
        }
        let cache = builder.build().unwrap();
        assert_eq!(cache.get_or_load_optional(&1, |_| None), None);
        cache.clear();
        cache.get_or_load_optional(&1, |_| Some(7))
    };
    assert_eq!((cleared(false), cleared(true)), (Some(7), Some(7)));
}

/// `compute` looks at an entry that is held, and the table must be replaced before the new value is in.
#[test]
fn compute_does_not_stand_in_its_own_way() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    let cache = MemoryCache::builder()
        .capacity(100)
        .shards(1)
        .listener(move |key: &u32, _: &u32, cause| hears.lock().unwrap().push((*key, cause)))
        .build()
        .unwrap();
    cache.insert(1, 1);
    let computed = cache.compute(&1, |_| Compute::PutWith(2, lasting(SECOND)));
    assert_eq!(computed, Computed::Replaced);
    assert_eq!(*heard.lock().unwrap(), [(1, RemovalCause::Replaced)]);
}

#[test]
fn uses_survive_a_new_table() {
    let cache: MemoryCache<u32, u32> = MemoryCache::builder()
        .capacity(100)
        .shards(1)
        .build()
        .unwrap();
    (0..50).for_each(|n| cache.insert(n, n));
    (0..50).for_each(|n| assert_eq!((cache.get(&n), cache.get(&n)), (Some(n), Some(n))));
    let uses = || {
        cache
            .snapshot()
            .entries
            .iter()
            .map(|entry| u32::from(entry.uses))
            .sum::<u32>()
    };
    let before = uses();
    cache.insert_with(99, 9, &lasting(100 * SECOND));
    assert!(before > 0 && uses() >= before, "{before} {}", uses());
}

#[test]
fn evicted_weight_saturates_also_when_a_table_is_replaced() {
    let cache: MemoryCache<u32, u32> = MemoryCache::builder()
        .capacity(u64::MAX)
        .shards(1)
        .weigher(|_: &u32, _: &u32| 1 << 62)
        .build()
        .unwrap();
    (0..8).for_each(|n| cache.insert(n, n));
    assert_eq!(cache.stats().evicted_weight, u64::MAX);
    let held = cache.iter().next();
    cache.insert_with(99, 9, &lasting(100 * SECOND));
    drop(held);
    assert_eq!(cache.stats().evicted_weight, u64::MAX);
    cache.insert(7, 7);
}

/// Keys drift away, so what was used lately is used again; the policy has to find out.
#[test]
fn a_cache_that_was_made_smaller_chooses_as_well_as_one_that_was_built_so() {
    let hits = |built: u64| {
        let cache: MemoryCache<u32, u32> = MemoryCache::builder()
            .capacity(built)
            .shards(1)
            .build()
            .unwrap();
        cache.set_capacity(1000);
        let (mut hits, mut seed) = (0_u32, 1_u64);
        for n in 0..120_000_u32 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let dice = (seed >> 33) as u32;
            let key = n / 2 + (dice % 2000) * (dice >> 12 & 1);
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            } else if n >= 60_000 {
                hits += 1;
            }
        }
        f64::from(hits)
    };
    let (large, small) = (hits(100_000), hits(1000));
    assert!(large > 0.9 * small, "{large} of {small}");
}
