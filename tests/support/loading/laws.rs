//! The laws of single flight, for threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use super::*;

/// W6: a stampede. Threads and tasks ask for one key at the same time; the source of truth is asked once.
#[test]
fn w6_a_stampede_of_threads_and_tasks_is_one_load() {
    const EACH: usize = 64;
    let cache = MemoryCache::<u64, String>::new(100);
    for round in 0..20 {
        let (loads, start) = (Count::default(), Barrier::new(2 * EACH));
        thread::scope(|scope| {
            for _ in 0..EACH {
                scope.spawn(|| {
                    start.wait();
                    let got = cache.get_or_load(&round, |_| loads.up().to_string());
                    assert_eq!(got, "1");
                });
                scope.spawn(|| {
                    start.wait();
                    let load = async { loads.up().to_string() };
                    assert_eq!(block_on(cache.get_or_load_async(&round, load)), "1");
                });
            }
        });
        assert_eq!(loads.get(), 1, "round {round}");
    }
    let stats = cache.stats();
    assert_eq!(
        (stats.loads, stats.load_failures, stats.entries),
        (20, 0, 20)
    );
    assert_eq!(stats.hits + stats.misses, 20 * 2 * EACH as u64);
}

#[test]
fn joiners_get_the_value_of_the_one_that_loads() {
    let cache = MemoryCache::<String, u64>::new(10);
    let (at, keeper) = gate();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            cache.get_or_load("k", |key| {
                at.pass();
                key.len() as u64
            })
        });
        keeper.await_arrival();
        let joiners =
            [(); 3].map(|()| scope.spawn(|| cache.get_or_load("k", |_| panic!("a second load"))));
        await_misses(&cache, 4);
        keeper.let_pass();
        assert_eq!(leader.join().unwrap(), 1);
        for joiner in joiners {
            assert_eq!(joiner.join().unwrap(), 1);
        }
    });
    assert_eq!(cache.get("k"), Some(1));
}

#[test]
fn joiners_share_the_error_and_nothing_is_stored() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let mut leader = {
        let (load, teller) = later::<Result<u64, String>>();
        (Task::new(cache.try_get_or_load_async(&1, load)), teller)
    };
    leader.0.rests();
    let other = std::future::pending::<Result<u64, String>>();
    let mut joiner = Task::new(cache.try_get_or_load_async(&1, other));
    joiner.rests();
    leader.1.tell(Err("no".to_string()));
    let (LoadError::Failed(one), LoadError::Failed(two)) =
        (leader.0.ends().unwrap_err(), joiner.ends().unwrap_err())
    else {
        panic!("another error");
    };
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!((cache.get(&1), cache.stats().load_failures), (None, 1));
    // The next one loads anew.
    assert_eq!(
        cache.try_get_or_load(&1, |_| Ok::<_, String>(5)).unwrap(),
        5
    );
}

#[test]
fn a_joiner_with_another_error_type_loads_for_itself() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let (load, teller) = later::<Result<u64, String>>();
    let mut leader = Task::new(cache.try_get_or_load_async(&1, load));
    leader.rests();
    let mut joiner = Task::new(cache.get_or_load_async(&1, async { 7 }));
    let mut third = Task::new(cache.try_get_or_load_async(&1, async { Err::<u64, u32>(9) }));
    joiner.rests();
    third.rests();
    teller.tell(Err("no".to_string()));
    assert!(matches!(leader.ends(), Err(LoadError::Failed(_))));
    assert_eq!(joiner.ends(), 7);
    assert_eq!(third.ends().unwrap(), 7);
    assert_eq!(cache.get(&1), Some(7));
}

#[test]
fn a_joiner_that_needs_a_value_loads_if_there_is_none() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let (load, teller) = later::<Option<u64>>();
    let mut leader = Task::new(cache.get_or_load_optional_async(&1, load));
    leader.rests();
    let mut content =
        Task::new(cache.get_or_load_optional_async(&1, async { panic!("a second load") }));
    let mut needy = Task::new(cache.get_or_load_async(&1, async { 3 }));
    content.rests();
    needy.rests();
    teller.tell(None);
    assert_eq!(
        (leader.ends(), content.ends(), needy.ends()),
        (None, None, 3)
    );
    assert_eq!(cache.get(&1), Some(3));
}

/// R18 for threads: a leader that panics.
#[test]
fn r18_a_panic_of_the_leader_is_its_callers_and_one_waiter_takes_over() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let (at, keeper) = gate();
    let loads = Count::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            catch_unwind(AssertUnwindSafe(|| {
                cache.get_or_load(&1, |_| {
                    at.pass();
                    panic!("the database is on fire")
                })
            }))
        });
        keeper.await_arrival();
        let waiters = [(); 8].map(|()| {
            scope.spawn(|| {
                cache.get_or_load(&1, |_| {
                    loads.up();
                    42
                })
            })
        });
        await_misses(&cache, 9);
        keeper.let_pass();
        assert!(leader.join().unwrap().is_err());
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), 42);
        }
    });
    assert_eq!((loads.get(), cache.get(&1)), (1, Some(42)));
    assert_eq!((cache.stats().loads, cache.stats().load_failures), (1, 1));
}

/// R19: a loader that asks for its own key, directly and in a circle.
#[test]
fn r19_a_recursive_load_is_an_error_and_no_deadlock() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let inner = |_: &u64| cache.try_get_or_load(&1, |_| Ok::<u64, ()>(5));
    let got = cache.try_get_or_load(&1, inner);
    let Err(LoadError::Failed(inner)) = got else {
        panic!("not the inner error: {got:?}")
    };
    assert!(matches!(*inner, LoadError::Recursive));
    // 1 asks for 2, which asks for 1.
    let circle = cache.try_get_or_load(&1, |_| {
        cache.try_get_or_load(&2, |_| {
            match cache.try_get_or_load(&1, |_| Ok::<u64, ()>(0)) {
                Err(LoadError::Recursive) => Ok::<u64, ()>(7),
                _ => Err(()),
            }
        })
    });
    assert_eq!(circle.unwrap(), 7);
    // One that can't fail runs the inner loader.
    assert_eq!(
        cache.get_or_load(&3, |_| cache.get_or_load(&3, |_| 8) + 1),
        9
    );
    assert_eq!(cache.get(&3), Some(9));
}

/// R19 across threads: each leads what the other waits for.
#[test]
fn r19_a_circle_of_two_threads_is_broken() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let both = Barrier::new(2);
    let ask = |own: u64, other: u64| {
        cache.try_get_or_load(&own, |_| {
            both.wait();
            match cache.try_get_or_load(&other, |_| Ok::<u64, String>(0)) {
                Ok(value) => Ok(value + 1),
                Err(LoadError::Recursive) => Ok(100),
                Err(error) => Err(error.to_string()),
            }
        })
    };
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| ask(1, 2));
        let two = scope.spawn(|| ask(2, 1));
        (one.join().unwrap().unwrap(), two.join().unwrap().unwrap())
    });
    assert!(
        [(100, 101), (101, 100)].contains(&(one, two)),
        "{one} {two}"
    );
}

#[test]
fn nothing_is_held_while_user_code_runs() {
    let cache = MemoryCache::<u64, u64>::builder()
        .capacity(100)
        .shards(1)
        .build()
        .unwrap();
    let got = cache.get_or_load(&1, |_| {
        cache.insert(2, 2);
        assert_eq!(cache.get(&2), Some(2));
        cache.invalidate_all();
        assert_eq!(cache.get_or_load(&3, |_| 3), 3);
        cache.remove(&1);
        cache.len() as u64
    });
    assert_eq!(got, 1);
    assert_eq!(cache.get(&1), None, "it was removed during the load");
}

#[test]
fn who_waits_gives_up_at_its_deadline_and_the_load_goes_on() {
    let clock = ManualClock::new();
    let cache = MemoryCache::<u64, u64>::builder()
        .clock(clock.clone())
        .build()
        .unwrap();
    let second = Duration::from_secs(1);
    let (load, teller) = later::<Result<u64, ()>>();
    let mut leader = Task::new(cache.try_get_or_load_async(&1, load));
    leader.rests();
    let other = std::future::pending::<Result<u64, ()>>();
    let mut waiter = Task::new(cache.try_get_or_load_timeout_async(&1, other, second));
    waiter.rests();
    let thread = thread::scope(|scope| {
        let thread =
            scope.spawn(|| cache.try_get_or_load_timeout(&1, |_| Err::<u64, ()>(()), second));
        await_misses(&cache, 3);
        // It may not wait yet; then it is too late when it begins to.
        clock.advance(second);
        thread.join().unwrap()
    });
    assert!(matches!(thread, Err(LoadError::TimedOut)), "{thread:?}");
    assert!(waiter.wakes() > 0);
    assert!(matches!(waiter.ends(), Err(LoadError::TimedOut)));
    teller.tell(Ok(4));
    assert_eq!(leader.ends().unwrap(), 4);
    assert_eq!(cache.get(&1), Some(4));
}

#[test]
fn waiters_and_loads_are_bounded() {
    let cache = MemoryCache::<u64, u64>::builder()
        .max_waiters(1)
        .max_loads(1)
        .build()
        .unwrap();
    let (load, teller) = later::<Result<u64, ()>>();
    let mut leader = Task::new(cache.try_get_or_load_async(&1, load));
    leader.rests();
    let never = std::future::pending::<Result<u64, ()>>;
    let mut waiter = Task::new(cache.try_get_or_load_async(&1, never()));
    waiter.rests();
    let mut third = Task::new(cache.try_get_or_load_async(&1, never()));
    assert!(matches!(third.ends(), Err(LoadError::TooManyWaiters)));
    let mut another = Task::new(cache.try_get_or_load_async(&2, never()));
    assert!(matches!(another.ends(), Err(LoadError::TooManyLoads)));
    // Who can't fail loads without sharing, and stores nothing.
    assert_eq!(cache.get_or_load(&1, |_| 8), 8);
    assert_eq!(cache.get_or_load(&2, |_| 9), 9);
    assert_eq!(block_on(cache.get_or_load_async(&2, async { 10 })), 10);
    assert_eq!((cache.get(&1), cache.get(&2)), (None, None));
    teller.tell(Ok(1));
    assert_eq!((leader.ends().unwrap(), waiter.ends().unwrap()), (1, 1));
    assert_eq!(cache.get_or_load(&2, |_| 11), 11);
    assert_eq!(cache.get(&2), Some(11));
}

#[test]
fn loads_are_measured_by_the_caches_clock() {
    let clock = ManualClock::new();
    let cache = MemoryCache::<u64, u64>::builder()
        .clock(clock.clone())
        .build()
        .unwrap();
    cache.get_or_load(&1, |_| {
        clock.advance(Duration::from_nanos(30));
        1
    });
    let failed = cache.try_get_or_load(&2, |_| {
        clock.advance(Duration::from_nanos(12));
        Err::<u64, ()>(())
    });
    assert!(failed.is_err());
    let stats = cache.stats();
    assert_eq!(
        (stats.loads, stats.load_failures, stats.load_nanos),
        (1, 1, 42)
    );
}

#[test]
fn a_value_that_is_too_heavy_is_served_and_not_kept() {
    let build = MemoryCache::<u64, u64>::builder().capacity(10).shards(4);
    let cache = build.weigher(|_, value| *value).build().unwrap();
    for key in 0..3 {
        cache.insert(key, 1);
    }
    // As heavy as the whole cache: it fits, and nothing else does.
    assert_eq!(cache.get_or_load(&7, |_| 10), 10);
    assert_eq!(
        (cache.get(&7), cache.weight(), cache.len()),
        (Some(10), 10, 1)
    );
    assert_eq!(cache.get_or_load(&8, |_| 11), 11);
    assert_eq!((cache.get(&8), cache.weight()), (None, 10));
    cache.invalidate(&7);
    // A heavy one that is fenced leaves no weight behind.
    assert_eq!(
        cache.get_or_load(&9, |_| {
            cache.invalidate(&9);
            10
        }),
        10
    );
    assert_eq!((cache.get(&9), cache.weight()), (None, 0));
    for key in 0..1_000 {
        cache.insert(key, 1);
    }
    assert_eq!(cache.weight(), 10);
}

#[test]
fn what_is_known_to_be_absent_is_not_asked_for_again() {
    let clock = ManualClock::new();
    let build = MemoryCache::<u64, u64>::builder().clock(clock.clone());
    let cache = build.negative_ttl(Duration::from_secs(5)).build().unwrap();
    let loads = Count::default();
    let ask = |found: Option<u64>| {
        cache.get_or_load_optional(&1, |_| {
            loads.up();
            found
        })
    };
    assert_eq!((ask(None), ask(Some(1)), loads.get()), (None, None, 1));
    assert!(matches!(cache.get_or_token(&1), Lookup::NegativeHit));
    assert_eq!(cache.stats().negative_hits, 2);
    assert_eq!(
        (cache.len(), cache.weight()),
        (0, 0),
        "it takes no capacity"
    );
    // Due, it is forgotten.
    clock.advance(Duration::from_secs(5));
    assert_eq!((ask(None), loads.get()), (None, 2));
    // So it is by any change of the key: an insertion, a removal, all that are removed.
    cache.invalidate(&1);
    assert_eq!((ask(None), loads.get()), (None, 3));
    cache.invalidate_all();
    assert_eq!((ask(None), loads.get()), (None, 4));
    cache.insert(1, 6);
    assert_eq!(ask(None), Some(6));
    cache.remove(&1);
    // One that needs a value is not content with knowing that there was none.
    assert_eq!((ask(None), cache.get_or_load(&1, |_| 7)), (None, 7));
    cache.remove(&1);
    assert_eq!((ask(Some(8)), loads.get()), (Some(8), 6));
    // An absence of an absence: a load that was overtaken by a change says nothing.
    cache.remove(&1);
    let overtaken = cache.get_or_load_optional(&1, |_| {
        cache.insert(1, 9);
        cache.remove(&1);
        None
    });
    assert_eq!((overtaken, ask(Some(10))), (None, Some(10)));
}

#[test]
fn absences_are_bounded() {
    let build = MemoryCache::<u64, u64>::builder().capacity(100).shards(1);
    let cache = build.negative_ttl(Duration::from_secs(5)).build().unwrap();
    let empty = cache.memory_used();
    for key in 0..100_000 {
        assert_eq!(cache.get_or_load_optional(&key, |_| None), None);
    }
    assert!(cache.memory_used() > empty, "it is counted");
    assert!(
        cache.memory_used() - empty < 20_000,
        "{}",
        cache.memory_used() - empty
    );
}
