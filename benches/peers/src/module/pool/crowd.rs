//! More takers than connections: everybody takes one, holds it for a while, gives it back and comes again.
//!
//! Who holds a connection sleeps. That is what waiting for an answer is like; and with more holders than processors, holders that
//! spin would take the processors from each other and from those who wait, and hold far longer than they should. What the
//! system adds to a sleep (on Linux 50 µs and more) is the same for every contestant.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::unconstrained;

use super::contestant::{Asynchronous, Blocking, Setting, filled, filled_async, runtime};
use super::waits::{self, Waits};
use crate::workload::{Contestant, Figure, Play, Role};

pub(super) type Row = Contestant<Box<dyn Play>>;

/// How many come, to how many connections, for how long, and what is told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    pub(super) takers: usize,
    pub(super) connections: u32,
    pub(super) hold: Duration,
    pub(super) figures: &'static [Figure],
}

/// Of threads, at a pool for threads.
pub(super) fn threads<P: Blocking>(name: &'static str, role: Role, crowd: Crowd) -> Row {
    Contestant::new(name, role, move || {
        let pool = filled::<P>(Setting::best(crowd.connections))?;
        let take = move |waits: &mut Waits| {
            while let Some(began) = waits.begin() {
                let lease = pool.acquire().map_err(|error| format!("{error:?}"))?;
                waits.end(began);
                thread::sleep(crowd.hold);
                drop(lease);
            }
            Ok(())
        };
        Ok(Box::new(Threads { take, crowd }) as Box<dyn Play>)
    })
}

/// Of threads, at a pool for tasks: each thread enters the runtime once, and holds a connection as any thread does.
pub(super) fn entered<P: Asynchronous>(name: &'static str, role: Role, crowd: Crowd) -> Row {
    Contestant::new(name, role, move || {
        let pool = filled_async::<P>(Setting::best(crowd.connections))?;
        let runtime = runtime()?;
        let take = move |waits: &mut Waits| {
            runtime.handle().block_on(unconstrained(async {
                while let Some(began) = waits.begin() {
                    let lease = pool.acquire().await.map_err(|error| format!("{error:?}"))?;
                    waits.end(began);
                    thread::sleep(crowd.hold);
                    drop(lease);
                }
                Ok(())
            }))
        };
        Ok(Box::new(Threads { take, crowd }) as Box<dyn Play>)
    })
}

struct Threads<F> {
    take: F,
    crowd: Crowd,
}

impl<F: Fn(&mut Waits) -> Result<(), String> + Sync> Play for Threads<F> {
    fn play(&self, length: Duration) -> Result<Vec<f64>, String> {
        let all_here = Barrier::new(self.crowd.takers);
        let began = Instant::now();
        let takers = thread::scope(|scope| {
            let take = || {
                let mut waits = Waits::until(began + length);
                all_here.wait();
                (self.take)(&mut waits).map(|()| waits)
            };
            let takers: Vec<_> = (0..self.crowd.takers).map(|_| scope.spawn(take)).collect();
            let ended = takers.into_iter().map(|taker| taker.join());
            ended
                .map(|taken| taken.map_err(|_| "a thread panicked".to_owned())?)
                .collect::<Result<Vec<_>, String>>()
        })?;
        waits::figures(&takers, self.crowd.figures, began.elapsed())
    }
}

/// Of tasks, on a runtime of as many threads as there are processors.
pub(super) fn tasks<P: Asynchronous>(name: &'static str, role: Role, crowd: Crowd) -> Row {
    Contestant::new(name, role, move || {
        let pool = Arc::new(filled_async::<P>(Setting::best(crowd.connections))?);
        Ok(Box::new(Tasks { pool, crowd }) as Box<dyn Play>)
    })
}

struct Tasks<P> {
    pool: Arc<P>,
    crowd: Crowd,
}

impl<P: Asynchronous> Play for Tasks<P> {
    fn play(&self, length: Duration) -> Result<Vec<f64>, String> {
        let runtime = runtime()?;
        let began = Instant::now();
        let spawned: Vec<_> = (0..self.crowd.takers)
            .map(|_| {
                let waits = Waits::until(began + length);
                runtime.spawn(take(Arc::clone(&self.pool), waits, self.crowd.hold))
            })
            .collect();
        let mut takers = Vec::new();
        for taker in spawned {
            let taken = runtime.block_on(taker);
            takers.push(taken.map_err(|error| error.to_string())??);
        }
        waits::figures(&takers, self.crowd.figures, began.elapsed())
    }
}

async fn take<P: Asynchronous>(
    pool: Arc<P>,
    mut waits: Waits,
    hold: Duration,
) -> Result<Waits, String> {
    while let Some(began) = waits.begin() {
        let lease = pool.acquire().await.map_err(|error| format!("{error:?}"))?;
        waits.end(began);
        tokio::time::sleep(hold).await;
        drop(lease);
    }
    Ok(waits)
}
