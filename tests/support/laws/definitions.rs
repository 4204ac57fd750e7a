//! Placements against models written from their definitions.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tenfold::hash::{StableHash, StableKey};
use tenfold::ring::placement::{Limits, Member, Placement, Table, Walk};
use tenfold::ring::{Anchor, MultiProbe, Rendezvous, Ring, SlotTable};

use crate::scripts::{nodes, script};
use crate::{Nodes, cases, hashes, naive, owner, replicas, ring_of};

/// Hashes of a ring for which the whole walk is looked at.
const FEW: usize = 6;

/// Weights up to the largest there are.
fn unlike() -> impl Strategy<Value = Nodes> {
    let weight =
        prop_oneof![3 => 0_u32..4, 2 => 1_u32..1000, 1 => any::<u32>(), 1 => Just(u32::MAX)];
    prop::collection::btree_map(any::<u32>(), weight, 0..12)
        .prop_map(|nodes| nodes.into_iter().collect())
}

/// Nodes behind the owner of SlotTable and Anchor: those of 32 points, clockwise from a place.
fn with_followers(nodes: &Nodes, owner: Option<u32>, place: u64) -> Vec<u32> {
    let others = naive::clockwise(nodes, 32, StableHash::u64(place));
    naive::distinct(owner.into_iter().chain(others))
}

fn slot_of(hash: u64, slots: u32) -> u64 {
    ((u128::from(hash) * u128::from(slots)) >> 64) as u64
}

/// The owners of all slots.
fn owners(ring: &Ring<u32, SlotTable>) -> Vec<Option<u32>> {
    naive::cuts(ring.config().placement.slots())
        .into_iter()
        .map(|hash| owner(ring, hash))
        .collect()
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn rendezvous_agrees_with_its_definition(nodes in unlike(), hashes in hashes()) {
        let ring = ring_of(&nodes, Rendezvous::default());
        for hash in hashes {
            let expected = naive::rendezvous(&nodes, hash);
            let times: BTreeMap<u32, f64> = expected.iter().map(|(time, node)| (*node, *time)).collect();
            let all = replicas(&ring, hash, usize::MAX);
            prop_assert_eq!(all.len(), expected.len());
            prop_assert_eq!(all.first().copied(), owner(&ring, hash));
            for (node, (time, _)) in all.iter().zip(expected) {
                // Another node only if it takes as long, but for rounding.
                prop_assert!((times[node] - time).abs() <= 1e-12 * time, "{node} takes {} and not {time}", times[node]);
            }
        }
    }

    #[test]
    fn multi_probe_agrees_with_its_definition(nodes in nodes(), probes in prop_oneof![9 => 1_u32..30, 1 => Just(MultiProbe::MAX_PROBES)], hashes in hashes()) {
        let placement = MultiProbe::with_probes(probes);
        let members: Vec<Member> = nodes.iter().map(|(node, weight)| Member::new(node.stable_hash(), *weight)).collect();
        let table = placement.build(&members, Limits::new(1000)).unwrap();
        // As many probes as there can be take long.
        for hash in hashes.into_iter().take(if probes < 30 { 10 } else { 1 }) {
            let expected = naive::multi_probe(&nodes, u64::from(probes), hash);
            prop_assert_eq!(table.locate(hash).map(|index| nodes[index].0), expected.first().copied());
            let mut walk = Walk::new();
            let all: Vec<u32> = std::iter::from_fn(|| table.candidate(hash, &mut walk)).take(500).map(|index| nodes[index].0).collect();
            prop_assert_eq!(&all[..], &expected[..expected.len().min(500)]);
        }
    }

    #[test]
    fn anchor_agrees_with_its_definition(script in script(), more in 0_usize..40, hashes in hashes()) {
        // Room for all that the script can add, and some.
        let capacity = (4 * (script.nodes.len() + script.changes.len()) + more).max(1);
        let mut model = naive::Anchor::new(capacity, &script.nodes);
        let first = ring_of(&script.nodes, Anchor::with_capacity(capacity as u32));
        prop_assert!(hashes.iter().all(|hash| owner(&first, *hash) == model.owner(*hash)));
        script.follow(Anchor::with_capacity(capacity as u32), |_, ring, step| {
            model.weigh(step.node, step.after.unwrap_or(0) as usize);
            let nodes = crate::list_of(ring);
            prop_assert!(hashes.iter().all(|hash| owner(ring, *hash) == model.owner(*hash)));
            for hash in hashes.iter().take(FEW) {
                let expected = with_followers(&nodes, model.owner(*hash), *hash);
                prop_assert_eq!(replicas(ring, *hash, usize::MAX), expected);
            }
            Ok(())
        })?;
    }

    /// Each node has its quota, and of the slots only as many change hands as some have too few.
    #[test]
    fn a_slot_table_moves_no_more_than_quotas_ask_for(script in script(), slots in 20_u32..150, hashes in hashes()) {
        script.follow(SlotTable::with_slots(slots), |old, ring, step| {
            let nodes = crate::list_of(ring);
            let (before, after) = (owners(old), owners(ring));
            let count = |owners: &[Option<u32>], node: u32| owners.iter().filter(|owner| **owner == Some(node)).count() as u32;
            let mut missing = 0;
            for ((node, _), quota) in nodes.iter().zip(naive::quotas(&nodes, slots)) {
                prop_assert_eq!(count(&after, *node), quota, "{} of {:?}", node, nodes);
                missing += quota.saturating_sub(count(&before, *node)) as usize;
            }
            let moved: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
            if after[0].is_some() {
                prop_assert_eq!(moved.len(), missing);
            }
            prop_assert!(moved.iter().all(|(before, after)| [**before, **after].contains(&Some(step.node))));
            prop_assert!(hashes.iter().all(|hash| owner(ring, *hash) == after[slot_of(*hash, slots) as usize]));
            for hash in hashes.iter().take(FEW) {
                let expected = with_followers(&nodes, owner(ring, *hash), slot_of(*hash, slots));
                prop_assert_eq!(replicas(ring, *hash, usize::MAX), expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn quotas_are_the_most_worthy_claims(nodes in unlike(), slots in 12_u32..80) {
        let owners = owners(&ring_of(&light(&nodes), SlotTable::with_slots(slots)));
        for ((node, _), quota) in nodes.iter().zip(naive::quotas(&light(&nodes), slots)) {
            let owned = owners.iter().filter(|owner| **owner == Some(*node)).count();
            prop_assert_eq!(owned, quota as usize);
        }
    }

    /// Many nodes change at once, as in a ring that replaces another one.
    #[test]
    fn a_slot_table_takes_many_changes_at_once(before in nodes(), after in nodes(), slots in 20_u32..150) {
        let member = |(node, weight): &(u32, u32)| Member::new(node.stable_hash(), *weight);
        let members = |nodes: &Nodes| nodes.iter().map(member).collect::<Vec<_>>();
        let (placement, limits) = (SlotTable::with_slots(slots), Limits::new(100_000));
        let old = placement.build(&members(&before), limits).unwrap();
        let new = placement.change(&old, &members(&before), &members(&after), limits).unwrap();
        let quotas = naive::quotas(&after, slots);
        let (mut got, mut missing, mut moved) = (vec![0_u32; after.len()], 0, 0);
        let mut kept = vec![0_u32; after.len()];
        for hash in naive::cuts(slots) {
            let was = old.locate(hash).map(|index| before[index].0);
            let Some(is) = new.locate(hash) else { continue };
            got[is] += 1;
            moved += u32::from(was != Some(after[is].0));
            if let Some(still) = after.iter().position(|(node, _)| was == Some(*node)) {
                kept[still] += 1;
            }
        }
        quotas.iter().zip(&kept).for_each(|(quota, kept)| missing += quota.saturating_sub(*kept));
        prop_assert_eq!(&got, &quotas);
        prop_assert_eq!(moved, missing);
    }
}

/// The same nodes with weights for whose points on the circle of followers there is room.
fn light(nodes: &Nodes) -> Nodes {
    nodes
        .iter()
        .map(|(node, weight)| (*node, (*weight).min(50)))
        .collect()
}
