//! The peers of `hit-ratio`: who replays a trace beside this crate's cache, an exact LRU and the one that knows the future.
//!
//! Without weights all have a capacity in entries; with weights a weigher and a capacity in weight. A cache of which the work is put off is
//! made to do it after each insertion, so that it keeps its capacity.

use ahash::RandomState;
use foyer_memory::{
    Cache as FoyerCache, CacheBuilder, CacheProperties, EvictionConfig, FifoConfig, LfuConfig,
    LruConfig, S3FifoConfig, SieveConfig,
};
use mini_moka::sync::ConcurrentCacheExt;
use quick_cache::Weighter;

use crate::replay::contestants::{Case, Contestant, Made, Replay};

pub(crate) const PEERS: &[Contestant] = &[
    Contestant {
        name: "moka",
        make: |case| Ok(Box::new(Moka::new(case))),
    },
    Contestant {
        name: "mini-moka",
        make: |case| Ok(Box::new(MiniMoka::new(case))),
    },
    Contestant {
        name: "quick_cache",
        make: |case| Ok(Box::new(Quick::new(case))),
    },
    Contestant {
        name: "TinyUFO",
        make: |case| Ok(Box::new(Ufo::new(case))),
    },
    Contestant {
        name: "foyer lru",
        make: |case| foyer(case, LruConfig::default().into()),
    },
    Contestant {
        name: "foyer lfu",
        make: |case| foyer(case, LfuConfig::default().into()),
    },
    Contestant {
        name: "foyer s3",
        make: |case| foyer(case, S3FifoConfig::default().into()),
    },
    Contestant {
        name: "foyer sieve",
        make: |case| foyer(case, SieveConfig.into()),
    },
    Contestant {
        name: "foyer fifo",
        make: |case| foyer(case, FifoConfig::default().into()),
    },
];

/// The value of an entry is its weight, up to what 32 bits hold: that is how heavy an entry of moka may be.
fn weight_of(weight: u64) -> u32 {
    u32::try_from(weight).unwrap_or(u32::MAX)
}

struct Moka(moka::sync::Cache<u64, u32, RandomState>);

impl Moka {
    fn new(case: Case<'_>) -> Self {
        let mut builder = moka::sync::Cache::builder().max_capacity(case.capacity);
        if case.trace.is_weighted() {
            builder = builder.weigher(|_, weight| *weight);
        }
        Self(builder.build_with_hasher(RandomState::new()))
    }
}

impl Replay for Moka {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, weight_of(weight));
            self.0.run_pending_tasks();
        }
        hit
    }
}

struct MiniMoka(mini_moka::sync::Cache<u64, u32, RandomState>);

impl MiniMoka {
    fn new(case: Case<'_>) -> Self {
        let mut builder = mini_moka::sync::Cache::builder().max_capacity(case.capacity);
        if case.trace.is_weighted() {
            builder = builder.weigher(|_, weight| *weight);
        }
        Self(builder.build_with_hasher(RandomState::new()))
    }
}

impl Replay for MiniMoka {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, weight_of(weight));
            self.0.sync();
        }
        hit
    }
}

/// How many entries a capacity holds, as far as one can know.
fn entries(case: Case<'_>) -> usize {
    let mean = (case.trace.whole / u64::from(case.trace.distinct).max(1)).max(1);
    usize::try_from((case.capacity / mean).max(1)).unwrap_or(usize::MAX)
}

#[derive(Clone)]
struct ByValue;

impl Weighter<u64, u32> for ByValue {
    fn weight(&self, _key: &u64, weight: &u32) -> u64 {
        (*weight).into()
    }
}

struct Quick(quick_cache::sync::Cache<u64, u32, ByValue>);

impl Quick {
    fn new(case: Case<'_>) -> Self {
        let cache = quick_cache::sync::Cache::with_weighter(entries(case), case.capacity, ByValue);
        Self(cache)
    }
}

impl Replay for Quick {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, weight_of(weight));
        }
        hit
    }
}

/// Its weights have 16 bits, so it counts in parts of the capacity that are large enough.
struct Ufo {
    cache: tinyufo::TinyUfo<u64, ()>,
    unit: u64,
}

impl Ufo {
    fn new(case: Case<'_>) -> Self {
        let heaviest = case.trace.requests().map(|(_, weight)| weight).max();
        let unit = heaviest.unwrap_or(1).div_ceil(u16::MAX.into()).max(1);
        let capacity = usize::try_from(case.capacity / unit).unwrap_or(usize::MAX);
        Self {
            cache: tinyufo::TinyUfo::new(capacity.max(1), entries(case)),
            unit,
        }
    }
}

impl Replay for Ufo {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        let hit = self.cache.get(&key).is_some();
        if !hit {
            let weight = u16::try_from(weight.div_ceil(self.unit)).unwrap_or(u16::MAX);
            self.cache.put(key, (), weight);
        }
        hit
    }
}

struct Foyer(FoyerCache<u64, u32, RandomState, CacheProperties>);

/// With as many shards as it has by default.
fn foyer(case: Case<'_>, policy: EvictionConfig) -> Made<'_> {
    let capacity = usize::try_from(case.capacity).unwrap_or(usize::MAX);
    let builder = CacheBuilder::new(capacity)
        .with_eviction_config(policy)
        .with_weighter(|_, weight: &u32| *weight as usize);
    let cache = builder.with_hash_builder(RandomState::new()).build();
    Ok(Box::new(Foyer(cache)))
}

impl Replay for Foyer {
    fn access(&mut self, key: u64, weight: u64) -> bool {
        let hit = self.0.get(&key).is_some();
        if !hit {
            self.0.insert(key, weight_of(weight));
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::process::ExitCode;

    use super::*;

    #[test]
    fn everyone_replays_a_trace_with_and_without_weights() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("trace.csv");
        let json = directory.path().join("out.json");
        // A loop over what fits.
        let lines = (0..3000_u64).map(|at| format!("{at},key{},{}\n", at % 100, 1 + at % 7));
        fs::write(&file, lines.collect::<String>()).unwrap();
        for weighted in [false, true] {
            let mut arguments: Vec<OsString> = vec!["--trace".into(), file.clone().into()];
            arguments.extend(["--capacity=100000", "--json"].map(OsString::from));
            arguments.push(json.clone().into());
            if weighted {
                arguments.push("--weighted".into());
            }
            let code = crate::replay::run(arguments, PEERS);
            assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
            let text = fs::read_to_string(&json).unwrap();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let curves = value["curves"].as_array().unwrap();
            assert_eq!(curves.len(), PEERS.len());
            for curve in curves {
                let ratio = curve["points"][0]["hit_ratio"].as_f64().unwrap();
                assert!((ratio - 96.67).abs() < 0.1, "{}: {ratio}", curve["name"]);
            }
        }
    }
}
