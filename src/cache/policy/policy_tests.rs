use std::collections::VecDeque;

use proptest::prelude::*;

use super::toy::{Toy, cycle, lru, recent, sharded, skewed};
use super::*;

const ALL: [EvictionPolicy; 5] = [
    EvictionPolicy::Adaptive,
    EvictionPolicy::Lru,
    EvictionPolicy::S3Fifo,
    EvictionPolicy::Sieve,
    EvictionPolicy::WTinyLfu,
];

#[derive(Clone, Debug)]
enum Op {
    Get(u64),
    Put(u64, u64),
    Remove(u64),
    Resize(u64),
    /// As many new keys at once: the order turns over.
    Scan(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..60u64).prop_map(Op::Get),
        6 => (0..60u64, 1..6u64).prop_map(|(key, weight)| Op::Put(key, weight)),
        3 => (0..60u64).prop_map(Op::Remove),
        1 => (1..90u64).prop_map(Op::Resize),
        1 => (1..80u64).prop_map(Op::Scan),
    ]
}

fn agree(policy: EvictionPolicy, ops: &[Op]) {
    let mut toy = Toy::new(policy, 40);
    let mut fresh = 1000;
    for op in ops {
        match *op {
            Op::Get(key) => {
                toy.get(key);
            }
            Op::Put(key, weight) => toy.put(key, weight),
            Op::Remove(key) => toy.remove(key),
            Op::Resize(capacity) => {
                toy.capacity = capacity;
                toy.policy.resize(capacity, capacity as usize);
                toy.chooser.resize(capacity as usize);
                toy.shrink();
            }
            Op::Scan(keys) => {
                for _ in 0..keys {
                    fresh += 1;
                    toy.put(fresh, 1);
                }
            }
        }
        toy.check();
    }
    while let Some(id) = toy.policy.evict(&mut toy.store) {
        assert!(toy.held.values().any(|&held| held == id));
        toy.held.retain(|_, held| *held != id);
    }
    assert!(
        toy.held.is_empty(),
        "nothing more to evict, but {:?} held",
        toy.held
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn every_policy_holds_what_was_inserted_and_evicts_what_it_holds(ops in prop::collection::vec(op(), 1..250)) {
        for policy in ALL {
            agree(policy, &ops);
        }
    }
}

#[test]
fn an_eviction_is_bounded_even_if_all_were_used() {
    for policy in ALL {
        let mut toy = Toy::new(policy, 3000);
        for round in 0..3 {
            for key in 0..3000 {
                toy.request(key);
                toy.get(key);
                toy.get(key);
            }
            toy.put(10_000 + round, 1);
            toy.check();
        }
        assert!(toy.policy.counted().most <= clock::STEPS);
    }
}

#[test]
fn one_entry_may_weigh_it_all() {
    for policy in ALL {
        let mut toy = Toy::new(policy, 100);
        (0..100).for_each(|key| toy.put(key, 1));
        toy.put(500, 100);
        toy.check();
        // Where frequencies are compared per weight, one that was never seen before may not get in.
        let compares = matches!(policy, EvictionPolicy::Adaptive | EvictionPolicy::WTinyLfu);
        assert!(compares || toy.held.contains_key(&500), "{policy:?}");
    }
}

/// Also one that is more than the share of the new; but for the policy that judges those at once.
#[test]
fn the_latest_is_there_until_another_comes() {
    for policy in ALL {
        let mut toy = Toy::new(policy, 1000);
        for key in 0..100 {
            toy.put(key, 100);
            let judged = policy == EvictionPolicy::WTinyLfu;
            assert!(judged || toy.held.contains_key(&key), "{policy:?}, {key}");
        }
        toy.check();
    }
}

#[test]
fn removal_leaves_no_memory_behind() {
    for policy in ALL {
        let mut toy = Toy::new(policy, 200);
        toy.replay(&cycle(400, 1600));
        let before = toy.policy.memory();
        for key in 0..20_000 {
            toy.put(5000 + key, 1);
            if key % 3 > 0 {
                toy.remove(5000 + key / 2);
            }
        }
        toy.check();
        assert!(
            toy.policy.memory() <= before * 2,
            "{policy:?}: {} of {before}",
            toy.policy.memory()
        );
    }
}

/// SIEVE as published, on a list.
fn sieve(capacity: usize, keys: &[u64]) -> Vec<u64> {
    let (mut list, mut hand, mut evicted) = (Vec::<(u64, bool)>::new(), 0, Vec::new());
    for &key in keys {
        if let Some(held) = list.iter_mut().find(|held| held.0 == key) {
            held.1 = true;
            continue;
        }
        while list.len() >= capacity {
            if hand >= list.len() {
                hand = 0;
            }
            if list[hand].1 {
                list[hand].1 = false;
                hand += 1;
            } else {
                evicted.push(list.remove(hand).0);
            }
        }
        list.push((key, false));
    }
    evicted
}

#[test]
fn sieve_is_sieve() {
    let keys = skewed(300, 20_000, 3);
    let mut toy = Toy::new(EvictionPolicy::Sieve, 50);
    toy.replay(&keys);
    assert_eq!(toy.evicted, sieve(50, &keys));
}

/// S3-FIFO as published, but for the order in which things are looked at.
fn s3_fifo(capacity: usize, keys: &[u64]) -> f64 {
    let mut uses = std::collections::HashMap::<u64, u8>::new();
    let (mut small, mut main, mut ghosts) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
    let mut hits = 0;
    for &key in keys {
        if let Some(held) = uses.get_mut(&key) {
            *held = (*held + 1).min(3);
            hits += 1;
            continue;
        }
        while uses.len() >= capacity {
            if small.len() * 10 >= capacity || main.is_empty() {
                let old = small.pop_front().expect("not empty");
                if uses[&old] > 0 {
                    uses.insert(old, 0);
                    main.push_back(old);
                } else {
                    uses.remove(&old);
                    ghosts.push_back(old);
                    if ghosts.len() > capacity * 9 / 10 {
                        ghosts.pop_front();
                    }
                }
            } else {
                let old = main.pop_front().expect("not empty");
                if uses[&old] > 0 {
                    *uses.get_mut(&old).expect("held") -= 1;
                    main.push_back(old);
                } else {
                    uses.remove(&old);
                }
            }
        }
        uses.insert(key, 0);
        if let Some(at) = ghosts.iter().position(|&ghost| ghost == key) {
            ghosts.remove(at);
            main.push_back(key);
        } else {
            small.push_back(key);
        }
    }
    hits as f64 * 100.0 / keys.len() as f64
}

#[test]
fn fixed_policies_are_what_they_are_called() {
    let streams = [skewed(20_000, 60_000, 5), recent(2000.0, 60_000, 6)];
    for keys in &streams {
        let exact = lru(500, keys);
        let ours = Toy::new(EvictionPolicy::Lru, 500).replay(keys);
        assert!(
            (ours - exact).abs() < 3.0,
            "LRU {exact:.2}, second chance {ours:.2}"
        );
        let exact = s3_fifo(500, keys);
        let ours = Toy::new(EvictionPolicy::S3Fifo, 500).replay(keys);
        assert!(
            (ours - exact).abs() < 2.0,
            "S3-FIFO {exact:.2}, ours {ours:.2}"
        );
    }
    // The comparison of frequencies: a scan that is as long as the cache does not flush it.
    let mut toy = Toy::new(EvictionPolicy::WTinyLfu, 500);
    toy.replay(&cycle(400, 8000));
    for key in 0..2000 {
        toy.request(100_000 + key);
    }
    assert!(toy.replay(&cycle(400, 400)) > 90.0);
}

#[test]
fn light_ones_are_worth_more_than_heavy_ones() {
    // As often requested, but one in two weighs forty times as much.
    let weight = |key: u64| if key % 2 == 0 { 1 } else { 40 };
    for policy in [EvictionPolicy::Adaptive, EvictionPolicy::WTinyLfu] {
        let mut toy = Toy::new(policy, 4000);
        let mut hits = 0;
        let keys = skewed(2000, 60_000, 9);
        for &key in &keys {
            if toy.get(key) {
                hits += 1;
            } else {
                toy.put(key, weight(key));
            }
        }
        toy.check();
        let light = toy.held.keys().filter(|&&key| weight(key) == 1).count();
        assert!(
            light * 2 > toy.held.len(),
            "{policy:?}: {light} light of {}, {hits} hits",
            toy.held.len()
        );
    }
}

#[test]
fn shards_make_no_difference() {
    for keys in [
        skewed(25_000, 60_000, 29),
        recent(10_000.0, 60_000, 31),
        cycle(2500, 80_000),
    ] {
        let [one, four] = [1, 4].map(|shards| sharded(shards, 2048, &keys));
        assert!(
            (one - four).abs() < 1.5,
            "one shard {one:.2}, four {four:.2}"
        );
    }
}
