//! The least that any pool does: a queue of connections, and a semaphore where one may have to wait for them.

use std::convert::Infallible;
use std::ops::Deref;

use crossbeam_queue::ArrayQueue;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use super::contestant::{Asynchronous, Blocking, Setting};

/// Without waiting: for no more threads than there are connections.
pub(super) struct Queue(ArrayQueue<u64>);

impl Queue {
    fn of(setting: Setting) -> Self {
        let connections = ArrayQueue::new(setting.connections as usize);
        for number in 0..setting.connections.into() {
            connections.force_push(number);
        }
        Self(connections)
    }

    #[inline]
    fn take(&self) -> Popped<'_> {
        loop {
            if let Some(number) = self.0.pop() {
                return Popped {
                    number,
                    home: &self.0,
                };
            }
            std::hint::spin_loop();
        }
    }
}

pub(super) struct Popped<'p> {
    number: u64,
    home: &'p ArrayQueue<u64>,
}

impl Deref for Popped<'_> {
    type Target = u64;

    fn deref(&self) -> &u64 {
        &self.number
    }
}

impl Drop for Popped<'_> {
    #[inline]
    fn drop(&mut self) {
        // There is room for all of them.
        let _ = self.home.push(self.number);
    }
}

impl Blocking for Queue {
    type Lease<'p> = Popped<'p>;
    type Error = Infallible;

    fn build(setting: Setting) -> Result<Self, String> {
        Ok(Self::of(setting))
    }

    #[inline]
    fn acquire(&self) -> Result<Popped<'_>, Infallible> {
        Ok(self.take())
    }
}

/// With a permit for each connection; those who wait are served in their order.
pub(super) struct Gate {
    permits: Semaphore,
    queue: Queue,
}

/// The connection goes back before the permit.
pub(super) struct Admitted<'p> {
    popped: Popped<'p>,
    _permit: SemaphorePermit<'p>,
}

impl Deref for Admitted<'_> {
    type Target = u64;

    fn deref(&self) -> &u64 {
        &self.popped
    }
}

impl Asynchronous for Gate {
    type Lease<'p> = Admitted<'p>;
    type Error = AcquireError;

    fn build(setting: Setting) -> Result<Self, String> {
        Ok(Self {
            permits: Semaphore::new(setting.connections as usize),
            queue: Queue::of(setting),
        })
    }

    async fn acquire(&self) -> Result<Admitted<'_>, AcquireError> {
        let permit = self.permits.acquire().await?;
        Ok(Admitted {
            popped: self.queue.take(),
            _permit: permit,
        })
    }
}
