//! Each policy and its plan.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tenfold::balance::{self, Balancer, Policy, Request, View};

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
    let inner = balance::Random;
    let subset = balance::Subset::new(inner, "client", 1).unwrap();
    show_policy(show, "Adaptive", "plan::Scale", balance::Adaptive);
    show_policy(
        show,
        "Consistent",
        "plan::Bounds",
        <balance::Consistent>::default(),
    );
    show_policy(
        show,
        "DynPolicy",
        "plan::DynPlan",
        balance::DynPolicy::new(inner),
    );
    show_policy(show, "Hash", "plan::Placed", <balance::Hash>::default());
    show_policy(
        show,
        "Priority",
        "plan::Levels",
        balance::Priority::new(inner),
    );
    show_policy(show, "Probing", "ProbePlan", balance::Probing::local());
    show_policy(show, "Random", "plan::Alias", inner);
    show_policy(show, "RoundRobin", "plan::Rotation", balance::RoundRobin);
    show_policy(show, "Route", "plan::Routes", balance::Route::new(inner));
    show_policy(
        show,
        "Sticky",
        "plan::Sessions",
        balance::Sticky::new(inner),
    );
    show_policy(show, "Subset", "plan::Selection", subset);
    show_policy(
        show,
        "WeightedRoundRobin",
        "plan::Course",
        balance::WeightedRoundRobin,
    );
    show_policy(
        show,
        "ZoneAware",
        "plan::Zones",
        balance::ZoneAware::new(inner),
    );
    // Their plans are those of `Random`.
    show(
        "balance::LeastConnections",
        &balance::LeastConnections::default(),
    );
    show(
        "balance::LeastResponseTime",
        &balance::LeastResponseTime::default(),
    );
    show("balance::PowerOfTwo", &balance::PowerOfTwo);
}

/// A policy and what it computes ahead, by their names.
fn show_policy<P: Policy<Plan: Debug> + Debug>(
    show: &mut impl FnMut(&str, &dyn Debug),
    name: &str,
    plan_name: &str,
    policy: P,
) {
    show(&format!("balance::{name}"), &policy);
    let kept = Arc::default();
    let policy = Keeps(policy, Arc::clone(&kept));
    let balancer = Balancer::builder(policy).backends(["a", "b"]).build();
    let plan = kept.lock().unwrap().take();
    show(&format!("balance::{plan_name}"), &plan.unwrap());
    drop(balancer);
}

/// Keeps the plan of a policy.
struct Keeps<P: Policy>(P, Arc<Mutex<Option<P::Plan>>>);

impl<P: Policy> Policy for Keeps<P> {
    type Plan = ();

    fn plan<V: View>(&self, view: &V) {
        *self.1.lock().unwrap() = Some(self.0.plan(view));
    }

    fn pick<V: View>(&self, (): &(), _: &V, _: &Request<'_>) -> Option<usize> {
        None
    }
}
