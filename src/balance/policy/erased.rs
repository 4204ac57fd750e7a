//! A policy that is chosen at run time.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Member, Policy, View};
use crate::balance::{BackendId, Request};
use crate::kernel::clock::Tick;

/// Any policy behind one type, for a choice that is made at run time. A pick costs an indirect call more for each look at the view, and the
/// clock is read whether the policy asks for it or not.
///
/// ```
/// use tenfold::balance::{Balancer, DynPolicy, LeastConnections, RoundRobin};
///
/// let long_requests = true;
/// let policy = if long_requests { DynPolicy::new(LeastConnections::default()) } else { DynPolicy::new(RoundRobin) };
/// let balancer = Balancer::builder(policy).backends(["a:80", "b:80"]).build()?;
/// assert!(balancer.pick().is_ok());
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
///
/// # When not to use this
///
/// On the hottest paths: there name the policy.
#[derive(Clone)]
pub struct DynPolicy(Arc<dyn Hidden>);

impl DynPolicy {
    /// Hides the type of `policy`.
    #[must_use]
    pub fn new<P: Policy>(policy: P) -> Self {
        Self(Arc::new(policy))
    }
}

impl fmt::Debug for DynPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynPolicy").finish_non_exhaustive()
    }
}

/// What the policy in a [`DynPolicy`] computes ahead.
#[derive(Clone)]
pub struct DynPlan(Arc<dyn Any + Send + Sync>);

impl fmt::Debug for DynPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynPlan").finish_non_exhaustive()
    }
}

/// A policy as it can be called without knowing its type. A plan that another policy made is as good as none.
trait Hidden: Send + Sync {
    fn plan_hidden(&self, view: &dyn View) -> DynPlan;
    fn refine_hidden(&self, plan: &DynPlan, view: &dyn View) -> Option<DynPlan>;
    fn pick_hidden(&self, plan: &DynPlan, view: &dyn View, request: &Request<'_>) -> Option<usize>;
    fn admits_hidden(
        &self,
        plan: &DynPlan,
        view: &dyn View,
        request: &Request<'_>,
        index: usize,
    ) -> bool;
}

impl<P: Policy> Hidden for P {
    fn plan_hidden(&self, view: &dyn View) -> DynPlan {
        DynPlan(Arc::new(self.plan(&view)))
    }

    fn refine_hidden(&self, plan: &DynPlan, view: &dyn View) -> Option<DynPlan> {
        let better = self.refine(plan.0.downcast_ref()?, &view)?;
        Some(DynPlan(Arc::new(better)))
    }

    fn pick_hidden(&self, plan: &DynPlan, view: &dyn View, request: &Request<'_>) -> Option<usize> {
        self.pick(plan.0.downcast_ref()?, &view, request)
    }

    fn admits_hidden(
        &self,
        plan: &DynPlan,
        view: &dyn View,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        let plan = plan.0.downcast_ref();
        plan.is_some_and(|plan| self.admits(plan, &view, request, index))
    }
}

impl Policy for DynPolicy {
    type Plan = DynPlan;

    const TIMED: bool = true;

    const REFINES: bool = true;

    fn plan<V: View>(&self, view: &V) -> DynPlan {
        self.0.plan_hidden(view)
    }

    fn refine<V: View>(&self, plan: &DynPlan, view: &V) -> Option<DynPlan> {
        self.0.refine_hidden(plan, view)
    }

    fn pick<V: View>(&self, plan: &DynPlan, view: &V, request: &Request<'_>) -> Option<usize> {
        self.0.pick_hidden(plan, view, request)
    }

    fn admits<V: View>(
        &self,
        plan: &DynPlan,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        self.0.admits_hidden(plan, view, request, index)
    }
}

impl<V: View + ?Sized> View for &V {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }

    fn id(&self, index: usize) -> BackendId {
        (**self).id(index)
    }

    fn key(&self, index: usize) -> &str {
        (**self).key(index)
    }

    fn weight(&self, index: usize) -> u32 {
        (**self).weight(index)
    }

    fn whole_weight(&self, index: usize) -> u32 {
        (**self).whole_weight(index)
    }

    fn zone(&self, index: usize) -> Option<&str> {
        (**self).zone(index)
    }

    fn priority(&self, index: usize) -> u8 {
        (**self).priority(index)
    }

    fn label(&self, index: usize, name: &str) -> Option<&str> {
        (**self).label(index, name)
    }

    fn in_flight(&self, index: usize) -> u64 {
        (**self).in_flight(index)
    }

    fn cost(&self, index: usize) -> f32 {
        (**self).cost(index)
    }

    fn penalty(&self, index: usize) -> f32 {
        (**self).penalty(index)
    }

    fn now(&self) -> Tick {
        (**self).now()
    }

    fn reported_load(&self, index: usize) -> Option<f32> {
        (**self).reported_load(index)
    }

    fn is_usable(&self, index: usize) -> bool {
        (**self).is_usable(index)
    }

    fn has_room(&self, index: usize) -> bool {
        (**self).has_room(index)
    }

    fn turn(&self, lane: usize) -> u64 {
        (**self).turn(lane)
    }

    fn random(&self) -> u64 {
        (**self).random()
    }

    fn below(&self, bound: usize) -> usize {
        (**self).below(bound)
    }

    fn members(&self) -> &[Member] {
        (**self).members()
    }
}
