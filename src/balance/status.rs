//! How each backend is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::core::Inner;
use super::policy::Policy;
use super::state::Record;
use super::{BackendId, Balancer};
use crate::kernel::clock::{Clock, Tick};

/// How a backend is at the moment, and what happened at it: see [`Balancer::backends`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BackendStatus {
    /// The name that it was given.
    pub key: Arc<str>,
    /// Who it is.
    pub id: BackendId,
    /// Its part of the work when it is in order and warm.
    pub weight: u32,
    /// Whether it may be chosen, or why not.
    pub state: BackendState,
    /// Leases that have not ended.
    pub in_flight: u64,
    /// What a request is expected to take, failures being counted as latencies; `None` if the policy does not care for time.
    pub cost: Option<Duration>,
    /// The load that it reported last.
    pub reported_load: Option<f32>,
    /// Leases that were reported good.
    pub successes: u64,
    /// Leases that were reported failed.
    pub failures: u64,
    /// Leases that were dropped.
    pub cancelled: u64,
}

/// Whether a backend may be chosen, or what keeps it from that: the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum BackendState {
    /// It may.
    Usable,
    /// It may, and gets less than its part for now.
    Warming,
    /// It was [taken out of service](super::Changes::set_enabled).
    Disabled,
    /// It finishes what it has.
    Draining,
    /// Its weight is 0.
    Weightless,
    /// Its checks say so.
    Down,
    /// Its requests failed.
    Ejected,
}

impl fmt::Display for BackendState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usable => "usable",
            Self::Warming => "warming",
            Self::Disabled => "disabled",
            Self::Draining => "draining",
            Self::Weightless => "weightless",
            Self::Down => "down",
            Self::Ejected => "ejected",
        })
    }
}

impl<T, P: Policy, C: Clock> Balancer<T, P, C> {
    /// How each backend is, in the order in which they came.
    ///
    /// ```
    /// use tenfold::balance::{BackendState, Balancer, Request};
    ///
    /// let balancer = Balancer::new(["10.0.0.1:80", "10.0.0.2:80"])?;
    /// balancer.update(|changes| {
    ///     changes.set_weight("10.0.0.2:80", 0);
    /// })?;
    /// balancer.lease(&Request::new())?.success();
    /// let backends = balancer.backends();
    /// assert_eq!((backends[0].successes, backends[0].state), (1, BackendState::Usable));
    /// assert_eq!(backends[1].state, BackendState::Weightless);
    /// # Ok::<(), tenfold::balance::Error>(())
    /// ```
    #[must_use]
    pub fn backends(&self) -> Vec<BackendStatus> {
        let now = self.inner().clock.now();
        let state = self.inner().state.load();
        let status = |record| Inner::<T, P, C>::status(record, now);
        state.records.iter().map(status).collect()
    }
}

impl<T, P: Policy, C: Clock> Inner<T, P, C> {
    fn status(record: &Record<T>, now: Tick) -> BackendStatus {
        let backend = &record.backend;
        let vitals = &backend.vitals;
        let cost = || Duration::try_from_secs_f32(vitals.cost(now) / 1e9).unwrap_or(Duration::MAX);
        BackendStatus {
            key: backend.profile.key.clone(),
            id: backend.id(),
            weight: backend.weight,
            state: record.state(),
            in_flight: vitals.in_flight(),
            cost: P::TIMED.then(cost),
            reported_load: vitals.reported_load(),
            successes: vitals.successes(),
            failures: vitals.failures(),
            cancelled: vitals.cancelled(),
        }
    }
}

impl<T> Record<T> {
    fn state(&self) -> BackendState {
        let standing = self.standing;
        match () {
            () if !standing.enabled => BackendState::Disabled,
            () if standing.draining => BackendState::Draining,
            () if self.backend.weight == 0 => BackendState::Weightless,
            () if !standing.up => BackendState::Down,
            () if standing.ejected => BackendState::Ejected,
            () if standing.warming.is_some() => BackendState::Warming,
            () => BackendState::Usable,
        }
    }
}
