//! The placements of other systems: against what those systems publish, and against models written from their definition.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use proptest::prelude::*;
use tenfold::hash::{StableHash, StableKey};
use tenfold::ring::placement::{
    Crc32Hash, EnvoyMaglev, EnvoyRing, Ketama, KetamaHash, KeyHash, Layout, Limits, Member,
    NginxConsistent, Table, Xxh64Hash,
};
use tenfold::ring::{Error, Placement, Ring};

use naive::Nodes;

fn ring_of<P: Placement>(nodes: &Nodes, placement: P) -> Ring<String, P> {
    let mut builder = Ring::builder().placement(placement);
    for (node, weight) in nodes {
        builder = builder.weighted(node.clone(), *weight);
    }
    builder.build().unwrap()
}

fn nodes(list: &[(&str, u32)]) -> Nodes {
    let own = |(name, weight): &(&str, u32)| ((*name).to_owned(), *weight);
    list.iter().map(own).collect()
}

/// Hosts of Envoy's tests: one for each weight, on ports from 90 on.
fn hosts(weights: &[u32]) -> Nodes {
    let host = |(port, weight): (usize, &u32)| (format!("127.0.0.1:{port}"), *weight);
    (90..).zip(weights).map(host).collect()
}

/// The port at the end of a name.
fn port(name: &str) -> usize {
    name.rsplit(':').next().unwrap().parse().unwrap()
}

/// Owners of these hashes, by port.
fn ports<P: Placement>(
    ring: &Ring<String, P>,
    hashes: impl IntoIterator<Item = u64>,
) -> Vec<usize> {
    let owner = |hash| port(ring.locate_hash(hash).unwrap());
    hashes.into_iter().map(owner).collect()
}

// Published values.

/// Values of RFC 1321, of the catalogue of CRC algorithms and of the xxHash repository.
#[test]
fn key_hashes_are_the_published_ones() {
    let at = |position: u32| u64::from(position) << 32;
    assert_eq!(KetamaHash::bytes(b""), at(0xd98c_1dd4)); // d41d8cd9…
    assert_eq!(KetamaHash::bytes(b"abc"), at(0x9850_0190)); // 90015098…
    assert_eq!(KetamaHash::bytes(b"0"), at(2_216_742_351));
    assert_eq!(Crc32Hash::bytes(b""), 0);
    assert_eq!(Crc32Hash::bytes(b"123456789"), at(0xcbf4_3926));
    assert_eq!(Xxh64Hash::bytes(b""), 0xef46_db37_51d8_e999);
    assert_eq!(Xxh64Hash::bytes(b"a"), 0xd24e_c4f1_a98c_6e5b);
    assert_eq!(Xxh64Hash::bytes(b"abc"), 0x44bc_2cf5_ad77_0999);
}

#[test]
fn keys_are_text_or_bytes() {
    fn hash<H: KeyHash<K>, K: ?Sized>(key: &K) -> u64 {
        H::key_hash(key)
    }
    let text = "user:42";
    for same in [
        hash::<Xxh64Hash, str>(text),
        hash::<Xxh64Hash, &str>(&text),
        hash::<Xxh64Hash, String>(&text.to_owned()),
        hash::<Xxh64Hash, [u8]>(text.as_bytes()),
        hash::<Xxh64Hash, [u8; 7]>(b"user:42"),
        hash::<Xxh64Hash, Vec<u8>>(&text.as_bytes().to_vec()),
    ] {
        assert_eq!(same, Xxh64Hash::bytes(text.as_bytes()));
    }
    assert_eq!(hash::<KetamaHash, str>(text), KetamaHash::bytes(b"user:42"));
    assert_eq!(hash::<Crc32Hash, str>(text), Crc32Hash::bytes(b"user:42"));
}

/// The servers that come with libketama.
fn servers_of_ketama() -> Nodes {
    let memory = [600, 300, 200, 350, 1000, 800, 950, 100];
    let server = |(number, memory)| (format!("10.0.1.{number}:11211"), memory);
    (1..).zip(memory).map(server).collect()
}

/// libketama's own test: the MD5 of a million lines, each the hash of a key, the point it belongs to and the server. The
/// points come from the model here, the servers from the ring.
#[test]
fn ketama_writes_what_libketama_writes() {
    let servers = servers_of_ketama();
    let ring = ring_of(&servers, Ketama::default());
    assert_eq!(ring.locate("0").unwrap(), "10.0.1.1:11211");
    let points: BTreeMap<u32, usize> = naive::ketama(&servers).into_iter().rev().collect();
    let mut written = md5::Context::new();
    written.consume("\n"); // No error.
    let mut line = String::new();
    for key in 0..1_000_000_u32 {
        let key = key.to_string();
        let hash = (KetamaHash::bytes(key.as_bytes()) >> 32) as u32;
        let point = points.range(hash..).next().or_else(|| points.iter().next());
        line.clear();
        writeln!(
            line,
            "{hash} {} {}",
            point.unwrap().0,
            ring.locate(&key).unwrap()
        )
        .unwrap();
        written.consume(&line);
    }
    assert_eq!(
        format!("{:x}", written.finalize()),
        "5672b131391f5aa2b280936aec1eea74"
    );
}

/// Paths that were sent through nginx, from the tests of pingora-ketama (`matches_nginx_sample`).
#[test]
fn nginx_places_paths_where_nginx_did() {
    let ring = ring_of(
        &nodes(&[("127.0.0.1:7777", 1), ("127.0.0.1:7778", 1)]),
        NginxConsistent::default(),
    );
    for (path, port) in [
        ("/some/path", 7778),
        ("/some/longer/path", 7777),
        ("/sad/zaidoon", 7778),
        ("/g", 7777),
        ("/pingora/team/is/cool/and/this/is/a/long/uri", 7778),
        ("/i/am/not/confident/in/this/code", 7777),
    ] {
        assert_eq!(
            ring.locate(path),
            Some(&format!("127.0.0.1:{port}")),
            "{path}"
        );
    }
}

/// Walks of pingora-ketama (`node_iter`, `test_ipv6_ring`), the first servers of each; it hashes addresses without brackets.
#[test]
fn nginx_walks_as_pingora_does() {
    let walk = |names: [&str; 3]| -> Vec<usize> {
        let ring = ring_of(
            &names.map(|name| (name.to_owned(), 1)).to_vec(),
            NginxConsistent::default(),
        );
        let members = names.map(|name| member(name, 1));
        let table = NginxConsistent::default()
            .build(&members, Limits::new(1000))
            .unwrap();
        let mut walk = tenfold::ring::placement::Walk::new();
        let hash = Crc32Hash::bytes(b"doghash");
        assert_eq!(
            ring.locate("doghash").map(String::as_str),
            table.locate(hash).map(|index| names[index])
        );
        (0..8)
            .map(|_| port(names[table.candidate(hash, &mut walk).unwrap()]))
            .collect()
    };
    assert_eq!(
        walk(["127.0.0.1:7777", "127.0.0.1:7778", "127.0.0.1:7779"]),
        [7778, 7779, 7779, 7777, 7777, 7778, 7778, 7779]
    );
    assert_eq!(
        walk(["::1:7777", "::1:7778", "::1:7779"])[..7],
        [7777, 7778, 7777, 7778, 7778, 7777, 7779]
    );
}

/// Tables in Envoy's tests (`maglev_lb_test.cc`: Basic, BasicWithHostName, Weighted, and localities of weights that stand for
/// weights of hosts).
#[test]
fn envoy_maglev_has_the_tables_of_envoys_tests() {
    let check = |nodes: &Nodes, expected: &[usize]| {
        let ring = ring_of(nodes, EnvoyMaglev::with_table_size(expected.len() as u32));
        let hashes = (0..3 * expected.len() as u64).chain([u64::MAX]);
        for hash in hashes {
            let entry = (hash % expected.len() as u64) as usize;
            assert_eq!(
                ring.locate_hash(hash),
                Some(&nodes[expected[entry]].0),
                "hash {hash}"
            );
        }
    };
    check(&hosts(&[1; 6]), &[2, 4, 0, 1, 5, 0, 3]);
    let by_name: Nodes = (90..96).map(|name| (name.to_string(), 1)).collect();
    check(&by_name, &[2, 5, 0, 3, 4, 1, 0]);
    check(
        &hosts(&[1, 2]),
        &[1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1],
    );
    check(
        &hosts(&[1, 1]),
        &[1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1],
    );
    check(
        &hosts(&[8, 2]),
        &[1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0],
    );
    check(&hosts(&[7]), &[0; 17]);
}

/// Positions in Envoy's tests (`ring_hash_lb_test.cc`: Basic, BasicWithHostname, UnevenHosts).
#[test]
fn envoy_ring_has_the_points_of_envoys_tests() {
    let check = |nodes: &Nodes, minimum: u32, points: &[(u64, &str)]| {
        let ring = ring_of(nodes, EnvoyRing::with_ring_sizes(minimum, 1 << 23));
        assert_eq!(ring.stats().entries, points.len());
        let mut first = 0;
        for (position, suffix) in points {
            for hash in [first, *position] {
                assert!(ring.locate_hash(hash).unwrap().ends_with(suffix), "{hash}");
            }
            first = position + 1;
        }
        for hash in [first, u64::MAX] {
            assert!(
                ring.locate_hash(hash).unwrap().ends_with(points[0].1),
                "{hash}"
            );
        }
    };
    let basic = [
        (833_437_586_790_550_860, "94"),
        (928_266_305_478_181_108, "92"),
        (1_033_482_794_131_418_490, "90"),
        (3_551_244_743_356_806_947, "95"),
        (3_851_675_632_748_031_481, "93"),
        (5_583_722_120_771_150_861, "91"),
        (6_311_230_543_546_372_928, "91"),
        (7_700_377_290_971_790_572, "93"),
        (13_144_177_310_400_110_813, "95"),
        (13_444_792_449_719_432_967, "92"),
        (15_516_499_411_664_133_160, "94"),
        (16_117_243_373_044_804_889, "90"),
    ];
    check(&hosts(&[1; 6]), 12, &basic);
    let ring = ring_of(&hosts(&[1; 6]), EnvoyRing::with_ring_sizes(12, 12));
    let retries: Vec<usize> = ring.replicas_hash(0, 9).map(|name| port(name)).collect();
    assert_eq!(retries, [94, 92, 90, 95, 93, 91]);

    let by_name: Nodes = (90..96).map(|name| (name.to_string(), 1)).collect();
    let named = [
        (1_975_508_444_536_362_413, "95"),
        (2_376_063_919_839_173_711, "95"),
        (2_386_806_903_309_390_596, "93"),
        (6_749_904_478_991_551_885, "94"),
        (6_803_900_775_736_438_537, "93"),
        (7_225_015_537_174_310_577, "92"),
        (8_787_465_352_164_086_522, "90"),
        (11_282_020_843_382_717_940, "92"),
        (13_723_418_369_486_627_818, "91"),
        (13_776_502_110_861_797_421, "90"),
        (14_338_313_586_354_474_791, "91"),
        (15_364_271_037_087_512_980, "94"),
    ];
    check(&by_name, 12, &named);
    let uneven = nodes(&[("127.0.0.1:80", 1), ("127.0.0.1:81", 1)]);
    let four = [
        (5_454_692_015_285_649_509, "80"),
        (7_859_399_908_942_313_493, "81"),
        (13_838_424_394_637_650_569, "80"),
        (16_064_866_803_292_627_174, "81"),
    ];
    check(&uneven, 3, &four);
    let tiny = [
        (928_266_305_478_181_108, "92"),
        (4_443_673_547_860_492_590, "92"),
        (5_583_722_120_771_150_861, "91"),
        (6_311_230_543_546_372_928, "91"),
        (13_444_792_449_719_432_967, "92"),
        (16_117_243_373_044_804_889, "90"),
    ];
    check(&hosts(&[1, 2, 3]), 6, &tiny);
}

/// Counts in Envoy's tests (`ring_hash_lb_test.cc`: HostWeightedLargeRing, HostAndLocalityWeightedLargeRing,
/// LargeFractionalScale, SmallFractionalScale, LopsidedWeightSmallScale).
#[test]
fn envoy_ring_shares_as_envoys_tests_say() {
    let count = |weights: &[u32], minimum, maximum, hashes: u64| -> Vec<usize> {
        let ring = ring_of(
            &hosts(weights),
            EnvoyRing::with_ring_sizes(minimum, maximum),
        );
        let mut counts = vec![0; weights.len()];
        let spread = (0..hashes).map(|i| i * (u64::MAX / hashes));
        ports(&ring, spread)
            .into_iter()
            .for_each(|port| counts[port - 90] += 1);
        counts
    };
    assert_eq!(count(&[1, 2, 3], 6144, 1 << 23, 6000), [987, 1932, 3081]);
    assert_eq!(
        count(&[1, 2, 2, 4], 9216, 1 << 23, 9000),
        [924, 2009, 2053, 4014]
    );
    assert_eq!(count(&[1, 1], 1023, 1023, 1023), [526, 497]);
    let small = count(&[1; 4], 2, 2, 1024);
    assert_eq!(small.iter().filter(|count| **count == 0).count(), 2);

    // A locality of one host has 127 of 128 parts, another of 1023 hosts has one.
    let lopsided: Nodes = (0..1024)
        .map(|i| {
            (
                format!("127.0.0.1:{i}"),
                if i == 0 { 127 * 1023 } else { 1 },
            )
        })
        .collect();
    let ring = ring_of(&lopsided, EnvoyRing::with_ring_sizes(1024, 1024));
    for (hash, port) in [
        (11_664_790_346_325_243_808, 1),
        (15_894_554_872_961_148_518, 128),
        (13_958_138_884_277_627_155, 256),
        (15_803_774_069_438_192_949, 384),
        (3_829_253_010_855_396_576, 512),
        (17_918_147_347_826_565_154, 640),
        (6_442_769_608_292_299_103, 768),
        (5_881_074_926_069_334_434, 896),
    ] {
        assert_eq!(ports(&ring, [hash]), [port]);
    }
}

// Models.

/// Names of all kinds, distinct, with weights, zero among them.
fn named(weight: impl Strategy<Value = u32>) -> impl Strategy<Value = Nodes> {
    let name = prop_oneof![
        4 => (0_u8..9, 1_u16..99).prop_map(|(host, port)| format!("10.0.0.{host}:{port}")),
        1 => (0_u8..9).prop_map(|host| format!("[::{host}]:80")),
        1 => "[a-c:0-2-]{0,4}",
        1 => "(unix|UNIX):/[a-c]{0,2}",
    ];
    prop::collection::btree_map(name, weight, 0..10)
        .prop_map(|nodes| nodes.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn any_weight() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..4, 2 => 0_u32..2000, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

fn keys() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z0-9/]{0,12}", 100)
}

/// Compares a ring with points of the model, which are sorted as the original sorts them: for keys, and a step
/// around each point.
fn agrees<P: Placement>(
    ring: &Ring<String, P>,
    nodes: &Nodes,
    points: &[(u64, usize)],
    step: u64,
    hashes: impl IntoIterator<Item = u64>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(ring.stats().entries, points.len());
    let around = |(position, _): &(u64, usize)| {
        [
            position.wrapping_sub(step),
            *position,
            position.wrapping_add(step),
        ]
    };
    let edges = points.iter().step_by(61).flat_map(around);
    for hash in hashes
        .into_iter()
        .chain(edges)
        .chain([0, u64::MAX - (step - 1)])
    {
        let begin = points
            .iter()
            .position(|(position, _)| *position >= hash)
            .unwrap_or(0);
        let clockwise = points[begin..].iter().chain(&points[..begin]);
        let mut seen = HashSet::new();
        let expected: Vec<&String> = clockwise
            .filter(|(_, owner)| seen.insert(*owner))
            .map(|(_, owner)| &nodes[*owner].0)
            .collect();
        prop_assert_eq!(ring.locate_hash(hash), expected.first().copied());
        let replicas: Vec<&String> = ring.replicas_hash(hash, usize::MAX).collect();
        prop_assert_eq!(replicas, expected);
    }
    Ok(())
}

/// Positions of 32 bits as hashes.
fn wide(points: Vec<(u32, usize)>) -> Vec<(u64, usize)> {
    let wide = |(position, owner)| (u64::from(position) << 32, owner);
    points.into_iter().map(wide).collect()
}

fn few() -> ProptestConfig {
    ProptestConfig {
        cases: ProptestConfig::default().cases.min(48),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn ketama_agrees_with_its_definition(nodes in named(any_weight()), keys in keys()) {
        let ring = ring_of(&nodes, Ketama::default());
        let points = wide(naive::ketama(&nodes));
        agrees(&ring, &nodes, &points, 1 << 32, keys.iter().map(|key| naive::ketama_key(key)))?;
        for key in &keys {
            prop_assert_eq!(ring.locate(key), ring.locate_hash(naive::ketama_key(key)));
        }
    }

    #[test]
    fn nginx_agrees_with_its_definition(nodes in named(0_u32..4), keys in keys()) {
        let ring = ring_of(&nodes, NginxConsistent::default());
        let points = wide(naive::nginx(&nodes));
        let hash = |key: &String| u64::from(naive::crc32(key.as_bytes())) << 32;
        agrees(&ring, &nodes, &points, 1 << 32, keys.iter().map(hash))?;
        for key in &keys {
            prop_assert_eq!(ring.locate(key), ring.locate_hash(hash(key)));
        }
    }

    #[test]
    fn envoy_ring_agrees_with_its_definition(
        nodes in named(any_weight()), minimum in 0_u32..1500, more in 0_u32..1500, keys in keys()
    ) {
        let ring = ring_of(&nodes, EnvoyRing::with_ring_sizes(minimum, minimum + more));
        let points = naive::envoy_ring(&nodes, minimum, minimum + more);
        agrees(&ring, &nodes, &points, 1, keys.iter().map(|key| Xxh64Hash::bytes(key.as_bytes())))?;
        for key in &keys {
            prop_assert_eq!(ring.locate(key), ring.locate_hash(Xxh64Hash::bytes(key.as_bytes())));
        }
    }

    #[test]
    fn envoy_maglev_agrees_with_its_definition(
        nodes in named(any_weight()), size in prop::sample::select(vec![2_u32, 3, 7, 101, 1009, 4099]), keys in keys()
    ) {
        let ring = ring_of(&nodes, EnvoyMaglev::with_table_size(size));
        let table = naive::envoy_maglev(&nodes, size as usize);
        let hashes = (0..u64::from(size)).chain([u64::MAX]);
        for hash in hashes.chain(keys.iter().map(|key| Xxh64Hash::bytes(key.as_bytes()))) {
            let entry = (hash % u64::from(size)) as usize;
            prop_assert_eq!(ring.locate_hash(hash), table.get(entry).map(|owner| &nodes[*owner].0));
        }
        for key in &keys {
            prop_assert_eq!(ring.locate(key), ring.locate_hash(Xxh64Hash::bytes(key.as_bytes())));
            if let Some(begin) = (!table.is_empty()).then(|| (Xxh64Hash::bytes(key.as_bytes()) % u64::from(size)) as usize) {
                let mut seen = HashSet::new();
                let walk = table[begin..].iter().chain(&table[..begin]).filter(|owner| seen.insert(**owner));
                let expected: Vec<&String> = walk.map(|owner| &nodes[*owner].0).collect();
                prop_assert_eq!(ring.replicas(key, usize::MAX).collect::<Vec<_>>(), expected);
            }
        }
    }

    /// Only hosts of one name could tell orders apart, and no two nodes have one name.
    #[test]
    fn the_order_of_the_list_does_not_matter_to_maglev(nodes in named(any_weight())) {
        let mut reversed = nodes.clone();
        reversed.reverse();
        let rings = [nodes, reversed].map(|nodes| ring_of(&nodes, EnvoyMaglev::with_table_size(101)));
        for entry in 0..101 {
            prop_assert_eq!(rings[0].locate_hash(entry), rings[1].locate_hash(entry));
        }
    }

    /// Whatever is asked for is built or refused, and what is built answers.
    #[test]
    fn no_input_is_too_much(
        nodes in named(any_weight()), minimum in any::<u32>(), maximum in any::<u32>(), hash in any::<u64>()
    ) {
        fn check<P: Placement>(nodes: &Nodes, placement: P, hash: u64) -> Result<(), TestCaseError> {
            let mut builder = Ring::builder().max_entries(20_000).placement(placement);
            for (node, weight) in nodes {
                builder = builder.weighted(node.clone(), *weight);
            }
            match builder.build() {
                Ok(ring) => {
                    prop_assert!(ring.stats().entries <= 20_000);
                    prop_assert_eq!(ring.locate_hash(hash), ring.replicas_hash(hash, 1).next());
                }
                Err(Error::TooManyEntries { .. } | Error::RingSizes { .. } | Error::NotPrime { .. }) => {}
                Err(error) => prop_assert!(false, "{}", error),
            }
            Ok(())
        }
        check(&nodes, Ketama::default(), hash)?;
        check(&nodes, NginxConsistent::default(), hash)?;
        check(&nodes, EnvoyRing::with_ring_sizes(minimum, maximum), hash)?;
        check(&nodes, EnvoyRing::with_ring_sizes(minimum.min(maximum), minimum.max(maximum)), hash)?;
        check(&nodes, EnvoyMaglev::with_table_size(minimum), hash)?;
    }

    /// A plan between two circles says what moves.
    #[test]
    fn plans_are_exact(
        before in named(0_u32..3), after in named(0_u32..3), hashes in prop::collection::vec(any::<u64>(), 50)
    ) {
        fn check<P: Placement + Copy>(
            before: &Nodes, after: &Nodes, placement: P, hashes: &[u64]
        ) -> Result<(), TestCaseError> {
            let (old, new) = (ring_of(before, placement), ring_of(after, placement));
            let plan = old.plan(&new).unwrap();
            for hash in hashes {
                prop_assert_eq!(plan.changes(*hash), old.locate_hash(*hash) != new.locate_hash(*hash));
            }
            Ok(())
        }
        check(&before, &after, Ketama::default(), &hashes)?;
        check(&before, &after, NginxConsistent::default(), &hashes)?;
        check(&before, &after, EnvoyRing::with_ring_sizes(100, 500), &hashes)?;
    }

    /// With nginx a server that joins takes keys and gives none, and one of weight zero is as good as gone.
    #[test]
    fn nginx_moves_keys_to_the_new_server_only(
        nodes in named(0_u32..3), weight in 0_u32..3, hashes in prop::collection::vec(any::<u64>(), 50)
    ) {
        let old = ring_of(&nodes, NginxConsistent::default());
        let new = old.with_weighted("new:1".to_owned(), weight).unwrap();
        let alive: Nodes = nodes.iter().filter(|(_, weight)| *weight > 0).cloned().collect();
        let gone = ring_of(&alive, NginxConsistent::default());
        for hash in hashes {
            let (before, after) = (old.locate_hash(hash), new.locate_hash(hash));
            prop_assert!(before == after || after.is_some_and(|name| name == "new:1"));
            prop_assert_eq!(before, gone.locate_hash(hash));
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_ring_survives_being_stored(nodes in named(0_u32..4), hashes in prop::collection::vec(any::<u64>(), 50)) {
        fn check<P>(nodes: &Nodes, placement: P, hashes: &[u64]) -> Result<(), TestCaseError>
        where
            P: Placement + Clone + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
        {
            let ring = ring_of(nodes, placement);
            let stored = serde_json::to_string(&ring).unwrap();
            let read: Ring<String, P> = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(ring.config(), read.config());
            for hash in hashes {
                prop_assert_eq!(ring.locate_hash(*hash), read.locate_hash(*hash));
            }
            Ok(())
        }
        check(&nodes, Ketama::default(), &hashes)?;
        check(&nodes, NginxConsistent::default(), &hashes)?;
        check(&nodes, EnvoyRing::with_ring_sizes(70, 300), &hashes)?;
        check(&nodes, EnvoyMaglev::with_table_size(101), &hashes)?;
    }
}

#[cfg(feature = "serde")]
#[test]
fn placements_are_stored_by_name() {
    fn check<P>(placement: P, expected: &str)
    where
        P: Copy + PartialEq + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
    {
        assert_eq!(serde_json::to_string(&placement).unwrap(), expected);
        assert_eq!(serde_json::from_str::<P>(expected).unwrap(), placement);
        assert!(serde_json::from_str::<P>(r#"{"native":{"points":160}}"#).is_err());
    }
    check(Ketama::default(), r#"{"ketama":{}}"#);
    check(NginxConsistent::default(), r#"{"nginx_consistent":{}}"#);
    check(
        EnvoyRing::default(),
        r#"{"envoy_ring":{"minimum":1024,"maximum":8388608}}"#,
    );
    check(
        EnvoyMaglev::default(),
        r#"{"envoy_maglev":{"table_size":65537}}"#,
    );
}

// Corners.

/// Positions that two servers share, of which there are some among so many points.
fn shared(points: &[(u32, usize)]) -> Vec<[(u32, usize); 2]> {
    let pairs = points
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
    pairs.map(|pair| [pair[0], pair[1]]).collect()
}

#[test]
fn the_first_of_the_list_has_a_position_that_two_servers_share() {
    let servers: Nodes = (0..900)
        .map(|i| (format!("10.0.{}.{}:11211", i / 250, i % 250), 1))
        .collect();
    let reversed: Nodes = servers.iter().rev().cloned().collect();
    for servers in [&servers, &reversed] {
        let ring = ring_of(servers, Ketama::default());
        let pairs = shared(&naive::ketama(servers));
        assert!(!pairs.is_empty());
        for [(position, first), (_, second)] in pairs {
            assert!(first < second);
            assert_eq!(ring.index_of_hash(u64::from(position) << 32), Some(first));
        }
        let ring = ring_of(servers, NginxConsistent::default());
        let all = naive::nginx_with_duplicates(servers);
        let pairs = shared(&all);
        assert!(!pairs.is_empty());
        assert!(
            ring.stats().entries < all.len(),
            "the second of two points is gone"
        );
        for [(position, first), (_, second)] in pairs {
            assert!(first < second);
            assert_eq!(ring.index_of_hash(u64::from(position) << 32), Some(first));
        }
    }
}

/// The quotient that tells the next turn is rounded; with these weights and sizes a turn in a neighbouring round shows.
#[test]
fn envoy_maglev_takes_turns_in_the_rounds_of_the_definition() {
    for (light, heavy, size) in [
        (1, 28, 149),
        (4, 33, 149),
        (1, 20, 167),
        (5, 2, 173),
        (1, 2, 17),
    ] {
        let nodes = hosts(&[light, heavy]);
        let ring = ring_of(&nodes, EnvoyMaglev::with_table_size(size));
        let owner = |entry| ring.index_of_hash(u64::from(entry));
        let table: Vec<usize> = (0..size).filter_map(owner).collect();
        assert_eq!(table, naive::envoy_maglev(&nodes, size as usize));
    }
}

/// Host and port as nginx tells them apart, written out.
#[test]
fn nginx_reads_names_as_nginx_does() {
    for (name, host, port) in [
        ("127.0.0.1:80", "127.0.0.1", "80"),
        ("backend", "backend", ""),
        ("backend:80", "backend", "80"),
        ("backend:http", "backend:http", ""),
        ("backend:8a", "backend:8a", ""),
        ("backend:", "backend", ""),
        ("[::1]:80", "[::1]", "80"),
        ("[::1]", "[::1]", ""),
        ("::1:80", "::1", "80"),
        ("80", "80", ""),
        (":80", "", "80"),
        ("", "", ""),
        ("unix:/tmp/a", "/tmp/a", ""),
        ("UniX:/tmp/a:80", "/tmp/a:80", ""),
        ("unix:", "", ""),
        ("unix", "unix", ""),
        ("unixes:80", "unixes", "80"),
    ] {
        let others = [("other:1", "other", "1")];
        let list = nodes(&[(name, 1), ("other:1", 1)]);
        let ring = ring_of(&list, NginxConsistent::default());
        let mut points: Vec<(u32, usize)> = Vec::new();
        for (owner, (_, host, port)) in [(name, host, port)].iter().chain(&others).enumerate() {
            points.extend(
                naive::nginx_points(host, port, 160)
                    .into_iter()
                    .map(|point| (point, owner)),
            );
        }
        points.sort();
        for (position, owner) in points {
            assert_eq!(
                ring.index_of_hash(u64::from(position) << 32),
                Some(owner),
                "{name}"
            );
        }
    }
}

/// Addresses are known by what is printed of them.
#[test]
fn addresses_have_names() {
    let text = ["10.0.0.1:80", "[::1]:80", "10.0.0.2:80"];
    let addresses = text.map(|text| text.parse::<std::net::SocketAddr>().unwrap());
    let by_text = Ring::builder()
        .nodes(text)
        .placement(EnvoyRing::default())
        .build()
        .unwrap();
    let by_address = Ring::builder()
        .nodes(addresses)
        .placement(EnvoyRing::default())
        .build()
        .unwrap();
    for key in 0..1000_u32 {
        let key = key.to_string();
        assert_eq!(
            by_text.locate(&key).unwrap(),
            &by_address.locate(&key).unwrap().to_string()
        );
    }
}

/// A node without a name.
struct Nameless(u64);

impl StableKey for Nameless {
    fn stable_hash(&self) -> u64 {
        StableHash::u64(self.0)
    }
}

fn member(name: &str, weight: u32) -> Member {
    let mut member = Member::new(StableHash::bytes(name.as_bytes()), weight);
    member.name = Some(name.as_bytes().into());
    member
}

#[test]
fn nameless_nodes_are_refused() {
    fn check<P: Placement + Copy>(placement: P) {
        let builder = Ring::builder().placement(placement);
        let error = builder
            .nodes([Nameless(1), Nameless(2)])
            .build()
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error, Error::Nameless { node: 0 });
        // Outside of a ring too, where nobody asks for names before.
        let members = [member("a", 1), Member::new(7, 1)];
        let error = placement
            .build(&members, Limits::new(1000))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error, Error::Nameless { node: 1 });
    }
    check(Ketama::default());
    check(NginxConsistent::default());
    check(EnvoyRing::with_ring_sizes(10, 100));
    check(EnvoyMaglev::with_table_size(7));
}

#[test]
fn nobody_owns_anything_where_nobody_has_weight() {
    fn check<P: Placement + Copy>(placement: P) {
        for list in [nodes(&[]), nodes(&[("a", 0)]), nodes(&[("a", 0), ("b", 0)])] {
            let ring = ring_of(&list, placement);
            assert_eq!(ring.locate_hash(0), None);
            assert_eq!(ring.locate_hash(u64::MAX), None);
            assert_eq!(ring.replicas_hash(7, 3).count(), 0);
            assert_eq!(ring.stats().entries, 0);
        }
        for weight in [1, 3, 25] {
            let alone = ring_of(&nodes(&[("z", 0), ("a", weight)]), placement);
            assert!((0..100).all(|i| alone.locate_hash(i << 57).is_some_and(|name| name == "a")));
        }
    }
    check(Ketama::default());
    check(NginxConsistent::default());
    check(EnvoyRing::default());
    check(EnvoyMaglev::default());
}

#[test]
fn sizes_are_checked() {
    let build = |sizes: (u32, u32), list: &[(&str, u32)]| {
        let mut builder = Ring::builder().placement(EnvoyRing::with_ring_sizes(sizes.0, sizes.1));
        for (name, weight) in list {
            builder = builder.weighted(*name, *weight);
        }
        builder.build().map(|ring| ring.stats().entries)
    };
    let sizes = Error::RingSizes {
        minimum: 20,
        maximum: 10,
    };
    assert_eq!(build((20, 10), &[("a", 1)]), Err(sizes));
    assert_eq!(build((20, 10), &[]), Err(sizes));
    assert!(sizes.to_string().contains("20") && sizes.to_string().contains("10"));
    assert_eq!(build((0, 0), &[("a", 1), ("b", 2)]), Ok(0));
    assert_eq!(build((0, 10), &[("a", 1)]), Ok(0));
    assert_eq!(build((1, 10), &[("a", 1), ("b", 1), ("c", 1)]), Ok(3));
    assert_eq!(
        build((1024, 1 << 23), &[("a", 1), ("b", 1_000_000)]),
        Ok(1_000_001)
    );
    let too_many = Error::TooManyEntries {
        needed: 1 << 23,
        limit: 1 << 22,
    };
    assert_eq!(
        build((1024, 1 << 23), &[("a", 1), ("b", u32::MAX)]),
        Err(too_many)
    );

    for size in [0, 1, 4, 8, 65_536, u32::MAX] {
        let ring = Ring::builder()
            .nodes(["a"])
            .placement(EnvoyMaglev::with_table_size(size));
        assert_eq!(
            ring.build().map(|_| ()).unwrap_err(),
            Error::NotPrime { size }
        );
    }
    let heavy = Ring::builder()
        .weighted("a", u32::MAX)
        .weighted("b", u32::MAX)
        .placement(NginxConsistent::default());
    let needed = 160 * 2 * u64::from(u32::MAX);
    assert_eq!(
        heavy.build().map(|_| ()).unwrap_err(),
        Error::TooManyEntries {
            needed,
            limit: 1 << 22
        }
    );
    let many = Ring::builder()
        .nodes(["a", "b"])
        .max_entries(319)
        .placement(Ketama::default());
    assert_eq!(
        many.build().map(|_| ()).unwrap_err(),
        Error::TooManyEntries {
            needed: 320,
            limit: 319
        }
    );
}

#[test]
fn shares_of_the_lightest() {
    // Less than a fortieth of the average: no points.
    let ring = ring_of(&nodes(&[("light", 1), ("heavy", 100)]), Ketama::default());
    assert!((0..1000).all(|i| {
        ring.locate_hash(i << 54)
            .is_some_and(|name| name == "heavy")
    }));
    assert_eq!(ring.replicas_hash(1, 2).count(), 1);
    // A turn in the first round, whatever the weight.
    let ring = ring_of(
        &nodes(&[("light", 1), ("heavy", u32::MAX)]),
        EnvoyMaglev::default(),
    );
    let light =
        (0..65_537).filter(|entry| ring.locate_hash(*entry).is_some_and(|name| name == "light"));
    assert_eq!(light.count(), 1);
    // More hosts than entries: the first by name.
    let ring = ring_of(
        &nodes(&[("c", 9), ("b", 1), ("a", 1)]),
        EnvoyMaglev::with_table_size(2),
    );
    let owners: HashSet<&str> = (0..2)
        .filter_map(|entry| ring.locate_hash(entry))
        .map(String::as_str)
        .collect();
    assert_eq!(owners, HashSet::from(["a", "b"]));
}

#[test]
fn layouts_and_sizes() {
    let members = [member("a", 1), member("b", 2)];
    let limits = Limits::new(1 << 20);
    let maglev = EnvoyMaglev::with_table_size(101)
        .build(&members, limits)
        .unwrap();
    let Layout::Scattered(parts) = maglev.layout() else {
        panic!("{:?}", maglev.layout())
    };
    let mut entries = [0; 2];
    parts.for_each(|(owner, part)| entries[owner] += part);
    let owned = |owner| {
        (0..101)
            .filter(|entry| maglev.locate(*entry) == Some(owner))
            .count() as u64
    };
    assert_eq!(entries, [owned(0), owned(1)]);
    assert_eq!(maglev.size(), (101, 202));
    let ring = Ring::builder()
        .nodes(["a", "b"])
        .placement(EnvoyMaglev::with_table_size(101))
        .build()
        .unwrap();
    assert_eq!(ring.plan(&ring).map(|_| ()), Err(Error::Incomparable));

    // 8 bytes for each point and four sentinels, as many more or half as many for owners, and at least one for the guide.
    let (points, bytes) = Ketama::default().build(&members, limits).unwrap().size();
    assert!(
        points == 316 && (points * 9..points * 12).contains(&bytes),
        "{bytes}"
    );
    let (points, bytes) = NginxConsistent::default()
        .build(&members, limits)
        .unwrap()
        .size();
    assert!(
        points == 480 && (points * 9..points * 12).contains(&bytes),
        "{bytes}"
    );
    let (points, bytes) = EnvoyRing::default().build(&members, limits).unwrap().size();
    assert!(
        points == 1026 && (points * 13..points * 16).contains(&bytes),
        "{bytes}"
    );
}

mod naive {
    //! The placements of other systems, as their sources define them, the shortest way one can check by eye.

    /// Names and weights, in the order of the list.
    pub(super) type Nodes = Vec<(String, u32)>;

    /// Indices, names and weights of those with weight.
    fn alive(nodes: &Nodes) -> Vec<(usize, &str, u32)> {
        let alive = nodes
            .iter()
            .enumerate()
            .filter(|(_, (_, weight))| *weight > 0);
        alive
            .map(|(index, (name, weight))| (index, name.as_str(), *weight))
            .collect()
    }

    /// `ketama_hashi`, as a hash.
    pub(super) fn ketama_key(key: &str) -> u64 {
        let digest = md5::compute(key).0;
        u64::from(digest[0]) << 32
            | u64::from(digest[1]) << 40
            | u64::from(digest[2]) << 48
            | u64::from(digest[3]) << 56
    }

    /// `ketama_create_continuum`: the sorted points.
    pub(super) fn ketama(nodes: &Nodes) -> Vec<(u32, usize)> {
        let servers = alive(nodes);
        let memory: u64 = servers
            .iter()
            .map(|(_, _, weight)| u64::from(*weight))
            .sum();
        let mut continuum = Vec::new();
        for (index, name, weight) in &servers {
            let pct = u64::from(*weight) as f32 / memory as f32;
            let ks = (f64::from(pct) * 40.0 * servers.len() as f64) as f32;
            for k in 0..ks as u32 {
                let digest = md5::compute(format!("{name}-{k}")).0;
                for h in 0..4 {
                    let byte = |i: usize| u32::from(digest[i + h * 4]);
                    continuum.push((
                        byte(3) << 24 | byte(2) << 16 | byte(1) << 8 | byte(0),
                        *index,
                    ));
                }
            }
        }
        continuum.sort_by_key(|(point, _)| *point);
        continuum
    }

    /// CRC-32, bit by bit.
    pub(super) fn crc32(bytes: &[u8]) -> u32 {
        let step = |crc: u32| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        };
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
        })
    }

    /// The points of one server.
    pub(super) fn nginx_points(host: &str, port: &str, count: u32) -> Vec<u32> {
        let mut before = 0_u32;
        let mut points = Vec::new();
        for _ in 0..count {
            let text = [
                host.as_bytes(),
                b"\0",
                port.as_bytes(),
                &before.to_le_bytes(),
            ]
            .concat();
            before = crc32(&text);
            points.push(before);
        }
        points
    }

    /// `ngx_http_upstream_update_chash`, before duplicates are removed.
    pub(super) fn nginx_with_duplicates(nodes: &Nodes) -> Vec<(u32, usize)> {
        let mut points = Vec::new();
        for (index, name, weight) in alive(nodes) {
            let (host, port) = if name.len() >= 5 && name[..5].to_lowercase() == "unix:" {
                (&name[5..], "")
            } else {
                match name.rsplit_once(':') {
                    Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => (host, port),
                    _ => (name, ""),
                }
            };
            points.extend(
                nginx_points(host, port, weight * 160)
                    .into_iter()
                    .map(|point| (point, index)),
            );
        }
        points.sort_by_key(|(point, _)| *point);
        points
    }

    pub(super) fn nginx(nodes: &Nodes) -> Vec<(u32, usize)> {
        let mut points = nginx_with_duplicates(nodes);
        points.dedup_by_key(|(point, _)| *point);
        points
    }

    /// `normalizeHostWeights`, for hosts without localities.
    fn normalised(hosts: &[(usize, &str, u32)]) -> Vec<f64> {
        let sum: u64 = hosts.iter().map(|(_, _, weight)| u64::from(*weight)).sum();
        hosts
            .iter()
            .map(|(_, _, weight)| f64::from(*weight) * 1.0 / sum as f64)
            .collect()
    }

    fn xxh64(text: &str, seed: u64) -> u64 {
        twox_hash::XxHash64::oneshot(seed, text.as_bytes())
    }

    /// `RingHashLoadBalancer::Ring`: the sorted points.
    pub(super) fn envoy_ring(nodes: &Nodes, minimum: u32, maximum: u32) -> Vec<(u64, usize)> {
        let hosts = alive(nodes);
        let weights = normalised(&hosts);
        let mut lightest = 1.0_f64;
        for weight in &weights {
            lightest = lightest.min(*weight);
        }
        let scale = ((lightest * f64::from(minimum)).ceil() / lightest).min(f64::from(maximum));
        let mut ring = Vec::new();
        let (mut current_hashes, mut target_hashes) = (0.0, 0.0);
        for ((index, name, _), weight) in hosts.iter().zip(weights) {
            target_hashes += scale * weight;
            let mut i = 0;
            while current_hashes < target_hashes {
                ring.push((xxh64(&format!("{name}_{i}"), 0), *index));
                i += 1;
                current_hashes += 1.0;
            }
        }
        ring.sort_by_key(|(position, _)| *position);
        ring
    }

    /// `OriginalMaglevTable`: the owner of each entry; none if there are no hosts.
    pub(super) fn envoy_maglev(nodes: &Nodes, size: usize) -> Vec<usize> {
        let hosts = alive(nodes);
        let weights = normalised(&hosts);
        let heaviest = weights.iter().copied().fold(0.0, f64::max);
        let mut entries: Vec<_> = hosts
            .iter()
            .zip(weights)
            .map(|((index, name, _), weight)| (*name, *index, weight, 0.0, 0))
            .collect();
        if entries.is_empty() {
            return Vec::new();
        }
        entries.sort_by_key(|(name, ..)| *name);
        let mut table = vec![None; size];
        for iteration in 1_u32.. {
            for (name, index, weight, target, next) in &mut entries {
                if table.iter().all(Option::is_some) {
                    return table.into_iter().flatten().collect();
                }
                if f64::from(iteration) * *weight < *target {
                    continue;
                }
                *target += heaviest;
                let (offset, skip) = (
                    xxh64(name, 0) % size as u64,
                    xxh64(name, 1) % (size as u64 - 1) + 1,
                );
                loop {
                    let entry = ((offset + skip * *next) % size as u64) as usize;
                    *next += 1;
                    if table[entry].is_none() {
                        table[entry] = Some(*index);
                        break;
                    }
                }
            }
        }
        Vec::new()
    }
}
