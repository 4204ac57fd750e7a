//! What the model checkers found in the pool, without them.

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
                theirs.set(tenfold::clock::Tick::ZERO);
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
        (0..9).for_each(|_| run(&tasks));
        *clock.told.lock().unwrap() = None;
        let status = pool.status();
        assert!(lease.lock().unwrap().is_some(), "{status:?}");
        assert_eq!(
            (status.total, tasks.lock().unwrap().len()),
            (1, 0),
            "{status:?}"
        );
    }
}
