//! Where the session is.

use super::group::may_take;
use super::{Policy, View};
use crate::balance::{BackendId, Request};

/// Sends a request to the backend that its session is [on](Request::sticky), if that may be chosen, else to whom the policy `P` chooses.
///
/// The [id](BackendId) of the backend that was chosen goes to the client, in a cookie say, and comes back with its next request. An id
/// follows from the backend's key and tells nothing else; who sends one of its own gets that backend, or is treated as new.
///
/// # When not to use this
///
/// When the state of a session can be had elsewhere: sticky sessions keep a busy backend busy. Where a key says enough,
/// [`Hash`](super::Hash) needs no cookie.
///
/// # Complexity
///
/// A binary search, or what `P` takes; 16 bytes per backend besides what `P` needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sticky<P> {
    inner: P,
}

impl<P> Sticky<P> {
    /// Chooses by `inner` for requests without a session.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner }
    }
}

/// What [`Sticky`] computes ahead.
#[derive(Clone, Debug)]
pub struct Sessions<Plan> {
    /// Sorted.
    by_id: Box<[(BackendId, u32)]>,
    inner: Plan,
}

impl<P: Policy> Policy for Sticky<P> {
    type Plan = Sessions<P::Plan>;

    const TIMED: bool = P::TIMED;

    const REFINES: bool = P::REFINES;

    fn plan<V: View>(&self, view: &V) -> Sessions<P::Plan> {
        let ids = (0..view.len()).map(|index| (view.id(index), index as u32));
        let mut by_id: Box<[_]> = ids.collect();
        by_id.sort_unstable();
        Sessions {
            by_id,
            inner: self.inner.plan(view),
        }
    }

    fn refine<V: View>(&self, plan: &Self::Plan, view: &V) -> Option<Self::Plan> {
        let inner = self.inner.refine(&plan.inner, view)?;
        Some(Sessions {
            by_id: plan.by_id.clone(),
            inner,
        })
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize> {
        request
            .known_sticky()
            .and_then(|id| plan.index_of(id))
            .filter(|index| may_take(view, request, *index))
            .or_else(|| self.inner.pick(&plan.inner, view, request))
    }

    fn admits<V: View>(
        &self,
        plan: &Self::Plan,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        self.inner.admits(&plan.inner, view, request, index)
    }
}

impl<Plan> Sessions<Plan> {
    fn index_of(&self, id: BackendId) -> Option<usize> {
        let place = self
            .by_id
            .binary_search_by_key(&id, |(known, _)| *known)
            .ok()?;
        self.by_id.get(place).map(|(_, index)| *index as usize)
    }
}
