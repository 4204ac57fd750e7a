//! What is derived from placements: plans of copies, copies in different zones, the first usable node, ranges and shares.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tenfold::hash::{StableHash, StableKey};
use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, Limits, Member, NginxConsistent};
use tenfold::ring::{
    Anchor, Error, Jump, Maglev, MultiProbe, Native, Placement, Plan, Rendezvous, Ring, SlotTable,
};

use crate::scripts::nodes;
use crate::{Nodes, cases, hashes, naive, owner, replicas, ring_of};

/// Members that begin and members that stop, paired in their order: from, to and role.
fn pairs(old: &[u32], new: &[u32]) -> Vec<(Option<u32>, Option<u32>, u32)> {
    let lost: Vec<usize> = (0..old.len())
        .filter(|place| !new.contains(&old[*place]))
        .collect();
    let gained: Vec<usize> = (0..new.len())
        .filter(|place| !old.contains(&new[*place]))
        .collect();
    let pair = |number: usize| {
        let (from, to) = (lost.get(number), gained.get(number));
        let role = to.or(from).map(|place| *place as u32);
        (
            from.map(|place| old[*place]),
            to.map(|place| new[*place]),
            role.unwrap(),
        )
    };
    let mut pairs: Vec<_> = (0..lost.len().max(gained.len())).map(pair).collect();
    pairs.sort_by_key(|(from, to, role)| (*role, *to, *from));
    pairs
}

/// A plan against the replica lists of both rings, in each range that none of `cuts`, the last hashes of ranges, divides.
fn plan_is_exact<P: Placement, Q: Placement<Hash = P::Hash>>(
    (old, new): (&Ring<u32, P>, &Ring<u32, Q>),
    copies: usize,
    cuts: &BTreeSet<u64>,
) -> Result<(), TestCaseError> {
    let plan = old.plan_copies(new, copies).unwrap();
    let moves_of = |hash| {
        let named = |index: Option<usize>, list: &dyn Fn(usize) -> Option<u32>| {
            index.map(|index| list(index).unwrap())
        };
        let mut moves: Vec<_> = plan
            .moves_of(hash)
            .map(|range| {
                let from = named(range.from, &|index| old.node(index).copied());
                let to = named(range.to, &|index| new.node(index).copied());
                (from, to, range.role)
            })
            .collect();
        // In the order of roles; of one role there may be a move that begins and one that stops.
        let ascends = moves.windows(2).all(|pair| pair[0].2 <= pair[1].2);
        moves.sort_by_key(|(from, to, role)| (*role, *to, *from));
        (moves, ascends)
    };
    let mut flows = BTreeMap::<_, u128>::new();
    let mut first = 0;
    for last in cuts {
        let expected = pairs(&replicas(old, first, copies), &replicas(new, first, copies));
        for hash in [first, first + (last - first) / 2, *last] {
            let (moves, ascends) = moves_of(hash);
            prop_assert!(ascends);
            prop_assert_eq!(&moves, &expected, "{}", hash);
            prop_assert_eq!(plan.changes(hash), !expected.is_empty());
        }
        for (from, to, _) in expected {
            *flows.entry((from, to)).or_default() += u128::from(last - first) + 1;
        }
        first = last.wrapping_add(1);
    }
    prop_assert_eq!(first, 0, "ranges cover all hashes");

    let name = |from: Option<usize>, to: Option<usize>| {
        (
            from.and_then(|index| old.node(index).copied()),
            to.and_then(|index| new.node(index).copied()),
        )
    };
    let mut of_ranges = BTreeMap::<_, u128>::new();
    for range in plan.ranges().unwrap() {
        *of_ranges.entry(name(range.from, range.to)).or_default() +=
            u128::from(range.last - range.first) + 1;
    }
    prop_assert_eq!(&of_ranges, &flows);
    let part = |hashes: u128| hashes as f64 / 2_f64.powi(64);
    prop_assert_eq!(plan.flows().count(), flows.len());
    for flow in plan.flows() {
        prop_assert!((flow.fraction - part(flows[&name(flow.from, flow.to)])).abs() < 1e-12);
    }
    prop_assert!((plan.moved_fraction() - part(flows.values().sum())).abs() < 1e-9);
    prop_assert_eq!(plan.is_empty(), flows.is_empty());
    // One by one they are the same, and ranges ascend.
    let mut one_by_one: Vec<_> = old.moves(new, copies).unwrap().collect();
    prop_assert!(
        one_by_one
            .windows(2)
            .all(
                |pair| (pair[0].first, pair[0].last) == (pair[1].first, pair[1].last)
                    || pair[0].last < pair[1].first
            )
    );
    one_by_one.sort_by_key(|range| (range.last, range.first, range.role));
    prop_assert_eq!(one_by_one.len(), plan.ranges().unwrap().len());
    prop_assert!(
        one_by_one
            .iter()
            .all(|range| plan.ranges().unwrap().contains(range))
    );
    stored_plan_is_equal(&plan)
}

#[cfg(feature = "serde")]
fn stored_plan_is_equal(plan: &Plan) -> Result<(), TestCaseError> {
    let stored = serde_json::to_string(plan).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Plan>(&stored).unwrap(), plan);
    Ok(())
}

#[cfg(not(feature = "serde"))]
fn stored_plan_is_equal(_: &Plan) -> Result<(), TestCaseError> {
    Ok(())
}

/// Last hashes before each point, and the last of all.
fn points(nodes: &Nodes, per_weight: u64) -> BTreeSet<u64> {
    let last = |(position, _): (u64, u32)| position << 24 | 0xFF_FFFF;
    naive::points(nodes, per_weight)
        .into_iter()
        .map(last)
        .chain([u64::MAX])
        .collect()
}

/// The first copies in the order of how many of the same zone come before, and then of preference.
fn by_zones(all: &[u32], zone: impl Fn(u32) -> u32) -> Vec<u32> {
    let rank = |place: usize| {
        all[..place]
            .iter()
            .filter(|node| zone(**node) == zone(all[place]))
            .count()
    };
    let mut ranked: Vec<_> = (0..all.len()).map(|place| (rank(place), place)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, place)| all[place]).collect()
}

/// Copies by zones and usable nodes, against the list of all replicas.
fn walks_are_exact<P: Placement>(
    ring: &Ring<u32, P>,
    hash: u64,
    zones: u32,
    up: u64,
) -> Result<(), TestCaseError> {
    let all = replicas(ring, hash, usize::MAX);
    let expected = by_zones(&all, |node| node % zones);
    for n in [0, 1, 2, 3, 5, 100] {
        let homes: Vec<u32> = ring
            .replicas_by_hash(hash, n, |node| node % zones)
            .copied()
            .collect();
        prop_assert_eq!(
            &homes[..],
            &expected[..n.min(expected.len())],
            "{} in {} zones",
            n,
            zones
        );
    }
    let is_up = |node: u32| up >> (node % 64) & 1 == 1;
    let mut asked = Vec::new();
    let found = ring.locate_hash_where(hash, |index, node| {
        assert_eq!(ring.node(index), Some(node));
        asked.push(*node);
        is_up(*node)
    });
    prop_assert_eq!(
        found.copied(),
        all.iter().copied().find(|node| is_up(*node))
    );
    // No node twice, and none behind the one that was found.
    let until = all
        .iter()
        .position(|node| is_up(*node))
        .map_or(all.len(), |place| place + 1);
    prop_assert_eq!(&asked[..], &all[..until]);
    Ok(())
}

/// Ranges cover all hashes, neighbours differ, and they say who owns what; shares are their lengths, and add up.
fn ranges_are_exact<P: Placement>(
    ring: &Ring<u32, P>,
    hashes: &[u64],
) -> Result<(), TestCaseError> {
    let somebody = ring.locate_hash(0).is_some();
    let Some(ranges) = ring.ranges() else {
        prop_assert!(!somebody);
        return Ok(());
    };
    let ranges: Vec<(u64, u64, u32)> = ranges
        .map(|(first, last, node)| (first, last, *node))
        .collect();
    prop_assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, u64::MAX));
    for pair in ranges.windows(2) {
        prop_assert_eq!(pair[0].1 + 1, pair[1].0);
        prop_assert!(pair[0].2 != pair[1].2);
    }
    let mut owned = BTreeMap::<u32, u128>::new();
    for (first, last, node) in &ranges {
        prop_assert!(first <= last);
        for hash in [*first, first + (last - first) / 2, *last] {
            prop_assert_eq!(owner(ring, hash), Some(*node));
        }
        *owned.entry(*node).or_default() += u128::from(last - first) + 1;
    }
    for hash in hashes {
        let range = ranges
            .iter()
            .find(|(first, last, _)| (first..=last).contains(&hash));
        prop_assert_eq!(range.map(|(.., node)| *node), owner(ring, *hash));
    }
    let shares: Vec<(u32, f64)> = ring
        .shares()
        .unwrap()
        .map(|(node, share)| (*node, share))
        .collect();
    prop_assert!(
        shares
            .iter()
            .map(|(node, _)| *node)
            .eq(ring.nodes().map(|(node, _)| *node))
    );
    for (node, share) in &shares {
        let due = owned.get(node).copied().unwrap_or(0) as f64 / 2_f64.powi(64);
        prop_assert!((share - due).abs() < 1e-12);
    }
    prop_assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
    Ok(())
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn plans_of_copies_are_exact(before in nodes(), after in nodes(), copies in 1_usize..5, kind in 0..4) {
        match kind {
            0 => {
                let native = Native::with_points(5);
                let cuts = &points(&before, 5) | &points(&after, 5);
                plan_is_exact((&ring_of(&before, native), &ring_of(&after, native)), copies, &cuts)?;
            }
            1 => {
                let maglev = Maglev::with_table_size(61);
                let cuts = naive::cuts(61).into_iter().collect();
                plan_is_exact((&ring_of(&before, maglev), &ring_of(&after, maglev)), copies, &cuts)?;
            }
            2 => {
                let slots = SlotTable::with_slots(53);
                let cuts = naive::cuts(53).into_iter().collect();
                plan_is_exact((&ring_of(&before, slots.clone()), &ring_of(&after, slots)), copies, &cuts)?;
            }
            _ => {
                let cuts = &points(&before, 7) | &naive::cuts(40).into_iter().collect();
                let (old, new) = (ring_of(&before, Native::with_points(7)), ring_of(&after, SlotTable::with_slots(40)));
                plan_is_exact((&old, &new), copies, &cuts)?;
            }
        }
    }

    /// Small changes, in which most copies stay.
    #[test]
    fn plans_of_single_changes_are_exact(script in crate::scripts::script(), copies in 1_usize..5) {
        let cuts: BTreeSet<u64> = naive::cuts(53).into_iter().collect();
        script.follow(SlotTable::with_slots(53), |old, new, _| plan_is_exact((old, new), copies, &cuts))?;
        script.follow(Native::with_points(3), |old, new, _| {
            let cuts = &points(&crate::list_of(old), 3) | &points(&crate::list_of(new), 3);
            plan_is_exact((old, new), copies, &cuts)
        })?;
    }

    #[test]
    fn walks_follow_the_order_of_replicas(nodes in nodes(), hashes in hashes(), zones in 1_u32..5, up in any::<u64>()) {
        fn check<P: Placement>(ring: &Ring<u32, P>, hashes: &[u64], zones: u32, up: u64) -> Result<(), TestCaseError> {
            // Usable are half of the nodes, or hardly any, or none.
            let ups = [up, up & (up >> 7) & (up << 9), 0];
            hashes.iter().zip(ups.iter().cycle()).try_for_each(|(hash, up)| walks_are_exact(ring, *hash, zones, *up))
        }
        check(&ring_of(&nodes, Native::with_points(4)), &hashes, zones, up)?;
        check(&ring_of(&nodes, Rendezvous::default()), &hashes, zones, up)?;
        check(&ring_of(&nodes, SlotTable::with_slots(64)), &hashes, zones, up)?;
        check(&ring_of(&nodes, Anchor::with_capacity(60)), &hashes, zones, up)?;
        check(&ring_of(&nodes, MultiProbe::with_probes(3)), &hashes, zones, up)?;
        check(&ring_of(&nodes, Jump::default()), &hashes, zones, up)?;
    }

    #[test]
    fn ranges_and_shares_are_exact(nodes in nodes(), hashes in hashes()) {
        ranges_are_exact(&ring_of(&nodes, Native::with_points(6)), &hashes)?;
        ranges_are_exact(&ring_of(&nodes, Maglev::with_table_size(61)), &hashes)?;
        ranges_are_exact(&ring_of(&nodes, SlotTable::with_slots(53)), &hashes)?;
        ranges_are_exact(&ring_of(&nodes, Ketama::default()), &hashes)?;
        ranges_are_exact(&ring_of(&nodes, NginxConsistent::default()), &hashes)?;
        ranges_are_exact(&ring_of(&nodes, EnvoyRing::with_ring_sizes(30, 500)), &hashes)?;
    }
}

/// More nodes than are remembered as bits, and more zones than are remembered.
#[test]
fn walks_of_large_rings_follow_the_order_of_replicas() {
    let many: Nodes = (0..2_100).map(|node| (node, 1)).collect();
    let ring = ring_of(&many, Native::with_points(1));
    let expected = naive::distinct(naive::clockwise(&many, 1, 77));
    assert_eq!(replicas(&ring, 77, 400), expected[..400]);
    let zoned: Nodes = (0..90).map(|node| (node, 1)).collect();
    for zones in [31, 32, 33, 40, 90] {
        walks_are_exact(&ring_of(&zoned, Native::with_points(2)), 99, zones, 0).unwrap();
    }
}

/// Where a placement has no ranges there are none, and no plans; shares are those in expectation if it can tell.
#[test]
fn placements_without_ranges_say_so() {
    fn check<P: Placement + Clone>(placement: P, shares: Option<[f64; 3]>) {
        let ring = ring_of(&[(1, 1), (2, 0), (3, 3)], placement);
        assert!(ring.ranges().is_none());
        let told: Option<Vec<f64>> = ring
            .shares()
            .map(|shares| shares.map(|(_, share)| share).collect());
        assert_eq!(told, shares.map(Vec::from));
        assert_eq!(ring.plan_copies(&ring, 2).unwrap_err(), Error::Incomparable);
        assert_eq!(ring.moves(&ring, 1).err(), Some(Error::Incomparable));
    }
    let by_weight = Some([0.25, 0.0, 0.75]);
    check(Jump::default(), by_weight);
    check(Anchor::with_capacity(10), by_weight);
    check(Rendezvous::default(), by_weight);
    check(MultiProbe::default(), None);
    // Both pick in the first round, the heavy one in each, and the light one again in the third.
    check(
        EnvoyMaglev::with_table_size(7),
        Some([2.0 / 7.0, 0.0, 5.0 / 7.0]),
    );
}

/// What a table tells of its shares is what sampling finds.
#[test]
fn shares_are_those_of_many_hashes() {
    fn check<P: Placement>(placement: P) {
        const KEYS: u64 = 20_000;
        let ring = ring_of(&[(1, 1), (2, 0), (3, 3), (4, 2), (5, 1)], placement);
        let mut owned = [0_u32; 5];
        (0..KEYS).for_each(|key| owned[ring.index_of_hash(StableHash::u64(key)).unwrap()] += 1);
        for ((_, share), owned) in ring.shares().unwrap().zip(owned) {
            // Six standard deviations of a binomial count.
            let allowed = 6.0 * (KEYS as f64 * share * (1.0 - share)).sqrt();
            assert!(
                (f64::from(owned) - share * KEYS as f64).abs() <= allowed,
                "{owned} and not {share}"
            );
        }
    }
    check(Native::default());
    check(Maglev::with_table_size(503));
    check(Jump::default());
    check(SlotTable::with_slots(500));
    check(Anchor::default());
    check(Rendezvous::default());
    check(Ketama::default());
    check(NginxConsistent::default());
    check(EnvoyRing::default());
    check(EnvoyMaglev::with_table_size(503));
}

/// Nodes with the same hash are one node: a plan goes by identity, not by index.
#[test]
fn a_node_that_changes_its_index_does_not_move() {
    let member = |node: u32| Member::new(node.stable_hash(), 1);
    assert!(
        Native::default()
            .build(&[member(1), member(2)], Limits::new(1000))
            .is_ok()
    );
    let old = ring_of(&[(1, 1), (2, 1), (3, 1)], Native::default());
    let new = ring_of(&[(3, 1), (1, 1), (2, 1)], Native::default());
    for copies in 0..5 {
        assert!(old.plan_copies(&new, copies).unwrap().is_empty());
    }
}
