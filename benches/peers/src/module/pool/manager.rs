//! What makes the connections of every pool: numbers, at no cost.

use std::convert::Infallible;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool::managed::{Metrics, RecycleResult};

/// Counts its connections; each is its number. A check finds nothing wrong.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    next: AtomicU64,
}

impl Numbers {
    pub(super) fn open(&self) -> Result<u64, Infallible> {
        Ok(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl r2d2::ManageConnection for Numbers {
    type Connection = u64;
    type Error = Infallible;

    fn connect(&self) -> Result<u64, Infallible> {
        self.open()
    }

    fn is_valid(&self, _connection: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _connection: &mut u64) -> bool {
        false
    }
}

impl bb8::ManageConnection for Numbers {
    type Connection = u64;
    type Error = Infallible;

    fn connect(&self) -> impl Future<Output = Result<u64, Infallible>> + Send {
        ready(self.open())
    }

    fn is_valid(
        &self,
        _connection: &mut u64,
    ) -> impl Future<Output = Result<(), Infallible>> + Send {
        ready(Ok(()))
    }

    fn has_broken(&self, _connection: &mut u64) -> bool {
        false
    }
}

impl deadpool::managed::Manager for Numbers {
    type Type = u64;
    type Error = Infallible;

    fn create(&self) -> impl Future<Output = Result<u64, Infallible>> + Send {
        ready(self.open())
    }

    fn recycle(
        &self,
        _connection: &mut u64,
        _metrics: &Metrics,
    ) -> impl Future<Output = RecycleResult<Infallible>> + Send {
        ready(Ok(()))
    }
}

#[mobc::async_trait]
impl mobc::Manager for Numbers {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        self.open()
    }

    async fn check(&self, connection: u64) -> Result<u64, Infallible> {
        Ok(connection)
    }
}
