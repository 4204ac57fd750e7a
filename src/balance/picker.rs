//! A handle for one thread.

use std::fmt;

use super::backend::Backend;
use super::core::{Inner, StateOf};
use super::lease::Lease;
use super::policy::{Adaptive, Policy};
use super::source::Own;
use super::state::Mode;
use super::{NoBackend, Request};
use crate::kernel::clock::{Clock, MonotonicClock};
use crate::kernel::snapshot::Reader;
use crate::kernel::sync::Arc;

/// One thread's or task's handle to a [`Balancer`](super::Balancer), for the hottest loops: made by [`picker`](super::Balancer::picker).
///
/// It keeps the set of backends at hand and looks for a newer one by a single load per call; so an update is seen by the next call, and an
/// idle picker keeps the set of its last call alive, values included, until it is dropped. It counts turns for itself, beginning anywhere:
/// with a rotating policy, `p` pickers together give each backend at most `p` more or less than its part.
pub struct Picker<T, P: Policy = Adaptive, C: Clock = MonotonicClock> {
    inner: Arc<Inner<T, P, C>>,
    states: Reader<StateOf<T, P>>,
    own: Own,
}

impl<T, P: Policy, C: Clock> Picker<T, P, C> {
    pub(super) fn new(inner: Arc<Inner<T, P, C>>) -> Self {
        Self {
            states: Reader::new(inner.state.clone()),
            own: Own::new(&inner.shared),
            inner,
        }
    }

    /// As [`Balancer::pick`](super::Balancer::pick).
    ///
    /// # Errors
    ///
    /// [`NoBackend`].
    #[inline]
    pub fn pick(&mut self) -> Result<&Backend<T>, NoBackend> {
        self.pick_for(&Request::new())
    }

    /// As [`Balancer::pick_for`](super::Balancer::pick_for).
    ///
    /// # Errors
    ///
    /// [`NoBackend`].
    #[inline]
    pub fn pick_for(&mut self, request: &Request<'_>) -> Result<&Backend<T>, NoBackend> {
        let state = self.states.get();
        let index = self.inner.choose(state, request, &self.own)?;
        state
            .roster
            .seats
            .get(index)
            .map(|seat| &*seat.backend)
            .ok_or(NoBackend::AllExcluded)
    }

    /// As [`Balancer::lease`](super::Balancer::lease).
    ///
    /// # Errors
    ///
    /// [`NoBackend`].
    #[inline]
    pub fn lease(&mut self, request: &Request<'_>) -> Result<Lease<T, C>, NoBackend>
    where
        C: Clone,
    {
        let clock = self.inner.clock.clone();
        let state = self.states.get();
        let (backend, begun) = self.inner.enter(state, request, &self.own)?;
        Ok(Lease::new(
            backend,
            P::TIMED.then_some(begun),
            state.mode == Mode::Spray,
            clock,
        ))
    }
}

impl<T, P: Policy, C: Clock> fmt::Debug for Picker<T, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picker").finish_non_exhaustive()
    }
}
