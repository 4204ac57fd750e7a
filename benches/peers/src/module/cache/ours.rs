//! The cache of this crate.

use std::time::Duration;

use tenfold::cache::MemoryCache;

use super::contestant::{Contestant, Key, Value};

/// Longer than any run.
const TTL: Duration = Duration::from_secs(24 * 3600);

/// `READS`: the value is looked at where it is, not cloned.
pub(super) struct Ours<K, V, const READS: bool, const EXPIRES: bool>(MemoryCache<K, V>);

impl<K: Key, V: Value, const READS: bool, const EXPIRES: bool> Contestant<K, V>
    for Ours<K, V, READS, EXPIRES>
{
    type Handle<'c> = &'c Self;

    fn build(capacity: usize) -> Result<Self, String> {
        let mut builder = MemoryCache::builder().capacity(capacity as u64);
        if EXPIRES {
            builder = builder.time_to_live(TTL);
        }
        builder.build().map(Self).map_err(|error| error.to_string())
    }

    fn handle(&self) -> &Self {
        self
    }

    fn get(cache: &mut &Self, key: &K) -> Option<u64> {
        if READS {
            cache.0.read(key, Value::word)
        } else {
            cache.0.get(key).map(|value| value.word())
        }
    }

    fn insert(cache: &mut &Self, key: K, value: V) {
        cache.0.insert(key, value);
    }

    fn get_or_insert(cache: &mut &Self, key: &K, make: impl FnOnce() -> V) -> u64 {
        let value = cache.0.get(key).unwrap_or_else(|| {
            let value = make();
            cache.0.insert(key.clone(), value.clone());
            value
        });
        value.word()
    }
}
