//! What each placement promises: the table in the documentation of `tenfold::ring`, as data.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tenfold::hash::StableHash;
use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, NginxConsistent};
use tenfold::ring::{
    Anchor, Jump, Maglev, MultiProbe, Native, Placement, Rendezvous, Ring, SlotTable,
};

use crate::scripts::{Script, Step, script};
use crate::{cases, hashes, list_of, owner, replicas, ring_of};

#[derive(Clone, Copy, Debug)]
struct Promise {
    name: &'static str,
    /// A node that is added only receives.
    monotone: bool,
    /// Any change moves keys to or from the changed node only.
    minimal: bool,
    /// A node that is removed, wherever it stands, only gives.
    arbitrary_removal: bool,
    /// Shares follow weights.
    weights: bool,
    /// The first nodes of a key change by one member at most when a node joins or leaves.
    replicas: bool,
    /// And also if they are to be from different zones.
    replicas_by: bool,
    /// Only nodes and weights count, not their order and what was before.
    stateless: bool,
}

#[rustfmt::skip]
const PROMISES: [Promise; 11] = [
    Promise { name: "Native",          monotone: true,  minimal: true,  arbitrary_removal: true,  weights: true,  replicas: true,  replicas_by: true,  stateless: true },
    Promise { name: "Maglev",          monotone: false, minimal: false, arbitrary_removal: false, weights: true,  replicas: false, replicas_by: false, stateless: true },
    Promise { name: "Jump",            monotone: true,  minimal: false, arbitrary_removal: false, weights: true,  replicas: false, replicas_by: false, stateless: false },
    Promise { name: "SlotTable",       monotone: true,  minimal: true,  arbitrary_removal: true,  weights: true,  replicas: true,  replicas_by: false, stateless: false },
    Promise { name: "Anchor",          monotone: true,  minimal: true,  arbitrary_removal: true,  weights: true,  replicas: true,  replicas_by: false, stateless: false },
    Promise { name: "Rendezvous",      monotone: true,  minimal: true,  arbitrary_removal: true,  weights: true,  replicas: true,  replicas_by: true,  stateless: true },
    Promise { name: "MultiProbe",      monotone: true,  minimal: true,  arbitrary_removal: true,  weights: false, replicas: true,  replicas_by: true,  stateless: true },
    Promise { name: "Ketama",          monotone: false, minimal: false, arbitrary_removal: false, weights: false, replicas: false, replicas_by: false, stateless: true },
    Promise { name: "NginxConsistent", monotone: true,  minimal: true,  arbitrary_removal: true,  weights: true,  replicas: true,  replicas_by: true,  stateless: true },
    Promise { name: "EnvoyRing",       monotone: false, minimal: false, arbitrary_removal: false, weights: true,  replicas: false, replicas_by: false, stateless: false },
    Promise { name: "EnvoyMaglev",     monotone: false, minimal: false, arbitrary_removal: false, weights: true,  replicas: false, replicas_by: false, stateless: true },
];

/// The documentation has the same table.
#[test]
fn the_documentation_says_the_same() {
    let documented = include_str!("../../../src/ring/mod.rs");
    let mut said = BTreeSet::new();
    for line in documented
        .lines()
        .filter_map(|line| line.strip_prefix("//! | [`"))
    {
        let cells: Vec<&str> = line
            .trim_end_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        if cells.len() == 8 && cells[1..].iter().all(|cell| ["yes", "no"].contains(cell)) {
            said.insert((
                cells[0].trim_end_matches("`]").to_owned(),
                cells[1..].join(" "),
            ));
        }
    }
    let cell = |promised: bool| if promised { "yes" } else { "no" };
    let row = |promise: &Promise| {
        let Promise {
            name,
            monotone,
            minimal,
            arbitrary_removal,
            weights,
            replicas,
            replicas_by,
            stateless,
        } = *promise;
        let cells = [
            monotone,
            minimal,
            arbitrary_removal,
            weights,
            replicas,
            replicas_by,
            stateless,
        ]
        .map(cell);
        (name.to_owned(), cells.join(" "))
    };
    assert_eq!(said, PROMISES.iter().map(row).collect());
}

fn promise_of(name: &str) -> Promise {
    *PROMISES
        .iter()
        .find(|promise| promise.name == name)
        .unwrap()
}

/// The laws that single changes can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Law {
    Monotone,
    Minimal,
    ArbitraryRemoval,
    Replicas,
    ReplicasBy,
    Stateless,
}

const LAWS: [Law; 6] = [
    Law::Monotone,
    Law::Minimal,
    Law::ArbitraryRemoval,
    Law::Replicas,
    Law::ReplicasBy,
    Law::Stateless,
];

impl Promise {
    const fn has(&self, law: Law) -> bool {
        match law {
            Law::Monotone => self.monotone,
            Law::Minimal => self.minimal,
            Law::ArbitraryRemoval => self.arbitrary_removal,
            Law::Replicas => self.replicas,
            Law::ReplicasBy => self.replicas_by,
            Law::Stateless => self.stateless,
        }
    }
}

/// Whether at most one member leaves a list and at most one comes.
fn differ_by_one(old: &[u32], new: &[u32]) -> bool {
    let only_in =
        |one: &[u32], other: &[u32]| one.iter().filter(|node| !other.contains(node)).count();
    only_in(old, new) <= 1 && only_in(new, old) <= 1
}

/// The laws that this step breaks, with the hash that shows it.
fn broken<P: Placement + Clone>(
    old: &Ring<u32, P>,
    new: &Ring<u32, P>,
    step: Step,
    hashes: &[u64],
) -> Vec<(Law, u64)> {
    let mut broken = Vec::new();
    let mut check = |law, applies: bool, hashes: &[u64], holds: &dyn Fn(u64) -> bool| {
        if let Some(hash) = hashes.iter().find(|hash| applies && !holds(**hash)) {
            broken.push((law, *hash));
        }
    };

    // Besides the hashes given, one of every range that moves.
    let plan = old.plan(new).ok();
    let ranges = plan
        .as_ref()
        .and_then(|plan| plan.ranges())
        .unwrap_or_default();
    let and_moving: Vec<u64> = hashes
        .iter()
        .copied()
        .chain(ranges.iter().map(|range| range.first))
        .collect();
    let stays = |hash| owner(old, hash) == owner(new, hash);
    let only_receives = |hash| stays(hash) || owner(new, hash) == Some(step.node);
    let only_gives = |hash| stays(hash) || owner(old, hash) == Some(step.node);
    check(
        Law::Monotone,
        step.before.is_none(),
        &and_moving,
        &only_receives,
    );
    check(
        Law::ArbitraryRemoval,
        step.after.is_none(),
        &and_moving,
        &only_gives,
    );
    check(
        Law::Minimal,
        true,
        &and_moving,
        &|hash| match (step.is_up(), step.is_down()) {
            (true, _) => only_receives(hash),
            (_, true) => only_gives(hash),
            _ => stays(hash),
        },
    );

    check(Law::Replicas, step.joins_or_leaves(), hashes, &|hash| {
        [2, 3, 5]
            .iter()
            .all(|n| differ_by_one(&replicas(old, hash, *n), &replicas(new, hash, *n)))
    });
    check(Law::ReplicasBy, step.joins_or_leaves(), hashes, &|hash| {
        [(2, 2), (2, 3), (3, 2), (3, 4), (5, 3)]
            .iter()
            .all(|(n, zones)| {
                let homes = |ring: &Ring<u32, P>| -> Vec<u32> {
                    ring.replicas_by_hash(hash, *n, |node| node % zones)
                        .copied()
                        .collect()
                };
                differ_by_one(&homes(old), &homes(new))
            })
    });

    let mut list = list_of(new);
    list.sort_unstable();
    let at_once = ring_of(&list, new.config().placement.clone());
    check(Law::Stateless, true, hashes, &|hash| {
        replicas(&at_once, hash, 4) == replicas(new, hash, 4)
    });
    broken
}

/// What holds for all placements: only nodes with weight own keys or are replicas, the owner is the first of these, none comes
/// twice, and a shorter list is the beginning of a longer one.
fn always<P: Placement>(ring: &Ring<u32, P>, hashes: &[u64]) -> Result<(), TestCaseError> {
    for hash in hashes {
        let all = replicas(ring, *hash, usize::MAX);
        prop_assert_eq!(all.first().copied(), owner(ring, *hash));
        prop_assert!(
            all.iter()
                .all(|node| ring.weight(node).is_some_and(|weight| weight > 0))
        );
        prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        for n in [0, 1, 2, 5] {
            prop_assert_eq!(&replicas(ring, *hash, n)[..], &all[..n.min(all.len())]);
        }
    }
    Ok(())
}

fn keeps_its_promises<P: Placement + Clone>(
    promise: Promise,
    placement: P,
    script: &Script,
    hashes: &[u64],
) -> Result<(), TestCaseError> {
    script.follow(placement, |old, new, step| {
        always(new, hashes)?;
        for (law, hash) in broken(old, new, step, hashes) {
            prop_assert!(
                !promise.has(law),
                "{} breaks {law:?} for {hash}: {step:?} from {old:?}",
                promise.name
            );
        }
        Ok(())
    })
}

/// In a fixed set of scripts each law that isn't promised is broken.
fn breaks_the_rest<P: Placement + Clone>(promise: Promise, placement: P) {
    let mut runner = TestRunner::deterministic();
    let hashes: Vec<u64> = (0..50).map(StableHash::u64).collect();
    let mut seen = BTreeSet::new();
    let wanted = LAWS.iter().filter(|law| !promise.has(**law)).count();
    for _ in 0..200 {
        let script = script().new_tree(&mut runner).unwrap().current();
        let done: Result<(), ()> = script.follow(placement.clone(), |old, new, step| {
            seen.extend(
                broken(old, new, step, &hashes)
                    .into_iter()
                    .map(|(law, _)| law),
            );
            if seen.len() < wanted { Ok(()) } else { Err(()) }
        });
        if done.is_err() {
            break;
        }
    }
    for law in LAWS {
        assert_eq!(
            seen.contains(&law),
            !promise.has(law),
            "{}: {law:?}",
            promise.name
        );
    }
}

/// The same changes give the same table, also if the ring is stored and read again after each of them.
fn has_one_future<P: Placement + Clone>(
    placement: P,
    script: &Script,
    hashes: &[u64],
    store_and_read: impl Fn(&Ring<u32, P>) -> Ring<u32, P>,
) -> Result<(), TestCaseError> {
    let mut ring = ring_of(&script.nodes, placement.clone());
    let mut twin = ring_of(&script.nodes, placement);
    let mut stored = store_and_read(&ring);
    for change in &script.changes {
        for other in [&twin, &stored] {
            prop_assert!(
                hashes
                    .iter()
                    .all(|hash| replicas(&ring, *hash, 3) == replicas(other, *hash, 3))
            );
            prop_assert_eq!(list_of(&ring), list_of(other));
        }
        let after = |ring| change.apply(ring).map(|(ring, _)| ring);
        let (Some(next), Some(next_twin), Some(next_stored)) =
            (after(&ring), after(&twin), after(&stored))
        else {
            continue;
        };
        (ring, twin, stored) = (next, next_twin, store_and_read(&next_stored));
    }
    for other in [&twin, &stored] {
        prop_assert!(
            hashes
                .iter()
                .all(|hash| replicas(&ring, *hash, 3) == replicas(other, *hash, 3))
        );
    }
    Ok(())
}

#[cfg(feature = "serde")]
fn store_and_read<P>(ring: &Ring<u32, P>) -> Ring<u32, P>
where
    P: Placement + Clone + serde::Serialize + serde::de::DeserializeOwned,
{
    let stored = serde_json::to_string(ring).unwrap();
    let read = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    read
}

#[cfg(not(feature = "serde"))]
fn store_and_read<P: Placement>(ring: &Ring<u32, P>) -> Ring<u32, P> {
    ring.clone()
}

/// How far a share may be from its weight, besides what so many hashes leave to chance.
#[derive(Clone, Copy)]
enum Spread {
    /// Each node has so many of all random points that its weight is a part of all weights, but for one point. The share of `k`
    /// of `n` points is distributed as Beta(k, n - k), whose variance is `s (1 - s) / (n + 1)` for `s = k / n`.
    Points,
    /// Each node has so many of `n` entries that dividing by a common divisor gives its weight, but for less than 2; then the
    /// sum of all is off by less than 2 for each node, and a share by less than `2 (1 + nodes × share)` entries.
    Entries,
    /// Each hash draws a node.
    Hashes,
}

/// Shares of many hashes over rings of unlike weights, against the weights: as near as they can be, and nothing only for
/// nothing.
fn follows_weights<P: Placement + Default>(spread: Spread) -> Result<(), String> {
    const KEYS: u64 = 10_000;
    let lists: [&[u32]; 6] = [
        &[1; 8],
        &[1, 2, 3, 4, 5],
        &[5, 0, 1, 1],
        &[1, 100],
        &[3, 0, 7, 2],
        &[9],
    ];
    for (first, weights) in [0, 1000]
        .into_iter()
        .flat_map(|first| lists.map(|list| (first, list)))
    {
        let nodes: Vec<(u32, u32)> = (first..).zip(weights.iter().copied()).collect();
        let ring = ring_of(&nodes, P::default());
        let mut owned = vec![0_u32; nodes.len()];
        for key in 0..KEYS {
            owned[ring.index_of_hash(StableHash::u64(key)).unwrap()] += 1;
        }
        let (entries, total) = (ring.stats().entries as f64, weights.iter().sum::<u32>());
        for (owned, (node, weight)) in owned.iter().zip(&nodes) {
            let due = f64::from(*weight) / f64::from(total);
            let seen = f64::from(*owned) / KEYS as f64;
            let (fixed, chances) = match spread {
                Spread::Points if *weight == 0 => (0.0, 0.0),
                Spread::Points => (1.0 / entries, 1.0 / (entries + 1.0)),
                Spread::Entries if *weight == 0 => (0.0, 0.0),
                Spread::Entries => (2.0 * (1.0 + nodes.len() as f64 * due) / entries, 0.0),
                Spread::Hashes => (0.0, 0.0),
            };
            // Five standard deviations.
            let allowed = fixed + 5.0 * (due * (1.0 - due) * (chances + 1.0 / KEYS as f64)).sqrt();
            if (seen - due).abs() > allowed || (*owned > 0) != (*weight > 0) {
                return Err(format!(
                    "{seen} and not {due} ± {allowed} for {node} of {nodes:?}"
                ));
            }
        }
    }
    Ok(())
}

macro_rules! placements {
    ($($module:ident: $placement:ident, $small:expr, $spread:ident;)*) => {$(
        mod $module {
            use super::*;

            proptest! {
                #![proptest_config(cases(32))]

                #[test]
                fn keeps_what_it_promises(script in script(), hashes in hashes()) {
                    keeps_its_promises(promise_of(stringify!($placement)), $small, &script, &hashes)?;
                }

                #[test]
                fn the_same_changes_give_the_same_table(script in script(), hashes in hashes()) {
                    has_one_future($small, &script, &hashes, store_and_read)?;
                }
            }

            #[test]
            fn breaks_what_it_does_not_promise() {
                breaks_the_rest(promise_of(stringify!($placement)), $small);
            }

            #[test]
            fn follows_weights_if_it_says_so() {
                let followed = follows_weights::<$placement>(Spread::$spread);
                assert_eq!(followed.is_ok(), promise_of(stringify!($placement)).weights, "{followed:?}");
            }
        }
    )*};
}

placements! {
    native: Native, Native::with_points(12), Points;
    maglev: Maglev, Maglev::with_table_size(101), Entries;
    jump: Jump, Jump::default(), Hashes;
    slots: SlotTable, SlotTable::with_slots(97), Entries;
    anchor: Anchor, Anchor::with_capacity(90), Hashes;
    rendezvous: Rendezvous, Rendezvous::default(), Hashes;
    multi_probe: MultiProbe, MultiProbe::with_probes(5), Hashes;
    ketama: Ketama, Ketama::default(), Points;
    nginx: NginxConsistent, NginxConsistent::default(), Points;
    envoy_ring: EnvoyRing, EnvoyRing::with_ring_sizes(60, 2000), Points;
    envoy_maglev: EnvoyMaglev, EnvoyMaglev::with_table_size(101), Entries;
}
