//! Defects of other pools, each named after the pool and what went wrong there.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crate::pooling::*;

fn fill<M: Manage<Connection = Conn>>(world: &World<M>, connections: u32) {
    for _ in 0..connections {
        world.pool.attach(world.backend.connection()).unwrap();
    }
}

/// All places are there.
fn has_all(world: &World<Calls>) {
    world.clock.advance(60 * SECOND);
    let _ = world.pool.acquire().map(drop);
    world.clock.advance(60 * SECOND);
    let max = world.pool.status().max_size;
    let leases: Vec<_> = (0..max).map(|_| world.pool.acquire().unwrap()).collect();
    assert_eq!(leases.len(), max as usize);
}

#[test]
fn r2d2_capacity_lost_on_panicking_check() {
    let world = calls(|builder| builder.max_size(2).check(Check::Always));
    fill(&world, 2);
    world.backend.set(Call::Check, Mood::Panics);
    for _ in 0..10 {
        drop(world.pool.acquire().unwrap());
        assert!(world.pool.try_acquire().is_err());
    }
    world.backend.set(Call::Check, Mood::Good);
    has_all(&world);
}

#[test]
fn r2d2_capacity_lost_on_panicking_connect() {
    let world = calls(|builder| builder.max_size(2).fail_fast_after(1));
    world.backend.set(Call::Connect, Mood::Panics);
    for _ in 0..10 {
        assert!(world.pool.acquire().is_err());
        world.clock.advance(60 * SECOND);
    }
    world.backend.set(Call::Connect, Mood::Good);
    has_all(&world);
}

#[test]
fn r2d2_connection_of_a_panicking_thread_goes_back_as_good() {
    let world = one();
    let thread = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let _lease = world.pool.acquire().unwrap();
                panic!("in the middle of a transaction");
            })
            .join()
    });
    assert!(thread.is_err());
    assert_eq!(world.ends(), [(1, CloseReason::Panicked)]);
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
}

#[test]
fn r2d2_142_build_hangs_while_the_database_starts() {
    // It is built whatever the database does, and one that is lost does not keep others from being waited for.
    let down = calls(|builder| builder.max_size(5).min_idle(5));
    down.backend.set(Call::Connect, Mood::Fails);
    down.pool.clear();
    down.backend.set(Call::Connect, Mood::Good);
    let mut warm = Task::new(down.pool.warm_up_async(5, 120 * SECOND));
    for _ in 0..60 {
        if let Poll::Ready(warm) = warm.poll() {
            assert!(warm);
            return;
        }
        down.clock.advance(SECOND);
    }
    panic!("it never was warm");
}

#[test]
fn r2d2_99_something_lives_on_after_the_drop() {
    let world = calls(|builder| builder.max_size(2).min_idle(2).keepalive(Some(SECOND)));
    world.clock.advance(10 * SECOND);
    let (backend, clock) = (world.backend.clone(), world.clock.clone());
    drop(world);
    let seen = backend.checks();
    clock.advance(100 * SECOND);
    assert_eq!((backend.checks(), backend.live()), (seen, vec![]));
    assert_eq!(Arc::strong_count(&backend), 1);
}

#[test]
fn r2d2_62_first_in_first_out_keeps_all_connections_warm() {
    for order in [Order::Affine, Order::Lifo] {
        let world = calls(|builder| {
            builder
                .max_size(5)
                .order(order)
                .idle_timeout(Some(10 * SECOND))
        });
        assert!(world.pool.warm_up(5, SECOND));
        for _ in 0..30 {
            drop(world.pool.acquire().unwrap());
            world.clock.advance(SECOND);
        }
        assert_eq!(world.counts()[0], 1, "{order:?}");
    }
}

#[test]
fn bb8_pending_connects_leak_on_a_panicking_hook() {
    let angry = Arc::new(AtomicBool::new(true));
    let mood = angry.clone();
    let world = calls(|builder| {
        builder.max_size(2).on_connect(move |_, _| {
            assert!(!mood.load(Ordering::SeqCst), "a hook");
            Verdict::Keep
        })
    });
    for _ in 0..10 {
        let _ = Task::new(world.pool.acquire_async()).poll().map(drop);
        world.clock.advance(60 * SECOND);
    }
    assert_eq!(world.counts(), [0; 5]);
    angry.store(false, Ordering::SeqCst);
    has_all(&world);
}

/// A pool, where a destructor finds it.
type Slot = Arc<std::sync::Mutex<Option<Pool<Nosy>>>>;

/// Its connections look at their pool when they are dropped.
#[derive(Default)]
struct Nosy(Slot);

struct Look(Slot);

impl Drop for Look {
    fn drop(&mut self) {
        let pool = self.0.lock().unwrap().clone();
        if let Some(pool) = pool {
            let _ = (pool.status(), pool.held(), pool.try_acquire().map(drop));
            pool.retain(|_, _| true);
        }
    }
}

impl Manage for Nosy {
    type Connection = Look;
    type Error = Down;
}

impl tenfold::pool::Connect for Nosy {
    fn connect(&self) -> Result<Look, Down> {
        Ok(Look(self.0.clone()))
    }
}

#[test]
fn bb8_and_deadpool_destructors_under_a_lock() {
    for order in [Order::Affine, Order::Lifo] {
        let (slot, clock) = (Slot::default(), ManualClock::new());
        let builder = Pool::builder(Nosy(slot.clone())).max_size(4).order(order);
        let pool = builder
            .idle_timeout(Some(SECOND))
            .clock(clock.clone())
            .build()
            .unwrap();
        *slot.lock().unwrap() = Some(pool.clone());
        let refill = || assert!(pool.warm_up(4, SECOND));
        refill();
        clock.advance(SECOND);
        assert!(
            pool.status().total <= 1,
            "reaped, but for one that a destructor used"
        );
        refill();
        pool.resize(1).unwrap();
        pool.resize(4).unwrap();
        refill();
        pool.retain(|_, _| false);
        refill();
        pool.clear();
        refill();
        Lease::discard(pool.acquire().unwrap());
        pool.close();
        assert_eq!(pool.status().total, 0);
        let last = slot.lock().unwrap().take();
        drop(last);
    }
}

#[test]
fn bb8_243_newcomers_pass_those_who_wait() {
    let world = one();
    let mut lease = Some(world.pool.acquire().unwrap());
    let mut first = Task::waiting(world.pool.acquire_async());
    for _ in 0..10 {
        drop(lease.take());
        assert!(world.pool.try_acquire().is_err());
        assert!(Task::new(world.pool.acquire_async()).poll().is_pending());
    }
    assert!(first.now().is_ok());
}

#[test]
fn bb8_replenishing_outside_of_a_runtime_panics() {
    let world = spawned(|builder| builder.max_size(2).min_idle(2));
    world.jobs.run();
    let mut leases = [(); 2].map(|()| world.pool.try_acquire_owned().unwrap());
    leases[0].broken = true;
    // Here is no runtime, on no thread.
    std::thread::spawn(move || drop(leases)).join().unwrap();
    for _ in 0..4 {
        world.pass(SECOND);
    }
    assert_eq!(world.counts(), [2, 0, 0, 0, 0]);
}

#[test]
fn bb8_all_of_min_idle_is_connected_at_once() {
    let world = spawned(|builder| builder.max_size(50).min_idle(50).max_connecting(3));
    world.backend.set(Call::Connect, Mood::Hangs);
    world.jobs.run();
    assert_eq!(world.backend.connects(), 3);
}

#[test]
fn bb8_67_and_59_cancelled_calls_lose_connections() {
    let world = one();
    for _ in 0..100 {
        let lease = world.pool.acquire().unwrap();
        let tasks = [(); 3].map(|()| Task::waiting(world.pool.acquire_async()));
        drop(lease);
        drop(tasks);
    }
    assert_eq!(
        (world.counts(), world.backend.connects()),
        ([1, 0, 0, 0, 0], 1)
    );
}

#[test]
fn bb8_113_hangs_if_more_may_be_than_may_be_idle() {
    let world = calls(|builder| builder.max_size(3).max_idle(Some(1)));
    for _ in 0..10 {
        let leases = [(); 3].map(|()| world.pool.acquire().unwrap());
        drop(leases);
        assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    }
}

#[test]
fn bb8_122_all_wait_and_one_is_idle() {
    let world = two();
    let mut leases = vec![world.pool.acquire().unwrap(), world.pool.acquire().unwrap()];
    let mut tasks: Vec<_> = (0..100)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    let mut served = 0;
    while !tasks.is_empty() {
        leases.clear();
        let before = tasks.len();
        tasks.retain_mut(|task| {
            if !task.is_woken() {
                return true;
            }
            leases.extend(match task.poll() {
                Poll::Ready(lease) => lease.ok(),
                Poll::Pending => return true,
            });
            false
        });
        served += before - tasks.len();
        assert!(tasks.len() < before, "{served} were served");
    }
    assert_eq!(served, 100);
}

#[test]
fn deadpool_resize_of_a_pool_that_was_not_filled_leaves_all_permits() {
    let world = calls(|builder| builder.max_size(16));
    world.pool.resize(2).unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| Task::new(world.pool.acquire_async()))
        .collect();
    let mut leases = Vec::new();
    for mut task in tasks {
        if let Poll::Ready(lease) = task.poll() {
            leases.push(lease.unwrap());
        }
    }
    assert_eq!((leases.len(), world.backend.most()), (2, 2));
}

#[test]
fn deadpool_resize_during_a_connect_is_forgotten() {
    let world = spawned(|builder| builder.max_size(4).max_connecting(4));
    world.backend.set(Call::Connect, Mood::Hangs);
    let tasks = [(); 4].map(|()| Task::waiting(world.pool.acquire_async()));
    world.jobs.run();
    world.pool.resize(1).unwrap();
    drop(tasks);
    world.backend.set(Call::Connect, Mood::Good);
    world.jobs.run();
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    assert_eq!(world.reasons(), [CloseReason::Shrunk; 3]);
}

#[test]
fn deadpool_462_and_sqlx_2848_who_connects_overlooks_what_comes_back() {
    let world = driven(|builder| builder.max_size(2));
    fill(&world, 1);
    let lease = world.pool.try_acquire().unwrap();
    world.backend.set(Call::Connect, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    assert_eq!(world.counts(), [0, 1, 1, 0, 0]);
    drop(lease);
    assert_eq!(task.woken().unwrap().serial, 1);
}

#[test]
fn deadpool_178_no_lifetimes() {
    let world = calls(|builder| builder.max_size(1).max_lifetime(Some(10 * SECOND)));
    fill(&world, 1);
    world.clock.advance(10 * SECOND);
    assert_eq!(world.ends(), [(1, CloseReason::Expired)]);
}

#[test]
fn deadpool_191_dead_ones_are_found_one_by_one_when_they_are_wanted() {
    let world = calls(|builder| builder.max_size(8).keepalive(Some(30 * SECOND)));
    fill(&world, 8);
    world.backend.set(Call::Check, Mood::Fails);
    world.clock.advance(30 * SECOND);
    assert_eq!(world.counts(), [0; 5], "before anybody wants one");
}

#[test]
fn deadpool_18_and_92_and_205_counts_are_approximate() {
    let world = two();
    for round in 0..20 {
        let first = world.pool.acquire().unwrap();
        let second = Task::new(world.pool.acquire_async()).now().unwrap();
        let third = Task::waiting(world.pool.acquire_async());
        assert_eq!(world.counts(), [0, 2, 0, 0, 0]);
        assert_eq!(world.pool.status().waiting, 1);
        drop(third);
        if round % 2 == 0 {
            Lease::discard(first);
        } else {
            drop(first);
        }
        drop(second);
        let status = world.pool.status();
        assert!(status.idle <= status.max_size && status.waiting == 0);
        assert_eq!(status.idle as usize, world.backend.live().len());
    }
}

#[test]
fn sqlx_2276_and_3241_timed_out_is_all_that_is_told() {
    let world = calls(|builder| builder.max_size(1).fail_fast_after(u32::MAX));
    world.backend.set(Call::Connect, Mood::Fails);
    let task = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    world.clock.advance(SECOND);
    let text = task.woken().map(drop).unwrap_err().to_string();
    assert!(
        text.contains("none can be made") && text.contains("the backend is down"),
        "{text}"
    );
}

#[test]
fn mobc_a_failed_check_leads_to_a_connect_beside_idle_ones() {
    let world = calls(|builder| {
        builder
            .max_size(3)
            .order(Order::Fifo)
            .executor(Executor::Workers)
    });
    fill(&world, 2);
    world.clock.advance(SECOND);
    world.backend.set(Call::Check, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.backend.let_through(1);
    while !task.is_woken() {
        std::thread::yield_now();
    }
    assert!(task.woken().unwrap().serial <= 2);
    assert_eq!(world.backend.connects(), 0);
    world.backend.set(Call::Check, Mood::Good);
}

#[test]
fn mobc_and_go_32530_an_expired_one_is_handed_out() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .upkeep(Upkeep::Manual)
            .max_lifetime(Some(10 * SECOND))
    });
    fill(&world, 1);
    world.clock.advance(10 * SECOND);
    // Nobody has looked after it.
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.ends(), [(1, CloseReason::Expired)]);
}

#[test]
fn go_31708_waiters_are_served_in_any_order() {
    let world = one();
    let mut lease = world.pool.acquire().unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    for task in tasks {
        drop(lease);
        lease = task.woken().unwrap();
    }
}

#[test]
fn go_43173_and_68539_and_rails_28742_the_order_can_not_be_chosen() {
    let used = |order| {
        let world = calls(|builder| builder.max_size(4).order(order));
        fill(&world, 4);
        let serials = (0..8).map(|_| world.pool.acquire().unwrap().serial);
        serials.collect::<HashSet<_>>().len()
    };
    assert_eq!(
        (used(Order::Lifo), used(Order::Affine), used(Order::Fifo)),
        (1, 1, 4)
    );
}

#[test]
fn pgx_1437_a_lifetime_that_is_drawn_again_is_no_lifetime() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .max_lifetime(Some(100 * SECOND))
            .lifetime_jitter(0.9)
            .check(Check::Never)
            .idle_timeout(None)
    });
    let mut lives = Vec::new();
    for _ in 0..30 {
        fill(&world, 1);
        let mut life = 0;
        // Uses do not draw it again: if they did, hardly one would live for long.
        while world.counts()[0] == 1 && world.ends().len() < lives.len() + 1 {
            drop(world.pool.try_acquire().ok());
            world.clock.advance(SECOND);
            life += 1;
        }
        lives.push(life);
    }
    let mean = lives.iter().sum::<u32>() / 30;
    assert!((30..80).contains(&mean), "55 is expected: {lives:?}");
}

#[test]
fn vitess_20310_connections_are_handed_to_those_that_are_gone() {
    let world = calls(|builder| builder.max_size(1).wait_timeout(Some(SECOND)));
    let lease = world.pool.acquire().unwrap();
    let mut late: Vec<_> = (0..1_000)
        .map(|_| Task::waiting(world.pool.acquire_async()))
        .collect();
    let live = Task::waiting(world.pool.acquire_timeout_async(10 * SECOND));
    world.clock.advance(SECOND);
    drop(lease);
    assert!(live.is_woken(), "past a thousand whose time is over");
    drop(live.woken().unwrap());
    for task in &mut late {
        assert!(matches!(task.now(), Err(AcquireError::TimedOut { .. })));
    }
}

#[test]
fn vitess_16897_only_the_first_who_is_late_leaves() {
    let world = one();
    let _lease = world.pool.acquire().unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| Task::waiting(world.pool.acquire_timeout_async(SECOND)))
        .collect();
    world.clock.advance(SECOND);
    for task in tasks {
        assert!(matches!(task.woken(), Err(AcquireError::TimedOut { .. })));
    }
    assert_eq!(world.pool.status().waiting, 0);
}

#[test]
fn vitess_17662_one_waits_and_one_is_idle() {
    // A connection that comes back while somebody joins is seen by one of the two: also by many threads.
    let world = calls(|builder| builder.max_size(1).wait_timeout(None));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    drop(world.pool.acquire().unwrap());
                }
            });
        }
    });
    assert_eq!(
        (world.counts(), world.pool.status().waiting),
        ([1, 0, 0, 0, 0], 0)
    );
}

#[test]
fn vitess_20080_another_one_is_opened_before_the_expired_one_is_closed() {
    let world = spawned(|builder| {
        builder
            .max_size(1)
            .max_lifetime(Some(10 * SECOND))
            .close_timeout(None)
    });
    fill(&world, 1);
    let lease = world.pool.try_acquire().unwrap();
    world.pass(10 * SECOND);
    let task = Task::waiting(world.pool.acquire_async());
    world.backend.set(Call::Close, Mood::Hangs);
    drop(lease);
    world.jobs.run();
    assert_eq!(
        (world.backend.connects(), world.counts()),
        (0, [0, 0, 0, 0, 1])
    );
    world.backend.set(Call::Close, Mood::Good);
    world.jobs.run();
    assert_eq!((task.woken().unwrap().serial, world.backend.most()), (2, 1));
}

#[test]
fn r2dbc_232_one_whose_check_timed_out_goes_back() {
    let world = spawned(|builder| builder.max_size(1).order(Order::Lifo));
    fill(&world, 1);
    world.pass(SECOND);
    world.backend.set(Call::Check, Mood::Hangs);
    let task = Task::waiting(world.pool.acquire_async());
    world.pass(5 * SECOND);
    assert_eq!(world.ends(), [(1, CloseReason::CheckFailed)]);
    assert_eq!(task.woken().unwrap().serial, 2);
}

#[test]
fn hikari_1909_who_steals_starves_those_that_wait() {
    let world = two();
    let leases = [(); 2].map(|()| world.pool.acquire().unwrap());
    let first = Task::waiting(world.pool.acquire_async());
    drop(leases);
    // One is for the first in line; the other one is for whoever comes.
    let newcomer = world.pool.try_acquire().unwrap();
    assert!(world.pool.try_acquire().is_err());
    assert_ne!(first.woken().unwrap().serial, newcomer.serial);
}

#[test]
fn hikari_2096_nobody_knows_why_there_was_none() {
    let world = one();
    let (_leaked, line) = (world.pool.acquire().unwrap(), line!());
    let task = Task::waiting(world.pool.acquire_async());
    world.clock.advance(30 * SECOND);
    let text = task.woken().map(drop).unwrap_err().to_string();
    assert!(
        text.contains(&format!("named.rs:{line}")) && text.contains("30s"),
        "{text}"
    );
}

#[test]
fn hikari_830_a_pool_that_was_saturated_recovers() {
    // 10 connections; uses of one second arrive faster than they can be served, and then slower again.
    let world = calls(|builder| builder.max_size(10).wait_timeout(Some(30 * SECOND)));
    let (mut waiting, mut leases) = (Vec::new(), Vec::new());
    let mut longest = 0;
    for tick in 0..2_000_u64 {
        let gap = if (500..1_000).contains(&tick) { 8 } else { 12 };
        if tick % gap == 0 {
            waiting.push(Task::new(world.pool.acquire_owned_async()));
        }
        waiting.retain_mut(|task| match task.poll() {
            Poll::Ready(lease) => {
                leases.push((tick + 100, lease.unwrap()));
                false
            }
            Poll::Pending => true,
        });
        longest = longest.max(waiting.len());
        leases.retain(|(ends, _)| *ends > tick);
        world.clock.advance(10 * MILLI);
    }
    assert!(
        longest > 5 && waiting.is_empty(),
        "{longest} waited at a time"
    );
    assert!(world.backend.most() <= 10);
}

#[test]
fn hikari_164_one_connection_can_not_be_evicted() {
    let world = two();
    fill(&world, 2);
    assert!(world.pool.evict(1));
    assert_eq!(
        (world.counts(), world.backend.live()),
        ([1, 0, 0, 0, 0], vec![2])
    );
}

#[test]
fn w12_raises_at_once_where_it_says_that_it_waits() {
    let world = one();
    let lease = world.pool.acquire().unwrap();
    let task = Task::waiting(world.pool.acquire_async());
    world.clock.advance(29 * SECOND);
    drop(lease);
    assert!(task.woken().is_ok());
}

#[test]
fn w12_connects_under_the_lock() {
    let world = spawned(|builder| builder.max_size(2));
    fill(&world, 1);
    let lease = world.pool.try_acquire().unwrap();
    world.backend.set(Call::Connect, Mood::Hangs);
    let _waiting = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    // Everything else goes on meanwhile.
    let _ = (world.pool.status(), world.pool.held(), world.pool.stats());
    drop(lease);
    world.pool.clear();
}

#[test]
fn w12_a_replacement_that_fails_throws_at_who_gives_back() {
    let world = one();
    let mut lease = world.pool.acquire().unwrap();
    lease.broken = true;
    let task = Task::waiting(world.pool.acquire_async());
    world.backend.set(Call::Connect, Mood::Panics);
    drop(lease);
    assert_eq!(world.pool.status().failures, 1);
    drop(task);
}

#[test]
fn w12_a_connection_of_somebody_else_is_given_back() {
    // A lease goes back to the pool that it is of: there is no other way. What is not of a pool is attached.
    let (first, second) = (one(), one());
    let stranger = Lease::detach(first.pool.acquire().unwrap());
    second.pool.attach(stranger).unwrap();
    assert_eq!((first.counts(), second.counts()), ([0; 5], [1, 0, 0, 0, 0]));
}

#[test]
fn w12_checks_when_it_is_given_back_and_not_when_it_is_handed_out() {
    let world = calls(|builder| builder.max_size(1).check(Check::Always));
    fill(&world, 1);
    let lease = world.pool.acquire().unwrap();
    assert_eq!(world.backend.checks(), 1);
    drop(lease);
    assert_eq!(world.backend.checks(), 1);
}

#[test]
fn cmap_ids_rise_from_one() {
    let world = calls(|builder| builder.max_size(3));
    for expected in 1..10 {
        let lease = world.pool.acquire().unwrap();
        assert_eq!(Lease::info(&lease).id, expected);
        Lease::discard(lease);
    }
}

#[test]
fn cmap_who_waits_for_a_connect_takes_what_is_returned() {
    let world = spawned(|builder| builder.max_size(4).max_connecting(2));
    fill(&world, 1);
    let lease = world.pool.try_acquire().unwrap();
    world.backend.set(Call::Connect, Mood::Hangs);
    let first = Task::waiting(world.pool.acquire_async());
    let _others = [(); 2].map(|()| Task::waiting(world.pool.acquire_async()));
    world.pass(10 * MILLI);
    assert_eq!(world.counts()[2], 2);
    drop(lease);
    assert_eq!(first.woken().unwrap().serial, 1);
}

#[test]
fn cmap_clear_marks_all_as_stale_and_those_in_use_go_when_they_come_back() {
    let world = calls(|builder| builder.max_size(3));
    fill(&world, 2);
    let lease = world.pool.acquire().unwrap();
    world.pool.clear();
    world.pool.clear();
    assert_eq!(world.reasons(), [CloseReason::Stale]);
    drop(lease);
    assert_eq!(world.reasons(), [CloseReason::Stale; 2]);
}

#[test]
fn cmap_a_connect_that_fails_gives_its_place_back() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .fail_fast_after(1)
            .backoff_base(MILLI)
            .backoff_max(MILLI)
    });
    for _ in 0..20 {
        world.backend.set(Call::Connect, Mood::Fails);
        assert!(world.pool.acquire().is_err());
        assert_eq!(world.counts(), [0; 5]);
        world.clock.advance(MILLI);
    }
}
