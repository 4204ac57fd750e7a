//! What the pool tells of itself: status, leases, leaks, statistics, errors.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenfold::Refusal;
use tenfold::pool::{DrainReport, Held};

use crate::pooling::*;

#[test]
fn a_status_counts_everything_once() {
    let world = spawned(|builder| builder.max_size(9).max_connecting(1).check(Check::Always));
    assert!({
        let warm = Task::waiting(world.pool.warm_up_async(3, SECOND));
        world.jobs.run();
        warm.woken()
    });
    let in_use = world.pool.try_acquire().unwrap();
    for call in [Call::Connect, Call::Check, Call::Close] {
        world.backend.set(call, Mood::Hangs);
    }
    let waiting = [(); 3].map(|()| Task::waiting(world.pool.acquire_async()));
    world.pass(10 * MILLI);
    assert_eq!(world.counts(), [0, 1, 1, 2, 0]);
    Lease::discard(in_use);
    world.jobs.run();
    assert_eq!(world.counts(), [0, 0, 1, 2, 1]);
    let status = world.pool.status();
    assert_eq!((status.max_size, status.total, status.waiting), (9, 4, 3));
    assert_eq!(
        status.to_string(),
        "4 of 9 connections, 1 connecting, 2 being checked, 1 closing, 3 waiting"
    );
    assert!(format!("{:?}", world.pool).contains("waiting: 3"));
    drop(waiting);
}

#[test]
fn leases_are_told_with_the_place_where_they_were_acquired() {
    let world = calls(|builder| builder.max_size(4));
    let pool = &world.pool;
    let (_first, first) = (pool.acquire().unwrap(), line!());
    world.clock.advance(SECOND);
    let (_second, second) = (pool.acquire_owned().unwrap(), line!());
    world.clock.advance(SECOND);
    drop(pool.acquire().unwrap());
    let (_third, third) = (pool.try_acquire().unwrap(), line!());
    world.clock.advance(SECOND);
    let (mut task, fourth) = (Task::new(pool.acquire_async()), line!());
    let _fourth = task.now().unwrap();
    let held = pool.held();
    let lines: Vec<_> = held.iter().map(|held| held.line).collect();
    assert_eq!(lines, [first, second, third, fourth]);
    let times: Vec<_> = held.iter().map(|held| held.held_for.as_secs()).collect();
    assert_eq!(times, [3, 2, 1, 0]);
    let ids: Vec<_> = held.iter().map(|held| held.id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert!(held.iter().all(|held| held.file.ends_with("telling.rs")));
    assert_eq!(
        held[0].to_string(),
        format!("since 3s by {}:{first}", held[0].file)
    );
}

#[test]
fn a_leak_is_reported_once() {
    let leaks = Arc::new(Mutex::new(Vec::<Held>::new()));
    let seen = leaks.clone();
    let world = calls(|builder| {
        builder
            .max_size(2)
            .leak_threshold(Some(10 * SECOND))
            .on_leak(move |held| seen.lock().unwrap().push(*held))
    });
    let (lease, line) = (world.pool.acquire().unwrap(), line!());
    world.clock.advance(10 * SECOND - MILLI);
    assert_eq!(leaks.lock().unwrap().len(), 0);
    world.clock.advance(MILLI);
    world.clock.advance(100 * SECOND);
    let reported = leaks.lock().unwrap().clone();
    assert_eq!(reported.len(), 1);
    assert_eq!(
        (reported[0].line, reported[0].id, reported[0].held_for),
        (line, 1, 10 * SECOND)
    );
    assert_eq!(world.pool.stats().leaks, 1);
    // The next lease of the same connection is another one.
    drop(lease);
    let _again = world.pool.acquire().unwrap();
    world.clock.advance(100 * SECOND);
    assert_eq!(leaks.lock().unwrap().len(), 2);
}

#[test]
fn who_gives_it_back_in_time_leaks_nothing() {
    let world = calls(|builder| builder.max_size(1).leak_threshold(Some(SECOND)));
    for _ in 0..10 {
        let lease = world.pool.acquire().unwrap();
        world.clock.advance(900 * MILLI);
        drop(lease);
    }
    assert_eq!(world.pool.stats().leaks, 0);
    let _held = world.pool.acquire().unwrap();
    world.clock.advance(SECOND);
    assert_eq!(world.pool.stats().leaks, 1);
}

#[test]
fn no_threshold_is_no_report() {
    let world = calls(|builder| builder.max_size(1).leak_threshold(None));
    let _held = world.pool.acquire().unwrap();
    world.clock.advance(1_000_000 * SECOND);
    assert_eq!(world.pool.stats().leaks, 0);
}

#[test]
fn statistics_add_up() {
    let world = one();
    let before = world.pool.stats();
    let lease = world.pool.acquire().unwrap();
    let waiting = Task::waiting(world.pool.acquire_async());
    world.clock.advance(SECOND);
    drop(lease);
    let lease = waiting.woken().unwrap();
    world.clock.advance(2 * SECOND);
    Lease::discard(lease);
    let stats = world.pool.stats().since(&before);
    assert_eq!(
        (stats.checkouts, stats.waits, stats.refused, stats.timeouts),
        (2, 2, 0, 0)
    );
    assert_eq!(
        (stats.connected, stats.closed, stats.closed_broken),
        (1, 1, 1)
    );
    assert_eq!(
        (stats.used_for, stats.mean_use()),
        (3 * SECOND, 1_500 * MILLI)
    );
    assert_eq!(stats.wait_ratio(), 1.0);
    assert_eq!(stats.suggested_size(3 * SECOND), 4);
    let histograms = world.pool.histograms();
    assert_eq!(
        (
            histograms.wait.count(),
            histograms.hold.count(),
            histograms.connect.count()
        ),
        (2, 2, 1)
    );
    let longest = Duration::from_nanos(histograms.wait.max());
    assert!(
        longest >= 990 * MILLI && longest <= 1_010 * MILLI,
        "{longest:?}"
    );
}

#[test]
fn every_error_says_what_it_is_and_what_to_do() {
    let world = calls(|builder| builder.max_size(1).max_waiters(1).fail_fast_after(1));
    let lease = world.pool.acquire().unwrap();
    let exhausted = world.pool.try_acquire().map(drop).unwrap_err();
    let waiting = Task::waiting(world.pool.acquire_timeout_async(SECOND));
    let full = world.pool.acquire().map(drop).unwrap_err();
    world.clock.advance(SECOND);
    let late = waiting.woken().map(drop).unwrap_err();
    world.backend.set(Call::Connect, Mood::Fails);
    Lease::discard(lease);
    let down = world.pool.acquire().map(drop).unwrap_err();
    world.pool.close();
    let closed = world.pool.acquire().map(drop).unwrap_err();

    let says = [
        (
            &exhausted,
            "no connection is free: 1 of 1 connections, 1 in use, 0 waiting",
        ),
        (&full, "1 callers wait already"),
        (
            &late,
            "no connection after 1s: all are in use (1 of 1 connections",
        ),
        (
            &down,
            "no connection can be made, 1 attempts have failed: the backend is down",
        ),
        (&closed, "the pool is closed"),
    ];
    for (error, text) in says {
        assert!(error.to_string().starts_with(text), "{error}");
        assert_eq!(format!("{:?}", error.clone()), format!("{error:?}"));
    }
    assert!(late.to_string().contains("telling.rs:"), "{late}");
    let kinds = |error: &dyn Refusal| {
        [
            error.is_timeout(),
            error.is_closed(),
            error.is_overloaded(),
            error.retry_after().is_some(),
        ]
    };
    let expected = [
        (exhausted, [false, false, true, false], Error::Exhausted),
        (
            full,
            [false, false, true, false],
            Error::TooManyWaiters { limit: 1 },
        ),
        (late, [true, false, false, false], Error::TimedOut),
        (closed, [false, true, false, false], Error::Closed),
    ];
    for (error, kind, plain) in expected {
        assert_eq!(kinds(&error), kind, "{error:?}");
        assert!(error.connect_error().is_none());
        let converted = Error::from(error);
        assert_eq!((converted, kinds(&converted)), (plain, kind));
    }
    assert_eq!(kinds(&down), [false, false, false, true]);
    let plain = Error::from(down);
    assert!(matches!(plain, Error::Unavailable { .. }) && plain.retry_after().is_some());
}

#[test]
fn a_report_of_nothing_is_complete() {
    let world = one();
    let report: DrainReport = world.pool.drain(SECOND);
    assert_eq!(
        format!("{report:?}"),
        "DrainReport { closed: 0, pending: 0, held: [] }"
    );
}

#[test]
fn the_manager_is_there_to_be_asked() {
    let world = one();
    assert_eq!(world.pool.manager().0.connects(), 0);
}
