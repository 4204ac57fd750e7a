//! How even shares are, how much moves, and which values are frozen.

use tenfold::hash::{StableHash, StableKey};
use tenfold::ring::{Anchor, MultiProbe, Native, Placement, Rendezvous, Ring, SlotTable};

use crate::{Nodes, naive, owner, ring_of};

fn equal(count: u32) -> Nodes {
    (0..count).map(|node| (node, 1)).collect()
}

/// 65 536 slots for a hundred nodes are 655 or 656 each, and so on after changes; each change moves the slots of the node that
/// came or went, and no others.
#[test]
fn slots_of_equal_nodes_differ_by_one() {
    let mut ring = ring_of(&equal(100), SlotTable::default());
    let slots = ring.config().placement.slots() as usize;
    assert_eq!(slots, 65_536);
    for change in [Some(100), None, Some(101), Some(102)] {
        let next = match change {
            Some(node) => ring.with(node).unwrap(),
            None => ring.without(&50).unwrap(),
        };
        let moved = ring.plan(&next).unwrap().moved_fraction() * slots as f64;
        let mean = slots / next.len().max(ring.len());
        assert!(
            [mean, mean + 1].contains(&(moved as usize)),
            "{moved} slots, and {mean} on average"
        );
        for ring in [&ring, &next] {
            let peak = ring.stats().peak_to_mean;
            let fullest = slots.div_ceil(ring.len()) as f64 * ring.len() as f64 / slots as f64;
            assert!(peak <= 1.02 && peak <= fullest + 1e-9, "{peak}");
        }
        ring = next;
    }
}

/// A share is the sum of as many random arcs as a node has points: it varies by `1 / √points`, relatively. 1.15 leaves room for
/// the variation's own deviation over a hundred nodes, which is 7 %. Of 6000 shares none is off by more than 4 × 1.15 standard
/// deviations; sums of arcs are skew, which for few points adds `(z² - 1) / (3 √points)` to `z` deviations (Cornish, Fisher).
#[test]
fn native_shares_are_near_their_weights() {
    for points in [40_u32, 160, 640] {
        let deviation = 1.0 / f64::from(points).sqrt();
        let z = 4.0 * 1.15;
        let farthest = (z + (z * z - 1.0) * deviation / 3.0) * deviation;
        let mut sum = 0.0;
        for seed in 0..20_u32 {
            let nodes: Nodes = (seed * 1000..seed * 1000 + 100)
                .map(|node| (node, 1))
                .collect();
            let ring = ring_of(&nodes, Native::with_points(points));
            let variation = ring.stats().variation;
            sum += variation;
            // Four of its own deviations.
            assert!(
                variation <= 1.28 * deviation,
                "{points} points: {variation}"
            );
            for (node, share) in ring.shares().unwrap() {
                let off = (share * 100.0 - 1.0).abs();
                assert!(off <= farthest, "{points} points: {node} owns {share}");
                // From the default on the skew need not be taken into account.
                let is_near = points < 160 || off <= z * deviation;
                assert!(is_near, "{points} points: {node} owns {share}");
            }
        }
        assert!(
            sum / 20.0 <= 1.15 * deviation,
            "{points} points: {sum} / 20"
        );
    }
}

/// 21 probes keep the fullest node within 5 % of the mean, says the paper; of 400 keys for each node chance adds up to six
/// deviations, `6 / √400`. Measured: 1.20 for these nodes, and the emptiest has a 27th of the mean.
#[test]
fn multi_probe_loads_no_node_much_more_than_the_mean() {
    const KEYS: u32 = 40_000;
    let ring = ring_of(&equal(100), MultiProbe::default());
    let mut owned = [0_u32; 100];
    (0..KEYS).for_each(|key| owned[ring.index_of_hash(key.stable_hash()).unwrap()] += 1);
    let peak = f64::from(owned.into_iter().max().unwrap()) * 100.0 / f64::from(KEYS);
    assert!(peak <= 1.05 + 6.0 / 20.0, "{peak}");
}

/// A digest of the owners of many keys.
fn digest<P: Placement>(ring: &Ring<String, P>) -> u64 {
    let owner = |key: u64| ring.index_of_hash(key.stable_hash()).unwrap() as u64;
    (0..10_000_u64).fold(0, |digest, key| StableHash::pair(digest, owner(key)))
}

/// A digest of the first three nodes of many keys.
fn digest_of_homes<P: Placement>(ring: &Ring<String, P>) -> u64 {
    let home = |node: &String| node.stable_hash();
    let homes = (0..3_000_u64).flat_map(|key| {
        ring.replicas_hash(key.stable_hash(), 3)
            .map(home)
            .collect::<Vec<_>>()
    });
    homes.fold(0, StableHash::pair)
}

/// The same nodes and changes give the same table in every process, on every platform and in every release: these values are
/// frozen. Where the table depends on what was before, so does the digest.
#[test]
fn golden_vectors() {
    fn digests<P: Placement + Clone>(placement: P) -> [u64; 4] {
        let names = (0..10).map(|n| format!("node-{n}"));
        let ring = Ring::builder()
            .nodes(names)
            .placement(placement)
            .build()
            .unwrap();
        let heavier = ring.with_weighted("heavy".to_owned(), 3).unwrap();
        let changed = heavier
            .without("node-4")
            .unwrap()
            .with_weight("heavy", 2)
            .unwrap();
        let changed = changed.with("late".to_owned()).unwrap();
        [
            digest(&ring),
            digest_of_homes(&ring),
            digest(&changed),
            digest_of_homes(&changed),
        ]
    }
    assert_eq!(
        digests(SlotTable::default()),
        [
            1_817_690_186_943_873_755,
            11_721_430_542_050_107_496,
            8_978_969_449_050_241_197,
            14_410_748_836_906_426_226
        ],
        "slots"
    );
    assert_eq!(
        digests(SlotTable::with_slots(1000)),
        [
            7_082_018_040_984_627_273,
            3_845_057_822_830_166_895,
            2_727_063_250_296_048_710,
            15_264_994_277_566_170_455
        ],
        "1000 slots"
    );
    assert_eq!(
        digests(Anchor::default()),
        [
            630_572_680_627_604_947,
            17_509_306_920_198_381_844,
            3_745_921_719_353_639_486,
            13_569_598_959_132_626_331
        ],
        "anchor"
    );
    assert_eq!(
        digests(Anchor::with_capacity(20)),
        [
            2_234_745_154_477_048_661,
            7_545_589_286_252_586_761,
            4_831_136_110_641_320_689,
            9_047_692_872_735_168_791
        ],
        "small anchor"
    );
    assert_eq!(
        digests(Rendezvous::default()),
        [
            11_398_980_417_720_977_972,
            14_902_901_937_131_728_963,
            16_040_622_679_812_604_145,
            10_728_553_758_273_227_839
        ],
        "rendezvous"
    );
    assert_eq!(
        digests(MultiProbe::default()),
        [
            1_759_211_386_207_135_382,
            13_625_641_381_768_575_112,
            14_465_345_799_353_453_900,
            10_532_092_842_922_916_827
        ],
        "multi-probe"
    );
}

/// Slots that a node gets or gives back are spread over the table: of those of one node it takes evenly, not the first ones.
#[test]
fn slots_that_move_are_spread() {
    let old = ring_of(&equal(4), SlotTable::with_slots(4096));
    let new = old.with(4).unwrap();
    let cuts = naive::cuts(4096);
    for quarter in cuts.chunks(1024) {
        let taken = quarter
            .iter()
            .filter(|hash| owner(&new, **hash) == Some(4))
            .count();
        assert!((200..=210).contains(&taken), "{taken} of 205");
    }
    let gone = new.without(&2).unwrap();
    for quarter in cuts.chunks(1024) {
        for node in [0, 1, 3, 4] {
            let taken = quarter.iter().filter(|hash| {
                owner(&new, **hash) == Some(2) && owner(&gone, **hash) == Some(node)
            });
            let taken = taken.count();
            assert!((41..=61).contains(&taken), "{taken} of 51");
        }
    }
}
