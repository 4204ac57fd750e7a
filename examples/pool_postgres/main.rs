//! PostgreSQL behind a pool, in async code: many tasks over few connections, a transaction that is forgotten, and an outage.
//!
//! `cargo run --release --features postgres,tokio --example pool_postgres -- "host=localhost user=postgres"`
//!
//! Without an address it starts a server of its own, which takes the programs `initdb` and `postgres`, and kills it in the end.
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

#[path = "../../tests/support/servers/process.rs"]
mod process;
#[path = "../../tests/support/servers/postgres.rs"]
mod server;

use std::time::{Duration, Instant};

use server::PostgresServer;
use tenfold::adapt::postgres::TokioPostgresManager;
use tenfold::adapt::tokio::spawner;
use tenfold::pool::Pool;
use tokio::runtime::{Builder, Handle};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Database = Pool<TokioPostgresManager>;

const TASKS: usize = 200;
const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS tenfold_example (n int NOT NULL); TRUNCATE tenfold_example";

fn main() -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if let Some(address) = std::env::args().nth(1) {
        return runtime.block_on(async {
            let pool = connect(&address)?;
            in_good_times(&pool).await
        });
    }
    println!("no address was given: starting a server");
    let mut server = PostgresServer::start();
    runtime.block_on(async {
        let pool = connect(&server.address())?;
        in_good_times(&pool).await?;
        server.kill9();
        without_a_server(&pool).await?;
        server.restart();
        with_the_server_again(&pool).await
    })
}

fn connect(address: &str) -> Result<Database, Failure> {
    let manager = TokioPostgresManager::new(address.parse()?, Handle::current());
    let pool = Pool::builder(manager)
        .max_size(8)
        .min_idle(2)
        .wait_timeout(Some(Duration::from_secs(5)))
        .backoff_max(Duration::from_millis(500))
        .spawner(spawner(Handle::current()))
        .build_async()?;
    Ok(pool)
}

/// Two hundred tasks over eight connections; then one that forgets how its transaction ends.
async fn in_good_times(pool: &Database) -> Result<(), Failure> {
    pool.acquire_async().await?.batch_execute(TABLE).await?;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { insert(&pool).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    println!(
        "{} tasks have inserted a row each: {}",
        count(pool).await?,
        pool.status()
    );

    let forgetful = pool.acquire_async().await?;
    forgetful
        .batch_execute("BEGIN; DELETE FROM tenfold_example")
        .await?;
    drop(forgetful);
    let rows = count(pool).await?;
    assert_eq!(rows, i64::try_from(TASKS)?);
    println!("a forgotten transaction was rolled back: {rows} rows are still there");
    Ok(())
}

async fn insert(pool: &Database) -> Result<(), Failure> {
    let mut connection = pool.acquire_async().await?;
    let transaction = connection.transaction().await?;
    transaction
        .execute("INSERT INTO tenfold_example VALUES ($1)", &[&1_i32])
        .await?;
    transaction.commit().await?;
    Ok(())
}

async fn count(pool: &Database) -> Result<i64, Failure> {
    let connection = pool.acquire_async().await?;
    let row = connection
        .query_one("SELECT count(*) FROM tenfold_example", &[])
        .await?;
    Ok(row.get(0))
}

/// Callers don't wait for a server that is not there: they are told why, and when to come back.
async fn without_a_server(pool: &Database) -> Result<(), Failure> {
    loop {
        let Err(error) = pool.acquire_async().await else {
            // One that was idle when it happened, and whose end nobody has told it yet.
            tokio::task::yield_now().await;
            continue;
        };
        println!("the server is gone: {error}");
        return Ok(());
    }
}

/// Nobody has to do anything: the pool tries again by itself.
async fn with_the_server_again(pool: &Database) -> Result<(), Failure> {
    let back = Instant::now();
    while let Err(error) = count(pool).await {
        if back.elapsed() > Duration::from_secs(60) {
            return Err(error);
        }
        tokio::task::yield_now().await;
    }
    println!("the server is back, and so is the pool: {}", pool.status());
    Ok(())
}
