//! A value of each type of `cache`.

use std::fmt::Debug;
use std::future::ready;

use tenfold::cache::{self, Lookup, MemoryCache};

pub(crate) fn show(show: &mut impl FnMut(&str, &dyn Debug)) {
    let builder = MemoryCache::<String, u64>::builder();
    show("cache::Builder", &builder);
    let cache = builder.build().unwrap();
    let key = "a".to_owned();
    cache.insert(key.clone(), 1);
    show("cache::Config", cache.config());
    show("cache::EntryInfo", &cache.entry_info(&key).unwrap());
    show("cache::Iter", &cache.iter());
    show("cache::MemoryCache", &cache);
    show("cache::Ref", &cache.get_ref(&key).unwrap());
    show("cache::Stats", &cache.stats());
    let snapshot = cache.snapshot();
    show("cache::SnapshotEntry", snapshot.entries.first().unwrap());
    show("cache::Snapshot", &snapshot);
    show("cache::Restored", &cache.restore(snapshot).unwrap());

    show("cache::Compute", &cache::Compute::Put(1));
    show("cache::Computed", &cache::Computed::Inserted);
    show("cache::Error", &cache::Error::Shards { shards: 3 });
    show("cache::EvictionPolicy", &cache::EvictionPolicy::Adaptive);
    show("cache::InsertOptions", &cache::InsertOptions::new());
    show("cache::LoadConfig", &cache::LoadConfig::new());
    show("cache::LoadError", &cache::LoadError::<u8>::TimedOut);
    show("cache::RemovalCause", &cache::RemovalCause::Evicted);
    show("cache::Ttl", &cache::Ttl::Never);
    show("cache::Upkeep", &cache::Upkeep::Automatic);
    show("cache::Written", &cache::Written::Created);

    let load = cache.get_or_load_async(&key, ready(1));
    show("cache::GetOrLoad", &load);
    let load = cache.try_get_or_load_async(&key, ready(Ok::<_, String>(1)));
    show("cache::TryGetOrLoad", &load);
    let pairs = |_: Vec<String>| ready(vec![(key.clone(), 1)]);
    show(
        "cache::GetOrLoadMany",
        &cache.get_or_load_many_async([&key], pairs),
    );
    let pairs = |_: Vec<String>| ready(Ok::<_, String>(vec![(key.clone(), 1)]));
    show(
        "cache::TryGetOrLoadMany",
        &cache.try_get_or_load_many_async([&key], pairs),
    );

    let missing = "b".to_owned();
    let lookup = cache.get_or_token(&missing);
    show("cache::Lookup", &lookup);
    let Lookup::Miss(token) = lookup else {
        panic!("{missing} is there");
    };
    show("cache::LoadToken", &token);
    cache.insert(missing, 2);
    show("cache::Stale", &cache.fill(token, 3).unwrap_err());
}
