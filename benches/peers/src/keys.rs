//! Keys, and in which order each thread asks for them.

use std::sync::Arc;

use crate::input;

/// Calls after which a thread begins again: 8 MiB of keys, so that a million different ones come up.
const CALLS: usize = 1 << 20;
/// The most threads that a workload has.
const THREADS: u64 = 4;

pub(crate) struct Keys {
    /// Every key once.
    pub(crate) all: Vec<u64>,
    asked: Vec<Arc<[u64]>>,
}

impl Keys {
    pub(crate) fn asked_by(&self, thread: usize) -> Arc<[u64]> {
        self.asked.get(thread).cloned().unwrap_or_default()
    }

    /// `pick` makes an index out of a random fraction.
    fn new(count: usize, pick: impl Fn(f64) -> usize) -> Self {
        let all: Vec<u64> = input::sequence(u64::MAX).take(count).collect();
        let asked = (0..THREADS).map(|thread| {
            let random =
                input::sequence(thread).map(|random| (random >> 11) as f64 * 2_f64.powi(-53));
            let keys = random.filter_map(|fraction| all.get(pick(fraction)).copied());
            keys.take(CALLS).collect()
        });
        let asked = asked.collect();
        Self { all, asked }
    }
}

/// Every key as often as any other.
pub(crate) fn uniform(count: usize) -> Keys {
    Keys::new(count, |fraction| (fraction * count as f64) as usize)
}

/// The key of rank `r` in proportion to `r^-0.99`, as in the Yahoo! Cloud Serving Benchmark.
pub(crate) fn zipf(count: usize) -> Keys {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=count)
        .map(|rank| {
            sum += (rank as f64).powf(-0.99);
            sum
        })
        .collect();
    Keys::new(count, |fraction| {
        sums.partition_point(|&below| below <= fraction * sum)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn counts(keys: &Keys) -> HashMap<u64, usize> {
        let mut counts = HashMap::new();
        for key in keys.asked_by(0).iter() {
            *counts.entry(*key).or_default() += 1;
        }
        counts
    }

    #[test]
    fn the_first_key_of_zipf_comes_twice_as_often_as_the_second() {
        let keys = zipf(1000);
        let counts = counts(&keys);
        let count = |rank: usize| counts.get(&keys.all[rank]).copied().unwrap_or(0) as f64;
        assert!(
            (1.9..2.1).contains(&(count(0) / count(1))),
            "{}",
            count(0) / count(1)
        );
        assert!(
            (8.5..11.5).contains(&(count(0) / count(9))),
            "{}",
            count(0) / count(9)
        );
    }

    #[test]
    fn uniform_keys_all_come() {
        let keys = uniform(1000);
        let counts = counts(&keys);
        assert_eq!(counts.len(), 1000);
        assert!(counts.values().all(|&count| (800..1300).contains(&count)));
    }
}
