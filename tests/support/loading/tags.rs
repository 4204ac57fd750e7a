//! Loads that bring options: above all tags, which are invalidated while they are under way.

use tenfold::cache::{InsertOptions, Ttl};

use super::*;

type Cache = MemoryCache<u64, u64>;
type Tagged = (u64, InsertOptions);

fn tagged(value: u64) -> Tagged {
    (value, InsertOptions::new().tags(["t"]))
}

#[test]
fn a_loader_says_what_its_entry_is_to_be() {
    let clock = ManualClock::new();
    let cache: Cache = MemoryCache::builder()
        .capacity(100)
        .clock(clock.clone())
        .build()
        .unwrap();
    let second = Duration::from_secs(1);
    let options = || InsertOptions::new().ttl(Ttl::For(second)).weight(7);
    let load = |key: &u64| (2 * key, options().tags(["a", "b"]));
    assert_eq!(cache.get_or_load_with(&1, load), 2);
    let info = cache.entry_info(&1).unwrap();
    assert_eq!((info.weight, info.expires_in), (7, Some(second)));
    assert_eq!(info.tags, ["a", "b"]);
    assert_eq!(cache.get_or_load_with(&1, |_| tagged(99)), 2);
    let none = |_: &u64| None::<Tagged>;
    assert_eq!(cache.get_or_load_with(&2, none), None);
    let found = |key: &u64| Ok::<_, ()>(Some((2 * key, options())));
    let got = cache.try_get_or_load_with_timeout(&2, found, second);
    assert_eq!(got.unwrap(), Some(4));
    let fails = |_: &u64| Err::<Tagged, _>("no");
    let failed = cache.try_get_or_load_with(&3, fails).unwrap_err();
    assert_eq!(failed.failure(), Some(&"no"));
    let bulk = |keys: &[u64]| keys.iter().map(|key| (*key, load(key))).collect::<Vec<_>>();
    let got = cache.get_or_load_many_with(&[1, 2, 5], bulk);
    assert_eq!(got, [Some(2), Some(4), Some(10)]);
    let got = cache.try_get_or_load_many_with(&[6], |keys| Ok::<_, ()>(bulk(keys)));
    assert_eq!(got.unwrap(), [Some(12)]);
    let later = block_on(cache.get_or_load_with_async(&7, async { load(&7) }));
    assert_eq!((later, cache.weight()), (14, 35));
    clock.advance(second);
    assert_eq!(cache.get_many(&[1, 2, 5, 6, 7]), [None; 5]);
    // No time at all stores nothing.
    let now = InsertOptions::new().ttl(Ttl::For(Duration::ZERO));
    assert_eq!(cache.get_or_load_with(&1, |_| (1, now.clone())), 1);
    assert_eq!(cache.get(&1), None);
}

/// Each loads key 1 with a tag, is invalidated meanwhile, and says what its caller got.
fn blocking(cache: &Cache, meanwhile: &dyn Fn()) -> u64 {
    cache.get_or_load_with(&1, |_| {
        meanwhile();
        tagged(10)
    })
}

fn fallible(cache: &Cache, meanwhile: &dyn Fn()) -> u64 {
    let load = |_: &u64| {
        meanwhile();
        Ok::<_, ()>(Some(tagged(10)))
    };
    cache.try_get_or_load_with(&1, load).unwrap().unwrap()
}

fn task(cache: &Cache, meanwhile: &dyn Fn()) -> u64 {
    let (load, teller) = later();
    let mut task = Task::new(cache.get_or_load_with_async(&1, load));
    task.rests();
    meanwhile();
    teller.tell(tagged(10));
    task.ends()
}

fn bulk(cache: &Cache, meanwhile: &dyn Fn()) -> u64 {
    let got = cache.get_or_load_many_with(&[1, 2], |_| {
        meanwhile();
        [(1, tagged(10)), (2, (20, InsertOptions::new()))]
    });
    assert_eq!(got.get(1), Some(&Some(20)));
    assert_eq!(cache.get(&2), Some(20), "one without the tag is stored");
    got.first().copied().flatten().unwrap()
}

fn bulk_task(cache: &Cache, meanwhile: &dyn Fn()) -> u64 {
    let (load, teller) = later();
    let mut load = Some(load);
    let load = move |_| load.take().unwrap();
    let mut task = Task::new(cache.try_get_or_load_many_with_async(&[1], load));
    task.rests();
    meanwhile();
    teller.tell(Ok::<_, ()>(vec![(1, tagged(10))]));
    task.ends().unwrap().first().copied().flatten().unwrap()
}

type Load = fn(&Cache, &dyn Fn()) -> u64;
const LOADS: [Load; 5] = [blocking, fallible, task, bulk, bulk_task];

#[test]
fn a_load_that_began_before_its_tag_was_invalidated_is_not_stored() {
    for load in LOADS {
        let cache = MemoryCache::new(100);
        assert_eq!(load(&cache, &|| cache.invalidate_tag("t")), 10);
        assert_eq!((cache.get(&1), cache.peek(&1)), (None, None));
        cache.invalidate_tag("t");
        assert_eq!(load(&cache, &|| cache.invalidate_tag("other")), 10);
        assert_eq!(cache.get(&1), Some(10));
        cache.invalidate_tag("t");
        assert_eq!(cache.get(&1), None);
    }
}

#[test]
fn who_came_before_the_invalidation_shares_and_who_came_after_loads() {
    for load in LOADS {
        let cache = MemoryCache::new(100);
        let again = || Task::new(cache.get_or_load_with_async(&1, async { tagged(11) }));
        let twice = |keys: Vec<u64>| async move {
            let pairs = keys.into_iter().map(|key| (key, 12));
            pairs.collect::<Vec<_>>()
        };
        let many = || Task::new(cache.get_or_load_many_async(&[1], twice));
        let (mut before, mut after) = (again(), again());
        let (mut all_before, mut all_after) = (many(), many());
        std::thread::scope(|scope| {
            let (gate, keeper) = gate();
            let cache = &cache;
            let waits = scope.spawn(move || load(cache, &|| gate.pass()));
            keeper.await_arrival();
            before.rests();
            all_before.rests();
            cache.invalidate_tag("unknown");
            cache.invalidate_tag("t");
            after.rests();
            all_after.rests();
            // Nothing that happens later matters to those.
            cache.invalidate_tag("t");
            keeper.let_pass();
            assert_eq!(waits.join().unwrap(), 10, "its own caller came before");
        });
        assert_eq!((before.ends(), all_before.ends()), (10, vec![Some(10)]));
        assert_eq!((after.ends(), all_after.ends()), (11, vec![Some(11)]));
        assert_eq!(cache.get(&1), Some(11));
    }
}

#[test]
fn a_waiter_loads_again_once_however_often_its_tag_is_invalidated() {
    let cache = Cache::new(100);
    let (first, teller) = later();
    let mut leader = Task::new(cache.get_or_load_with_async(&1, first));
    leader.rests();
    cache.invalidate_tag("t");
    let mut late = Task::new(cache.get_or_load_with_async(&1, async { tagged(99) }));
    late.rests();
    teller.tell(tagged(1));
    assert_eq!(leader.ends(), 1);
    // Another one is faster, and its load is invalidated as well.
    let (second, teller) = later();
    let mut faster = Task::new(cache.get_or_load_with_async(&1, second));
    faster.rests();
    late.rests();
    cache.invalidate_tag("t");
    teller.tell(tagged(2));
    assert_eq!((faster.ends(), late.ends()), (2, 2));
    assert_eq!(cache.get(&1), None);
}

#[test]
fn a_reload_whose_tag_was_invalidated_replaces_nothing() {
    let clock = ManualClock::new();
    let second = Duration::from_secs(1);
    let cache: Cache = MemoryCache::builder()
        .clock(clock.clone())
        .refresh_after_write(second)
        .build()
        .unwrap();
    cache.insert(1, 5);
    clock.advance(second);
    assert_eq!(blocking(&cache, &|| cache.invalidate_tag("t")), 10);
    assert_eq!(cache.get(&1), Some(5), "it has no such tag");
    clock.advance(second);
    assert_eq!(blocking(&cache, &|| {}), 10);
    assert_eq!(cache.get(&1), Some(10));
    clock.advance(second);
    // Due, and invalid meanwhile: nobody is served it while it is reloaded.
    let reload = cache.get_or_load_with(&1, |_| {
        cache.invalidate_tag("t");
        assert_eq!(cache.get(&1), None);
        tagged(11)
    });
    assert_eq!((reload, cache.get(&1)), (11, None));
}

#[test]
fn a_token_is_void_for_a_value_whose_tag_was_invalidated() {
    let cache = Cache::new(100);
    let miss = || match cache.get_or_token(&1) {
        Lookup::Miss(token) => token,
        other => panic!("not a miss: {other:?}"),
    };
    let (void, good, untagged) = (miss(), miss(), miss());
    cache.invalidate_tag("t");
    let (value, options) = tagged(10);
    let stale = cache.fill_with(void, value, &options).unwrap_err();
    assert_eq!((stale.value, cache.get(&1)), (10, None));
    let other = InsertOptions::new().tags(["u"]).weight(3);
    cache.fill_with(good, 20, &other).unwrap();
    assert_eq!((cache.get(&1), cache.weight()), (Some(20), 3));
    assert_eq!(cache.fill(untagged, 30).unwrap_err().value, 30);
    cache.invalidate_tag("u");
    assert_eq!(cache.get(&1), None);
    cache.fill_with(miss(), value, &options).unwrap();
    assert_eq!(cache.get(&1), Some(10));
}

#[test]
fn a_thread_that_came_too_late_loads_as_well() {
    let cache = Cache::new(100);
    let (first, teller) = later();
    let mut leader = Task::new(cache.get_or_load_with_async(&1, first));
    leader.rests();
    cache.invalidate_tag("t");
    std::thread::scope(|scope| {
        let cache = &cache;
        let threads = [
            scope.spawn(|| cache.get_or_load(&1, |_| 3)),
            scope.spawn(|| cache.get_or_load_with(&1, |_| tagged(3))),
        ];
        // One miss is the leader's. They may still be on the way to the flight: then it's over, and they load.
        await_misses(cache, 3);
        teller.tell(tagged(2));
        assert_eq!(leader.ends(), 2);
        assert_eq!(threads.map(|thread| thread.join().unwrap()), [3, 3]);
    });
}
