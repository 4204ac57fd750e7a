//! Levels and zones: shares against published formulas.

use proptest::prelude::*;
use tenfold::balance::{
    Error, Policy, Priority, Random, Request, RoundRobin, View, WeightedRoundRobin, ZoneAware,
};

use crate::plain::{Plain, Row, row};
use crate::shares::assert_parts;

const PICKS: u64 = 1 << 10;
/// Each group begins and ends within a number.
const ERROR: f64 = 0.004;

/// Levels of a hundred backends each, of which so many are in order.
fn levels(usable: &[usize]) -> Plain {
    let rows = usable.iter().enumerate().flat_map(|(level, usable)| {
        (0..100).map(move |index| Row {
            priority: level as u8,
            usable: index < *usable,
            ..row(level * 100 + index, 1)
        })
    });
    let all = Plain::new(rows.collect());
    all.with_down(|row| !row.usable).evenly(PICKS)
}

fn by_level(view: &Plain, counts: &[u64], levels: usize) -> Vec<u64> {
    let mut sums = vec![0; levels];
    for (index, count) in counts.iter().enumerate() {
        sums[usize::from(view.priority(index))] += count;
    }
    sums
}

/// Percent in order in each level, and what each gets. Two levels first.
///
/// Source: Envoy, "Priority levels" in the architecture overview, the two tables there (as of 1.29), written anew.
const TABLE: [(&[usize], &[u32]); 14] = [
    (&[100, 100], &[100, 0]),
    (&[72, 100], &[100, 0]),
    (&[71, 100], &[99, 1]),
    (&[50, 100], &[70, 30]),
    (&[25, 100], &[35, 65]),
    (&[0, 100], &[0, 100]),
    (&[72, 72], &[100, 0]),
    (&[25, 25], &[50, 50]),
    (&[100, 100, 100], &[100, 0, 0]),
    (&[72, 72, 100], &[100, 0, 0]),
    (&[71, 71, 100], &[99, 1, 0]),
    (&[50, 50, 100], &[70, 30, 0]),
    (&[25, 25, 100], &[35, 35, 30]),
    (&[25, 25, 20], &[36, 36, 28]),
];

#[test]
fn levels_spill_as_published() {
    for (usable, percent) in TABLE {
        let view = levels(usable);
        let counts = view.counts(&Priority::new(RoundRobin), &Request::new(), PICKS as usize);
        let expected: Vec<_> = percent
            .iter()
            .map(|percent| f64::from(*percent) / 100.0)
            .collect();
        // Envoy's percentages are whole numbers.
        assert_parts(&by_level(&view, &counts, usable.len()), &expected, 0.0075);
    }
}

proptest! {
    #[test]
    fn levels_spill_by_the_formula(usable in prop::collection::vec(0_usize..=100, 1..5), factor in 1.0..3.0_f64) {
        prop_assume!(usable.iter().any(|usable| *usable > 0));
        let health = |usable: &usize| (*usable as f64 / 100.0 * factor).min(1.0);
        let normal = usable.iter().map(health).sum::<f64>().min(1.0);
        let mut expected = Vec::new();
        for usable in &usable {
            let before: f64 = expected.iter().sum();
            expected.push((health(usable) / normal).min(1.0 - before).max(0.0));
        }
        let view = levels(&usable);
        let policy = Priority::new(RoundRobin).overprovisioning(factor).unwrap();
        let counts = view.counts(&policy, &Request::new(), PICKS as usize);
        assert_parts(&by_level(&view, &counts, usable.len()), &expected, ERROR);
    }

    /// If requests come from zones as the policy was told, each zone has its part of all capacity; and none that could stay has left.
    #[test]
    fn zones_have_as_much_to_do_as_they_can(
        zones in prop::collection::vec((prop::collection::vec(1_u32..9, 1..5), 1_u32..9), 1..6),
        equal in any::<bool>(),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let rows = zones.iter().zip(names).flat_map(|((weights, _), zone)| {
            weights.iter().map(move |weight| Row { zone: Some(zone.into()), ..row(0, *weight) })
        });
        let rows = rows.enumerate().map(|(index, row)| Row { key: format!("{index}"), ..row });
        let view = Plain::new(rows.collect()).evenly(PICKS);
        let clients: Vec<_> = zones.iter().map(|(_, clients)| if equal { 1 } else { *clients }).collect();
        let plain = ZoneAware::new(RoundRobin);
        let policy = if equal { plain } else { plain.clients(names.into_iter().zip(clients.iter().copied())).unwrap() };
        let all_clients: f64 = clients.iter().map(|clients| f64::from(*clients)).sum();
        let weight = |zone: usize| zones[zone].0.iter().map(|weight| f64::from(*weight)).sum::<f64>();
        let all: f64 = (0..zones.len()).map(weight).sum();
        let mut loads = vec![0.0; zones.len()];
        for (from, clients) in clients.iter().enumerate() {
            let request = Request::new().zone(names[from]);
            let counts = view.counts(&policy, &request, PICKS as usize);
            let (mine, capacity) = (f64::from(*clients) / all_clients, weight(from) / all);
            let mut stayed = 0.0;
            for (index, count) in counts.iter().enumerate() {
                let zone = names.iter().position(|name| Some(*name) == view.zone(index)).unwrap();
                let part = *count as f64 / PICKS as f64;
                loads[zone] += part * mine;
                stayed += if zone == from { part } else { 0.0 };
            }
            prop_assert!((stayed - (capacity / mine).min(1.0)).abs() < ERROR);
        }
        for (zone, load) in loads.iter().enumerate() {
            prop_assert!((load - weight(zone) / all).abs() < 6.0 * ERROR, "{} in {}", load, names[zone]);
        }
    }
}

fn zoned(zones: &[(Option<&str>, u32)]) -> Plain {
    let rows = zones.iter().enumerate().map(|(index, (zone, weight))| Row {
        zone: zone.map(Into::into),
        ..row(index, *weight)
    });
    Plain::new(rows.collect()).evenly(PICKS)
}

#[test]
fn requests_from_nowhere_go_anywhere() {
    let view = zoned(&[(Some("a"), 1), (Some("a"), 1), (Some("b"), 1), (None, 1)]);
    let policy = ZoneAware::new(Random);
    for request in [
        Request::new(),
        Request::new().zone("c"),
        Request::new().zone(""),
    ] {
        assert_parts(
            &view.counts(&policy, &request, PICKS as usize),
            &[0.25; 4],
            ERROR,
        );
    }
    // One of a is enough for the others, two are asked for here.
    let policy = policy.min_backends(2);
    assert_parts(
        &view.counts(&policy, &Request::new().zone("b"), PICKS as usize),
        &[0.25; 4],
        ERROR,
    );
}

#[test]
fn who_is_nowhere_has_a_part_as_well() {
    let view = zoned(&[(Some("a"), 1), (Some("b"), 1), (None, 2)]);
    let policy = ZoneAware::new(RoundRobin);
    let counts = view.counts(&policy, &Request::new().zone("a"), PICKS as usize);
    assert_parts(&counts, &[0.5, 0.0, 0.5], ERROR);
}

#[test]
fn a_zone_or_level_where_nobody_may_be_chosen_is_left() {
    let view = zoned(&[(Some("a"), 1), (Some("a"), 1), (Some("b"), 1)]);
    let tried = [view.id(0), view.id(1)];
    let zones = ZoneAware::new(RoundRobin);
    let (plan, home) = (zones.plan(&view), Request::new().zone("a"));
    assert_eq!(zones.pick(&plan, &view, &home.excluding(&tried)), Some(2));
    assert_eq!(
        zones.pick(&plan, &view, &home.excluding(&tried[..1])),
        Some(1)
    );

    let mut view = levels(&[100, 100, 100]);
    let policy = Priority::new(WeightedRoundRobin);
    let plan = policy.plan(&view);
    for index in 0..100 {
        view.rows[index].has_room = false;
    }
    let chosen = policy.pick(&plan, &view, &Request::new()).unwrap();
    assert_eq!(view.priority(chosen), 1);
    view.rows
        .iter_mut()
        .skip(100)
        .for_each(|row| row.has_room = false);
    assert_eq!(policy.pick(&plan, &view, &Request::new()), None);
}

/// In panic mode those that are down are shown as well.
#[test]
fn with_nobody_in_order_the_first_level_is_asked() {
    let mut view = levels(&[100, 100]);
    for row in &mut view.rows {
        row.usable = false;
    }
    for member in &mut view.members {
        member.usable = false;
    }
    let counts = view.counts(&Priority::new(RoundRobin), &Request::new(), 1000);
    assert_eq!(by_level(&view, &counts, 2), [1000, 0]);
}

#[test]
fn levels_go_by_weight_and_leave_out_who_drains() {
    let mut view = levels(&[100, 100]);
    // Half of the backends, three quarters of the weight: 105 %.
    for index in 0..100 {
        (view.members[index].weight, view.members[index].usable) =
            if index < 50 { (3, true) } else { (1, false) };
    }
    let of = |view: &Plain| {
        by_level(
            view,
            &view.counts(&Priority::new(RoundRobin), &Request::new(), 1000),
            2,
        )
    };
    assert_eq!(of(&view), [1000, 0]);
    for index in 0..40 {
        view.members[index].weight = 0;
    }
    // 30 of 80 now.
    assert_parts(&of(&view.evenly(1000)), &[0.525, 0.475], ERROR);
}

#[test]
fn levels_of_a_view_without_members_go_by_its_backends() {
    let mut view = levels(&[50, 100]);
    view.members.clear();
    let counts = view.counts(&Priority::new(RoundRobin), &Request::new(), 1000);
    assert_eq!(by_level(&view, &counts, 2), [1000, 0]);
}

#[test]
fn bad_settings_are_refused() {
    for factor in [0.9, 0.0, -1.0, f64::NAN, f64::INFINITY, 101.0] {
        let refused = Priority::new(RoundRobin)
            .overprovisioning(factor)
            .map(|_| ());
        assert!(matches!(
            refused,
            Err(Error::BadSetting { rule }) if rule.starts_with("overprovisioning")
        ));
    }
    for clients in [&[][..], &[("a", 0)], &[("a", 1), ("a", 1)]] {
        let refused = ZoneAware::new(Random)
            .clients(clients.iter().copied())
            .map(|_| ());
        assert!(matches!(
            refused,
            Err(Error::BadSetting { rule }) if rule.starts_with("clients")
        ));
    }
}
