//! tenfold's own pool.

use std::convert::Infallible;
use std::time::Duration;

use tenfold::pool::{
    AcquireError, AsyncConnect, Builder, Connect, Fairness, Lease, Manage, OwnedLease, Pool,
};

use super::contestant::{Asynchronous, Blocking, Checks, Setting, runtime};
use super::manager::Numbers;
use super::spike::{Alive, MIN_IDLE, REQUESTS, Slow, Spiked, SpikedAsync};

impl Manage for Numbers {
    type Connection = u64;
    type Error = Infallible;
}

impl Connect for Numbers {
    fn connect(&self) -> Result<u64, Infallible> {
        self.open()
    }
}

impl AsyncConnect for Numbers {
    async fn connect(&self) -> Result<u64, Infallible> {
        self.open()
    }
}

/// As it comes, or out of turn.
pub(super) struct Ours<const THROUGHPUT: bool = false>(Pool<Numbers>);

fn builder<const THROUGHPUT: bool>(setting: Setting) -> Builder<Numbers> {
    // What is checked by default is what has been idle for long.
    let (Checks::Off | Checks::Default) = setting.checks;
    let builder = Pool::builder(Numbers::default()).max_size(setting.connections);
    if THROUGHPUT {
        builder.fairness(Fairness::Throughput)
    } else {
        builder
    }
}

impl<const THROUGHPUT: bool> Blocking for Ours<THROUGHPUT> {
    type Lease<'p> = Lease<'p, Numbers>;
    type Error = AcquireError<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let pool = builder::<THROUGHPUT>(setting).build();
        pool.map(Self).map_err(|error| error.to_string())
    }

    #[inline]
    fn acquire(&self) -> Result<Self::Lease<'_>, Self::Error> {
        self.0.acquire()
    }
}

impl<const THROUGHPUT: bool> Asynchronous for Ours<THROUGHPUT> {
    type Lease<'p> = Lease<'p, Numbers>;
    type Error = AcquireError<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let pool = builder::<THROUGHPUT>(setting).build_async();
        pool.map(Self).map_err(|error| error.to_string())
    }

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send {
        self.0.acquire_async()
    }

    fn told(&self) -> String {
        format!("{:?} {:?}", self.0.status(), self.0.stats())
    }
}

/// With leases that keep the pool.
pub(super) struct Owned(Pool<Numbers>);

impl Blocking for Owned {
    type Lease<'p> = OwnedLease<Numbers>;
    type Error = AcquireError<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let pool = builder::<false>(setting).build();
        pool.map(Self).map_err(|error| error.to_string())
    }

    #[inline]
    fn acquire(&self) -> Result<Self::Lease<'_>, Self::Error> {
        self.0.acquire_owned()
    }
}

impl Asynchronous for Owned {
    type Lease<'p> = OwnedLease<Numbers>;
    type Error = AcquireError<Infallible>;

    fn build(setting: Setting) -> Result<Self, String> {
        let pool = builder::<false>(setting).build_async();
        pool.map(Self).map_err(|error| error.to_string())
    }

    fn acquire(&self) -> impl Future<Output = Result<Self::Lease<'_>, Self::Error>> + Send {
        self.0.acquire_owned_async()
    }
}

impl Manage for Slow {
    type Connection = Alive;
    type Error = Infallible;
}

impl Connect for Slow {
    fn connect(&self) -> Result<Alive, Infallible> {
        Ok(self.open())
    }
}

impl AsyncConnect for Slow {
    async fn connect(&self) -> Result<Alive, Infallible> {
        Ok(self.open_async().await)
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
const COLD: &str = "it was not filled in time";

pub(super) struct OursSpiked(Pool<Slow>);

fn spiked(slow: Slow) -> Builder<Slow> {
    Pool::builder(slow).max_size(REQUESTS).min_idle(MIN_IDLE)
}

impl Spiked for OursSpiked {
    fn build(slow: Slow) -> Result<Self, String> {
        let pool = spiked(slow).build().map_err(|error| error.to_string())?;
        let warm = pool.warm_up(MIN_IDLE, PATIENCE);
        warm.then_some(Self(pool)).ok_or_else(|| COLD.to_owned())
    }

    fn serve(&self, work: impl FnOnce()) -> Result<(), String> {
        let _lease = self.0.acquire().map_err(|error| error.to_string())?;
        work();
        Ok(())
    }
}

impl SpikedAsync for OursSpiked {
    async fn build(slow: Slow) -> Result<Self, String> {
        let runtime = runtime()?;
        let builder = spiked(slow).spawner(|task| drop(runtime.spawn(task)));
        let pool = builder.build_async().map_err(|error| error.to_string())?;
        let warm = pool.warm_up_async(MIN_IDLE, PATIENCE).await;
        warm.then_some(Self(pool)).ok_or_else(|| COLD.to_owned())
    }

    async fn serve<W: Future + Send>(&self, work: impl FnOnce() -> W + Send) -> Result<(), String> {
        let lease = self.0.acquire_async().await;
        let _lease = lease.map_err(|error| error.to_string())?;
        work().await;
        Ok(())
    }
}
