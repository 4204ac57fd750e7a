//! Single flight for tasks that are dropped, or not polled any more.

use std::task::Poll;

use super::*;

/// R18: the future of the leader is dropped.
#[test]
fn r18_a_leader_that_is_dropped_hands_over_to_exactly_one() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let mut leader = Task::new(cache.get_or_load_async(&1, std::future::pending()));
    leader.rests();
    let (load, teller) = later();
    let loads = Count::default();
    let mut first = Task::new(cache.get_or_load_async(&1, load));
    let others = || async {
        loads.up();
        99
    };
    let mut rest = [(); 5].map(|()| Task::new(cache.get_or_load_async(&1, others())));
    first.rests();
    rest.iter_mut().for_each(Task::rests);
    drop(leader);
    assert_eq!(first.wakes(), 1, "the first that waits is called");
    assert!(rest.iter().all(|task| task.wakes() == 0), "and nobody else");
    first.rests();
    rest.iter_mut().for_each(Task::rests);
    teller.tell(3);
    assert_eq!(first.ends(), 3);
    for task in &mut rest {
        assert_eq!((task.wakes(), task.ends()), (1, 3));
    }
    assert_eq!((loads.get(), cache.get(&1)), (0, Some(3)));
    assert_eq!(cache.stats().load_failures, 1, "the one that was dropped");
}

#[test]
fn a_waiter_that_is_dropped_takes_nothing_along() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let leader_of = |cache| {
        Task::new(MemoryCache::get_or_load_async(
            cache,
            &1,
            std::future::pending(),
        ))
    };
    let mut leader = leader_of(&cache);
    leader.rests();
    let mut offered = leader_of(&cache);
    let mut next = Task::new(cache.get_or_load_async(&1, async { 5 }));
    offered.rests();
    next.rests();
    drop(leader);
    assert_eq!(offered.wakes(), 1);
    // It was offered the lead, and goes without having heard of it.
    drop(offered);
    assert_eq!((next.wakes(), next.ends()), (1, 5));
}

#[test]
fn r18_a_leader_that_nobody_polls_loses_the_lead() {
    let clock = ManualClock::new();
    let patience = Duration::from_millis(50);
    let build = MemoryCache::<u64, u64>::builder().clock(clock.clone());
    let cache = build.load_patience(patience).build().unwrap();
    let (load, teller) = later();
    let mut leader = Task::new(cache.get_or_load_async(&1, load));
    leader.rests();
    let mut waiter = Task::new(cache.get_or_load_async(&1, async { 2 }));
    waiter.rests();
    // A load that takes long is nothing to worry about.
    clock.advance(patience * 100);
    waiter.rests();
    // One that is ready and not polled is.
    teller.tell(1);
    clock.advance(patience);
    assert!(waiter.wakes() > 0);
    assert_eq!((waiter.ends(), cache.get(&1)), (2, Some(2)));
    // Polled again it has its own answer, which nobody else gets.
    assert_eq!((leader.ends(), cache.get(&1)), (1, Some(2)));
}

#[test]
fn a_leader_whose_time_is_over_hands_over() {
    let clock = ManualClock::new();
    let cache = MemoryCache::<u64, u64>::builder()
        .clock(clock.clone())
        .build()
        .unwrap();
    let (load, _teller) = later::<Result<u64, ()>>();
    let second = Duration::from_secs(1);
    let mut leader = Task::new(cache.try_get_or_load_timeout_async(&1, load, second));
    leader.rests();
    let mut waiter = Task::new(cache.get_or_load_async(&1, async { 2 }));
    waiter.rests();
    clock.advance(second);
    assert!(leader.wakes() > 0);
    assert!(matches!(leader.ends(), Err(LoadError::TimedOut)));
    assert_eq!((waiter.ends(), cache.get(&1)), (2, Some(2)));
}

#[test]
fn a_thread_takes_over_from_a_task_and_a_task_from_a_thread() {
    let cache = MemoryCache::<u64, u64>::new(10);
    let mut leader = Task::new(cache.get_or_load_async(&1, std::future::pending()));
    leader.rests();
    let (at, keeper) = gate();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            cache.get_or_load(&1, |_| {
                at.pass();
                4
            })
        });
        await_misses(&cache, 2);
        // It boards behind its miss; if it comes late it finds a flight without a leader.
        drop(leader);
        keeper.await_arrival();
        let mut task = Task::new(cache.get_or_load_async(&1, async { 5 }));
        task.rests();
        keeper.let_pass();
        assert_eq!(thread.join().unwrap(), 4);
        assert_eq!(task.ends(), 4);
    });
}

#[test]
fn a_hit_polls_no_loader_and_takes_no_second_poll() {
    let cache = MemoryCache::<u64, u64>::new(10);
    cache.insert(1, 1);
    let (load, teller) = later();
    let mut task = Task::new(cache.get_or_load_async(&1, load));
    assert_eq!((task.ends(), teller.polls()), (1, 0));
    assert_eq!(
        task.poll(),
        Poll::Pending,
        "a future that was ready stays quiet"
    );
}

#[test]
fn futures_are_send_and_may_be_spawned() {
    let cache = Arc::new(MemoryCache::<String, u64>::new(10));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let loads = Arc::new(Count::default());
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (cache, loads) = (cache.clone(), loads.clone());
            runtime.spawn(async move {
                let load = async {
                    tokio::task::yield_now().await;
                    Ok::<_, std::io::Error>(loads.up() as u64)
                };
                cache.try_get_or_load_async("key", load).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), 1);
    }
    assert_eq!(loads.get(), 1);
}
