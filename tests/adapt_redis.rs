//! The managers of Redis connections, with a real server.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

#[path = "support/servers/process.rs"]
mod process;
#[path = "support/servers/redis.rs"]
mod server;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use process::eventually;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, Commands, RedisError, Value, cmd};
use server::RedisServer;
use tenfold::adapt::redis::{RedisManager, TokioRedisManager};
use tenfold::pool::{AsyncConnect, Check, Connect, Manage, Pool};
use tokio::runtime::{Builder, Handle, Runtime};

/// Less than any of the commands that it ends would take, which is for ever.
const SHORT: Duration = Duration::from_millis(20);

fn client(server: &RedisServer) -> Client {
    Client::open(server.url()).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn blocking_what_the_server_refuses_is_no_reason_to_close() {
    let server = RedisServer::start();
    let manager = RedisManager::new(client(&server)).with_connect_timeout(Duration::from_secs(10));
    let mut connection = manager.connect().unwrap();
    let () = connection.set("text", "x").unwrap();
    let refused: Result<u64, RedisError> = connection.llen("text");
    assert!(refused.is_err());
    assert!(!manager.is_broken(&mut connection));
    manager.check(&mut connection).unwrap();
    let (a, b): (String, u8) = redis::pipe()
        .get("text")
        .incr("n", 1)
        .query(&mut connection)
        .unwrap();
    assert_eq!((a.as_str(), b), ("x", 1));
    assert!(!manager.is_broken(&mut connection));
    // Nor is what never went out.
    assert!(redis::Cmd::new().exec(&mut connection).is_err());
    assert!(!manager.is_broken(&mut connection));
    manager.close(connection);
}

#[test]
fn blocking_a_check_finds_a_transaction_that_is_open() {
    let server = RedisServer::start();
    let manager = RedisManager::new(client(&server));
    let mut connection = manager.connect().unwrap();
    cmd("MULTI").exec(&mut connection).unwrap();
    assert!(!manager.is_broken(&mut connection), "nothing shows it");
    assert!(manager.check(&mut connection).is_err());
}

#[test]
fn blocking_a_check_ends_a_watch() {
    let server = RedisServer::start();
    let manager = RedisManager::new(client(&server));
    let mut connection = manager.connect().unwrap();
    let mut other = manager.connect().unwrap();
    let mut transaction = redis::pipe();
    transaction.atomic().incr("n", 1);
    for (checked, expected) in [
        (false, Value::Nil),
        (true, Value::Array(vec![Value::Int(3)])),
    ] {
        cmd("WATCH").arg("n").exec(&mut connection).unwrap();
        let () = other.incr("n", 1).unwrap();
        if checked {
            manager.check(&mut connection).unwrap();
        }
        let result: Value = transaction.query(&mut connection).unwrap();
        assert_eq!(result, expected);
    }
}

#[test]
fn blocking_a_reply_that_is_late_makes_the_connection_useless() {
    let server = RedisServer::start();
    let manager = RedisManager::new(client(&server)).with_init(|c| c.set_read_timeout(Some(SHORT)));
    let mut connection = manager.connect().unwrap();
    let late: Result<Value, RedisError> = connection.blpop("nothing", 0.0);
    assert!(late.unwrap_err().is_timeout());
    assert!(manager.is_broken(&mut connection));
    // And stays so, though it works again when the reply is there: who sent that command can't know what became of it.
    let () = manager.connect().unwrap().rpush("nothing", "x").unwrap();
    while connection.ping::<String>().is_err() {}
    assert!(manager.is_broken(&mut connection));
}

#[test]
fn blocking_a_server_that_dies_is_noticed_by_the_first_use_or_a_check() {
    let mut server = RedisServer::start();
    let manager = RedisManager::new(client(&server));
    let mut used = manager.connect().unwrap();
    let mut idle = manager.connect().unwrap();
    server.kill9();
    assert!(manager.connect().is_err());
    let result: Result<Value, RedisError> = used.ping();
    assert!(result.is_err());
    assert!(manager.is_broken(&mut used));
    assert!(manager.check(&mut idle).is_err());
    assert!(manager.is_broken(&mut idle));
    server.restart();
    manager.check(&mut manager.connect().unwrap()).unwrap();
}

#[test]
fn blocking_an_init_that_fails_makes_no_connection() {
    let server = RedisServer::start();
    let manager = RedisManager::new(client(&server)).with_init(|c| cmd("NONSENSE").exec(c));
    assert!(manager.connect().is_err());
}

#[test]
fn tasks_what_the_server_refuses_is_no_reason_to_close() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let manager = TokioRedisManager::new(client(&server), Handle::current());
        let mut connection = manager.connect().await.unwrap();
        let () = connection.set("text", "x").await.unwrap();
        let refused: Result<u64, RedisError> = connection.llen("text").await;
        assert!(refused.is_err());
        assert!(!manager.is_broken(&mut connection));
        manager.check(&mut connection).await.unwrap();
        let (a, b): (String, u8) = redis::pipe()
            .get("text")
            .incr("n", 1)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert_eq!((a.as_str(), b), ("x", 1));
        assert!(!manager.is_broken(&mut connection));

        cmd("MULTI").exec_async(&mut connection).await.unwrap();
        assert!(manager.check(&mut connection).await.is_err());
        manager.close(connection).await;
    });
}

#[test]
fn tasks_a_command_that_is_dropped_halfway_makes_the_connection_useless() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let manager = TokioRedisManager::new(client(&server), Handle::current());
        let mut connection = manager.connect().await.unwrap();
        {
            let mut waiting = pin!(connection.blpop::<_, Value>("nothing", 0.0));
            let polled = waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert!(manager.is_broken(&mut connection));
    });
}

#[test]
fn tasks_a_reply_that_is_late_makes_the_connection_useless() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(SHORT));
        let manager =
            TokioRedisManager::new(client(&server), Handle::current()).with_config(config);
        let mut connection = manager.connect().await.unwrap();
        let late: Result<Value, RedisError> = connection.blpop("nothing", 0.0).await;
        assert!(late.unwrap_err().is_timeout());
        assert!(manager.is_broken(&mut connection));
    });
}

#[test]
fn tasks_a_server_that_dies_is_noticed_by_the_first_use_or_a_check() {
    let mut server = RedisServer::start();
    runtime().block_on(async {
        let manager = TokioRedisManager::new(client(&server), Handle::current());
        let mut used = manager.connect().await.unwrap();
        let mut idle = manager.connect().await.unwrap();
        server.kill9();
        assert!(manager.connect().await.is_err());
        let result: Result<Value, RedisError> = used.ping().await;
        assert!(result.is_err());
        assert!(manager.is_broken(&mut used));
        assert!(manager.check(&mut idle).await.is_err());
        assert!(manager.is_broken(&mut idle));
        server.restart();
        let mut connection = manager.connect().await.unwrap();
        manager.check(&mut connection).await.unwrap();
    });
}

/// A pool that has been used a moment ago checks nothing, so it takes the manager to see that the connections are gone.
#[test]
fn blocking_a_busy_pool_comes_back_with_the_server() {
    let mut server = RedisServer::start();
    let pool = Pool::builder(RedisManager::new(client(&server)))
        .max_size(2)
        .check(Check::Never)
        .build()
        .unwrap();
    let serves = || pool.acquire().is_ok_and(|mut c| c.ping::<String>().is_ok());
    assert!(serves());
    server.kill9();
    assert!(!serves());
    server.restart();
    eventually("the pool serves again", serves);
    assert!((0..10).all(|_| serves()));
}

#[test]
fn tasks_a_busy_pool_comes_back_with_the_server() {
    let mut server = RedisServer::start();
    let runtime = runtime();
    let manager = TokioRedisManager::new(client(&server), runtime.handle().clone());
    let pool = Pool::builder(manager)
        .max_size(2)
        .check(Check::Never)
        .spawner(tenfold::adapt::tokio::spawner(runtime.handle().clone()))
        .build_async()
        .unwrap();
    let serves = || {
        runtime.block_on(async {
            match pool.acquire_async().await {
                Ok(mut connection) => connection.ping::<String>().await.is_ok(),
                Err(_) => false,
            }
        })
    };
    assert!(serves());
    server.kill9();
    assert!(!serves());
    server.restart();
    eventually("the pool serves again", serves);
    assert!((0..10).all(|_| serves()));
}

#[test]
fn tasks_need_no_runtime_around_connect_and_check() {
    let server = RedisServer::start();
    let runtime = runtime();
    let manager = TokioRedisManager::new(client(&server), runtime.handle().clone());
    // It has neither sockets nor timers.
    let bare = Builder::new_current_thread().build().unwrap();
    bare.block_on(async {
        let mut connection = manager.connect().await.unwrap();
        manager.check(&mut connection).await.unwrap();
    });
}

#[test]
fn they_hide_the_password() {
    let client = Client::open("redis://:secret@localhost/").unwrap();
    let runtime = runtime();
    let one = format!("{:?}", RedisManager::new(client.clone()));
    let other = format!(
        "{:?}",
        TokioRedisManager::new(client, runtime.handle().clone())
    );
    assert!(
        !one.contains("secret") && !other.contains("secret"),
        "{one} {other}"
    );
}
