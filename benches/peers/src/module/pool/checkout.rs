//! A checkout and its return, when there is a connection for everybody.

use std::any::type_name;
use std::hint::black_box;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{unconstrained, yield_now};

use super::contestant::{Asynchronous, Blocking, Setting, filled, filled_async, runtime};
use crate::memory::Allocations;
use crate::worker::Repeat;
use crate::workload::{Contestant, Role, Timed, Worker};

pub(super) type Row = Contestant<Box<dyn Timed>>;

const BATCH: u64 = 256;
/// Checkouts after which a task lets others of its thread run. The runtime's own way to make it do so is switched off: it
/// counts only what is made of the runtime's parts, and is not there for the others.
const TURN: u64 = 64;

pub(super) fn blocking<P: Blocking>(name: &'static str, role: Role, setting: Setting) -> Row {
    Contestant::new(name, role, move || {
        let pool = filled::<P>(setting)?;
        Ok(Box::new(Threads { pool, setting }) as Box<dyn Timed>)
    })
}

struct Threads<P> {
    pool: P,
    setting: Setting,
}

#[inline]
fn visit<P: Blocking>(pool: &P, setting: Setting) {
    let lease = pool.acquire();
    assert!(
        matches!(&lease, Ok(lease) if is_one(**lease, setting)),
        "{} leases {:?}",
        type_name::<P>(),
        lease.map(|lease| *lease)
    );
}

#[inline]
fn is_one(connection: u64, setting: Setting) -> bool {
    black_box(connection) < setting.connections.into()
}

impl<P: Blocking> Timed for Threads<P> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(Repeat::new(BATCH, || visit(&self.pool, self.setting)))
    }
}

/// As many checkouts as are asked for, by one task.
async fn visits<P: Asynchronous>(pool: &P, setting: Setting, calls: u64) {
    for _ in 0..calls {
        let lease = pool.acquire().await;
        assert!(
            matches!(&lease, Ok(lease) if is_one(**lease, setting)),
            "{} leases {:?} {}",
            type_name::<P>(),
            lease.map(|lease| *lease),
            pool.told()
        );
    }
}

/// By a task on the thread that measures; its runtime is entered once for all of its batches.
pub(super) fn alone<P: Asynchronous>(name: &'static str, role: Role, setting: Setting) -> Row {
    Contestant::new(name, role, move || {
        let alone = Alone {
            pool: filled_async::<P>(setting)?,
            runtime: single()?,
            setting,
        };
        Ok(Box::new(alone) as Box<dyn Timed>)
    })
}

fn single() -> Result<Runtime, String> {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.map_err(|error| error.to_string())
}

struct Alone<P> {
    pool: P,
    runtime: Runtime,
    setting: Setting,
}

impl<P: Asynchronous> Timed for Alone<P> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(self)
    }
}

impl<P: Asynchronous> Worker for &Alone<P> {
    fn run(&mut self, batches: u64) {
        let visits = visits(&self.pool, self.setting, batches.saturating_mul(BATCH));
        self.runtime.block_on(unconstrained(visits));
    }
}

/// By a task for each thread that measures, all of them on a runtime of as many threads as there are processors.
pub(super) fn tasks<P: Asynchronous>(name: &'static str, role: Role, setting: Setting) -> Row {
    Contestant::new(name, role, move || {
        let tasks = Tasks {
            pool: Arc::new(filled_async::<P>(setting)?),
            runtime: runtime()?,
            setting,
        };
        Ok(Box::new(tasks) as Box<dyn Timed>)
    })
}

struct Tasks<P> {
    pool: Arc<P>,
    runtime: &'static Runtime,
    setting: Setting,
}

impl<P: Asynchronous> Timed for Tasks<P> {
    fn batch(&self) -> u64 {
        BATCH
    }

    fn worker(&self, _thread: usize) -> Box<dyn Worker + '_> {
        Box::new(self)
    }
}

impl<P: Asynchronous> Worker for &Tasks<P> {
    fn run(&mut self, batches: u64) {
        let turns = batches.saturating_mul(BATCH / TURN);
        let (pool, setting) = (Arc::clone(&self.pool), self.setting);
        let task = self.runtime.spawn(unconstrained(async move {
            for _ in 0..turns {
                visits(&*pool, setting, TURN).await;
                yield_now().await;
            }
        }));
        let ended = self.runtime.block_on(task);
        assert!(ended.is_ok(), "{ended:?}");
    }
}

/// How often a checkout and its return ask for memory. The caller may say that it must not happen.
pub(super) fn allocations<P: Blocking>(
    name: &'static str,
    role: Role,
    setting: Setting,
) -> Contestant<f64> {
    Contestant::new(name, role, move || {
        let pool = filled::<P>(setting)?;
        let visits = || (0..COUNTED).for_each(|_| visit(&pool, setting));
        visits();
        let allocations = Allocations::start();
        visits();
        per_visit(&allocations, role)
    })
}

pub(super) fn allocations_async<P: Asynchronous>(
    name: &'static str,
    role: Role,
    setting: Setting,
) -> Contestant<f64> {
    Contestant::new(name, role, move || {
        let pool = filled_async::<P>(setting)?;
        single()?.block_on(unconstrained(async {
            visits(&pool, setting, COUNTED).await;
            let allocations = Allocations::start();
            visits(&pool, setting, COUNTED).await;
            per_visit(&allocations, role)
        }))
    })
}

/// Checkouts among which allocations are counted.
const COUNTED: u64 = 1000;

/// Ours must have none.
fn per_visit(allocations: &Allocations, role: Role) -> Result<f64, String> {
    match (allocations.count(), role) {
        (1.., Role::Tenfold) => Err(format!(
            "{} allocations in {COUNTED} checkouts",
            allocations.count()
        )),
        (count, _) => Ok(count as f64 / COUNTED as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_of_ours_is_an_error() {
        let allocations = Allocations::start();
        assert_eq!(per_visit(&allocations, Role::Tenfold), Ok(0.0));
        let held = Box::new(0_u64);
        assert_eq!(per_visit(&allocations, Role::Peer), Ok(0.001));
        assert!(per_visit(&allocations, Role::Tenfold).is_err());
        drop(held);
    }
}
