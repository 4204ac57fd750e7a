//! What decides when an entry expires.

use std::time::Duration;

use super::age::deadline_of;
use super::{Ttl, Written};
use crate::cache::config::Config;
use crate::cache::store::{Columns, Lease, NEVER};
use crate::kernel::clock::{coarse, saturating_nanos};
use crate::kernel::dice;

pub(in crate::cache) type OnWrite<K, V> = dyn Fn(&K, &V, Written) -> Ttl + Send + Sync;
pub(in crate::cache) type OnRead<K, V> = dyn Fn(&K, &V, Option<Duration>) -> Ttl + Send + Sync;

pub(in crate::cache) struct Rules<K, V> {
    ttl: Option<Duration>,
    /// In nanoseconds.
    pub(super) idle: Option<u64>,
    jitter: f64,
    /// How long entries are kept behind their time, in nanoseconds.
    linger: u64,
    columns: Columns,
    pub(in crate::cache) on_write: Option<Box<OnWrite<K, V>>>,
    pub(super) on_read: Option<Box<OnRead<K, V>>>,
}

impl<K, V> Rules<K, V> {
    pub(in crate::cache) fn new(
        config: &Config,
        on_write: Option<Box<OnWrite<K, V>>>,
        on_read: Option<Box<OnRead<K, V>>>,
    ) -> Self {
        let limits = config.time_to_idle.is_some() || on_read.is_some();
        Self {
            ttl: config.time_to_live,
            idle: config.time_to_idle.map(saturating_nanos),
            jitter: config.jitter,
            linger: config.loads.linger(),
            columns: Columns {
                deadlines: limits || config.time_to_live.is_some() || on_write.is_some(),
                limits,
                ..config.loads.columns()
            },
            on_write,
            on_read,
        }
    }

    /// What tables have to keep from the start.
    pub(in crate::cache) const fn columns(&self) -> Columns {
        self.columns
    }

    /// How long entries are kept behind their time, for loads that fail.
    pub(in crate::cache) const fn linger(&self) -> u64 {
        self.linger
    }

    /// Whether a read may change when an entry expires.
    pub(in crate::cache) const fn touches(&self) -> bool {
        self.idle.is_some() || self.on_read.is_some()
    }

    /// Whether an entry that is stored by default expires.
    pub(in crate::cache) const fn by_default(&self) -> bool {
        self.ttl.is_some() || self.idle.is_some()
    }

    /// The times of an entry that is stored now, and is served for `most` at most; `None` if it would not be served at all.
    pub(in crate::cache) fn lease(
        &self,
        ttl: Ttl,
        most: Option<Duration>,
        now: u64,
    ) -> Option<Lease> {
        let most = most.map_or(NEVER, |most| after(now, saturating_nanos(most)));
        let limit = self.limit(ttl, now).min(most);
        let lease = self.lease_to(limit, now);
        (limit > now).then_some(lease)
    }

    /// The times of an entry that is served until `limit` at most, and was read or stored now.
    pub(super) fn lease_to(&self, limit: u64, now: u64) -> Lease {
        let until = limit.min(self.idle.map_or(NEVER, |idle| after(now, idle)));
        Lease {
            deadline: deadline_of(until, self.linger),
            limit,
        }
    }

    /// When a time that begins now is over.
    fn limit(&self, ttl: Ttl, now: u64) -> u64 {
        match (ttl, self.ttl) {
            (Ttl::For(ttl), _) | (Ttl::Default, Some(ttl)) => {
                after(now, self.jittered(saturating_nanos(ttl)))
            }
            (Ttl::Never, _) | (Ttl::Default, None) => NEVER,
        }
    }

    /// What a read has decided: without jitter, or each read would move it.
    pub(super) fn new_limit(&self, ttl: Ttl, now: u64) -> Option<u64> {
        match ttl {
            Ttl::Default => None,
            Ttl::Never => Some(NEVER),
            Ttl::For(ttl) => Some(after(now, saturating_nanos(ttl))),
        }
    }

    /// Somewhat less than `nanos`, and more than nothing.
    fn jittered(&self, nanos: u64) -> u64 {
        if self.jitter == 0.0 || nanos == 0 {
            return nanos;
        }
        // 53 bits are what a double has; the result is below one.
        let part = (dice::random() >> 11) as f64 / (1_u64 << 53) as f64;
        let less = (nanos as f64 * self.jitter * part) as u64;
        nanos.saturating_sub(less).max(1)
    }
}

/// How much later a deadline has to be to be worth a store, by what is left until then.
pub(super) fn step(rest: u64) -> u64 {
    (rest / 16).min(saturating_nanos(coarse::TICK))
}

/// A time that comes, or never.
pub(super) fn after(now: u64, nanos: u64) -> u64 {
    // The last two are no times: for ever, and a tick that does not stand.
    match now.saturating_add(nanos) {
        late if late >= NEVER - 1 => NEVER,
        deadline => deadline,
    }
}
