//! Requests of one key to one backend, while it has no more than its part to do.

use super::group::may_take;
use super::hash::UNSOUND;
use super::keyed::{Placed, is_sound};
use super::{Policy, View};
use crate::balance::{Error, Request};
use crate::ring::placement::{Native, Placement, Table};

/// Sends requests of one [key](Request::key) to one backend, unless that has much more to do than the others: then to the next backend of
/// the key.
///
/// Of `t` leases at a time, the one that is asked for included, a backend of weight `w` is given at most `c × t × w / W`, rounded up, `W`
/// being all weights. The factor `c` is 1.25 [unless told otherwise](Self::factor): the larger it is, the fewer requests leave their
/// backend. Callers that choose at the same moment see the same loads, so with `k` of them a backend may have up to `k - 1` more; a bound
/// that holds even then is that of [`ring::Bounded`](crate::ring::Bounded).
///
/// A request without a key goes to a random backend, by weight, within the same bound. Only [leases](crate::balance::Balancer::lease)
/// count. When a backend is lost, only its keys move, and those that were not where they belong.
///
/// A [slow start](crate::balance::Builder::slow_start) does not apply: neither to keys, which would move at each of its steps, nor to
/// bounds.
///
/// # When not to use this
///
/// Without leases: nothing is bounded then, and [`Hash`](super::Hash) costs less.
///
/// # Complexity
///
/// A lookup in constant time; then, unless the backend is idle, the loads of others are added up until it is known that this one is below
/// its bound: O(n), about `1 / c` of them if all have the same to do. The table of [`Native`] takes 9 to 10 bytes for each of 160 points
/// per unit of weight, and is built at every change, before that is published. A set for which it would need more than 2^22
/// points is placed by [`Rendezvous`](crate::ring::Rendezvous): so keep weights small. What a change of 1000 backends takes with it,
/// and without, is measured by `cargo bench --bench balance -- weight-of-1000`.
///
/// # Source
///
/// V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016 (arXiv 1608.01350).
#[derive(Clone, Copy, Debug)]
pub struct Consistent<R = Native> {
    recipe: R,
    /// In units of 1 / `UNIT`.
    factor: u64,
}

const UNIT: u64 = 1 << 16;

impl Default for Consistent {
    fn default() -> Self {
        Self {
            recipe: Native::default(),
            factor: UNIT + UNIT / 4,
        }
    }
}

impl<R: Placement> Consistent<R> {
    /// Goes by this placement.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] if the placement can't even place one backend.
    pub fn over(recipe: R) -> Result<Self, Error> {
        if !is_sound(&recipe) {
            return Err(UNSOUND);
        }
        Ok(Self {
            recipe,
            factor: UNIT + UNIT / 4,
        })
    }

    /// How much more than the mean a backend may have to do: 1.25 by default. It is rounded down to a multiple of 2^-16.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] unless it is 1 to 65 536.
    pub fn factor(self, factor: f64) -> Result<Self, Error> {
        if !(1.0..=65_536.0).contains(&factor) {
            return Err(Error::BadSetting {
                rule: "factor must be 1 to 65 536",
            });
        }
        let factor = (factor * UNIT as f64) as u64;
        Ok(Self { factor, ..self })
    }
}

/// What [`Consistent`] computes ahead.
#[derive(Debug)]
pub struct Bounds<T> {
    placed: Placed<T>,
    /// All weights.
    weight: u64,
}

/// More leases than anybody has: what is larger would be too large to multiply.
const MOST_LEASES: u64 = 1 << 48;

impl<R: Placement> Consistent<R> {
    /// Leases that there must be, with the next, for a backend of this weight to have one more than `leases`.
    fn needed(&self, leases: u64, weight: u32, all: u64) -> u128 {
        // Its bound is above `leases` if factor × total × weight / all is.
        let least = u128::from(leases) * u128::from(UNIT) * u128::from(all);
        least / (u128::from(self.factor) * u128::from(weight.max(1))) + 1
    }

    /// Whether this backend is below its bound. `total` has leases that were counted already, of the backends before `counted`.
    fn has_part<V: View>(
        &self,
        view: &V,
        all: u64,
        index: usize,
        (total, counted): &mut (u64, usize),
    ) -> bool {
        let leases = view.in_flight(index).min(MOST_LEASES);
        // An idle backend's bound is one at least.
        if leases == 0 {
            return true;
        }
        let needed = self.needed(leases, view.whole_weight(index), all);
        while u128::from(*total) < needed && *counted < view.len() {
            *total = total.saturating_add(view.in_flight(*counted));
            *counted += 1;
        }
        u128::from(*total) >= needed
    }
}

impl<R, T> Policy for Consistent<R>
where
    R: Placement<Table = T> + 'static,
    T: Table + 'static,
{
    type Plan = Bounds<T>;

    fn plan<V: View>(&self, view: &V) -> Bounds<T> {
        let weights = (0..view.len()).map(|index| u64::from(view.whole_weight(index)));
        Bounds {
            placed: Placed::new(&self.recipe, view),
            weight: weights.sum(),
        }
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Bounds<T>, view: &V, request: &Request<'_>) -> Option<usize> {
        let hash = request.known_hash().unwrap_or_else(|| view.random());
        // With the lease that is asked for.
        let mut counted = (1, 0);
        let mut is_open = |index: &usize| {
            may_take(view, request, *index)
                && self.has_part(view, plan.weight, *index, &mut counted)
        };
        let owner = plan.placed.owner(hash).filter(&mut is_open);
        // A backend that owns nothing may be the one that has room.
        owner
            .or_else(|| plan.placed.order(hash).find(&mut is_open))
            .or_else(|| (0..view.len()).find(&mut is_open))
    }
}
