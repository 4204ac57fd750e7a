//! What the model checkers and reviewers found in the pool, without them.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::io::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::clock::{Clock, ManualClock, Tick, Timers};
use tenfold::pool::{self, BoxFuture, Check, Connect, Manage, Pool, Upkeep};

/// Checks are counted, and fail from the tenth on: the test ends also if there is no end of them.
struct Checked(AtomicU64);

impl Manage for Checked {
    type Connection = ();
    type Error = Error;
}

impl Connect for Checked {
    fn connect(&self) -> Result<(), Error> {
        Ok(())
    }

    fn check(&self, (): &mut ()) -> Result<(), Error> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0..10 => Ok(()),
            _ => Err(Error::other("it is checked again and again")),
        }
    }
}

/// Where the caller runs the check, a good connection was checked anew for ever.
#[test]
fn a_connection_that_is_always_checked_is_checked_once() {
    let pool = Pool::builder(Checked(AtomicU64::new(0)))
        .clock(ManualClock::new())
        .check(Check::Always)
        .build()
        .unwrap();
    drop(pool.acquire().unwrap());
    drop(pool.acquire().unwrap());
    assert_eq!(pool.manager().0.load(Ordering::SeqCst), 1);
}

/// While one was being closed for a smaller pool, so was everything else that came back.
#[test]
fn a_pool_that_shrinks_by_one_closes_one() {
    struct Slow;
    impl Manage for Slow {
        type Connection = ();
        type Error = Error;
    }
    impl pool::AsyncConnect for Slow {
        async fn connect(&self) -> Result<(), Error> {
            Ok(())
        }
        async fn close(&self, (): ()) {
            std::future::pending::<()>().await;
        }
    }
    let tasks: Arc<Mutex<Vec<BoxFuture>>> = Arc::default();
    let spawned = tasks.clone();
    let run = move || {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut all = std::mem::take(&mut *tasks.lock().unwrap());
        all.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        tasks.lock().unwrap().append(&mut all);
    };
    let pool = Pool::builder(Slow)
        .clock(ManualClock::new())
        .upkeep(Upkeep::Manual)
        .max_size(3)
        .spawner(move |task| spawned.lock().unwrap().push(task))
        .build_async()
        .unwrap();
    let warm = pool.warm_up_async(3, Duration::MAX);
    (0..9).for_each(|_| run());
    drop(warm);
    let leases = [(); 3].map(|()| pool.try_acquire().unwrap());
    pool.resize(2).unwrap();
    drop(leases);
    let status = pool.status();
    assert_eq!((status.idle, status.closing), (2, 1), "{status:?}");
}

/// A connection that became idle between the count and the look was taken from a count of none.
#[test]
fn the_upkeep_counts_what_comes_back_meanwhile() {
    let clock = ManualClock::new();
    let (theirs, armed) = (clock.clone(), Arc::new(AtomicBool::new(false)));
    let late = armed.clone();
    let lease = Arc::new(Mutex::new(None));
    let kept = lease.clone();
    let pool = Pool::builder(pool::from_fn(|| Ok::<_, Error>(())))
        .clock(clock.clone())
        .upkeep(Upkeep::Manual)
        .max_size(2)
        .max_lifetime(Some(Duration::from_secs(1)))
        .lifetime_jitter(0.0)
        .idle_timeout(None)
        .on_close(move |_, _| {
            // The clock steps back, so that what comes back now is not yet too old.
            if late.swap(false, Ordering::SeqCst) {
                theirs.set(Tick::ZERO);
                drop(kept.lock().unwrap().take());
            }
        })
        .build()
        .unwrap();
    let first = pool.acquire_owned().unwrap();
    let second = pool.acquire_owned().unwrap();
    *lease.lock().unwrap() = Some(first);
    drop(second);
    clock.advance(Duration::from_secs(2));
    armed.store(true, Ordering::SeqCst);
    pool.run_upkeep();
    assert_eq!(pool.status().total, 0);
}

type Tasks = Arc<Mutex<Vec<BoxFuture>>>;

/// Polls each of them once.
fn run(tasks: &Tasks) {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut all = std::mem::take(&mut *tasks.lock().unwrap());
    all.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
    tasks.lock().unwrap().append(&mut all);
}

/// As [`run`], until nothing comes of it any more.
fn run_all(tasks: &Tasks) {
    (0..9).for_each(|_| run(tasks));
}

/// A clock that calls somebody whenever it is read, but not from within that call.
#[derive(Clone, Default)]
struct Nosy {
    clock: ManualClock,
    told: Arc<Mutex<Option<Told>>>,
}

type Told = Box<dyn FnMut() + Send>;

impl std::fmt::Debug for Nosy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nosy")
    }
}

impl Clock for Nosy {
    fn now(&self) -> Tick {
        // Taken out: it may read the clock.
        let told = self.told.lock().unwrap().take();
        if let Some(mut told) = told {
            told();
            *self.told.lock().unwrap() = Some(told);
        }
        self.clock.now()
    }

    fn timers(&self) -> &Timers {
        self.clock.timers()
    }
}

/// Makes connections, each checked before it is lent, in futures.
struct Prompt;

impl Manage for Prompt {
    type Connection = ();
    type Error = Error;
}

impl pool::AsyncConnect for Prompt {
    async fn connect(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// While a connection that was just made or checked was handed over, it was not counted as one that comes, and another one was made.
#[test]
fn what_is_being_handed_over_is_still_coming() {
    for checks in [false, true] {
        let (clock, tasks) = (Nosy::default(), Tasks::default());
        let spawned = tasks.clone();
        let pool = Pool::builder(Prompt)
            .clock(clock.clone())
            .upkeep(Upkeep::Manual)
            .check(Check::Always)
            .max_size(2)
            .spawner(move |task| spawned.lock().unwrap().push(task))
            .build_async()
            .unwrap();
        if checks {
            pool.attach(()).unwrap();
            clock.clock.advance(Duration::from_secs(1));
        }
        let mut waiting = Box::pin(pool.acquire_owned_async());
        let mut poll = move || {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            waiting.as_mut().poll(&mut context)
        };
        assert!(poll().is_pending());
        // It looks around meanwhile, as any other caller might.
        let lease = Arc::new(Mutex::new(None));
        let got = lease.clone();
        *clock.told.lock().unwrap() = Some(Box::new(move || {
            let mut got = got.lock().unwrap();
            if got.is_none()
                && let std::task::Poll::Ready(lease) = poll()
            {
                *got = Some(lease.unwrap());
            }
        }));
        run_all(&tasks);
        *clock.told.lock().unwrap() = None;
        let status = pool.status();
        let (served, left) = (lease.lock().unwrap().is_some(), tasks.lock().unwrap().len());
        assert!(served, "{status:?}");
        assert_eq!((status.total, left), (1, 0), "{status:?}");
    }
}

/// Connects or checks that hang, by their numbers; all others end at once.
struct Stuck {
    connects: AtomicU64,
    connect: u64,
    checks: AtomicU64,
    check: u64,
}

impl Stuck {
    fn new(connect: u64, check: u64) -> Self {
        Self {
            connects: AtomicU64::new(0),
            connect,
            checks: AtomicU64::new(0),
            check,
        }
    }

    async fn call(count: &AtomicU64, hangs: u64) -> Result<(), Error> {
        let mut begun = false;
        std::future::poll_fn(|_| {
            // Until it is polled again.
            if std::mem::replace(&mut begun, true) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        if count.fetch_add(1, Ordering::SeqCst) + 1 == hangs {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Manage for Stuck {
    type Connection = ();
    type Error = Error;
}

impl pool::AsyncConnect for Stuck {
    async fn connect(&self) -> Result<(), Error> {
        Self::call(&self.connects, self.connect).await
    }

    async fn check(&self, (): &mut ()) -> Result<(), Error> {
        Self::call(&self.checks, self.check).await
    }
}

/// A pool in simulated time, whose futures are run by hand.
fn stuck(manager: Stuck) -> (Pool<Stuck>, ManualClock, Tasks) {
    let (clock, tasks) = (ManualClock::new(), Tasks::default());
    let spawned = tasks.clone();
    let pool = Pool::builder(manager)
        .clock(clock.clone())
        .max_size(4)
        .spawner(move |task| spawned.lock().unwrap().push(task))
        .build_async()
        .unwrap();
    (pool, clock, tasks)
}

fn poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}

/// As long as a connect hung, none was made beside it in a pool whose connections come back, however long the line.
#[test]
fn a_connect_that_hangs_is_not_waited_for_by_those_who_could_be_served() {
    let (pool, clock, tasks) = stuck(Stuck::new(2, 0));
    let mut first = pool.acquire_owned_async();
    assert!(poll(&mut first).is_pending());
    run(&tasks);
    clock.advance(Duration::from_millis(20));
    run(&tasks);
    let std::task::Poll::Ready(Ok(mut lease)) = poll(&mut first) else {
        panic!("it was made")
    };
    assert_eq!(clock.now(), Tick::from_nanos(20_000_000));
    // Three take turns, for a millisecond each.
    let mut line: std::collections::VecDeque<_> =
        (0..3).map(|_| pool.acquire_owned_async()).collect();
    for passed in 0..150 {
        if line.iter_mut().any(|waiting| poll(waiting).is_ready()) {
            return;
        }
        assert_eq!(pool.status().connecting > 1, passed >= 100);
        run(&tasks);
        drop(lease);
        let mut next = line.pop_front().unwrap();
        let std::task::Poll::Ready(Ok(got)) = poll(&mut next) else {
            panic!("it came back")
        };
        lease = got;
        line.push_back(pool.acquire_owned_async());
        clock.advance(Duration::from_millis(1));
    }
    panic!("none is made: {:?}", pool.status());
}

/// Nor was one made for the only caller, whose connect hung in a pool that had made others in no time.
#[test]
fn a_caller_whose_connect_hangs_has_another_one_made() {
    for known in [true, false] {
        let (pool, clock, tasks) = stuck(Stuck::new(1 + u64::from(known), 0));
        let mut held = pool.acquire_owned_async();
        let mut waiting = pool.acquire_owned_async();
        let _held = known.then(|| {
            assert!(poll(&mut held).is_pending());
            run_all(&tasks);
            let std::task::Poll::Ready(Ok(held)) = poll(&mut held) else {
                panic!("it was made")
            };
            held
        });
        assert!(poll(&mut waiting).is_pending());
        run_all(&tasks);
        let late = Duration::from_millis(if known { 100 } else { 1_000 });
        clock.advance(late - Duration::from_nanos(1));
        run_all(&tasks);
        assert!(poll(&mut waiting).is_pending());
        let begun = pool.status().connecting;
        assert_eq!(begun, 1, "it is not late yet");
        clock.advance(Duration::from_nanos(1));
        run_all(&tasks);
        assert!(poll(&mut waiting).is_ready(), "{:?}", pool.status());
    }
}

/// What is late is replaced once, and no more.
#[test]
fn one_caller_has_two_connections_made_at_most() {
    struct Gone;
    impl Manage for Gone {
        type Connection = ();
        type Error = Error;
    }
    impl pool::AsyncConnect for Gone {
        async fn connect(&self) -> Result<(), Error> {
            std::future::pending().await
        }
    }
    let (clock, tasks) = (ManualClock::new(), Tasks::default());
    let spawned = tasks.clone();
    let pool = Pool::builder(Gone)
        .clock(clock.clone())
        .max_size(9)
        .max_connecting(9)
        .spawner(move |task| spawned.lock().unwrap().push(task))
        .build_async()
        .unwrap();
    let mut waiting = pool.acquire_owned_async();
    assert!(poll(&mut waiting).is_pending());
    for _ in 0..9 {
        clock.advance(Duration::from_secs(1));
        run(&tasks);
        assert!(poll(&mut waiting).is_pending());
    }
    assert_eq!(pool.status().connecting, 2);
}

/// The same of a check.
#[test]
fn a_caller_whose_check_hangs_has_a_connection_made() {
    let (pool, clock, tasks) = stuck(Stuck::new(0, 1));
    let mut first = pool.acquire_owned_async();
    assert!(poll(&mut first).is_pending());
    run_all(&tasks);
    drop(poll(&mut first));
    clock.advance(Duration::from_secs(1));
    let mut waiting = pool.acquire_owned_async();
    assert!(poll(&mut waiting).is_pending());
    run_all(&tasks);
    assert_eq!(pool.status().checking, 1);
    clock.advance(Duration::from_millis(100));
    run_all(&tasks);
    assert!(poll(&mut waiting).is_ready(), "{:?}", pool.status());
}

/// And so it is by a clock that steps back, which had it wait until that time comes again.
#[test]
fn what_hangs_while_the_clock_steps_back_is_late_from_then_on() {
    let (pool, clock, tasks) = stuck(Stuck::new(1, 0));
    clock.advance(Duration::from_secs(3_600));
    let mut waiting = pool.acquire_owned_async();
    assert!(poll(&mut waiting).is_pending());
    run_all(&tasks);
    clock.set(Tick::ZERO);
    assert!(poll(&mut waiting).is_pending());
    clock.advance(Duration::from_secs(1));
    run_all(&tasks);
    assert!(poll(&mut waiting).is_ready(), "{:?}", pool.status());
}
