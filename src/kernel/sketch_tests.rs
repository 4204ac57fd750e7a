use std::collections::HashMap;

use super::*;
use crate::kernel::rng::Rng;

fn filled(entries: usize, keys: u32, additions: usize) -> (Sketch, HashMap<u32, u32>) {
    let mut sketch = Sketch::new(entries, 8);
    sketch.rate(usize::MAX / 16);
    let mut exact = HashMap::new();
    let mut rng = Rng::seeded(7);
    for _ in 0..additions {
        // Skewed: the smaller the number, the more often.
        let key = rng.below(u64::from(keys)).min(rng.below(u64::from(keys))) as u32;
        let key = key.wrapping_mul(0x85EB_CA6B);
        sketch.add(key, 1);
        *exact.entry(key).or_insert(0) += 1;
    }
    (sketch, exact)
}

#[test]
fn never_less_than_the_exact_count() {
    let (sketch, exact) = filled(500, 2000, 10_000);
    for (&key, &count) in &exact {
        assert!(
            sketch.estimate(key) >= count.min(MOST),
            "{key}: {} of {count}",
            sketch.estimate(key)
        );
    }
}

#[test]
fn rarely_more_than_the_exact_count() {
    let (sketch, exact) = filled(1000, 1000, 4000);
    let over: u32 = exact
        .iter()
        .map(|(&key, &count)| sketch.estimate(key) - count.min(MOST))
        .sum();
    assert!(over < 200, "{over} too many in {} keys", exact.len());
    let strangers = (0..1000u32)
        .filter(|key| sketch.estimate(key.wrapping_mul(0xC2B2_AE35) ^ 0x5555) > 1)
        .count();
    assert!(
        strangers < 60,
        "{strangers} keys never seen are said to be frequent"
    );
}

#[test]
fn counters_are_used_evenly() {
    // As many keys as blocks could hold without a collision: nearly every block and counter must be in use.
    let mut sketch = Sketch::new(1024, 8);
    for key in 0..8192u32 {
        sketch.add(key, 1);
    }
    let counters = sketch
        .blocks
        .iter()
        .flat_map(|block| block.0)
        .flat_map(|word| (0..16).map(move |at| word >> (at * 4) & 15));
    let used = counters.filter(|&count| count > 0).count();
    assert!(used > 8192 * 9 / 10, "only {used} of 8192 counters in use");
}

#[test]
fn ageing_halves_what_was_frequent() {
    let mut sketch = Sketch::new(16, 16);
    sketch.add(1, 12);
    for key in 2..100 {
        sketch.add(key * 77_777, 1);
    }
    assert!(sketch.estimate(1) >= 12, "not due yet");
    for key in 100..300 {
        sketch.add(key * 77_777, 1);
    }
    assert!(sketch.estimate(1) <= 8, "{}", sketch.estimate(1));
}

#[test]
fn adding_saturates() {
    let mut sketch = Sketch::new(100, 8);
    sketch.add(5, 3);
    sketch.add(5, u32::MAX);
    assert_eq!(sketch.estimate(5), MOST);
}

#[test]
fn a_sketch_for_nothing_works() {
    let mut sketch = Sketch::new(0, 0);
    sketch.add(1, 1);
    assert!(sketch.estimate(1) >= 1);
    assert_eq!(sketch.memory(), 64);
}
