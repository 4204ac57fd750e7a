//! Many requests at once at a pool that keeps few connections, where to connect takes far longer than the work: HikariCP's spike
//! test. The few connections can do all the work before another one is there; a pool that connects for every request which
//! finds none idle ends with as many connections as requests.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use super::contestant::runtime;
use crate::workload::{Contestant, Figure, Play, Role};

pub(super) const REQUESTS: u32 = 50;
pub(super) const MIN_IDLE: u32 = 5;
const CONNECT: Duration = Duration::from_millis(150);
const WORK: Duration = Duration::from_millis(2);

pub(super) const FIGURES: &[Figure] = &[
    Figure {
        name: "until all are served",
        unit: "ms",
    },
    Figure {
        name: "connections in the end",
        unit: "connections",
    },
];

/// What takes its time to connect.
#[derive(Debug, Default)]
pub(super) struct Slow {
    alive: Arc<AtomicU32>,
}

/// Counted while it is there.
#[derive(Debug)]
pub(super) struct Alive(Arc<AtomicU32>);

impl Slow {
    fn connected(&self) -> Alive {
        self.alive.fetch_add(1, Ordering::SeqCst);
        Alive(Arc::clone(&self.alive))
    }

    pub(super) fn open(&self) -> Alive {
        thread::sleep(CONNECT);
        self.connected()
    }

    pub(super) async fn open_async(&self) -> Alive {
        tokio::time::sleep(CONNECT).await;
        self.connected()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A pool for threads of up to [`REQUESTS`] connections, of which [`MIN_IDLE`] are kept idle, and are there once it is built.
pub(super) trait Spiked: Sized + Send + Sync + 'static {
    fn build(slow: Slow) -> Result<Self, String>;

    /// Takes a connection, does the work, and gives it back.
    fn serve(&self, work: impl FnOnce()) -> Result<(), String>;
}

/// The same for tasks.
pub(super) trait SpikedAsync: Sized + Send + Sync + 'static {
    fn build(slow: Slow) -> impl Future<Output = Result<Self, String>>;

    fn serve<W: Future + Send>(
        &self,
        work: impl FnOnce() -> W + Send,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

pub(super) fn threads<P: Spiked>(name: &'static str, role: Role) -> Contestant<Box<dyn Play>> {
    Contestant::new(name, role, || {
        Ok(Box::new(Threads(P::build)) as Box<dyn Play>)
    })
}

struct Threads<P>(fn(Slow) -> Result<P, String>);

impl<P: Spiked> Play for Threads<P> {
    fn play(&self, _length: Duration) -> Result<Vec<f64>, String> {
        let slow = Slow::default();
        let alive = Arc::clone(&slow.alive);
        let pool = (self.0)(slow)?;
        filled(&alive)?;
        let all_here = Barrier::new(REQUESTS as usize + 1);
        let took = thread::scope(|scope| {
            let serve = || {
                all_here.wait();
                pool.serve(|| thread::sleep(WORK))
            };
            let served: Vec<_> = (0..REQUESTS).map(|_| scope.spawn(serve)).collect();
            all_here.wait();
            let began = Instant::now();
            let mut served = served.into_iter().map(|request| request.join());
            served.try_for_each(|served| served.map_err(|_| "a request panicked".to_owned())?)?;
            Ok::<_, String>(began.elapsed())
        })?;
        Ok(figures(took, &alive))
    }
}

pub(super) fn tasks<P: SpikedAsync>(name: &'static str, role: Role) -> Contestant<Box<dyn Play>> {
    Contestant::new(name, role, || {
        let tasks = Tasks::<P>(std::marker::PhantomData);
        Ok(Box::new(tasks) as Box<dyn Play>)
    })
}

struct Tasks<P>(std::marker::PhantomData<fn() -> P>);

impl<P: SpikedAsync> Play for Tasks<P> {
    fn play(&self, _length: Duration) -> Result<Vec<f64>, String> {
        let runtime = runtime()?;
        let slow = Slow::default();
        let alive = Arc::clone(&slow.alive);
        let pool = Arc::new(runtime.block_on(P::build(slow))?);
        filled(&alive)?;
        let began = Instant::now();
        let served: Vec<_> = (0..REQUESTS)
            .map(|_| {
                let pool = Arc::clone(&pool);
                runtime.spawn(async move { pool.serve(|| tokio::time::sleep(WORK)).await })
            })
            .collect();
        for request in served {
            let served = runtime.block_on(request);
            served.map_err(|error| error.to_string())??;
        }
        let took = began.elapsed();
        Ok(figures(took, &alive))
    }
}

/// Whether the spike may begin.
fn filled(alive: &AtomicU32) -> Result<(), String> {
    match alive.load(Ordering::SeqCst) {
        MIN_IDLE => Ok(()),
        other => Err(format!("{other} connections are there before the spike")),
    }
}

/// Counts the connections once none has come or gone for longer than it takes to connect.
fn figures(took: Duration, alive: &AtomicU32) -> Vec<f64> {
    let mut connections = alive.load(Ordering::SeqCst);
    let mut since = Instant::now();
    while since.elapsed() < 2 * CONNECT {
        thread::sleep(CONNECT / 10);
        let now = alive.load(Ordering::SeqCst);
        if now != connections {
            connections = now;
            since = Instant::now();
        }
    }
    vec![took.as_secs_f64() * 1e3, connections.into()]
}

pub(super) struct R2d2(r2d2::Pool<Slow>);

impl r2d2::ManageConnection for Slow {
    type Connection = Alive;
    type Error = Infallible;

    fn connect(&self) -> Result<Alive, Infallible> {
        Ok(self.open())
    }

    fn is_valid(&self, _connection: &mut Alive) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _connection: &mut Alive) -> bool {
        false
    }
}

impl Spiked for R2d2 {
    fn build(slow: Slow) -> Result<Self, String> {
        let builder = r2d2::Pool::builder()
            .max_size(REQUESTS)
            .min_idle(Some(MIN_IDLE))
            .test_on_check_out(false);
        let pool = builder.build(slow);
        pool.map(Self).map_err(|error| error.to_string())
    }

    fn serve(&self, work: impl FnOnce()) -> Result<(), String> {
        let _lease = self.0.get().map_err(|error| error.to_string())?;
        work();
        Ok(())
    }
}

pub(super) struct Bb8(bb8::Pool<Slow>);

impl bb8::ManageConnection for Slow {
    type Connection = Alive;
    type Error = Infallible;

    async fn connect(&self) -> Result<Alive, Infallible> {
        Ok(self.open_async().await)
    }

    async fn is_valid(&self, _connection: &mut Alive) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _connection: &mut Alive) -> bool {
        false
    }
}

impl SpikedAsync for Bb8 {
    async fn build(slow: Slow) -> Result<Self, String> {
        let builder = bb8::Pool::builder()
            .max_size(REQUESTS)
            .min_idle(MIN_IDLE)
            .test_on_check_out(false);
        let pool = builder.build(slow).await;
        pool.map(Self).map_err(|error| error.to_string())
    }

    async fn serve<W: Future + Send>(&self, work: impl FnOnce() -> W + Send) -> Result<(), String> {
        let _lease = self.0.get().await.map_err(|error| error.to_string())?;
        work().await;
        Ok(())
    }
}
