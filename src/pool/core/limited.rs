//! A future of the user's that may take so long, and may panic.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::time::Time;
use super::verbs::BoxFuture;
use crate::kernel::clock::{Clock, Tick};
use crate::kernel::upkeep::{Deadline, shielded};

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    TimedOut,
    Panicked,
}

/// What `future` comes to by `due`. It is dropped when it has ended, in whatever way.
pub(super) fn limited<T>(time: &Time, due: Tick, future: BoxFuture<T>) -> Limited<T> {
    Limited {
        future: Some(future),
        deadline: Deadline::new(time.clock.clone(), due),
    }
}

pub(super) struct Limited<T> {
    future: Option<BoxFuture<T>>,
    deadline: Deadline<Arc<dyn Clock>>,
}

impl<T> Future for Limited<T> {
    type Output = Result<T, Failed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Some(future) = &mut this.future else {
            return Poll::Pending;
        };
        let ended = match shielded(|| future.as_mut().poll(context)) {
            Some(Poll::Ready(value)) => Ok(value),
            None => Err(Failed::Panicked),
            Some(Poll::Pending) => {
                if this.deadline.poll(context.waker()).is_pending() {
                    return Poll::Pending;
                }
                Err(Failed::TimedOut)
            }
        };
        let future = this.future.take();
        shielded(|| drop(future));
        Poll::Ready(ended)
    }
}

impl<T> Drop for Limited<T> {
    fn drop(&mut self) {
        let future = self.future.take();
        shielded(|| drop(future));
    }
}
