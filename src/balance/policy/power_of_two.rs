//! Two at random, and of these the one with less to do.

use super::alias::Alias;
use super::least_loaded::two_by_weight;
use super::{Policy, View};
use crate::balance::Request;

/// Draws two backends by weight and takes the one with fewer leases for its weight.
///
/// It needs no order and no shared counter, and the longest line it makes is exponentially shorter than that of random choice. Only
/// [leases](crate::balance::Balancer::lease) count as load, so use it with those.
///
/// # When not to use this
///
/// When some backends are slower than others, or may fail fast: [`Adaptive`](super::Adaptive) sees that, this does not.
///
/// # Source
///
/// M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "its name is its only value")]
pub struct PowerOfTwo;

impl Policy for PowerOfTwo {
    type Plan = Alias;

    fn plan<V: View>(&self, view: &V) -> Alias {
        Alias::of(view)
    }

    #[inline]
    fn pick<V: View>(&self, draws: &Alias, view: &V, _: &Request<'_>) -> Option<usize> {
        let (a, b) = two_by_weight(draws, view);
        // Who is drawn first stays unless the other has less to do, so that idle backends are chosen by weight.
        let (line_a, line_b) = (view.in_flight(a), view.in_flight(b));
        let (weight_a, weight_b) = (view.weight(a), view.weight(b));
        let shorter =
            line_b.saturating_mul(weight_a.into()) < line_a.saturating_mul(weight_b.into());
        Some(if shorter { b } else { a })
    }
}
