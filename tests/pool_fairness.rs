//! How long callers wait, in simulated time: nobody is served late, and a burst leaves hardly more connections than there were.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::clock::Clock;
use tenfold::pool::{self, BoxFuture, Fairness, Pool};

#[path = "support/simulation.rs"]
mod simulation;

use simulation::World;

type Spawned = Arc<Mutex<Vec<BoxFuture>>>;

/// A pool of connections that take `connect` to make, run by the world.
macro_rules! pool_in {
    ($world:expr, $spawned:expr, $connect:expr) => {{
        let (world, spawned): (World, Spawned) = ($world.clone(), $spawned.clone());
        let clock = world.clock.clone();
        let connect: Duration = $connect;
        Pool::builder(pool::from_async_fn(move || {
            let world = world.clone();
            async move {
                world.sleep(connect).await;
                Ok::<_, std::io::Error>(())
            }
        }))
        .clock(clock)
        .spawner(move |task| spawned.lock().unwrap().push(task))
    }};
}

/// Waits in nanoseconds, in order, of 1000 tasks that use 50 connections for 1.5 ms, 40 times each; without the rounds before `first`.
fn waits(fairness: Fairness, first: u32) -> Vec<u64> {
    let (world, spawned) = (World::default(), Spawned::default());
    let pool = pool_in!(world, spawned, Duration::from_millis(1))
        .max_size(50)
        .max_connecting(50)
        .fairness(fairness)
        .build_async()
        .unwrap();
    let waits = Rc::new(RefCell::new(Vec::new()));
    let tasks = (0..1000).map(|_| {
        let (world, pool, waits) = (world.clone(), pool.clone(), waits.clone());
        let task = async move {
            for round in 0..40 {
                let began = world.clock.now();
                let lease = pool.acquire_async().await.unwrap();
                if round >= first {
                    let waited = world.clock.now().since(began);
                    waits.borrow_mut().push(waited.as_nanos() as u64);
                }
                world.sleep(Duration::from_micros(1500)).await;
                drop(lease);
            }
        };
        Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>
    });
    world.run(tasks, &spawned);
    assert_eq!(pool.status().total, 50);
    let mut waits = waits.take();
    waits.sort_unstable();
    waits
}

fn quantile(waits: &[u64], q: f64) -> f64 {
    waits[((waits.len() - 1) as f64 * q) as usize] as f64
}

#[test]
fn with_twenty_times_as_many_tasks_nobody_waits_much_longer_than_the_median() {
    // The first rounds begin all at once, with no connection.
    let waits = waits(Fairness::Fifo, 2);
    let median = quantile(&waits, 0.5);
    let ratio = |q| quantile(&waits, q) / median;
    println!(
        "p99 {:.3}, p99.99 {:.3} times the median",
        ratio(0.99),
        ratio(0.9999)
    );
    assert!(median > 20e6, "19 others are in front: {median}");
    assert!(quantile(&waits, 0.99) <= 1.15 * median, "{median}");
    assert!(quantile(&waits, 0.9999) <= 2.0 * median, "{median}");
}

/// That the bounds above mean something: who lets newcomers pass does not keep them.
#[test]
fn where_newcomers_may_pass_some_wait_much_longer() {
    let waits = waits(Fairness::Throughput, 0);
    assert!(quantile(&waits, 0.9999) > 2.0 * quantile(&waits, 0.5));
}

#[test]
fn a_spike_leaves_one_connection_more() {
    let (world, spawned) = (World::default(), Spawned::default());
    let pool = pool_in!(world, spawned, Duration::from_millis(150))
        .max_size(50)
        .min_idle(5)
        .build_async()
        .unwrap();
    let warm = {
        let (world, pool) = (world.clone(), pool.clone());
        Box::pin(async move {
            assert!(pool.warm_up_async(5, Duration::from_secs(10)).await);
            world.sleep(Duration::from_secs(2)).await;
        }) as Pin<Box<dyn Future<Output = ()>>>
    };
    world.run([warm], &spawned);
    assert_eq!(pool.status().total, 5);
    let began = world.clock.now();
    let last = Rc::new(RefCell::new(began));
    let tasks = (0..50).map(|_| {
        let (world, pool, last) = (world.clone(), pool.clone(), last.clone());
        Box::pin(async move {
            let lease = pool.acquire_async().await.unwrap();
            world.sleep(Duration::from_millis(2)).await;
            drop(lease);
            *last.borrow_mut() = world.clock.now();
        }) as Pin<Box<dyn Future<Output = ()>>>
    });
    world.run(tasks, &spawned);
    assert_eq!(last.borrow().since(began), Duration::from_millis(20));
    let later = {
        let world = world.clone();
        Box::pin(async move { world.sleep(Duration::from_secs(5)).await })
            as Pin<Box<dyn Future<Output = ()>>>
    };
    world.run([later], &spawned);
    assert!(pool.status().total <= 6, "{:?}", pool.status());
}

#[test]
fn a_pool_that_is_cold_is_filled_as_fast_as_it_may_be() {
    let (world, spawned) = (World::default(), Spawned::default());
    let pool = pool_in!(world, spawned, Duration::from_millis(100))
        .max_size(50)
        .max_connecting(8)
        .build_async()
        .unwrap();
    let all = Rc::new(Cell::new(0));
    let tasks = (0..50).map(|_| {
        let (world, pool, all) = (world.clone(), pool.clone(), all.clone());
        Box::pin(async move {
            let lease = pool.acquire_async().await.unwrap();
            all.set(all.get() + 1);
            while all.get() < 50 {
                world.sleep(Duration::from_millis(1)).await;
            }
            drop(lease);
        }) as Pin<Box<dyn Future<Output = ()>>>
    });
    world.run(tasks, &spawned);
    let took = world.clock.now().as_nanos();
    assert!(took <= 750_000_000, "{took}");
}
