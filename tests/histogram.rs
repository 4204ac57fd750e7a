//! Histograms against exact percentiles and against hdrhistogram.
#![expect(
    clippy::indexing_slicing,
    reason = "a test that goes astray should panic"
)]

use std::sync::{Arc, Barrier};
use std::time::Duration;

use proptest::prelude::*;
use tenfold::histogram::{Distribution, Histogram};

const QUANTILES: [f64; 9] = [0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0];

/// Whether `approximate` is `exact` to within one part in 128.
fn near(approximate: u64, exact: u64) -> bool {
    u128::from(approximate.abs_diff(exact)) * 128 <= u128::from(exact)
}

/// The smallest value that at least the fraction `q` of all values do not exceed.
fn exact_quantile(sorted: &[u64], q: f64) -> u64 {
    let enough = |rank: &usize| *rank as f64 >= q * sorted.len() as f64;
    let rank = (1..=sorted.len()).find(enough).unwrap_or(sorted.len());
    sorted[rank - 1]
}

fn recorded(values: &[u64]) -> Distribution {
    let histogram = Histogram::new();
    values.iter().for_each(|value| histogram.record(*value));
    histogram.distribution()
}

/// Values of every size, not only large ones.
fn values() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(
        (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift),
        1..400,
    )
}

proptest! {
    #[test]
    fn quantiles_are_exact_to_one_part_in_128(values in values()) {
        let seen = recorded(&values);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        for q in QUANTILES {
            let (approximate, exact) = (seen.quantile(q), exact_quantile(&sorted, q));
            prop_assert!(near(approximate, exact), "quantile {q}: {approximate} for {exact}");
        }
        prop_assert_eq!(seen.count(), values.len() as u64);
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        prop_assert!(seen.min() <= min && u128::from(min - seen.min()) * 64 <= u128::from(min));
        prop_assert!(seen.max() >= max && u128::from(seen.max() - max) * 64 <= u128::from(max));
        let sum: u128 = values.iter().map(|value| u128::from(*value)).sum();
        prop_assert!(seen.sum().abs_diff(sum) * 128 <= sum);
        prop_assert!((seen.mean() * values.len() as f64 / seen.sum().max(1) as f64 - 1.0).abs() < 1e-9 || sum == 0);
    }

    /// Two significant digits is one part in 128 or better; both are as far from the truth as they say at most.
    #[test]
    fn agrees_with_hdrhistogram(values in prop::collection::vec(1_u64..10_000_000_000, 1..400)) {
        let seen = recorded(&values);
        let mut reference = hdrhistogram::Histogram::<u64>::new(2).unwrap();
        values.iter().for_each(|value| reference.record(*value).unwrap());
        for q in QUANTILES {
            let (ours, theirs) = (seen.quantile(q) as f64, reference.value_at_quantile(q) as f64);
            prop_assert!((ours - theirs).abs() <= theirs * (1.0 / 128.0 + 1.0 / 100.0) + 1.0, "quantile {q}: {ours}, {theirs}");
        }
        prop_assert!((seen.mean() / reference.mean() - 1.0).abs() < 0.02);
    }

    #[test]
    fn merging_is_recording_together(one in values(), other in values()) {
        let mut merged = recorded(&one);
        merged.merge(&recorded(&other));
        let together: Vec<u64> = one.iter().chain(&other).copied().collect();
        prop_assert_eq!(&merged, &recorded(&together));
        let difference = merged.since(&recorded(&one));
        prop_assert_eq!(difference.count(), other.len() as u64);
        prop_assert!(QUANTILES.iter().all(|q| difference.quantile(*q) == recorded(&other).quantile(*q)));
    }
}

#[test]
fn nothing_recorded() {
    let empty = Histogram::new().distribution();
    assert!(empty.is_empty());
    assert_eq!(
        (
            empty.count(),
            empty.min(),
            empty.max(),
            empty.sum(),
            empty.quantile(0.5)
        ),
        (0, 0, 0, 0, 0)
    );
    assert_eq!(empty.mean(), 0.0);
    assert_eq!(empty.buckets().count(), 0);
    let mut merged = empty.clone();
    merged.merge(&empty);
    assert_eq!(merged, empty);
    assert_eq!(merged.since(&recorded(&[5])), empty);
}

#[test]
fn the_largest_and_smallest_values_and_odd_fractions() {
    let seen = recorded(&[0, u64::MAX, u64::MAX]);
    assert_eq!((seen.min(), seen.max(), seen.count()), (0, u64::MAX, 3));
    assert!(near(seen.quantile(0.9), u64::MAX));
    assert!(seen.sum() > u128::from(u64::MAX));
    for q in [f64::NAN, -1.0, f64::NEG_INFINITY] {
        assert_eq!(seen.quantile(q), 0, "{q}");
    }
    for q in [2.0, f64::INFINITY] {
        assert_eq!(seen.quantile(q), seen.quantile(1.0), "{q}");
    }
    let histogram = Histogram::new();
    histogram.record_duration(Duration::MAX);
    assert_eq!(histogram.distribution().max(), u64::MAX);
}

#[test]
fn buckets_and_counts_up_to_a_value() {
    let seen = recorded(&[1, 1, 5, 1000]);
    let buckets: Vec<_> = seen.buckets().collect();
    assert_eq!(buckets[..2], [(1, 1, 2), (5, 5, 1)]);
    assert!((buckets[2].0..=buckets[2].1).contains(&1000) && buckets[2].2 == 1);
    assert_eq!(
        [0, 1, 4, 5, 999_999].map(|value| seen.count_up_to(value)),
        [0, 2, 2, 3, 4]
    );
}

/// More threads than stripes at one time, and more one after the other: nothing is lost.
#[test]
fn no_value_is_lost_whoever_records_it() {
    const TOGETHER: u64 = 100;
    const EACH: u64 = 2_000;
    let histogram = Arc::new(Histogram::new());
    for _ in 0..2 {
        let start = Arc::new(Barrier::new(TOGETHER as usize));
        let threads: Vec<_> = (0..TOGETHER)
            .map(|thread| {
                let (histogram, start) = (histogram.clone(), start.clone());
                std::thread::spawn(move || {
                    // Everybody alive at once, so that some have to share.
                    histogram.record(thread);
                    start.wait();
                    (1..EACH).for_each(|_| histogram.record(thread));
                    start.wait();
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
    let seen = histogram.distribution();
    assert_eq!(seen.count(), 2 * TOGETHER * EACH);
    assert!(seen.buckets().all(|(_, _, count)| count == 2 * EACH));
    // 64 stripes and the shared one, 30 208 bytes each.
    assert!(
        histogram.heap_bytes() <= 65 * 30_208,
        "{}",
        histogram.heap_bytes()
    );
}

/// Counts stop at the largest number; nothing wraps or panics.
#[test]
fn counts_saturate() {
    let mut seen = recorded(&[1, 1_000]);
    for _ in 0..70 {
        let again = seen.clone();
        seen.merge(&again);
    }
    assert_eq!(
        (seen.count(), seen.count_up_to(u64::MAX)),
        (u64::MAX, u64::MAX)
    );
    assert_eq!((seen.quantile(0.0), seen.quantile(1.0)), (1, 1));
    assert!(seen.sum() > 0 && seen.mean() > 0.0 && !format!("{seen:?}").is_empty());
}
