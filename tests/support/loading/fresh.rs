//! Values that are loaded anew while the old one is served, or kept for when that fails.

use std::sync::Barrier;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn clocked(clock: &ManualClock) -> tenfold::cache::Builder<u64, u64> {
    MemoryCache::builder().clock(clock.clone()).capacity(100)
}

#[test]
fn an_old_value_is_served_while_one_caller_reloads() {
    let clock = ManualClock::new();
    let build = clocked(&clock).time_to_live(10 * SECOND);
    let cache = build.refresh_after_write(2 * SECOND).build().unwrap();
    assert_eq!(cache.get_or_load(&1, |_| 1), 1);
    clock.advance(2 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.get_or_load(&1, |_| panic!("it is fresh")), 1);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.get(&1), Some(1), "get does not care");
    let (load, teller) = later();
    let mut reload = Task::new(cache.get_or_load_async(&1, load));
    reload.rests();
    for _ in 0..3 {
        assert_eq!(cache.get_or_load(&1, |_| panic!("a second reload")), 1);
        let second = async { panic!("a second reload") };
        assert_eq!(Task::new(cache.get_or_load_async(&1, second)).ends(), 1);
        assert_eq!(
            cache.get_or_load_optional(&1, |_| panic!("a second reload")),
            Some(1)
        );
        // The next one that comes to the lock.
        clock.advance(SECOND);
    }
    teller.tell(2);
    assert_eq!((reload.ends(), cache.get(&1)), (2, Some(2)));
    // Fresh again, and it has a whole time to live.
    clock.advance(2 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.get_or_load(&1, |_| panic!("it is fresh")), 2);
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.misses, stats.replacements), (2, 1, 1));
}

#[test]
fn a_stampede_on_a_value_that_is_due_is_one_reload() {
    let clock = ManualClock::new();
    let cache = clocked(&clock).refresh_after_write(SECOND).build().unwrap();
    cache.insert(1, 0);
    for round in 1..=50 {
        clock.advance(SECOND);
        let (start, reloads) = (Barrier::new(8), Count::default());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    let got = cache.get_or_load(&1, |_| {
                        reloads.up();
                        round
                    });
                    assert!(got == round || got == round - 1);
                });
            }
        });
        assert_eq!((reloads.get(), cache.get(&1)), (1, Some(round)));
    }
}

/// Caffeine's issue 373: an entry that is never reloaded successfully expires all the same.
#[test]
fn a_reload_that_fails_leaves_the_old_value_until_its_deadline() {
    let clock = ManualClock::new();
    let build = clocked(&clock).time_to_live(10 * SECOND);
    let cache = build.refresh_after_write(5 * SECOND).build().unwrap();
    cache.insert(1, 1);
    clock.advance(5 * SECOND);
    let tries = Count::default();
    let ask = || {
        cache.try_get_or_load(&1, |_| {
            tries.up();
            Err::<u64, _>("no")
        })
    };
    assert_eq!((ask().unwrap(), tries.get()), (1, 1));
    assert_eq!((ask().unwrap(), tries.get()), (1, 1), "not again at once");
    clock.advance(SECOND / 2);
    assert_eq!((ask().unwrap(), tries.get()), (1, 2));
    clock.advance(4 * SECOND + SECOND / 2);
    assert!(matches!(ask(), Err(LoadError::Failed(_))));
    assert_eq!(cache.get(&1), None);
}

/// R5: a refresh that began before an invalidation ended.
#[test]
fn r5_a_refresh_that_a_change_overtook_is_not_stored() {
    let clock = ManualClock::new();
    type Change = fn(&MemoryCache<u64, u64>);
    let changes: [(Change, _); 4] = [
        (|cache| cache.insert(1, 7), Some(7)),
        (|cache| assert_eq!(cache.remove(&1), Some(1)), None),
        (|cache| assert!(cache.invalidate(&1)), None),
        (|cache| cache.invalidate_all(), None),
    ];
    for (change, expected) in changes {
        let cache = clocked(&clock).refresh_after_write(SECOND).build().unwrap();
        cache.insert(1, 1);
        clock.advance(SECOND);
        let (load, teller) = later();
        let mut reload = Task::new(cache.get_or_load_async(&1, load));
        reload.rests();
        change(&cache);
        let now = Task::new(cache.get_or_load_async(&1, async { 3 })).ends();
        assert_eq!(
            now,
            expected.unwrap_or(3),
            "the old value is not served any more"
        );
        teller.tell(2);
        assert_eq!((reload.ends(), cache.get(&1)), (2, Some(now)));
    }
}

#[test]
fn r18_a_refresh_that_is_dropped_or_panics_is_made_by_another() {
    let clock = ManualClock::new();
    let cache = clocked(&clock).refresh_after_write(SECOND).build().unwrap();
    cache.insert(1, 1);
    clock.advance(SECOND);
    let mut reload = Task::new(cache.get_or_load_async(&1, std::future::pending()));
    reload.rests();
    drop(reload);
    clock.advance(SECOND / 10);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cache.get_or_load(&1, |_| panic!("the database is on fire"))
    }));
    assert!(panicked.is_err());
    clock.advance(SECOND / 10);
    assert_eq!(cache.get_or_load(&1, |_| 2), 2);
}

#[test]
fn a_reload_that_finds_nothing_removes_the_value() {
    let clock = ManualClock::new();
    let cache = clocked(&clock).refresh_after_write(SECOND).build().unwrap();
    cache.insert(1, 1);
    clock.advance(SECOND);
    assert_eq!(cache.get_or_load_optional(&1, |_| None), None);
    assert_eq!((cache.get(&1), cache.stats().removals), (None, 1));
}

#[test]
fn a_late_value_is_for_those_whose_load_fails() {
    let clock = ManualClock::new();
    let build = clocked(&clock).time_to_live(10 * SECOND);
    let cache = build.stale_if_error(5 * SECOND).build().unwrap();
    cache.insert(1, 1);
    clock.advance(10 * SECOND);
    assert_eq!(
        (cache.get(&1), cache.peek(&1), cache.contains(&1)),
        (None, None, false)
    );
    assert!(cache.get_ref(&1).is_none());
    assert!(matches!(cache.get_or_token(&1), Lookup::Miss(_)));
    // The leader and those that wait for it alike.
    let (load, teller) = later::<Result<u64, &str>>();
    let mut leader = Task::new(cache.try_get_or_load_async(&1, load));
    leader.rests();
    let other = std::future::pending::<Result<u64, &str>>();
    let mut joiner = Task::new(cache.try_get_or_load_async(&1, other));
    joiner.rests();
    let never = std::future::pending::<Result<u64, &str>>();
    let mut hasty = Task::new(cache.try_get_or_load_timeout_async(&1, never, SECOND));
    hasty.rests();
    clock.advance(SECOND);
    assert_eq!(hasty.ends().unwrap(), 1);
    teller.tell(Err("no"));
    assert_eq!((leader.ends().unwrap(), joiner.ends().unwrap()), (1, 1));
    assert_eq!(
        cache
            .try_get_or_load_optional(&1, |_| Err::<Option<u64>, _>(()))
            .unwrap(),
        Some(1)
    );
    assert_eq!(cache.stats().load_failures, 2);
    // If the load takes until the value is too old even for that, it is.
    let slow = cache.try_get_or_load(&1, |_| {
        clock.advance(4 * SECOND);
        Err::<u64, _>(())
    });
    assert!(slow.is_err());
    assert!(cache.try_get_or_load(&1, |_| Err::<u64, _>(())).is_err());
    // A load that succeeds replaces it.
    cache.insert(1, 1);
    clock.advance(10 * SECOND);
    assert_eq!((cache.get_or_load(&1, |_| 2), cache.get(&1)), (2, Some(2)));
}

#[test]
fn a_value_that_was_removed_is_for_nobody() {
    let clock = ManualClock::new();
    let changes: [fn(&MemoryCache<u64, u64>); 3] = [
        |cache| assert_eq!(cache.remove(&1), None),
        |cache| assert!(!cache.invalidate(&1)),
        |cache| cache.invalidate_all(),
    ];
    for change in changes {
        let build = clocked(&clock).time_to_live(SECOND);
        let cache = build.stale_if_error(5 * SECOND).build().unwrap();
        cache.insert(1, 1);
        clock.advance(SECOND);
        change(&cache);
        assert!(cache.try_get_or_load(&1, |_| Err::<u64, _>(())).is_err());
    }
}

#[test]
fn early_refreshes_come_with_the_cost_of_the_load() {
    let clock = ManualClock::new();
    let build = clocked(&clock).time_to_live(100 * SECOND);
    let cache = build.early_refresh(1.0).build().unwrap();
    // A load that takes ten seconds, and one that takes no time.
    let load = |key: u64, cost: Duration| {
        cache.get_or_load(&key, |_| {
            clock.advance(cost);
            key
        })
    };
    load(1, 10 * SECOND);
    load(2, Duration::ZERO);
    // Ten loads before the deadline one call in 22 000 is early; a tenth of a load before, nine in ten are.
    clock.advance(99 * SECOND);
    let mut early = None;
    for call in 0..200 {
        let reload = cache.try_get_or_load(&1, |_| Err::<u64, ()>(()));
        assert_eq!(reload.unwrap(), 1);
        assert_eq!(cache.get_or_load(&2, |_| panic!("it costs nothing")), 2);
        if cache.stats().load_failures > 0 {
            early = Some(call);
            break;
        }
    }
    assert!(early.is_some(), "nobody was early");
    assert_eq!(cache.get_or_load(&1, |key| *key), 1);
}

#[test]
fn ages_move_with_entries_when_the_table_grows() {
    let clock = ManualClock::new();
    let build = MemoryCache::<u64, u64>::builder()
        .clock(clock.clone())
        .capacity(1 << 16)
        .shards(1);
    let cache = build.refresh_after_write(10 * SECOND).build().unwrap();
    for key in 0..1_000 {
        cache.insert(key, key);
    }
    clock.advance(5 * SECOND);
    for key in 1_000..8_000 {
        cache.insert(key, key);
    }
    let reloads = || {
        let count = Count::default();
        for key in 0..8_000 {
            cache.get_or_load(&key, |key| {
                count.up();
                *key
            });
        }
        count.get()
    };
    assert_eq!(reloads(), 0);
    clock.advance(5 * SECOND);
    assert_eq!(reloads(), 1_000);
    clock.advance(5 * SECOND);
    assert_eq!(reloads(), 7_000);
}

#[test]
fn settings_that_are_not_possible_are_refused() {
    use tenfold::cache::Error;
    let build = MemoryCache::<u64, u64>::builder;
    assert_eq!(
        build()
            .refresh_after_write(Duration::ZERO)
            .build()
            .unwrap_err(),
        Error::NoFreshness
    );
    for beta in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            build().early_refresh(beta).build().unwrap_err(),
            Error::EarlyRefresh
        );
    }
}

/// What the documentation of these says.
#[test]
fn bulk_loads_and_tokens_refresh_nothing_and_serve_nothing_that_is_late() {
    let clock = ManualClock::new();
    let build = clocked(&clock).time_to_live(4 * SECOND);
    let build = build.refresh_after_write(SECOND).stale_if_error(SECOND);
    let cache = build.build().unwrap();
    let unneeded = |_: &[u64]| -> Vec<(u64, u64)> { panic!("it is served as it is") };
    let fails = |_: &[u64]| Err::<Vec<(u64, u64)>, _>("no");
    cache.insert(1, 5);
    clock.advance(2 * SECOND);
    assert_eq!(cache.get_many(&[1]), [Some(5)]);
    assert_eq!(cache.get_or_load_many(&[1], unneeded), [Some(5)]);
    assert_eq!(cache.get_or_token(&1).hit(), Some(5));
    // Nobody has taken the refresh from those who do.
    assert_eq!(cache.get_or_load(&1, |_| 6), 6);
    clock.advance(4 * SECOND);
    // Late: kept, for single loads that fail.
    assert_eq!(cache.get_many(&[1]), [None]);
    assert!(matches!(cache.get_or_token(&1), Lookup::Miss(_)));
    let failed = cache.try_get_or_load_many(&[1], fails).unwrap_err();
    assert_eq!(failed.failure(), Some(&"no"));
    let failing = |_: &u64| Err::<u64, _>("no");
    assert_eq!(cache.try_get_or_load(&1, failing).unwrap(), 6);
}
