//! One after the other.

use super::cycle::Cycle;
use super::{Policy, View};
use crate::balance::Request;

/// One backend after the other, whatever its weight and however fast it is.
///
/// Of `t` picks in a row, by however many threads, each of `n` backends gets `t / n`, rounded down or up. A [`Picker`](crate::balance::Picker)
/// counts for itself: with `p` pickers each backend gets at most `p` more or less. In the groups of a policy that wraps it, as
/// [`Route`](super::Route), this holds for each group, for the first 32 of them; in others backends come in [random order](View::turn).
///
/// # When not to use this
///
/// When backends differ or one of them may become slow: the slowest is then sent as much as the fastest. Prefer
/// [`Adaptive`](super::Adaptive).
///
/// # Complexity
///
/// One addition to a shared counter and two multiplications; 32 bytes.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "its name is its only value")]
pub struct RoundRobin;

/// What [`RoundRobin`] computes ahead.
#[derive(Clone, Copy, Debug)]
pub struct Rotation(Cycle);

impl Policy for RoundRobin {
    type Plan = Rotation;

    fn plan<V: View>(&self, view: &V) -> Rotation {
        Rotation(Cycle::new(view.len()))
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Rotation, view: &V, _: &Request<'_>) -> Option<usize> {
        Some(plan.0.place(view.turn(0)))
    }
}
