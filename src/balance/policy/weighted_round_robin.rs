//! One after the other, the heavier more often.

use super::alias::{Alias, MOST};
use super::cycle::Cycle;
use super::schedule::schedule;
use super::slots::{exact_period, slots};
use super::{Policy, View};
use crate::balance::Request;

/// One backend after the other, each as often as its weight says, and evenly spread: with weights 5, 1 and 1 it is never the first five
/// times in a row.
///
/// In a period of as many turns as the weights sum up to, divided by what all have in common, each backend has exactly its turns. After `t`
/// turns from the schedule's start it has had its part of them, give or take less than one, and of any `t` turns in a row give or take less
/// than two. Where in the schedule a balancer begins is random, so that many of them don't send their first requests to the same backend.
/// A [`Picker`](crate::balance::Picker) goes through the schedule by itself: with `p` pickers what is said holds for each.
///
/// # Long periods
///
/// A period has at most 65 536 turns. Weights that would need more are rounded, and each backend with weight keeps one turn at least: the
/// [plan](super::plan::Course) tells that, and by how much shares are off: [`Balancer::plan`](crate::balance::Balancer::plan) shows it.
///
/// # Large sets
///
/// A schedule is computed when it is cheap, which is up to 4096 turns. For a longer one backends are drawn at random by weight until
/// [`refine`](Policy::refine) has computed it.
///
/// # When not to use this
///
/// When backends may become slow, or requests are unlike each other: it sees neither. Prefer [`Adaptive`](super::Adaptive).
///
/// # Complexity
///
/// An addition to a shared counter, two multiplications and one load; 2 bytes per turn of a period, so 128 KiB at most, and for all that
/// have the same weight 24 bytes. Computing a schedule takes O(1) for each turn, and O(n log n) where weights are rounded.
///
/// # Source
///
/// The windows are those of S. Baruah, N. Cohen, C. Plaxton, D. Varvel, "Proportionate Progress: A Notion of Fairness in Resource
/// Allocation", Algorithmica 15, 1996.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "its name is its only value")]
pub struct WeightedRoundRobin;

/// What [`WeightedRoundRobin`] computes ahead: the order of turns.
#[derive(Clone, Debug)]
pub struct Course {
    order: Order,
    period: u64,
    max_error: f64,
}

#[derive(Clone, Debug)]
enum Order {
    /// In the order of the backends.
    Even(Cycle),
    Scheduled(Cycle, Box<[u16]>),
    /// Not yet.
    Drawn(Alias),
}

/// Turns up to which a schedule is computed at once.
const CHEAP: u64 = 1 << 12;

impl Course {
    /// In an order, however long it takes to compute.
    fn scheduled(weights: impl Iterator<Item = u32> + Clone) -> Self {
        let slots = slots(weights);
        let order = if slots.of.iter().all(|turns| *turns == 1) {
            Order::Even(Cycle::new(slots.of.len()))
        } else {
            Order::Scheduled(Cycle::new(slots.period as usize), schedule(&slots))
        };
        Self {
            order,
            period: slots.period,
            max_error: slots.max_error,
        }
    }

    fn drawn(weights: impl Iterator<Item = u32> + Clone) -> Self {
        Self {
            order: Order::Drawn(Alias::new(weights)),
            period: 0,
            max_error: 0.0,
        }
    }

    /// Turns after which the order repeats; 0 if there is no order.
    #[must_use]
    pub const fn period(&self) -> u64 {
        self.period
    }

    /// Whether weights are rounded, because a period would be too long otherwise.
    #[must_use]
    pub fn is_quantised(&self) -> bool {
        self.max_error > 0.0
    }

    /// The largest difference between the share of a backend and that of its weight, as a part of all turns.
    #[must_use]
    pub const fn max_error(&self) -> f64 {
        self.max_error
    }

    /// Whether turns follow a schedule. If not, backends are drawn at random by their exact weights until somebody has computed one.
    #[must_use]
    pub const fn is_scheduled(&self) -> bool {
        !matches!(self.order, Order::Drawn(_))
    }
}

fn weights<V: View>(view: &V) -> impl Iterator<Item = u32> + Clone + '_ {
    (0..view.len().min(MOST)).map(|index| view.weight(index))
}

impl Policy for WeightedRoundRobin {
    const REFINES: bool = true;

    type Plan = Course;

    fn plan<V: View>(&self, view: &V) -> Course {
        let weights = weights(view);
        let (period, divisor) = exact_period(weights.clone());
        let is_even = weights.clone().all(|weight| weight == divisor);
        if is_even || period <= CHEAP {
            Course::scheduled(weights)
        } else {
            Course::drawn(weights)
        }
    }

    fn refine<V: View>(&self, plan: &Course, view: &V) -> Option<Course> {
        (!plan.is_scheduled()).then(|| Course::scheduled(weights(view)))
    }

    #[inline]
    fn pick<V: View>(&self, plan: &Course, view: &V, _: &Request<'_>) -> Option<usize> {
        match &plan.order {
            Order::Even(cycle) => Some(cycle.place(view.turn(0))),
            Order::Scheduled(cycle, order) => {
                let turn = cycle.place(view.turn(0));
                order.get(turn).map(|index| usize::from(*index))
            }
            Order::Drawn(alias) => alias.draw(view),
        }
    }
}
