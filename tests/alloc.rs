//! What must not allocate does not: a lookup, its replicas, a refusal, a record, a read.
#![expect(unsafe_code, reason = "a global allocator that counts")]
#![expect(clippy::unwrap_used, reason = "a test that goes astray should panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tenfold::balance::{
    BackendId, Balancer, FailureKind, Outcome, Policy, Request, RoundRobin, Spec,
};
use tenfold::cache::{EvictionPolicy, MemoryCache};
use tenfold::clock::{Clock, ManualClock, MonotonicClock};
use tenfold::histogram::Histogram;
use tenfold::limit::{Keep, Quota, TokenBucket};
use tenfold::pool::{self, Check, Fairness, Order, Pool};
use tenfold::ring::placement::{EnvoyMaglev, EnvoyRing, Ketama, KeyHash, NginxConsistent};
use tenfold::ring::{
    Anchor, Bounded, Jump, Maglev, MultiProbe, Native, Placement, Rendezvous, Ring, SharedRing,
    SlotTable,
};
use tenfold::snapshot::{Reader, Snapshot};

std::thread_local! { static ALLOCATIONS: Cell<usize> = const { Cell::new(0) }; }

struct Counting;

fn count() {
    // A thread that is being torn down is not one that a test looks at.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: everything is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the memory came from the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and the memory came from the same allocator.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread during `work`.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

fn lookups<P: Placement>(placement: P)
where
    P::Hash: KeyHash<[u8]>,
{
    let ring = Ring::builder()
        .nodes(0..100_u32)
        .placement(placement)
        .build()
        .unwrap();
    let counted = allocations(|| {
        for key in 0..1_000_u64 {
            let key = &key.to_le_bytes()[..];
            let owner = ring.locate(key);
            assert!(owner.is_some());
            assert_eq!(ring.replicas(key, 20).count(), 20);
            // More nodes than zones, so that zones are counted.
            assert_eq!(ring.replicas_by(key, 9, |node| node % 4).count(), 9);
            assert_ne!(ring.locate_where(key, |_, node| Some(node) != owner), owner);
        }
    });
    assert_eq!(counted, 0, "{:?}", ring.config());
}

#[test]
fn a_lookup_does_not_allocate() {
    lookups(Native::default());
    lookups(Maglev::default());
    lookups(Jump::default());
    lookups(SlotTable::default());
    lookups(Anchor::default());
    lookups(Rendezvous::default());
    lookups(MultiProbe::default());
    lookups(Ketama::default());
    lookups(NginxConsistent::default());
    lookups(EnvoyRing::default());
    lookups(EnvoyMaglev::default());
}

#[test]
fn a_lease_does_not_allocate() {
    let bounded = Bounded::new(Ring::new(0..100_u32).unwrap(), 1.25).unwrap();
    let mut leases = Vec::with_capacity(1_000);
    assert!(
        bounded
            .lease("the first raises this thread's counters")
            .is_some()
    );
    let counted = allocations(|| {
        for _ in 0..1_000 {
            leases.extend(bounded.lease("hot"));
        }
        leases.clear();
    });
    assert_eq!(counted, 0);
    assert!(bounded.stats().overflows > 900);
}

#[test]
fn a_lookup_in_a_shared_ring_does_not_allocate() {
    let ring = SharedRing::new(Ring::new(0..100_u32).unwrap());
    let mut reader = ring.reader();
    // The first read of a thread may make room for its announcement.
    assert!(ring.locate(&0_u32).is_some());
    let counted = allocations(|| {
        for key in 0..1_000_u64 {
            assert_eq!(ring.locate(&key), reader.locate(&key).copied());
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn reading_recording_and_asking_the_time_do_not_allocate() {
    let (cell, histogram, clock) = (
        Arc::new(Snapshot::new([1; 8])),
        Histogram::new(),
        MonotonicClock::new(),
    );
    let mut reader = Reader::new(cell.clone());
    histogram.record(1);
    let mut last = clock.now();
    let counted = allocations(|| {
        for n in 0..10_000_u64 {
            assert_eq!(
                cell.read(|value| value[0]) + reader.get()[1] + cell.load()[2],
                3
            );
            histogram.record(n << (n % 50));
            assert!(clock.now() >= last);
            last = clock.now();
        }
    });
    assert_eq!(counted, 0);
}

/// Whatever a call does, with the first of its kind done: a thread makes room for its counters and announcements once.
fn requests<P: Policy>(policy: P) {
    let specs = (0..100).map(|place: u64| {
        let spec = Spec::new(place.to_string(), place).weight(1 + (place % 3) as u32);
        spec.max_in_flight(if place % 2 == 0 { 3 } else { 1_000 })
    });
    let balancer = Balancer::builder(policy).backends(specs).build().unwrap();
    let tried: Vec<_> = (0..50)
        .map(|place| BackendId::of(&place.to_string()))
        .collect();
    let retry = Request::new().key("user").excluding(&tried);
    let everybody: Vec<_> = (0..100)
        .map(|place| BackendId::of(&place.to_string()))
        .collect();
    let hopeless = Request::new().excluding(&everybody);
    let mut picker = balancer.picker();
    let mut held = Vec::with_capacity(1_000);
    let mut round = || {
        for _ in 0..100 {
            assert!(balancer.pick().is_ok() && picker.pick().is_ok());
            let picked = balancer.pick_for(&retry).unwrap();
            assert!(*picked.value() >= 50);
            drop(picked.share());
            assert!(balancer.pick_for(&hopeless).is_err());
            assert!(picker.pick_for(&retry).is_ok() && picker.lease(&hopeless).is_err());
            balancer.lease(&retry).unwrap().success();
            let lease = picker.lease(&retry).unwrap();
            lease.report(
                Outcome::success()
                    .latency(Duration::from_millis(1))
                    .server_load(0.5),
            );
            balancer
                .lease(&retry)
                .unwrap()
                .failure(FailureKind::TimedOut);
            drop(balancer.lease(&Request::new()).unwrap());
            held.extend(balancer.lease(&Request::new()));
        }
        // Many of them are full by now.
        held.clear();
    };
    round();
    assert_eq!(allocations(round), 0);
    assert!(balancer.stats().fallbacks > 0);
    // What changed is fetched, and what was replaced is dropped, without making anything.
    balancer
        .update(|changes| {
            changes.remove("99").remove("0");
        })
        .unwrap();
    assert_eq!(allocations(|| assert!(picker.pick().is_ok())), 0);
}

#[test]
fn a_request_to_a_balancer_does_not_allocate() {
    requests(tenfold::balance::Adaptive);
    requests(tenfold::balance::PowerOfTwo);
    requests(RoundRobin);
}

#[test]
fn a_limiter_does_not_allocate() {
    let limiter = TokenBucket::new(Quota::per_second(1_000_000));
    let blocked = TokenBucket::new(Quota::BLOCKED);
    // The clock looks at the machine when it is used for the first time.
    assert!(limiter.try_acquire());
    let taken = allocations(|| {
        assert!(limiter.try_acquire() && !blocked.try_acquire());
        assert!(limiter.decide(2).allowed && limiter.peek(2).allowed);
        assert!(blocked.decide(1).into_result().is_err());
        limiter.charge(3);
        limiter.refund(3);
        limiter.reserve(1, Duration::ZERO).unwrap().commit();
        limiter.set_quota(Quota::per_second(2_000_000), Keep::Tokens);
    });
    assert_eq!(taken, 0);
}

#[test]
fn waiting_does_not_allocate_once_the_line_was_that_long() {
    let clock = ManualClock::new();
    let limiter = TokenBucket::with_clock(Quota::per_second(1), clock.clone());
    assert!(limiter.try_acquire());
    let second = Duration::from_secs(1);
    let round = || {
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(limiter.acquire_async(1));
        let mut second_one = pin!(limiter.acquire_timeout_async(1, 3 * second));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second_one.as_mut().poll(&mut context).is_pending());
        clock.advance(second);
        assert!(first.as_mut().poll(&mut context).is_ready());
        assert!(second_one.as_mut().poll(&mut context).is_pending());
        clock.advance(second);
        assert!(second_one.as_mut().poll(&mut context).is_ready());
    };
    round();
    assert_eq!(allocations(|| (0..100).for_each(|_| round())), 0);
}

/// A thread makes what it parks with when it waits for the first time.
#[test]
fn a_thread_that_waits_again_does_not_allocate() {
    let limiter = TokenBucket::new(Quota::per_second(10_000).with_burst(1));
    let wait = || (0..20).for_each(|_| limiter.acquire().unwrap());
    wait();
    // Timers may hold an entry more than before if the housekeeper is slow to take the last one out.
    wait();
    assert_eq!(allocations(wait), 0);
}

/// What a cache does when it is full: entries come and go, some are read, some replaced, some removed.
fn churn(cache: &MemoryCache<u64, u64>) {
    const CAPACITY: u64 = 2_000;
    assert_eq!(cache.capacity(), CAPACITY);
    let mut next = 0;
    let mut round = || {
        for key in next..next + 10 * CAPACITY {
            cache.insert(key, key);
            // Read while it is there, so that the policy has something to think about; and long after it went.
            let _ = cache.get(&(key / 2));
            assert_ne!(
                cache.read(&(key - key % 50), |value| *value),
                Some(u64::MAX)
            );
            if key % 3 == 0 {
                cache.insert(key, key + 1);
            }
            if key % 7 == 0 {
                let _ = cache.remove(&key.saturating_sub(20));
            }
        }
        next += 10 * CAPACITY;
    };
    round();
    let before = cache.stats();
    // A queue that has never been so long may double, and whoever reclaims notes what other threads hold, such as those of
    // the tests beside this one. Mostly there is neither.
    let counted: Vec<_> = (0..10).map(|_| allocations(&mut round)).collect();
    assert!(counted.contains(&0), "{counted:?}, {:?}", cache.config());
    let stats = cache.stats().since(&before);
    assert!(stats.hits > 0 && stats.misses > 0 && stats.removals > 0 && stats.replacements > 0);
    assert!(
        stats.evictions > 50 * CAPACITY && cache.len() as u64 <= CAPACITY,
        "{stats:?}, {:?}",
        cache.config()
    );
}

#[test]
fn a_cache_that_is_full_does_not_allocate() {
    let builder = || MemoryCache::builder().capacity(2_000);
    churn(&MemoryCache::new(2_000));
    churn(&builder().shards(4).build().unwrap());
    churn(
        &builder()
            .time_to_live(Duration::from_secs(3600))
            .build()
            .unwrap(),
    );
    churn(&builder().weigher(|_, _| 1).build().unwrap());
    for policy in [
        EvictionPolicy::Lru,
        EvictionPolicy::S3Fifo,
        EvictionPolicy::Sieve,
        EvictionPolicy::WTinyLfu,
    ] {
        churn(&builder().policy(policy).build().unwrap());
    }
}

#[test]
fn a_hit_does_not_allocate() {
    let cache = MemoryCache::new(1_000);
    (0..1_000_u64).for_each(|key| cache.insert(key, key + 1));
    // The first read of a thread may make room for its announcement, and of a guard for its record.
    assert_eq!(cache.get(&1), Some(2));
    drop(cache.get_ref(&1));
    let counted = allocations(|| {
        for key in (0..1_000).cycle().take(100_000) {
            assert_eq!(cache.get(&key), Some(key + 1));
            assert_eq!(cache.peek(&key), cache.read(&key, |value| *value));
            assert_eq!(cache.get_ref(&key).map(|value| *value), Some(key + 1));
            assert!(cache.contains(&key) && cache.get(&(key + 1_000)).is_none());
            assert_eq!(cache.get_or_load(&key, |_| unreachable!()), key + 1);
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn a_checkout_does_not_allocate() {
    for (order, fairness, manual) in [
        (Order::Affine, Fairness::Fifo, false),
        (Order::Affine, Fairness::Throughput, true),
        (Order::Lifo, Fairness::Fifo, true),
        (Order::Fifo, Fairness::Fifo, false),
    ] {
        let builder = Pool::builder(pool::from_fn(|| Ok::<_, std::io::Error>(0_u64)))
            .max_size(4)
            .order(order)
            .fairness(fairness)
            .check(Check::Never)
            .on_checkout(|_, _| pool::Verdict::Keep)
            .on_checkin(|_, _| pool::Verdict::Keep);
        let builder = if manual {
            builder.clock(ManualClock::new())
        } else {
            builder
        };
        let pool = builder.build().unwrap();
        assert!(pool.warm_up(4, Duration::from_secs(60)));
        let round = || {
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..100 {
                *pool.acquire().unwrap() += 1;
                *pool.try_acquire().unwrap() += 1;
                *pool.acquire_owned().unwrap() += 1;
                drop((
                    pool.acquire().unwrap(),
                    pool.acquire_timeout(Duration::ZERO).unwrap(),
                ));
                let lease = pin!(pool.acquire_async()).poll(&mut context);
                assert!(lease.is_ready());
                let lease = pin!(pool.acquire_owned_async()).poll(&mut context);
                assert!(lease.is_ready());
                assert_eq!(pool.status().total, 4);
            }
        };
        // A list becomes as long as it may be, and a thread makes room for its counters, once.
        let all = [(); 4].map(|()| pool.try_acquire().unwrap());
        assert!(pool.try_acquire().is_err());
        drop(all);
        round();
        // A thread that has to wait for a lock for the first time makes room for that too.
        let least = (0..3).map(|_| allocations(round)).min();
        assert_eq!(least, Some(0), "{order:?} {fairness:?}");
        // Nor does a refusal.
        let all = [(); 4].map(|()| pool.try_acquire().unwrap());
        let refused = allocations(|| assert!(pool.try_acquire().is_err()));
        assert_eq!(refused, 0);
        drop(all);
    }
}
