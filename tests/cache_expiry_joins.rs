//! Expiry together with loads, conditional operations, tags and listeners.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::cache::{
    Builder, Compute, Computed, InsertOptions, MemoryCache, RemovalCause, Ttl, Upkeep,
};
use tenfold::clock::ManualClock;

const SECOND: Duration = Duration::from_secs(1);
const NOTHING: Ttl = Ttl::For(Duration::ZERO);

type Heard = Arc<Mutex<Vec<(u64, u64, RemovalCause)>>>;

fn clocked(clock: &ManualClock) -> Builder<u64, u64> {
    MemoryCache::builder()
        .capacity(1_000)
        .shards(1)
        .clock(clock.clone())
}

fn heard(builder: Builder<u64, u64>) -> (Builder<u64, u64>, Heard) {
    let heard = Heard::default();
    let hears = heard.clone();
    let builder = builder.listener(move |key, value, cause| {
        hears.lock().unwrap().push((*key, *value, cause));
    });
    (builder, heard)
}

fn take(heard: &Heard) -> Vec<(u64, u64, RemovalCause)> {
    std::mem::take(&mut *heard.lock().unwrap())
}

#[test]
fn a_value_that_nobody_read_is_kept_for_loads_that_fail() {
    let clock = ManualClock::new();
    let (builder, heard) = heard(clocked(&clock).time_to_idle(10 * SECOND));
    let cache = builder.stale_if_error(5 * SECOND).build().unwrap();
    cache.insert(1, 10);
    clock.advance(9 * SECOND);
    assert_eq!(cache.get(&1), Some(10));
    clock.advance(9 * SECOND);
    // A load that finds the value is a read, too.
    assert_eq!(cache.get_or_load(&1, |_| 11), 10);
    clock.advance(10 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.ttl(&1), Some(Ttl::For(Duration::from_nanos(1))));
    assert_eq!(cache.peek(&1), Some(10));
    clock.advance(Duration::from_nanos(1));
    // Nobody is served, but the one whose load fails.
    assert_eq!((cache.get(&1), cache.peek(&1)), (None, None));
    assert!(cache.get_ref(&1).is_none() && cache.iter().next().is_none());
    assert_eq!((cache.ttl(&1), cache.entry_info(&1)), (None, None));
    assert_eq!((cache.len(), take(&heard)), (1, vec![]));
    assert_eq!(cache.try_get_or_load(&1, |_| Err("down")).unwrap(), 10);
    clock.advance(5 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.try_get_or_load(&1, |_| Err("down")).unwrap(), 10);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.len(), 0);
    assert_eq!(take(&heard), [(1, 10, RemovalCause::Expired)]);
    assert!(cache.try_get_or_load(&1, |_| Err("down")).is_err());
    cache.check();
}

#[test]
fn a_value_that_is_kept_is_no_value_to_those_who_change_it() {
    let clock = ManualClock::new();
    let (builder, heard) = heard(clocked(&clock).time_to_live(10 * SECOND));
    let cache = builder.stale_if_error(100 * SECOND).build().unwrap();
    let late = |cache: &MemoryCache<u64, u64>| {
        cache.insert(1, 10);
        clock.advance(10 * SECOND);
        take(&heard);
    };
    let expired = vec![(1, 10, RemovalCause::Expired)];
    late(&cache);
    cache.insert(1, 11);
    assert_eq!(take(&heard), expired);
    late(&cache);
    assert_eq!((cache.remove(&1), take(&heard)), (None, expired.clone()));
    late(&cache);
    assert_eq!(
        (cache.replace(1, 11), take(&heard)),
        (None, expired.clone())
    );
    late(&cache);
    assert_eq!(cache.insert_if_absent(1, 11), Ok(()));
    assert_eq!(take(&heard), expired);
    late(&cache);
    let computed = cache.compute(&1, |old| {
        assert_eq!(old, None);
        Compute::Put(11)
    });
    assert_eq!(
        (computed, take(&heard)),
        (Computed::Inserted, expired.clone())
    );
    late(&cache);
    assert_eq!(
        (cache.get_or_load(&1, |_| 11), take(&heard)),
        (11, expired.clone())
    );
    late(&cache);
    assert!(cache.snapshot().entries.is_empty() && cache.keys().next().is_none());
    assert_eq!(cache.invalidate_where(|_, _| true), 0);
    cache.clear();
    assert_eq!((take(&heard), cache.len()), (expired, 0));
    cache.check();
}

#[test]
fn who_stores_for_no_time_removes_what_was_there() {
    let clock = ManualClock::new();
    let decide = |_: &u64, value: &u64, _| if *value == 0 { NOTHING } else { Ttl::Default };
    let (builder, heard) = heard(clocked(&clock).expire_after_write(decide));
    let cache = builder.build().unwrap();
    let removed = vec![(1, 10, RemovalCause::Removed)];
    let there = || cache.insert(1, 10);
    let gone = || {
        assert_eq!((cache.len(), cache.get(&1)), (0, None));
        take(&heard)
    };

    there();
    cache.insert(1, 0);
    assert_eq!(gone(), removed);
    there();
    cache.insert_with(1, 5, &InsertOptions::new().ttl(NOTHING));
    assert_eq!(gone(), removed);
    there();
    assert_eq!((cache.replace(1, 0), gone()), (Some(10), removed.clone()));
    there();
    assert_eq!(cache.replace_if(1, 0, |old| *old == 11), Err(0));
    assert_eq!(cache.replace_if(1, 0, |old| *old == 10), Ok(10));
    assert_eq!(gone(), removed);
    there();
    assert_eq!(cache.insert_if_absent(1, 0), Err(0));
    assert_eq!(cache.compute(&1, |_| Compute::Put(0)), Computed::Removed);
    assert_eq!(gone(), removed);
    assert_eq!(cache.compute(&1, |_| Compute::Put(0)), Computed::Unchanged);
    assert_eq!(cache.insert_if_absent(1, 0), Ok(()));
    assert_eq!(cache.get_or_load(&1, |_| 0), 0);
    assert_eq!(cache.get_or_load(&1, |_| 0), 0, "it was not stored");
    assert_eq!(cache.stats().loads, 2);
    assert_eq!(gone(), []);
    there();
    let mut snapshot = cache.snapshot();
    cache.clear();
    take(&heard);
    snapshot.entries[0].value = 0;
    let restored = cache.restore(snapshot).unwrap();
    assert_eq!((restored.stored, restored.expired), (0, 1));
    assert_eq!(gone(), []);
    cache.check();
}

#[test]
fn a_reload_for_no_time_removes_the_old_value() {
    let clock = ManualClock::new();
    let decide = |_: &u64, value: &u64, _| if *value == 0 { NOTHING } else { Ttl::Default };
    let builder = clocked(&clock).expire_after_write(decide);
    let (builder, heard) = heard(builder.refresh_after_write(SECOND));
    let cache = builder.build().unwrap();
    cache.insert(1, 10);
    clock.advance(SECOND);
    assert_eq!(cache.get_or_load(&1, |_| 0), 0);
    assert_eq!((cache.get(&1), cache.len()), (None, 0));
    assert_eq!(take(&heard), [(1, 10, RemovalCause::Removed)]);
}

#[test]
fn what_a_tag_invalidated_is_loaded_anew_in_caches_that_refresh() {
    let clock = ManualClock::new();
    let builder = clocked(&clock).refresh_after_write(SECOND);
    let cache = builder.stale_if_error(SECOND).build().unwrap();
    let options = InsertOptions::new().tags(["x"]).ttl(Ttl::For(5 * SECOND));
    cache.insert_with(1, 10, &options);
    cache.insert_with(2, 20, &options);
    cache.invalidate_tag("x");
    assert_eq!(cache.get_or_load(&1, |_| 11), 11);
    assert!(cache.try_get_or_load(&2, |_| Err("down")).is_err());
}

#[test]
fn a_snapshot_keeps_times_where_a_cache_has_none_of_its_own() {
    let clock = ManualClock::new();
    let before = clocked(&clock).build().unwrap();
    before.insert_with(1, 10, &InsertOptions::new().ttl(Ttl::For(9 * SECOND)));
    before.insert(2, 20);
    clock.advance(4 * SECOND);
    let after = clocked(&clock).build().unwrap();
    assert_eq!(after.restore(before.snapshot()).unwrap().stored, 2);
    assert_eq!(after.ttl(&1), Some(Ttl::For(5 * SECOND)));
    assert_eq!(after.ttl(&2), Some(Ttl::Never));
    let shorter = clocked(&clock).time_to_live(3 * SECOND).build().unwrap();
    assert_eq!(shorter.restore(before.snapshot()).unwrap().stored, 2);
    assert_eq!(shorter.ttl(&1), Some(Ttl::For(3 * SECOND)));
    clock.advance(5 * SECOND);
    assert_eq!((after.get(&1), after.get(&2)), (None, Some(20)));
    after.check();
}

/// Growth with entries that are held, expiry, eviction, replacement, removal, and all at once.
#[test]
fn every_entry_that_leaves_is_told_of_once() {
    for upkeep in [Upkeep::Automatic, Upkeep::Manual] {
        let clock = ManualClock::new();
        let builder = clocked(&clock).capacity(20_000).upkeep(upkeep);
        let (builder, heard) = heard(builder.time_to_live(50 * SECOND));
        let cache = builder.build().unwrap();
        let mut stored = 0_u64;
        let mut held = Vec::new();
        for round in 0..60_u64 {
            for n in 0..700 {
                let key = (round * 500 + n) % 25_000;
                let ttl = if n % 7 == 0 {
                    Ttl::For(SECOND * (n as u32 % 9 + 1))
                } else {
                    Ttl::Default
                };
                cache.insert_with(key, stored, &InsertOptions::new().ttl(ttl));
                stored += 1;
                if n % 101 == 0 {
                    held.extend(cache.get_ref(&key));
                }
                if n % 13 == 0 {
                    cache.remove(&(key / 2));
                }
            }
            if round % 4 == 0 {
                held.clear();
            }
            if round % 9 == 8 {
                cache.invalidate_all();
            }
            clock.advance(SECOND);
            cache.check();
        }
        drop(held);
        cache.invalidate_all();
        // The entries of all that was removed at once are told of when they are dropped.
        clock.advance(10 * SECOND);
        cache.run_upkeep();
        let mut times = HashMap::new();
        for (_, value, cause) in take(&heard) {
            times.entry(value).or_insert_with(Vec::new).push(cause);
        }
        let twice: Vec<_> = times
            .iter()
            .filter(|(_, causes)| causes.len() > 1)
            .collect();
        assert!(twice.is_empty(), "{upkeep:?} {twice:?}");
        assert_eq!(times.len() as u64, stored, "{upkeep:?}");
        let causes: std::collections::HashSet<_> = times.into_values().flatten().collect();
        assert_eq!(causes.len(), 4, "{causes:?}");
    }
}

/// Only looks at the cache from the outside: the crate's own tests look at its invariants.
trait Check {
    fn check(&self);
}

impl Check for MemoryCache<u64, u64> {
    fn check(&self) {
        assert!(self.iter().count() <= self.len() && self.weight() <= self.capacity());
    }
}
