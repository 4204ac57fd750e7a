//! The first choice, and the second when that isn't enough.

use super::group::{Group, refine};
use super::spill::{Spill, levels};
use super::sub::Lane;
use super::{Policy, View};
use crate::balance::{Error, Request};

/// Backends in levels: those of [priority](View::priority) 0 are asked as long as enough of them are in order, then also those of 1, and
/// so on.
///
/// A level counts as whole while the part of its weight that is in order, times 1.4, is 1 or more: so with 72 % it still takes everything.
/// Below that it takes that product, and the next level takes what is left, as far as it is healthy itself. If all levels together can't
/// take everything, each takes its part. Backends that are disabled, draining or of weight 0 are no part of their level: nothing is missing
/// without them. If a level has nobody who may be chosen for a request, the next one is asked, and the ones before
/// after the last.
///
/// Within a level the policy `P` chooses.
///
/// # When not to use this
///
/// To prefer what is near: that is [`ZoneAware`](super::ZoneAware), and it keeps the load even.
///
/// # Complexity
///
/// A random number and a step for each level, then what `P` takes; 4 bytes per backend, a copy of what is known of each member, and what
/// `P` needs for each level.
///
/// # Source
///
/// The shares are those of Envoy's priority levels (architecture overview, "Priority levels"), with the same factor. There backends are
/// counted and percentages are whole; here they are weighed, and shares are not rounded.
#[derive(Clone, Copy, Debug)]
pub struct Priority<P> {
    inner: P,
    factor: f64,
}

const FACTOR: f64 = 1.4;

impl<P> Priority<P> {
    /// Chooses within a level by `inner`.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self {
            inner,
            factor: FACTOR,
        }
    }

    /// How many times as many backends there are in each level as it needs: 1.4 by default.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] unless it is 1 to 100.
    pub fn overprovisioning(self, factor: f64) -> Result<Self, Error> {
        if (1.0..=100.0).contains(&factor) {
            Ok(Self { factor, ..self })
        } else {
            Err(Error::BadSetting {
                rule: "overprovisioning must be 1 to 100",
            })
        }
    }
}

impl<P: Default> Default for Priority<P> {
    fn default() -> Self {
        Self::new(P::default())
    }
}

/// What [`Priority`] computes ahead.
#[derive(Clone, Debug)]
pub struct Levels<Plan> {
    groups: Box<[Group<Plan>]>,
    /// `None` if nobody is in order.
    spill: Option<Spill>,
}

/// The weight of a level that is in order, and all of it.
fn weight_of<V: View>(view: &V, level: u8, seats: &[u32]) -> (u64, u64) {
    let members = view
        .members()
        .iter()
        .filter(|member| member.priority == level);
    let members = members.map(|member| (member.weight, member.usable));
    let seats = seats.iter().map(|index| *index as usize);
    let seats = seats.map(|index| (view.weight(index), view.is_usable(index)));
    let add = |(usable, all): (u64, u64), (weight, is_usable): (u32, bool)| {
        let weight = u64::from(weight);
        (usable + weight * u64::from(is_usable), all + weight)
    };
    match members.fold((0, 0), add) {
        // A view that does not tell its members.
        (_, 0) => seats.fold((0, 0), add),
        weights => weights,
    }
}

impl<P: Policy> Policy for Priority<P> {
    type Plan = Levels<P::Plan>;

    const TIMED: bool = P::TIMED;

    const REFINES: bool = P::REFINES;

    fn plan<V: View>(&self, view: &V) -> Levels<P::Plan> {
        let mut known = [false; 256];
        for index in 0..view.len() {
            if let Some(known) = known.get_mut(usize::from(view.priority(index))) {
                *known = true;
            }
        }
        let levels_known = known.iter().filter(|known| **known).count();
        let (mut groups, mut weights) = (Vec::new(), Vec::new());
        for level in (0..=u8::MAX).filter(|level| known.get(usize::from(*level)) == Some(&true)) {
            let in_level = |index| view.priority(index) == level;
            let of_level = |member: &&super::Member| member.priority == level;
            let lane = Lane {
                place: groups.len(),
                of: levels_known,
            };
            let group = Group::of(&self.inner, view, lane, in_level, of_level);
            let Some(group) = group else {
                continue;
            };
            weights.push(weight_of(view, level, group.indices()));
            groups.push(group);
        }
        Levels {
            groups: groups.into_boxed_slice(),
            spill: Spill::new(&levels(&weights, self.factor)),
        }
    }

    fn refine<V: View>(&self, plan: &Self::Plan, view: &V) -> Option<Self::Plan> {
        let groups = refine(&self.inner, view, &plan.groups)?;
        Some(Levels {
            groups: groups.into_boxed_slice(),
            spill: plan.spill.clone(),
        })
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize> {
        let first = match &plan.spill {
            Some(spill) if plan.groups.len() > 1 => spill.draw(view.random()),
            _ => 0,
        };
        let (before, after) = plan.groups.split_at_checked(first)?;
        let mut order = after.iter().chain(before);
        order.find_map(|group| group.choose(&self.inner, view, request))
    }

    fn admits<V: View>(
        &self,
        plan: &Self::Plan,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        let mut groups = plan.groups.iter();
        groups.any(|group| group.admits(&self.inner, view, request, index))
    }
}
