//! Sessions, subsets, policies in policies, and policies without a type.

use proptest::prelude::*;
use tenfold::balance::{
    Adaptive, BackendId, Balancer, Consistent, DynPolicy, Error, Hash, LeastConnections,
    LeastResponseTime, Policy, PowerOfTwo, Priority, Random, Request, RoundRobin, Route, Spec,
    Sticky, Subset, View, WeightedRoundRobin, When, ZoneAware,
};

use crate::plain::{NOW, Plain, Row, row};
use crate::shares::assert_shares;

#[test]
fn sessions_stick_where_they_may() {
    let mut view = Plain::weighted(&[1; 9]);
    let policy = Sticky::new(RoundRobin);
    let plan = policy.plan(&view);
    for index in 0..9 {
        let request = Request::new().sticky(view.id(index));
        assert_eq!(policy.pick(&plan, &view, &request), Some(index));
    }
    assert_eq!(view.turns[0].get(), 0);
    let session = Request::new().sticky(view.id(4));
    let tried = [view.id(4)];
    assert_eq!(
        policy.pick(&plan, &view, &session.excluding(&tried)),
        Some(0)
    );
    let unknown = Request::new().sticky(BackendId::of("gone"));
    assert_eq!(policy.pick(&plan, &view, &unknown), Some(1));
    view.rows[4].has_room = false;
    assert_eq!(policy.pick(&plan, &view, &session), Some(2));
    assert_eq!(policy.pick(&plan, &view, &Request::new()), Some(3));
}

/// The names of those that a client uses.
fn subset(view: &Plain, client: u64, size: usize) -> Vec<String> {
    let policy = Subset::new(RoundRobin, &client, size).unwrap();
    let counts = view.counts(&policy, &Request::new(), 2 * size.min(view.len()));
    let mut used: Vec<_> = (0..view.len())
        .filter(|index| counts[*index] > 0)
        .map(|index| view.key(index).to_owned())
        .collect();
    assert!(counts.iter().all(|count| [0, 2].contains(count)));
    used.sort_unstable();
    used
}

proptest! {
    #[test]
    fn subsets_change_by_who_changes(count in 1_usize..30, size in 1_usize..10, client: u64, lost in any::<prop::sample::Index>()) {
        let view = Plain::weighted(&vec![1; count]);
        let lost = view.rows[lost.index(count)].key.clone();
        let before = subset(&view, client, size);
        prop_assert_eq!(before.len(), size.min(count));
        // The order of backends does not matter.
        let mut reversed = view.rows.clone();
        reversed.reverse();
        prop_assert_eq!(&subset(&Plain::new(reversed), client, size), &before);
        if count > 1 {
            let after = subset(&view.with_down(|row| row.key == lost), client, size);
            let stayed = before.iter().filter(|key| **key != lost).count();
            prop_assert_eq!(before.iter().filter(|key| after.contains(key)).count(), stayed);
            prop_assert_eq!(after.len(), size.min(count - 1));
        }
    }
}

#[test]
fn subsets_use_all_backends_alike() {
    let view = Plain::weighted(&[1, 2, 3, 4, 5, 6, 7, 8]);
    let mut counts = vec![0; 8];
    for client in 0..4000 {
        for key in subset(&view, client, 3) {
            counts[view.rows.iter().position(|row| row.key == key).unwrap()] += 1;
        }
    }
    assert_shares(&counts, &[1; 8]);
    let refused = Subset::new(Random, "web-1", 0).map(|_| ());
    assert!(matches!(
        refused,
        Err(Error::BadSetting { rule }) if rule.starts_with("size")
    ));
}

#[test]
fn a_subset_where_nobody_may_be_chosen_is_left() {
    let view = Plain::weighted(&[1; 5]);
    let policy = Subset::new(RoundRobin, "web-1", 2).unwrap();
    let plan = policy.plan(&view);
    let mut tried = Vec::new();
    for _ in 0..5 {
        let request = Request::new().excluding(&tried);
        let chosen = view.choose(&policy, &plan, &request).unwrap();
        tried.push(view.id(chosen));
    }
    assert_eq!(
        view.choose(&policy, &plan, &Request::new().excluding(&tried)),
        None
    );
}

/// Two levels of two zones of three backends of weights 1, 2 and 3.
fn nested() -> Plain {
    let rows = (0..12).map(|index| Row {
        priority: (index / 6) as u8,
        zone: Some(["a", "b"][index / 3 % 2].into()),
        labels: vec![("pool".into(), ["x", "y"][index % 2].into())],
        ..row(index, 1 + index as u32 % 3)
    });
    Plain::new(rows.collect())
}

#[test]
fn policies_in_policies_keep_what_each_promises() {
    let view = nested();
    let policy = Sticky::new(Priority::new(ZoneAware::new(WeightedRoundRobin)));
    let counts = view.counts(&policy, &Request::new().zone("b"), 600);
    assert_eq!(counts, [0, 0, 0, 100, 200, 300, 0, 0, 0, 0, 0, 0]);

    // A level of which a zone is lost: the members of that level count, and those of the other don't.
    let down = view.with_down(|row| row.priority == 0 && row.zone.as_deref() == Some("a"));
    let counts = down
        .evenly(10_000)
        .counts(&policy, &Request::new().zone("b"), 10_000);
    let first: u64 = counts[..3].iter().sum();
    assert!(first.abs_diff(7000) < 10, "{counts:?}");
}

/// Half of the first level of one zone is down, and none of the other zone's: only the members of a zone count for its levels.
#[test]
fn policies_in_policies_see_the_members_of_their_group() {
    let lost = nested().rows[2].key.clone();
    let view = nested().with_down(|row| row.key == lost);
    let policy = ZoneAware::new(Priority::new(RoundRobin));
    let counts = view.counts(&policy, &Request::new().zone("a"), 10_000);
    let of_level = |level| {
        let here = |index: &usize| view.priority(*index) == level && view.zone(*index) == Some("a");
        (0..view.len())
            .filter(here)
            .map(|index| counts[index])
            .sum::<u64>()
    };
    let (first, second) = (of_level(0), of_level(1));
    let part = first as f64 / (first + second) as f64;
    assert!((part - 0.7).abs() < 0.03, "{part}: {counts:?}");
}

/// Groups count on their own: requests of two kinds in turns don't see every second turn of one rotation.
#[test]
fn groups_have_turns_of_their_own() {
    let view = nested();
    let policy = ZoneAware::new(RoundRobin);
    let plan = policy.plan(&view);
    let mut counts = [0; 12];
    for _ in 0..300 {
        for zone in ["a", "b"] {
            counts[policy
                .pick(&plan, &view, &Request::new().zone(zone))
                .unwrap()] += 1;
        }
    }
    assert_eq!(counts[0] + counts[6], 100);
    assert_eq!(counts, [50; 12]);
}

/// More turns than a schedule is computed for at once.
fn large() -> Plain {
    let rows = (0..300).map(|index| Row {
        priority: u8::from(index >= 150),
        zone: Some(["a", "b"][index % 2].into()),
        ..row(index, 50 + 7 * index as u32 % 101)
    });
    Plain::new(rows.collect())
}

#[test]
fn policies_around_a_policy_refine_its_plans() {
    fn is_refined<P: Policy>(policy: P) {
        let view = large();
        let plan = policy.plan(&view);
        let better = policy.refine(&plan, &view).unwrap();
        assert!(policy.refine(&better, &view).is_none());
        let hidden = DynPolicy::new(policy);
        let better = hidden.refine(&hidden.plan(&view), &view).unwrap();
        assert!(hidden.refine(&better, &view).is_none());
        assert!(
            hidden
                .pick(&better, &view, &Request::new().path("/x"))
                .is_some()
        );
    }
    let turns = WeightedRoundRobin;
    is_refined(turns);
    is_refined(Sticky::new(turns));
    is_refined(Priority::new(turns));
    is_refined(ZoneAware::new(turns));
    is_refined(Subset::new(turns, "web-1", 200).unwrap());
    is_refined(Route::new(turns).rule(When::any().path("/y"), "pool", "y"));
    is_refined(Priority::new(Sticky::new(ZoneAware::new(turns))));
    let view = large();
    let same = Priority::new(Random);
    assert!(same.refine(&same.plan(&view), &view).is_none());
}

#[test]
fn a_policy_without_a_type_chooses_as_the_one_inside() {
    fn agrees<P: Policy + Clone>(policy: P) {
        let (view, other) = (nested(), nested());
        let hidden = DynPolicy::new(policy.clone());
        let (plan, hidden_plan) = (policy.plan(&view), hidden.plan(&other));
        let tried = [view.id(1), view.id(3)];
        for number in 0_u64..200 {
            let request = Request::new().zone("a").key(&(number % 9)).path("/y");
            let request = if number % 3 == 0 {
                request.excluding(&tried)
            } else {
                request
            };
            let chosen = policy.pick(&plan, &view, &request);
            assert_eq!(hidden.pick(&hidden_plan, &other, &request), chosen);
            for index in 0..view.len() {
                let admits = policy.admits(&plan, &view, &request, index);
                assert_eq!(hidden.admits(&hidden_plan, &other, &request, index), admits);
            }
        }
    }
    agrees(WeightedRoundRobin);
    agrees(Adaptive);
    agrees(Consistent::default());
    agrees(Priority::new(ZoneAware::new(Random)));
    agrees(Route::new(RoundRobin).rule(When::any().path("/y"), "pool", "y"));
    // The plan of another policy is as good as none.
    let view = nested();
    let (one, other) = (DynPolicy::new(RoundRobin), DynPolicy::new(Random));
    assert_eq!(one.pick(&other.plan(&view), &view, &Request::new()), None);
}

/// Looks at what a view may leave out.
struct Looks;

impl Policy for Looks {
    type Plan = ();

    fn plan<V: View>(&self, _: &V) {}

    fn pick<V: View>(&self, (): &(), view: &V, _: &Request<'_>) -> Option<usize> {
        assert!(!view.is_empty());
        assert_eq!((view.penalty(0) as u32, view.now()), (4, NOW));
        Some(0)
    }
}

#[test]
fn a_policy_in_a_policy_sees_failures_and_the_time() {
    let mut view = Plain::weighted(&[1; 9]);
    for row in &mut view.rows {
        row.penalty = 4.0;
    }
    fn looks<P: Policy>(view: &Plain, policy: P) {
        let chosen = policy.pick(&policy.plan(view), view, &Request::new());
        assert!(chosen.is_some());
    }
    looks(&view, Looks);
    looks(&view, DynPolicy::new(Looks));
    looks(&view, Sticky::new(Looks));
    looks(&view, Subset::new(Looks, "web-1", 3).unwrap());
    looks(&view, ZoneAware::new(Looks));
    looks(&view, Priority::new(DynPolicy::new(Looks)));
    looks(&view, Route::new(Looks));
}

/// Every policy in a balancer: whoever may be chosen is, one after the other, and then nobody.
#[test]
fn in_a_balancer_excluded_backends_are_never_chosen_and_all_others_are() {
    fn works<P: Policy>(policy: P) {
        let specs = (0..20).map(|index| {
            let key = format!("b{index}");
            Spec::new(&key, ())
                .weight(1 + index % 4)
                .zone(["a", "b"][index as usize % 2])
                .priority((index % 3) as u8)
                .label("pool", "x")
        });
        let drained = Spec::new("drained", ()).weight(0);
        let balancer = Balancer::builder(policy)
            .backends(specs.chain([drained]))
            .build()
            .unwrap();
        let mut tried = Vec::new();
        for _ in 0..20 {
            let request = Request::new().key("user:42").zone("a").excluding(&tried);
            let lease = balancer.lease(&request).unwrap();
            assert!(!tried.contains(&lease.id()) && lease.key() != "drained");
            tried.push(lease.id());
        }
        assert!(
            balancer
                .pick_for(&Request::new().excluding(&tried))
                .is_err()
        );
    }
    works(RoundRobin);
    works(WeightedRoundRobin);
    works(Random);
    works(LeastConnections::default());
    works(LeastResponseTime::default());
    works(PowerOfTwo);
    works(Adaptive);
    works(Hash::default());
    works(Consistent::default());
    works(Sticky::new(Random));
    works(ZoneAware::new(WeightedRoundRobin));
    works(Priority::new(Adaptive));
    works(Subset::new(Random, "web-1", 3).unwrap());
    works(Route::new(Random).otherwise("pool", "x"));
    works(DynPolicy::new(Priority::new(ZoneAware::new(
        LeastConnections::default(),
    ))));
}
