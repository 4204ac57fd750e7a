//! What a check sends, and what it must get.

use std::sync::atomic::{AtomicU64, Ordering};

use redis::{ErrorKind, Pipeline, RedisError};

/// Asks for an echo that nothing else on the connection asked for. A connection that is out of step answers with a reply to somebody
/// else, one within `MULTI` with `QUEUED`, and one with a subscription with a list.
#[derive(Debug, Default)]
pub(super) struct Probe(AtomicU64);

impl Probe {
    /// What to send, and the echo that must come back.
    pub(super) fn next(&self) -> (Pipeline, String) {
        let echo = format!("tenfold {}", self.0.fetch_add(1, Ordering::Relaxed));
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("UNWATCH").ignore().cmd("PING").arg(&echo);
        (pipeline, echo)
    }

    pub(super) fn judge(expected: &str, (echo,): &(String,)) -> Result<(), RedisError> {
        if echo == expected {
            return Ok(());
        }
        Err((
            ErrorKind::UnexpectedReturnType,
            "the connection answers something else than it was asked",
        )
            .into())
    }
}
