//! The manager of SQLite connections: what a connection is like when it comes back, and what the next one gets.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::sync::{Arc, Barrier};
use std::thread;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tempfile::TempDir;
use tenfold::adapt::sqlite::SqliteManager;
use tenfold::pool::{Connect, Lease, Manage, Pool};

fn count(connection: &Connection) -> u32 {
    connection
        .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap()
}

fn in_a_file(directory: &TempDir) -> SqliteManager {
    SqliteManager::file(directory.path().join("test.db"))
}

#[test]
fn a_connection_in_order_is_not_broken_and_passes_its_check() {
    let directory = TempDir::new().unwrap();
    let manager = in_a_file(&directory);
    let mut connection = manager.connect().unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(!manager.is_broken(&mut connection));
    manager.check(&mut connection).unwrap();
    manager.close(connection);
}

#[test]
fn an_open_transaction_is_rolled_back_and_its_lock_is_gone() {
    let directory = TempDir::new().unwrap();
    let manager = in_a_file(&directory);
    let mut connection = manager.connect().unwrap();
    connection
        .execute_batch("CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
        .unwrap();
    let mut other = manager.connect().unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(
        other
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .is_err()
    );

    assert!(!manager.is_broken(&mut connection), "it stays");
    assert!(connection.is_autocommit());
    assert_eq!(count(&connection), 0);
    other
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap()
        .rollback()
        .unwrap();
}

#[test]
fn what_was_prepared_survives_a_rollback() {
    let manager = SqliteManager::in_memory().unwrap();
    let mut connection = manager.connect().unwrap();
    connection
        .execute_batch("CREATE TEMP TABLE here (x); BEGIN")
        .unwrap();
    assert!(!manager.is_broken(&mut connection));
    assert!(
        connection.prepare("SELECT x FROM here").is_ok(),
        "the same connection"
    );
}

#[test]
fn a_transaction_that_ends_itself_is_no_reason_to_close() {
    let manager = SqliteManager::in_memory().unwrap();
    let mut connection = manager.connect().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (x UNIQUE ON CONFLICT ROLLBACK); BEGIN; INSERT INTO t VALUES (1)",
        )
        .unwrap();
    // SQLite rolls back by itself.
    assert!(connection.execute("INSERT INTO t VALUES (1)", []).is_err());
    assert!(!manager.is_broken(&mut connection));
    assert_eq!(count(&connection), 0);
}

#[test]
fn init_runs_on_every_connection_also_on_eight_that_turn_on_wal_at_once() {
    let directory = TempDir::new().unwrap();
    let manager = Arc::new(
        in_a_file(&directory)
            .with_init(|c| c.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON")),
    );
    let together = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                let connection = manager.connect().unwrap();
                let pragma = |name: &str| {
                    connection
                        .pragma_query_value(None, name, |row| {
                            row.get::<_, rusqlite::types::Value>(0)
                        })
                        .unwrap()
                };
                assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
                assert_eq!(pragma("foreign_keys"), 1_i64.into());
            });
        }
    });
}

#[test]
fn an_init_that_fails_makes_no_connection() {
    let manager = SqliteManager::in_memory()
        .unwrap()
        .with_init(|c| c.execute_batch("nonsense"));
    assert!(
        manager
            .connect()
            .unwrap_err()
            .to_string()
            .contains("nonsense")
    );
}

#[test]
fn flags_are_heeded() {
    let directory = TempDir::new().unwrap();
    let read_only = in_a_file(&directory).with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY);
    assert!(read_only.connect().is_err(), "there is nothing to read");
    let writer = in_a_file(&directory).connect().unwrap();
    writer.execute_batch("CREATE TABLE t (x)").unwrap();
    let reader = read_only.connect().unwrap();
    assert_eq!(count(&reader), 0);
    assert!(reader.execute("INSERT INTO t VALUES (1)", []).is_err());
}

#[test]
fn a_database_in_memory_is_one_and_outlives_its_connections() {
    let manager = SqliteManager::in_memory().unwrap();
    let one = manager.connect().unwrap();
    one.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    assert_eq!(count(&manager.connect().unwrap()), 1);
    manager.close(one);
    assert_eq!(count(&manager.connect().unwrap()), 1);

    let stranger = SqliteManager::in_memory().unwrap().connect().unwrap();
    assert!(stranger.prepare("SELECT * FROM t").is_err());
}

#[test]
fn a_writer_in_memory_waits_for_another() {
    let manager = SqliteManager::in_memory().unwrap();
    let one = manager.connect().unwrap();
    one.execute_batch("CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
        .unwrap();
    let begun = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            let other = manager.connect().unwrap();
            begun.wait();
            other.execute("INSERT INTO t VALUES (2)", []).unwrap();
        });
        begun.wait();
        one.execute_batch("COMMIT").unwrap();
    });
    assert_eq!(count(&one), 2);
}

#[test]
fn in_a_pool_a_transaction_never_reaches_the_next_one() {
    let directory = TempDir::new().unwrap();
    let pool = Pool::builder(in_a_file(&directory))
        .max_size(1)
        .build()
        .unwrap();
    pool.acquire()
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let id = Lease::info(&pool.acquire().unwrap()).id;
    for ends_by_panic in [false, true] {
        thread::scope(|scope| {
            let user = scope.spawn(|| {
                let connection = pool.acquire().unwrap();
                connection
                    .execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
                    .unwrap();
                assert!(!ends_by_panic, "in the middle of a transaction");
            });
            assert_eq!(user.join().is_err(), ends_by_panic);
        });
        let next = pool.acquire().unwrap();
        assert!(next.is_autocommit());
        assert_eq!(count(&next), 0);
        // What a panic left is closed; otherwise it is the same connection.
        assert_eq!(Lease::info(&next).id == id, !ends_by_panic);
    }
}

#[test]
fn it_says_what_it_is_and_not_more() {
    let manager = SqliteManager::file("app.db").with_init(|_| Ok(()));
    let shown = format!("{manager:?}");
    assert!(
        shown.contains("app.db") && shown.contains("has_init: true"),
        "{shown}"
    );
}
