//! A hundred threads and a hundred tasks want one key that nobody has yet: each by itself, as it is mostly written, and with a load
//! that they share. Then a writer changes the key while it is being loaded.
//!
//! `cargo run --release --example stampede`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tenfold::cache::MemoryCache;
use tokio::runtime::{Builder, Runtime};

const THREADS: u64 = 100;
const TASKS: u64 = 100;
const KEY: &str = "price of tea";

type Prices = MemoryCache<String, u64>;

/// A slow database, which counts what it is asked. It is so slow that everybody has asked the cache before it answers.
#[derive(Default)]
struct Database {
    queries: AtomicU64,
}

impl Database {
    const POLL: Duration = Duration::from_millis(1);

    fn query(&self, prices: &Prices, callers: u64) -> u64 {
        self.queries.fetch_add(1, Ordering::Relaxed);
        while prices.stats().misses < callers {
            thread::sleep(Self::POLL);
        }
        3
    }

    async fn query_async(&self, prices: &Prices, callers: u64) -> u64 {
        self.queries.fetch_add(1, Ordering::Relaxed);
        while prices.stats().misses < callers {
            tokio::time::sleep(Self::POLL).await;
        }
        3
    }

    fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    each_by_itself()?;
    together(&runtime)?;
    changed_meanwhile()
}

/// Look, ask the database, store: between the first and the last everybody else does the same.
fn each_by_itself() -> Result<(), Box<dyn Error>> {
    let (prices, database) = (prices()?, Database::default());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                prices.get(KEY).unwrap_or_else(|| {
                    let price = database.query(&prices, THREADS);
                    prices.insert(KEY.to_owned(), price);
                    price
                })
            });
        }
    });
    println!(
        "{THREADS} threads, each by itself: {} queries",
        database.queries()
    );
    assert_eq!(database.queries(), THREADS);
    Ok(())
}

/// The same, with a loader: whoever comes first loads, and all others wait for it, threads and tasks alike.
fn together(runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let (prices, database) = (prices()?, Arc::new(Database::default()));
    let callers = THREADS + TASKS;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (prices, database) = (prices.clone(), database.clone());
            runtime.spawn(async move {
                let load = database.query_async(&prices, callers);
                prices.get_or_load_async(KEY, load).await
            })
        })
        .collect();
    let mut answers: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| prices.get_or_load(KEY, |_| database.query(&prices, callers))))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    for task in tasks {
        answers.push(runtime.block_on(task)?);
    }
    println!(
        "{THREADS} threads and {TASKS} tasks, together: {} query",
        database.queries()
    );
    let stats = prices.stats();
    println!(
        "  misses {}, loads {}, entries {}",
        stats.misses, stats.loads, stats.entries
    );
    assert_eq!(database.queries(), 1);
    assert_eq!(answers.len() as u64, callers);
    assert!(answers.into_iter().all(|answer| answer == 3));
    assert_eq!((stats.misses, stats.loads, stats.entries), (callers, 1, 1));
    Ok(())
}

/// A load that began before a change is not stored: or the cache would have the old price until it expires.
fn changed_meanwhile() -> Result<(), Box<dyn Error>> {
    let prices = prices()?;
    let price = prices.get_or_load(KEY, |_| {
        let read = 3;
        // Another one raises the price, and says so.
        prices.invalidate(KEY);
        read
    });
    println!(
        "a load during which the price changed: its caller got {price}, and the cache has {:?}",
        prices.get(KEY)
    );
    assert_eq!((price, prices.get(KEY)), (3, None));
    assert_eq!(prices.get_or_load(KEY, |_| 4), 4);
    Ok(())
}

fn prices() -> Result<Prices, tenfold::cache::Error> {
    MemoryCache::builder()
        .capacity(1_000)
        // A machine with other work may leave the leader's task alone for longer than the usual tenth of a second.
        .load_patience(Duration::from_secs(60))
        .build()
}
