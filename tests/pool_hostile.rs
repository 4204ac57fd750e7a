//! What a hostile reviewer found, in simulated time. That a place in line outlives a connection which was of no use is in `found`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

#[expect(dead_code, unused_imports, reason = "other tests need the rest")]
#[path = "support/pooling/mod.rs"]
mod pooling;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Instant;

use pooling::*;
use tenfold::clock::Timers;
use tenfold::pool::AsyncConnect;

/// Until something that other threads do has come about.
fn until(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < 60 * SECOND, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// As time goes by.
fn seconds<M: Manage>(world: &World<M>, count: u32) {
    for _ in 0..count {
        world.clock.advance(SECOND);
    }
}

fn attach<M: Manage<Connection = Conn>>(world: &World<M>, connections: u32) {
    for _ in 0..connections {
        world.pool.attach(world.backend.connection()).unwrap();
    }
}

/// A check that fails is followed by one of another connection, also if the first one is never done with being closed.
#[test]
fn who_waits_is_not_lost_by_a_check_that_fails() {
    for close in [Mood::Good, Mood::Hangs] {
        let world = spawned(|builder| builder.max_size(5).close_timeout(None));
        attach(&world, 5);
        world.clock.advance(SECOND);
        for (call, mood) in [
            (Call::Check, Mood::Fails),
            (Call::Connect, Mood::Fails),
            (Call::Close, close),
        ] {
            world.backend.set(call, mood);
        }
        let task = Task::waiting(world.pool.acquire_async());
        assert!(world.jobs.run_one(0));
        world.backend.set(Call::Check, Mood::Good);
        world.jobs.run();
        assert!(task.woken().is_ok(), "{close:?}");
        assert_eq!(world.backend.checks(), 2);
    }
}

/// Closes that hang have their threads, and others go on with one more for each.
#[test]
fn closes_that_hang_take_no_thread_from_connects() {
    let world = calls(|builder| {
        let builder = builder.executor(Executor::Workers);
        builder.max_size(8).max_connecting(1)
    });
    world.backend.set(Call::Close, Mood::Hangs);
    attach(&world, 8);
    assert_eq!(world.pool.retain(|_, _| false), 8);
    let mut task = Task::waiting(world.pool.acquire_async());
    for closes in [3, 6, 8] {
        until("closes", || world.backend.closes().len() >= closes);
        world.clock.advance(5 * SECOND);
    }
    until("a connection", || task.poll().is_ready());
    world.backend.set(Call::Close, Mood::Good);
    until("the rest", || world.counts()[1..] == [0; 4]);
    assert!(world.pool.status().idle > 0);
}

/// One that is not polled any more has a future run that another one waits for.
#[test]
fn a_future_goes_on_with_whoever_is_polled() {
    let world = driven(|builder| builder.max_size(1));
    let lease = Task::new(world.pool.acquire_async()).now().unwrap();
    let dead = Task::waiting(world.pool.acquire_async());
    let mut other = Task::waiting(world.pool.acquire_async());
    Lease::discard(lease);
    assert!(dead.is_woken() && !other.is_woken());
    world.clock.advance(10 * MILLI);
    assert!(other.is_woken() && other.poll().is_pending());
    world.clock.advance(10 * MILLI);
    assert!(other.woken().is_ok());
}

/// A connect that failed is tried again for a warm-up, which is all that there is to run it.
#[test]
fn a_warm_up_alone_goes_on_after_a_failure() {
    let world = driven(|builder| builder.max_size(3).max_connecting(1));
    world.backend.set(Call::Connect, Mood::Fails);
    let mut warm = Task::waiting(world.pool.warm_up_async(3, 60 * SECOND));
    world.backend.set(Call::Connect, Mood::Good);
    world.clock.advance(SECOND);
    assert!(warm.is_woken() && warm.now());
    assert_eq!(world.counts(), [3, 0, 0, 0, 0]);
}

/// What a hook takes is a part of a connect: callers who could be served sooner by what comes back have none made.
#[test]
fn a_slow_hook_is_a_slow_connect() {
    let hand = Arc::new(OnceLock::<ManualClock>::new());
    let clock = hand.clone();
    let world = spawned(|builder| {
        let slow = move |_: &mut Conn, _: &_| {
            clock.get().unwrap().advance(300 * MILLI);
            Verdict::Keep
        };
        builder.max_size(20).max_connecting(8).on_connect(slow)
    });
    hand.set(world.clock.clone()).unwrap();
    let first = Task::waiting(world.pool.acquire_async());
    world.jobs.run();
    let mut lease = first.woken().unwrap();
    let tasks = [(); 20].map(|()| Task::waiting(world.pool.acquire_async()));
    for task in tasks {
        world.clock.advance(5 * MILLI);
        drop(lease);
        lease = task.woken().unwrap();
    }
    drop(lease);
    world.jobs.run();
    assert_eq!(world.backend.connects(), 2);
}

/// Where all attempts hang that there may be at a time, callers are told, though few have failed.
#[test]
fn who_can_only_wait_for_attempts_that_hang_is_refused() {
    // By either bound there may be one attempt at a time.
    for (max_size, max_connecting) in [(4, 1), (1, 4)] {
        let world = calls(|builder| {
            let builder = builder.executor(Executor::Workers);
            builder.max_size(max_size).max_connecting(max_connecting)
        });
        world.backend.set(Call::Connect, Mood::Hangs);
        let task = Task::waiting(world.pool.acquire_async());
        until("a connect", || world.backend.connects() == 1);
        world.clock.advance(10 * SECOND);
        let refused = |result: Result<Lease<'_, Calls>, _>| {
            let error = result.map(drop).unwrap_err();
            let AcquireError::Unavailable {
                failures,
                retry_after,
                ..
            } = error
            else {
                panic!("{error:?}")
            };
            // Nobody knows when one of them returns.
            assert_eq!((failures, retry_after), (1, None), "{error}");
            let way = "attempts that hang are in the way of the next";
            assert!(error.to_string().ends_with(way), "{error}");
            assert!(Error::from(error).to_string().ends_with(way));
        };
        refused(task.woken());
        for _ in 0..3 {
            refused(Task::new(world.pool.acquire_async()).now());
            world.clock.advance(SECOND);
        }
        world.backend.set(Call::Connect, Mood::Good);
        until("the rest", || world.counts()[2..] == [0; 3]);
    }
}

/// After an outage the first that comes is served, not told of what was.
#[test]
fn the_first_one_after_an_outage_is_served() {
    let world = one();
    world.backend.set(Call::Connect, Mood::Fails);
    let task = Task::waiting(world.pool.acquire_async());
    seconds(&world, 10);
    let refused = task.woken().map(drop);
    assert!(matches!(refused, Err(AcquireError::Unavailable { .. })));
    seconds(&world, 60);
    world.backend.set(Call::Connect, Mood::Good);
    assert!(Task::new(world.pool.acquire_async()).now().is_ok());
}

/// A connection that was handed to one that does not come for it is closed all the same.
#[test]
fn a_drain_does_not_wait_for_one_that_does_not_come() {
    for fairness in [Fairness::Fifo, Fairness::Throughput] {
        let world = calls(|builder| builder.max_size(1).fairness(fairness));
        let lease = world.pool.acquire().unwrap();
        let _dead = Task::waiting(world.pool.acquire_async());
        drop(lease);
        let report = Task::new(world.pool.drain_async(SECOND)).now();
        assert!(report.is_complete(), "{report:?}");
    }
}

/// A check that nobody waits for any more ends with whoever asks next, waiting or not.
#[test]
fn who_tries_has_a_check_run_that_was_left() {
    let world = driven(|builder| builder.max_size(1));
    attach(&world, 1);
    world.clock.advance(SECOND);
    world.backend.set(Call::Check, Mood::Hangs);
    drop(Task::waiting(world.pool.acquire_async()));
    assert!(world.pool.try_acquire().is_err());
    world.backend.set(Call::Check, Mood::Good);
    assert!(world.pool.try_acquire().is_ok());
    assert_eq!((world.backend.connects(), world.backend.checks()), (0, 1));
}

/// If all are in use that is the reason, though a connect failed a while ago.
#[test]
fn a_busy_pool_says_so() {
    let world = two();
    let _first = world.pool.acquire().unwrap();
    world.backend.set(Call::Connect, Mood::Fails);
    drop(Task::waiting(world.pool.acquire_async()));
    attach(&world, 1);
    let _second = world.pool.try_acquire().unwrap();
    let task = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    world.clock.advance(SECOND);
    let error = task.woken().map(drop).unwrap_err();
    assert!(matches!(
        error,
        AcquireError::TimedOut {
            reason: Reason::Busy,
            ..
        }
    ));
}

/// Nobody knows which thread has a lease that may go to another one: that is no deadlock.
#[test]
fn a_lease_that_went_to_another_thread_is_no_deadlock() {
    let world = one();
    std::thread::scope(|scope| {
        let (send, leases) = mpsc::channel();
        let pool = &world.pool;
        let waiting = scope.spawn(move || {
            send.send(pool.acquire_owned().unwrap()).unwrap();
            pool.acquire_timeout(SECOND).map(drop).unwrap_err()
        });
        let lease = leases.recv().unwrap();
        until("a thread that waits", || world.pool.status().waiting == 1);
        while !waiting.is_finished() {
            world.clock.advance(SECOND);
            std::thread::yield_now();
        }
        let error = waiting.join().unwrap();
        let busy = Reason::Busy;
        assert!(
            matches!(&error, AcquireError::TimedOut { reason, .. } if *reason == busy),
            "{error}"
        );
        drop(lease);
    });
}

/// Somebody who waited through an outage and gave up leaves a pool that fills up again.
#[test]
fn who_gives_up_does_not_keep_a_pool_from_filling_up() {
    let world = calls(|builder| builder.max_size(2).min_idle(1).fail_fast_after(1_000));
    seconds(&world, 10);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
    let lease = world.pool.acquire().unwrap();
    world.backend.set(Call::Connect, Mood::Fails);
    let waiting = Task::waiting(world.pool.acquire_async());
    Lease::discard(lease);
    seconds(&world, 20);
    drop(waiting);
    world.backend.set(Call::Connect, Mood::Good);
    seconds(&world, 60);
    assert_eq!(world.counts(), [1, 0, 0, 0, 0]);
}

/// A hook that panics keeps nobody from looking at the connections again.
#[test]
fn a_hook_for_leaks_that_panics_stops_nothing() {
    let world = calls(|builder| {
        let builder = builder.max_size(2).idle_timeout(Some(60 * SECOND));
        let builder = builder.leak_threshold(Some(SECOND));
        builder.on_leak(|_| panic!("a hook"))
    });
    let _held = world.pool.acquire().unwrap();
    attach(&world, 1);
    seconds(&world, 120);
    assert_eq!(world.ends(), [(2, CloseReason::Idle)]);
}

/// A clock that closes the pool when it was looked at so often.
#[derive(Debug)]
struct Closing(ManualClock, AtomicU64, Mutex<Option<Pool<Tasks>>>);

impl Clock for Closing {
    fn now(&self) -> Tick {
        if self.1.fetch_sub(1, Ordering::SeqCst) == 1 {
            let pool = self.2.lock().unwrap().take();
            pool.into_iter().for_each(|pool| pool.close());
        }
        self.0.now()
    }

    fn timers(&self) -> &Timers {
        self.0.timers()
    }
}

/// Whoever closes the pool while a future is being left to those that wait: it does not stay for ever.
#[test]
fn nothing_is_left_to_those_that_wait_for_a_closed_pool() {
    for looks in 1..30 {
        let hand = Closing(ManualClock::new(), AtomicU64::new(0), Mutex::default());
        let hand = Arc::new(hand);
        let world = driven(|builder| builder.max_size(1).clock(hand.clone()));
        let first = Task::new(world.pool.acquire_async()).now().unwrap();
        let _waiting = Task::waiting(world.pool.acquire_async());
        world.backend.set(Call::Connect, Mood::Hangs);
        *hand.2.lock().unwrap() = Some(world.pool.clone());
        hand.1.store(looks, Ordering::SeqCst);
        Lease::discard(first);
        if !world.pool.is_closed() {
            world.pool.close();
        }
        assert_eq!(world.counts(), [0; 5], "closed at look {looks}");
    }
}

/// Connections of which each is checked by way of another one.
struct Nested(OnceLock<Pool<Self>>, AtomicUsize);

impl Manage for Nested {
    type Connection = u32;
    type Error = String;
}

impl AsyncConnect for Nested {
    async fn connect(&self) -> Result<u32, String> {
        Ok(1)
    }

    async fn check(&self, _: &mut u32) -> Result<(), String> {
        let pool = self.0.get().unwrap();
        let mut other = Box::pin(pool.acquire_async());
        std::future::poll_fn(|context| {
            // A pool that polls it for ever is to fail this test, not to keep it from ending.
            assert!(self.1.fetch_add(1, Ordering::SeqCst) < 100);
            other.as_mut().poll(context).map(drop)
        })
        .await;
        Ok(())
    }
}

/// A future that waits for a connection of its own pool waits, and does not keep whoever polls it busy.
#[test]
fn a_future_may_wait_for_its_own_pool() {
    let clock = ManualClock::new();
    let manager = Nested(OnceLock::new(), AtomicUsize::new(0));
    let builder = Pool::builder(manager).max_size(1).clock(clock.clone());
    let pool = builder.build_async().unwrap();
    assert!(pool.manager().0.set(pool.clone()).is_ok());
    pool.attach(1).unwrap();
    clock.advance(SECOND);
    let task = Task::waiting(pool.acquire_async());
    let polls = pool.manager().1.load(Ordering::SeqCst);
    assert!(polls < 5, "{polls}");
    drop(task);
    pool.close();
}
