//! Some of the backends, and the plan of a policy for them: what policies that wrap another are made of.

use super::sub::{Lane, Sub};
use super::{Member, Policy, View};
use crate::balance::Request;

/// Backends that a policy chooses among, and its plan.
#[derive(Clone, Debug)]
pub(super) struct Group<Plan> {
    /// Ascending, and not empty.
    indices: Box<[u32]>,
    members: Box<[Member]>,
    lane: Lane,
    plan: Plan,
}

impl<Plan> Group<Plan> {
    /// The backends with these indices, in ascending order; `None` if there are none. `members` are all that belong to the group.
    pub(super) fn new<P: Policy<Plan = Plan>, V: View>(
        policy: &P,
        view: &V,
        indices: Box<[u32]>,
        members: Box<[Member]>,
        lane: Lane,
    ) -> Option<Self> {
        let plan = (!indices.is_empty()).then(|| {
            policy.plan(&Sub {
                view,
                indices: &indices,
                members: &members,
                lane,
            })
        })?;
        Some(Self {
            indices,
            members,
            lane,
            plan,
        })
    }

    /// The backends for which `is_in` holds.
    pub(super) fn of<P: Policy<Plan = Plan>, V: View>(
        policy: &P,
        view: &V,
        lane: Lane,
        mut is_in: impl FnMut(usize) -> bool,
        is_member: impl FnMut(&&Member) -> bool,
    ) -> Option<Self> {
        let indices = (0..view.len()).filter(|index| is_in(*index));
        let indices = indices.map(|index| index as u32).collect();
        let members = view.members().iter().filter(is_member).cloned().collect();
        Self::new(policy, view, indices, members, lane)
    }

    pub(super) fn indices(&self) -> &[u32] {
        &self.indices
    }

    fn sub<'v, V: View>(&'v self, view: &'v V) -> Sub<'v, V> {
        Sub {
            view,
            indices: &self.indices,
            members: &self.members,
            lane: self.lane,
        }
    }

    /// The policy's choice among these; if the request excludes it, or if it has no room, another of these.
    #[inline]
    pub(super) fn choose<P: Policy<Plan = Plan>, V: View>(
        &self,
        policy: &P,
        view: &V,
        request: &Request<'_>,
    ) -> Option<usize> {
        let sub = self.sub(view);
        match policy.pick(&self.plan, &sub, request) {
            Some(index) if may_take(&sub, request, index) => Some(sub.outer(index)),
            _ => self.choose_another(policy, &sub, request),
        }
    }

    #[cold]
    fn choose_another<P: Policy<Plan = Plan>, V: View>(
        &self,
        policy: &P,
        sub: &Sub<'_, V>,
        request: &Request<'_>,
    ) -> Option<usize> {
        let (len, first) = (sub.len(), sub.below(sub.len()));
        let mut order = (first..len).chain(0..first);
        let found = order.find(|index| {
            may_take(sub, request, *index) && policy.admits(&self.plan, sub, request, *index)
        });
        found.map(|index| sub.outer(index))
    }

    /// Whether it is one of these, and the policy admits it.
    pub(super) fn admits<P: Policy<Plan = Plan>, V: View>(
        &self,
        policy: &P,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        let place = self
            .indices
            .binary_search_by(|known| (*known as usize).cmp(&index));
        place.is_ok_and(|place| policy.admits(&self.plan, &self.sub(view), request, place))
    }

    /// A better plan of the policy for these, if it has one.
    fn refined<P: Policy<Plan = Plan>, V: View>(&self, policy: &P, view: &V) -> Option<Plan> {
        policy.refine(&self.plan, &self.sub(view))
    }
}

/// Whether this backend may be taken for this request at all.
#[inline]
pub(super) fn may_take<V: View>(view: &V, request: &Request<'_>, index: usize) -> bool {
    index < view.len() && !request.excludes(view.id(index)) && view.has_room(index)
}

/// The groups with better plans where the policy has such, if it has any. Plans can't be copied, so those that stay are computed anew.
pub(super) fn refine<P: Policy, V: View>(
    policy: &P,
    view: &V,
    groups: &[Group<P::Plan>],
) -> Option<Vec<Group<P::Plan>>> {
    let groups: Vec<_> = groups
        .iter()
        .map(|group| (group, group.refined(policy, view)))
        .collect();
    if groups.iter().all(|(_, better)| better.is_none()) {
        return None;
    }
    let with = |(group, better): (&Group<P::Plan>, Option<P::Plan>)| Group {
        indices: group.indices.clone(),
        members: group.members.clone(),
        lane: group.lane,
        plan: better.unwrap_or_else(|| policy.plan(&group.sub(view))),
    };
    Some(groups.into_iter().map(with).collect())
}
