//! What the default policy finds out.

use super::toy::{Toy, cycle, lru, recent, skewed};
use super::*;

#[test]
fn loops_keep_what_fits() {
    for (capacity, length) in [(100, 110), (256, 1011), (900, 1011), (5000, 6000)] {
        let requests = length * 60;
        let best = capacity as f64 * 100.0 / length as f64;
        let ours = Toy::new(EvictionPolicy::Adaptive, capacity).replay(&cycle(length, requests));
        assert!(
            ours > best - 6.0,
            "{capacity} of {length}: {ours:.2}, at most {best:.2}"
        );
    }
}

#[test]
fn recency_is_nearly_lru() {
    for (capacity, reach, requests) in [
        (200, 1000.0, 40_000),
        (1000, 5000.0, 40_000),
        (5000, 25_000.0, 60_000),
    ] {
        let keys = recent(reach, requests, 11);
        let exact = lru(capacity as usize, &keys);
        let ours = Toy::new(EvictionPolicy::Adaptive, capacity).replay(&keys);
        assert!(
            ours > exact - 2.0,
            "{capacity}: LRU {exact:.2}, ours {ours:.2}"
        );
    }
}

#[test]
fn frequencies_beat_lru() {
    for (capacity, requests) in [(200, 40_000), (2000, 60_000)] {
        let keys = skewed(100_000, requests, 13);
        let exact = lru(capacity as usize, &keys);
        let ours = Toy::new(EvictionPolicy::Adaptive, capacity).replay(&keys);
        assert!(
            ours > exact + 3.0,
            "{capacity}: LRU {exact:.2}, ours {ours:.2}"
        );
    }
}

#[test]
fn a_change_of_phase_is_followed() {
    let mut toy = Toy::new(EvictionPolicy::Adaptive, 1000);
    toy.replay(&recent(4000.0, 60_000, 17));
    toy.replay(&cycle(1300, 1300 * 30));
    let looping = toy.replay(&cycle(1300, 1300 * 10));
    assert!(looping > 50.0, "{looping:.2} of 76.9 in the loop");
    toy.replay(&recent(4000.0, 60_000, 19));
    let keys = recent(4000.0, 60_000, 23);
    let (ours, exact) = (toy.replay(&keys), lru(1000, &keys));
    assert!(ours > exact - 3.0, "LRU {exact:.2}, ours {ours:.2}");
}

/// Its part in the sample may happen to fit into a miniature.
#[test]
fn a_loop_that_nearly_fits_is_found_whatever_the_sample() {
    for seed in 0..30 {
        let mut toy = Toy::new(EvictionPolicy::Adaptive, 1000);
        toy.replay(&recent(4000.0, 20_000, 100 + seed));
        let laps = |n: u64| -> Vec<u64> {
            let keys = cycle(1011, 1011 * n).into_iter();
            keys.map(|key| key | (seed + 1) << 40).collect()
        };
        toy.replay(&laps(60));
        let looping = toy.replay(&laps(20));
        eprint!("{looping:.0} ");
        assert!(looping > 55.0, "{looping:.2} of 98.9 with seed {seed}");
    }
}
