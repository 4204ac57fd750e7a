//! Cache-aside with tokens.

use super::*;

fn miss(cache: &MemoryCache<u64, u64>, key: u64) -> tenfold::cache::LoadToken<u64> {
    match cache.get_or_token(&key) {
        Lookup::Miss(token) => token,
        other => panic!("not a miss: {other:?}"),
    }
}

#[test]
fn a_token_fills_its_key_once() {
    let cache = MemoryCache::new(10);
    let (first, second) = (miss(&cache, 1), miss(&cache, 1));
    assert_eq!(first.key(), &1);
    cache.fill(first, 5).unwrap();
    assert_eq!(cache.get_or_token(&1).hit(), Some(5));
    assert_eq!(cache.fill(second, 6).unwrap_err().value, 6);
    assert_eq!(cache.get(&1), Some(5));
}

/// R1 for cache-aside, and for all that changes a key.
#[test]
fn r1_a_token_is_void_after_a_change() {
    let changes: [fn(&MemoryCache<u64, u64>); 5] = [
        |cache| cache.insert(1, 2),
        |cache| assert_eq!(cache.remove(&1), None),
        |cache| assert!(!cache.invalidate(&1)),
        |cache| cache.invalidate_all(),
        |cache| assert_eq!(cache.get_or_load(&1, |_| 2), 2),
    ];
    for change in changes {
        let cache = MemoryCache::new(10);
        let (token, absent) = (miss(&cache, 1), miss(&cache, 1));
        change(&cache);
        let before = cache.get(&1);
        assert_eq!(cache.fill(token, 1).unwrap_err().value, 1);
        cache.fill_absent(absent).unwrap_err();
        assert_eq!(cache.get(&1), before);
    }
}

#[test]
fn a_token_of_another_key_or_cache_is_worth_nothing() {
    let (one, two) = (MemoryCache::new(10), MemoryCache::new(10));
    let token = miss(&one, 1);
    let _open = miss(&two, 1);
    assert!(two.fill(token, 1).is_err());
    let (token, other) = (miss(&one, 1), miss(&one, 2));
    one.invalidate(&2);
    assert!(one.fill(token, 1).is_ok());
    assert!(one.fill(other, 1).is_err());
}

#[test]
fn an_absence_may_be_filled() {
    let cache = MemoryCache::<u64, u64>::builder()
        .negative_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    cache.fill_absent(miss(&cache, 1)).unwrap();
    assert!(matches!(cache.get_or_token(&1), Lookup::NegativeHit));
    assert_eq!(cache.get_or_load_optional(&1, |_| Some(1)), None);
}
