//! What can't be, and what hardly can: no nodes, no weight, too many, too heavy, and stored tables that make no sense.

use tenfold::hash::StableHash;
use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, NginxConsistent};
use tenfold::ring::{
    Anchor, Error, Jump, Maglev, MultiProbe, Native, Placement, Rendezvous, Ring, SlotTable,
};

use crate::{Nodes, built, owner, replicas, ring_of};

/// Asks a ring all there is to ask.
fn ask<P: Placement + Clone>(ring: &Ring<u32, P>) {
    let alive: Vec<u32> = ring
        .nodes()
        .filter(|(_, weight)| *weight > 0)
        .map(|(node, _)| *node)
        .collect();
    for hash in [0, 1, 1 << 63, u64::MAX]
        .into_iter()
        .chain((0..20).map(StableHash::u64))
    {
        assert_eq!(owner(ring, hash).is_some(), !alive.is_empty(), "{ring:?}");
        assert!(owner(ring, hash).is_none_or(|node| alive.contains(&node)));
        let homes = replicas(ring, hash, 3);
        assert!(homes.len() <= alive.len() && homes.first().copied() == owner(ring, hash));
        assert_eq!(
            ring.replicas_by_hash(hash, 3, |node| node % 2).count(),
            homes.len()
        );
        assert_eq!(
            ring.locate_hash_where(hash, |_, _| true).copied(),
            owner(ring, hash)
        );
        assert!(ring.locate_hash_where(hash, |_, _| false).is_none());
    }
    assert_eq!(ring.stats().nodes, ring.len());
    if let Some(shares) = ring.shares() {
        let sum: f64 = shares.map(|(_, share)| share).sum();
        assert!((sum - if alive.is_empty() { 0.0 } else { 1.0 }).abs() < 1e-9);
    }
    assert!(ring.ranges().is_none_or(|ranges| ranges.count() > 0));
    for copies in [0, 1, 3] {
        assert!(
            ring.plan_copies(ring, copies)
                .map_or_else(|error| error == Error::Incomparable, |plan| plan.is_empty())
        );
    }
}

/// Nothing, nobody with weight, one node, one that comes to nothing and one that leaves nothing.
fn small<P: Placement + Clone>(placement: P) {
    let empty = ring_of(&[], placement.clone());
    ask(&empty);
    let idle = ring_of(&[(1, 0), (2, 0), (3, 0)], placement.clone());
    ask(&idle);
    assert_eq!(idle.len(), 3);
    ask(&ring_of(&[(7, 1)], placement.clone()));
    ask(&ring_of(&[(7, 3), (8, 0)], placement.clone()));
    let one = empty.with_weighted(5, 2).unwrap();
    ask(&one);
    for nothing in [one.without(&5).unwrap(), one.with_weight(&5, 0).unwrap()] {
        ask(&nothing);
        ask(&nothing.with(6).unwrap());
    }
    let one_of_three = idle.with_weight(&2, 1).unwrap();
    ask(&one_of_three);
    assert!((0..20).all(|key| owner(&one_of_three, StableHash::u64(key)) == Some(2)));
    ask(&idle.without(&1).unwrap());
}

#[test]
fn rings_may_have_nothing_or_next_to_nothing() {
    small(Native::with_points(20));
    small(Native::with_points(1));
    small(Maglev::with_table_size(13));
    small(Maglev::with_table_size(2));
    small(Jump::default());
    small(SlotTable::with_slots(10));
    small(SlotTable::with_slots(1));
    small(Anchor::with_capacity(3));
    small(Anchor::default());
    small(Rendezvous::default());
    small(MultiProbe::default());
    small(MultiProbe::with_probes(1));
    small(Ketama::default());
    small(NginxConsistent::default());
    small(EnvoyRing::with_ring_sizes(20, 400));
    small(EnvoyRing::with_ring_sizes(1, 1));
    small(EnvoyMaglev::with_table_size(13));
}

#[test]
fn two_thousand_nodes_are_no_problem() {
    fn check<P: Placement + Clone>(placement: P) {
        let nodes: Nodes = (0..2000).map(|node| (node, 1)).collect();
        let ring = ring_of(&nodes, placement);
        for key in 0..50 {
            let homes = replicas(&ring, StableHash::u64(key), 3);
            assert!(homes.len() == 3 && homes[0] == owner(&ring, StableHash::u64(key)).unwrap());
        }
        let next = ring.without(&1234).unwrap().with_weighted(5000, 3).unwrap();
        assert!(
            (0..200).all(|key| owner(&next, StableHash::u64(key)).is_some_and(|node| node != 1234))
        );
    }
    check(Native::with_points(20));
    check(Maglev::default());
    check(Jump::default());
    check(SlotTable::with_slots(2100));
    check(Anchor::with_capacity(2100));
    check(Rendezvous::default());
    check(MultiProbe::default());
    check(EnvoyRing::default());
    check(EnvoyMaglev::default());
    let nodes: Nodes = (0..2000).map(|node| (node, 1)).collect();
    assert!(built(&nodes, Ketama::default()).is_ok());
    assert!(built(&nodes, NginxConsistent::default()).is_ok());
    let refused = |outcome: Result<(), Error>| outcome.unwrap_err();
    assert_eq!(
        refused(built(&nodes, Anchor::default()).map(drop)),
        Error::CapacityExceeded {
            needed: 2000,
            capacity: 1024
        }
    );
    assert_eq!(
        refused(built(&nodes, SlotTable::with_slots(1999)).map(drop)),
        Error::TooManyNodes {
            nodes: 2000,
            limit: 1999
        }
    );
}

/// What can't be built of these nodes, or nothing if it can; then the ring is asked.
fn refusal<P: Placement + Clone>(nodes: &[(u32, u32)], placement: P) -> Option<Error> {
    match built(nodes, placement) {
        Ok(ring) => {
            ask(&ring);
            None
        }
        Err(error) => Some(error),
    }
}

#[test]
fn the_heaviest_nodes_work_or_are_refused() {
    let too_many = |needed: u64| {
        Some(Error::TooManyEntries {
            needed,
            limit: 1 << 22,
        })
    };
    const HEAVY: u64 = u32::MAX as u64;
    for nodes in [
        vec![(1, u32::MAX)],
        vec![(1, u32::MAX), (2, 1)],
        vec![(1, u32::MAX), (2, u32::MAX), (3, 1)],
    ] {
        let weight: u64 = nodes.iter().map(|(_, weight)| u64::from(*weight)).sum();
        assert!(weight >= HEAVY);
        assert_eq!(refusal(&nodes, Native::default()), too_many(160 * weight));
        assert_eq!(refusal(&nodes, Maglev::with_table_size(251)), None);
        assert_eq!(refusal(&nodes, Jump::default()), too_many(weight));
        // For the nodes behind the owner.
        assert_eq!(
            refusal(&nodes, SlotTable::with_slots(100)),
            too_many(32 * weight)
        );
        let needed = u32::try_from(weight).unwrap_or(u32::MAX);
        assert_eq!(
            refusal(&nodes, Anchor::default()),
            Some(Error::CapacityExceeded {
                needed,
                capacity: 1024
            })
        );
        assert_eq!(refusal(&nodes, Rendezvous::default()), None);
        assert_eq!(refusal(&nodes, MultiProbe::default()), too_many(weight));
        assert_eq!(refusal(&nodes, Ketama::default()), None);
        assert_eq!(
            refusal(&nodes, NginxConsistent::default()),
            too_many(160 * weight)
        );
        assert!(matches!(
            refusal(&nodes, EnvoyRing::default()),
            None | Some(Error::TooManyEntries { .. })
        ));
        assert_eq!(refusal(&nodes, EnvoyRing::with_ring_sizes(100, 1000)), None);
        assert_eq!(refusal(&nodes, EnvoyMaglev::with_table_size(251)), None);
    }
    assert_eq!(
        refusal(&[(1, u32::MAX)], Anchor::with_capacity(u32::MAX)),
        too_many(HEAVY)
    );
    // Weight that is refused in a change leaves the ring as it was.
    let ring = ring_of(&[(1, 1), (2, 1)], Anchor::with_capacity(3));
    assert_eq!(
        ring.with_weight(&1, 3).err(),
        Some(Error::CapacityExceeded {
            needed: 4,
            capacity: 3
        })
    );
    assert_eq!(
        ring.with_weighted(3, u32::MAX).err(),
        Some(Error::CapacityExceeded {
            needed: u32::MAX,
            capacity: 3
        })
    );
    ask(&ring.with(3).unwrap());
    let ring = ring_of(&[(1, 1), (2, 1)], SlotTable::with_slots(2));
    assert_eq!(
        ring.with(3).err(),
        Some(Error::TooManyNodes { nodes: 3, limit: 2 })
    );
    ask(&ring.with_weighted(3, 0).unwrap());
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    for nodes in [vec![], vec![(1, 0)], vec![(1, 1), (2, 1)]] {
        assert_eq!(
            refusal(&nodes, SlotTable::with_slots(0)),
            Some(Error::NoSlots)
        );
        assert_eq!(
            refusal(&nodes, Anchor::with_capacity(0)),
            Some(Error::NoSlots)
        );
        assert_eq!(
            refusal(&nodes, MultiProbe::with_probes(0)),
            Some(Error::Probes { given: 0 })
        );
        assert_eq!(
            refusal(&nodes, MultiProbe::with_probes(1025)),
            Some(Error::Probes { given: 1025 })
        );
        assert_eq!(
            refusal(&nodes, MultiProbe::with_probes(u32::MAX)),
            Some(Error::Probes { given: u32::MAX })
        );
        assert_eq!(refusal(&nodes, MultiProbe::with_probes(1024)), None);
        let entries = Error::TooManyEntries {
            needed: u64::from(u32::MAX),
            limit: 1 << 22,
        };
        assert_eq!(
            refusal(&nodes, SlotTable::with_slots(u32::MAX)),
            Some(entries)
        );
        assert_eq!(
            refusal(&nodes, Anchor::with_capacity(u32::MAX)),
            Some(entries)
        );
    }
    assert_eq!(
        refusal(&[(1, 1), (2, 1), (3, 1)], SlotTable::with_slots(2)),
        Some(Error::TooManyNodes { nodes: 3, limit: 2 })
    );
    assert_eq!(
        refusal(&[(1, 1), (2, 1), (3, 1)], SlotTable::with_slots(3)),
        None
    );
    assert_eq!(refusal(&[(1, 1), (2, 2)], Anchor::with_capacity(3)), None);
}

#[cfg(feature = "serde")]
mod stored {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::cases;

    const NODES: [(u32, u32); 4] = [(1, 1), (2, 0), (3, 2), (4, 1)];

    /// A stored ring, and the same with another table.
    fn slots(change: impl Fn(&mut Value)) -> Result<Ring<u32, SlotTable>, String> {
        let ring = ring_of(&NODES, SlotTable::with_slots(12)).with(5).unwrap();
        let mut stored = serde_json::to_value(&ring).unwrap();
        change(&mut stored["config"]["placement"]["slot_table"]);
        serde_json::from_value(stored).map_err(|error| error.to_string())
    }

    fn anchor(change: impl Fn(&mut Value)) -> Result<Ring<u32, Anchor>, String> {
        let ring = ring_of(&NODES, Anchor::with_capacity(12))
            .with(5)
            .unwrap()
            .without(&1)
            .unwrap();
        let mut stored = serde_json::to_value(&ring).unwrap();
        change(&mut stored["config"]["placement"]["anchor"]);
        serde_json::from_value(stored).map_err(|error| error.to_string())
    }

    /// Whether a ring was refused for its state; one that was not works, changes, and has shares by weight.
    fn is_bad<P: Placement + Clone>(read: Result<Ring<u32, P>, String>, parts: f64) -> bool {
        match read {
            Ok(ring) => {
                let usable = |ring: &Ring<u32, P>| {
                    ask(ring);
                    let total: u32 = ring.nodes().map(|(_, weight)| weight).sum();
                    for ((_, share), (_, weight)) in ring.shares().unwrap().zip(ring.nodes()) {
                        let due = f64::from(weight) / f64::from(total);
                        assert!((share - due).abs() * parts <= 1.0, "{share} and not {due}");
                    }
                };
                usable(&ring);
                usable(&ring.with_weight(&3, 1).unwrap());
                usable(&ring.without(&4).unwrap().with(9).unwrap());
                false
            }
            Err(error) => {
                assert!(error.contains("contradicts itself"), "{error}");
                true
            }
        }
    }

    #[test]
    fn what_is_stored_is_what_is_read() {
        assert!(!is_bad(slots(|_| ()), 12.0));
        assert!(!is_bad(anchor(|_| ()), 1e9));
        // A table that was not stored is made anew.
        let forget = |state: &mut Value| drop(state.as_object_mut().unwrap().remove("table"));
        assert!(!is_bad(slots(forget), 12.0) && !is_bad(anchor(forget), 1e9));
    }

    #[test]
    fn slots_that_contradict_themselves() {
        let owners =
            |owners: Value| move |state: &mut Value| state["table"]["owners"] = owners.clone();
        assert!(is_bad(slots(owners(json!([]))), 12.0));
        assert!(is_bad(slots(owners(json!([0, 1, 2]))), 12.0));
        assert!(is_bad(slots(owners(json!(vec![0; 13]))), 12.0));
        assert!(is_bad(slots(|state| state["slots"] = json!(13)), 12.0));
        assert!(is_bad(
            slots(owners(json!(vec![4_000_000_000_u32; 12]))),
            12.0
        ));
        assert!(is_bad(
            slots(|state| state["table"]["nodes"] = json!([])),
            12.0
        ));
        // An owner without weight has nothing.
        assert!(!is_bad(slots(owners(json!(vec![1; 12]))), 12.0));
        assert!(!is_bad(
            slots(|state| state["table"]["nodes"] = json!([7, 7, 7, 7, 7, 7])),
            12.0
        ));
        assert!(
            slots(|state| state["table"]["more"] = json!(1))
                .unwrap_err()
                .contains("unknown field")
        );
        let none = slots(|state| *state = json!({ "slots": 0 })).unwrap_err();
        assert!(none.contains("at least 1 slot"), "{none}");
        let large = slots(|state| *state = json!({ "slots": u32::MAX })).unwrap_err();
        assert!(large.contains("at most 4194304"), "{large}");
    }

    #[test]
    fn anchors_that_contradict_themselves() {
        let set = |field: &'static str, value: Value| {
            move |state: &mut Value| state["table"][field] = value.clone()
        };
        let stored = serde_json::to_value(anchor(|_| ()).unwrap()).unwrap();
        let state = &stored["config"]["placement"]["anchor"]["table"];
        let removed: Vec<u32> = serde_json::from_value(state["removed"].clone()).unwrap();
        let owners: Vec<u32> = serde_json::from_value(state["owners"].clone()).unwrap();
        assert_eq!((removed.len(), owners.len()), (8, 4));
        let mut twice = removed.clone();
        twice[0] = twice[1];
        assert!(is_bad(anchor(set("removed", json!(twice))), 1e9));
        let mut outside = removed.clone();
        outside[7] = 12;
        assert!(is_bad(anchor(set("removed", json!(outside))), 1e9));
        outside[7] = u32::MAX;
        assert!(is_bad(anchor(set("removed", json!(outside))), 1e9));
        assert!(is_bad(anchor(set("removed", json!(&removed[1..]))), 1e9));
        assert!(is_bad(anchor(set("removed", json!([]))), 1e9));
        assert!(is_bad(anchor(set("owners", json!([]))), 1e9));
        assert!(is_bad(anchor(set("owners", json!([0, 0, 0, 4]))), 1e9));
        assert!(is_bad(
            anchor(set("owners", json!([0, 0, 0, u32::MAX]))),
            1e9
        ));
        assert!(is_bad(anchor(set("nodes", json!([]))), 1e9));
        assert!(is_bad(anchor(|state| state["capacity"] = json!(13)), 1e9));
        // Owners whose weight is another one, or who have left, get and give what is due.
        assert!(!is_bad(anchor(set("owners", json!([0, 0, 0, 0]))), 1e9));
        assert!(!is_bad(anchor(set("nodes", json!([5, 5, 5, 5]))), 1e9));
        let low = anchor(|state| state["capacity"] = json!(2)).unwrap_err();
        assert!(low.contains("capacity of 2"), "{low}");
        let large = anchor(|state| *state = json!({ "capacity": u32::MAX })).unwrap_err();
        assert!(large.contains("at most 4194304"), "{large}");
    }

    proptest! {
        #![proptest_config(cases(32))]

        /// Any numbers at all: refused, or a ring that works.
        #[test]
        fn arbitrary_state_does_no_harm(
            nodes in prop::collection::vec(prop_oneof![any::<u64>(), Just(1), Just(3)], 0..6),
            owners in prop::collection::vec(0_u32..6, 0..14),
            removed in prop::collection::vec(0_u32..13, 0..13),
        ) {
            let table = json!({ "nodes": nodes, "owners": owners });
            is_bad(slots(|state| state["table"] = table.clone()), 12.0);
            let table = json!({ "nodes": nodes, "owners": owners, "removed": removed });
            is_bad(anchor(|state| state["table"] = table.clone()), 1e9);
        }

        /// Buckets in any order and of any owners, which is what a long history leaves behind: all nodes have their buckets, and
        /// another change moves what it must.
        #[test]
        fn any_consistent_anchor_works(order in Just((0_u32..12).collect::<Vec<_>>()).prop_shuffle(), working in 0_usize..=12, owners in prop::collection::vec(0_u32..4, 12)) {
            let mut removed = order.clone();
            removed.truncate(12 - working);
            let read = anchor(|state| {
                state["table"]["owners"] = json!(&owners[..working]);
                state["table"]["removed"] = json!(removed);
            });
            let ring = read.clone().unwrap();
            prop_assert!(!is_bad(read, 1e9));
            let next = ring.without(&3).unwrap();
            let mut moved = BTreeMap::new();
            for key in 0..200 {
                let hash = StableHash::u64(key);
                if owner(&ring, hash) != owner(&next, hash) {
                    *moved.entry(owner(&ring, hash)).or_insert(0) += 1;
                }
            }
            prop_assert!(moved.keys().all(|node| *node == Some(3)));
        }
    }
}
