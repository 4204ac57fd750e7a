//! What time it is, to a pool.

use std::sync::Arc;
use std::time::Duration;

use crate::kernel::clock::{Clock, Tick, coarse};

#[derive(Clone, Debug)]
pub(crate) struct Time {
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether the process's tick may stand for the clock.
    coarse: bool,
}

impl Time {
    pub(crate) fn new(clock: Arc<dyn Clock>, coarse: bool) -> Self {
        Self { clock, coarse }
    }

    /// By the clock.
    pub(crate) fn now(&self) -> Tick {
        self.clock.now()
    }

    /// By the last tick, if the clock is the process's.
    #[inline]
    pub(crate) fn about_now(&self) -> u64 {
        if self.coarse {
            coarse::now()
        } else {
            self.clock.now().as_nanos()
        }
    }

    /// Whether it is before `due`, a tick late at most.
    #[inline]
    pub(crate) fn is_before(&self, due: u64) -> bool {
        if self.coarse {
            coarse::is_before(due)
        } else {
            due == u64::MAX || self.clock.now().as_nanos() < due
        }
    }

    /// So long after `from`; never if there is no limit.
    pub(crate) fn after(from: u64, limit: Option<Duration>) -> u64 {
        limit.map_or(u64::MAX, |limit| {
            Tick::from_nanos(from).saturating_add(limit).as_nanos()
        })
    }
}
