//! Which operations keep a load that is under way from storing its value.

use super::super::aftermath::Aftermath;
use super::super::{Compute, InsertOptions, MemoryCache};
use crate::kernel::flight::Token;

type Cache = MemoryCache<u64, u64>;

/// What a load that begins now has in its hands.
fn begin(cache: &Cache, key: u64) -> Token {
    let hash = cache.core.hash(&key);
    let mut after: Aftermath<'_, u64, u64> = cache.core.aftermath();
    let token = cache.core.shard(hash).unwrap().lock().flights.token(
        hash.whole(),
        key,
        0,
        &mut after.pile().debris,
    );
    after.settle();
    token
}

/// Whether it may store what it loaded.
fn end(cache: &Cache, key: u64, token: &Token) -> bool {
    let hash = cache.core.hash(&key);
    let mut after: Aftermath<'_, u64, u64> = cache.core.aftermath();
    let may =
        cache
            .core
            .shard(hash)
            .unwrap()
            .lock()
            .flights
            .fill(token, 0, &mut after.pile().debris);
    after.settle();
    may
}

/// Whether `change` keeps a load of key 1 from being stored, with a value 10 there or without.
fn fences(present: bool, change: impl FnOnce(&Cache)) -> bool {
    let cache = MemoryCache::new(100);
    if present {
        cache.insert(1, 10);
    }
    let token = begin(&cache, 1);
    change(&cache);
    !end(&cache, 1, &token)
}

#[test]
fn changes_fence_loads() {
    for present in [false, true] {
        assert!(!fences(present, |_| {}));
        assert!(fences(present, |cache| {
            let _ = cache.replace(1, 11);
        }));
        assert!(fences(present, |cache| cache.insert_with(
            1,
            11,
            &InsertOptions::new()
        )));
        assert!(
            fences(present, |cache| assert_eq!(
                cache.replace_if(1, 11, |_| true).is_ok(),
                present
            )) == present
        );
        assert!(
            fences(present, |cache| assert_eq!(
                cache.insert_if_absent(1, 11).is_ok(),
                !present
            )) != present
        );
        assert!(fences(present, |cache| assert_eq!(
            cache.remove_if(&1, |_| true),
            present
        )));
        assert!(fences(present, |cache| {
            let _ = cache.compute(&1, |_| Compute::Put(11));
        }));
        assert!(fences(present, |cache| {
            let _ = cache.compute(&1, |_| Compute::Remove);
        }));
        assert!(!fences(present, |cache| {
            let _ = cache.compute(&1, |_| Compute::Keep);
        }));
        assert!(!fences(present, |cache| {
            let _ = cache.replace(2, 11);
        }));
        assert!(fences(present, |cache| {
            let _ = cache.invalidate_where(|_, _| false);
        }));
        assert!(fences(present, Cache::clear));
    }
    assert!(!fences(true, |cache| assert!(
        !cache.remove_if(&1, |_| false)
    )));
}

#[test]
fn clear_fences_loads_with_a_listener_as_well() {
    let cache: Cache = MemoryCache::builder()
        .capacity(100)
        .listener(|_, _, _| {})
        .build()
        .unwrap();
    let token = begin(&cache, 1);
    cache.clear();
    assert!(!end(&cache, 1, &token));
}

#[test]
fn a_load_that_began_before_its_tag_was_invalidated_is_not_served() {
    let cache: Cache = MemoryCache::new(100);
    let options = InsertOptions::new().tags(["a"]);
    let load = |born| {
        let extra = cache.core.extra(&options, Some(born));
        let terms = cache
            .core
            .terms_with(cache.core.hash(&1), &1, &10, &options, extra.as_ref())
            .unwrap();
        cache.core.insert(cache.core.hash(&1), 1, 10, terms);
        cache.get(&1)
    };
    let before = cache.core.tag_clock();
    cache.invalidate_tag("a");
    assert_eq!(load(before), None);
    assert_eq!(load(cache.core.tag_clock()), Some(10));
}
