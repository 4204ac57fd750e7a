//! A backend that was chosen, untracked.

use std::fmt;
use std::ops::Deref;

use super::backend::Backend;
use super::core::StateOf;
use super::policy::{Adaptive, Policy};
use super::roster::Seat;
use super::state::Mode;
use crate::kernel::snapshot::Guard;
use crate::kernel::sync::Arc;

/// A backend that a [`Balancer`](super::Balancer) chose: made by [`pick`](super::Balancer::pick).
///
/// It looks into the set it was chosen from, which stays alive meanwhile, and stays on its thread. For anything longer than sending a
/// request, and across an `await`, take a [`share`](Self::share) or a [lease](super::Balancer::lease).
#[must_use = "a pick is only good for the backend it names"]
pub struct Picked<'b, T, P: Policy = Adaptive> {
    state: Guard<'b, StateOf<T, P>>,
    index: usize,
}

impl<'b, T, P: Policy> Picked<'b, T, P> {
    #[inline]
    pub(super) const fn new(state: Guard<'b, StateOf<T, P>>, index: usize) -> Self {
        Self { state, index }
    }

    /// What the backend was given: an address, a client, whatever reaches it.
    #[inline]
    #[must_use]
    pub fn value(&self) -> &T {
        &self.seat().value
    }

    /// The backend, to be kept.
    #[must_use]
    pub fn share(&self) -> Arc<Backend<T>> {
        self.seat().backend.clone()
    }

    /// Whether it was chosen in panic mode, from backends that may not be in order.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.state.mode == Mode::Spray
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "the index was found in these very seats"
    )]
    fn seat(&self) -> &Seat<T> {
        &self.state.roster.seats[self.index]
    }
}

impl<T, P: Policy> Deref for Picked<'_, T, P> {
    type Target = Backend<T>;

    #[inline]
    fn deref(&self) -> &Backend<T> {
        &self.seat().backend
    }
}

impl<T: fmt::Debug, P: Policy> fmt::Debug for Picked<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picked").field(&**self).finish()
    }
}
