//! Requests of one key to one backend.

use super::group::may_take;
use super::keyed::{Placed, is_sound};
use super::{Policy, View};
use crate::balance::{Error, Request};
use crate::ring::placement::{Placement, Rendezvous, Table};

/// Sends requests of one [key](Request::key) to one backend: the client's address, a user, an object.
///
/// Which backend that is follows from the key, and the backends and their weights, and from nothing else: every process of every release
/// comes to the same answer, and so does a [`Ring`](crate::ring::Ring) of the backends' keys with the same placement. When a backend is
/// lost, its keys go each to the next backend of their own, and no other key moves. So they do if the request excludes the backend, or if
/// that has no room.
///
/// A request without a key goes to a random backend, by weight.
///
/// A [slow start](crate::balance::Builder::slow_start) does not apply: a newcomer gets all of its keys at once. With a part of its weight it
/// would get them bit by bit, and each step would compute the table anew.
///
/// # Which placement
///
/// [`Rendezvous`] unless told otherwise: nothing to build, and exact for any weights, but a step for each backend. For hundreds of
/// backends [take another one](Self::over): [`Native`](crate::ring::Native) finds a backend in constant time and moves as few keys, yet its
/// table of 160 points per unit of weight is built at every change. What each placement promises is a table in [`ring`](crate::ring). A set
/// that a placement can't do, because it would need more than 2^22 entries, is placed by [`Rendezvous`].
///
/// # When not to use this
///
/// When few keys make most of the requests: their backends get them all. [`Consistent`](super::Consistent) keeps a bound.
///
/// # Complexity
///
/// As the placement: with [`Rendezvous`] O(n), and 24 bytes per backend.
///
/// # Source
///
/// That of the [placement](crate::ring::placement).
///
/// ```
/// use tenfold::balance::{Balancer, Hash, Request};
///
/// let balancer = Balancer::builder(Hash::default()).backends(["a:80", "b:80", "c:80"]).build()?;
/// let client = Request::new().key("192.0.2.7");
/// assert_eq!(balancer.pick_for(&client)?.id(), balancer.pick_for(&client)?.id());
/// # Ok::<(), tenfold::balance::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Hash<R = Rendezvous> {
    recipe: R,
}

impl Default for Hash {
    fn default() -> Self {
        Self {
            recipe: Rendezvous::default(),
        }
    }
}

/// [`Hash`](struct@Hash), where the key is the client's address.
pub type IpHash<R = Rendezvous> = Hash<R>;

impl<R: Placement> Hash<R> {
    /// Goes by this placement. One that agrees with another system hashes keys in that system's way:
    /// [`Request::hash`] takes such a hash.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] if the placement can't even place one backend, as a [`Maglev`](crate::ring::Maglev) table whose size is not a
    /// prime.
    pub fn over(recipe: R) -> Result<Self, Error> {
        if is_sound(&recipe) {
            Ok(Self { recipe })
        } else {
            Err(UNSOUND)
        }
    }
}

pub(super) const UNSOUND: Error = Error::BadSetting {
    rule: "placement must be one that can be built",
};

impl<R, T> Policy for Hash<R>
where
    R: Placement<Table = T> + 'static,
    T: Table + 'static,
{
    type Plan = Placed<T>;

    fn plan<V: View>(&self, view: &V) -> Placed<T> {
        Placed::new(&self.recipe, view)
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Placed<T>, view: &V, request: &Request<'_>) -> Option<usize> {
        let hash = request.known_hash().unwrap_or_else(|| view.random());
        let owner = plan.owner(hash)?;
        if may_take(view, request, owner) {
            return Some(owner);
        }
        plan.order(hash)
            .find(|index| may_take(view, request, *index))
    }
}
