//! Schedules: windows, periods, roundings, first picks.

use proptest::prelude::*;
use tenfold::balance::plan::Course;
use tenfold::balance::{Balancer, Policy, Request, RoundRobin, Spec, View, WeightedRoundRobin};
use tenfold::rng::Rng;

use crate::plain::Plain;
use crate::shares::{assert_parts, assert_shares};

const POLICY: fn() -> WeightedRoundRobin = WeightedRoundRobin::default;

fn scheduled(view: &Plain) -> Course {
    let plan = POLICY().plan(view);
    POLICY().refine(&plan, view).unwrap_or(plan)
}

fn next(plan: &Course, view: &Plain) -> usize {
    POLICY().pick(plan, view, &Request::new()).unwrap()
}

/// Every turn of two periods is in its window, and so all that follows from that.
fn is_smooth(weights: &[u32], turns_of: &[u64]) {
    let view = Plain::weighted(weights);
    let plan = scheduled(&view);
    let period = plan.period();
    assert!(plan.is_scheduled());
    assert_eq!(period, turns_of.iter().sum::<u64>());
    let mut had = vec![0; weights.len()];
    let mut most = vec![0; weights.len()];
    let mut least = vec![0; weights.len()];
    for slot in 0..2 * period {
        let index = next(&plan, &view);
        let turns = turns_of[index];
        // The window, in integers.
        assert!(
            had[index] * period / turns <= slot,
            "{index} is early at {slot}"
        );
        assert!(
            slot < ((had[index] + 1) * period).div_ceil(turns),
            "{index} is late at {slot}"
        );
        had[index] += 1;
        if weights.len() <= 100 {
            for (index, had) in had.iter().enumerate() {
                let ahead = (had * period) as i64 - ((slot + 1) * turns_of[index]) as i64;
                assert!(ahead.unsigned_abs() < period, "prefix of {}", slot + 1);
                most[index] = ahead.max(most[index]);
                least[index] = ahead.min(least[index]);
            }
        }
    }
    for (index, had) in had.iter().enumerate() {
        assert_eq!(*had, 2 * turns_of[index]);
        // Any window is the difference of two prefixes.
        assert!(most[index] - least[index] < 2 * period as i64);
    }
}

fn reduced(weights: &[u32]) -> Vec<u64> {
    let divides = |by: &u32| weights.iter().all(|weight| weight % by == 0);
    let divisor = (1..=*weights.iter().max().unwrap()).rev().find(divides);
    weights
        .iter()
        .map(|weight| u64::from(weight / divisor.unwrap()))
        .collect()
}

proptest! {
    #[test]
    fn every_turn_is_in_its_window(weights in prop::collection::vec(0_u32..40, 1..12)) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        is_smooth(&weights, &reduced(&weights));
    }

    #[test]
    fn of_very_unlike_weights_too(weights in prop::collection::vec(prop_oneof![1_u32..3, 500..2000_u32], 1..10)) {
        is_smooth(&weights, &reduced(&weights));
    }

    #[test]
    fn rounding_is_as_small_as_it_says(weights in prop::collection::vec(any::<u32>().prop_map(|bits| bits >> (bits % 32)), 1..50)) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let view = Plain::weighted(&weights);
        let plan = scheduled(&view);
        prop_assert!(plan.period() <= 1 << 16);
        let mut counts = vec![0; weights.len()];
        for _ in 0..plan.period() {
            counts[next(&plan, &view)] += 1_u64;
        }
        let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let parts: Vec<_> = weights.iter().map(|weight| f64::from(*weight) / total).collect();
        assert_parts(&counts, &parts, plan.max_error() + 1e-12);
        for (count, weight) in counts.iter().zip(&weights) {
            prop_assert_eq!(*count > 0, *weight > 0);
        }
        // Who has a turn at least is off by less than one, but for those from whom such turns are taken.
        prop_assert!(plan.max_error() < weights.len() as f64 / 65_536.0);
        prop_assert_eq!(plan.is_quantised(), plan.max_error() > 0.0);
    }
}

#[test]
fn large_sets_are_smooth_once_refined() {
    let mut rng = Rng::seeded(5);
    let weights: Vec<u32> = (0..1000).map(|_| 1 + rng.below(100) as u32).collect();
    let view = Plain::weighted(&weights);
    let plan = POLICY().plan(&view);
    assert!(!plan.is_scheduled() && !plan.is_quantised() && plan.period() == 0);
    assert_shares(
        &view.counts(&POLICY(), &Request::new(), 1_000_000),
        &weights,
    );
    let view = Plain::weighted(&weights);
    assert!(POLICY().refine(&scheduled(&view), &view).is_none());
    is_smooth(&weights, &reduced(&weights));
}

#[test]
fn the_largest_sets_and_weights() {
    let of = |weights: &[u32]| scheduled(&Plain::weighted(weights));
    let heaviest = of(&vec![u32::MAX; 1 << 16]);
    assert_eq!(
        (heaviest.period(), heaviest.is_quantised()),
        (1 << 16, false)
    );
    let mut unlike = vec![u32::MAX; 1 << 16];
    unlike[7] = 1;
    let unlike = of(&unlike);
    assert!(unlike.is_quantised() && unlike.max_error() < 1.0 / 65_536.0);
    let halves: Vec<u32> = (0..43_690).map(|index| 1 + index % 2).collect();
    assert_eq!(of(&halves).period(), 65_535);
    let one = of(&[u32::MAX, 1]);
    assert_eq!(one.period(), 1 << 16);
    assert!(one.is_quantised() && one.max_error() < 1.0 / 65_535.0);
}

#[test]
fn one_backend_and_none_with_weight() {
    let view = Plain::weighted(&[0, 9, 0]);
    assert_eq!(view.counts(&POLICY(), &Request::new(), 10), [0, 10, 0]);
    let view = Plain::weighted(&[0, 0]);
    assert_eq!(
        POLICY().pick(&scheduled(&view), &view, &Request::new()),
        None
    );
}

#[test]
fn equal_weights_take_turns() {
    for weight in [1, 3, u32::MAX] {
        let (view, other) = (Plain::weighted(&[weight; 7]), Plain::weighted(&[weight; 7]));
        let (plan, turns) = (scheduled(&view), RoundRobin.plan(&other));
        for _ in 0..30 {
            let turn = RoundRobin.pick(&turns, &other, &Request::new());
            assert_eq!(Some(next(&plan, &view)), turn);
        }
    }
}

#[test]
fn known_orders() {
    let order = |weights: &[u32]| {
        let view = Plain::weighted(weights);
        let plan = scheduled(&view);
        (0..2 * plan.period())
            .map(|_| next(&plan, &view))
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&[2, 1]), [0, 1, 0, 0, 1, 0]);
    // Never five times in a row, as if it were written down weight by weight.
    let spread = order(&[5, 1, 1]);
    assert_eq!(spread[..7], [0, 0, 0, 1, 0, 2, 0]);
    let longest = spread.chunk_by(|a, b| a == b).map(<[_]>::len).max();
    assert!(longest < Some(5));
}

/// The same weights, and many balancers that were just built.
#[test]
fn first_picks_are_as_the_weights() {
    let weights = [5, 1, 3, 1];
    let mut counts = vec![0; weights.len()];
    for seed in 0..1000 {
        let specs = weights.iter().zip(["a", "b", "c", "d"]);
        let balancer = Balancer::builder(POLICY())
            .backends(specs.map(|(weight, key)| Spec::new(key, ()).weight(*weight)))
            .seed(seed)
            .build()
            .unwrap();
        let first = balancer.pick().unwrap();
        let place = ["a", "b", "c", "d"]
            .iter()
            .position(|key| *key == first.key());
        counts[place.unwrap()] += 1;
    }
    assert_shares(&counts, &weights);
}

#[test]
fn lanes_of_a_view_begin_at_its_turn() {
    let view = Plain::weighted(&[1, 1]);
    assert_eq!((view.turn(0), view.turn(0), view.turn(1)), (0, 1, 0));
}
