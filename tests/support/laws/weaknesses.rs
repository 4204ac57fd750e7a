//! Counter-examples that one can read: what placements don't promise, and what it costs.

use std::collections::{BTreeMap, BTreeSet};

use tenfold::hash::StableHash;
use tenfold::ring::placement::{EnvoyRing, Ketama, NginxConsistent};
use tenfold::ring::{Anchor, Jump, Maglev, Placement, Ring, SlotTable};

use crate::scripts::{HEAVIEST, POOL};
use crate::{owner, replicas, ring_of};

/// Keys that change hands between nodes that are in both rings.
fn between_others<P: Placement>(old: &Ring<u32, P>, new: &Ring<u32, P>) -> usize {
    let hashes = (0..20_000_u64).map(StableHash::u64);
    let moves = hashes.map(|hash| (owner(old, hash).unwrap(), owner(new, hash).unwrap()));
    moves
        .filter(|(was, is)| was != is && new.contains(was) && old.contains(is))
        .count()
}

/// Most members of the first `n` nodes of a key that a change replaces.
fn most_replaced<P: Placement>(old: &Ring<u32, P>, new: &Ring<u32, P>, n: usize) -> usize {
    let replaced = |hash| {
        let homes = replicas(new, hash, n);
        replicas(old, hash, n)
            .iter()
            .filter(|node| !homes.contains(node))
            .count()
    };
    (0..5_000).map(StableHash::u64).map(replaced).max().unwrap()
}

fn equal(nodes: std::ops::Range<u32>) -> Vec<(u32, u32)> {
    nodes.map(|node| (node, 1)).collect()
}

#[test]
fn maglev_moves_keys_between_nodes_that_stay() {
    let old = ring_of(&equal(0..20), Maglev::with_table_size(251));
    assert!(between_others(&old, &old.with(20).unwrap()) > 0);
    assert!(between_others(&old, &old.without(&7).unwrap()) > 0);
    assert_eq!(most_replaced(&old, &old.without(&7).unwrap(), 3), 3);
}

#[test]
fn jump_takes_a_removal_at_the_end_and_nowhere_else() {
    let old = ring_of(&equal(0..20), Jump::default());
    assert_eq!(between_others(&old, &old.with(20).unwrap()), 0);
    assert_eq!(between_others(&old, &old.without(&19).unwrap()), 0);
    // The share of node 19, which goes to the bucket of node 7.
    let moved = between_others(&old, &old.without(&7).unwrap());
    assert!((800..1200).contains(&moved), "{moved}");
    // Where a weight changes all buckets behind are renumbered.
    let moved = between_others(&old, &old.with_weight(&7, 2).unwrap());
    assert!(moved > 9_000, "{moved}");
    // All of a key's draws may go to the new node at once.
    assert_eq!(most_replaced(&old, &old.with(20).unwrap(), 3), 3);
    let reversed: Vec<_> = equal(0..20).into_iter().rev().collect();
    assert!(between_others(&old, &ring_of(&reversed, Jump::default())) > 0);
}

/// Weights 1, 1 and 2 give the light servers 30 digests and the heavy one 60. With a light one more it is 32, 32, 64 and 32:
/// those that stay have more points, and take keys from each other.
#[test]
fn ketama_rounds_and_counts_servers() {
    let old = ring_of(&[(1, 1), (2, 1), (3, 2)], Ketama::default());
    let new = old.with(4).unwrap();
    assert_eq!(
        (old.stats().entries, new.stats().entries),
        (120 * 4, 160 * 4)
    );
    assert!(between_others(&old, &new) > 0);
    assert!(between_others(&new, &new.without(&4).unwrap()) > 0);
    // Equal servers have 40 digests each whoever comes, but among 61 of them 39, since 61 times a sixty-first is less than one
    // in 32 bits.
    let sixty = ring_of(&equal(0..60), Ketama::default());
    let one_more = sixty.with(60).unwrap();
    assert_eq!(
        (sixty.stats().entries, one_more.stats().entries),
        (60 * 160, 61 * 156)
    );
    assert!(between_others(&sixty, &one_more) > 0);
    // Less than a fortieth of the mean is nothing.
    let light = ring_of(&[(1, 1), (2, 100)], Ketama::default());
    assert!(
        (0..20_000)
            .map(StableHash::u64)
            .all(|hash| owner(&light, hash) == Some(2))
    );
}

#[test]
fn envoys_ring_moves_keys_between_hosts_that_stay_and_counts_along_the_list() {
    let placement = EnvoyRing::with_ring_sizes(64, 1024);
    let old = ring_of(&equal(0..5), placement);
    // 13 points each, and with one host more 11.
    assert_eq!(
        (old.stats().entries, old.with(5).unwrap().stats().entries),
        (65, 66)
    );
    assert!(between_others(&old, &old.with(5).unwrap()) > 0);
    // 5 points for weights 2, 3 and 5: that of 5 has two if it is the last and three if it is the first.
    let weights = [(1, 2), (2, 3), (3, 5)];
    let reversed = [(3, 5), (2, 3), (1, 2)];
    let sizes = EnvoyRing::with_ring_sizes(4, 1024);
    assert!(between_others(&ring_of(&weights, sizes), &ring_of(&reversed, sizes)) > 0);
}

#[test]
fn slots_and_anchors_remember_what_was() {
    let slots = ring_of(&equal(0..5), SlotTable::with_slots(64));
    let changed = slots.with(5).unwrap();
    assert!(between_others(&changed, &ring_of(&equal(0..6), SlotTable::with_slots(64))) > 0);
    let anchor = ring_of(&equal(0..5), Anchor::with_capacity(16));
    let changed = anchor.without(&2).unwrap().with(5).unwrap();
    let at_once = ring_of(
        &[(0, 1), (1, 1), (3, 1), (4, 1), (5, 1)],
        Anchor::with_capacity(16),
    );
    assert!(between_others(&changed, &at_once) > 0);
}

/// Nodes behind the owner are in an order that does not know the owner. When a node comes that takes a key, its owner so far
/// goes to its place in that order, and the first of its zone may be another one.
#[test]
fn slots_and_anchors_may_change_two_nodes_of_different_zones() {
    fn replaced<P: Placement + Clone>(placement: P) -> usize {
        let old = ring_of(&equal(0..8), placement);
        let new = old.with(8).unwrap();
        let homes = |ring: &Ring<u32, P>, hash| {
            ring.replicas_by_hash(hash, 2, |node| node % 2)
                .copied()
                .collect::<Vec<_>>()
        };
        let of_hash = |hash| {
            let after = homes(&new, hash);
            homes(&old, hash)
                .iter()
                .filter(|node| !after.contains(node))
                .count()
        };
        (0..2_000).map(StableHash::u64).map(of_hash).max().unwrap()
    }
    assert_eq!(replaced(SlotTable::with_slots(1024)), 2);
    assert_eq!(replaced(Anchor::with_capacity(64)), 2);
    assert_eq!(replaced(tenfold::ring::Native::default()), 1);
    assert_eq!(replaced(tenfold::ring::Rendezvous::default()), 1);
}

/// The first points of a server of nginx, from the definition: its number is its name.
fn nginx_points(node: u32, count: usize) -> Vec<u32> {
    let mut before = 0_u32;
    let mut next = || {
        before =
            crc32fast::hash(&[node.to_string().as_bytes(), b"\0", &before.to_le_bytes()].concat());
        before
    };
    (0..count).map(|_| next()).collect()
}

fn ketama_points(node: u32, digests: u32) -> Vec<u32> {
    let digest = |k| md5::compute(format!("{node}-{k}")).0;
    let numbers = |digest: [u8; 16]| {
        [0, 4, 8, 12].map(|at| u32::from_le_bytes(digest[at..at + 4].try_into().unwrap()))
    };
    (0..digests).flat_map(|k| numbers(digest(k))).collect()
}

/// Laws are checked with servers no two of which have a point at one position.
#[test]
fn the_servers_of_the_laws_share_no_position() {
    let count = 160 * HEAVIEST as usize;
    let nginx: Vec<u32> = (0..POOL)
        .flat_map(|node| nginx_points(node, count))
        .collect();
    assert_eq!(nginx.iter().collect::<BTreeSet<_>>().len(), nginx.len());
    // A server has the more digests the heavier it is, fewer than 160 where no weight is above four.
    let ketama: Vec<u32> = (0..POOL)
        .flat_map(|node| ketama_points(node, 40 * HEAVIEST))
        .collect();
    assert_eq!(ketama.iter().collect::<BTreeSet<_>>().len(), ketama.len());
}

/// Two servers that share a position, and the position.
fn tie(points: impl Fn(u32) -> Vec<u32>) -> (u32, u32, u64) {
    let mut taken = BTreeMap::new();
    for node in 0.. {
        for position in points(node) {
            match taken.insert(position, node) {
                Some(other) if other != node => return (other, node, u64::from(position) << 32),
                _ => {}
            }
        }
    }
    unreachable!("there are only so many positions")
}

/// Where two servers share a position the order of the list decides: what is promised holds but for such positions.
#[test]
fn ties_of_ketama_and_nginx_are_settled_by_the_list() {
    fn check<P: Placement + Clone>(placement: P, (one, other, hash): (u32, u32, u64)) {
        let list = [(one, 1), (other, 1)];
        let reversed = [(other, 1), (one, 1)];
        assert_eq!(owner(&ring_of(&list, placement.clone()), hash), Some(one));
        assert_eq!(owner(&ring_of(&reversed, placement), hash), Some(other));
    }
    check(
        NginxConsistent::default(),
        tie(|node| nginx_points(node, 160)),
    );
    check(Ketama::default(), tie(|node| ketama_points(node, 40)));
}
