//! What the model checkers found in the pool, without them.

use std::io::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::clock::ManualClock;
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
