//! Two at random, and of these the one that is expected to answer sooner.

use super::alias::Alias;
use super::least_loaded::two_by_weight;
use super::{Policy, View};
use crate::balance::Request;

/// Draws two backends and takes the one whose answer is expected sooner: by its latency, its leases, its weight and its failures.
///
/// What is compared is `cost × (in flight × w + 1)`: the [cost](View::cost) is a mean of latencies that follows peaks at once and that
/// failures raise, `w` the mean weight divided by the backend's own. Whoever is not in order loses to whoever is.
///
/// Backends are drawn by weight. While nobody has anything to do and all are equally fast, each is sent its share therefore.
///
/// # Source
///
/// The mean that follows peaks is that of Finagle; the two choices are Mitzenmacher's (see [`PowerOfTwo`](super::PowerOfTwo)).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "its name is its only value")]
pub struct Adaptive;

/// What [`Adaptive`] computes ahead.
#[derive(Clone, Debug)]
pub struct Scale {
    /// `None` if all have the same weight.
    mean_weight: Option<f32>,
    draws: Alias,
}

impl Policy for Adaptive {
    type Plan = Scale;

    const TIMED: bool = true;

    fn plan<V: View>(&self, view: &V) -> Scale {
        let weights = || (0..view.len()).map(|index| view.weight(index));
        let first = weights().next().unwrap_or(1);
        let sum: u64 = weights().map(u64::from).sum();
        let differ = weights().any(|weight| weight != first);
        Scale {
            mean_weight: differ.then(|| sum as f32 / view.len().max(1) as f32),
            draws: Alias::of(view),
        }
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Scale, view: &V, _: &Request<'_>) -> Option<usize> {
        let (a, b) = two_by_weight(&plan.draws, view);
        let chosen = plan.better(view, a, b);
        Some(if view.penalty(chosen) > TOLERABLE {
            plan.untroubled(view, chosen)
        } else {
            chosen
        })
    }
}

/// Failures that raise a cost by more than this are a reason to look for somebody else.
const TOLERABLE: f32 = 2.0;
/// How often.
const FURTHER_DRAWS: usize = 4;

impl Scale {
    #[inline]
    pub(crate) fn better<V: View>(&self, view: &V, a: usize, b: usize) -> usize {
        let usable = (view.is_usable(a), view.is_usable(b));
        let b_is_better = if usable.0 == usable.1 {
            self.expected(view, b) < self.expected(view, a)
        } else {
            usable.1
        };
        if b_is_better { b } else { a }
    }

    /// Both of two have failed lately: somebody who has not, if a few more draws find one.
    #[cold]
    fn untroubled<V: View>(&self, view: &V, chosen: usize) -> usize {
        let mut best = chosen;
        for _ in 0..FURTHER_DRAWS {
            let (a, b) = two_by_weight(&self.draws, view);
            best = self.better(view, best, self.better(view, a, b));
            if view.penalty(best) <= TOLERABLE {
                break;
            }
        }
        best
    }

    #[inline]
    pub(crate) fn expected<V: View>(&self, view: &V, index: usize) -> f32 {
        let line = self.for_weight(view, index, view.in_flight(index) as f32);
        view.cost(index) * (line + 1.0)
    }

    /// What so many requests are for a backend of its weight.
    #[inline]
    pub(crate) fn for_weight<V: View>(&self, view: &V, index: usize, load: f32) -> f32 {
        match self.mean_weight {
            None => load,
            Some(mean) => load * mean / view.weight(index).max(1) as f32,
        }
    }
}
