//! Settings of a balancer.

use std::sync::OnceLock;
use std::time::Duration;

use super::algorithm::Decay;
use super::core::Inner;
use super::ejections::Ejections;
use super::house::House;
use super::keeper;
use super::policy::{Adaptive, Policy};
use super::source::Shared;
use super::spec::Spec;
use super::state::State;
use super::{Balancer, Changes, Error};
use crate::health::{Outlier, Panic, SlowStart, Upkeep};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::dice;
use crate::kernel::snapshot::Snapshot;
use crate::kernel::sync::{Arc, Mutex};

/// Settings of a [`Balancer`].
///
/// ```
/// use std::time::Duration;
/// use tenfold::balance::{Adaptive, Balancer, Config};
///
/// let mut config = Config::default();
/// config.decay = Duration::from_secs(5);
/// let balancer = Balancer::builder(Adaptive).config(config).backends(["a:80"]).build()?;
/// assert_eq!(balancer.config(), &config);
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// How long a latency or a failure is remembered, until 1/e of it is left: 10 s by default, 1 ms to 1 h.
    pub decay: Duration,
    /// What failures multiply the expected cost of a backend by, at most: 32 by default, 1 to a million. The first costs 8 (or this, if it
    /// is less), and each further one in a row doubles that. It is forgotten over decay times, and half of it with each success.
    pub failure_factor: f32,
    /// The latency that is expected while none is known of any backend: 30 ms by default, 1 ns to 1 h. Once some are known, a backend of which
    /// nothing is known, or nothing any more, is expected to take nine tenths of the usual: a little less, so that it is found out.
    pub initial_latency: Duration,
    /// What to do when few backends are in order: nothing special by default.
    pub panic: Panic,
    /// Takes out whose requests fail: see [`Outlier`]. Nobody by default.
    pub outlier: Option<Outlier>,
    /// Lets who comes or recovers begin with a part of its share. Nobody by default.
    pub slow_start: Option<SlowStart>,
    /// Who does what is to be done now and then: bring back who was out, look at rates, let newcomers grow, refine plans. By default it
    /// happens by itself when it is due by the balancer's clock, and nothing is woken while nothing is.
    pub upkeep: Upkeep,
    /// Backends that there may be: 65 536 by default, and at most.
    pub max_backends: usize,
    /// Makes random choices repeatable, as far as calls come in the same order, at the cost of a line that all callers write.
    pub seed: Option<u64>,
}

const MOST_BACKENDS: usize = 1 << 16;

impl Default for Config {
    fn default() -> Self {
        Self {
            decay: Duration::from_secs(10),
            failure_factor: 32.0,
            initial_latency: Duration::from_millis(30),
            panic: Panic::Never,
            outlier: None,
            slow_start: None,
            upkeep: Upkeep::Automatic,
            max_backends: MOST_BACKENDS,
            seed: None,
        }
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        let hour = Duration::from_secs(3600);
        let bad = |rule| Err(Error::BadSetting { rule });
        if !(Duration::from_millis(1)..=hour).contains(&self.decay) {
            return bad("decay must be 1 ms to 1 h");
        }
        if !(1.0..=1e6).contains(&self.failure_factor) {
            return bad("failure_factor must be 1 to 1 000 000");
        }
        if !(Duration::from_nanos(1)..=hour).contains(&self.initial_latency) {
            return bad("initial_latency must be 1 ns to 1 h");
        }
        if !(1..=MOST_BACKENDS).contains(&self.max_backends) {
            return bad("max_backends must be 1 to 65 536");
        }
        if self
            .panic
            .percent()
            .is_some_and(|percent| !(1..=100).contains(&percent))
        {
            return bad("panic must be below 1 to 100 percent");
        }
        let health = |checked: Result<(), crate::health::Error>| match checked {
            Err(crate::health::Error::BadSetting { rule }) => bad(rule),
            _ => Ok(()),
        };
        self.outlier
            .map_or(Ok(()), |outlier| health(outlier.validate()))?;
        self.slow_start
            .map_or(Ok(()), |slow_start| health(slow_start.validate()))
    }
}

/// Builds a [`Balancer`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<T, P = Adaptive, C = MonotonicClock> {
    policy: P,
    config: Config,
    changes: Changes<T>,
    clock: C,
}

impl<T, P: Policy> Builder<T, P> {
    pub(super) fn new(policy: P) -> Self {
        Self {
            policy,
            config: Config::default(),
            changes: Changes::new(),
            clock: MonotonicClock::new(),
        }
    }
}

impl<T, P: Policy, C: Clock> Builder<T, P, C> {
    /// Backends to begin with.
    pub fn backends<S: Into<Spec<T>>>(mut self, specs: impl IntoIterator<Item = S>) -> Self {
        for spec in specs {
            self.changes.add(spec);
        }
        self
    }

    /// All settings at once.
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// See [`Config::decay`].
    pub fn decay(mut self, decay: Duration) -> Self {
        self.config.decay = decay;
        self
    }

    /// See [`Config::failure_factor`].
    pub fn failure_factor(mut self, latencies: f32) -> Self {
        self.config.failure_factor = latencies;
        self
    }

    /// See [`Config::initial_latency`].
    pub fn initial_latency(mut self, latency: Duration) -> Self {
        self.config.initial_latency = latency;
        self
    }

    /// See [`Config::panic`].
    pub fn panic(mut self, panic: Panic) -> Self {
        self.config.panic = panic;
        self
    }

    /// See [`Config::outlier`].
    pub fn outlier(mut self, outlier: Outlier) -> Self {
        self.config.outlier = Some(outlier);
        self
    }

    /// See [`Config::slow_start`].
    pub fn slow_start(mut self, slow_start: SlowStart) -> Self {
        self.config.slow_start = Some(slow_start);
        self
    }

    /// See [`Config::upkeep`].
    pub fn upkeep(mut self, upkeep: Upkeep) -> Self {
        self.config.upkeep = upkeep;
        self
    }

    /// See [`Config::max_backends`].
    pub fn max_backends(mut self, backends: usize) -> Self {
        self.config.max_backends = backends;
        self
    }

    /// See [`Config::seed`].
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// The clock; the process's own by default.
    pub fn clock<D: Clock>(self, clock: D) -> Builder<T, P, D> {
        Builder {
            policy: self.policy,
            config: self.config,
            changes: self.changes,
            clock,
        }
    }

    /// The balancer.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] for a setting out of its range; [`Error::DuplicateKey`], [`Error::SameId`] or [`Error::TooMany`] for the
    /// backends.
    pub fn build(self) -> Result<Balancer<T, P, C>, Error>
    where
        T: Send + Sync + 'static,
        C: Clone + 'static,
    {
        self.config.check()?;
        let config = self.config;
        let decay = Decay::new(config.decay);
        let initial = config.initial_latency.as_secs_f32() * 1e9;
        let inner = Inner {
            policy: self.policy,
            state: Arc::new(Snapshot::new(State::empty())),
            shared: Shared::new(config.seed),
            house: Arc::new(House::new(decay, config.failure_factor, initial)),
            ejections: config
                .outlier
                .map(|outlier| Ejections::new(outlier, config.seed.unwrap_or_else(dice::random))),
            keep: OnceLock::new(),
            watch: Mutex::new(None),
            config,
            clock: self.clock,
        };
        inner.apply(&self.changes)?;
        let inner = Arc::new(inner);
        keeper::keep(&inner);
        Ok(Balancer::from_inner(inner))
    }
}
