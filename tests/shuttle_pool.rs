//! Random schedules of whole pools: threads and tasks, cancellation, connects that fail, and whatever a user may ask of a pool
//! meanwhile.
//!
//! A connection knows who uses it, the other side knows how many there are. At the end of each scenario as many connections as may be can be
//! acquired at once, and when the pool is gone none is left. Where time stands still nothing repairs itself: who is forgotten waits for
//! ever, which the checker calls a deadlock.
//!
//! Run with `RUSTFLAGS="--cfg tenfold_shuttle" cargo test --release --test shuttle_pool --target-dir target/shuttle`;
//! `TENFOLD_SCHEDULES` sets how many schedules each scenario is given.
#![cfg(tenfold_shuttle)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes astray should panic"
)]

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::{future, thread};
use tenfold::__kernel::block_on;
use tenfold::clock::ManualClock;
use tenfold::pool::{
    AcquireError, AsyncConnect, BoxFuture, Builder, Check, Connect, Fairness, Lease, Manage, Order,
    OwnedLease, Pool, Upkeep,
};

#[path = "support/red.rs"]
mod red;

use red::must_fail;

const MILLI: Duration = Duration::from_millis(1);

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let schedules = std::env::var("TENFOLD_SCHEDULES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000);
    shuttle::check_random(scenario, schedules);
}

fn below(n: usize) -> usize {
    thread_rng().gen_range(0..n)
}

/// Lets others run, or not.
fn pass_time() {
    for _ in 0..below(4) {
        thread::yield_now();
    }
}

async fn pass_time_async() {
    for _ in 0..below(4) {
        future::yield_now().await;
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn block_on_future<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    block_on(|waker| future.as_mut().poll(&mut Context::from_waker(waker)))
}

#[derive(Debug, thiserror::Error)]
#[error("the other side said no")]
struct Refused;

/// The other side.
struct Site {
    live: AtomicUsize,
    made: AtomicUsize,
    most: AtomicUsize,
    /// Connects that are going to fail.
    failures: AtomicUsize,
    /// Whether some checks fail.
    moody: AtomicBool,
}

impl Site {
    fn new(most: u32, failures: usize) -> Arc<Self> {
        Arc::new(Self {
            live: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
            most: AtomicUsize::new(most as usize),
            failures: AtomicUsize::new(failures),
            moody: AtomicBool::new(false),
        })
    }

    fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    fn open(self: &Arc<Self>) -> Result<Conn, Refused> {
        let less = |left: usize| left.checked_sub(1);
        let fails = below(2) == 0
            && self
                .failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
                .is_ok();
        if fails {
            return Err(Refused);
        }
        let live = self.live.fetch_add(1, Ordering::SeqCst) + 1;
        let most = self.most.load(Ordering::SeqCst);
        assert!(live <= most, "{live} connections are more than {most}");
        Ok(Conn {
            number: self.made.fetch_add(1, Ordering::SeqCst) + 1,
            busy: AtomicBool::new(false),
            gone: false,
            site: self.clone(),
        })
    }

    fn approve(&self) -> Result<(), Refused> {
        let good = !self.moody.load(Ordering::SeqCst) || below(3) > 0;
        good.then_some(()).ok_or(Refused)
    }
}

struct Conn {
    number: usize,
    busy: AtomicBool,
    /// It has left the pool.
    gone: bool,
    site: Arc<Site>,
}

impl Conn {
    fn begin(&self) {
        assert!(!self.busy.swap(true, Ordering::SeqCst), "it has two owners");
    }

    fn end(&self) {
        assert!(self.busy.swap(false, Ordering::SeqCst), "it has two owners");
    }

    fn use_it(&mut self) -> usize {
        self.begin();
        pass_time();
        self.end();
        self.number
    }

    async fn use_it_async(&mut self) {
        self.begin();
        pass_time_async().await;
        self.end();
    }

    fn leave(&mut self) {
        self.gone = true;
        self.site.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.begin();
        if !self.gone {
            self.site.live.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// A manager whose calls block.
struct Calls(Arc<Site>);

impl Manage for Calls {
    type Connection = Conn;
    type Error = Refused;
}

impl Connect for Calls {
    fn connect(&self) -> Result<Conn, Refused> {
        pass_time();
        self.0.open()
    }

    fn check(&self, conn: &mut Conn) -> Result<(), Refused> {
        conn.use_it();
        self.0.approve()
    }

    fn close(&self, conn: Conn) {
        pass_time();
        drop(conn);
    }
}

/// A manager whose calls are futures.
struct Futures(Arc<Site>);

impl Manage for Futures {
    type Connection = Conn;
    type Error = Refused;
}

impl AsyncConnect for Futures {
    async fn connect(&self) -> Result<Conn, Refused> {
        pass_time_async().await;
        self.0.open()
    }

    async fn check(&self, conn: &mut Conn) -> Result<(), Refused> {
        conn.use_it_async().await;
        self.0.approve()
    }

    async fn close(&self, conn: Conn) {
        pass_time_async().await;
        drop(conn);
    }
}

/// Who runs the futures of a pool.
#[derive(Clone, Default)]
struct Spawner(Arc<Mutex<Vec<future::JoinHandle<()>>>>);

impl Spawner {
    fn spawn(&self, task: BoxFuture) {
        let task = future::spawn(task);
        self.0.lock().unwrap().push(task);
    }

    fn finish(&self) {
        loop {
            // A statement of its own: the lock is released at its end.
            let task = self.0.lock().unwrap().pop();
            let Some(task) = task else { return };
            future::block_on(task).unwrap();
        }
    }
}

struct World<M: Manage> {
    pool: Pool<M>,
    site: Arc<Site>,
    spawner: Spawner,
    max: u32,
}

impl<M: Manage> Clone for World<M> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            site: self.site.clone(),
            spawner: self.spawner.clone(),
            max: self.max,
        }
    }
}

type Party = Box<dyn FnOnce()>;

/// Time stands still, whatever order there is.
fn still<M: Manage>(builder: Builder<M>, max: u32) -> Builder<M> {
    let order = [Order::Affine, Order::Affine, Order::Lifo, Order::Fifo];
    let order = order.get(below(4)).copied().unwrap_or_default();
    builder
        .max_size(max)
        .clock(ManualClock::new())
        .upkeep(Upkeep::Manual)
        .order(order)
        .wait_timeout(None)
        .leak_threshold(None)
}

fn calls(max: u32, change: impl FnOnce(Builder<Calls>) -> Builder<Calls>) -> World<Calls> {
    let site = Site::new(max, 0);
    let builder = still(Pool::builder(Calls(site.clone())), max);
    World {
        pool: change(builder).build().unwrap(),
        site,
        spawner: Spawner::default(),
        max,
    }
}

fn futures(max: u32, spawned: bool) -> World<Futures> {
    let (site, spawner) = (Site::new(max, 0), Spawner::default());
    let mut builder = still(Pool::builder(Futures(site.clone())), max).check(Check::Never);
    if spawned {
        let spawner = spawner.clone();
        builder = builder.spawner(move |task| spawner.spawn(task));
    }
    World {
        pool: builder.build_async().unwrap(),
        site,
        spawner,
        max,
    }
}

impl<M: Manage<Connection = Conn>> World<M> {
    fn thread(&self, party: impl FnOnce(&Self) + Send + 'static) -> Party {
        let world = self.clone();
        let thread = thread::spawn(move || party(&world));
        Box::new(move || thread.join().unwrap())
    }

    fn task<F: Future<Output = ()> + Send + 'static>(
        &self,
        party: impl FnOnce(Self) -> F,
    ) -> Party {
        let task = future::spawn(party(self.clone()));
        Box::new(move || future::block_on(task).unwrap())
    }

    fn acquire(&self) -> Lease<'_, M> {
        self.pool.acquire().unwrap_or_else(|e| panic!("{e}"))
    }

    /// In line for a while, and then not.
    fn cancel(&self) {
        let mut waiting = Box::pin(self.pool.acquire_owned_async());
        for _ in 0..=below(3) {
            if let Poll::Ready(lease) = poll_once(waiting.as_mut()) {
                lease.unwrap_or_else(|e| panic!("{e}")).use_it();
                break;
            }
            pass_time();
        }
    }

    /// What a thread does.
    fn visit(&self) {
        match below(7) {
            0 => _ = self.acquire().use_it(),
            1 => {
                // It goes from one task to another, so to speak.
                let mut waiting = Box::pin(self.pool.acquire_owned_async());
                let lease = match poll_once(waiting.as_mut()) {
                    Poll::Ready(lease) => lease,
                    Poll::Pending => block_on_future(waiting),
                };
                lease.unwrap_or_else(|e| panic!("{e}")).use_it();
            }
            2 | 3 => self.cancel(),
            4 => match self.pool.try_acquire() {
                Ok(mut lease) => _ = lease.use_it(),
                Err(error) => assert!(matches!(error, AcquireError::Exhausted { .. }), "{error}"),
            },
            5 => {
                let mut lease = self.acquire();
                lease.use_it();
                Lease::discard(lease);
            }
            _ => {
                let mut lease = self.acquire();
                lease.leave();
                drop(Lease::detach(lease));
            }
        }
    }

    /// What a task does.
    async fn visit_async(&self) {
        if below(3) == 0 {
            // A select that has something else to do in the end.
            let mut waiting = Box::pin(self.pool.acquire_async());
            for _ in 0..=below(3) {
                let polled =
                    std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context)));
                if let Poll::Ready(lease) = polled.await {
                    lease.unwrap_or_else(|e| panic!("{e}")).use_it_async().await;
                    return;
                }
                pass_time_async().await;
            }
        } else {
            let lease = self.pool.acquire_async().await;
            lease.unwrap_or_else(|e| panic!("{e}")).use_it_async().await;
        }
    }

    /// What is asked of the pool as a whole.
    fn order(&self) {
        match below(6) {
            0 => self.pool.clear(),
            1 => self
                .pool
                .resize(1 + below(self.max as usize) as u32)
                .unwrap(),
            2 => {
                self.pool.pause();
                pass_time();
                self.pool.resume();
            }
            3 => _ = self.pool.retain(|conn, _| conn.use_it() % 2 == 0),
            4 => _ = self.pool.evict(1 + below(4) as u64),
            _ => _ = self.pool.run_upkeep(),
        }
    }

    /// All that there may be can be had at once, and in the end nothing is left.
    fn end(self) {
        self.spawner.finish();
        self.pool.resize(self.max).unwrap();
        let mut all: Vec<_> = (0..self.max).map(|_| self.owned()).collect();
        let status = self.pool.status();
        assert_eq!(
            (status.in_use, status.total),
            (self.max, self.max),
            "{status:?}"
        );
        assert_eq!((status.waiting, self.site.live()), (0, self.max as usize));
        all.truncate(1);
        let Self {
            pool,
            site,
            spawner,
            ..
        } = self;
        drop(pool);
        drop(all);
        spawner.finish();
        assert_eq!(site.live(), 0, "connections are left");
    }

    fn owned(&self) -> OwnedLease<M> {
        self.pool.acquire_owned().unwrap_or_else(|e| panic!("{e}"))
    }
}

fn all(parties: impl IntoIterator<Item = Party>) {
    parties.into_iter().for_each(|join| join());
}

macro_rules! red {
    ($($name:ident: $test:literal with $fault:literal, $complaint:literal;)*) => {
        $(
            #[test]
            fn $name() {
                must_fail($test, $fault, $complaint);
            }
        )*
    };
}

/// Threads and tasks use a pool; one thread asks for this and that.
fn everybody<M: Manage<Connection = Conn>>(world: World<M>) {
    let visitor = |world: &World<M>| (0..3).for_each(|_| world.visit());
    let parties = [
        world.thread(visitor),
        world.thread(visitor),
        world.task(async |world| {
            for _ in 0..3 {
                world.visit_async().await;
            }
        }),
        world.thread(|world| (0..3).for_each(|_| world.order())),
    ];
    all(parties);
    world.end();
}

#[test]
fn no_slot_is_lost_by_calls() {
    explore(|| {
        let check = [Check::Never, Check::Always][below(2)];
        let max_idle = [None, None, Some(1)][below(3)];
        everybody(calls(1 + below(3) as u32, |builder| {
            builder.check(check).max_idle(max_idle)
        }));
    });
}

#[test]
fn no_slot_is_lost_by_futures() {
    explore(|| everybody(futures(1 + below(2) as u32, true)));
}

#[test]
fn no_slot_is_lost_by_futures_that_nobody_runs() {
    explore(|| everybody(futures(1 + below(2) as u32, false)));
}

#[test]
fn no_slot_is_lost_where_anybody_may_have_it() {
    explore(|| {
        everybody(calls(1 + below(2) as u32, |builder| {
            builder.check(Check::Never).fairness(Fairness::Throughput)
        }));
    });
}

red! {
    red_when_a_place_is_not_given_back: "no_slot_is_lost_by_calls" with "KeepReserved", "deadlock";
    red_when_a_grant_is_swallowed: "no_slot_is_lost_by_calls" with "SwallowGrant", "deadlock";
    red_when_a_waiter_does_not_look_again: "no_slot_is_lost_by_calls" with "SkipRecheck", "deadlock";
    red_when_a_giver_does_not_look_behind: "no_slot_is_lost_by_calls" with "SkipLookBehind", "deadlock";
    red_when_nobody_is_told_of_a_place: "no_slot_is_lost_by_calls" with "VacateSilently", "deadlock";
    red_when_a_task_keeps_its_old_waker: "no_slot_is_lost_by_calls" with "KeepOldWaker", "deadlock";
    red_when_futures_are_left_untold: "no_slot_is_lost_by_futures_that_nobody_runs" with "LeaveUntold", "deadlock";
}

/// Who is in line and not served: whoever begins after that must not be served before.
#[derive(Default)]
struct Arrivals(Mutex<BTreeSet<usize>>);

impl Arrivals {
    fn ahead(&self) -> BTreeSet<usize> {
        self.0.lock().unwrap().clone()
    }

    fn arrived(&self, name: usize) {
        self.0.lock().unwrap().insert(name);
    }

    fn served(&self, name: usize, ahead: &BTreeSet<usize>) {
        let mut arrivals = self.0.lock().unwrap();
        arrivals.remove(&name);
        let passed = arrivals.intersection(ahead).next();
        assert_eq!(passed, None, "{name} overtook another one");
    }
}

/// One connection, so that who has it is served before the next one is.
fn first_come_first_served() {
    let world = calls(1, |builder| builder.check(Check::Never));
    let arrivals = Arc::new(Arrivals::default());
    let visit = async |world: World<Calls>, arrivals: Arc<Arrivals>, name: usize| {
        let ahead = arrivals.ahead();
        let mut acquire = Box::pin(world.pool.acquire_async());
        let mut first = true;
        let lease = std::future::poll_fn(|context| {
            let polled = acquire.as_mut().poll(context);
            if polled.is_pending() && std::mem::take(&mut first) {
                arrivals.arrived(name);
            }
            polled
        });
        let mut lease = lease.await.unwrap_or_else(|e| panic!("{e}"));
        arrivals.served(name, &ahead);
        lease.use_it_async().await;
    };
    let parties = (0..5).map(|name| {
        let arrivals = arrivals.clone();
        if name % 2 == 0 {
            world.thread(move |world| {
                for round in 0..2 {
                    block_on_future(visit(world.clone(), arrivals.clone(), name + 10 * round));
                }
            })
        } else {
            world.task(|world| async move {
                for round in 0..2 {
                    visit(world.clone(), arrivals.clone(), name + 10 * round).await;
                }
            })
        }
    });
    all(parties.collect::<Vec<_>>());
    world.end();
}

#[test]
fn who_comes_first_is_served_first() {
    explore(first_come_first_served);
}

red! {
    red_when_who_comes_takes: "who_comes_first_is_served_first" with "Overtake", "overtook";
    red_when_the_newest_is_served_first: "who_comes_first_is_served_first" with "GrantNewest", "overtook";
}

/// The pool is closed, or the last handle dropped, while it is used. Leases outlive it.
fn closed_while_used<M: Manage<Connection = Conn>>(world: World<M>) {
    let visitor = |world: &World<M>| {
        for _ in 0..2 {
            match world.pool.acquire_owned() {
                Ok(mut lease) => _ = lease.use_it(),
                Err(error) => assert!(matches!(error, AcquireError::Closed), "{error}"),
            }
        }
    };
    let parties = [
        world.thread(visitor),
        world.thread(visitor),
        world.task(async |world| {
            let acquire = world.pool.acquire_owned_async();
            drop(world.pool);
            match acquire.await {
                Ok(mut lease) => lease.use_it_async().await,
                Err(error) => assert!(matches!(error, AcquireError::Closed), "{error}"),
            }
        }),
        world.thread(|world| {
            // Before the others begin, or when they are about.
            (0..below(800)).for_each(|_| thread::yield_now());
            if below(2) == 0 {
                world.pool.close();
            } else {
                let report = world.pool.drain(Duration::MAX);
                assert!(report.is_complete(), "{report:?}");
                assert_eq!(world.pool.status().total, 0);
            }
        }),
    ];
    let World {
        pool,
        site,
        spawner,
        ..
    } = world;
    drop(pool);
    all(parties);
    spawner.finish();
    assert_eq!(site.live(), 0, "connections are left");
}

#[test]
fn a_closed_pool_closes_everything() {
    explore(|| closed_while_used(calls(2, |builder| builder.check(Check::Never))));
}

#[test]
fn a_closed_pool_of_futures_closes_everything() {
    explore(|| closed_while_used(futures(2, below(2) == 0)));
}

red! {
    red_when_a_closed_pool_tells_nobody: "a_closed_pool_closes_everything" with "CloseSilently", "deadlock";
    red_when_a_waiter_does_not_ask_whether_it_is_closed: "a_closed_pool_closes_everything" with "JoinUnasked", "deadlock";
    red_when_who_closes_does_not_look: "a_closed_pool_closes_everything" with "SkipSweep", "deadlock";
    red_when_a_closed_pool_keeps_what_comes_back: "a_closed_pool_closes_everything" with "SkipGate", "deadlock";
    red_when_who_drains_looks_too_early: "a_closed_pool_closes_everything" with "WatchLate", "deadlock";
}

/// Moves the clock until all are done. If nobody gets anywhere in a long time, nobody ever does.
fn while_time_passes(clock: &ManualClock, parties: Vec<Party>) {
    let done = Arc::new(AtomicBool::new(false));
    let mover = {
        let (clock, done) = (clock.clone(), done.clone());
        thread::spawn(move || {
            for _ in 0..3_000 {
                if done.load(Ordering::SeqCst) {
                    return;
                }
                clock.advance(MILLI);
                // A millisecond is a while.
                (0..20).for_each(|_| thread::yield_now());
            }
            panic!("nobody gets anywhere");
        })
    };
    all(parties);
    done.store(true, Ordering::SeqCst);
    mover.join().unwrap();
}

/// A pool whose time passes, and whose other side has its moods. Everything that is about time is on.
fn timed<M: Manage>(builder: Builder<M>, clock: &ManualClock) -> Builder<M> {
    builder
        .max_size(2)
        .min_idle(below(2) as u32)
        .clock(clock.clone())
        .check([Check::Always, Check::IfIdleFor(2 * MILLI)][below(2)])
        .patience(5 * MILLI)
        .wait_timeout(Some(40 * MILLI))
        .idle_timeout(Some(7 * MILLI))
        .max_lifetime(Some(20 * MILLI))
        .keepalive(Some(3 * MILLI))
        .leak_threshold(Some(4 * MILLI))
        .backoff_base(MILLI)
        .backoff_max(4 * MILLI)
        .fail_fast_after(2)
}

fn bad_times<M: Manage<Connection = Conn>>(world: World<M>, clock: &ManualClock) {
    world.site.moody.store(true, Ordering::SeqCst);
    let fits = |error: AcquireError<M::Error>| {
        let foreseen = matches!(
            error,
            AcquireError::TimedOut { .. } | AcquireError::Unavailable { .. }
        );
        assert!(foreseen, "{error}");
    };
    let visitor = move |world: &World<M>| {
        for _ in 0..3 {
            match world.pool.acquire() {
                Ok(mut lease) => _ = lease.use_it(),
                Err(error) => fits(error),
            }
        }
    };
    let parties = vec![
        world.thread(visitor),
        world.thread(visitor),
        world.task(async move |world| {
            for _ in 0..3 {
                match world.pool.acquire_async().await {
                    Ok(mut lease) => lease.use_it_async().await,
                    Err(error) => fits(error),
                }
            }
        }),
        // Whatever it is granted it does not come for.
        world.thread(|world| {
            let mut waiting = Box::pin(world.pool.acquire_owned_async());
            let polled = poll_once(waiting.as_mut());
            (0..40).for_each(|_| thread::yield_now());
            drop((waiting, polled));
        }),
    ];
    while_time_passes(clock, parties);
    world.site.moody.store(false, Ordering::SeqCst);
    world.site.failures.store(0, Ordering::SeqCst);
    let last = world.thread(move |world| {
        let mut all = Vec::new();
        for _ in 0..200 {
            match world.pool.acquire_owned() {
                Ok(lease) => all.push(lease),
                Err(error) => fits(error),
            }
            if all.len() == 2 {
                return;
            }
            thread::yield_now();
        }
        panic!("a slot is lost");
    });
    while_time_passes(clock, vec![last]);
    let World {
        pool,
        site,
        spawner,
        ..
    } = world;
    drop(pool);
    spawner.finish();
    assert_eq!(site.live(), 0, "connections are left");
}

#[test]
fn no_slot_is_lost_in_bad_times() {
    explore(|| {
        let (site, clock) = (Site::new(2, 4), ManualClock::new());
        let pool = timed(Pool::builder(Calls(site.clone())), &clock);
        let world = World {
            pool: pool.build().unwrap(),
            site,
            spawner: Spawner::default(),
            max: 2,
        };
        bad_times(world, &clock);
    });
}

#[test]
fn no_slot_is_lost_in_bad_times_by_futures() {
    explore(|| {
        let (site, clock) = (Site::new(2, 4), ManualClock::new());
        let spawner = Spawner::default();
        let spawn = spawner.clone();
        let pool = timed(Pool::builder(Futures(site.clone())), &clock);
        let pool = pool.spawner(move |task| spawn.spawn(task));
        let world = World {
            pool: pool.build_async().unwrap(),
            site,
            spawner,
            max: 2,
        };
        bad_times(world, &clock);
    });
}

/// The first in line is not polled any more, and has all the time in the world. What it is granted goes to the next, in time.
fn somebody_sleeps() {
    let clock = ManualClock::new();
    let world = calls(1, |builder| {
        builder
            .clock(clock.clone())
            .upkeep(Upkeep::Automatic)
            .idle_timeout(None)
            .max_lifetime(None)
            .patience(5 * MILLI)
            .check(Check::Never)
    });
    let mut lease = world.acquire();
    let mut sleeper = Box::pin(world.pool.acquire_owned_async());
    assert!(poll_once(sleeper.as_mut()).is_pending());
    let next = world.thread(|world| _ = world.acquire().use_it());
    lease.use_it();
    drop(lease);
    while_time_passes(&clock, vec![next]);
    let woken = thread::spawn(move || {
        let lease = block_on_future(sleeper);
        lease.unwrap_or_else(|e| panic!("{e}")).use_it();
    });
    woken.join().unwrap();
    world.end();
}

#[test]
fn what_is_not_fetched_goes_on() {
    explore(somebody_sleeps);
}

red! {
    red_when_a_grant_stays_unfetched: "what_is_not_fetched_goes_on" with "KeepUnpolledTurn", "nobody gets anywhere";
}
