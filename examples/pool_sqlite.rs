//! SQLite in WAL mode behind a pool: readers beside a writer, a transaction that is forgotten, and an error that says who has all connections.
//!
//! `cargo run --release --features sqlite --example pool_sqlite`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::thread;
use std::time::Duration;

use rusqlite::TransactionBehavior;
use tenfold::adapt::sqlite::SqliteManager;
use tenfold::pool::{AcquireError, Pool};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Database = Pool<SqliteManager>;

const PRAGMAS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON";
const READERS: usize = 4;
const ORDERS: u32 = 200;

fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let manager = SqliteManager::file(directory.path().join("shop.db"))
        .with_init(|connection| connection.execute_batch(PRAGMAS));
    let pool = Pool::builder(manager)
        .max_size(4)
        .wait_timeout(Some(Duration::from_secs(10)))
        .build()?;
    pool.acquire()?
        .execute_batch("CREATE TABLE orders (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL)")?;

    readers_beside_a_writer(&pool)?;
    a_transaction_is_forgotten(&pool)?;
    all_connections_are_out(&pool)
}

/// Each reader takes a connection for one query, and gives it back. None ever sees half of an order.
fn readers_beside_a_writer(pool: &Database) -> Result<(), Failure> {
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(pool));
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(|| read(pool))).collect();
        let mut reads = 0;
        for reader in readers {
            reads += reader.join().map_err(|_| "a reader panicked")??;
        }
        writer.join().map_err(|_| "the writer panicked")??;
        println!(
            "{ORDERS} orders were written beside {reads} reads: {}",
            pool.status()
        );
        Ok(())
    })
}

fn write(pool: &Database) -> Result<(), Failure> {
    for _ in 0..ORDERS {
        let mut connection = pool.acquire()?;
        // Not deferred: what begins by reading can't wait for its turn when it comes to write.
        let order = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        order.execute("INSERT INTO orders (cents) VALUES (100), (-100)", [])?;
        order.commit()?;
    }
    Ok(())
}

fn read(pool: &Database) -> Result<u64, Failure> {
    let mut reads = 0;
    loop {
        let (rows, sum): (u32, i64) = pool.acquire()?.query_row(
            "SELECT count(*), coalesce(sum(cents), 0) FROM orders",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        assert_eq!(sum, 0, "half an order");
        reads += 1;
        if rows == 2 * ORDERS {
            return Ok(reads);
        }
    }
}

/// Somebody returns early between `BEGIN` and `COMMIT`. The next one gets a connection that is in order.
fn a_transaction_is_forgotten(pool: &Database) -> Result<(), Failure> {
    pool.acquire()?
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM orders")?;
    let connection = pool.acquire()?;
    let rows: u32 = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))?;
    assert!(connection.is_autocommit() && rows == 2 * ORDERS);
    println!("a forgotten transaction was rolled back: {rows} rows are still there");
    Ok(())
}

/// This thread wants a fifth connection of four, and has them all. The error says so, and where the first was acquired.
fn all_connections_are_out(pool: &Database) -> Result<(), Failure> {
    let leases = [
        pool.acquire()?,
        pool.acquire()?,
        pool.acquire()?,
        pool.acquire()?,
    ];
    let Err(error) = pool.acquire_timeout(Duration::from_millis(50)) else {
        return Err("there are no more than four".into());
    };
    assert!(matches!(error, AcquireError::TimedOut { .. }));
    println!("{error}");
    drop(leases);
    Ok(())
}
