//! Threads and tasks of all kinds on one pool, by real time: for the sanitizers, and for whatever a model is too small for.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenfold::pool::{self, AcquireError, Check, Connect, Fairness, Lease, Manage, Order, Pool};
use tenfold::rng::Rng;

/// Counts what there is.
#[derive(Default)]
struct Ledger {
    live: AtomicU32,
    most: AtomicU32,
    made: AtomicU64,
}

struct Connection {
    ledger: Arc<Ledger>,
    held: AtomicBool,
    /// Not atomic: a second owner is a race.
    uses: u64,
    broken: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.ledger.live.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Manager(Arc<Ledger>);

impl Manage for Manager {
    type Connection = Connection;
    type Error = String;

    fn is_broken(&self, connection: &mut Connection) -> bool {
        connection.broken
    }
}

impl Connect for Manager {
    fn connect(&self) -> Result<Connection, String> {
        let ledger = &self.0;
        let live = ledger.live.fetch_add(1, Ordering::SeqCst) + 1;
        ledger.most.fetch_max(live, Ordering::SeqCst);
        let number = ledger.made.fetch_add(1, Ordering::SeqCst);
        let connection = Connection {
            ledger: ledger.clone(),
            held: AtomicBool::new(false),
            uses: 0,
            broken: false,
        };
        if number % 17 == 16 {
            return Err("the seventeenth fails".to_owned());
        }
        Ok(connection)
    }
}

/// Uses a connection as its only owner.
fn uses(connection: &mut Connection, rng: &mut Rng) {
    assert!(!connection.held.swap(true, Ordering::SeqCst), "two owners");
    connection.uses += 1;
    if rng.next_u64() % 8 == 0 {
        std::thread::yield_now();
    }
    connection.broken = rng.next_u64() % 200 == 0;
    assert!(connection.held.swap(false, Ordering::SeqCst));
}

struct Unparks(std::thread::Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future to its end, or drops it after so many polls.
fn drive<F: Future>(future: F, polls: Option<u64>) -> Option<F::Output> {
    let waker = Waker::from(Arc::new(Unparks(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut polled = 0;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        polled += 1;
        if polls.is_some_and(|most| polled >= most) {
            return None;
        }
        std::thread::park();
    }
}

fn one_call(pool: &Pool<Manager>, rng: &mut Rng) {
    let used = |lease: Result<Lease<'_, Manager>, AcquireError<String>>, rng: &mut Rng| match lease
    {
        Ok(mut lease) => {
            uses(&mut lease, rng);
            match rng.next_u64() % 100 {
                0 => Lease::discard(lease),
                _ => drop(lease),
            }
        }
        Err(AcquireError::Closed) => unreachable!("nobody closes it"),
        Err(_) => {}
    };
    match rng.next_u64() % 8 {
        0 => used(pool.try_acquire(), rng),
        1 => used(pool.acquire_timeout(Duration::from_micros(50)), rng),
        2 => {
            let polls = Some(1 + rng.next_u64() % 2);
            if let Some(lease) = drive(pool.acquire_async(), polls) {
                used(lease, rng);
            }
        }
        3 => used(drive(pool.acquire_async(), None).unwrap(), rng),
        4 => {
            if let Ok(mut lease) = pool.acquire_owned() {
                uses(&mut lease, rng);
            }
        }
        _ => used(pool.acquire(), rng),
    }
}

fn stress(fairness: Fairness, order: Order) {
    let ledger = Arc::new(Ledger::default());
    let pool = Pool::builder(Manager(ledger.clone()))
        .max_size(4)
        .fairness(fairness)
        .order(order)
        .backoff_base(Duration::from_millis(1))
        .build()
        .unwrap();
    let rounds = if cfg!(debug_assertions) {
        3_000
    } else {
        20_000
    };
    std::thread::scope(|scope| {
        for seed in 0..6 {
            let pool = &pool;
            scope.spawn(move || {
                let mut rng = Rng::seeded(seed);
                for round in 0..rounds {
                    one_call(pool, &mut rng);
                    if seed == 0 && round % 100 == 99 {
                        pool.clear();
                    }
                    if seed == 1 && round % 100 == 99 {
                        pool.retain(|_, info| info.id % 3 != 0);
                    }
                }
            });
        }
    });
    // None is lost: as many as may be are there at once.
    let all: Vec<_> = (0..4).map(|_| pool.acquire().unwrap()).collect();
    assert_eq!(pool.status().in_use, 4);
    drop(all);
    assert!(ledger.most.load(Ordering::SeqCst) <= 4);
    assert!(pool.drain(Duration::from_secs(60)).is_complete());
    drop(pool);
    assert_eq!(ledger.live.load(Ordering::SeqCst), 0, "all are closed");
}

#[test]
fn nothing_is_lost_in_turns() {
    stress(Fairness::Fifo, Order::Affine);
}

#[test]
fn nothing_is_lost_where_newcomers_pass() {
    stress(Fairness::Throughput, Order::Affine);
}

#[test]
fn nothing_is_lost_in_an_order() {
    stress(Fairness::Fifo, Order::Lifo);
    stress(Fairness::Throughput, Order::Fifo);
}

/// Whoever comes while a check is ending leaves the connection idle that it has found, and waits for the one that was checked: that may be
/// gone.
#[test]
fn who_waits_for_a_check_is_not_forgotten() {
    for fairness in [Fairness::Fifo, Fairness::Throughput] {
        for _ in 0..20 {
            let pool = Pool::builder(pool::from_fn(|| Ok::<_, String>(0_u64)))
                .max_size(4)
                .check(Check::Always)
                .fairness(fairness)
                .build()
                .unwrap();
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for _ in 0..100 {
                            // Far longer than it takes, and no longer than a failure should.
                            *pool.acquire_timeout(Duration::from_secs(20)).unwrap() += 1;
                        }
                    });
                }
            });
            assert_eq!(pool.status().in_use, 0);
        }
    }
}
