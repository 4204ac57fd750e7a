//! Random schedules, and threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use tenfold::pool::{self, AcquireError, KeyedPool, OwnedLease};

use super::{Call, Lease, Server, State, World, poll};

const MAX_TOTAL: u32 = 3;
const MAX_SIZE: u32 = 2;

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(u32),
    Try(u32),
    Return(usize),
    Discard(usize),
    Detach(usize),
    Cancel(usize),
    Advance(u64),
    Clear,
    Evict(u32),
    Fail(u32),
    Heal,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..6_u32;
    prop_oneof![
        8 => key.clone().prop_map(Step::Ask),
        2 => key.clone().prop_map(Step::Try),
        6 => any::<usize>().prop_map(Step::Return),
        1 => any::<usize>().prop_map(Step::Discard),
        1 => any::<usize>().prop_map(Step::Detach),
        3 => any::<usize>().prop_map(Step::Cancel),
        3 => prop_oneof![0..50_u64, 500..3000_u64].prop_map(Step::Advance),
        1 => Just(Step::Clear),
        1 => key.clone().prop_map(Step::Evict),
        1 => key.prop_map(Step::Fail),
        2 => Just(Step::Heal),
    ]
}

struct Run {
    world: World,
    calls: Vec<(u32, Call)>,
    leases: Vec<Lease>,
    /// Whether some key could not connect for a while.
    ill: bool,
}

impl Run {
    fn new() -> Self {
        let world = World::new(|pools| {
            let mut pool = pool::Config::default();
            pool.max_size = MAX_SIZE;
            pool.wait_timeout = None;
            pool.idle_timeout = Some(Duration::from_secs(4));
            pools
                .pool(pool)
                .max_total(MAX_TOTAL)
                .max_keys(5)
                .key_idle_timeout(Some(Duration::from_secs(2)))
        });
        Self {
            world,
            calls: Vec::new(),
            leases: Vec::new(),
            ill: false,
        }
    }

    fn take<T>(from: &mut Vec<T>, which: usize) -> Option<T> {
        (!from.is_empty()).then(|| from.swap_remove(which % from.len()))
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Ask(key) => self.calls.push((key, self.world.pools.acquire_async(&key))),
            Step::Try(key) => self.leases.extend(self.world.pools.try_acquire(&key).ok()),
            Step::Return(which) => drop(Self::take(&mut self.leases, which)),
            Step::Discard(which) => {
                if let Some(lease) = Self::take(&mut self.leases, which) {
                    OwnedLease::discard(lease);
                }
            }
            Step::Detach(which) => {
                if let Some(mut lease) = Self::take(&mut self.leases, which) {
                    lease.leave();
                    drop(OwnedLease::detach(lease));
                }
            }
            Step::Cancel(which) => drop(Self::take(&mut self.calls, which)),
            Step::Advance(millis) => self.world.clock.advance(Duration::from_millis(millis)),
            Step::Clear => self.world.pools.clear(),
            Step::Evict(key) => drop(self.world.pools.evict_key(&key)),
            Step::Fail(key) => {
                self.world.fail_for(key);
                self.ill = true;
            }
            Step::Heal => {
                self.world.heal();
            }
        }
    }

    /// Polls every call. Whether one got something.
    fn poll(&mut self) -> bool {
        let (ill, before) = (self.ill, self.calls.len());
        let leases = &mut self.leases;
        self.calls.retain_mut(|(key, call)| match poll(call) {
            Poll::Pending => true,
            Poll::Ready(Ok(lease)) => {
                assert_eq!(lease.key, *key);
                leases.push(lease);
                false
            }
            // Too many keys, or it was evicted.
            Poll::Ready(Err(AcquireError::TooManyKeys { .. } | AcquireError::Closed)) => false,
            Poll::Ready(Err(error)) => {
                assert!(ill && error.connect_error().is_some(), "{error}");
                false
            }
        });
        self.calls.len() < before
    }

    fn check(&mut self) {
        while self.poll() {}
        let status = self.world.pools.status();
        assert!(self.world.peak() <= MAX_TOTAL, "{status:?}");
        assert_eq!(status.total, self.world.open(), "{status:?}");
        assert!(status.keys <= 5);
        let evicted = self.leases.len() as u32 - status.pools.in_use;
        assert!(status.pools.total + evicted == status.total, "{status:?}");
        if self.ill {
            return;
        }
        for (key, _) in &self.calls {
            let own = self.world.pools.status_of(key);
            let Some(own) = own.filter(|own| own.waiting > 0) else {
                continue;
            };
            assert_eq!(own.idle, 0, "key {key} waits for what it has: {own}");
            if own.total < MAX_SIZE {
                assert_eq!(status.pools.idle, 0, "key {key} starves: {status:?}");
                assert_eq!(status.total, MAX_TOTAL, "key {key} starves: {status:?}");
            }
        }
    }

    /// Everybody is served in the end, and everything is gone after that.
    fn end(mut self) {
        self.world.heal();
        for _ in 0..200 {
            if self.calls.is_empty() {
                break;
            }
            self.leases.clear();
            while self.poll() {}
            // Who could not connect tries again.
            self.world.clock.advance(Duration::from_millis(100));
        }
        assert!(self.calls.is_empty(), "{:?}", self.world.pools);
        self.leases.clear();
        for _ in 0..20 {
            self.world.clock.advance(Duration::from_secs(1));
        }
        let status = self.world.pools.status();
        assert_eq!((status.keys, status.total, status.starving), (0, 0, 0));
        assert_eq!((self.world.open(), self.world.managers()), (0, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_lost_and_nobody_starves(steps in prop::collection::vec(step(), 1..120)) {
        let mut run = Run::new();
        for step in steps {
            run.run(step);
            run.check();
        }
        run.end();
    }
}

/// As many tasks, with and without somebody who runs futures in the background.
#[test]
fn tasks_share_the_budget() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for background in [true, false] {
        let handle = runtime.handle().clone();
        let connect = |key: &u32| {
            let key = *key;
            pool::from_async_fn(move || async move {
                tokio::task::yield_now().await;
                Ok::<_, std::io::Error>(key)
            })
        };
        let mut builder = KeyedPool::builder(connect).max_total(3).max_size(2);
        if background {
            builder = builder.spawner(move |task| drop(handle.spawn(task)));
        }
        let pools = builder.build_async().unwrap();
        let tasks: Vec<_> = (0..48_u32)
            .map(|task| {
                let pools = pools.clone();
                runtime.spawn(async move {
                    for round in 0..40 {
                        let key = (task + round * round) % 5;
                        let lease = pools.acquire_async(&key).await.unwrap();
                        assert_eq!(*lease, key);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        let stats = pools.stats();
        assert_eq!(stats.pools.checkouts, 48 * 40);
        assert!(stats.gave_way > 0, "{stats:?}");
        assert!(pools.drain(Duration::from_secs(60)).is_complete());
        assert_eq!(pools.status().total, 0);
    }
}

/// Threads that fight for fewer connections than there are keys.
#[test]
fn threads_share_the_budget() {
    let state = std::sync::Arc::new(State::default());
    let theirs = state.clone();
    let pools = KeyedPool::builder(move |key: &u32| Server::new(*key, &theirs))
        .max_total(4)
        .max_size(2)
        .max_keys(8)
        .turn(Duration::from_millis(1))
        .build()
        .unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let (pools, state, over) = (&pools, &state, &over);
            scope.spawn(move || {
                for round in 0..300_u32 {
                    let key = (thread + round * round) % 7;
                    if round % 5 == 0 {
                        let mut call = pools.acquire_async(&key);
                        let _ = poll(&mut call);
                        continue;
                    }
                    let lease = pools.acquire(&key).unwrap();
                    assert_eq!(lease.key, key);
                    over.fetch_or(state.open() > 4, Ordering::SeqCst);
                    if round % 11 == 0 {
                        OwnedLease::discard(lease);
                    }
                }
            });
        }
    });
    assert!(!over.load(Ordering::SeqCst));
    let stats = pools.stats();
    assert_eq!(stats.status.pools.in_use, 0);
    assert!(
        stats.gave_way > 0 && stats.status.starving == 0,
        "{stats:?}"
    );
    assert!(pools.drain(Duration::from_secs(60)).is_complete());
    assert_eq!((state.open(), pools.status().total), (0, 0));
}
