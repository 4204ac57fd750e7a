//! The two traits behind which every pool of this module stands, and the runtime under the asynchronous ones.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// How a pool is set up: in the way that is fastest for it, or so but for the checks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) connections: u32,
    pub(super) checks: Checks,
}

/// Whether a connection is checked when it is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Checks {
    /// Not if that can be said.
    Off,
    /// As the pool does it by itself.
    Default,
}

impl Setting {
    pub(super) const fn best(connections: u32) -> Self {
        Self {
            connections,
            checks: Checks::Off,
        }
    }
}

/// A pool for threads. Its connections are numbers, counted from zero.
pub(super) trait Blocking: Sized + Send + Sync + 'static {
    type Lease<'p>: Deref<Target = u64>;
    type Error: Debug;

    fn build(setting: Setting) -> Result<Self, String>;

    /// Takes a connection, which goes back when the lease is dropped.
    fn acquire(&self) -> Result<Self::Lease<'_>, Self::Error>;
}

/// A pool for tasks.
pub(super) trait Asynchronous: Sized + Send + Sync + 'static {
    type Lease<'p>: Deref<Target = u64> + Send;
    type Error: Debug + Send;

    /// Called on a runtime.
    fn build(setting: Setting) -> Result<Self, String>;

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send;

    fn told(&self) -> String {
        String::new()
    }
}

/// A pool that has opened all its connections, each one once.
pub(super) fn filled<P: Blocking>(setting: Setting) -> Result<P, String> {
    let pool = P::build(setting)?;
    let mut held = Vec::new();
    for _ in 0..setting.connections {
        held.push(pool.acquire().map_err(text)?);
    }
    are_all(held.iter().map(|lease| **lease), setting)?;
    drop(held);
    Ok(pool)
}

pub(super) fn filled_async<P: Asynchronous>(setting: Setting) -> Result<P, String> {
    runtime()?.block_on(async {
        let pool = P::build(setting)?;
        let mut held = Vec::new();
        for _ in 0..setting.connections {
            held.push(pool.acquire().await.map_err(text)?);
        }
        are_all(held.iter().map(|lease| **lease), setting)?;
        drop(held);
        Ok(pool)
    })
}

fn text(error: impl Debug) -> String {
    format!("no connection: {error:?}")
}

/// Whether those who hold a connection each hold another one.
fn are_all(held: impl Iterator<Item = u64>, setting: Setting) -> Result<(), String> {
    let mut held: Vec<u64> = held.collect();
    held.sort_unstable();
    let due = 0..u64::from(setting.connections);
    if held.iter().copied().eq(due) {
        Ok(())
    } else {
        Err(format!("{held:?} are out at once"))
    }
}

/// With a worker for each processor: tokio's own default.
pub(super) fn runtime() -> Result<&'static Runtime, String> {
    static RUNTIME: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
        let runtime = Builder::new_multi_thread().enable_time().build();
        runtime.map_err(|error| error.to_string())
    });
    RUNTIME.as_ref().map_err(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_out_twice_is_an_error() {
        let setting = Setting::best(3);
        assert_eq!(are_all([2, 0, 1].into_iter(), setting), Ok(()));
        for wrong in [[0, 1, 1], [1, 2, 3]] {
            assert!(are_all(wrong.into_iter(), setting).is_err());
        }
        assert!(are_all([0, 1].into_iter(), setting).is_err());
    }
}
