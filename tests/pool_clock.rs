//! A clock that panics once, at every moment at which a pool reads it: nothing is lost by that, and nobody is forgotten.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenfold::clock::{Clock, ManualClock, Tick, Timers};
use tenfold::pool::{
    AsyncConnect, BoxFuture, Check, Config, KeyedPool, Manage, OwnedLease, Pool, Upkeep,
};

/// Panics when it has been read so many times more.
#[derive(Clone, Debug, Default)]
struct Frail(ManualClock, Arc<AtomicI64>);

impl Frail {
    fn break_after(&self, reads: i64) {
        self.1.store(reads, Ordering::SeqCst);
    }

    /// Whether it has not panicked yet; from now on it does not.
    fn mend(&self) -> bool {
        self.1.swap(0, Ordering::SeqCst) > 0
    }
}

impl Clock for Frail {
    fn now(&self) -> Tick {
        if self.1.fetch_sub(1, Ordering::SeqCst) == 1 {
            // A panic that nobody prints.
            resume_unwind(Box::new("the clock"));
        }
        self.0.now()
    }

    fn timers(&self) -> &Timers {
        self.0.timers()
    }
}

struct Plain;

impl Manage for Plain {
    type Connection = ();
    type Error = Infallible;
}

impl AsyncConnect for Plain {
    async fn connect(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<Vec<BoxFuture>>>);

impl Tasks {
    fn push(&self, task: BoxFuture) {
        self.0.lock().unwrap().push(task);
    }

    /// Runs all of them, until nothing comes of it any more. Those that panic are dropped.
    fn run(&self) {
        for _ in 0..9 {
            let mut context = Context::from_waker(Waker::noop());
            let mut all = std::mem::take(&mut *self.0.lock().unwrap());
            all.retain_mut(|task| {
                tried(|| task.as_mut().poll(&mut context).is_pending()) == Some(true)
            });
            self.0.lock().unwrap().append(&mut all);
        }
    }
}

fn tried<R>(call: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

type Waiting<'a> = std::pin::Pin<Box<dyn Future<Output = Option<OwnedLease<Plain>>> + 'a>>;

/// Two callers of each of these.
fn callers<'a>(pools: impl IntoIterator<Item = &'a Pool<Plain>>) -> Vec<Waiting<'a>> {
    let twice = pools.into_iter().flat_map(|pool| [pool, pool]);
    twice
        .map(|pool| Box::pin(async { pool.acquire_owned_async().await.ok() }) as Waiting<'a>)
        .collect()
}

/// What those get that come to an end now. Those that panic are dropped.
fn served(waiting: &mut Vec<Waiting<'_>>) -> Vec<OwnedLease<Plain>> {
    let mut leases = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    waiting.retain_mut(|caller| {
        let polled = tried(|| caller.as_mut().poll(&mut context));
        let pending = matches!(polled, Some(Poll::Pending));
        if let Some(Poll::Ready(got)) = polled {
            leases.extend(got);
        }
        pending
    });
    leases
}

/// Two keys share two connections, and each pool may have two.
fn use_after(reads: i64) -> bool {
    let (clock, tasks) = (Frail::default(), Tasks::default());
    let spawned = tasks.clone();
    let mut config = Config::default();
    config.max_size = 2;

    config.upkeep = Upkeep::Manual;
    config.check = Check::Always;
    let group = KeyedPool::builder(|_: &u32| Plain)
        .pool(config)
        .max_total(2)
        .clock(clock.clone())
        .spawner(move |task| spawned.push(task))
        .build_async()
        .unwrap();
    let pools = [0, 1].map(|key| group.pool(&key).unwrap());
    clock.break_after(reads);
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.extend(callers(&pools));
        for _ in 0..3 {
            let leases = served(&mut waiting);
            tasks.run();
            for lease in leases {
                tried(|| drop(lease));
            }
        }
        clock.0.advance(Duration::from_millis(200));
        tried(|| group.run_upkeep());
    }
    for caller in waiting {
        tried(|| drop(caller));
    }
    let untouched = clock.mend();
    tasks.run();
    for pool in &pools {
        let mut waiting = callers([pool]);
        let mut leases = Vec::new();
        for _ in 0..10 {
            for _ in 0..3 {
                leases.extend(served(&mut waiting));
                tasks.run();
            }
            clock.0.advance(Duration::from_millis(200));
            group.run_upkeep();
        }
        let (got, status) = (leases.len(), group.status());
        assert_eq!(got, 2, "after {reads} reads: {status:?}");
        drop((leases, waiting));
        tasks.run();
    }
    untouched
}

/// A pool that counted a connection which its group then could not count had one less for ever.
#[test]
fn a_clock_that_panics_costs_no_place() {
    assert!((1..2_000).any(use_after), "it is never enough");
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Three wait, and nobody looks but who connects.
fn connect_after(reads: i64, max_connecting: u32) -> bool {
    let (clock, tasks) = (Frail::default(), Tasks::default());
    let spawned = tasks.clone();
    let pool = Pool::builder(Plain)
        .clock(clock.clone())
        .upkeep(Upkeep::Manual)
        .max_size(3)
        .max_connecting(max_connecting)
        .spawner(move |task| spawned.push(task))
        .build_async()
        .unwrap();
    let mut waiting: Vec<_> = (0..3)
        .map(|_| (Arc::<Woken>::default(), pool.acquire_owned_async()))
        .collect();
    for (woken, caller) in &mut waiting {
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        assert!(std::pin::Pin::new(caller).poll(&mut context).is_pending());
    }
    clock.break_after(reads);
    tasks.run();
    let untouched = clock.mend();
    tasks.run();
    let status = pool.status();
    let called = |(woken, _): &(Arc<Woken>, _)| woken.0.load(Ordering::SeqCst);
    // A connect that failed is tried again after a while.
    let all_called = waiting.iter().all(called) || status.failures > 0;
    assert!(all_called, "after {reads} reads: {status:?}");
    untouched
}

/// While a connection is handed over it is expected, so nobody may have been told to make another one.
#[test]
fn a_clock_that_panics_lets_nobody_wait() {
    for most in [1, 3] {
        let enough = (1..200).any(|reads| connect_after(reads, most));
        assert!(enough, "it is never enough");
    }
}
