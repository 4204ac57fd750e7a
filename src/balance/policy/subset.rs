//! A few of many.

use super::group::{Group, refine};
use super::sub::Lane;
use super::{Policy, View};
use crate::balance::{Error, Request};
use crate::kernel::hash::{StableHash, StableKey};

/// Each client uses a few of all backends, its own, so that not every client has connections to every backend.
///
/// Which ones follows from the client's name and the backends' keys, and from nothing else. When a backend of a subset is lost another one
/// takes its place, the rest stays; when one comes, each subset changes by one backend at most. Weights don't matter for who is in the
/// subset.
///
/// Nor does a [slow start](crate::balance::Builder::slow_start): whoever belongs to the subset is in it at once, and gets its part of the
/// work there as `P` has it.
///
/// Among these the policy `P` chooses. If none of them may be chosen for a request, the balancer takes any other.
///
/// # When not to use this
///
/// With few clients: subsets are random, so with `c` clients and subsets of `k` of `n` backends each is in about `c k / n` of them, give or
/// take the root of that, and who is in none gets nothing.
///
/// # Complexity
///
/// What `P` takes; 4 bytes for each backend of the subset, a copy of what is known of it, and what `P` needs for so many.
///
/// # Source
///
/// Rendezvous hashing (see [`ring::Rendezvous`](crate::ring::Rendezvous)) for subsets is gRPC proposal A68.
///
/// ```
/// use tenfold::balance::{Balancer, RoundRobin, Subset};
///
/// let policy = Subset::new(RoundRobin, "web-17", 2)?;
/// let balancer = Balancer::builder(policy).backends(["a:80", "b:80", "c:80", "d:80"]).build()?;
/// let first = balancer.pick()?.id();
/// assert_ne!(balancer.pick()?.id(), first);
/// assert_eq!(balancer.pick()?.id(), first);
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Subset<P> {
    inner: P,
    client: u64,
    size: usize,
}

impl<P> Subset<P> {
    /// Chooses by `inner` among `size` backends, those of the client of this name.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] if the size is 0.
    pub fn new<K: StableKey + ?Sized>(inner: P, client: &K, size: usize) -> Result<Self, Error> {
        if size == 0 {
            return Err(Error::BadSetting {
                rule: "size must be 1 or more",
            });
        }
        Ok(Self {
            inner,
            client: client.stable_hash(),
            size,
        })
    }
}

/// What [`Subset`] computes ahead.
#[derive(Clone, Debug)]
pub struct Selection<Plan>(Option<Group<Plan>>);

/// There are no other groups.
const WHOLE: Lane = Lane { place: 0, of: 1 };

impl<P: Policy> Policy for Subset<P> {
    type Plan = Selection<P::Plan>;

    const TIMED: bool = P::TIMED;

    const REFINES: bool = P::REFINES;

    fn plan<V: View>(&self, view: &V) -> Selection<P::Plan> {
        let draw = |index: usize| {
            let id = view.id(index);
            // A pair with one more number than a key has, so that a ring's draws and these have nothing in common.
            let draw = StableHash::pair(StableHash::u64(self.client), id.as_u64());
            (draw, id, index as u32)
        };
        let mut draws: Vec<_> = (0..view.len()).map(draw).collect();
        if self.size < draws.len() {
            draws.select_nth_unstable(self.size);
            draws.truncate(self.size);
        }
        draws.sort_unstable_by_key(|(_, _, index)| *index);
        let mut ids: Vec<_> = draws.iter().map(|(_, id, _)| *id).collect();
        ids.sort_unstable();
        let indices = draws.iter().map(|(_, _, index)| *index).collect();
        let members = view.members().iter();
        let members = members.filter(|member| ids.binary_search(&member.id).is_ok());
        let members = members.cloned().collect();
        Selection(Group::new(&self.inner, view, indices, members, WHOLE))
    }

    fn refine<V: View>(&self, plan: &Self::Plan, view: &V) -> Option<Self::Plan> {
        let better = refine(&self.inner, view, plan.0.as_slice())?;
        Some(Selection(better.into_iter().next()))
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Self::Plan, view: &V, request: &Request<'_>) -> Option<usize> {
        plan.0.as_ref()?.choose(&self.inner, view, request)
    }
}
