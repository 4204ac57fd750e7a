//! Anyone, by weight.

use super::alias::Alias;
use super::{Policy, View};
use crate::balance::Request;

/// A random backend, each as often as its weight says.
///
/// Callers share nothing: no counter, no order. With many callers that know nothing of each other this keeps them from going round in
/// step, as [`RoundRobin`](super::RoundRobin) may.
///
/// # When not to use this
///
/// For few requests, or where even shares matter: of `t` picks a backend with share `s` gets `t s` give or take the root of that. And it
/// neither sees slow backends nor busy ones: [`Adaptive`](super::Adaptive) does.
///
/// # Complexity
///
/// One random number and at most one load; 8 bytes per backend if weights differ. Shares are exact to 2^-48. See [`Alias`] for the source.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "its name is its only value")]
pub struct Random;

impl Policy for Random {
    type Plan = Alias;

    fn plan<V: View>(&self, view: &V) -> Alias {
        Alias::of(view)
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Alias, view: &V, _: &Request<'_>) -> Option<usize> {
        plan.draw(view)
    }
}
