//! Settings of loads.

use std::sync::Arc;
use std::time::Duration;

use super::super::Error;
use super::super::store::{Columns, NEVER};
use crate::kernel::clock::{Clock, Tick, saturating_nanos};
use crate::kernel::flight::Rules;

/// Settings of a cache's loads: a part of [`Config`](crate::cache::Config).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
#[non_exhaustive]
pub struct LoadConfig {
    /// Keys that are loaded at a time; no bound by default but one that only a flood reaches. A load that another caller takes over is let
    /// go on above it.
    pub max_loads: Option<usize>,
    /// Callers that wait for one load: a million by default.
    pub max_waiters: usize,
    /// A task that leads a load, was woken and is not polled for so long loses the lead to one that waits: 100 ms by default.
    pub patience: Duration,
    /// How long it is remembered that a load found nothing; not at all by default.
    pub negative_ttl: Option<Duration>,
    /// After what time a value is loaded anew while the old one is served; not before it expires by default.
    pub refresh_after_write: Option<Duration>,
    /// How long a value is kept behind its time to live for those whose load fails; not at all by default.
    pub stale_if_error: Option<Duration>,
    /// How early values are loaded anew before they expire, in times of a load; not at all by default.
    pub early_refresh: Option<f64>,
}

impl Default for LoadConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl LoadConfig {
    /// The default settings.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_loads: None,
            max_waiters: 1 << 20,
            patience: Duration::from_millis(100),
            negative_ttl: None,
            refresh_after_write: None,
            stale_if_error: None,
            early_refresh: None,
        }
    }

    /// Whether there may be a cache with these settings.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self
            .refresh_after_write
            .is_some_and(|fresh| fresh.is_zero())
        {
            return Err(Error::NoFreshness);
        }
        let possible = |beta: f64| beta.is_finite() && beta >= 0.0;
        if self.early_refresh.is_some_and(|beta| !possible(beta)) {
            return Err(Error::EarlyRefresh);
        }
        Ok(())
    }

    /// What has to be known of entries besides when they expire.
    pub(crate) const fn columns(&self) -> Columns {
        Columns {
            deadlines: false,
            limits: false,
            refreshes: self.refresh_after_write.is_some() || self.early_refresh.is_some(),
            costs: self.early_refresh.is_some(),
        }
    }

    /// Whether entries may be loaded anew while they are there.
    pub(crate) const fn revises(&self) -> bool {
        self.refresh_after_write.is_some()
            || self.early_refresh.is_some()
            || self.stale_if_error.is_some()
    }

    /// How long entries are kept behind their time, in nanoseconds.
    pub(crate) fn linger(&self) -> u64 {
        /// 146 years, lest times add up to more than a number can be.
        const LONGEST: u64 = u64::MAX / 4;
        let kept = self.stale_if_error.map_or(0, saturating_nanos);
        kept.min(LONGEST)
    }

    /// When an entry that is stored now, or whose refresh fails now, is to be loaded anew.
    pub(crate) fn refresh_at(&self, now: Tick, retry: bool) -> u64 {
        let fresh = self.refresh_after_write;
        let wait = fresh.map(|fresh| if retry { fresh / 10 } else { fresh });
        wait.map_or(NEVER, |wait| now.saturating_add(wait).as_nanos())
    }

    /// What the table of loads of a shard goes by.
    pub(crate) fn rules(&self, clock: Arc<dyn Clock>) -> Rules {
        let mut rules = Rules::new(clock);
        rules.max_waiters = self.max_waiters;
        rules.patience = self.patience;
        rules
    }
}
