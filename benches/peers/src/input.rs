//! Inputs computed before a measurement: the same in every run, different in every thread.

use std::sync::Arc;

/// Inputs per thread: 512 KiB, more than a branch predictor can learn by heart.
pub(crate) const COUNT: usize = 64 * 1024;

/// Pseudo-random keys of one thread, uniform over all 64-bit values.
pub(crate) fn keys(thread: usize) -> Arc<[u64]> {
    sequence(thread as u64).take(COUNT).collect()
}

/// Pseudo-random latencies of one thread in nanoseconds, log-uniform from 1 µs to 100 ms.
pub(crate) fn latencies(thread: usize) -> Arc<[u64]> {
    const SHORTEST_NS: f64 = 1e3;
    const LONGEST_NS: f64 = 1e8;
    sequence(thread as u64)
        .take(COUNT)
        .map(|random| {
            let fraction = (random >> 11) as f64 / (1_u64 << 53) as f64;
            (SHORTEST_NS * (LONGEST_NS / SHORTEST_NS).powf(fraction)) as u64
        })
        .collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014); streams of different seeds start far apart.
pub(crate) fn sequence(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed.wrapping_mul(0xD1B5_4A32_D192_ED03);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_with_the_published_value() {
        assert_eq!(sequence(0).next(), Some(0xE220_A839_7B1D_CDAF));
    }

    #[test]
    fn latencies_fill_their_range() {
        let latencies = latencies(3);
        assert!(
            latencies
                .iter()
                .all(|ns| (1_000..=100_000_000).contains(ns))
        );
        assert!(latencies.iter().any(|ns| *ns < 2_000));
        assert!(latencies.iter().any(|ns| *ns > 50_000_000));
    }
}
