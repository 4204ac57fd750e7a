//! The managers of PostgreSQL connections, with a real server.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

#[path = "support/servers/process.rs"]
mod process;
#[path = "support/servers/postgres.rs"]
mod server;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use process::eventually;
use server::PostgresServer;
use tenfold::adapt::postgres::{PostgresManager, Reset, Session, TokioPostgresManager, is_fatal};
use tenfold::pool::{AsyncConnect, Connect, Manage};
use tokio::runtime::{Builder, Handle, Runtime};

/// Leaves nothing as it was.
const MESS: &str = "SET statement_timeout = '7s'; CREATE TEMP TABLE mess (x int); SELECT pg_advisory_lock(7); LISTEN here";
/// What is left of it: 0 if nothing.
const LEFT: &str = "SELECT (current_setting('statement_timeout') <> '0')::int \
     + (SELECT count(*) FROM pg_class WHERE relname = 'mess' AND relpersistence = 't')::int \
     + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())::int \
     + (SELECT count(*) FROM pg_listening_channels())::int";
const PID: &str = "SELECT pg_backend_pid()";

fn blocking(server: &PostgresServer) -> PostgresManager {
    PostgresManager::new(server.address().parse().unwrap())
}

fn tasks(server: &PostgresServer) -> TokioPostgresManager {
    TokioPostgresManager::new(server.address().parse().unwrap(), Handle::current())
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// A transaction that nobody ended, in both ways it can be: in order, or failed.
const UNFINISHED: [(&str, &str); 2] = [
    ("BEGIN; INSERT INTO t VALUES (1)", "SELECT 1"),
    ("BEGIN; INSERT INTO t VALUES (1)", "SELECT 1 / 0"),
];

#[test]
fn blocking_a_check_is_silent_and_leaves_the_connection_as_it_was() {
    let server = PostgresServer::start();
    let manager = blocking(&server);
    let mut client = manager.connect().unwrap();
    let id: i32 = client.query_one(PID, &[]).unwrap().get(0);
    for _ in 0..3 {
        assert!(!manager.is_broken(&mut client));
        manager.check(&mut client).unwrap();
    }
    assert_eq!(client.query_one(PID, &[]).unwrap().get::<_, i32>(0), id);
    manager.close(client);
    let log = server.log();
    assert!(!log.contains("WARNING") && !log.contains("ERROR"), "{log}");
}

#[test]
fn blocking_a_check_ends_a_transaction() {
    let server = PostgresServer::start();
    let manager = blocking(&server);
    let mut client = manager.connect().unwrap();
    client.batch_execute("CREATE TABLE t (x int)").unwrap();
    for (begin, last) in UNFINISHED {
        client.batch_execute(begin).unwrap();
        let _ = client.batch_execute(last);
        assert!(!manager.is_broken(&mut client));
        manager.check(&mut client).unwrap();
        let left: i64 = client
            .query_one("SELECT count(*) FROM t", &[])
            .unwrap()
            .get(0);
        assert_eq!(left, 0, "after {last}");
    }

    let careless = blocking(&server).with_reset(Reset::Nothing);
    client.batch_execute(UNFINISHED[0].0).unwrap();
    careless.check(&mut client).unwrap();
    let left: i64 = client
        .query_one("SELECT count(*) FROM t", &[])
        .unwrap()
        .get(0);
    assert_eq!(left, 1, "nothing was to be done");
}

#[test]
fn blocking_a_check_resets_the_session_and_keeps_what_is_prepared() {
    let server = PostgresServer::start();
    let manager = blocking(&server).with_reset(Reset::Session);
    let mut client = manager.connect().unwrap();
    let left = client.prepare(LEFT).unwrap();
    client.batch_execute(MESS).unwrap();
    assert_eq!(client.query_one(&left, &[]).unwrap().get::<_, i32>(0), 4);
    manager.check(&mut client).unwrap();
    assert_eq!(client.query_one(&left, &[]).unwrap().get::<_, i32>(0), 0);
}

#[test]
fn blocking_a_server_that_dies_is_noticed_by_a_use_or_by_a_check() {
    let mut server = PostgresServer::start();
    let manager = blocking(&server);
    let mut used = manager.connect().unwrap();
    let mut idle = manager.connect().unwrap();
    server.kill9();
    assert!(manager.connect().is_err());
    assert!(used.batch_execute("SELECT 1").is_err());
    assert!(manager.is_broken(&mut used));
    assert!(manager.check(&mut idle).is_err());
    assert!(manager.is_broken(&mut idle));
    // Neither panics nor waits.
    manager.close(used);
    manager.close(idle);

    server.restart();
    manager.check(&mut manager.connect().unwrap()).unwrap();
}

#[test]
fn an_error_that_ends_the_session_is_told_from_others() {
    let mut server = PostgresServer::start();
    let manager = blocking(&server);
    let mut client = manager.connect().unwrap();
    let error = client.batch_execute("SELECT 1 / 0").unwrap_err();
    assert!(!is_fatal(&error), "{error:?}");
    // The server says that it ends the session, and does: which of the two is noticed first is open.
    let error = client
        .batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")
        .unwrap_err();
    assert!(is_fatal(&error), "{error:?}");
    let error = client.batch_execute("SELECT 1").unwrap_err();
    assert!(is_fatal(&error), "{error:?}");
    server.kill9();
    let error = manager.connect().err().unwrap();
    assert!(is_fatal(&error), "{error:?}");
}

async fn number(session: &Session, query: &str) -> i64 {
    let messages = session.simple_query(query).await.unwrap();
    let row = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap().parse().unwrap()
}

#[test]
fn tasks_a_transaction_never_reaches_the_next_one() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let manager = tasks(&server);
        let mut session = manager.connect().await.unwrap();
        session
            .batch_execute("CREATE TABLE t (x int)")
            .await
            .unwrap();
        for (begin, last) in UNFINISHED {
            session.batch_execute(begin).await.unwrap();
            let _ = session.batch_execute(last).await;
            assert!(!manager.is_broken(&mut session));
            // Goes on at once, as with a hand-off: the end of the transaction is ahead of it.
            assert_eq!(
                number(&session, "SELECT count(*) FROM t").await,
                0,
                "after {last}"
            );
        }
        // The reset itself is not visible to what was begun by the guard either.
        let transaction = session.transaction().await.unwrap();
        transaction
            .batch_execute("INSERT INTO t VALUES (1)")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        assert!(!manager.is_broken(&mut session));
        assert_eq!(number(&session, "SELECT count(*) FROM t").await, 1);

        // Through an exclusive reference too.
        assert!(!manager.is_broken(&mut session));
        let client: &mut tokio_postgres::Client = &mut session;
        client.batch_execute(UNFINISHED[0].0).await.unwrap();
        assert!(!manager.is_broken(&mut session));
        assert_eq!(number(&session, "SELECT count(*) FROM t").await, 1);

        let careless = tasks(&server).with_reset(Reset::Nothing);
        session.batch_execute(UNFINISHED[0].0).await.unwrap();
        assert!(!careless.is_broken(&mut session));
        assert_eq!(number(&session, "SELECT count(*) FROM t").await, 2);
        assert!(!manager.is_broken(&mut session));
        assert_eq!(number(&session, "SELECT count(*) FROM t").await, 1);
    });
}

#[test]
fn tasks_resets_the_session_and_keeps_what_is_prepared() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let manager = tasks(&server).with_reset(Reset::Session);
        let mut session = manager.connect().await.unwrap();
        let left = session.prepare(LEFT).await.unwrap();
        session.batch_execute(MESS).await.unwrap();
        let count: i32 = session.query_one(&left, &[]).await.unwrap().get(0);
        assert_eq!(count, 4);
        assert!(!manager.is_broken(&mut session));
        let count: i32 = session.query_one(&left, &[]).await.unwrap().get(0);
        assert_eq!(count, 0);
    });
}

#[test]
fn tasks_a_session_that_was_not_used_costs_the_server_nothing() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let manager = tasks(&server);
        let mut session = manager.connect().await.unwrap();
        let sent = || server.log().matches("statement: ROLLBACK").count();
        session
            .batch_execute("SET log_statement = 'all'")
            .await
            .unwrap();
        assert!(!manager.is_broken(&mut session));
        manager.check(&mut session).await.unwrap();
        assert_eq!(sent(), 1, "it was used");
        for _ in 0..3 {
            assert!(!manager.is_broken(&mut session));
            manager.check(&mut session).await.unwrap();
        }
        assert_eq!(sent(), 1);
        // Through a shared reference as well.
        let client: &tokio_postgres::Client = &session;
        assert!(!client.is_closed());
        assert!(!manager.is_broken(&mut session));
        manager.check(&mut session).await.unwrap();
        assert_eq!(sent(), 2);
        let log = server.log();
        assert!(!log.contains("WARNING") && !log.contains("ERROR"), "{log}");
    });
}

#[test]
fn tasks_a_server_that_dies_is_noticed_without_a_use() {
    let mut server = PostgresServer::start();
    runtime().block_on(async {
        let manager = tasks(&server);
        let mut session = manager.connect().await.unwrap();
        assert!(!manager.is_broken(&mut session));
        server.kill9();
        eventually("the connection is broken", || {
            manager.is_broken(&mut session)
        });
        assert!(manager.check(&mut session).await.is_err());
        assert!(manager.connect().await.is_err());
        manager.close(session).await;
        server.restart();
        let mut session = manager.connect().await.unwrap();
        manager.check(&mut session).await.unwrap();
    });
}

#[test]
fn tasks_need_no_runtime_around_them() {
    let server = PostgresServer::start();
    let runtime = runtime();
    let manager = runtime.block_on(async { tasks(&server) });
    // It has neither sockets nor timers.
    let bare = Builder::new_current_thread().build().unwrap();
    bare.block_on(async {
        let mut session = manager.connect().await.unwrap();
        manager.check(&mut session).await.unwrap();
        manager.close(session).await;
    });
}

#[test]
fn tasks_a_connect_that_is_dropped_halfway_leaves_nothing_behind() {
    const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let server = PostgresServer::start();
    let runtime = runtime();
    let manager = runtime.block_on(async { tasks(&server) });
    for _ in 0..20 {
        let connecting = pin!(manager.connect());
        let _ = connecting.poll(&mut Context::from_waker(Waker::noop()));
    }
    let watcher = runtime.block_on(manager.connect()).unwrap();
    eventually("nobody else is there", || {
        runtime.block_on(number(&watcher, OTHERS)) == 0
    });
}

#[test]
fn they_hide_the_password() {
    let config: postgres::Config = "host=localhost user=me password=secret".parse().unwrap();
    let shown = format!("{:?}", PostgresManager::new(config));
    assert!(
        shown.contains("localhost") && !shown.contains("secret"),
        "{shown}"
    );
}
