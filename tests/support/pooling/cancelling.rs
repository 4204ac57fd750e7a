//! Calls that are given up: at every gate, and ten thousand times at random.

use std::task::Poll;

use tenfold::rng::Rng;

use crate::pooling::*;

const MAX: u32 = 3;

fn worlds() -> [World<Tasks>; 2] {
    worlds_that_check(Check::Always)
}

fn worlds_that_check(check: Check) -> [World<Tasks>; 2] {
    worlds_with(check, |builder| builder)
}

fn worlds_with(check: Check, more: impl Fn(Builder<Tasks>) -> Builder<Tasks>) -> [World<Tasks>; 2] {
    let settings = |builder: Builder<Tasks>| {
        more(builder)
            .max_size(MAX)
            .check(check)
            .wait_timeout(Some(20 * SECOND))
            .fail_fast_after(u32::MAX)
            .backoff_max(20 * MILLI)
    };
    [driven(settings), spawned(settings)]
}

/// Everything goes well from now on, and every place can be used.
fn has_lost_nothing(world: &World<Tasks>) {
    for call in [Call::Connect, Call::Check, Call::Close] {
        world.backend.set(call, Mood::Good);
    }
    for _ in 0..100 {
        world.pass(SECOND);
    }
    // Where the callers run the checks, one that was given up stands still until the next caller.
    let [idle, in_use, connecting, checking, closing] = world.counts();
    assert_eq!((in_use, connecting, closing), (0, 0, 0));
    assert_eq!(world.pool.status().waiting, 0);
    assert!(checking == 0 || world.is_driven());
    let idle = idle + checking;
    assert_eq!(
        world.backend.live().len(),
        idle as usize,
        "nothing is forgotten"
    );
    let stats = world.pool.stats();
    assert_eq!(stats.connected, stats.closed + u64::from(idle), "{stats:?}");
    assert_eq!(world.ends().len() as u64, stats.closed);
    let mut tasks: Vec<_> = (0..MAX)
        .map(|_| Task::new(world.pool.acquire_async()))
        .collect();
    let mut leases = Vec::new();
    for _ in 0..100 {
        tasks.retain_mut(|task| match task.poll() {
            Poll::Ready(lease) => {
                leases.push(lease.unwrap());
                false
            }
            Poll::Pending => true,
        });
        world.pass(MILLI);
    }
    assert_eq!(world.counts(), [0, MAX, 0, 0, 0]);
}

#[test]
fn before_it_was_polled() {
    for world in worlds() {
        drop(world.pool.acquire_async());
        assert_eq!((world.backend.connects(), world.counts()), (0, [0; 5]));
        has_lost_nothing(&world);
    }
}

#[test]
fn during_a_connect() {
    for mood in [Mood::Hangs, Mood::Fails, Mood::Panics, Mood::Good] {
        for world in worlds() {
            world.backend.set(Call::Connect, mood);
            let mut task = Task::new(world.pool.acquire_async());
            let _ = task.poll().map(drop);
            world.jobs.run_one(0);
            drop(task);
            has_lost_nothing(&world);
        }
    }
}

#[test]
fn during_a_check() {
    for mood in [Mood::Hangs, Mood::Fails, Mood::Panics, Mood::Good] {
        for world in worlds() {
            world.pool.attach(world.backend.connection()).unwrap();
            world.backend.set(Call::Check, mood);
            let mut task = Task::new(world.pool.acquire_async());
            let _ = task.poll().map(drop);
            world.jobs.run_one(0);
            assert_eq!(world.backend.checks(), 1);
            drop(task);
            has_lost_nothing(&world);
        }
    }
}

#[test]
fn after_something_was_handed_to_it() {
    for world in worlds_that_check(Check::Never) {
        for _ in 0..MAX {
            world.pool.attach(world.backend.connection()).unwrap();
        }
        let mut leases = [(); MAX as usize].map(|()| Some(world.pool.try_acquire().unwrap()));
        let task = Task::waiting(world.pool.acquire_async());
        leases[0] = None;
        assert!(task.is_woken());
        drop(task);
        assert_eq!(world.counts(), [1, MAX - 1, 0, 0, 0]);
        drop(leases);
        has_lost_nothing(&world);
    }
}

#[test]
fn after_it_was_passed_over() {
    for world in worlds_that_check(Check::Never) {
        for _ in 0..MAX {
            world.pool.attach(world.backend.connection()).unwrap();
        }
        let leases = [(); MAX as usize].map(|()| world.pool.try_acquire().unwrap());
        let task = Task::waiting(world.pool.acquire_async());
        drop(leases);
        world.pass(SECOND);
        drop(task);
        has_lost_nothing(&world);
    }
}

#[test]
fn of_a_warm_up() {
    for world in worlds() {
        world.backend.set(Call::Connect, Mood::Hangs);
        let mut warm = Task::new(world.pool.warm_up_async(MAX, SECOND));
        assert!(warm.poll().is_pending());
        world.jobs.run();
        drop(warm);
        has_lost_nothing(&world);
    }
}

#[test]
fn who_drives_a_connect_leaves_it_to_the_next() {
    let [world, _] = worlds();
    world.backend.set(Call::Connect, Mood::Hangs);
    let first = Task::waiting(world.pool.acquire_async());
    let mut second = Task::waiting(world.pool.acquire_async());
    drop(first);
    assert!(second.poll().is_pending());
    world.backend.set(Call::Connect, Mood::Good);
    assert!(second.woken().is_ok());
    assert!(world.backend.connects() <= 2);
}

/// Callers come and go while connects, checks and closes hang, fail, panic and go on.
fn give_up(world: &World<Tasks>, mut times: u32, rng: &mut Rng) {
    let mut random = move |below: usize| rng.below(below as u64) as usize;
    let moods = [
        Mood::Good,
        Mood::Good,
        Mood::Hangs,
        Mood::Fails,
        Mood::Panics,
    ];
    let calls = [Call::Connect, Call::Check, Call::Close];
    let mut tasks: Vec<Task<'_, _>> = Vec::new();
    let mut leases = Vec::new();
    while times > 0 {
        match random(12) {
            0..=2 if tasks.len() < 12 => tasks.push(Task::new(world.pool.acquire_async())),
            3..=4 if !tasks.is_empty() => {
                let n = random(tasks.len());
                if let Poll::Ready(outcome) = tasks[n].poll() {
                    leases.extend(outcome.ok());
                    drop(tasks.swap_remove(n));
                }
            }
            5..=6 if !tasks.is_empty() => {
                drop(tasks.swap_remove(random(tasks.len())));
                times -= 1;
            }
            7 if !leases.is_empty() => {
                let mut lease: Lease<'_, _> = leases.swap_remove(random(leases.len()));
                lease.broken = random(8) == 0;
            }
            8 => drop(world.jobs.run_one(random(8))),
            9 => world.backend.let_through(1),
            10 => world.backend.set(calls[random(3)], moods[random(5)]),
            11 => match random(40) {
                0 => world.pool.clear(),
                1 => world.pool.pause(),
                2..=4 => world.pool.resume(),
                5 => world.clock.advance(11 * SECOND),
                _ => world.clock.advance(MILLI * random(30) as u32),
            },
            _ => {}
        }
        let status = world.pool.status();
        assert!(status.total <= MAX, "{status}");
        assert!(status.in_use as usize >= leases.len(), "{status}");
    }
    world.pool.resume();
}

#[test]
fn ten_thousand_that_are_given_up_lose_nothing() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| {
        for seed in 0..20 {
            let mut rng = Rng::seeded(seed);
            let orders = [Order::Affine, Order::Lifo, Order::Fifo];
            let order = orders[rng.below(3) as usize];
            let checks = [Check::Always, Check::Never, Check::IfIdleFor(10 * MILLI)];
            let check = checks[rng.below(3) as usize];
            let fairness = if rng.below(3) == 0 {
                Fairness::Throughput
            } else {
                Fairness::Fifo
            };
            let max_idle = [None, Some(0), Some(1)][rng.below(3) as usize];
            let max_connecting = 1 + rng.below(3) as u32;
            let settings = |builder: Builder<Tasks>| {
                builder
                    .order(order)
                    .fairness(fairness)
                    .max_idle(max_idle)
                    .max_connecting(max_connecting)
            };
            for world in worlds_with(check, settings) {
                give_up(&world, 250, &mut rng);
                has_lost_nothing(&world);
            }
        }
    });
    std::panic::set_hook(hook);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
