//! Random choices: shares, in the large and exactly.

use proptest::prelude::*;
use tenfold::balance::{Adaptive, Policy, PowerOfTwo, Random, Request, View, WeightedRoundRobin};
use tenfold::rng::Rng;

use crate::plain::Plain;
use crate::shares::{assert_parts, assert_shares};

#[test]
fn a_million_draws_are_as_the_weights() {
    let mut rng = Rng::seeded(9);
    let any: Vec<u32> = (0..200).map(|_| rng.below(50) as u32).collect();
    for weights in [&[1, 2, 3, 4][..], &[0, 7, 0, 1, 1000], &[1; 10], &any, &[3]] {
        let view = Plain::weighted(weights);
        let counts = view.counts(&Random, &Request::new(), 1_000_000);
        assert_shares(&counts, weights);
    }
}

proptest! {
    /// Numbers that are evenly spread come out as exact shares, but for one number at each end of a column and its border.
    #[test]
    fn shares_are_exact(weights in prop::collection::vec(any::<u32>().prop_map(|bits| bits >> (bits % 32)), 1..40)) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let picks = 1 << 11;
        let view = Plain::weighted(&weights).evenly(picks);
        let counts = view.counts(&Random, &Request::new(), picks as usize);
        let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let parts: Vec<_> = weights.iter().map(|weight| f64::from(*weight) / total).collect();
        assert_parts(&counts, &parts, 2.0 * weights.len() as f64 / picks as f64);
        for (count, weight) in counts.iter().zip(&weights) {
            prop_assert!(*count == 0 || *weight > 0);
        }
    }
}

#[test]
fn the_largest_sets_and_weights_do_not_overflow() {
    let mut weights = vec![u32::MAX; 1 << 16];
    weights[3] = 0;
    weights[4] = 1;
    let counts = Plain::weighted(&weights).counts(&Random, &Request::new(), 100_000);
    assert_eq!(counts[3], 0);
    assert!(counts.iter().max() < Some(&20));
    let nobody = Plain::weighted(&[0, 0, 0]);
    let plan = Random.plan(&nobody);
    assert_eq!(Random.pick(&plan, &nobody, &Request::new()), None);
}

/// While nobody has anything to do, and all are equally fast.
#[test]
fn idle_shares_of_the_adaptive_policy_are_as_the_weights() {
    for weights in [&[5, 1, 3, 1][..], &[1000, 1, 1], &[2; 6], &[4]] {
        let view = Plain::weighted(weights);
        let counts = view.counts(&Adaptive, &Request::new(), 100_000);
        assert_shares(&counts, weights);
    }
}

#[test]
fn one_backend_is_always_chosen() {
    fn of<P: Policy>(policy: &P) {
        let view = Plain::weighted(&[3]);
        assert_eq!(view.counts(policy, &Request::new(), 20), [20]);
        let excluded = [view.id(0)];
        let request = Request::new().excluding(&excluded);
        assert_eq!(view.choose(policy, &policy.plan(&view), &request), None);
    }
    of(&Random);
    of(&Adaptive);
    of(&PowerOfTwo);
    of(&WeightedRoundRobin);
}
