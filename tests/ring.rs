//! The ring against naive models, its laws, and the mistakes it must not make.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::collections::{BTreeSet, HashSet, VecDeque};

use proptest::prelude::*;
use tenfold::hash::{StableHash, StableKey};
#[cfg(feature = "serde")]
use tenfold::ring::Config;
use tenfold::ring::placement::DynPlacement;
use tenfold::ring::{Bounded, Error, Jump, Maglev, Native, Placement, Ring, SharedRing};

#[path = "support/model/mod.rs"]
mod model;

use model::ring as naive;

fn ring_of<P: Placement>(nodes: &naive::Nodes, placement: P) -> Ring<u32, P> {
    let mut builder = Ring::builder().placement(placement);
    for (node, weight) in nodes {
        builder = builder.weighted(*node, *weight);
    }
    builder.build().unwrap()
}

/// Distinct nodes with weights, zero among them.
fn nodes() -> impl Strategy<Value = naive::Nodes> {
    prop::collection::btree_map(0_u32..1_000, 0_u32..4, 0..12)
        .prop_map(|nodes| nodes.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn hashes() -> impl Strategy<Value = Vec<u64>> {
    let edge = prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just(1 << 63),
        any::<u64>()
    ];
    prop::collection::vec(edge, 1..60)
}

fn distinct(candidates: &[u32]) -> Vec<u32> {
    let mut seen = HashSet::new();
    candidates
        .iter()
        .copied()
        .filter(|node| seen.insert(*node))
        .collect()
}

proptest! {
    #[test]
    fn native_agrees_with_its_definition(nodes in nodes(), points in 1_u32..40, hashes in hashes()) {
        let ring = ring_of(&nodes, Native::with_points(points));
        for hash in hashes {
            let expected = distinct(&naive::native(&nodes, u64::from(points), hash));
            prop_assert_eq!(ring.locate_hash(hash), expected.first());
            let all: Vec<u32> = ring.replicas_hash(hash, usize::MAX).copied().collect();
            prop_assert_eq!(&all, &expected);
        }
    }

    #[test]
    fn maglev_agrees_with_its_definition(nodes in nodes(), size in prop::sample::select(vec![13_u32, 101, 251]), hashes in hashes()) {
        let ring = ring_of(&nodes, Maglev::with_table_size(size));
        let table = naive::maglev(&nodes, u64::from(size));
        for hash in hashes {
            let entry = (u128::from(hash) * u128::from(size)) >> 64;
            prop_assert_eq!(ring.locate_hash(hash), table.get(entry as usize));
        }
    }

    /// Light nodes beside heavy ones, which a table is filled for in another way.
    #[test]
    fn maglev_agrees_with_its_definition_for_unequal_weights(heavy in 1_u32..5_000, light in 1_u32..60, size in prop::sample::select(vec![101_u32, 251])) {
        let nodes: naive::Nodes = (0..light).map(|node| (node, if node == 0 { heavy } else { 1 + node % 2 })).collect();
        let ring = ring_of(&nodes, Maglev::with_table_size(size));
        let table = naive::maglev(&nodes, u64::from(size));
        for (entry, owner) in table.iter().enumerate() {
            let hash = ((entry as u128) << 64).div_ceil(u128::from(size)) as u64;
            prop_assert_eq!(ring.locate_hash(hash), Some(owner));
        }
    }

    #[test]
    fn jump_agrees_with_its_definition(nodes in nodes(), hashes in hashes()) {
        let ring = ring_of(&nodes, Jump::default());
        let buckets: Vec<u32> = nodes.iter().flat_map(|(node, weight)| vec![*node; *weight as usize]).collect();
        for hash in hashes {
            let expected = (!buckets.is_empty()).then(|| buckets[naive::jump(hash, buckets.len() as u64) as usize]);
            prop_assert_eq!(ring.locate_hash(hash).copied(), expected);
        }
    }

    #[test]
    fn the_order_of_insertion_does_not_matter(nodes in nodes(), hashes in hashes()) {
        let mut reversed = nodes.clone();
        reversed.reverse();
        let pairs = [ring_of(&nodes, Native::with_points(8)), ring_of(&reversed, Native::with_points(8))];
        let tables = [&nodes, &reversed].map(|nodes| ring_of(nodes, Maglev::with_table_size(101)));
        for hash in hashes {
            prop_assert_eq!(pairs[0].locate_hash(hash), pairs[1].locate_hash(hash));
            prop_assert_eq!(tables[0].locate_hash(hash), tables[1].locate_hash(hash));
            prop_assert!(pairs[0].replicas_hash(hash, 3).eq(pairs[1].replicas_hash(hash, 3)));
        }
    }

    /// Owner first, distinct, a prefix of every longer list, and as many as there are nodes with weight.
    #[test]
    fn replicas_are_distinct_and_prefix_stable(nodes in nodes(), hashes in hashes(), kind in 0..3) {
        let placement: DynPlacement = match kind {
            0 => DynPlacement::new(Native::with_points(5)),
            1 => DynPlacement::new(Maglev::with_table_size(1009)),
            _ => DynPlacement::new(Jump::default()),
        };
        let ring = ring_of(&nodes, placement);
        let alive = nodes.iter().filter(|(_, weight)| *weight > 0).count();
        for hash in hashes {
            let all: Vec<&u32> = ring.replicas_hash(hash, usize::MAX).collect();
            prop_assert_eq!(all.len(), alive);
            prop_assert_eq!(all.first().copied(), ring.locate_hash(hash));
            prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), alive);
            for n in 0..=alive {
                prop_assert!(ring.replicas_hash(hash, n).eq(all[..n].iter().copied()));
            }
        }
    }

    /// A node that joins takes keys from others and gives nothing to them, whatever its weight.
    #[test]
    fn native_moves_keys_to_the_new_node_only(nodes in nodes(), weight in 0_u32..4, hashes in hashes()) {
        let old = ring_of(&nodes, Native::with_points(16));
        let new = old.with_weighted(5_000, weight).unwrap();
        for hash in &hashes {
            let (before, after) = (old.locate_hash(*hash), new.locate_hash(*hash));
            prop_assert!(before == after || after == Some(&5_000));
            let homes: BTreeSet<_> = old.replicas_hash(*hash, 3).collect();
            let new_homes: BTreeSet<_> = new.replicas_hash(*hash, 3).collect();
            prop_assert!(homes.difference(&new_homes).count() <= 1, "a set of homes changes by one member");
        }
        let again = new.without(&5_000).unwrap();
        prop_assert!(hashes.iter().all(|hash| old.locate_hash(*hash) == again.locate_hash(*hash)));
        prop_assert!(old.plan(&again).unwrap().is_empty());
    }

    #[test]
    fn jump_moves_keys_to_a_node_at_the_end_only(nodes in nodes(), weight in 0_u32..4, hashes in hashes()) {
        let old = ring_of(&nodes, Jump::default());
        let new = old.with_weighted(5_000, weight).unwrap();
        for hash in hashes {
            let (before, after) = (old.locate_hash(hash), new.locate_hash(hash));
            prop_assert!(before == after || after == Some(&5_000));
        }
        prop_assert!(new.plan(&new).unwrap().is_empty());
    }

    /// A key moves if and only if the plan says so, between the nodes that it says, and the parts add up.
    #[test]
    fn a_plan_is_exact(before in nodes(), after in nodes(), hashes in hashes(), kind in 0..4) {
        let placement = |kind| -> DynPlacement {
            match kind {
                0 => DynPlacement::new(Native::with_points(7)),
                1 => DynPlacement::new(Maglev::with_table_size(101)),
                _ => DynPlacement::new(Jump::default()),
            }
        };
        // The fourth kind migrates from one placement to another.
        let (from, to) = if kind == 3 { (0, 1) } else { (kind, kind) };
        let (old, new) = (ring_of(&before, placement(from)), ring_of(&after, placement(to)));
        let plan = old.plan(&new).unwrap();
        for hash in hashes {
            let (giving, receiving) = (old.locate_hash(hash), new.locate_hash(hash));
            prop_assert_eq!(plan.changes(hash), giving != receiving);
            if giving != receiving {
                let (from, to) = (old.index_of_hash(hash), new.index_of_hash(hash));
                prop_assert!(plan.flows().any(|flow| (flow.from, flow.to) == (from, to)));
                if let Some(ranges) = plan.ranges() {
                    let home = ranges.iter().find(|range| (range.first..=range.last).contains(&hash)).unwrap();
                    prop_assert_eq!((home.from, home.to), (from, to));
                }
            }
        }
        let total: f64 = plan.flows().map(|flow| flow.fraction).sum();
        prop_assert!((total - plan.moved_fraction()).abs() < 1e-12);
        prop_assert!((0.0..=1.0 + 1e-12).contains(&plan.moved_fraction()));
        if let Some(ranges) = plan.ranges() {
            let hashes: u128 = ranges.iter().map(|range| u128::from(range.last - range.first) + 1).sum();
            prop_assert!((hashes as f64 / 2_f64.powi(64) - plan.moved_fraction()).abs() < 1e-12);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].last < pair[1].first));
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_ring_survives_being_stored(nodes in nodes(), hashes in hashes()) {
        let ring = ring_of(&nodes, Native::with_points(9));
        let stored = serde_json::to_string(&ring).unwrap();
        let again: Ring<u32> = serde_json::from_str(&stored).unwrap();
        prop_assert!(hashes.iter().all(|hash| ring.locate_hash(*hash) == again.locate_hash(*hash)));
        prop_assert!(ring.nodes().eq(again.nodes()));
        prop_assert_eq!(ring.config(), again.config());
    }
}

/// `hash % n` from 4 to 5 shards moves four fifths of all keys. A ring moves one fifth, and what moves goes to the new shard.
#[test]
fn w9_growing_by_one_node_moves_one_share_and_not_all_others() {
    const KEYS: u64 = 100_000;
    let modulo = (0..KEYS)
        .filter(|key| key.stable_hash() % 4 != key.stable_hash() % 5)
        .count();
    assert!(
        (79_000..81_000).contains(&modulo),
        "the mistake moves {modulo} of {KEYS}"
    );

    let moved = |old: &dyn Fn(u64) -> u32, new: &dyn Fn(u64) -> u32| {
        let moves: Vec<u64> = (0..KEYS).filter(|key| old(*key) != new(*key)).collect();
        assert!(
            moves.iter().all(|key| new(*key) == 4),
            "only the new shard receives"
        );
        moves.len() as f64 / KEYS as f64
    };
    let native = Ring::builder()
        .nodes(0..4_u32)
        .placement(Native::with_points(4096))
        .build()
        .unwrap();
    let grown = native.with(4).unwrap();
    let measured = moved(&|key| *native.locate(&key).unwrap(), &|key| {
        *grown.locate(&key).unwrap()
    });
    let planned = native.plan(&grown).unwrap().moved_fraction();
    assert!(
        (measured - planned).abs() < 0.005,
        "moved {measured}, planned {planned}"
    );
    assert!((planned - 0.2).abs() < 0.02, "{planned}");

    let jump = Ring::builder()
        .nodes(0..4_u32)
        .placement(Jump::default())
        .build()
        .unwrap();
    let grown = jump.with(4).unwrap();
    let measured = moved(&|key| *jump.locate(&key).unwrap(), &|key| {
        *grown.locate(&key).unwrap()
    });
    let planned = jump.plan(&grown).unwrap().moved_fraction();
    assert!((planned - 0.2).abs() < 1e-12, "exactly a fifth: {planned}");
    assert!(
        (measured - planned).abs() < 0.005,
        "moved {measured}, planned {planned}"
    );
}

/// Sequential ids are what applications have; taken as they are they fill one node after the other.
#[test]
fn w9_sequential_keys_are_spread() {
    let ring = Ring::builder()
        .nodes(0..4_u32)
        .placement(Native::with_points(4096))
        .build()
        .unwrap();
    let mut owned = [0_u32; 4];
    (1..=40_000_u64).for_each(|id| owned[*ring.locate(&id).unwrap() as usize] += 1);
    assert!(
        owned.iter().all(|n| (9_000..11_000).contains(n)),
        "{owned:?}"
    );
}

/// The same nodes give the same table in every process, on every platform and in every release: these values are frozen.
#[test]
fn golden_vectors() {
    let names: Vec<String> = (0..10).map(|n| format!("node-{n}")).collect();
    let keys = [
        "",
        "a",
        "user:1",
        "user:2",
        "user:42",
        "/index.html",
        "ключ",
    ];
    let native = Ring::new(names.clone()).unwrap();
    let maglev = Ring::builder()
        .nodes(names.clone())
        .placement(Maglev::default())
        .build()
        .unwrap();
    let jump = Ring::builder()
        .nodes(names)
        .placement(Jump::default())
        .build()
        .unwrap();
    let native_owners = keys.map(|key| native.index_of_hash(key.stable_hash()).unwrap());
    let maglev_owners = keys.map(|key| maglev.index_of_hash(key.stable_hash()).unwrap());
    let jump_owners = keys.map(|key| jump.index_of_hash(key.stable_hash()).unwrap());
    assert_eq!(native_owners, [9, 7, 2, 9, 3, 6, 7], "native");
    assert_eq!(maglev_owners, [4, 7, 8, 9, 1, 5, 5], "maglev");
    assert_eq!(jump_owners, [0, 8, 1, 9, 1, 4, 0], "jump");
    let digest = |owner: &dyn Fn(u64) -> usize| {
        (0..100_000_u64).fold(0, |digest, key| {
            StableHash::pair(digest, owner(key.stable_hash()) as u64)
        })
    };
    assert_eq!(
        digest(&|hash| native.index_of_hash(hash).unwrap()),
        1_312_143_063_909_278_614
    );
    assert_eq!(
        digest(&|hash| maglev.index_of_hash(hash).unwrap()),
        18_183_430_882_406_176_023
    );
    assert_eq!(
        digest(&|hash| jump.index_of_hash(hash).unwrap()),
        13_888_901_544_968_608_756
    );
}

/// The spread of shares is that of random arcs, over many sets of nodes; 1.15 is what the theory leaves to chance.
#[test]
fn native_shares_vary_as_random_arcs_do() {
    for points in [40_u32, 160, 640] {
        let variation: f64 = (0..20_u32)
            .map(|seed| {
                let nodes = (0..100).map(|node| seed * 1000 + node);
                Ring::builder()
                    .nodes(nodes)
                    .placement(Native::with_points(points))
                    .build()
                    .unwrap()
                    .stats()
                    .variation
            })
            .sum::<f64>()
            / 20.0;
        assert!(
            variation <= 1.15 / f64::from(points).sqrt(),
            "{points} points: {variation}"
        );
    }
}

#[test]
fn shares_follow_weights() {
    let ring = Ring::builder()
        .weighted("heavy", 3)
        .weighted("light", 1)
        .placement(Native::with_points(2048))
        .build();
    let ring = ring.unwrap();
    assert!(ring.stats().peak_to_mean < 1.1);
    let heavy = (0..40_000_u32)
        .filter(|key| ring.locate(key) == Some(&"heavy"))
        .count();
    assert!((28_500..31_500).contains(&heavy), "{heavy}");
    let maglev = Ring::builder()
        .weighted("heavy", 3)
        .weighted("light", 1)
        .placement(Maglev::default())
        .build()
        .unwrap();
    assert!(maglev.stats().peak_to_mean < 1.0001);
}

#[test]
fn maglev_entries_of_equal_nodes_differ_by_one_at_most() {
    let ring = Ring::builder()
        .nodes(0..100_u32)
        .placement(Maglev::default())
        .build()
        .unwrap();
    let whole = 65_537.0 / 100.0;
    let peak = ring.stats().peak_to_mean * whole;
    assert!(peak <= whole.ceil() + 1e-6, "{peak} of {whole} entries");
}

/// Maglev trades movement for balance; the price is known.
#[test]
fn maglev_moves_more_than_the_share_of_the_node_that_left() {
    let old = Ring::builder()
        .nodes(0..100_u32)
        .placement(Maglev::default())
        .build()
        .unwrap();
    let new = old.without(&50).unwrap();
    let moved = old.plan(&new).unwrap().moved_fraction();
    assert!((0.010..0.025).contains(&moved), "{moved}");
}

#[test]
fn nobody_owns_anything_in_a_ring_without_weight() {
    let empty = Ring::<u32>::new([]).unwrap();
    assert!(
        empty.is_empty() && empty.locate(&1).is_none() && empty.replicas(&1, 3).next().is_none()
    );
    let drained = empty.with_weighted(7, 0).unwrap();
    assert_eq!(
        (drained.len(), drained.locate(&1), drained.stats().drained),
        (1, None, 1)
    );
    let one = drained.with_weight(&7, 1).unwrap();
    assert!((0..100_u32).all(|key| one.locate(&key) == Some(&7)));
    assert_eq!(drained.plan(&one).unwrap().moved_fraction(), 1.0);
    assert_eq!(one.plan(&empty).unwrap().flows().next().unwrap().to, None);
    for placement in [
        DynPlacement::new(Maglev::default()),
        DynPlacement::new(Jump::default()),
    ] {
        let ring = Ring::<u32>::builder().placement(placement).build().unwrap();
        assert_eq!((ring.locate(&1), ring.replicas(&1, 2).count()), (None, 0));
        assert_eq!(ring.with(3).unwrap().locate(&1), Some(&3));
    }
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    assert_eq!(
        Ring::new(["a", "b", "a"]).unwrap_err(),
        Error::DuplicateNode {
            first: 0,
            second: 2
        }
    );
    let ring = Ring::new(["a", "b"]).unwrap();
    assert_eq!(
        ring.with("b").unwrap_err(),
        Error::DuplicateNode {
            first: 1,
            second: 2
        }
    );
    assert_eq!(ring.without(&"c").unwrap_err(), Error::UnknownNode);
    assert_eq!(ring.with_weight(&"c", 2).unwrap_err(), Error::UnknownNode);
    let huge = Ring::builder().weighted("a", u32::MAX).build().unwrap_err();
    assert_eq!(
        huge,
        Error::TooManyEntries {
            needed: u64::from(u32::MAX) * 160,
            limit: 1 << 22
        }
    );
    assert!(huge.to_string().contains("at most 4194304"));
    let tight = Ring::builder()
        .nodes(["a", "b"])
        .max_entries(319)
        .build()
        .unwrap_err();
    assert_eq!(
        tight,
        Error::TooManyEntries {
            needed: 320,
            limit: 319
        }
    );
    assert!(
        Ring::builder()
            .nodes(["a", "b"])
            .max_entries(320)
            .build()
            .is_ok()
    );
    let no_points = Ring::builder()
        .node("a")
        .placement(Native::with_points(0))
        .build()
        .unwrap_err();
    assert_eq!(no_points, Error::NoPoints);
    for size in [0, 1, 4, 65_536] {
        let refused = Ring::builder()
            .node("a")
            .placement(Maglev::with_table_size(size))
            .build()
            .unwrap_err();
        assert_eq!(refused, Error::NotPrime { size });
        assert!(refused.to_string().ends_with(" is"));
    }
    let crowded = Ring::builder()
        .nodes(0..4_u32)
        .placement(Maglev::with_table_size(3))
        .build()
        .unwrap_err();
    assert_eq!(crowded, Error::TooManyNodes { nodes: 4, limit: 3 });
    let jump = Ring::builder()
        .nodes(["a", "b"])
        .placement(Jump::default())
        .build()
        .unwrap();
    assert_eq!(ring.plan(&jump).unwrap_err(), Error::Incomparable);
    let heavy_jump = Ring::builder()
        .weighted("a", 1 << 25)
        .placement(Jump::default())
        .build()
        .unwrap_err();
    assert_eq!(
        heavy_jump,
        Error::TooManyEntries {
            needed: 1 << 25,
            limit: 1 << 22
        }
    );
}

#[test]
fn small_tables_and_large_ones() {
    for size in [2, 3, 5] {
        let ring = Ring::builder()
            .nodes(0..2_u32)
            .placement(Maglev::with_table_size(size))
            .build()
            .unwrap();
        assert!(
            [0, 1 << 63, u64::MAX]
                .iter()
                .all(|hash| ring.locate_hash(*hash).is_some())
        );
    }
    let one_point = Ring::builder()
        .node(1_u32)
        .placement(Native::with_points(1))
        .build()
        .unwrap();
    assert!(
        [0, 1 << 63, u64::MAX]
            .iter()
            .all(|hash| one_point.locate_hash(*hash) == Some(&1))
    );
    let many = Ring::builder()
        .nodes(0..50_000_u32)
        .placement(Native::with_points(20))
        .build()
        .unwrap();
    assert_eq!(many.stats().entries, 1_000_000);
    assert_eq!(many.replicas(&1, 40).collect::<HashSet<_>>().len(), 40);
}

/// More nodes than the iterator remembers, all of them, in the order of the model.
#[test]
fn all_nodes_can_be_walked() {
    let nodes: naive::Nodes = (0..150).map(|node| (node, 1)).collect();
    let ring = ring_of(&nodes, Native::with_points(3));
    for key in 0..20_u32 {
        let walk: Vec<u32> = ring.replicas(&key, 150).copied().collect();
        assert_eq!(walk, distinct(&naive::native(&nodes, 3, key.stable_hash())));
        assert_eq!(walk.len(), 150);
    }
}

#[test]
fn a_shared_ring_shows_changes_and_counts_them() {
    let shared = SharedRing::new(Ring::new([1_u32, 2]).unwrap());
    let mut reader = shared.reader();
    let before = shared.stats();
    let old = shared.load();
    assert_eq!(shared.add(3).unwrap().len(), 3);
    assert_eq!(reader.ring().len(), 3);
    assert_eq!(
        shared.add(3).unwrap_err(),
        Error::DuplicateNode {
            first: 2,
            second: 3
        }
    );
    shared.set_weight(&1, 0).unwrap();
    assert!(
        (0..200_u32).all(|key| shared.locate(&key) != Some(1) && reader.locate(&key) != Some(&1))
    );
    shared.remove(&1).unwrap();
    shared.add_weighted(9, 2).unwrap();
    assert_eq!(old.len(), 2, "what was loaded stays as it was");
    let stats = shared.stats().since(&before);
    assert_eq!(
        (stats.changes, stats.refusals, stats.conflicts, stats.nodes),
        (4, 1, 0, 3)
    );
    let twice = shared.clone();
    twice.remove(&9).unwrap();
    assert_eq!(shared.load().weight(&9), None);
}

#[test]
fn a_planned_change_is_published_only_in_time() {
    let shared = SharedRing::new(Ring::new([1_u32, 2]).unwrap());
    let old = shared.load();
    let new = old.with(3).unwrap();
    assert_eq!(shared.replace(&old, new.clone()).unwrap().len(), 3);
    assert_eq!(shared.replace(&old, new).unwrap_err(), Error::Outdated);
    // Nor is a ring of the same nodes the same ring.
    let twin = Ring::new([1_u32, 2, 3]).unwrap();
    assert!(shared.replace(&twin, old.clone()).is_err());
    assert_eq!((shared.load().len(), shared.stats().refusals), (3, 2));
    assert!(shared.replace(&shared.load(), old).is_ok());
}

#[test]
fn a_change_that_meets_another_is_worked_out_again() {
    let shared = SharedRing::new(Ring::new([1_u32]).unwrap());
    let mut calls = 0;
    let ring = shared.update(|ring| {
        calls += 1;
        if calls == 1 {
            shared.add(2).unwrap();
        }
        ring.with(3)
    });
    assert_eq!((ring.unwrap().len(), calls), (3, 2));
    assert_eq!((shared.stats().changes, shared.stats().conflicts), (2, 1));
}

#[cfg(feature = "serde")]
#[test]
fn configurations_are_read_strictly() {
    let config: Config =
        serde_json::from_str(r#"{ "placement": { "native": { "points": 64 } } }"#).unwrap();
    assert_eq!(config, Config::new(Native::with_points(64)));
    for wrong in [
        "{}",
        r#"{ "placement": { "native": {} } }"#,
        r#"{ "placement": { "native": { "point": 64 } } }"#,
    ] {
        assert!(serde_json::from_str::<Config>(wrong).is_err(), "{wrong}");
    }
    let invalid =
        r#"{ "config": { "placement": { "native": { "points": 0 } } }, "nodes": [["a", 1]] }"#;
    let error = serde_json::from_str::<Ring<String>>(invalid).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("points per unit of weight must be at least 1"),
        "{error}"
    );
    let stored = r#"{"config":{"placement":{"native":{"points":160}},"max_entries":4194304},"nodes":[["a",1],["b",2]]}"#;
    let ring: Ring<String> = serde_json::from_str(stored).unwrap();
    assert_eq!(ring.stats().entries, 480);
    assert_eq!(serde_json::to_string(&ring).unwrap(), stored);
}

/// A ring of one placement is not read as a ring of another: its keys would have other owners.
#[cfg(feature = "serde")]
#[test]
fn a_stored_ring_names_its_placement() {
    let jump = Ring::builder()
        .nodes(["a", "b"])
        .placement(Jump::default())
        .build()
        .unwrap();
    let stored = serde_json::to_string(&jump).unwrap();
    assert!(serde_json::from_str::<Ring<String, Jump>>(&stored).is_ok());
    assert!(serde_json::from_str::<Ring<String, Native>>(&stored).is_err());
    assert!(serde_json::from_str::<Ring<String, Maglev>>(&stored).is_err());
}

/// Flows of jump rings against the keys themselves, with weights, new orders, growth and shrinkage.
#[test]
fn jump_flows_are_the_distribution_of_keys() {
    const KEYS: u64 = 200_000;
    let lists: [&[(u32, u32)]; 5] = [
        &[(1, 1), (2, 1), (3, 1)],
        &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)],
        &[(3, 2), (1, 1), (2, 3)],
        &[(2, 1), (9, 2), (1, 0)],
        &[],
    ];
    for (before, after) in lists
        .iter()
        .flat_map(|before| lists.iter().map(move |after| (before, after)))
    {
        let old = ring_of(&before.to_vec(), Jump::default());
        let new = ring_of(&after.to_vec(), Jump::default());
        let plan = old.plan(&new).unwrap();
        let mut counted = std::collections::BTreeMap::new();
        for key in 0..KEYS {
            let hash = key.stable_hash();
            if let Some(move_) = plan.move_of(hash) {
                assert_eq!(move_, (old.index_of_hash(hash), new.index_of_hash(hash)));
                *counted.entry(move_).or_insert(0_u64) += 1;
            }
        }
        let flows: Vec<_> = plan.flows().collect();
        assert!(
            flows
                .windows(2)
                .all(|pair| (pair[0].from, pair[0].to) < (pair[1].from, pair[1].to))
        );
        assert_eq!(flows.len(), counted.len(), "{before:?} to {after:?}");
        for flow in &flows {
            let expected = flow.fraction * KEYS as f64;
            let seen = counted.get(&(flow.from, flow.to)).copied().unwrap_or(0) as f64;
            // Six standard deviations of a binomial count.
            assert!(
                (seen - expected).abs() <= 6.0 * expected.sqrt(),
                "{flow:?}: {seen} of {KEYS}"
            );
        }
        let total: f64 = flows.iter().map(|flow| flow.fraction).sum();
        assert!((total - plan.moved_fraction()).abs() < 1e-12 && plan.moved_fraction() <= 1.0);
        assert_eq!(plan.is_empty(), flows.is_empty());
        assert!(plan.moved_fraction().is_sign_positive());
    }
}

/// A plan between large jump rings takes memory for its buckets, not for every pair of nodes.
#[test]
fn a_plan_of_many_jump_nodes_is_small() {
    let old = Ring::builder()
        .nodes(0..20_000_u32)
        .placement(Jump::default())
        .build()
        .unwrap();
    let new = Ring::builder()
        .nodes(0..40_000_u32)
        .placement(Jump::default())
        .build()
        .unwrap();
    let plan = old.plan(&new).unwrap();
    assert_eq!(plan.moved_fraction(), 0.5);
    let first: Vec<_> = plan.flows().take(2).collect();
    assert_eq!(
        (first[0].from, first[0].to, first[1].to),
        (Some(0), Some(20_000), Some(20_001))
    );
}

#[test]
fn without_keeps_the_order_that_jump_needs() {
    // A drained node at the end, and one removal in front of it: the last of equal weight takes the place.
    let ring = ring_of(&vec![(1, 1), (2, 1), (3, 1), (4, 0)], Jump::default());
    let smaller = ring.without(&1_u32).unwrap();
    let nodes: Vec<_> = smaller
        .nodes()
        .map(|(node, weight)| (*node, weight))
        .collect();
    assert_eq!(nodes, [(3, 1), (2, 1), (4, 0)]);
    let moved = ring.plan(&smaller).unwrap().moved_fraction();
    assert!(
        (moved - 0.5).abs() < 1e-9,
        "one share, and half of another: {moved}"
    );
    let last = ring.without(&3_u32).unwrap();
    assert!((ring.plan(&last).unwrap().moved_fraction() - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn jump_spreads_copies_also_behind_a_heavy_node() {
    let mut builder = Ring::builder()
        .placement(Jump::default())
        .weighted(0_u32, 1_000);
    for node in 1..=10 {
        builder = builder.node(node);
    }
    let ring = builder.build().unwrap();
    let mut second = [0_u32; 11];
    for key in 0..20_000_u32 {
        second[*ring.replicas(&key, 2).nth(1).unwrap() as usize] += 1;
    }
    assert!(
        second[1..].iter().all(|n| (1_000..3_000).contains(n)),
        "{second:?}"
    );
}

/// Light nodes begin their turns at different rounds, so they have their share also when it is less than one entry each.
#[test]
fn maglev_keeps_unequal_weights() {
    for (size, heavy, light) in [
        (251, 200, 150),
        (65_537, 1_000, 500),
        (65_537, 100_000, 60_000),
    ] {
        let mut builder = Ring::builder()
            .placement(Maglev::with_table_size(size))
            .weighted(0_u32, heavy);
        for node in 1..=light {
            builder = builder.node(node);
        }
        let ring = builder.build().unwrap();
        let entries = u64::from(size);
        let owner = |entry: u64| {
            *ring
                .locate_hash(((u128::from(entry) << 64) / u128::from(entries) + 1) as u64)
                .unwrap()
        };
        let owned = (0..entries).filter(|entry| owner(*entry) == 0).count() as f64;
        let ideal = f64::from(size) * f64::from(heavy) / f64::from(heavy + light);
        assert!(
            (owned / ideal - 1.0).abs() < 0.02,
            "{owned} entries of {ideal}"
        );
    }
}

/// What a table says is not trusted to ascend, to cover everything, or to name existing nodes.
#[test]
fn a_table_that_talks_nonsense_does_no_harm() {
    use tenfold::ring::placement::{Layout, Limits, Member, Table, Walk};

    #[derive(Clone, Debug)]
    struct Nonsense;
    impl Placement for Nonsense {
        type Table = Self;
        type Hash = StableHash;
        fn build(&self, _: &[Member], _: Limits) -> Result<Self, Error> {
            Ok(Self)
        }
    }
    impl Table for Nonsense {
        fn locate(&self, hash: u64) -> Option<usize> {
            Some(hash as usize)
        }
        fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
            Some(hash as usize).filter(|_| walk.step() < 3)
        }
        fn layout(&self) -> Layout<'_> {
            Layout::Ranges(Box::new(
                [(100, 0), (50, 1), (100, 7), (200, 9)].into_iter(),
            ))
        }
    }
    let ring = ring_of(&vec![(1, 1), (2, 1)], Nonsense);
    assert_eq!(
        (
            ring.locate_hash(1),
            ring.locate_hash(7),
            ring.index_of_hash(7)
        ),
        (Some(&2), None, None)
    );
    assert_eq!(ring.replicas_hash(1, 2).collect::<Vec<_>>(), [&2]);
    assert_eq!(ring.replicas_hash(7, 2).count(), 0);
    assert!(ring.stats().peak_to_mean > 0.0);
    let plan = ring
        .plan(&ring_of(&vec![(1, 1)], Native::default()))
        .unwrap();
    assert!(plan.changes(1 << 63) && !plan.changes(0));
}

#[test]
fn a_change_may_refuse_with_an_error_of_its_own() {
    let shared = SharedRing::new(Ring::new(["a".to_string()]).unwrap());
    let refused = shared.update(|ring| {
        if ring.len() < 2 {
            Err("too small")
        } else {
            Ok(ring.clone())
        }
    });
    assert_eq!(refused.unwrap_err(), "too small");
    assert_eq!(shared.stats().refusals, 1);
    // A ring of strings is asked with text.
    assert!(shared.load().contains("a") && shared.load().weight("b").is_none());
    assert_eq!(shared.remove("b").unwrap_err(), Error::UnknownNode);
    assert_eq!(shared.remove("a").unwrap().len(), 0);
}

/// With ten leases per node and a quarter more than the mean allowed, most callers get the owner and the others soon find
/// somebody, among ten nodes as among a thousand.
#[test]
fn a_bounded_ring_finds_room_in_a_few_steps() {
    for nodes in [10_u64, 100, 1000] {
        let ring = Ring::new(0..nodes).unwrap();
        let bounded = Bounded::new(ring.clone(), 1.25).unwrap();
        let mut leases = VecDeque::new();
        let mut steps = 0;
        for key in 0..20 * nodes {
            let hash = key.stable_hash();
            let lease = bounded.lease_hash(hash).unwrap();
            let mut homes = ring.replicas_hash(hash, usize::MAX);
            if key >= 10 * nodes {
                leases.pop_front();
                steps += 1 + homes.position(|home| home == lease.node()).unwrap();
            }
            leases.push_back(lease);
        }
        let mean = steps as f64 / (10 * nodes) as f64;
        assert!((1.0..1.5).contains(&mean), "{nodes} nodes: {mean} steps");
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_stored_plan_is_checked() {
    use tenfold::ring::Plan;

    let old = Ring::new(0..5_u32).unwrap();
    let plan = old.plan_copies(&old.without(&2).unwrap(), 3).unwrap();
    let stored = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
    let read = |ranges: &[(u64, u64)]| {
        let range = |(first, last): &(u64, u64)| {
            format!(r#"{{"first":{first},"last":{last},"from":0,"to":1,"role":0}}"#)
        };
        let ranges: Vec<_> = ranges.iter().map(range).collect();
        serde_json::from_str::<Plan>(&format!(r#"{{"ranges":[{}]}}"#, ranges.join(",")))
    };
    assert!(read(&[]).unwrap().is_empty());
    let plan = read(&[(0, 10), (0, 10), (11, u64::MAX)]).unwrap();
    assert_eq!(
        (plan.moves_of(3).count(), plan.moves_of(11).count()),
        (2, 1)
    );
    for wrong in [
        &[(5, 4)][..],
        &[(0, 10), (5, 6)],
        &[(0, 10), (10, 12)],
        &[(9, 10), (1, 2)],
    ] {
        let refused = read(wrong).unwrap_err().to_string();
        assert!(refused.contains("contradicts itself"), "{refused}");
    }
}
