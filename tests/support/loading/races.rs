//! Historic races of loads with changes. A load that began before a change returned is never stored, and never served to who comes later.

use super::*;

/// What changes a key, as a user does it.
type Change = (&'static str, fn(&MemoryCache<u64, u64>), Option<u64>);

const CHANGES: [Change; 6] = [
    ("insert", |cache| cache.insert(1, 2), Some(2)),
    ("remove", |cache| assert_eq!(cache.remove(&1), None), None),
    ("invalidate", |cache| assert!(!cache.invalidate(&1)), None),
    ("invalidate_all", |cache| cache.invalidate_all(), None),
    (
        "fill",
        |cache| {
            let Lookup::Miss(token) = cache.get_or_token(&1) else {
                panic!("not a miss")
            };
            cache.fill(token, 2).unwrap();
        },
        Some(2),
    ),
    (
        "insert and remove",
        |cache| {
            cache.insert(1, 2);
            assert_eq!(cache.remove(&1), Some(2));
        },
        None,
    ),
];

/// R1: the stale set. A load reads the old value; a writer changes the source and the key; the load ends.
#[test]
fn r1_a_load_that_a_change_overtook_is_not_stored() {
    for (name, change, expected) in CHANGES {
        let cache = MemoryCache::<u64, u64>::new(10);
        let (load, teller) = later();
        let mut leader = Task::new(cache.get_or_load_async(&1, load));
        leader.rests();
        let mut joiner = Task::new(cache.get_or_load_async(&1, async { panic!("a second load") }));
        joiner.rests();
        change(&cache);
        teller.tell(1);
        assert_eq!(
            (leader.ends(), joiner.ends()),
            (1, 1),
            "{name}: who was on board gets it"
        );
        assert_eq!(cache.get(&1), expected, "{name}");
    }
}

/// R1 in a thread: the change comes from within the load.
#[test]
fn r1_a_blocking_load_that_a_change_overtook_is_not_stored() {
    for (name, change, expected) in CHANGES {
        let cache = MemoryCache::<u64, u64>::new(10);
        let got = cache.get_or_load(&1, |_| {
            change(&cache);
            1
        });
        assert_eq!((got, cache.get(&1)), (1, expected), "{name}");
    }
}

/// R2: who comes after a change does not join a load from before it.
#[test]
fn r2_a_doomed_load_is_not_joined() {
    for (name, change, expected) in CHANGES {
        let cache = MemoryCache::<u64, u64>::new(10);
        let (load, teller) = later();
        let mut old = Task::new(cache.get_or_load_async(&1, load));
        old.rests();
        change(&cache);
        let loads = Count::default();
        let load = async {
            loads.up();
            3
        };
        let fresh = Task::new(cache.get_or_load_async(&1, load)).ends();
        assert_eq!(
            (fresh, loads.get()),
            (expected.unwrap_or(3), usize::from(expected.is_none())),
            "{name}"
        );
        teller.tell(1);
        assert_eq!(old.ends(), 1);
        assert_eq!(
            cache.get(&1),
            Some(fresh),
            "{name}: the old load changed nothing"
        );
    }
}

/// R2, later: the doomed load and the new one are under way at the same time, and each has its own joiners.
#[test]
fn r2_two_loads_of_different_ages_keep_apart() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let ((old_load, old), (new_load, new)) = (later(), later());
    let mut old_leader = Task::new(cache.get_or_load_async(&1, old_load));
    old_leader.rests();
    let mut old_joiner = Task::new(cache.get_or_load_async(&1, std::future::pending()));
    old_joiner.rests();
    cache.invalidate(&1);
    let mut new_leader = Task::new(cache.get_or_load_async(&1, new_load));
    new_leader.rests();
    let mut new_joiner = Task::new(cache.get_or_load_async(&1, std::future::pending()));
    new_joiner.rests();
    new.tell(2);
    assert_eq!(
        (new_leader.ends(), new_joiner.ends(), cache.get(&1)),
        (2, 2, Some(2))
    );
    old.tell(1);
    assert_eq!(
        (old_leader.ends(), old_joiner.ends(), cache.get(&1)),
        (1, 1, Some(2))
    );
}

/// R18 with R1: whoever takes over a doomed load does not revive it.
#[test]
fn r18_a_doomed_load_that_is_taken_over_is_doomed() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let mut leader = Task::new(cache.get_or_load_async(&1, std::future::pending()));
    leader.rests();
    let mut heir = Task::new(cache.get_or_load_async(&1, async { 1 }));
    heir.rests();
    cache.insert(1, 2);
    drop(leader);
    assert_eq!((heir.ends(), cache.get(&1)), (1, Some(2)));
}

/// R1 against the clock: many rounds of a writer and loaders, and no reader ever sees a value go back.
#[test]
fn r1_no_value_comes_back_under_load() {
    use std::sync::atomic::AtomicU64;
    let cache = MemoryCache::<u64, u64>::new(10);
    let truth = AtomicU64::new(0);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    cache.get_or_load(&1, |_| truth.load(Ordering::SeqCst));
                }
            });
        }
        scope.spawn(|| {
            for version in 1..=20_000 {
                truth.store(version, Ordering::SeqCst);
                cache.invalidate(&1);
                // Whatever is served from now on was read after the change.
                let seen = cache.get_or_load(&1, |_| truth.load(Ordering::SeqCst));
                assert_eq!(seen, version);
            }
            done.store(true, Ordering::SeqCst);
        });
    });
}
