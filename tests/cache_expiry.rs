//! When entries of a cache expire, and who hears of it.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::cache::{
    Builder, Error, InsertOptions, MemoryCache, RemovalCause, Ttl, Upkeep, Written,
};
use tenfold::clock::{Clock, ManualClock, Tick};
use tenfold::rng::Rng;

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

fn lasting(ttl: Duration) -> InsertOptions {
    InsertOptions::new().ttl(Ttl::For(ttl))
}

type Heard<K, V> = Arc<Mutex<Vec<(K, V, RemovalCause)>>>;

/// A cache on a clock moved by hand, and what its listener heard.
fn heard<K, V>(builder: Builder<K, V>, clock: &ManualClock) -> (MemoryCache<K, V>, Heard<K, V>)
where
    K: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let heard = Heard::default();
    let hears = heard.clone();
    let hear = move |key: &K, value: &V, cause| {
        hears
            .lock()
            .unwrap()
            .push((key.clone(), value.clone(), cause));
    };
    (
        builder.clock(clock.clone()).listener(hear).build().unwrap(),
        heard,
    )
}

fn take<K, V>(heard: &Heard<K, V>) -> Vec<(K, V, RemovalCause)> {
    std::mem::take(&mut heard.lock().unwrap())
}

#[test]
fn a_value_is_served_to_the_last_nanosecond() {
    let clock = ManualClock::starting_at(Tick::from_nanos(123_456_789));
    let (cache, heard) = heard(MemoryCache::builder().time_to_live(SECOND), &clock);
    cache.insert(1, "a");
    clock.advance(SECOND / 2);
    cache.insert(2, "b");
    assert_eq!(cache.ttl(&1), Some(Ttl::For(SECOND / 2)));
    clock.advance(SECOND / 2 - NANO);
    assert_eq!(
        (cache.get(&1), cache.ttl(&1)),
        (Some("a"), Some(Ttl::For(NANO)))
    );
    assert!(take(&heard).is_empty());
    clock.advance(NANO);
    // Nobody has asked for it.
    assert_eq!(
        (take(&heard), cache.len()),
        (vec![(1, "a", RemovalCause::Expired)], 1)
    );
    assert_eq!(
        (cache.get(&1), cache.peek(&1), cache.ttl(&1)),
        (None, None, None)
    );
    assert!(!cache.contains(&1) && cache.get_ref(&1).is_none() && cache.remove(&1).is_none());
    assert_eq!(cache.get(&2), Some("b"));
    clock.advance(SECOND);
    assert_eq!(
        (take(&heard), cache.len(), cache.stats().expirations),
        (vec![(2, "b", RemovalCause::Expired)], 0, 2)
    );
}

/// W2: `ttl or 60` makes a minute of no time.
#[test]
fn no_time_stores_nothing_and_is_not_the_default() {
    let clock = ManualClock::new();
    let (cache, heard) = heard(MemoryCache::builder().time_to_live(60 * SECOND), &clock);
    cache.insert_with("a", 1, &lasting(Duration::ZERO));
    assert_eq!(
        (cache.get("a"), cache.len(), cache.stats().insertions),
        (None, 0, 0)
    );
    cache.insert("a", 2);
    assert_eq!(cache.ttl("a"), Some(Ttl::For(60 * SECOND)));
    cache.insert_with("a", 3, &lasting(Duration::ZERO));
    assert_eq!((cache.get("a"), cache.len()), (None, 0));
    assert_eq!(take(&heard), [("a", 2, RemovalCause::Removed)]);
    cache.insert_with("a", 4, &InsertOptions::new().ttl(Ttl::Never));
    clock.advance(3600 * SECOND);
    assert_eq!(
        (cache.get("a"), cache.ttl("a")),
        (Some(4), Some(Ttl::Never))
    );
    let none = MemoryCache::<u64, u64>::builder()
        .time_to_live(Duration::ZERO)
        .build();
    assert_eq!(
        none.unwrap_err(),
        Error::NoTimeToLive {
            ttl: Duration::ZERO
        }
    );
    let none = MemoryCache::<u64, u64>::builder()
        .time_to_idle(Duration::ZERO)
        .build();
    assert_eq!(
        none.unwrap_err(),
        Error::NoTimeToLive {
            ttl: Duration::ZERO
        }
    );
}

/// Historic: the listener was told that it was replaced, or twice, or after the new value was there.
#[test]
fn an_entry_replaced_while_expired_is_reported_as_expired_once() {
    let clock = ManualClock::new();
    let found = Arc::new(Mutex::new(Vec::new()));
    let cache: Arc<std::sync::OnceLock<MemoryCache<u64, &str>>> = Arc::default();
    let (finds, own) = (found.clone(), Arc::downgrade(&cache));
    let built = MemoryCache::builder()
        .clock(clock.clone())
        .time_to_live(SECOND)
        .upkeep(Upkeep::Manual)
        .listener(move |key: &u64, value: &&str, cause| {
            let now = own
                .upgrade()
                .and_then(|cache| cache.get().unwrap().get(key));
            finds.lock().unwrap().push((*value, cause, now));
        })
        .build();
    let cache = cache.get_or_init(|| built.unwrap());
    cache.insert(1, "old");
    clock.advance(SECOND);
    cache.insert(1, "new");
    assert_eq!(
        *found.lock().unwrap(),
        [("old", RemovalCause::Expired, None)]
    );
    cache.insert(1, "newer");
    assert_eq!(
        found.lock().unwrap()[1..],
        [("new", RemovalCause::Replaced, Some("newer"))]
    );
    clock.advance(3600 * SECOND);
    assert_eq!(cache.run_upkeep(), None);
    assert_eq!(
        found.lock().unwrap()[2..],
        [("newer", RemovalCause::Expired, None)]
    );
    let stats = cache.stats();
    assert_eq!(
        (stats.insertions, stats.expirations, stats.replacements),
        (2, 2, 1)
    );
}

#[test]
fn a_cache_without_settings_takes_an_entry_with_a_time() {
    let clock = ManualClock::new();
    let (cache, heard) = heard(MemoryCache::builder().capacity(10_000), &clock);
    for n in 0..3_000_u64 {
        cache.insert(n, n);
    }
    cache.insert_with(5_000, 5_000, &lasting(SECOND));
    cache.insert_with(7, 8, &lasting(2 * SECOND));
    for n in 3_000..4_000 {
        cache.insert(n, n);
    }
    assert_eq!(
        (cache.ttl(&5_000), cache.ttl(&6)),
        (Some(Ttl::For(SECOND)), Some(Ttl::Never))
    );
    take(&heard);
    clock.advance(SECOND);
    assert_eq!(
        (cache.get(&5_000), take(&heard)),
        (None, vec![(5_000, 5_000, RemovalCause::Expired)])
    );
    clock.advance(SECOND);
    assert_eq!(
        (cache.get(&7), take(&heard)),
        (None, vec![(7, 8, RemovalCause::Expired)])
    );
    clock.advance(1_000_000 * SECOND);
    for n in (0..4_000).filter(|n| *n != 7) {
        assert_eq!(cache.get(&n), Some(n));
    }
}

#[test]
fn an_entry_that_is_read_stays_up_to_its_time_to_live() {
    let clock = ManualClock::new();
    let builder = MemoryCache::builder()
        .time_to_idle(10 * SECOND)
        .time_to_live(25 * SECOND);
    let (cache, heard) = heard(builder, &clock);
    cache.insert(1, 1);
    cache.insert_with(2, 2, &InsertOptions::new().ttl(Ttl::Never));
    cache.insert_with(3, 3, &lasting(12 * SECOND));
    cache.insert(4, 4);
    assert_eq!(cache.ttl(&1), Some(Ttl::For(10 * SECOND)));
    clock.advance(9 * SECOND);
    assert_eq!(
        (cache.get(&1), cache.get(&2), cache.get(&3)),
        (Some(1), Some(2), Some(3))
    );
    // Not a read.
    assert_eq!((cache.peek(&4), cache.contains(&4)), (Some(4), true));
    clock.advance(SECOND);
    assert_eq!(take(&heard), [(4, 4, RemovalCause::Expired)]);
    assert_eq!(
        (cache.ttl(&1), cache.ttl(&3)),
        (Some(Ttl::For(9 * SECOND)), Some(Ttl::For(2 * SECOND)))
    );
    clock.advance(2 * SECOND);
    assert_eq!(take(&heard), [(3, 3, RemovalCause::Expired)]);
    for _ in 12..24 {
        assert!(cache.read(&1, |_| ()).is_some() && cache.get_ref(&2).is_some());
        clock.advance(SECOND);
    }
    assert_eq!(
        (cache.ttl(&1), cache.ttl(&2)),
        (Some(Ttl::For(SECOND)), Some(Ttl::For(9 * SECOND)))
    );
    clock.advance(SECOND);
    assert_eq!(take(&heard), [(1, 1, RemovalCause::Expired)]);
    clock.advance(8 * SECOND - NANO);
    assert_eq!(cache.peek(&2), Some(2));
    clock.advance(NANO);
    assert_eq!(
        (take(&heard), cache.len()),
        (vec![(2, 2, RemovalCause::Expired)], 0)
    );
}

#[test]
fn what_is_written_and_read_decides() {
    let clock = ManualClock::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tells = told.clone();
    let builder = MemoryCache::builder()
        .time_to_live(60 * SECOND)
        .expire_after_write(move |_, seconds: &u64, written| {
            tells.lock().unwrap().push(written);
            match seconds {
                0 => Ttl::Default,
                99 => Ttl::Never,
                seconds => Ttl::For(*seconds as u32 * SECOND),
            }
        })
        .expire_after_read(|key: &u64, _, left| match key {
            1 => Ttl::Default,
            2 => Ttl::For(left.unwrap() + SECOND),
            3 => Ttl::For(Duration::from_millis(1)),
            4 => Ttl::Never,
            5 if left.is_none() => Ttl::For(3 * SECOND),
            5 => Ttl::Default,
            _ => Ttl::For(Duration::ZERO),
        });
    let (cache, heard) = heard(builder, &clock);
    for key in 1..=4 {
        cache.insert(key, 5);
    }
    cache.insert(5, 99);
    cache.insert(6, 0);
    cache.insert(6, 7);
    cache.insert_with(7, 99, &lasting(20 * SECOND));
    let created = vec![Written::Created; 6];
    assert_eq!(
        *told.lock().unwrap(),
        [created, vec![Written::Updated]].concat()
    );
    take(&heard);
    for key in 1..=6 {
        assert!(cache.get(&key).is_some());
    }
    let left = |key| cache.ttl(&key);
    assert_eq!(
        (left(1), left(2)),
        (Some(Ttl::For(5 * SECOND)), Some(Ttl::For(6 * SECOND)))
    );
    assert_eq!(
        (left(3), left(4)),
        (Some(Ttl::For(SECOND / 1000)), Some(Ttl::Never))
    );
    assert_eq!(
        (left(5), left(6), left(7)),
        (
            Some(Ttl::For(3 * SECOND)),
            None,
            Some(Ttl::For(20 * SECOND))
        )
    );
    assert_eq!(cache.get(&6), None);
    assert_eq!(take(&heard), [(6, 7, RemovalCause::Expired)]);
    clock.advance(SECOND / 1000);
    assert_eq!(take(&heard), [(3, 5, RemovalCause::Expired)]);
    for (key, seconds, value) in [(5, 3, 99), (1, 5, 5), (2, 6, 5), (7, 20, 99)] {
        clock.set(Tick::from_nanos(seconds * 1_000_000_000 - 1));
        assert!(take(&heard).is_empty());
        clock.advance(NANO);
        assert_eq!(take(&heard), [(key, value, RemovalCause::Expired)]);
    }
    clock.advance(1_000_000 * SECOND);
    assert_eq!(cache.peek(&4), Some(5));
}

#[test]
fn jitter_shortens_by_a_part_and_never_lengthens() {
    let clock = ManualClock::new();
    let (cache, _) = heard(
        MemoryCache::builder()
            .time_to_live(100 * SECOND)
            .jitter(0.2),
        &clock,
    );
    let mut left = Vec::new();
    for n in 0..2_000_u64 {
        cache.insert(n, ());
        let Some(Ttl::For(ttl)) = cache.ttl(&n) else {
            panic!("no time")
        };
        left.push(ttl.as_secs_f64());
    }
    left.sort_by(f64::total_cmp);
    assert!(
        left[0] > 80.0 && left[0] < 81.0 && left[1_999] <= 100.0 && left[1_999] > 99.0,
        "{left:?}"
    );
    let mean = left.iter().sum::<f64>() / 2_000.0;
    assert!((mean - 90.0).abs() < 1.0, "{mean}");
    cache.insert_with(1, (), &lasting(10 * SECOND));
    assert!(
        matches!(cache.ttl(&1), Some(Ttl::For(ttl)) if ttl <= 10 * SECOND && ttl >= 8 * SECOND)
    );
    for jitter in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let built = MemoryCache::<u64, u64>::builder().jitter(jitter).build();
        assert_eq!(built.unwrap_err(), Error::Jitter);
    }
}

#[test]
fn jitter_leaves_what_begins_anew_with_each_read() {
    let clock = ManualClock::new();
    let build = || MemoryCache::builder().clock(clock.clone()).jitter(0.5);
    let idle = build().time_to_idle(10 * SECOND).build().unwrap();
    let deciding = build()
        .expire_after_read(|_, _, _| Ttl::For(10 * SECOND))
        .build()
        .unwrap();
    for cache in [&idle, &deciding] {
        (0..50).for_each(|key| cache.insert(key, key));
        clock.advance(SECOND);
        let left: Vec<_> = (0..50)
            .map(|key| {
                cache.get(&key);
                cache.entry_info(&key).unwrap().expires_in
            })
            .collect();
        assert_eq!(left, [Some(10 * SECOND); 50]);
        // With a time to live besides, that alone is shortened.
        let lasting = lasting(8 * SECOND);
        (0..50).for_each(|key| cache.insert_with(key, key, &lasting));
        let left = (0..50).map(|key| cache.entry_info(&key).unwrap().expires_in.unwrap());
        let left: Vec<_> = left.collect();
        assert!(
            left.iter()
                .all(|left| (4 * SECOND..=8 * SECOND).contains(left))
        );
        assert!(left.iter().any(|left| *left < 7 * SECOND), "{left:?}");
    }
}

#[test]
fn those_that_expired_go_before_those_that_live() {
    let clock = ManualClock::new();
    let builder = MemoryCache::builder()
        .capacity(1_000)
        .shards(1)
        .upkeep(Upkeep::Manual);
    let (cache, heard) = heard(builder, &clock);
    for n in 0..500_u64 {
        cache.insert(n, n);
        cache.insert_with(1_000 + n, n, &lasting(SECOND));
    }
    assert!(take(&heard).is_empty());
    clock.advance(2 * SECOND);
    for n in 0..500_u64 {
        cache.insert(2_000 + n, n);
        assert!(
            take(&heard)
                .iter()
                .all(|(_, _, cause)| *cause == RemovalCause::Expired)
        );
    }
    assert_eq!((0..500).filter(|n| cache.contains(n)).count(), 500);
    assert_eq!((cache.len(), cache.stats().evictions), (1_000, 0));
}

#[test]
fn a_clock_that_is_set_back_serves_longer_and_forgets_nothing() {
    let clock = ManualClock::starting_at(Tick::from_nanos(36_000_000_000_000));
    let (cache, heard) = heard(MemoryCache::builder().time_to_live(10 * SECOND), &clock);
    cache.insert(1, 1);
    clock.advance(5 * SECOND);
    clock.set(Tick::from_nanos(1_000_000_000));
    assert_eq!(cache.get(&1), Some(1));
    cache.insert(2, 2);
    clock.advance(10 * SECOND);
    assert_eq!(
        (take(&heard), cache.get(&2)),
        (vec![(2, 2, RemovalCause::Expired)], None)
    );
    assert_eq!(cache.get(&1), Some(1));
    clock.set(Tick::from_nanos(36_010_000_000_000 - 1));
    assert_eq!(cache.get(&1), Some(1));
    clock.advance(NANO);
    assert_eq!(
        (take(&heard), cache.len()),
        (vec![(1, 1, RemovalCause::Expired)], 0)
    );
    // The end of time is no deadline.
    clock.set(Tick::from_nanos(u64::MAX - 5));
    cache.insert(3, 3);
    clock.set(Tick::MAX);
    assert_eq!(cache.get(&3), Some(3));
}

#[test]
fn what_was_invalidated_at_once_is_told_once() {
    let clock = ManualClock::new();
    let (cache, heard) = heard(
        MemoryCache::builder().capacity(20_000).time_to_live(SECOND),
        &clock,
    );
    for n in 0..10_000_u64 {
        cache.insert(n, n);
    }
    take(&heard);
    let (before, held) = (cache.memory_used(), cache.get_ref(&77).unwrap());
    cache.invalidate_all();
    cache.insert(5, 50);
    assert_eq!((cache.len(), cache.get(&4)), (1, None));
    clock.advance(SECOND / 2);
    let mut keys: Vec<u64> = take(&heard)
        .into_iter()
        .map(|(key, value, cause)| {
            assert_eq!((key, cause), (value, RemovalCause::Removed));
            key
        })
        .collect();
    keys.sort_unstable();
    assert!(
        keys.iter().copied().eq((0..10_000).filter(|n| *n != 77)),
        "{} told",
        keys.len()
    );
    assert_eq!(*held, 77);
    drop(held);
    clock.advance(SECOND);
    let mut last = take(&heard);
    last.sort_unstable_by_key(|(key, _, _)| *key);
    assert_eq!(
        last,
        [
            (5, 50, RemovalCause::Expired),
            (77, 77, RemovalCause::Removed)
        ]
    );
    clock.advance(2 * SECOND);
    // Other tests read caches of their own at the same time, and what is replaced goes when nobody in the process may be reading it.
    for _ in 0..10_000 {
        if cache.memory_used() <= before {
            break;
        }
        std::thread::yield_now();
        cache.run_upkeep();
    }
    assert!(
        cache.memory_used() <= before,
        "{} after {before}",
        cache.memory_used()
    );
    assert_eq!(clock.timers().len(), 0);
}

#[derive(Clone)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_quiet_cache_drops_what_was_evicted_and_has_no_timer_then() {
    let clock = ManualClock::new();
    let dropped = Arc::new(AtomicUsize::new(0));
    let cache = MemoryCache::builder()
        .capacity(100)
        .shards(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    for n in 0..110_u64 {
        cache.insert(n, Counted(dropped.clone()));
    }
    assert_eq!(
        (
            cache.len(),
            dropped.load(Ordering::Relaxed),
            clock.timers().len()
        ),
        (100, 0, 1)
    );
    clock.advance(Duration::from_millis(10));
    assert_eq!(
        (dropped.load(Ordering::Relaxed), clock.timers().len()),
        (10, 0)
    );
    // Which ones were evicted is for the policy to say.
    let there: Vec<u64> = cache.keys().take(3).collect();
    let held = cache.get_ref(&there[0]).unwrap();
    assert!(cache.invalidate(&there[0]) && cache.invalidate(&there[1]));
    clock.advance(Duration::from_millis(10));
    assert_eq!(dropped.load(Ordering::Relaxed), 11);
    // Somebody holds the other one: it is looked for ever less often.
    let mut looks = 0;
    for _ in 0..100_000 {
        let next = clock.timers().next_due().unwrap();
        looks += usize::from(next <= clock.now().saturating_add(Duration::from_millis(10)));
        clock.advance(Duration::from_millis(10));
    }
    assert!(looks < 2_000, "{looks}");
    // And who comes meanwhile is not kept waiting.
    cache.invalidate(&there[2]);
    clock.advance(Duration::from_millis(10));
    assert_eq!(dropped.load(Ordering::Relaxed), 12);
    drop(held);
    clock.advance(SECOND);
    assert_eq!(
        (dropped.load(Ordering::Relaxed), clock.timers().len()),
        (13, 0)
    );
}

#[test]
fn the_last_handle_ends_the_upkeep() {
    let clock = ManualClock::new();
    let (cache, heard) = heard(MemoryCache::builder().time_to_live(SECOND), &clock);
    let other = cache.clone();
    cache.insert(1, 1);
    assert_eq!((other.get(&1), clock.timers().len()), (Some(1), 1));
    drop(cache);
    clock.advance(SECOND / 2);
    assert_eq!((other.len(), clock.timers().len()), (1, 1));
    drop(other);
    assert_eq!(clock.timers().len(), 0);
    clock.advance(SECOND);
    assert!(take(&heard).is_empty());
}

#[test]
fn an_unattended_cache_is_kept_up_by_hand() {
    let clock = ManualClock::new();
    let key = String::from("borrowed");
    let heard = AtomicUsize::new(0);
    let value = &heard;
    let cache = MemoryCache::builder()
        .clock(clock.clone())
        .time_to_live(SECOND)
        .listener(|_: &&str, heard: &&AtomicUsize, _| {
            heard.fetch_add(1, Ordering::Relaxed);
        })
        .build_unattended()
        .unwrap();
    cache.insert(&key[..], value);
    assert_eq!(
        (cache.config().upkeep, clock.timers().len()),
        (Upkeep::Manual, 0)
    );
    assert!(
        cache
            .run_upkeep()
            .is_some_and(|next| next <= Tick::ZERO.saturating_add(SECOND))
    );
    clock.advance(SECOND);
    assert_eq!((cache.len(), heard.load(Ordering::Relaxed)), (1, 0));
    assert_eq!(
        (
            cache.run_upkeep(),
            cache.len(),
            heard.load(Ordering::Relaxed)
        ),
        (None, 0, 1)
    );
}

#[cfg(feature = "serde")]
#[test]
fn the_settings_are_data() {
    use tenfold::cache::Config;

    let mut config = Config::new(100);
    config.time_to_idle = Some(SECOND);
    config.jitter = 0.25;
    config.upkeep = Upkeep::Manual;
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    assert_eq!(
        serde_json::from_str::<Config>(r#"{"capacity":100}"#).unwrap(),
        Config::new(100)
    );
}

/// Real time: the housekeeper comes by itself, and so does the tick that readers go by.
#[test]
fn in_real_time_the_listener_hears_without_anybody_asking() {
    let (tell, told) = std::sync::mpsc::channel();
    let cache = MemoryCache::builder()
        .time_to_live(Duration::from_millis(20))
        .listener(move |key: &u64, _: &u64, cause| {
            let thread = std::thread::current().name().map(str::to_owned);
            let _ = tell.send((*key, cause, thread));
        })
        .build()
        .unwrap();
    cache.insert(1, 1);
    let (key, cause, thread) = told.recv().unwrap();
    assert_eq!(
        (key, cause, thread.as_deref()),
        (1, RemovalCause::Expired, Some("tenfold-worker"))
    );
    assert_eq!(cache.len(), 0);
    // A read is at most a tick late, whoever is busy: here the reader waits for its own deadline.
    cache.insert(2, 2);
    while cache.get(&2).is_some() {}
    assert_eq!(cache.get(&2), None);
}

/// What should be in a cache large enough for everything.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, (u64, u64, u64)>,
    heard: Vec<(u64, u64, RemovalCause)>,
}

impl Model {
    fn expire(&mut self, now: u64) {
        let due: Vec<u64> = self
            .entries
            .iter()
            .filter(|(_, (_, due, _))| *due <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            self.remove(key, RemovalCause::Expired);
        }
    }

    fn remove(&mut self, key: u64, cause: RemovalCause) {
        if let Some((value, _, _)) = self.entries.remove(&key) {
            self.heard.push((key, value, cause));
        }
    }
}

/// Hours of random calls against the model: after each, the same values, and the same told, each once.
#[track_caller]
fn tried(seed: u64, ttl: Option<u64>, idle: Option<u64>, upkeep: Upkeep) {
    const NEVER: u64 = u64::MAX;
    let mut rng = Rng::seeded(seed);
    let mut dice = |sides: u64| rng.next_u64() % sides;
    let clock = ManualClock::starting_at(Tick::from_nanos(dice(1 << 50)));
    let mut builder = MemoryCache::builder()
        .capacity(100_000)
        .shards(2)
        .upkeep(upkeep);
    if let Some(ttl) = ttl {
        builder = builder.time_to_live(Duration::from_nanos(ttl));
    }
    if let Some(idle) = idle {
        builder = builder.time_to_idle(Duration::from_nanos(idle));
    }
    let (cache, heard) = heard(builder, &clock);
    let mut model = Model::default();
    for round in 0..6_000_u64 {
        let now = clock.now().as_nanos();
        // The first rounds fill a larger table, so that it is replaced.
        let key = dice(if round < 2_000 { 3_000 } else { 300 });
        let later = |by: Option<u64>| by.map_or(NEVER, |by| now + by);
        match dice(12) {
            0..4 => {
                let most = dice(44);
                let own = dice(1 << most);
                let (options, limit) = match dice(4) {
                    0 => (lasting(Duration::from_nanos(own)), now + own),
                    1 => (InsertOptions::new().ttl(Ttl::Never), NEVER),
                    _ => (InsertOptions::new(), later(ttl)),
                };
                cache.insert_with(key, round, &options);
                let nothing = limit <= now;
                let cause = if nothing {
                    RemovalCause::Removed
                } else {
                    RemovalCause::Replaced
                };
                if upkeep == Upkeep::Manual
                    && model
                        .entries
                        .get(&key)
                        .is_some_and(|(_, due, _)| *due <= now)
                {
                    model.remove(key, RemovalCause::Expired);
                }
                model.remove(key, cause);
                if !nothing {
                    model
                        .entries
                        .insert(key, (round, limit.min(later(idle)), limit));
                }
            }
            4..8 => {
                let fresh = model.entries.get_mut(&key).filter(|(_, due, _)| *due > now);
                assert_eq!(
                    cache.get(&key),
                    fresh.as_ref().map(|(value, _, _)| *value),
                    "round {round}"
                );
                if let (Some((_, due, limit)), Some(idle)) = (fresh, idle) {
                    *due = (*due).max((*limit).min(now + idle));
                }
            }
            8 => {
                let fresh = model
                    .entries
                    .get(&key)
                    .filter(|(_, due, _)| *due > now)
                    .map(|(value, _, _)| *value);
                assert_eq!(cache.remove(&key), fresh, "round {round}");
                model.remove(
                    key,
                    if fresh.is_some() {
                        RemovalCause::Removed
                    } else {
                        RemovalCause::Expired
                    },
                );
            }
            9 => {
                let most = dice(43);
                clock.advance(Duration::from_nanos(dice(1 << most)));
            }
            10 => {
                // To the moment at which something is due, or just before.
                let next = model
                    .entries
                    .values()
                    .map(|(_, due, _)| *due)
                    .filter(|due| *due > now)
                    .min();
                if let Some(next) = next.filter(|next| *next < NEVER) {
                    clock.set(Tick::from_nanos(next - dice(2)));
                }
            }
            _ if dice(300) == 0 => {
                cache.invalidate_all();
                for key in model.entries.keys().copied().collect::<Vec<_>>() {
                    model.remove(key, RemovalCause::Removed);
                }
            }
            _ => {}
        }
        if upkeep == Upkeep::Automatic {
            model.expire(clock.now().as_nanos());
            let expired = heard
                .lock()
                .unwrap()
                .iter()
                .filter(|(_, _, cause)| *cause == RemovalCause::Expired)
                .count();
            let due = model
                .heard
                .iter()
                .filter(|(_, _, cause)| *cause == RemovalCause::Expired)
                .count();
            assert_eq!(
                (expired, cache.len()),
                (due, model.entries.len()),
                "round {round}"
            );
        }
    }
    clock.advance(Duration::from_secs(3_600));
    cache.run_upkeep();
    model.expire(clock.now().as_nanos());
    assert_eq!(cache.len(), model.entries.len());
    // The order is that of the table.
    let (mut told, mut due) = (take(&heard), model.heard);
    told.sort_unstable_by_key(|(key, value, _)| (*key, *value));
    due.sort_unstable_by_key(|(key, value, _)| (*key, *value));
    assert_eq!(told, due);
}

#[test]
fn simulated_hours_with_a_time_to_live() {
    (0..4).for_each(|seed| tried(seed, Some(600_000_000_000), None, Upkeep::Automatic));
}

#[test]
fn simulated_hours_with_a_time_to_idle() {
    (10..14).for_each(|seed| tried(seed, None, Some(20_000_000_000), Upkeep::Automatic));
    (14..18).for_each(|seed| {
        tried(
            seed,
            Some(60_000_000_000),
            Some(20_000_000_000),
            Upkeep::Automatic,
        );
    });
}

#[test]
fn simulated_hours_without_settings() {
    (20..24).for_each(|seed| tried(seed, None, None, Upkeep::Automatic));
}

#[test]
fn threads_never_get_an_expired_value() {
    let clock = ManualClock::new();
    let cache = MemoryCache::builder()
        .capacity(2_000)
        .time_to_live(SECOND)
        .time_to_idle(SECOND / 2)
        .clock(clock.clone())
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (cache, clock) = (&cache, &clock);
            scope.spawn(move || {
                let mut rng = Rng::seeded(thread);
                for _ in 0..20_000 {
                    let key = rng.next_u64() % 3_000;
                    let before = clock.now();
                    if let Some(stored) = cache.get(&key) {
                        // It was stored before, by a clock that the reader had seen no later.
                        assert!(before.since(stored) < SECOND, "{stored:?} at {before:?}");
                    } else {
                        cache.insert(key, clock.now());
                    }
                    if rng.next_u64() % 64 == 0 {
                        clock.advance(Duration::from_millis(7));
                    }
                }
            });
        }
    });
    clock.advance(2 * SECOND);
    assert_eq!((cache.len(), cache.weight()), (0, 0));
}

/// By the tick alone: no upkeep, and no insertion that would come upon it.
#[test]
fn in_real_time_a_read_is_enough() {
    let cache = MemoryCache::builder()
        .shards(1)
        .upkeep(Upkeep::Manual)
        .build()
        .unwrap();
    cache.insert_with(1, 1, &lasting(3600 * SECOND));
    cache.insert_with(2, 2, &lasting(Duration::from_millis(1)));
    let clock = tenfold::clock::MonotonicClock::new();
    let inserted = clock.now();
    while cache.get(&2).is_some() {
        // Thousands of ticks.
        assert!(clock.now().since(inserted) < 60 * SECOND, "served for ever");
    }
    assert_eq!((cache.get(&1), cache.stats().expirations), (Some(1), 1));
}
