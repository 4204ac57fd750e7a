//! The handle.

use std::fmt;

use super::builder::{Builder, Config};
use super::changes::{Change, Changes};
use super::core::Inner;
use super::lease::Lease;
use super::picked::Picked;
use super::picker::Picker;
use super::policy::{Adaptive, Policy};
use super::spec::Spec;
use super::state::Mode;
use super::stats::Stats;
use super::{Error, NoBackend, Request};
use crate::kernel::clock::{Clock, MonotonicClock, Tick};
use crate::kernel::sync::Arc;

/// Chooses a backend for each request.
///
/// Clones are handles to one balancer. Backends are known by their keys: whatever else of them changes, their leases, latencies and health
/// go on.
///
/// ```
/// use tenfold::balance::{Balancer, Request};
///
/// let balancer = Balancer::new(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"])?;
/// let lease = balancer.lease(&Request::new())?;
/// // … send the request to `lease.value()` …
/// lease.success();
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
///
/// # Blocking
///
/// Nothing here waits. A change is computed by its caller, and computed again if another was published meanwhile.
///
/// # Complexity
///
/// A pick takes one or two atomic read-modify-writes, and a lease seven from begin to end, however many backends there are, besides what the
/// policy says of itself. Neither allocates. A change copies the list of backends. A backend
/// has lines of the cache of its own for what goes on at it, so it takes some hundreds of bytes besides its value.
pub struct Balancer<T, P: Policy = Adaptive, C: Clock = MonotonicClock> {
    inner: Arc<Inner<T, P, C>>,
}

impl<T: Send + Sync + 'static> Balancer<T> {
    /// A balancer with the default policy, [`Adaptive`], and the default settings.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new<S: Into<Spec<T>>>(backends: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        Self::builder(Adaptive).backends(backends).build()
    }
}

impl<T, P: Policy> Balancer<T, P> {
    /// A balancer with this policy, to be completed.
    pub fn builder(policy: P) -> Builder<T, P> {
        Builder::new(policy)
    }
}

impl<T, P: Policy, C: Clock> Balancer<T, P, C> {
    pub(super) const fn from_inner(inner: Arc<Inner<T, P, C>>) -> Self {
        Self { inner }
    }

    pub(super) const fn inner(&self) -> &Arc<Inner<T, P, C>> {
        &self.inner
    }

    /// A backend for a request of which nothing is known, untracked: it does not count as load.
    ///
    /// # Errors
    ///
    /// [`NoBackend`].
    #[inline(always)]
    pub fn pick(&self) -> Result<Picked<'_, T, P>, NoBackend> {
        self.pick_for(&Request::new())
    }

    /// A backend for this request, untracked: it does not count as load.
    ///
    /// # Errors
    ///
    /// [`NoBackend`].
    // A result that is not taken apart where it is made is written and read back, which takes twice as long as the pick.
    #[inline(always)]
    pub fn pick_for(&self, request: &Request<'_>) -> Result<Picked<'_, T, P>, NoBackend> {
        let inner = &*self.inner;
        let state = inner.state.guard();
        let index = inner.choose(&state, request, &inner.shared)?;
        Ok(Picked::new(state, index))
    }

    /// A backend for this request, tracked: it counts as load until the lease ends, and its outcome is learned from.
    ///
    /// # Errors
    ///
    /// [`NoBackend`].
    #[inline]
    pub fn lease(&self, request: &Request<'_>) -> Result<Lease<T, C>, NoBackend>
    where
        C: Clone,
    {
        let inner = &*self.inner;
        // Before anything is entered: it may panic.
        let clock = inner.clock.clone();
        let state = inner.state.guard();
        let (backend, begun) = inner.enter(&state, request, &inner.shared)?;
        Ok(Lease::new(
            backend,
            P::TIMED.then_some(begun),
            state.mode == Mode::Spray,
            clock,
        ))
    }

    /// A handle for one thread or task, for the hottest loops: it keeps the set of backends at hand.
    #[must_use]
    pub fn picker(&self) -> Picker<T, P, C> {
        Picker::new(self.inner.clone())
    }

    /// Changes the set: `change` lists changes, which are published as one. No pick that begins after this returns sees what was before.
    ///
    /// # Errors
    ///
    /// What is wrong with one of the changes; then none was made.
    pub fn update(&self, change: impl FnOnce(&mut Changes<T>)) -> Result<Change, Error> {
        let mut changes = Changes::new();
        change(&mut changes);
        self.inner.apply(&changes)
    }

    /// Replaces the set. Backends of the same key go on as they are.
    ///
    /// # Errors
    ///
    /// What is wrong with one of the specs; then nothing has changed.
    pub fn replace_all<S: Into<Spec<T>>>(
        &self,
        specs: impl IntoIterator<Item = S>,
    ) -> Result<Change, Error> {
        let specs = specs.into_iter().map(Into::into).collect();
        self.update(|changes| {
            changes.replace_all(specs);
        })
    }

    /// Does what is due at `now` and says when something is due next: for [`Upkeep::Manual`](crate::health::Upkeep::Manual).
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn upkeep(&self, now: Tick) -> Option<Tick> {
        self.inner.upkeep(now)
    }

    /// What the policy has computed ahead for the backends as they are now, as far as its [plan](super::plan) tells. `None` if there is
    /// nobody to choose from.
    ///
    /// # Example: weights that need too long a schedule are rounded
    ///
    /// ```
    /// use tenfold::balance::{Balancer, Spec, WeightedRoundRobin};
    /// use tenfold::clock::Tick;
    /// use tenfold::health::Upkeep;
    ///
    /// let balancer = Balancer::builder(WeightedRoundRobin::default())
    ///     .backends([Spec::new("a:80", ()).weight(1_000_003), Spec::new("b:80", ()).weight(1)])
    ///     .upkeep(Upkeep::Manual)
    ///     .build()?;
    /// // A long schedule is not computed by whoever changes the set, but at the next upkeep.
    /// assert_eq!(balancer.plan(|course| course.is_scheduled()), Some(false));
    /// balancer.upkeep(Tick::ZERO);
    /// assert_eq!(balancer.plan(|course| (course.period(), course.is_quantised())), Some((65_536, true)));
    /// assert!(balancer.plan(|course| course.max_error()) < Some(0.000_02));
    /// # Ok::<(), tenfold::balance::Error>(())
    /// ```
    pub fn plan<R>(&self, look: impl FnOnce(&P::Plan) -> R) -> Option<R> {
        self.inner.state.guard().plan.as_ref().map(look)
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// What happened so far, and how it is now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

impl<T, P: Policy, C: Clock> Clone for Balancer<T, P, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<T, P: Policy, C: Clock> fmt::Debug for Balancer<T, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balancer")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
