//! Hooks: when each is called, with what, and what it can do.

use std::sync::{Arc, Mutex};

use crate::pooling::*;

#[test]
fn each_is_called_at_its_turn() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let log = log.clone();
        move |connection: &mut Conn, info: &tenfold::pool::ConnectionInfo| {
            log.lock()
                .unwrap()
                .push((name, connection.serial, info.uses));
            Verdict::Keep
        }
    };
    let world = calls(|builder| {
        builder
            .max_size(1)
            .on_connect(note("connect"))
            .on_checkout(note("checkout"))
            .on_checkin(note("checkin"))
    });
    drop(world.pool.acquire().unwrap());
    drop(world.pool.try_acquire().unwrap());
    let seen = log.lock().unwrap().clone();
    let expected = [
        ("connect", 1, 0),
        ("checkout", 1, 0),
        ("checkin", 1, 1),
        ("checkout", 1, 1),
        ("checkin", 1, 2),
    ];
    assert_eq!(seen, expected);
    assert_eq!(world.ends(), []);
    world.pool.close();
    assert_eq!(world.ends(), [(1, CloseReason::PoolClosed)]);
    assert_eq!(log.lock().unwrap().len(), 5);
}

#[test]
fn what_a_hook_does_to_a_connection_stays() {
    let world = calls(|builder| {
        builder.max_size(1).on_checkout(|connection, _| {
            connection.broken = true;
            Verdict::Keep
        })
    });
    assert!(world.pool.acquire().unwrap().broken);
    assert_eq!(world.reasons(), [CloseReason::Broken]);
}

#[test]
fn one_that_is_refused_when_it_is_made_is_a_failed_connect() {
    let world = calls(|builder| {
        builder
            .max_size(1)
            .fail_fast_after(1)
            .on_connect(|connection, info| {
                assert_eq!((connection.serial, info.id), (info.id, connection.serial));
                if info.id == 1 {
                    Verdict::Discard
                } else {
                    Verdict::Keep
                }
            })
    });
    let error = world.pool.acquire().map(drop).unwrap_err();
    let AcquireError::Unavailable {
        source,
        failures: 1,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert!(matches!(**source, ConnectError::Rejected));
    assert_eq!(source.to_string(), "the hook refused it");
    assert_eq!(world.ends(), [(1, CloseReason::Rejected)]);
    world.clock.advance(SECOND);
    // It is time to try again, and this one waits for that.
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
}

#[test]
fn in_place_of_one_that_is_refused_the_caller_gets_another() {
    let world = calls(|builder| {
        builder.max_size(2).on_checkout(|_, info| {
            if info.uses > 0 && info.id == 1 {
                Verdict::Discard
            } else {
                Verdict::Keep
            }
        })
    });
    drop(world.pool.acquire().unwrap());
    assert_eq!(world.pool.acquire().unwrap().serial, 2);
    assert_eq!(world.ends(), [(1, CloseReason::Broken)]);
}

#[test]
fn one_that_is_refused_when_it_comes_back_is_closed() {
    let world = calls(|builder| builder.max_size(1).on_checkin(|_, _| Verdict::Discard));
    drop(world.pool.acquire().unwrap());
    drop(world.pool.acquire_owned().unwrap());
    assert_eq!(
        world.ends(),
        [(1, CloseReason::Broken), (2, CloseReason::Broken)]
    );
    assert_eq!(world.counts(), [0; 5]);
}

#[test]
fn hooks_may_use_the_pool() {
    // None runs under a lock.
    let slot: Arc<Mutex<Option<Pool<Calls>>>> = Arc::default();
    let look = |slot: &Arc<Mutex<Option<Pool<Calls>>>>| {
        let pool = slot.lock().unwrap().clone();
        if let Some(pool) = pool {
            let _ = (
                pool.status(),
                pool.held(),
                pool.stats(),
                pool.try_acquire().map(drop),
            );
        }
    };
    let slots = [(); 4].map(|()| slot.clone());
    let [first, second, third, fourth] = slots;
    let world = calls(|builder| {
        builder
            .max_size(1)
            .order(Order::Lifo)
            .on_connect(move |_, _| {
                look(&first);
                Verdict::Keep
            })
            .on_checkout(move |_, _| {
                look(&second);
                Verdict::Keep
            })
            .on_checkin(move |_, _| {
                look(&third);
                Verdict::Keep
            })
            .on_close(move |_, _| look(&fourth))
    });
    *slot.lock().unwrap() = Some(world.pool.clone());
    drop(world.pool.acquire().unwrap());
    world
        .pool
        .retain(|_, _| world.pool.try_acquire().is_err() && !world.pool.evict(9));
    world.pool.clear();
    world.pool.close();
    assert_eq!(world.counts(), [0; 5]);
    let pool = slot.lock().unwrap().take();
    drop(pool);
}

#[test]
fn what_is_attached_is_closed_by_the_hook_of_the_pool() {
    let world = one();
    world.pool.attach(world.backend.connection()).unwrap();
    world.pool.clear();
    assert_eq!(world.ends(), [(1, CloseReason::Stale)]);
}
