//! What a pool of many keys tells of itself.

use crate::pool::{Stats, Status};

/// A [`KeyedPool`](super::KeyedPool) at one moment. What is counted is counted one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct KeyedStatus {
    /// Keys that have a pool.
    pub keys: usize,
    /// Connections of all keys, in whatever state: those of keys that were forgotten, and are being closed, too.
    pub total: u32,
    /// Connections there may be.
    pub max_total: u32,
    /// Keys that want one more connection, and wait for others to give way.
    pub starving: usize,
    /// The sum over all pools; closed if the whole is.
    pub pools: Status,
}

/// What happened in a [`KeyedPool`](super::KeyedPool) since it was built, and how it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct KeyedStats {
    /// Keys that got a pool.
    pub keys_made: u64,
    /// Keys that were forgotten, or [evicted](super::KeyedPool::evict_key).
    pub keys_forgotten: u64,
    /// Calls that were refused because there were too many keys.
    pub keys_refused: u64,
    /// Connections that were closed for another key.
    pub gave_way: u64,
    /// The sum over all pools, also those that are gone.
    pub pools: Stats,
    /// The present.
    pub status: KeyedStatus,
}

impl KeyedStats {
    /// What happened since `earlier`: the counters as differences, the status as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            keys_made: self.keys_made.saturating_sub(earlier.keys_made),
            keys_forgotten: self.keys_forgotten.saturating_sub(earlier.keys_forgotten),
            keys_refused: self.keys_refused.saturating_sub(earlier.keys_refused),
            gave_way: self.gave_way.saturating_sub(earlier.gave_way),
            pools: self.pools.since(&earlier.pools),
            status: self.status,
        }
    }
}

/// Both together.
pub(super) const fn sum_status(a: &Status, b: &Status) -> Status {
    Status {
        max_size: a.max_size.saturating_add(b.max_size),
        total: a.total.saturating_add(b.total),
        idle: a.idle.saturating_add(b.idle),
        in_use: a.in_use.saturating_add(b.in_use),
        connecting: a.connecting.saturating_add(b.connecting),
        checking: a.checking.saturating_add(b.checking),
        closing: a.closing.saturating_add(b.closing),
        waiting: a.waiting.saturating_add(b.waiting),
        paused: a.paused || b.paused,
        closed: a.closed,
        failures: a.failures.saturating_add(b.failures),
    }
}

/// Both together, but for the status.
pub(super) const fn sum(a: &Stats, b: &Stats) -> Stats {
    Stats {
        checkouts: a.checkouts.saturating_add(b.checkouts),
        waits: a.waits.saturating_add(b.waits),
        refused: a.refused.saturating_add(b.refused),
        timeouts: a.timeouts.saturating_add(b.timeouts),
        connected: a.connected.saturating_add(b.connected),
        connect_failures: a.connect_failures.saturating_add(b.connect_failures),
        abandoned: a.abandoned.saturating_add(b.abandoned),
        checks: a.checks.saturating_add(b.checks),
        check_failures: a.check_failures.saturating_add(b.check_failures),
        leaks: a.leaks.saturating_add(b.leaks),
        passed_on: a.passed_on.saturating_add(b.passed_on),
        closed: a.closed.saturating_add(b.closed),
        closed_broken: a.closed_broken.saturating_add(b.closed_broken),
        closed_check_failed: a.closed_check_failed.saturating_add(b.closed_check_failed),
        closed_idle: a.closed_idle.saturating_add(b.closed_idle),
        closed_expired: a.closed_expired.saturating_add(b.closed_expired),
        used_for: a.used_for.saturating_add(b.used_for),
        status: a.status,
    }
}
