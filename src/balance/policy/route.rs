//! Whom a request is for.

use super::group::{Group, refine};
use super::sub::Lane;
use super::when::When;
use super::{Policy, View};
use crate::balance::Request;

/// Sends requests to the backends whose label a rule names: the first rule whose condition holds.
///
/// A request to which no rule applies may go to [any backend](Self::new), [to some](Self::otherwise) or [to none](Self::otherwise_none). A
/// request never leaves the backends that its rule names: if none of these may be chosen there is no backend for it.
///
/// Among them the policy `P` chooses. One that goes in turns counts them for each label on its own, up to [32 labels](super::View::turn).
///
/// # When not to use this
///
/// When parts of a service have settings or lives of their own: give each a balancer. And a [condition](When) sees a path, header
/// fields and cookies, nothing else.
///
/// # Complexity
///
/// A step for each rule before the one that holds, then what `P` takes. For each label that rules name: 4 bytes and a copy of what is
/// known of each backend that has it, and what `P` needs; and the same once for all backends.
///
/// ```
/// use tenfold::balance::{Balancer, Random, Request, Route, Spec, When};
///
/// let policy = Route::new(Random)
///     .rule(When::any().path("/api"), "pool", "api")
///     .otherwise("pool", "web");
/// let specs = [("a:80", "api"), ("b:80", "web")].map(|(key, pool)| Spec::new(key, key).label("pool", pool));
/// let balancer = Balancer::builder(policy).backends(specs).build()?;
/// assert_eq!(balancer.pick_for(&Request::new().path("/api/users"))?.key(), "a:80");
/// assert_eq!(balancer.pick_for(&Request::new().path("/"))?.key(), "b:80");
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing by itself"]
pub struct Route<P> {
    inner: P,
    rules: Vec<(When, Target)>,
    otherwise: Target,
    /// Names and values that rules name.
    labels: Vec<(Box<str>, Box<str>)>,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    All,
    None,
    Labelled(usize),
}

impl<P> Route<P> {
    /// Chooses by `inner`, among all backends until there is a rule.
    pub const fn new(inner: P) -> Self {
        Self {
            inner,
            rules: Vec::new(),
            otherwise: Target::All,
            labels: Vec::new(),
        }
    }

    /// Sends requests for which `when` holds, and no earlier rule's condition, to the backends whose label `label` is `value`.
    pub fn rule(mut self, when: When, label: &str, value: &str) -> Self {
        let target = self.target(label, value);
        self.rules.push((when, target));
        self
    }

    /// Sends all other requests to the backends whose label `label` is `value`.
    pub fn otherwise(mut self, label: &str, value: &str) -> Self {
        self.otherwise = self.target(label, value);
        self
    }

    /// Sends all other requests nowhere.
    pub fn otherwise_none(mut self) -> Self {
        self.otherwise = Target::None;
        self
    }

    fn target(&mut self, label: &str, value: &str) -> Target {
        let is_same = |(known, of): &(Box<str>, Box<str>)| **known == *label && **of == *value;
        let place = self.labels.iter().position(is_same);
        Target::Labelled(place.unwrap_or_else(|| {
            self.labels.push((label.into(), value.into()));
            self.labels.len() - 1
        }))
    }

    #[inline]
    fn target_of(&self, request: &Request<'_>) -> Target {
        let rule = self.rules.iter().find(|(when, _)| when.holds(request));
        rule.map_or(self.otherwise, |(_, target)| *target)
    }
}

impl<P: Default> Default for Route<P> {
    fn default() -> Self {
        Self::new(P::default())
    }
}

/// What [`Route`] computes ahead.
#[derive(Clone, Debug)]
pub struct Routes<Plan> {
    /// For all backends, and for each label that some have.
    groups: Box<[Group<Plan>]>,
    /// The group of each label.
    labelled: Box<[Option<usize>]>,
}

impl<Plan> Routes<Plan> {
    #[inline]
    fn group(&self, target: Target) -> Option<&Group<Plan>> {
        match target {
            Target::All => self.groups.first(),
            Target::None => None,
            Target::Labelled(label) => self.groups.get((*self.labelled.get(label)?)?),
        }
    }
}

impl<P: Policy> Policy for Route<P> {
    type Plan = Routes<P::Plan>;

    const TIMED: bool = P::TIMED;

    const REFINES: bool = P::REFINES;

    fn plan<V: View>(&self, view: &V) -> Routes<P::Plan> {
        let lane = |place| Lane {
            place,
            of: 1 + self.labels.len(),
        };
        let all = Group::of(&self.inner, view, lane(0), |_| true, |_| true);
        let mut groups: Vec<_> = all.into_iter().collect();
        let mut labelled = Vec::new();
        for (name, value) in &self.labels {
            let has = |index| view.label(index, name) == Some(&**value);
            let of = |member: &&super::Member| member.label(name) == Some(&**value);
            let group = Group::of(&self.inner, view, lane(groups.len()), has, of);
            labelled.push(group.is_some().then_some(groups.len()));
            groups.extend(group);
        }
        Routes {
            groups: groups.into_boxed_slice(),
            labelled: labelled.into_boxed_slice(),
        }
    }

    fn refine<V: View>(&self, plan: &Self::Plan, view: &V) -> Option<Self::Plan> {
        let groups = refine(&self.inner, view, &plan.groups)?;
        Some(Routes {
            groups: groups.into_boxed_slice(),
            labelled: plan.labelled.clone(),
        })
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize> {
        let group = plan.group(self.target_of(request))?;
        group.choose(&self.inner, view, request)
    }

    fn admits<V: View>(
        &self,
        plan: &Self::Plan,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        let group = plan.group(self.target_of(request));
        group.is_some_and(|group| group.admits(&self.inner, view, request, index))
    }
}
