//! The cache of this crate.

use tenfold::cache::{EvictionPolicy, MemoryCache};

use super::{Case, Made, Replay};
use crate::replay::problem::Problem;

pub(super) fn cache(case: Case<'_>, policy: EvictionPolicy) -> Made<'_> {
    Ok(if case.trace.is_weighted() {
        let builder = MemoryCache::builder().policy(policy);
        let builder = builder
            .capacity(case.capacity)
            .weigher(|_key, weight| *weight);
        Box::new(Weighted(builder.build().map_err(failed)?))
    } else {
        let builder = MemoryCache::builder().policy(policy);
        let cache = builder.capacity(case.capacity).build().map_err(failed)?;
        Box::new(Entries(cache))
    })
}

fn failed(error: tenfold::cache::Error) -> Problem {
    Problem::Cache(error.to_string())
}

struct Entries(MemoryCache<u64, ()>);

impl Replay for Entries {
    fn access(&mut self, key: u64, _weight: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, ());
        }
        hit
    }
}

/// The value of an entry is its weight.
struct Weighted(MemoryCache<u64, u64>);

impl Replay for Weighted {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, weight);
        }
        hit
    }
}
