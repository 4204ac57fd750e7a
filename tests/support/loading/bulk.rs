//! Loads of many keys.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;

use super::*;

type Pairs = Vec<(u64, u64)>;

fn doubled(keys: &[u64]) -> Pairs {
    keys.iter().map(|key| (*key, 2 * key)).collect()
}

#[test]
fn one_call_loads_what_is_missing_and_the_order_is_the_callers() {
    let cache = MemoryCache::new(100);
    cache.insert(2, 0);
    let loads = Count::default();
    let got = cache.get_or_load_many(&[3, 2, 1, 3, 9], |missing| {
        loads.up();
        assert_eq!(missing, [3, 1, 9]);
        // In any order, one is not there, and one nobody asked for.
        HashMap::from([(1, 10), (3, 30), (77, 770)])
    });
    assert_eq!(got, [Some(30), Some(0), Some(10), Some(30), None]);
    assert_eq!(
        cache.get_many(&[1, 3, 9, 77]),
        [Some(10), Some(30), None, None]
    );
    assert_eq!((loads.get(), cache.stats().loads), (1, 1));
    let got = cache.get_or_load_many(&[1, 2, 3], |_| -> Pairs { panic!("nothing is missing") });
    assert_eq!(got, [Some(10), Some(0), Some(30)]);
    assert!(
        cache
            .get_or_load_many(&[], |_| -> Pairs { panic!("nothing is wanted") })
            .is_empty()
    );
}

#[test]
fn borrowed_keys_and_errors() {
    let cache = MemoryCache::<String, usize>::new(100);
    let load = |keys: &[String]| {
        let bad = keys.iter().find(|key| key.is_empty());
        if bad.is_some() {
            return Err("empty");
        }
        Ok(keys
            .iter()
            .map(|key| (key.clone(), key.len()))
            .collect::<HashMap<_, _>>())
    };
    assert_eq!(
        cache.try_get_or_load_many(["a", "bc"], load).unwrap(),
        [Some(1), Some(2)]
    );
    let failed = cache
        .try_get_or_load_many(["a", "", "def"], load)
        .unwrap_err();
    assert_eq!(failed.failure(), Some(&"empty"));
    assert_eq!(cache.get_many(["a", "", "def"]), [Some(1), None, None]);
    assert_eq!(
        cache.try_get_or_load_many(["def"], load).unwrap(),
        [Some(3)]
    );
}

#[test]
fn it_joins_loads_under_way_and_is_joined() {
    let cache = MemoryCache::new(100);
    let (one_load, one) = later();
    let mut single = Task::new(cache.get_or_load_async(&1, one_load));
    single.rests();
    let (many_load, many) = later::<Pairs>();
    let mut many_load = Some(many_load);
    let mut bulk = Task::new(cache.get_or_load_many_async(&[1, 2, 3], move |missing| {
        assert_eq!(missing, [2, 3]);
        many_load.take().unwrap()
    }));
    bulk.rests();
    let mut joiner = Task::new(cache.get_or_load_async(&2, async { panic!("a second load") }));
    let mut absent =
        Task::new(cache.get_or_load_optional_async(&3, async { panic!("a second load") }));
    joiner.rests();
    absent.rests();
    many.tell(vec![(2, 20)]);
    bulk.rests();
    assert_eq!((joiner.ends(), absent.ends()), (20, None));
    one.tell(10);
    assert_eq!(single.ends(), 10);
    assert!(bulk.wakes() > 0);
    assert_eq!(bulk.ends(), [Some(10), Some(20), None]);
}

/// Each wants what the other loads.
#[test]
fn crossing_bulk_loads_do_not_wait_for_each_other() {
    let cache = MemoryCache::new(10_000);
    for round in 0..200 {
        let (start, loads) = (Barrier::new(4), Count::default());
        let keys: Vec<u64> = (round * 10..round * 10 + 10).collect();
        let backwards: Vec<u64> = keys.iter().rev().copied().collect();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let keys = if thread % 2 == 0 { &keys } else { &backwards };
                let (cache, start, loads) = (&cache, &start, &loads);
                scope.spawn(move || {
                    start.wait();
                    let got = cache.get_or_load_many(keys, |missing| {
                        for _ in missing {
                            loads.up();
                        }
                        doubled(missing)
                    });
                    let expected: Vec<_> = keys.iter().map(|key| Some(2 * key)).collect();
                    assert_eq!(got, expected);
                });
            }
        });
        assert_eq!(loads.get(), 10, "each key once");
    }
}

#[test]
fn leads_of_a_bulk_load_that_is_dropped_or_panics_are_handed_on() {
    let cache = MemoryCache::<u64, u64>::new(100);
    let mut bulk =
        Task::new(cache.get_or_load_many_async(&[1, 2], |_| std::future::pending::<Pairs>()));
    bulk.rests();
    let mut one = Task::new(cache.get_or_load_async(&1, async { 1 }));
    let mut both = Task::new(cache.get_or_load_many_async(&[1, 2], |missing| {
        assert_eq!(missing, [2]);
        std::future::ready(vec![(2, 2)])
    }));
    one.rests();
    both.rests();
    drop(bulk);
    assert_eq!(one.ends(), 1);
    assert_eq!(both.ends(), [Some(1), Some(2)]);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        cache.get_or_load_many(&[3, 4], |_| -> Pairs { panic!("the database is on fire") })
    }));
    assert!(panicked.is_err());
    assert_eq!(cache.get_or_load_many(&[3, 4], doubled), [Some(6), Some(8)]);
}

#[test]
fn a_bulk_load_that_nobody_polls_loses_its_leads() {
    let clock = ManualClock::new();
    let patience = Duration::from_millis(50);
    let build = MemoryCache::<u64, u64>::builder().clock(clock.clone());
    let cache = build.load_patience(patience).build().unwrap();
    let (load, teller) = later::<Pairs>();
    let mut load = Some(load);
    let mut bulk = Task::new(cache.get_or_load_many_async(&[1, 2], move |_| load.take().unwrap()));
    bulk.rests();
    let mut waiter = Task::new(cache.get_or_load_async(&2, async { 5 }));
    waiter.rests();
    teller.tell(vec![(1, 1), (2, 2)]);
    clock.advance(patience);
    assert_eq!(waiter.ends(), 5);
    // What nobody took over is stored.
    assert_eq!(bulk.ends(), [Some(1), Some(2)]);
    assert_eq!(cache.get_many(&[1, 2]), [Some(1), Some(5)]);
}

/// R1 for each key of a bulk load.
#[test]
fn r1_a_key_that_was_changed_during_a_bulk_load_is_not_stored() {
    let cache = MemoryCache::new(100);
    let got = cache.get_or_load_many(&[1, 2, 3], |missing| {
        cache.invalidate(&1);
        cache.insert(2, 7);
        doubled(missing)
    });
    assert_eq!(got, [Some(2), Some(4), Some(6)]);
    assert_eq!(cache.get_many(&[1, 2, 3]), [None, Some(7), Some(6)]);
}

/// R19 for bulk loads, also where the loader returns an iterator that asks for what it is to bring.
#[test]
fn r19_a_bulk_load_that_asks_for_its_own_keys_is_told() {
    let cache = MemoryCache::<u64, u64>::new(100);
    let own = cache.try_get_or_load_many(&[1, 2], |_| {
        match cache.try_get_or_load_many(&[2], |_| Ok::<Pairs, ()>(Vec::new())) {
            Err(LoadError::Recursive) => Ok::<Pairs, ()>(vec![(1, 10), (2, 20)]),
            _ => Err(()),
        }
    });
    assert_eq!(own.unwrap(), [Some(10), Some(20)]);
    let lazy = cache.get_or_load_many(&[3], |missing| {
        let keys = missing.to_vec();
        let cache = &cache;
        keys.into_iter()
            .map(move |key| (key, cache.get_or_load(&key, |_| 30)))
    });
    assert_eq!(lazy, [Some(30)]);
}

#[test]
fn a_failure_of_a_joined_load_is_the_callers_and_of_another_type_is_not() {
    let cache = MemoryCache::<u64, u64>::new(100);
    let (load, teller) = later::<Result<u64, &'static str>>();
    let mut single = Task::new(cache.try_get_or_load_async(&1, load));
    single.rests();
    let same = |missing: Vec<u64>| std::future::ready(Ok::<_, &'static str>(doubled(&missing)));
    let other = |missing: Vec<u64>| std::future::ready(Ok::<_, String>(doubled(&missing)));
    let mut sharing = Task::new(cache.try_get_or_load_many_async(&[1, 2], same));
    let mut foreign = Task::new(cache.try_get_or_load_many_async(&[1, 2], other));
    sharing.rests();
    foreign.rests();
    teller.tell(Err("no"));
    assert!(single.ends().is_err());
    assert_eq!(sharing.ends().unwrap_err().failure(), Some(&"no"));
    assert_eq!(foreign.ends().unwrap(), [Some(2), Some(4)]);
}

#[test]
fn bulk_loads_keep_to_the_bounds() {
    let cache = MemoryCache::<u64, u64>::builder()
        .max_loads(2)
        .build()
        .unwrap();
    let refused =
        cache.try_get_or_load_many(&[1, 2, 3], |_| -> Result<Pairs, ()> { panic!("too many") });
    assert!(matches!(refused, Err(LoadError::TooManyLoads)));
    // It that can't fail loads the others without sharing, in the same call.
    let got = cache.get_or_load_many(&[1, 2, 3], |missing| {
        assert_eq!(missing, [1, 2, 3]);
        doubled(missing)
    });
    assert_eq!(got, [Some(2), Some(4), Some(6)]);
    assert_eq!(cache.get_many(&[1, 2, 3]), [Some(2), Some(4), None]);
    assert_eq!(cache.get_or_load_many(&[3, 4], doubled), [Some(6), Some(8)]);
    assert_eq!(cache.len(), 4, "the places were given back");
}

#[test]
fn what_a_bulk_load_does_not_find_is_remembered() {
    let build = MemoryCache::<u64, u64>::builder().negative_ttl(Duration::from_secs(1));
    let cache = build.clock(ManualClock::new()).build().unwrap();
    assert_eq!(
        cache.get_or_load_many(&[1, 2], |_| vec![(1, 1)]),
        [Some(1), None]
    );
    assert_eq!(
        cache.get_or_load_many(&[1, 2], |_| -> Pairs { panic!("it is known") }),
        [Some(1), None]
    );
}

#[test]
fn a_failure_of_a_bulk_load_is_shared_by_those_who_wait_for_its_keys() {
    let cache = MemoryCache::<u64, u64>::new(100);
    let (load, teller) = later::<Result<Pairs, &'static str>>();
    let mut load = Some(load);
    let one_load = move |_: Vec<u64>| load.take().unwrap();
    let mut bulk = Task::new(cache.try_get_or_load_many_async(&[1, 2], one_load));
    bulk.rests();
    let second = async { panic!("a second load") };
    let mut joiner = Task::new(cache.try_get_or_load_async::<_, &'static str, _>(&2, second));
    joiner.rests();
    teller.tell(Err("no"));
    let (LoadError::Failed(one), LoadError::Failed(two)) =
        (bulk.ends().unwrap_err(), joiner.ends().unwrap_err())
    else {
        panic!("another error");
    };
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(cache.get_many(&[1, 2]), [None, None]);
    assert_eq!(cache.get_or_load_many(&[1, 2], doubled), [Some(2), Some(4)]);
}

#[test]
fn a_bulk_load_waits_for_others_until_its_deadline() {
    let clock = ManualClock::new();
    let build = MemoryCache::<u64, u64>::builder().clock(clock.clone());
    let cache = build.build().unwrap();
    let second = Duration::from_secs(1);
    let (load, teller) = later();
    let mut other = Task::new(cache.get_or_load_async(&1, load));
    other.rests();
    let now = |keys: Vec<u64>| std::future::ready(Ok::<_, ()>(doubled(&keys)));
    let mut bulk = Task::new(cache.try_get_or_load_many_timeout_async(&[1, 2], now, second));
    let mut patient = Task::new(cache.try_get_or_load_many_async(&[1, 3], now));
    bulk.rests();
    patient.rests();
    assert_eq!(cache.get(&2), Some(4), "its own load is over");
    clock.advance(second - Duration::from_nanos(1));
    bulk.rests();
    clock.advance(Duration::from_nanos(1));
    assert!(bulk.wakes() > 0);
    assert!(matches!(bulk.ends(), Err(LoadError::TimedOut)));
    patient.rests();
    // Threads: what is there after their own load is theirs, and they don't wait for the rest.
    let load = |keys: &[u64]| Ok::<_, ()>(doubled(keys));
    let late = cache.try_get_or_load_many_timeout(&[1, 4], load, Duration::ZERO);
    assert!(matches!(late, Err(LoadError::TimedOut)));
    let got = cache.try_get_or_load_many_timeout(&[4, 5], load, Duration::ZERO);
    assert_eq!(got.unwrap(), [Some(8), Some(10)]);
    let tagged = |keys: &[u64]| {
        let options = tenfold::cache::InsertOptions::new;
        let pairs = keys.iter().map(|key| (*key, (2 * key, options())));
        Ok::<_, ()>(pairs.collect::<Vec<_>>())
    };
    let late = cache.try_get_or_load_many_with_timeout(&[1, 6], tagged, Duration::ZERO);
    assert!(matches!(late, Err(LoadError::TimedOut)));
    teller.tell(7);
    assert_eq!(other.ends(), 7);
    assert_eq!(patient.ends().unwrap(), [Some(7), Some(6)]);
    assert_eq!(cache.get(&6), Some(12));
}

#[test]
fn a_bulk_load_that_is_over_time_leaves_its_keys_to_those_that_wait() {
    let clock = ManualClock::new();
    let build = MemoryCache::<u64, u64>::builder().clock(clock.clone());
    let cache = build.build().unwrap();
    let second = Duration::from_secs(1);
    let never = |_| std::future::pending::<Result<Pairs, ()>>();
    let mut bulk = Task::new(cache.try_get_or_load_many_timeout_async(&[1, 2], never, second));
    bulk.rests();
    let mut next = Task::new(cache.get_or_load_async(&2, async { 20 }));
    next.rests();
    clock.advance(second);
    assert!(bulk.wakes() > 0);
    assert!(matches!(bulk.ends(), Err(LoadError::TimedOut)));
    // Also if the future is kept.
    assert_eq!((next.wakes(), next.ends()), (1, 20));
    assert_eq!(cache.get_or_load(&1, |_| 10), 10);
    drop(bulk);
}
