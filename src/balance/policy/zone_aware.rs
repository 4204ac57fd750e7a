//! What is near first, as far as that keeps the load even.

use std::collections::BTreeSet;

use super::group::{Group, refine};
use super::spill::{Spill, from_zone};
use super::sub::Lane;
use super::{Policy, View};
use crate::balance::{Error, Request};

/// Requests stay in their [zone](Request::zone) as far as its backends have room for them; the rest goes to the zones that have room left.
///
/// Room is weight: each zone is sent its part of all requests, so that no backend has more to do than one elsewhere. For this it must be
/// known where requests come from: the same from each zone that has backends, unless [told otherwise](Self::clients).
///
/// All backends are asked when the zone of a request is not known, or has no backends, or [too few](Self::min_backends).
///
/// Within the zone, or among all, the policy `P` chooses. If a zone has nobody who may be chosen for a request, all are asked.
///
/// # When not to use this
///
/// When zones are alternatives, not places: that is [`Priority`](super::Priority).
///
/// # Complexity
///
/// A step for each zone and a random number, then what `P` takes; 8 bytes per backend, two copies of what is known of each member, and
/// twice what `P` needs; 8 bytes for each pair of zones.
///
/// # Source
///
/// Envoy's zone aware routing (architecture overview, "Zone aware routing"): what stays is capacity / clients, and what goes is
/// distributed by what capacity is left.
#[derive(Clone, Debug)]
pub struct ZoneAware<P> {
    inner: P,
    /// Empty for the same from each.
    clients: Vec<(Box<str>, u32)>,
    min_backends: usize,
}

impl<P> ZoneAware<P> {
    /// Chooses within a zone by `inner`.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self {
            inner,
            clients: Vec::new(),
            min_backends: 1,
        }
    }

    /// How many requests come from each zone, relative to each other; from a zone that is not listed, none.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] if none come from anywhere, or for a zone that is listed twice.
    pub fn clients<S: Into<Box<str>>>(
        mut self,
        shares: impl IntoIterator<Item = (S, u32)>,
    ) -> Result<Self, Error> {
        let shares = shares.into_iter().map(|(zone, share)| (zone.into(), share));
        self.clients = shares.collect();
        let zones: BTreeSet<&str> = self.clients.iter().map(|(zone, _)| &**zone).collect();
        let is_any = self.clients.iter().any(|(_, share)| *share > 0);
        if is_any && zones.len() == self.clients.len() {
            Ok(self)
        } else {
            Err(Error::BadSetting {
                rule: "clients must be zones, each once, and one share above 0",
            })
        }
    }

    /// Backends that a zone must have for requests to stay in it: 1 by default. A zone of few is left with none soon, and then all its
    /// requests go elsewhere at once.
    #[must_use]
    pub fn min_backends(self, min_backends: usize) -> Self {
        Self {
            min_backends,
            ..self
        }
    }

    /// The part of requests that comes from each zone.
    fn clients_of(&self, zones: &[Zone]) -> Vec<f64> {
        let listed = |name: &str| self.clients.iter().find(|(zone, _)| **zone == *name);
        let share = |zone: &Zone| match &zone.name {
            Some(_) if zone.backends < self.min_backends => 0.0,
            Some(_) if self.clients.is_empty() => 1.0,
            Some(name) => listed(name).map_or(0.0, |(_, share)| f64::from(*share)),
            None => 0.0,
        };
        parts(zones.iter().map(share).collect())
    }
}

impl<P: Default> Default for ZoneAware<P> {
    fn default() -> Self {
        Self::new(P::default())
    }
}

#[derive(Clone, Debug)]
struct Zone {
    /// `None` for those that are nowhere.
    name: Option<Box<str>>,
    backends: usize,
    /// Where its requests go; `None` if that is anywhere.
    spill: Option<Spill>,
}

/// What [`ZoneAware`] computes ahead.
#[derive(Clone, Debug)]
pub struct Zones<Plan> {
    zones: Box<[Zone]>,
    /// One for each zone, and one for all.
    groups: Box<[Group<Plan>]>,
}

/// Parts of one, of what are parts of anything.
fn parts(mut values: Vec<f64>) -> Vec<f64> {
    let all: f64 = values.iter().sum();
    if all > 0.0 {
        values.iter_mut().for_each(|value| *value /= all);
    }
    values
}

impl<P: Policy> Policy for ZoneAware<P> {
    type Plan = Zones<P::Plan>;

    const TIMED: bool = P::TIMED;

    const REFINES: bool = P::REFINES;

    fn plan<V: View>(&self, view: &V) -> Zones<P::Plan> {
        let names: BTreeSet<_> = (0..view.len()).map(|index| view.zone(index)).collect();
        // Place 0 is that of all.
        let of = 1 + names.len();
        let (mut zones, mut groups, mut capacity) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let in_zone = |index| view.zone(index) == name;
            let of_zone = |member: &&super::Member| member.zone.as_deref() == name;
            let place = 1 + zones.len();
            let group = Group::of(&self.inner, view, Lane { place, of }, in_zone, of_zone);
            let Some(group) = group else {
                continue;
            };
            let weight = |index: &u32| f64::from(view.weight(*index as usize));
            capacity.push(group.indices().iter().map(weight).sum());
            zones.push(Zone {
                name: name.map(Into::into),
                backends: group.indices().len(),
                spill: None,
            });
            groups.push(group);
        }
        let (clients, capacity) = (self.clients_of(&zones), parts(capacity));
        for (from, zone) in zones.iter_mut().enumerate() {
            if zone.name.is_some() && zone.backends >= self.min_backends {
                zone.spill = Spill::new(&from_zone(from, &clients, &capacity));
            }
        }
        let lane = Lane { place: 0, of };
        groups.extend(Group::of(&self.inner, view, lane, |_| true, |_| true));
        Zones {
            zones: zones.into_boxed_slice(),
            groups: groups.into_boxed_slice(),
        }
    }

    fn refine<V: View>(&self, plan: &Self::Plan, view: &V) -> Option<Self::Plan> {
        let groups = refine(&self.inner, view, &plan.groups)?;
        Some(Zones {
            zones: plan.zones.clone(),
            groups: groups.into_boxed_slice(),
        })
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize> {
        let named = |name| move |zone: &&Zone| zone.name.as_deref() == Some(name);
        let of_request = request.known_zone();
        let zone = of_request.and_then(|name| plan.zones.iter().find(named(name)));
        let spill = zone.and_then(|zone| zone.spill.as_ref());
        let group = spill.and_then(|spill| plan.groups.get(spill.draw(view.random())));
        group
            .and_then(|group| group.choose(&self.inner, view, request))
            .or_else(|| plan.groups.last()?.choose(&self.inner, view, request))
    }

    fn admits<V: View>(
        &self,
        plan: &Self::Plan,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        let all = plan.groups.last();
        all.is_some_and(|all| all.admits(&self.inner, view, request, index))
    }
}
