//! Lets a future that needs a tokio runtime be polled from anywhere.

use std::future::{Future, poll_fn};
use std::pin::pin;

use tokio::runtime::Handle;

/// Polls `future` within the runtime behind `handle`: its sockets and timers are driven there, whoever polls.
pub(super) async fn within<F: Future>(handle: &Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _inside = handle.enter();
        future.as_mut().poll(context)
    })
    .await
}
