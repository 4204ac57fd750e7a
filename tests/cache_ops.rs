//! What a cache can do beyond getting and inserting, one operation after the other.
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tenfold::cache::{
    Compute, Computed, Error, EvictionPolicy, InsertOptions, MemoryCache, RemovalCause, Snapshot,
};
use tenfold::clock::ManualClock;

type Heard = Arc<Mutex<Vec<(u64, u64, RemovalCause)>>>;

/// A cache that notes what its listener hears.
fn heard(capacity: u64) -> (MemoryCache<u64, u64>, Heard) {
    let heard = Heard::default();
    let hears = heard.clone();
    let listener =
        move |key: &u64, value: &u64, cause| hears.lock().unwrap().push((*key, *value, cause));
    (
        MemoryCache::builder()
            .capacity(capacity)
            .listener(listener)
            .build()
            .unwrap(),
        heard,
    )
}

fn take(heard: &Heard) -> Vec<(u64, u64, RemovalCause)> {
    std::mem::take(&mut heard.lock().unwrap())
}

fn tagged(tags: &[&str]) -> InsertOptions {
    InsertOptions::new().tags(tags.iter().copied())
}

#[test]
fn replace_returns_what_was_there() {
    let (cache, heard) = heard(100);
    assert_eq!(cache.replace(1, 10), None);
    assert_eq!(cache.replace(1, 11), Some(10));
    assert_eq!(cache.peek(&1), Some(11));
    assert_eq!(take(&heard), [(1, 10, RemovalCause::Replaced)]);
    assert_eq!(cache.replace_if(2, 20, |_| true), Err(20));
    assert_eq!(cache.replace_if(1, 12, |old| *old == 10), Err(12));
    assert_eq!(cache.replace_if(1, 12, |old| *old == 11), Ok(11));
    assert_eq!((cache.peek(&1), cache.len()), (Some(12), 1));
    assert_eq!(take(&heard), [(1, 11, RemovalCause::Replaced)]);
}

#[test]
fn remove_if_and_insert_if_absent_look_first() {
    let (cache, heard) = heard(100);
    assert_eq!(cache.insert_if_absent(1, 10), Ok(()));
    assert_eq!(cache.insert_if_absent(1, 11), Err(11));
    assert!(!cache.remove_if(&1, |value| *value != 10) && !cache.remove_if(&2, |_| true));
    assert_eq!((cache.peek(&1), take(&heard)), (Some(10), vec![]));
    assert!(cache.remove_if(&1, |value| *value == 10));
    assert_eq!(take(&heard), [(1, 10, RemovalCause::Removed)]);
    assert_eq!(cache.insert_if_absent(1, 11), Ok(()));
    assert_eq!(
        (cache.peek(&1), cache.stats().hits + cache.stats().misses),
        (Some(11), 0)
    );
}

#[test]
fn compute_does_what_it_is_told() {
    let (cache, heard) = heard(100);
    assert_eq!(
        cache.compute(&1, |old| {
            assert_eq!(old, None);
            Compute::Keep
        }),
        Computed::Unchanged
    );
    assert_eq!(cache.compute(&1, |_| Compute::Remove), Computed::Unchanged);
    assert_eq!(cache.compute(&1, |_| Compute::Put(10)), Computed::Inserted);
    assert_eq!(
        cache.compute(&1, |old| Compute::Put(old.unwrap() + 1)),
        Computed::Replaced
    );
    assert_eq!(cache.compute(&1, |_| Compute::Keep), Computed::Unchanged);
    assert_eq!(cache.peek(&1), Some(11));
    assert_eq!(cache.compute(&1, |_| Compute::Remove), Computed::Removed);
    assert_eq!(cache.peek(&1), None);
    assert_eq!(
        take(&heard),
        [
            (1, 10, RemovalCause::Replaced),
            (1, 11, RemovalCause::Removed)
        ]
    );
}

#[test]
fn compute_runs_again_when_somebody_was_faster() {
    let cache = MemoryCache::new(100);
    cache.insert(1, 10);
    let mut saw = Vec::new();
    let computed = cache.compute(&1, |old| {
        saw.push(old.copied());
        // Using the cache, as somebody else would.
        match saw.len() {
            1 => cache.insert(1, 20),
            2 => drop(cache.remove(&1)),
            3 => cache.insert(1, 30),
            _ => {}
        }
        Compute::Put(saw.len() as u64)
    });
    assert_eq!(saw, [Some(10), Some(20), None, Some(30)]);
    assert_eq!((computed, cache.peek(&1)), (Computed::Replaced, Some(4)));

    // The same value again is another entry.
    let mut runs = 0;
    cache.compute(&1, |_| {
        runs += 1;
        if runs == 1 {
            cache.insert(1, 4);
        }
        Compute::Remove
    });
    assert_eq!((runs, cache.peek(&1)), (2, None));
    // Removing nothing is a decision as well.
    runs = 0;
    cache.compute(&1, |old| {
        runs += 1;
        if runs == 1 {
            cache.insert(1, 5);
        }
        assert_eq!(old.is_some(), runs == 2);
        Compute::Remove
    });
    assert_eq!((runs, cache.peek(&1)), (2, None));
}

#[test]
fn conditions_are_asked_again_when_somebody_was_faster() {
    let cache = MemoryCache::new(100);
    cache.insert(1, 10);
    let mut saw = Vec::new();
    let removed = cache.remove_if(&1, |value| {
        saw.push(*value);
        if saw.len() == 1 {
            cache.insert(1, 11);
        }
        *value == 10
    });
    assert_eq!((removed, cache.peek(&1)), (false, Some(11)));
    let replaced = cache.replace_if(1, 50, |value| {
        saw.push(*value);
        if saw.len() == 3 {
            cache.insert(1, 12);
        }
        true
    });
    assert_eq!((replaced, cache.peek(&1)), (Ok(12), Some(50)));
    assert_eq!(saw, [10, 11, 11, 12]);
}

/// Runs `work` in some threads that begin together.
fn together(threads: u64, work: impl Fn(u64) + Sync) {
    let barrier = Barrier::new(threads as usize);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn no_computation_is_lost() {
    let cache: MemoryCache<u64, u64> = MemoryCache::new(1_000);
    together(4, |_| {
        for n in 0..5_000 {
            cache.compute(&(n % 3), |old| Compute::Put(old.map_or(1, |old| old + 1)));
        }
    });
    let counts: Vec<_> = (0..3).map(|key| cache.peek(&key).unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 20_000, "{counts:?}");
}

#[test]
fn no_computation_is_lost_by_the_heavy() {
    // Each value needs more than a shard has.
    let cache: MemoryCache<u64, u64> = MemoryCache::builder()
        .capacity(1_000)
        .shards(8)
        .weigher(|_, _| 400)
        .build()
        .unwrap();
    together(4, |_| {
        for _ in 0..2_000 {
            cache.compute(&7, |old| Compute::Put(old.map_or(1, |old| old + 1)));
            assert!(cache.weight() <= 1_000);
        }
    });
    assert_eq!((cache.peek(&7), cache.weight()), (Some(8_000), 400));
}

#[test]
fn one_of_many_inserts_what_was_absent() {
    let cache: MemoryCache<u64, u64> = MemoryCache::new(10_000);
    let (won, removed) = (AtomicU64::new(0), AtomicU64::new(0));
    together(4, |thread| {
        for key in 0..2_000 {
            won.fetch_add(
                u64::from(cache.insert_if_absent(key, thread).is_ok()),
                Ordering::Relaxed,
            );
        }
    });
    assert_eq!(won.into_inner(), 2_000);
    together(4, |_| {
        for key in 0..2_000 {
            removed.fetch_add(
                u64::from(cache.remove_if(&key, |_| true)),
                Ordering::Relaxed,
            );
        }
    });
    assert_eq!((removed.into_inner(), cache.len()), (2_000, 0));
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Keep(u8),
    Remove(u8),
    RemoveIf(u8, u32),
    ReplaceIf(u8, u32),
    Absent(u8, u32),
    Insert(u8, u32),
    Where(u32),
    Clear,
    Tag(u8, u32),
    Untag(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..40_u8;
    let n = 0..6_u32;
    prop_oneof![
        8 => key.clone().prop_map(Step::Add),
        1 => key.clone().prop_map(Step::Keep),
        3 => key.clone().prop_map(Step::Remove),
        3 => (key.clone(), n.clone()).prop_map(|(key, n)| Step::RemoveIf(key, n)),
        3 => (key.clone(), n.clone()).prop_map(|(key, n)| Step::ReplaceIf(key, n)),
        3 => (key.clone(), n.clone()).prop_map(|(key, n)| Step::Absent(key, n)),
        3 => (key.clone(), n.clone()).prop_map(|(key, n)| Step::Insert(key, n)),
        1 => n.clone().prop_map(Step::Where),
        1 => Just(Step::Clear),
        4 => (key, n).prop_map(|(key, n)| Step::Tag(key, n)),
        2 => (0..3_u8).prop_map(Step::Untag),
    ]
}

proptest! {
    #[test]
    fn operations_agree_with_a_map(steps in proptest::collection::vec(step(), 1..300)) {
        let cache: MemoryCache<u8, u32> = MemoryCache::builder().capacity(100).shards(2).build().unwrap();
        // The value, and the tag.
        let mut map: HashMap<u8, (u32, Option<u8>)> = HashMap::new();
        for step in steps {
            match step {
                Step::Add(key) => {
                    let computed = cache.compute(&key, |old| Compute::Put(old.map_or(0, |old| old + 1)));
                    let known = map.contains_key(&key);
                    prop_assert_eq!(computed, if known { Computed::Replaced } else { Computed::Inserted });
                    // It keeps its tag.
                    map.entry(key).and_modify(|(value, _)| *value += 1).or_insert((0, None));
                }
                Step::Keep(key) => {
                    cache.compute(&key, |old| {
                        assert_eq!(old.copied(), map.get(&key).map(|(value, _)| *value));
                        Compute::Keep
                    });
                }
                Step::Remove(key) => {
                    let computed = cache.compute(&key, |_| Compute::Remove);
                    let known = map.remove(&key).is_some();
                    prop_assert_eq!(computed, if known { Computed::Removed } else { Computed::Unchanged });
                }
                Step::RemoveIf(key, n) => {
                    let due = map.get(&key).is_some_and(|(value, _)| *value > n);
                    prop_assert_eq!(cache.remove_if(&key, |value| *value > n), due);
                    map.retain(|known, _| !(due && *known == key));
                }
                Step::ReplaceIf(key, n) => {
                    let old = map.get(&key).map(|(value, _)| *value).filter(|value| *value > n);
                    prop_assert_eq!(cache.replace_if(key, n, |value| *value > n), old.ok_or(n));
                    if old.is_some() {
                        map.insert(key, (n, None));
                    }
                }
                Step::Absent(key, n) => {
                    let absent = !map.contains_key(&key);
                    prop_assert_eq!(cache.insert_if_absent(key, n).is_ok(), absent);
                    map.entry(key).or_insert((n, None));
                }
                Step::Insert(key, n) => {
                    let old = map.insert(key, (n, None)).map(|(value, _)| value);
                    prop_assert_eq!(cache.replace(key, n), old);
                }
                Step::Where(n) => {
                    let before = map.len();
                    map.retain(|_, (value, _)| *value != n);
                    prop_assert_eq!(cache.invalidate_where(|_, value| *value == n), (before - map.len()) as u64);
                }
                Step::Clear => {
                    cache.clear();
                    map.clear();
                }
                Step::Tag(key, n) => {
                    let tag = (n % 3) as u8;
                    cache.insert_with(key, n, &tagged(&[&tag.to_string()]));
                    map.insert(key, (n, Some(tag)));
                }
                Step::Untag(tag) => {
                    cache.invalidate_tag(&tag.to_string());
                    map.retain(|_, (_, of)| *of != Some(tag));
                }
            }
            let mut seen: Vec<_> = cache.iter().map(|entry| (*entry.key(), *entry.value())).collect();
            let mut known: Vec<_> = map.iter().map(|(key, (value, _))| (*key, *value)).collect();
            seen.sort_unstable();
            known.sort_unstable();
            prop_assert_eq!(seen, known);
        }
    }
}

#[test]
fn an_invalidated_tag_takes_its_entries_along() {
    let (cache, heard) = heard(1_000);
    for key in 0..100 {
        let even = if key % 2 == 0 { "even" } else { "odd" };
        cache.insert_with(key, key, &tagged(&[even, "all"]));
    }
    cache.insert(1_000, 0);
    cache.invalidate_tag("nobody's");
    assert_eq!((cache.get(&0), cache.get(&1)), (Some(0), Some(1)));
    cache.invalidate_tag("odd");
    assert_eq!((cache.len(), take(&heard)), (101, vec![]));
    assert_eq!(
        (cache.get(&0), cache.peek(&1), cache.contains(&1)),
        (Some(0), None, false)
    );
    assert!(
        cache.get_ref(&3).is_none() && cache.remove(&5).is_none() && cache.entry_info(&7).is_none()
    );
    assert_eq!(cache.get(&9), None);
    assert_eq!(cache.iter().count(), 51);
    // Two were asked for with the intention to use or to remove them.
    assert_eq!(
        take(&heard),
        [(5, 5, RemovalCause::Removed), (9, 9, RemovalCause::Removed)]
    );
    assert_eq!(cache.insert_if_absent(11, 0), Ok(()));
    assert_eq!(cache.replace(13, 0), None);
    assert_eq!(
        cache.compute(&15, |old| {
            assert!(old.is_none());
            Compute::Put(1)
        }),
        Computed::Inserted
    );
    assert_eq!(
        take(&heard)
            .iter()
            .map(|(key, ..)| *key)
            .collect::<Vec<_>>(),
        [11, 13, 15]
    );
    // A new entry with the tag is valid.
    cache.insert_with(1, 7, &tagged(&["odd"]));
    assert_eq!(cache.get(&1), Some(7));
    cache.invalidate_tag("all");
    assert_eq!(
        (cache.get(&0), cache.get(&1), cache.get(&1_000)),
        (None, Some(7), Some(0))
    );
}

#[test]
fn what_is_computed_from_a_tagged_value_is_tagged() {
    let cache = MemoryCache::new(100);
    cache.insert_with(1, 1, &tagged(&["a"]));
    cache.compute(&1, |old| Compute::Put(old.unwrap() + 1));
    assert_eq!(cache.get(&1), Some(2));
    let mut runs = 0;
    cache.compute(&1, |old| {
        runs += 1;
        if runs == 1 {
            cache.invalidate_tag("a");
        }
        Compute::Put(old.map_or(100, |old| old + 1))
    });
    assert_eq!((runs, cache.get(&1)), (2, Some(100)));
    cache.insert_with(2, 1, &tagged(&["a"]));
    cache.compute(&2, |_| Compute::PutWith(2, InsertOptions::new().weight(5)));
    cache.invalidate_tag("a");
    assert_eq!((cache.get(&2), cache.weight_of(&2)), (Some(2), Some(5)));
}

#[test]
fn tags_go_with_their_entries_to_a_larger_table() {
    let cache = MemoryCache::new(100_000);
    for key in 0..20_000_u64 {
        cache.insert_with(
            key,
            key.to_string(),
            &tagged(&[if key % 3 == 0 { "three" } else { "other" }]),
        );
    }
    cache.invalidate_tag("three");
    for key in 0..20_000 {
        assert_eq!(cache.get(&key), (key % 3 != 0).then(|| key.to_string()));
    }
    // Reused slots have no tags of those before.
    for key in 0..20_000 {
        cache.insert(key, String::new());
    }
    cache.invalidate_tag("other");
    assert_eq!(cache.iter().count(), 20_000);
}

#[test]
fn tags_are_invalidated_while_entries_are_stored() {
    let cache: MemoryCache<u64, u64> = MemoryCache::new(10_000);
    // Insertions that have returned.
    let done = AtomicU64::new(0);
    together(3, |thread| {
        for n in 1..=2_000_u64 {
            if thread == 0 {
                cache.insert_with(n % 50, n, &tagged(&["a"]));
                done.store(n, Ordering::SeqCst);
            } else {
                let stored = done.load(Ordering::SeqCst);
                cache.invalidate_tag("a");
                // Whatever is found now was stored after what had been stored before the invalidation.
                for key in 0..50 {
                    if let Some(value) = cache.get(&key) {
                        assert!(value > stored, "{value} {stored}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_value_is_replaced_while_the_table_grows() {
    // Either an insertion or a replacement is the one for which the table is too small.
    for steps in [1, 2, 3, 5] {
        let cache = MemoryCache::builder()
            .capacity(50_000)
            .shards(1)
            .weigher(|_, _| 1)
            .build()
            .unwrap();
        let mut known = HashMap::new();
        for n in 0..6_000_u64 {
            for key in (0..steps).map(|step| if step == 0 { n } else { n * step % (n + 1) }) {
                cache.insert(key, n);
                known.insert(key, n);
            }
        }
        let seen: Vec<_> = cache
            .iter()
            .map(|entry| (*entry.key(), *entry.value()))
            .collect();
        assert_eq!(
            (seen.len(), cache.len(), cache.weight()),
            (known.len(), known.len(), known.len() as u64)
        );
        assert!(seen.iter().all(|(key, value)| known[key] == *value));
    }
}

#[test]
fn everything_is_seen_once() {
    let cache = MemoryCache::new(100_000);
    for key in 0..30_000_u64 {
        cache.insert(key, key);
    }
    let mut seen = HashSet::new();
    for entry in &cache {
        assert!(*entry.key() == *entry.value() && seen.insert(*entry.key()));
    }
    let mut walked = 0;
    cache.for_each(|key, _| walked += u64::from(seen.contains(key)));
    assert_eq!(
        (seen.len(), walked, cache.keys().count()),
        (30_000, 30_000, 30_000)
    );
    assert_eq!(cache.stats().hits, 0);
}

#[test]
fn the_listener_hears_of_what_was_held_when_the_table_was_replaced() {
    let (cache, heard) = heard(50_000);
    for key in 0..100 {
        cache.insert_with(key, key, &InsertOptions::new().weight(2));
    }
    let held: Vec<_> = [3, 5]
        .iter()
        .map(|key| cache.get_ref(key).unwrap())
        .collect();
    for key in 100..10_000 {
        cache.insert(key, key);
    }
    let gone = take(&heard);
    let evicted = |key: u64| gone.contains(&(key, key, RemovalCause::Evicted));
    assert!(
        [3, 5]
            .iter()
            .all(|key| cache.contains(key) != evicted(*key))
    );
    assert_eq!(cache.len() + gone.len(), 10_000);
    let stats = cache.stats();
    assert_eq!(
        (stats.evictions, stats.evicted_weight),
        (gone.len() as u64, 2 * gone.len() as u64)
    );
    assert_eq!(held.iter().map(|held| **held).collect::<Vec<_>>(), [3, 5]);
}

#[test]
fn a_walk_begins_again_in_a_larger_table() {
    for inserted in (0..20).map(|n| 3_000 + n * 30) {
        let cache = MemoryCache::builder()
            .capacity(50_000)
            .shards(1)
            .build()
            .unwrap();
        for key in 0..inserted {
            cache.insert(key, key);
        }
        let mut walk = cache.iter();
        let mut seen: HashSet<u64> = walk
            .by_ref()
            .take(2_000)
            .map(|entry| *entry.key())
            .collect();
        for key in inserted..12_000 {
            cache.insert(key, key);
        }
        seen.extend(walk.map(|entry| *entry.key()));
        assert!((0..inserted).all(|key| seen.contains(&key)));
    }
}

#[test]
fn what_stays_is_seen_while_tables_grow() {
    let cache = MemoryCache::new(400_000);
    for key in 0..2_000_u64 {
        cache.insert(key, key);
    }
    let done = AtomicUsize::new(0);
    together(3, |thread| {
        if thread == 0 {
            for key in 2_000..200_000 {
                cache.insert(key, key);
            }
            done.store(1, Ordering::SeqCst);
        } else {
            let mut last = false;
            while !last {
                last = done.load(Ordering::SeqCst) == 1;
                let before: HashSet<_> = (0..2_000).filter(|key| cache.contains(key)).collect();
                let mut seen = HashSet::new();
                if thread == 1 {
                    cache.for_each(|key, _| seen.extend([*key]));
                } else {
                    seen.extend(cache.keys());
                }
                // An entry that somebody was reading when the table was replaced is lost; all others stay.
                let missed = before
                    .iter()
                    .filter(|key| !seen.contains(key) && cache.contains(key))
                    .count();
                assert_eq!(missed, 0);
            }
        }
    });
}

#[test]
fn what_is_due_is_removed() {
    let (cache, heard) = heard(10_000);
    for key in 0..5_000 {
        cache.insert(key, key % 7);
    }
    let expected = (0..5_000).filter(|key| key % 7 == 3).count() as u64;
    assert_eq!(cache.invalidate_where(|_, value| *value == 3), expected);
    let heard = take(&heard);
    assert!(
        heard
            .iter()
            .all(|(_, value, cause)| *value == 3 && *cause == RemovalCause::Removed)
    );
    assert_eq!(
        (heard.len() as u64, cache.len() as u64),
        (expected, 5_000 - expected)
    );
    // The predicate may use the cache.
    cache.invalidate_where(|key, _| {
        cache.insert(*key, 100);
        true
    });
    assert_eq!(cache.len() as u64, 5_000 - expected);
}

/// Counts itself, and knows which key it is of.
struct Counted(u64, Arc<AtomicU64>);

impl Counted {
    fn new(key: u64, alive: &Arc<AtomicU64>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(key, alive.clone())
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.0, &self.1)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn all_operations_at_once_leave_nothing_behind() {
    let alive = Arc::new(AtomicU64::new(0));
    let cache: MemoryCache<u64, Counted> = MemoryCache::builder()
        .capacity(4_000)
        .shards(2)
        .build()
        .unwrap();
    let tags = ["a", "b", "c"].map(|tag| tagged(&[tag, "all"]));
    together(4, |thread| {
        let mut random = 0x9E37_79B9_u64 * (thread + 1);
        for n in 0..20_000_u64 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let key = (random >> 20) % (100 + n / 4);
            let value = || Counted::new(key, &alive);
            let is_it = |value: &Counted| {
                assert_eq!(value.0, key);
                random % 3 == 0
            };
            let _ = match random % 16 {
                0..=4 => {
                    cache.insert_with(key, value(), &tags[(random >> 10) as usize % 3]);
                    true
                }
                5 => cache
                    .replace(key, value())
                    .is_some_and(|value| is_it(&value)),
                6 => cache.replace_if(key, value(), is_it).is_ok(),
                7 => cache.remove_if(&key, is_it),
                8 => cache.insert_if_absent(key, value()).is_ok(),
                9 => {
                    let computed = cache.compute(&key, |old| match old.map(is_it) {
                        Some(true) => Compute::Remove,
                        _ => Compute::Put(value()),
                    });
                    computed != Computed::Unchanged
                }
                _ => cache.get(&key).is_some_and(|value| is_it(&value)),
            };
            match random % 16 {
                10 if n % 16 == 0 => {
                    cache.invalidate_tag(["a", "b", "c", "all"][n as usize / 16 % 4]);
                }
                11 if n % 200 == 0 => cache.for_each(|key, value| assert_eq!(*key, value.0)),
                12 if n % 500 == 0 => {
                    assert!(cache.iter().all(|entry| *entry.key() == entry.value().0));
                }
                13 if n % 1_000 == 0 => cache.clear(),
                14 if n % 700 == 0 => cache.invalidate_all(),
                15 if n % 300 == 0 => {
                    assert!(cache.coldest(50).iter().all(|(key, value)| *key == value.0));
                }
                _ => {}
            }
        }
    });
    assert!(cache.weight() <= 4_000);
    assert_eq!(
        cache.iter().count() as u64,
        cache.keys().collect::<HashSet<_>>().len() as u64
    );
    cache.clear();
    assert_eq!((cache.len(), alive.load(Ordering::Relaxed)), (0, 0));
}

#[test]
fn clear_drops_everything() {
    for listens in [false, true] {
        let heard: Arc<Mutex<HashMap<RemovalCause, usize>>> = Arc::default();
        let hears = heard.clone();
        let mut builder = MemoryCache::builder().capacity(50_000);
        if listens {
            builder = builder.listener(move |_: &u64, _: &Arc<()>, cause| {
                *hears.lock().unwrap().entry(cause).or_default() += 1;
            });
        }
        let cache = builder.build().unwrap();
        let value = Arc::new(());
        for key in 0..30_000_u64 {
            cache.insert_with(key, value.clone(), &tagged(&["a"]));
        }
        cache.invalidate_tag("a");
        assert_eq!(cache.iter().count(), 0);
        cache.insert(1, value.clone());
        let held = cache.get_ref(&1).unwrap();
        cache.clear();
        assert_eq!(
            (cache.len(), cache.weight(), Arc::strong_count(&value)),
            (0, 0, 2)
        );
        let expected = [(RemovalCause::Removed, 30_000), (RemovalCause::Replaced, 1)];
        let expected = expected
            .into_iter()
            .take(if listens { 2 } else { 0 })
            .collect();
        assert_eq!(*heard.lock().unwrap(), expected);
        drop(held);
        cache.clear();
        assert_eq!(Arc::strong_count(&value), 1);
        cache.insert(1, value.clone());
        assert_eq!(cache.len(), 1);
    }
}

#[test]
fn the_order_of_eviction_is_shown() {
    let cache = MemoryCache::builder()
        .capacity(1_000)
        .shards(1)
        .build()
        .unwrap();
    for key in 0..1_000_u64 {
        cache.insert(key, key + 1);
    }
    let coldest = cache.coldest(10);
    let mut hottest = cache.hottest(1_000);
    assert_eq!((coldest.len(), hottest.len()), (10, 1_000));
    hottest.reverse();
    assert_eq!(coldest[..], hottest[..10]);
    let (next, value) = coldest[0];
    assert_eq!(value, next + 1);
    cache.insert(5_000, 0);
    assert!(!cache.contains(&next));
    assert_eq!(
        (cache.hottest(0).len(), cache.coldest(usize::MAX).len()),
        (0, 1_000)
    );
}

#[test]
fn a_capacity_is_at_most_half_of_what_a_number_can_be() {
    const MOST: u64 = u64::MAX / 2;
    for (asked, is) in [(MOST, MOST), (MOST + 1, MOST), (u64::MAX, MOST)] {
        let build = MemoryCache::<u64, u64>::builder().capacity(asked);
        // With weights, tables are not in proportion to the capacity.
        let build = build.weigher(|_, value| *value).shards(1);
        let cache = build.build().unwrap();
        assert_eq!(cache.capacity(), is);
        cache.insert(1, MOST);
        assert_eq!((cache.get(&1), cache.weight()), (Some(MOST), MOST));
        cache.insert(2, MOST + 1);
        assert_eq!(cache.get(&2), None, "heavier than any cache");
        cache.set_capacity(5);
        assert_eq!((cache.capacity(), cache.weight()), (5, 0));
        cache.set_capacity(asked);
        assert_eq!(cache.capacity(), is);
    }
}

/// How far two orders of the same keys are apart: 0 if they are the same, a third if they have nothing in common.
fn distance(one: &[u64], other: &[u64]) -> f64 {
    let ranks: HashMap<u64, usize> = other.iter().copied().zip(0..).collect();
    let apart = one
        .iter()
        .zip(0..)
        .map(|(key, rank): (_, usize)| rank.abs_diff(ranks.get(key).copied().unwrap_or(one.len())));
    apart.sum::<usize>() as f64 / (one.len() * one.len()) as f64
}

fn keys_of(pairs: Vec<(u64, u64)>) -> Vec<u64> {
    pairs.into_iter().map(|(key, _)| key).collect()
}

/// The cache is made smaller by one until nothing is left: who goes first is the coldest, however it came there.
#[test]
fn the_coldest_go_first() {
    let cases = [
        (EvictionPolicy::Adaptive, 0.15),
        (EvictionPolicy::WTinyLfu, 0.15),
        (EvictionPolicy::S3Fifo, 0.2),
        (EvictionPolicy::Sieve, 0.02),
        (EvictionPolicy::Lru, 0.0),
    ];
    for (policy, most_apart) in cases {
        let build = || {
            MemoryCache::<u64, u64>::builder()
                .capacity(500)
                .shards(1)
                .policy(policy)
        };
        let gone = Arc::new(Mutex::new(Vec::new()));
        let hears = gone.clone();
        let listener = move |key: &u64, _: &u64, _: RemovalCause| hears.lock().unwrap().push(*key);
        let cache = build().listener(listener).build().unwrap();
        // Small keys more often, as if by chance.
        let mut seed = 1_u64;
        for _ in 0..30_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = 10_000_f64.powf((seed >> 11) as f64 / (1_u64 << 53) as f64) as u64;
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        }
        let coldest = keys_of(cache.coldest(usize::MAX));
        let mut hottest = keys_of(cache.hottest(usize::MAX));
        hottest.reverse();
        assert_eq!((coldest.len(), &hottest), (500, &coldest), "{policy:?}");
        assert_eq!(keys_of(cache.coldest(50))[..], coldest[..50]);
        assert_eq!(keys_of(cache.hottest(1))[0], coldest[499]);

        // The next process has them in the same order.
        let next = build().build().unwrap();
        next.restore(cache.snapshot()).unwrap();
        let restored = keys_of(next.coldest(usize::MAX));
        let apart = distance(&coldest, &restored);
        assert!(apart < 0.02, "{policy:?}: {apart} after a restart");

        gone.lock().unwrap().clear();
        (0..500).rev().for_each(|less| cache.set_capacity(less));
        let apart = distance(&coldest, &gone.lock().unwrap());
        assert!(apart <= most_apart, "{policy:?}: {apart}");
    }
}

#[test]
fn the_cache_tells_what_it_knows_of_an_entry() {
    let clock = Arc::new(ManualClock::new());
    let cache = MemoryCache::builder()
        .capacity(100)
        .time_to_live(Duration::from_secs(10))
        .clock(clock.clone())
        .build()
        .unwrap();
    cache.insert_with("a", 1, &InsertOptions::new().weight(7).tags(["x", "y"]));
    for _ in 0..2 {
        cache.get("a");
    }
    clock.advance(Duration::from_secs(4));
    let info = cache.entry_info("a").unwrap();
    assert_eq!(
        (info.weight, info.uses, info.expires_in),
        (7, 2, Some(Duration::from_secs(6)))
    );
    assert_eq!(
        (info.tags, cache.weight_of("a")),
        (vec!["x".to_string(), "y".to_string()], Some(7))
    );
    clock.advance(Duration::from_secs(6));
    assert_eq!(
        (
            cache.entry_info("a"),
            cache.weight_of("a"),
            cache.weight_of("b")
        ),
        (None, None, None)
    );
}

#[test]
fn pinned_entries_stay() {
    for shards in [1, 4] {
        let cache = MemoryCache::builder()
            .capacity(100)
            .shards(shards)
            .build()
            .unwrap();
        let pinned = InsertOptions::new().weight(0);
        for key in 0..5_000_u64 {
            cache.insert_with(key, key, &pinned);
        }
        for key in 5_000..20_000 {
            cache.insert(key, key);
            assert!(cache.weight() <= 100);
        }
        assert_eq!((cache.len(), cache.weight()), (5_100, 100));
        assert!((0..5_000).all(|key| cache.contains(&key)));
        assert!(
            cache
                .coldest(usize::MAX)
                .iter()
                .all(|(key, _)| *key >= 5_000)
        );
        // They become ordinary entries, and back.
        cache.insert(0, 0);
        cache.insert_with(19_999, 0, &pinned);
        assert_eq!(
            (cache.weight_of(&0), cache.weight_of(&19_999)),
            (Some(1), Some(0))
        );
        cache.set_capacity(0);
        assert_eq!(
            (cache.weight(), cache.contains(&0), cache.contains(&1)),
            (0, false, true)
        );
        assert_eq!(cache.remove(&1), Some(1));
    }
}

#[test]
fn a_cache_without_room_does_what_it_can() {
    let (cache, heard) = heard(0);
    assert_eq!(cache.insert_if_absent(1, 1), Ok(()));
    assert_eq!(cache.replace(1, 2), None);
    assert_eq!(cache.compute(&1, |_| Compute::Put(3)), Computed::Inserted);
    assert_eq!(cache.replace_if(1, 4, |_| true), Err(4));
    assert_eq!(
        (
            cache.len(),
            cache.iter().count(),
            cache.hottest(5),
            cache.invalidate_where(|_, _| true)
        ),
        (0, 0, vec![], 0)
    );
    let evicted = |value| (1, value, RemovalCause::Evicted);
    assert_eq!(take(&heard), [evicted(1), evicted(2), evicted(3)]);
    cache.insert_with(1, 5, &InsertOptions::new().weight(0));
    cache.clear();
    assert_eq!(take(&heard), [(1, 5, RemovalCause::Removed)]);
}

#[cfg(feature = "serde")]
fn written_and_read(snapshot: &Snapshot<u64, String>) -> Snapshot<u64, String> {
    let json = serde_json::to_string(snapshot).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[cfg(not(feature = "serde"))]
fn written_and_read(snapshot: &Snapshot<u64, String>) -> Snapshot<u64, String> {
    snapshot.clone()
}

#[test]
fn a_snapshot_warms_the_next_cache() {
    let clock = Arc::new(ManualClock::new());
    let build = |capacity| {
        let builder = MemoryCache::<u64, String>::builder()
            .capacity(capacity)
            .shards(1);
        builder
            .time_to_live(Duration::from_secs(100))
            .clock(clock.clone())
            .build()
            .unwrap()
    };
    let before = build(1_000);
    for key in 0..500 {
        before.insert_with(
            key,
            key.to_string(),
            &InsertOptions::new()
                .weight(u64::from(key >= 10))
                .tags([key.to_string()]),
        );
    }
    clock.advance(Duration::from_secs(40));
    before.invalidate_tag("77");
    let snapshot = before.snapshot();
    assert_eq!(
        (snapshot.entries.len(), snapshot.entries[498].expires_in),
        (499, Some(Duration::from_secs(60)))
    );
    let read = written_and_read(&snapshot);
    assert_eq!(read, snapshot);

    let after = build(1_000);
    after.insert(20, "newer".to_string());
    let restored = after
        .restore(read.clone().aged(Duration::from_secs(10)))
        .unwrap();
    assert_eq!(
        (
            restored.stored,
            restored.present,
            restored.expired,
            restored.no_room
        ),
        (498, 1, 0, 0)
    );
    assert_eq!(
        (after.get(&20), after.get(&21), after.get(&77)),
        (Some("newer".into()), Some("21".into()), None)
    );
    assert_eq!(
        (after.weight_of(&5), after.weight_of(&15)),
        (Some(0), Some(1))
    );
    assert_eq!(
        after.entry_info(&30).unwrap().expires_in,
        Some(Duration::from_secs(50))
    );
    after.invalidate_tag("30");
    assert_eq!(after.get(&30), None);
    clock.advance(Duration::from_secs(50));
    assert_eq!(
        (after.get(&31), after.get(&20)),
        (None, Some("newer".into()))
    );

    // The hottest are chosen where there is less room, and those that are pinned.
    let small = build(100);
    let restored = small.restore(read.clone()).unwrap();
    assert_eq!((restored.stored, restored.no_room), (110, 389));
    let mut hottest = read.entries.iter().rev().take(100).map(|entry| entry.key);
    assert!(hottest.all(|key| small.contains(&key)) && small.contains(&9));
    assert_eq!(small.stats().evictions, 0);

    assert_eq!(read.clone().aged(Duration::from_secs(60)).entries.len(), 0);
    let mut bad = read;
    bad.version = 2;
    assert_eq!(
        small.restore(bad),
        Err(Error::SnapshotVersion { version: 2 })
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_cache_restores_by_its_own_rules() {
    let snapshot = |entries: &str| -> Snapshot<u64, u64> {
        serde_json::from_str(&format!(r#"{{"version": 1, "entries": [{entries}]}}"#)).unwrap()
    };
    let entries = snapshot(
        r#"{"key": 1, "value": 70, "weight": 1},
           {"key": 2, "value": 2, "weight": 1, "expires_in": {"secs": 5, "nanos": 0}},
           {"key": 3, "value": 60, "weight": 18446744073709551615},
           {"key": 4, "value": 500, "weight": 0}"#,
    );
    let cache = MemoryCache::builder()
        .capacity(100)
        .weigher(|_, value| *value)
        .build()
        .unwrap();
    let restored = cache.restore(entries.clone()).unwrap();
    // The first does not fit beside the third.
    assert_eq!(
        (restored.stored, restored.expired, restored.no_room),
        (2, 0, 2)
    );
    assert_eq!((cache.peek(&3), cache.weight()), (Some(60), 62));
    // It was built without a time to live, and knows all the same when the second one expires.
    assert_eq!(cache.entry_info(&3).unwrap().expires_in, None);
    assert!(cache.entry_info(&2).unwrap().expires_in <= Some(Duration::from_secs(5)));
    let plain: MemoryCache<u64, u64> = MemoryCache::new(100);
    let restored = plain.restore(entries).unwrap();
    assert_eq!(
        (restored.stored, restored.expired, restored.no_room),
        (3, 0, 1)
    );
}
