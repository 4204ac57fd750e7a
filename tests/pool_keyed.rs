//! `tenfold::pool::KeyedPool` in simulated time: budget, turns, keys that come and go.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes astray should panic"
)]

#[path = "support/pool_keyed/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use support::{Call, World, poll};
use tenfold::Refusal;
use tenfold::clock::{Clock, ManualClock};
use tenfold::pool::{
    self, AcquireError, AsyncConnect, AttachError, BoxFuture, Config, Error, KeyedConfig,
    KeyedPool, Manage, OwnedLease, Reason, Upkeep,
};

const SECOND: Duration = Duration::from_secs(1);

/// A call that has begun to wait.
fn waiting(world: &World, key: u32) -> Call {
    let mut call = world.pools.acquire_async(&key);
    assert!(poll(&mut call).is_pending());
    call
}

fn served(call: &mut Call) -> support::Lease {
    match poll(call) {
        Poll::Ready(lease) => lease.unwrap(),
        Poll::Pending => panic!("it still waits"),
    }
}

#[test]
fn every_key_has_its_own_connections_and_its_own_limit() {
    let world = World::new(|pools| pools.max_total(10).max_size(2));
    let a = [(); 2].map(|()| world.pools.acquire(&1).unwrap());
    assert_eq!((a[0].key, a[1].key), (1, 1));
    let refused = world.pools.acquire_timeout(&1, Duration::ZERO).unwrap_err();
    assert!(refused.is_timeout());
    assert_eq!(world.pools.acquire(&2).unwrap().key, 2);
    let status = world.pools.status();
    assert_eq!((status.keys, status.total, status.pools.in_use), (2, 3, 2));
    assert_eq!(world.pools.status_of(&1).unwrap().in_use, 2);
    assert_eq!(world.pools.stats_of(&2).unwrap().checkouts, 1);
    assert!(world.pools.status_of(&3).is_none() && world.pools.peek(&3).is_none());
    let mut keys = world.pools.keys();
    keys.sort_unstable();
    assert_eq!(keys, [1, 2]);
}

#[test]
fn what_has_been_idle_for_longest_gives_way() {
    let world = World::new(|pools| pools.max_total(3).max_size(3));
    let leases: Vec<_> = (1..=3)
        .map(|key| world.pools.acquire(&key).unwrap())
        .collect();
    let [one, two, three]: [support::Lease; 3] = leases.try_into().unwrap();
    for lease in [two, one, three] {
        drop(lease);
        world.clock.advance(Duration::from_millis(1));
    }
    let idle = |key| world.pools.status_of(&key).unwrap().idle;
    let mut held = Vec::new();
    for left in [[1, 0, 1], [0, 0, 1], [0, 0, 0]] {
        held.push(world.pools.acquire(&4).unwrap());
        assert_eq!([1, 2, 3].map(idle), left);
    }
    assert_eq!(world.pools.stats().gave_way, 3);
    assert_eq!(world.peak(), 3);
}

#[test]
fn a_key_that_waits_gets_what_another_one_returns() {
    let world = World::new(|pools| pools.max_total(1));
    let one = world.pools.acquire(&1).unwrap();
    let mut two = waiting(&world, 2);
    assert_eq!(world.pools.status().starving, 1);
    drop(one);
    assert_eq!(served(&mut two).key, 2);
    assert_eq!((world.open(), world.peak()), (1, 1));
    assert_eq!(world.pools.status().starving, 0);
}

#[test]
fn a_key_that_waits_gets_what_another_one_loses() {
    let world = World::new(|pools| pools.max_total(1));
    let one = world.pools.acquire(&1).unwrap();
    let mut two = waiting(&world, 2);
    let _own = OwnedLease::detach(one);
    let two = served(&mut two);
    let mut three = waiting(&world, 3);
    OwnedLease::discard(two);
    let three = served(&mut three);
    let mut four = waiting(&world, 4);
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _held = three;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(served(&mut four).key, 4);
}

#[test]
fn keys_are_served_in_the_order_in_which_they_began_to_wait() {
    let world = World::new(|pools| pools.max_total(1));
    let mut held = world.pools.acquire(&0).unwrap();
    let mut calls = [3, 1, 3, 2, 3].map(|key| waiting(&world, key));
    for (next, key) in [(0, 3), (1, 1), (3, 2), (2, 3), (4, 3)] {
        drop(held);
        held = served(&mut calls[next]);
        assert_eq!(held.key, key);
        // The others wait. The callers of key 3 have one place, and their key joins again behind those that came meanwhile.
        for n in (0..5).filter(|n| *n != next) {
            let polled = poll(&mut calls[n]);
            assert!(polled.is_pending(), "{n} after {next}");
        }
    }
}

#[test]
fn a_busy_key_gives_way_to_one_that_has_nothing() {
    let world = World::new(|pools| pools.max_total(1).turn(3600 * SECOND));
    let one = world.pools.acquire(&1).unwrap();
    let mut two = waiting(&world, 2);
    let mut own = waiting(&world, 1);
    drop(one);
    assert!(poll(&mut own).is_pending());
    let two = served(&mut two);
    let mut again = waiting(&world, 2);
    drop(two);
    // Key 1 came before the second caller of key 2.
    assert!(poll(&mut again).is_pending());
    drop(served(&mut own));
    assert_eq!(served(&mut again).key, 2);
}

#[test]
fn busy_keys_come_to_equal_shares_and_keep_them() {
    let world = World::new(|pools| pools.max_total(4).max_size(4));
    let mut held: Vec<_> = (0..4).map(|_| world.pools.acquire(&1).unwrap()).collect();
    let mut calls: Vec<_> = (0..40)
        .map(|n| world.pools.acquire_async(&(1 + n % 2)))
        .collect();
    for _ in 0..20 {
        drop(held.remove(0));
        calls.retain_mut(|call| match poll(call) {
            Poll::Ready(lease) => {
                held.push(lease.unwrap());
                false
            }
            Poll::Pending => true,
        });
        assert_eq!(held.len(), 4);
    }
    let of = |key| held.iter().filter(|lease| lease.key == key).count();
    assert_eq!((of(1), of(2)), (2, 2));
    assert_eq!(world.pools.stats().gave_way, 2, "and then no more");
    // But nobody waits for ever.
    world.clock.advance(SECOND);
    drop(held.remove(0));
    assert_eq!(world.pools.stats().gave_way, 3);
}

#[test]
fn who_waits_no_more_takes_nothing() {
    let world = World::new(|pools| pools.max_total(1));
    let one = world.pools.acquire(&1).unwrap();
    let two = waiting(&world, 2);
    let mut three = waiting(&world, 3);
    drop(two);
    assert_eq!(world.pools.status().starving, 1);
    drop(one);
    let three = served(&mut three);
    let four = waiting(&world, 4);
    drop(four);
    assert_eq!(world.pools.status().starving, 0);
    drop(three);
    assert_eq!(world.pools.status_of(&3).unwrap().idle, 1);
    assert_eq!(world.pools.try_acquire(&3).unwrap().key, 3);
}

#[test]
fn who_is_served_by_its_own_key_takes_nothing_from_others() {
    let world = World::new(|pools| pools.max_total(2));
    let one = world.pools.acquire(&1).unwrap();
    let _two = world.pools.acquire(&2).unwrap();
    let mut own = waiting(&world, 1);
    assert_eq!(world.pools.status().starving, 1);
    drop(one);
    assert_eq!(world.pools.status().starving, 0);
    let _own = served(&mut own);
    assert_eq!(world.pools.stats().gave_way, 0);
}

#[test]
fn a_time_out_leaves_the_line() {
    let world = World::new(|pools| pools.max_total(1));
    let one = world.pools.acquire(&1).unwrap();
    let mut two = world.pools.acquire_timeout_async(&2, SECOND);
    assert!(poll(&mut two).is_pending());
    world.clock.advance(SECOND);
    let Poll::Ready(Err(error)) = poll(&mut two) else {
        panic!("its time is over");
    };
    assert!(error.is_timeout(), "{error}");
    drop(one);
    assert_eq!(world.pools.status_of(&1).unwrap().idle, 1);
}

/// Who waits for what other keys have is told so, and who waits for its own is not.
#[test]
fn a_time_out_says_whether_other_keys_have_it_all() {
    let world = World::new(|pools| pools.max_total(2).max_size(2));
    let one = world.pools.acquire(&1).unwrap();
    let two = world.pools.acquire(&2).unwrap();
    let why = |key| {
        let mut call = world.pools.acquire_timeout_async(&key, SECOND);
        assert!(poll(&mut call).is_pending());
        world.clock.advance(SECOND);
        let Poll::Ready(Err(error)) = poll(&mut call) else {
            panic!("its time is over");
        };
        let AcquireError::TimedOut { reason, .. } = &error else {
            panic!("{error:?}");
        };
        (*reason, error.to_string().contains("other keys have all"))
    };
    assert_eq!(why(3), (Reason::OverBudget, true), "it has none");
    assert_eq!(why(1), (Reason::OverBudget, true), "it may have two");
    drop(two);
    let more = world.pools.acquire(&1).unwrap();
    assert_eq!(why(1), (Reason::Busy, false), "it has two");
    drop((one, more));
}

#[test]
fn what_is_taken_in_counts_too() {
    let world = World::new(|pools| pools.max_total(1));
    let conn = OwnedLease::detach(world.pools.acquire(&1).unwrap());
    let two = world.pools.acquire(&2).unwrap();
    let one = world.pools.pool(&1).unwrap();
    let Err(AttachError::Full(conn)) = one.attach(conn) else {
        panic!("there is one already");
    };
    drop(two);
    world.pools.peek(&2).unwrap().clear();
    one.attach(conn).unwrap();
    assert_eq!(world.pools.status().total, 1);
}

#[test]
fn a_key_that_cannot_connect_leaves_its_turn_to_others() {
    let world = World::new(|pools| pools.max_total(1));
    world.fail_for(2);
    let one = world.pools.acquire(&1).unwrap();
    let two = waiting(&world, 2);
    let mut three = waiting(&world, 3);
    drop(one);
    let three = served(&mut three);
    world.clock.advance(60 * SECOND);
    drop(three);
    drop(two);
    assert_eq!(world.pools.acquire(&1).unwrap().key, 1);
}

#[test]
fn a_key_that_is_paused_leaves_its_turn_to_others() {
    let world = World::new(|pools| pools.max_total(1));
    let one = world.pools.acquire(&1).unwrap();
    let mut two = waiting(&world, 2);
    let mut three = waiting(&world, 3);
    world.pools.peek(&2).unwrap().pause();
    drop(one);
    let three = served(&mut three);
    world.pools.peek(&2).unwrap().resume();
    assert!(poll(&mut two).is_pending());
    drop(three);
    assert_eq!(served(&mut two).key, 2);
}

#[test]
fn a_key_that_is_asked_for_is_not_forgotten() {
    let world = World::new(|pools| pools.key_idle_timeout(Some(20 * SECOND)));
    drop(world.pools.pool(&1).unwrap());
    for _ in 0..3 {
        world.clock.advance(15 * SECOND);
        drop(world.pools.pool(&1).unwrap());
    }
    assert_eq!(world.pools.stats().keys_made, 1);
    world.clock.advance(20 * SECOND);
    assert!(world.pools.keys().is_empty());
}

#[test]
fn keys_that_nobody_uses_are_forgotten() {
    let world = World::new(|pools| {
        let mut pool = Config::default();
        pool.idle_timeout = Some(10 * SECOND);
        pools.pool(pool).key_idle_timeout(Some(20 * SECOND))
    });
    let lease = world.pools.acquire(&1).unwrap();
    drop(world.pools.acquire(&2).unwrap());
    let handle = world.pools.pool(&3).unwrap();
    drop(world.pools.pool(&4).unwrap());
    let keys = || {
        let mut keys = world.pools.keys();
        keys.sort_unstable();
        keys
    };
    world.clock.advance(10 * SECOND);
    assert_eq!(world.pools.status_of(&2).unwrap().total, 0);
    world.clock.advance(9 * SECOND);
    assert_eq!(keys(), [1, 2, 3, 4]);
    world.clock.advance(SECOND);
    assert_eq!(keys(), [1, 2, 3]);
    world.clock.advance(10 * SECOND);
    assert_eq!(keys(), [1, 3], "key 2 had a connection for 10 seconds");
    world.clock.advance(1000 * SECOND);
    assert_eq!(keys(), [1, 3]);
    drop((lease, handle));
    for _ in 0..4 {
        world.clock.advance(10 * SECOND);
    }
    assert!(keys().is_empty(), "{:?}", world.pools);
    let stats = world.pools.stats();
    assert_eq!((stats.keys_made, stats.keys_forgotten), (4, 4));
    assert_eq!((stats.pools.checkouts, world.open()), (2, 0));
    assert_eq!(world.managers(), 0);
}

#[test]
fn a_key_with_a_caller_is_not_forgotten() {
    let world = World::new(|pools| {
        pools
            .max_total(1)
            .key_idle_timeout(Some(SECOND))
            .max_keys(2)
    });
    let one = world.pools.acquire(&1).unwrap();
    let mut two = world.pools.acquire_timeout_async(&2, 3600 * SECOND);
    assert!(poll(&mut two).is_pending());
    for _ in 0..10 {
        world.clock.advance(SECOND);
    }
    assert!(matches!(
        world.pools.acquire(&3),
        Err(AcquireError::TooManyKeys { limit: 2 })
    ));
    drop(one);
    assert_eq!(served(&mut two).key, 2);
}

#[test]
fn there_are_no_more_keys_than_there_may_be() {
    let world = World::new(|pools| pools.max_keys(2));
    let one = world.pools.acquire(&1).unwrap();
    let two = world.pools.acquire(&2).unwrap();
    let error = world.pools.acquire(&3).unwrap_err();
    assert!(matches!(error, AcquireError::TooManyKeys { limit: 2 }));
    assert!(error.is_overloaded() && Error::from(error) == Error::TooManyKeys { limit: 2 });
    drop(two);
    let three = world.pools.acquire(&3).unwrap();
    assert_eq!(world.open(), 2, "the idle connection of key 2 is closed");
    assert!(world.pools.peek(&2).is_none());
    drop((one, three));
    world.clock.advance(SECOND);
    drop(world.pools.acquire(&1).unwrap());
    drop(world.pools.acquire(&4).unwrap());
    assert!(world.pools.peek(&3).is_none() && world.pools.peek(&1).is_some());
    assert_eq!(world.pools.stats().keys_refused, 1);
    assert_eq!((world.pools.status().keys, world.managers()), (2, 2));
}

#[test]
fn waiters_run_futures_that_nobody_else_runs() {
    let pools = KeyedPool::builder(|key: &u32| {
        let key = *key;
        pool::from_async_fn(move || async move { Ok::<_, std::io::Error>(key) })
    })
    .max_total(1)
    .clock(ManualClock::new())
    .build_async()
    .unwrap();
    let one = pools.acquire(&1).unwrap();
    let mut two = pools.acquire_async(&2);
    let mut three = pools.acquire_async(&3);
    assert!(poll(&mut two).is_pending() && poll(&mut three).is_pending());
    drop(one);
    // The one whose turn it is does not come for it.
    assert!(poll(&mut three).is_pending());
    drop(two);
    let Poll::Ready(Ok(three)) = poll(&mut three) else {
        panic!("it is its turn");
    };
    assert_eq!((*three, pools.status().total), (3, 1));
}

/// Connections know their key; closes of some keys hang.
struct Farewell(u32, &'static [u32]);

impl Manage for Farewell {
    type Connection = u32;
    type Error = std::io::Error;
}

impl AsyncConnect for Farewell {
    async fn connect(&self) -> std::io::Result<u32> {
        Ok(self.0)
    }

    async fn close(&self, _: u32) {
        if self.1.contains(&self.0) {
            std::future::pending::<()>().await;
        }
    }
}

type Tasks = Arc<Mutex<Vec<BoxFuture>>>;

fn run(tasks: &Tasks) {
    for _ in 0..9 {
        let mut all = std::mem::take(&mut *tasks.lock().unwrap());
        all.retain_mut(|task| poll(task).is_pending());
        tasks.lock().unwrap().append(&mut all);
    }
}

/// Three connections in all, of three keys, idle since one after another.
fn farewells(
    hanging: &'static [u32],
    upkeep: Upkeep,
) -> (KeyedPool<u32, Farewell>, ManualClock, Tasks) {
    let (clock, tasks) = (ManualClock::new(), Tasks::default());
    let spawned = tasks.clone();
    let mut config = Config::default();
    config.upkeep = upkeep;
    let pools = KeyedPool::builder(move |key: &u32| Farewell(*key, hanging))
        .pool(config)
        .max_total(3)
        .key_idle_timeout(None)
        .clock(clock.clone())
        .spawner(move |task| spawned.lock().unwrap().push(task))
        .build_async()
        .unwrap();
    for key in 1..=3 {
        let mut call = pools.acquire_async(&key);
        assert!(poll(&mut call).is_pending());
        run(&tasks);
        assert!(matches!(poll(&mut call), Poll::Ready(Ok(_))));
        clock.advance(Duration::from_millis(1));
    }
    (pools, clock, tasks)
}

/// Who waited for the budget waited for a close that hung, though others had something idle.
#[test]
fn a_close_that_hangs_is_not_waited_for_where_another_key_can_give_way() {
    for upkeep in [Upkeep::Automatic, Upkeep::Manual] {
        let (pools, clock, tasks) = farewells(&[1], upkeep);
        let mut call = pools.acquire_async(&4);
        assert!(poll(&mut call).is_pending());
        let pass = |time| {
            clock.advance(time);
            if upkeep == Upkeep::Manual {
                pools.run_upkeep();
            }
            run(&tasks);
        };
        let idle = || [1, 2, 3].map(|key| pools.status_of(&key).unwrap().idle);
        if upkeep == Upkeep::Manual {
            let due = clock.now().saturating_add(Duration::from_millis(100));
            assert!(pools.run_upkeep() <= Some(due));
        }
        pass(Duration::from_millis(99));
        assert_eq!(idle(), [0, 1, 1], "it may end yet");
        pass(Duration::from_millis(1));
        assert_eq!(idle(), [0, 0, 1]);
        assert!(matches!(poll(&mut call), Poll::Ready(Ok(_))));
        assert_eq!(pools.status().total, 3);
        pass(SECOND);
        assert_eq!(idle(), [0, 0, 1], "nobody waits any more");
    }
}

/// But not all that is idle goes while nothing can be closed.
#[test]
fn closes_that_hang_are_replaced_once() {
    let (pools, clock, tasks) = farewells(&[1, 2, 3], Upkeep::Automatic);
    let mut call = pools.acquire_timeout_async(&4, 60 * SECOND);
    assert!(poll(&mut call).is_pending());
    run(&tasks);
    for _ in 0..9 {
        clock.advance(Duration::from_millis(500));
        run(&tasks);
        assert!(poll(&mut call).is_pending());
    }
    let idle = [1, 2, 3].map(|key| pools.status_of(&key).unwrap().idle);
    assert_eq!(idle, [0, 0, 1]);
    // The first gives its place back when its time is over.
    clock.advance(Duration::from_millis(500));
    run(&tasks);
    assert!(matches!(poll(&mut call), Poll::Ready(Ok(_))));
}

#[test]
fn a_factory_that_panics_leaves_nothing() {
    let pools = KeyedPool::builder(|key: &u32| {
        assert_ne!(*key, 13, "on purpose");
        let key = *key;
        pool::from_fn(move || Ok::<_, std::io::Error>(key))
    })
    .max_keys(1)
    .clock(ManualClock::new())
    .build()
    .unwrap();
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| drop(pools.acquire(&13)))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| pools.acquire_async(&13))).is_err());
    }
    assert_eq!(pools.status().keys, 0);
    assert_eq!(*pools.acquire(&1).unwrap(), 1);
}

#[test]
fn single_keys_have_settings_of_their_own() {
    let world = World::new(|pools| {
        pools.max_size(1).customize(|key, builder| match *key {
            7 => builder.max_size(2),
            8 => builder.max_size(0),
            9 => builder.min_idle(1),
            _ => builder.upkeep(Upkeep::Manual),
        })
    });
    let _two = [(); 2].map(|()| world.pools.acquire(&7).unwrap());
    let _one = world.pools.acquire(&1).unwrap();
    assert_eq!(
        world.pools.pool(&1).unwrap().config().upkeep,
        Upkeep::Automatic
    );
    assert!(world.pools.acquire_timeout(&1, Duration::ZERO).is_err());
    for key in [8, 9] {
        let error = world.pools.acquire(&key).unwrap_err();
        assert!(matches!(
            error,
            AcquireError::Settings {
                error: Error::BadSetting { .. }
            }
        ));
        assert!(world.pools.peek(&key).is_none());
    }
}

#[test]
fn settings_out_of_their_range_are_named() {
    let bad = |change: fn(&mut KeyedConfig)| {
        let mut config = KeyedConfig::default();
        change(&mut config);
        let factory = |_: &u32| pool::from_fn(|| Ok::<_, std::io::Error>(()));
        match KeyedPool::builder(factory).config(config).build() {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    };
    assert!(bad(|config| config.max_total = 0).contains("max_total"));
    assert!(bad(|config| config.max_keys = 0).contains("max_keys"));
    assert!(bad(|config| config.pool.max_size = 0).contains("max_size"));
    assert!(bad(|config| config.pool.min_idle = 1).contains("min_idle"));
    assert!(
        bad(|config| config.key_idle_timeout = Some(Duration::ZERO)).contains("key_idle_timeout")
    );
}

#[test]
fn who_closes_it_tells_everybody() {
    let world = World::new(|pools| pools.max_total(2));
    let one = world.pools.acquire(&1).unwrap();
    let two = world.pools.acquire(&2).unwrap();
    let mut waits = waiting(&world, 3);
    let mut drain = world.pools.drain_async(SECOND);
    assert!(world.pools.is_closed() && world.pools.status().pools.closed);
    let Poll::Ready(Err(AcquireError::Closed)) = poll(&mut waits) else {
        panic!("it is told");
    };
    assert!(world.pools.acquire(&1).unwrap_err().is_closed());
    assert!(world.pools.acquire(&9).unwrap_err().is_closed());
    assert!(poll(&mut drain).is_pending());
    drop(one);
    world.clock.advance(SECOND);
    let Poll::Ready(report) = poll(&mut drain) else {
        panic!("its time is over");
    };
    assert_eq!(
        (report.closed, report.pending, report.held.len()),
        (1, 0, 1)
    );
    drop(two);
    assert!(world.pools.drain(SECOND).is_complete());
    assert_eq!(world.open(), 0);
}

#[test]
fn a_key_that_is_evicted_begins_anew() {
    let world = World::new(|pools| pools.max_total(2));
    let one = world.pools.acquire(&1).unwrap();
    drop(world.pools.acquire(&1).unwrap());
    assert!(world.pools.evict_key(&1) && !world.pools.evict_key(&1));
    assert_eq!(world.open(), 1, "the idle one is closed");
    let again = world.pools.acquire(&1).unwrap();
    assert_ne!(again.id, one.id);
    let mut third = waiting(&world, 1);
    drop(one);
    assert_eq!(served(&mut third).key, 1, "and what came back was closed");
    world.pools.clear();
    drop(again);
    assert_eq!(world.pools.status().total, 0);
}

#[test]
fn leases_outlive_the_pool() {
    let world = World::new(|pools| pools);
    let lease = world.pools.acquire(&1).unwrap();
    let handle = world.pools.pool(&1).unwrap();
    let other = world.pools.clone();
    let World { pools, state, .. } = world;
    drop(pools);
    assert!(!handle.is_closed());
    drop(other);
    assert!(handle.is_closed());
    assert_eq!(lease.key, 1);
    drop(lease);
    assert_eq!(state.open(), 0);
}

#[test]
fn upkeep_by_hand_does_the_same() {
    let world = World::new(|pools| {
        let mut pool = Config::default();
        pool.upkeep = Upkeep::Manual;
        pool.idle_timeout = Some(SECOND);
        pools.pool(pool).key_idle_timeout(Some(SECOND))
    });
    drop(world.pools.acquire(&1).unwrap());
    let mut rounds = 0;
    while let Some(due) = world.pools.run_upkeep() {
        world.clock.set(due);
        rounds += 1;
        assert!(rounds < 10, "it comes to an end");
    }
    assert_eq!((world.pools.status().keys, world.open()), (0, 0));
}

#[test]
fn keys_may_be_asked_for_by_what_they_borrow() {
    let pools: KeyedPool<String, _> = KeyedPool::builder(|key: &String| {
        let key = key.clone();
        pool::from_fn(move || Ok::<_, std::io::Error>(key.clone()))
    })
    .clock(ManualClock::new())
    .build()
    .unwrap();
    assert_eq!(*pools.acquire("a").unwrap(), "a");
    assert_eq!(*pools.try_acquire("a").unwrap(), "a");
    assert!(pools.evict_key("a") && pools.keys().is_empty());
}
