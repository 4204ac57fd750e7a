//! A bucket as a whole in many random schedules: threads and tasks wait, leave and don't wait, while its quota changes and time
//! passes. Who waits for ever is found by the checker: it calls it a deadlock.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use shuttle::{future, thread};
use tenfold::__kernel::Arc;
use tenfold::clock::{Clock, ManualClock, Tick};
use tenfold::limit::{Error, Keep, Quota, TokenBucket};

use crate::explore;
use crate::red::must_fail;

const NANO: Duration = Duration::from_nanos(1);
/// A token every so many nanoseconds, by either quota.
const INTERVAL: u32 = 10;

/// Long after all that anybody waits for.
const LATE: Tick = Tick::from_nanos(10_000);

struct World {
    bucket: TokenBucket<ManualClock>,
    clock: ManualClock,
    taken: AtomicU64,
    busy: AtomicUsize,
}

impl World {
    fn took(&self, outcome: Result<(), Error>) {
        if outcome.is_ok() {
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Lets time pass until everybody is done.
    fn run(&self) {
        while self.busy.load(Ordering::SeqCst) > 0 {
            self.clock.advance(INTERVAL / 2 * NANO);
            assert!(self.clock.now() < LATE, "somebody waits for ever");
            thread::yield_now();
        }
    }
}

fn quota(burst: u64) -> Quota {
    Quota::new(1, INTERVAL * NANO, burst).unwrap()
}

fn threads_and_tasks_wait_while_the_quota_changes() {
    let clock = ManualClock::new();
    let bucket = TokenBucket::builder(quota(1))
        .patience(30 * NANO)
        .clock(clock.clone())
        .build();
    let world = Arc::new(World {
        bucket,
        clock,
        taken: AtomicU64::new(0),
        busy: AtomicUsize::new(5),
    });
    let done = |world: &World| world.busy.fetch_sub(1, Ordering::SeqCst);
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let world = world.clone();
            thread::spawn(move || {
                let outcome = world.bucket.acquire();
                assert_eq!(outcome, Ok(()));
                world.took(outcome);
                world.took(world.bucket.acquire_timeout(1, 20 * INTERVAL * NANO));
                done(&world);
            })
        })
        .collect();
    let task = {
        let world = world.clone();
        future::spawn(async move {
            let outcome = world.bucket.acquire_async(1).await;
            assert_eq!(outcome, Ok(()));
            world.took(outcome);
            done(&world);
        })
    };
    let leaving = {
        let world = world.clone();
        thread::spawn(move || {
            let mut future = pin!(world.bucket.acquire_async(1));
            let mut context = Context::from_waker(Waker::noop());
            if let std::task::Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
                world.took(outcome);
            }
            done(&world);
            // And leaves, whether it has the turn or not.
        })
    };
    let changing = {
        let world = world.clone();
        thread::spawn(move || {
            world.bucket.set_quota(quota(2), Keep::Tokens);
            if world.bucket.try_acquire() {
                world.took(Ok(()));
            }
            world.bucket.set_quota(quota(1), Keep::Proportion);
            done(&world);
        })
    };
    world.run();
    for thread in threads.into_iter().chain([leaving, changing]) {
        thread.join().unwrap();
    }
    future::block_on(task).unwrap();
    assert_eq!(world.bucket.stats().waiting, 0);
    // The larger burst, and what came since.
    let most = 2 + world.clock.now().since(Tick::ZERO).as_nanos() as u64 / u64::from(INTERVAL);
    let taken = world.taken.load(Ordering::SeqCst);
    assert!(taken <= most, "{taken} tokens where there were {most}");
}

#[test]
fn a_bucket_serves_everybody_and_nobody_too_early() {
    explore(threads_and_tasks_wait_while_the_quota_changes);
}

#[test]
fn red_if_who_leaves_keeps_the_turn() {
    let test = "limiting::schedules::a_bucket_serves_everybody_and_nobody_too_early";
    must_fail(test, "SwallowGrant", "somebody waits for ever");
}
