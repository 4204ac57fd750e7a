//! Policies that go by keys: who has which, what moves, and bounds.

use proptest::prelude::*;
use tenfold::balance::{BackendId, Consistent, Error, Hash, IpHash, Policy, Request, View};
use tenfold::hash::StableHash;
use tenfold::ring::placement::{DynPlacement, Ketama, Placement, Rendezvous, Table};
use tenfold::ring::{Maglev, MultiProbe, Native, Ring, SlotTable};
use tenfold::rng::Rng;

use crate::plain::{Plain, row};
use crate::shares::assert_shares;

fn hash(number: u64) -> u64 {
    StableHash::u64(number)
}

/// The same backends in a ring.
fn ring<R: Placement>(view: &Plain, recipe: R) -> Ring<String, R> {
    let nodes = view.rows.iter().map(|row| (row.key.clone(), row.weight));
    nodes
        .fold(Ring::builder(), |ring, (key, weight)| {
            ring.weighted(key, weight)
        })
        .placement(recipe)
        .build()
        .unwrap()
}

/// A policy over a placement agrees with a ring of the same nodes, also on who is next.
fn agrees<R>(recipe: R)
where
    R: Placement<Table: Table + 'static> + Clone + 'static,
{
    let view = Plain::weighted(&[1, 2, 1, 3, 1, 1, 2]);
    let ring = ring(&view, recipe.clone());
    let hashing = Hash::over(recipe.clone()).unwrap();
    let consistent = Consistent::over(recipe).unwrap();
    let (table, bounds) = (hashing.plan(&view), consistent.plan(&view));
    for number in 0..500 {
        let replicas: Vec<_> = ring.replicas_hash(hash(number), 3).collect();
        let tried: Vec<_> = replicas.iter().map(|key| BackendId::of(key)).collect();
        for (count, expected) in replicas.iter().enumerate() {
            let request = Request::new().hash(hash(number)).excluding(&tried[..count]);
            let chosen = hashing.pick(&table, &view, &request).unwrap();
            assert_eq!(view.key(chosen), **expected);
            let chosen = consistent.pick(&bounds, &view, &request).unwrap();
            assert_eq!(view.key(chosen), **expected);
        }
    }
}

#[test]
fn keys_are_where_a_ring_has_them() {
    agrees(Rendezvous::default());
    agrees(Native::default());
    agrees(Maglev::default());
    agrees(SlotTable::default());
    agrees(MultiProbe::default());
    agrees(Ketama::default());
    agrees(DynPlacement::new(Native::default()));
}

/// Where each key is, by name.
fn homes<P: Policy>(policy: &P, view: &Plain, keys: u64) -> Vec<String> {
    let plan = policy.plan(view);
    let home = |key| {
        let request = Request::new().hash(hash(key));
        view.key(policy.pick(&plan, view, &request).unwrap())
            .to_owned()
    };
    (0..keys).map(home).collect()
}

proptest! {
    #[test]
    fn when_one_is_lost_only_its_keys_move(weights in prop::collection::vec(1_u32..6, 2..12), lost in any::<prop::sample::Index>()) {
        let view = Plain::weighted(&weights);
        let lost = view.rows[lost.index(weights.len())].key.clone();
        let less = view.with_down(|row| row.key == lost);
        fn moved<P: Policy>(policy: &P, view: &Plain, less: &Plain, lost: &str) -> Result<(), TestCaseError> {
            let excluded = [BackendId::of(lost)];
            let plan = policy.plan(view);
            for (key, (before, after)) in homes(policy, view, 300).iter().zip(homes(policy, less, 300)).enumerate() {
                prop_assert!(*before == after || before == lost);
                // Exclusion is loss, for one request.
                let request = Request::new().hash(hash(key as u64)).excluding(&excluded);
                prop_assert_eq!(view.key(policy.pick(&plan, view, &request).unwrap()), after);
            }
            Ok(())
        }
        moved(&Hash::default(), &view, &less, &lost)?;
        moved(&Hash::over(Native::default()).unwrap(), &view, &less, &lost)?;
        moved(&Consistent::default(), &view, &less, &lost)?;
    }

    /// Against the definition: the first of the key's nodes that is below its bound.
    #[test]
    fn no_bound_is_passed(weights in prop::collection::vec(1_u32..6, 1..10), factor in 1.0..3.0_f64, seed: u64) {
        let view = Plain::weighted(&weights);
        let factor = (factor * 65_536.0).floor() / 65_536.0;
        let policy = Consistent::default().factor(factor).unwrap();
        let plan = policy.plan(&view);
        let ring = ring(&view, Native::default());
        let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let mut rng = Rng::seeded(seed);
        let mut under_way: Vec<usize> = Vec::new();
        for _ in 0..200 {
            if rng.below(3) == 0 && !under_way.is_empty() {
                let ended = under_way.swap_remove(rng.below(under_way.len() as u64) as usize);
                view.rows[ended].in_flight.set(view.in_flight(ended) - 1);
                continue;
            }
            // Few keys, and one of them hot.
            let key = hash(rng.below(2) * rng.below(4));
            let total = under_way.len() as u64 + 1;
            let bound = |index: usize| {
                let share = (factor * 65_536.0) as u128 * u128::from(total * u64::from(weights[index]));
                share.div_ceil(u128::from(65_536 * all)) as u64
            };
            let chosen = policy.pick(&plan, &view, &Request::new().hash(key)).unwrap();
            let index_of = |key: &String| view.rows.iter().position(|row| row.key == *key).unwrap();
            let mut order = ring.replicas_hash(key, weights.len()).map(index_of);
            let expected = order.find(|index| view.in_flight(*index) < bound(*index));
            prop_assert_eq!(Some(chosen), expected);
            prop_assert!(view.in_flight(chosen) < bound(chosen));
            view.rows[chosen].in_flight.set(view.in_flight(chosen) + 1);
            under_way.push(chosen);
        }
    }
}

/// While anybody starts slowly all weights are in another unit, of which some placements make other tables.
#[test]
fn a_slow_start_moves_no_key() {
    fn stays<P: Policy>(policy: P) {
        let mut view = Plain::weighted(&[1, 2, 1, 3, 1]);
        let before = homes(&policy, &view, 2_000);
        for part in 1..8 {
            view.rows.iter_mut().for_each(|row| row.part = 8);
            view.rows[3].part = part;
            assert!(view.weight(0) > view.whole_weight(0));
            assert_eq!(homes(&policy, &view, 2_000), before);
        }
    }
    stays(Hash::default());
    stays(Hash::over(Native::default()).unwrap());
    stays(Hash::over(Maglev::default()).unwrap());
    stays(Hash::over(SlotTable::default()).unwrap());
    stays(Hash::over(Ketama::default()).unwrap());
    stays(Consistent::default());
}

/// And it changes no bound, also if nearly everybody starts slowly: each of these may have one of four leases.
#[test]
fn a_slow_start_changes_no_bound() {
    let policy = Consistent::default().factor(1.0).unwrap();
    for key in 0..20_u64 {
        let mut view = Plain::weighted(&[1; 4]);
        view.rows[0].part = 8;
        let plan = policy.plan(&view);
        for _ in 0..4 {
            let request = Request::new().key(&key);
            let chosen = policy.pick(&plan, &view, &request).unwrap();
            assert_eq!(view.in_flight(chosen), 0);
            view.rows[chosen].in_flight.set(1);
        }
    }
}

#[test]
fn shares_of_keys_are_as_the_weights() {
    let weights = [1, 5, 2, 0, 8];
    let view = Plain::weighted(&weights);
    let (hashing, mut counts) = (IpHash::default(), [0; 5]);
    let plan = hashing.plan(&view);
    for number in 0..50_000 {
        let request = Request::new().hash(hash(number));
        counts[hashing.pick(&plan, &view, &request).unwrap()] += 1;
    }
    assert_shares(&counts, &weights);
    // And without keys anyone is chosen.
    assert_shares(&view.counts(&hashing, &Request::new(), 50_000), &weights);
}

#[test]
fn a_full_backend_is_passed_by() {
    let mut view = Plain::weighted(&[1; 5]);
    let (hashing, request) = (Hash::default(), Request::new().key("user:42"));
    let plan = hashing.plan(&view);
    let mut seen = Vec::new();
    while let Some(chosen) = hashing.pick(&plan, &view, &request) {
        view.rows[chosen].has_room = false;
        seen.push(chosen);
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    let consistent = Consistent::default();
    assert_eq!(
        consistent.pick(&consistent.plan(&view), &view, &request),
        None
    );
}

#[test]
fn weights_that_make_too_large_a_table_are_placed_by_rendezvous() {
    let view = Plain::weighted(&[u32::MAX, 1, u32::MAX, u32::MAX]);
    let native = Hash::over(Native::default()).unwrap();
    assert_eq!(
        homes(&native, &view, 200),
        homes(&Hash::default(), &view, 200)
    );
    let heavy = Consistent::default();
    for row in &view.rows {
        row.in_flight.set(u64::MAX);
    }
    // Whatever it answers: nobody has so many.
    let plan = heavy.plan(&view);
    let _ = heavy.pick(&plan, &view, &Request::new());
    view.rows[2].in_flight.set(0);
    let tried: Vec<_> = [0, 1, 3].map(|index| view.id(index)).into();
    let request = Request::new().key("k").excluding(&tried);
    assert_eq!(heavy.pick(&plan, &view, &request), Some(2));
}

#[test]
fn as_many_backends_as_can_be() {
    let view = Plain::new((0..1 << 16).map(|index| row(index, u32::MAX)).collect());
    let consistent = Consistent::default();
    let plan = consistent.plan(&view);
    assert!(
        consistent
            .pick(&plan, &view, &Request::new().key("user:42"))
            .is_some()
    );
}

#[test]
fn bad_settings_are_refused() {
    let maglev = Maglev::with_table_size(100);
    let refused = Hash::over(maglev).map(|_| ());
    assert!(matches!(
        refused,
        Err(Error::BadSetting { rule }) if rule.starts_with("placement")
    ));
    assert!(Consistent::over(maglev).is_err());
    for factor in [0.99, 0.0, -1.0, f64::NAN, f64::INFINITY, 65_537.0] {
        let refused = Consistent::default().factor(factor).map(|_| ());
        assert!(matches!(
            refused,
            Err(Error::BadSetting { rule }) if rule.starts_with("factor")
        ));
    }
}
