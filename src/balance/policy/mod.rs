//! Which backend is next: decisions only, over whatever can be looked at as a [`View`].

mod adaptive;
mod alias;
mod consistent;
mod cycle;
mod erased;
mod fewest;
mod group;
mod hash;
pub(super) mod hot_cold;
mod keyed;
mod least_connections;
mod least_loaded;
mod least_response_time;
pub mod plan;
mod power_of_two;
mod priority;
mod random;
mod round_robin;
mod route;
mod schedule;
mod slots;
mod spill;
mod sticky;
mod sub;
mod subset;
mod weighted_round_robin;
mod when;
mod zone_aware;

pub use adaptive::Adaptive;
pub use consistent::Consistent;
pub use erased::DynPolicy;
pub use hash::{Hash, IpHash};
pub use least_connections::LeastConnections;
pub use least_response_time::LeastResponseTime;
pub use power_of_two::PowerOfTwo;
pub use priority::Priority;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use route::Route;
pub use sticky::Sticky;
pub use subset::Subset;
pub use weighted_round_robin::WeightedRoundRobin;
pub use when::When;
pub use zone_aware::ZoneAware;

use std::sync::Arc;

use super::{BackendId, Request};
use crate::kernel::clock::Tick;

/// Chooses a backend for each request.
///
/// A policy sees backends by their index in a [`View`]: those that may be chosen now. Whenever these or their weights change it is
/// asked for a [`plan`](Self::plan): whatever can be computed ahead, a table or a schedule. Then it [picks](Self::pick) with that plan,
/// from many threads at a time. It needs no lock and keeps no state of its own: turns, random numbers, loads and latencies come from the
/// view.
///
/// # Example: the backend with the fewest requests under way, among three
///
/// ```
/// use tenfold::balance::{Balancer, Policy, Request, View};
///
/// #[derive(Debug)]
/// struct BestOfThree;
///
/// impl Policy for BestOfThree {
///     type Plan = ();
///
///     fn plan<V: View>(&self, _: &V) {}
///
///     fn pick<V: View>(&self, (): &(), view: &V, _: &Request<'_>) -> Option<usize> {
///         let drawn = std::iter::repeat_with(|| view.below(view.len())).take(3);
///         drawn.min_by_key(|index| view.in_flight(*index))
///     }
/// }
///
/// let balancer = Balancer::builder(BestOfThree).backends(["a:80", "b:80", "c:80"]).build()?;
/// assert!(balancer.pick().is_ok());
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
pub trait Policy: Send + Sync + 'static {
    /// What is computed once for a set of backends.
    type Plan: Send + Sync + 'static;

    /// Whether this policy looks at [`View::cost`]. Then the balancer reads the clock when a lease begins and when it ends.
    const TIMED: bool = false;

    /// Whether [`refine`](Self::refine) may make a plan better.
    const REFINES: bool = false;

    /// Computes ahead what can be, for the backends of `view`. It is called whenever they or their weights change, by the thread that
    /// changed them, outside all locks, and perhaps more than once for one change.
    fn plan<V: View>(&self, view: &V) -> Self::Plan;

    /// A better plan for the same backends, if it takes longer to compute than a change of the set should wait for. It is called once for
    /// each plan, as part of the balancer's [upkeep](crate::balance::Config::upkeep), unless the set has changed again by then.
    fn refine<V: View>(&self, plan: &Self::Plan, view: &V) -> Option<Self::Plan> {
        let _ = (plan, view);
        None
    }

    /// The index of a backend in `view`, which is the one that `plan` was made for, or at least equals it in what a plan may depend on:
    /// the backends, their order and weights. It is never empty.
    ///
    /// `None` leaves the choice to the balancer, and so does a backend that the request excludes or that has no room: then it takes one
    /// that is [admitted](Self::admits).
    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize>;

    /// Whether a backend would do for this request, if it has to be another than the policy's choice.
    fn admits<V: View>(
        &self,
        plan: &Self::Plan,
        view: &V,
        request: &Request<'_>,
        index: usize,
    ) -> bool {
        let _ = (plan, view, request, index);
        true
    }
}

/// The backends that a [`Policy`] may choose from, by index.
///
/// An index that is too large names nothing: its weight and load are zero.
pub trait View {
    /// How many there are: at most 65 536.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Who it is.
    fn id(&self, index: usize) -> BackendId;

    /// The name that it was given.
    fn key(&self, index: usize) -> &str;

    /// Its part of the work, relative to the others'; less than what it was given while it starts slowly. Above zero.
    ///
    /// While anybody starts slowly all weights are in a finer unit: only what they are relative to each other says something.
    fn weight(&self, index: usize) -> u32;

    /// The weight that it was given, also while it starts slowly: for policies that place keys. With a part of its weight a backend would
    /// get its keys bit by bit, and each of them would have been elsewhere first.
    fn whole_weight(&self, index: usize) -> u32;

    /// Where it is.
    fn zone(&self, index: usize) -> Option<&str>;

    /// 0 is asked first.
    fn priority(&self, index: usize) -> u8;

    /// What it is labelled with under this name.
    fn label(&self, index: usize, name: &str) -> Option<&str>;

    /// Leases that have not ended.
    fn in_flight(&self, index: usize) -> u64;

    /// Nanoseconds that a request is expected to cost: a mean of latencies that follows peaks at once and forgets them slowly, times a
    /// [penalty](Self::penalty) for failures. What is not known is taken to be as all the others. Above zero. Only for a
    /// [timed](Policy::TIMED) policy.
    fn cost(&self, index: usize) -> f32;

    /// What failures multiply the [cost](Self::cost) by: 1 for a backend that has not failed lately. Only for a [timed](Policy::TIMED) policy.
    fn penalty(&self, index: usize) -> f32;

    /// The time of the request, from the balancer's clock. Only for a [timed](Policy::TIMED) policy.
    fn now(&self) -> Tick;

    /// The load that the backend itself has reported, 0 for none to 1 for as much as it can take.
    fn reported_load(&self, index: usize) -> Option<f32>;

    /// Whether it is known to be in order. If it is not, the balancer is in panic mode.
    fn is_usable(&self, index: usize) -> bool;

    /// Whether it may take another lease.
    fn has_room(&self, index: usize) -> bool;

    /// A number that is one higher at each call, beginning anywhere: in a [`Picker`](super::Picker) for its own calls, else for all calls of the
    /// balancer. `lane` tells callers apart that count on their own.
    ///
    /// A policy by itself has lane 0. If others [wrap](super::Route) it each of its groups has a lane of its own, and in groups of groups
    /// each of those. A balancer counts for lanes below 32; from there on these numbers are random: in the mean all get their turns then,
    /// but not in turn. Groups that had one counter together would each see some of its numbers only, and leave out backends.
    fn turn(&self, lane: usize) -> u64;

    /// 64 random bits.
    fn random(&self) -> u64;

    /// A random index below `bound`; 0 if it is 0.
    #[inline]
    fn below(&self, bound: usize) -> usize {
        // The bias is below bound / 2^64.
        ((u128::from(self.random()) * bound as u128) >> 64) as usize
    }

    /// All members, also those that can't be chosen now, for policies that go by how many of a group are in order.
    fn members(&self) -> &[Member];
}

/// A member of the set, as far as policies go by it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Member {
    /// Who it is.
    pub id: BackendId,
    /// Its weight when it is in order and warm; 0 if it is draining.
    pub weight: u32,
    /// 0 is asked first.
    pub priority: u8,
    /// Where it is.
    pub zone: Option<Arc<str>>,
    /// What it is labelled with: names and values.
    pub labels: Arc<[(Box<str>, Box<str>)]>,
    /// Whether it is in order.
    pub usable: bool,
}

impl Member {
    /// A member in order, of priority 0, without zone and labels. The fields may be changed afterwards, for views of your own.
    #[must_use]
    pub fn new(id: BackendId, weight: u32) -> Self {
        Self {
            id,
            weight,
            priority: 0,
            zone: None,
            labels: Arc::new([]),
            usable: true,
        }
    }

    /// What it is labelled with under this name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let of_name = |(known, _): &&(Box<str>, Box<str>)| &**known == name;
        self.labels.iter().find(of_name).map(|(_, value)| &**value)
    }
}
