//! The server dies under load, and comes back: every caller is told so in time, and the pool heals by itself, with every slot that it had.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test reports by panicking"
)]

#[path = "support/servers/process.rs"]
mod process;
#[path = "support/servers/postgres.rs"]
mod server;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use process::eventually;
use server::PostgresServer;
use tenfold::adapt::postgres::{PostgresManager, Session, TokioPostgresManager, is_fatal};
use tenfold::adapt::tokio::spawner;
use tenfold::pool::{AcquireError, Builder, Lease, Manage, Pool};
use tokio::runtime::{self, Runtime};

/// Callers of each kind, threads and tasks.
const CALLERS: usize = 8;
const SIZE: u32 = 6;
/// How long a caller waits for a connection.
const DEADLINE: Duration = Duration::from_secs(1);
/// What a loaded machine may add to that. Without a deadline that holds, a caller would wait for the server.
const LATE: Duration = Duration::from_secs(20);
const PID: &str = "SELECT pg_backend_pid()";

type Refused = AcquireError<tokio_postgres::Error>;

/// What all callers see.
#[derive(Default)]
struct Scene {
    stop: AtomicBool,
    served: [AtomicU64; 2 * CALLERS],
    refused: [AtomicU64; 2 * CALLERS],
    /// What went wrong on connections.
    failed: Mutex<Vec<String>>,
    /// Sessions of the server that are in somebody's hands.
    held: Mutex<HashSet<i32>>,
}

impl Scene {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// A caller got a connection and asked the server for the session behind it. Says whether the connection has ended.
    fn used(&self, caller: usize, session: Result<i32, tokio_postgres::Error>) -> bool {
        match session {
            Ok(session) => {
                let new = self.held.lock().unwrap().insert(session);
                assert!(new, "session {session} is in two hands");
                // Time for somebody else to have it as well, if that is possible.
                thread::yield_now();
                self.held.lock().unwrap().remove(&session);
                self.served[caller].fetch_add(1, Ordering::Relaxed);
                false
            }
            Err(error) => {
                let ended = is_fatal(&error);
                self.failed.lock().unwrap().push(format!("{error:?}"));
                ended
            }
        }
    }

    /// A caller got none.
    fn none(&self, caller: usize, began: Instant, refusal: &Refused) {
        let waited = began.elapsed();
        assert!(waited < DEADLINE + LATE, "{waited:?} until {refusal}");
        let expected = matches!(
            refusal,
            AcquireError::TimedOut { .. } | AcquireError::Unavailable { .. }
        );
        assert!(expected, "{refusal}");
        self.refused[caller].fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
    }

    fn counts(counters: &[AtomicU64]) -> Vec<u64> {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        counters.iter().map(load).collect()
    }

    /// Waits until each caller has counted on.
    fn each_goes_on(what: &str, counters: &[AtomicU64]) {
        let before = Self::counts(counters);
        eventually(what, || {
            let now = Self::counts(counters);
            now.iter().zip(&before).all(|(now, before)| now > before)
        });
    }
}

fn settings<M: Manage>(builder: Builder<M>) -> Builder<M> {
    builder
        .max_size(SIZE)
        .min_idle(SIZE)
        .backoff_max(Duration::from_millis(200))
}

/// Sessions that the server has, besides that of who asks.
fn sessions(server: &PostgresServer) -> i64 {
    const COUNT: &str = "SELECT count(*) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let mut client = postgres::Client::connect(&server.address(), postgres::NoTls).unwrap();
    client.query_one(COUNT, &[]).unwrap().get(0)
}

/// All that there may be, idle and real; and nothing else is counted.
macro_rules! assert_becomes_full {
    ($pool:expr, $server:expr) => {
        eventually("the pool is full", || {
            let status = $pool.status();
            assert!(status.total <= SIZE, "{status}");
            status.idle == SIZE
        });
        let status = $pool.status();
        assert_eq!(
            (status.total, status.in_use, status.waiting),
            (SIZE, 0, 0),
            "{status}"
        );
        eventually("each connection has one session", || {
            sessions($server) == i64::from(SIZE)
        });
    };
}

/// Two outages: callers come all the time in the first, and go away in the second.
macro_rules! survives {
    ($pool:expr, $server:expr, $thread:expr, $task:expr, $runtime:expr) => {{
        let (pool, server, runtime): (_, &mut PostgresServer, &Runtime) =
            ($pool, $server, $runtime);
        assert_becomes_full!(pool, server);
        for callers_stay in [true, false] {
            let scene = Arc::new(Scene::default());
            let threads: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let (pool, scene) = (pool.clone(), scene.clone());
                    let handle = runtime.handle().clone();
                    thread::spawn(move || {
                        while scene.goes_on() {
                            let began = Instant::now();
                            match pool.acquire_timeout(DEADLINE) {
                                Ok(mut lease) => {
                                    if $thread(&scene, caller, &mut *lease, &handle) {
                                        Lease::discard(lease);
                                    }
                                }
                                Err(refusal) => scene.none(caller, began, &refusal),
                            }
                        }
                    })
                })
                .collect();
            let tasks: Vec<_> = (CALLERS..2 * CALLERS)
                .map(|caller| {
                    let (pool, scene) = (pool.clone(), scene.clone());
                    runtime.spawn(async move {
                        while scene.goes_on() {
                            let began = Instant::now();
                            match pool.acquire_timeout_async(DEADLINE).await {
                                Ok(mut lease) => {
                                    if $task(&scene, caller, &mut *lease).await {
                                        Lease::discard(lease);
                                    }
                                }
                                Err(refusal) => scene.none(caller, began, &refusal),
                            }
                            tokio::task::yield_now().await;
                        }
                    })
                })
                .collect();
            Scene::each_goes_on("each caller is served", &scene.served);
            server.kill9();
            Scene::each_goes_on("each caller is refused", &scene.refused);
            let status = pool.status();
            assert!(status.total <= SIZE, "{status}");
            if callers_stay {
                server.restart();
                Scene::each_goes_on("each caller is served again", &scene.served);
            }
            scene.stop.store(true, Ordering::Relaxed);
            for thread in threads {
                thread.join().unwrap();
            }
            for task in tasks {
                runtime.block_on(task).unwrap();
            }
            if !callers_stay {
                server.restart();
            }
            assert_becomes_full!(pool, server);
            // A connection fails in one caller's hands, and nobody else gets it.
            let failed = scene.failed.lock().unwrap();
            let most = usize::try_from(SIZE).unwrap();
            assert!(
                failed.len() <= most,
                "more failures than connections: {failed:#?}"
            );
        }
        pool.close();
        eventually("no session is left", || sessions(server) == 0);
        assert_eq!(pool.status().total, 0, "{}", pool.status());
    }};
}

fn threads_and_timers() -> Runtime {
    runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn connections_for_tasks_survive_two_outages() {
    let mut server = PostgresServer::start();
    let runtime = threads_and_timers();
    let manager =
        TokioPostgresManager::new(server.address().parse().unwrap(), runtime.handle().clone());
    let pool = settings(Pool::builder(manager))
        .spawner(spawner(runtime.handle().clone()))
        .build_async()
        .unwrap();
    survives!(
        pool,
        &mut server,
        |scene: &Scene, caller, session: &mut Session, handle: &runtime::Handle| {
            let row = handle.block_on(session.query_one(PID, &[]));
            scene.used(caller, row.map(|row| row.get(0)))
        },
        async |scene: &Scene, caller, session: &mut Session| {
            let row = session.query_one(PID, &[]).await;
            scene.used(caller, row.map(|row| row.get(0)))
        },
        &runtime
    );
}

#[test]
fn connections_for_threads_survive_two_outages() {
    let mut server = PostgresServer::start();
    let runtime = threads_and_timers();
    let manager = PostgresManager::new(server.address().parse().unwrap());
    let pool = settings(Pool::builder(manager)).build().unwrap();
    survives!(
        pool,
        &mut server,
        |scene: &Scene, caller, client: &mut postgres::Client, _: &runtime::Handle| {
            let row = client.query_one(PID, &[]);
            scene.used(caller, row.map(|row| row.get(0)))
        },
        async |scene: &Scene, caller, client: &mut postgres::Client| {
            // This client blocks, which a task says beforehand.
            let row = tokio::task::block_in_place(|| client.query_one(PID, &[]));
            scene.used(caller, row.map(|row| row.get(0)))
        },
        &runtime
    );
}
