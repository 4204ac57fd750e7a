//! Small models of flights, in every interleaving. Who waits for ever is found by the checker: it calls it a deadlock.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use tenfold::__kernel::Outcome;
use tenfold::clock::{Clock, ManualClock, Tick};

use super::rooms::{Denied, Rules};
use super::shard::{Answer, Shard, answer, leader, passenger};
use crate::explore::{explore, explore_only};
use crate::red::must_fail;

const PATIENCE: Duration = Duration::from_nanos(5);

fn shard(clock: &ManualClock) -> Arc<Shard> {
    let mut rules = Rules::new(Arc::new(clock.clone()));
    rules.patience = PATIENCE;
    Arc::new(Shard::new(rules))
}

/// The source of truth is changed and then the key is fenced, while one loads; whoever comes later gets what is true.
fn leader_fence_reader(fence: impl FnOnce(&Shard) + Send + 'static) {
    let shard = shard(&ManualClock::new());
    let (source, fenced) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let early = {
        let (shard, source) = (shard.clone(), source.clone());
        thread::spawn(move || {
            let load = || Ok(source.load(Ordering::Acquire));
            shard.get_or_load(1, Tick::MAX, load);
        })
    };
    let fencer = {
        let (shard, source, fenced) = (shard.clone(), source.clone(), fenced.clone());
        thread::spawn(move || {
            source.store(1, Ordering::Release);
            fence(&shard);
            fenced.store(1, Ordering::Release);
        })
    };
    let least = fenced.load(Ordering::Acquire);
    let late = shard.get_or_load(1, Tick::MAX, || Ok(source.load(Ordering::Acquire)));
    let late = late.value().unwrap();
    assert!(late >= least, "an old value was served");
    early.join().unwrap();
    fencer.join().unwrap();
    assert_ne!(shard.peek(1), Some(0), "an old value was stored");
    let last = shard.get_or_load(1, Tick::MAX, || Ok(source.load(Ordering::Acquire)));
    assert_eq!(last.value(), Some(1), "an old value was stored");
    assert_eq!(shard.under_way(), 0);
}

#[test]
fn a_load_from_before_a_fence_is_not_kept() {
    explore(2, || {
        leader_fence_reader(|shard| {
            shard.remove(1);
        });
    });
}

#[test]
fn red_when_a_change_leaves_the_load_attached() {
    must_fail(
        "flying::interleavings::a_load_from_before_a_fence_is_not_kept",
        "KeepAttached",
        "an old value was",
    );
}

#[test]
fn red_when_a_load_is_stored_unasked() {
    must_fail(
        "flying::interleavings::a_load_from_before_a_fence_is_not_kept",
        "LandUnasked",
        "an old value was",
    );
}

#[test]
fn a_load_from_before_an_epoch_is_not_kept() {
    explore(2, || leader_fence_reader(Shard::next_epoch));
}

#[test]
fn red_when_epochs_are_not_compared() {
    must_fail(
        "flying::interleavings::a_load_from_before_an_epoch_is_not_kept",
        "KeepEpoch",
        "an old value was",
    );
}

#[test]
fn a_load_from_before_a_clear_is_not_kept() {
    explore(2, || leader_fence_reader(Shard::clear));
}

/// The holder of a token reads the source, while it is changed and fenced.
fn token_against_fence() {
    let shard = shard(&ManualClock::new());
    let source = Arc::new(AtomicU64::new(0));
    let filler = {
        let (shard, source) = (shard.clone(), source.clone());
        thread::spawn(move || {
            if let Err(token) = shard.get_or_token(1) {
                let value = source.load(Ordering::Acquire);
                shard.fill(1, &token, value);
            }
        })
    };
    source.store(1, Ordering::Release);
    shard.remove(1);
    filler.join().unwrap();
    assert_ne!(shard.peek(1), Some(0), "an old value was stored");
}

#[test]
fn a_token_from_before_a_fence_fills_nothing() {
    explore(3, token_against_fence);
}

#[test]
fn red_when_a_token_is_honoured_unasked() {
    must_fail(
        "flying::interleavings::a_token_from_before_a_fence_fills_nothing",
        "FillUnasked",
        "an old value was stored",
    );
}

/// The leader ends without a value while the first that waits gives up: the second one leads.
fn drop_against_cancel() {
    let shard = shard(&ManualClock::new());
    let lead = leader(shard.start(1));
    let first = passenger(shard.start(1));
    let second = passenger(shard.start(1));
    let leaver = thread::spawn(move || drop(first));
    let waiter = {
        let shard = shard.clone();
        thread::spawn(move || {
            let Outcome::Lead(lead) = second.wait() else {
                panic!("somebody has landed");
            };
            assert_eq!(shard.finish(1, lead, Ok(7)), (true, true));
        })
    };
    drop(lead);
    leaver.join().unwrap();
    waiter.join().unwrap();
    assert_eq!((shard.peek(1), shard.under_way()), (Some(7), 0));
}

#[test]
fn the_lead_is_handed_on() {
    explore(3, drop_against_cancel);
}

#[test]
fn red_when_a_waiter_swallows_the_lead() {
    must_fail(
        "flying::interleavings::the_lead_is_handed_on",
        "SwallowGrant",
        "deadlock",
    );
}

#[test]
fn red_when_a_leader_tells_nobody() {
    must_fail(
        "flying::interleavings::the_lead_is_handed_on",
        "DropLead",
        "deadlock",
    );
}

/// A load lands while one that waits gives up, or its deadline comes: everybody else gets the value.
fn land_against_cancel() {
    let clock = ManualClock::new();
    let shard = shard(&clock);
    let lead = leader(shard.start(1));
    let first = passenger(shard.start(1)).until(Tick::from_nanos(5));
    let second = passenger(shard.start(1));
    let hurried = thread::spawn(move || answer(first.wait()));
    let patient = thread::spawn(move || answer(second.wait()));
    clock.advance(Duration::from_nanos(5));
    assert_eq!(shard.finish(1, lead, Ok(7)), (true, true));
    let hurried = hurried.join().unwrap();
    assert!([Answer::TimedOut, Answer::Shared(Ok(7))].contains(&hurried));
    assert_eq!(patient.join().unwrap(), Answer::Shared(Ok(7)));
    assert!(clock.timers().is_empty());
}

#[test]
fn a_landing_is_for_everybody() {
    explore_only(2, land_against_cancel);
}

#[test]
fn red_when_a_landing_wakes_one() {
    must_fail(
        "flying::interleavings::a_landing_is_for_everybody",
        "WakeFirst",
        "deadlock",
    );
}

/// The future of a leader was woken and is not polled. One that waits takes over, while the leader comes back with a value.
fn takeover_against_landing() {
    let clock = ManualClock::new();
    let shard = shard(&clock);
    let mut lead = leader(shard.start(1));
    let waiter = passenger(shard.start(1));
    woken_and_not_polled(&mut lead);
    let waiter = {
        let shard = shard.clone();
        thread::spawn(move || match waiter.wait() {
            Outcome::Lead(lead) => {
                let finished = shard.finish(1, lead, Ok(8));
                (finished, 8)
            }
            outcome => ((false, false), answer(outcome).value().unwrap()),
        })
    };
    let mover = {
        let clock = clock.clone();
        thread::spawn(move || clock.advance(PATIENCE))
    };
    let late = shard.finish(1, lead, Ok(7));
    let (taken, seen) = waiter.join().unwrap();
    mover.join().unwrap();
    assert!(
        late.0 != taken.0,
        "both or none were stored: {late:?} and {taken:?}"
    );
    assert_eq!(shard.peek(1), Some(if late.0 { 7 } else { 8 }));
    assert_eq!(shard.peek(1), Some(seen), "who waits gets what is stored");
    assert!(clock.timers().is_empty());
}

fn woken_and_not_polled(lead: &mut super::rooms::Leader<super::shard::Value>) {
    let mut wakes_itself = false;
    let mut load = pin!(std::future::poll_fn(|context| {
        wakes_itself = true;
        context.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    let polled = lead.poll_with(&mut Context::from_waker(Waker::noop()), load.as_mut());
    assert!(polled.is_pending());
}

#[test]
fn an_unpolled_leader_that_comes_late_is_fenced() {
    explore(2, takeover_against_landing);
}

#[test]
fn red_when_a_late_leader_is_taken_for_the_leader() {
    must_fail(
        "flying::interleavings::an_unpolled_leader_that_comes_late_is_fenced",
        "LandSuperseded",
        "stored",
    );
}

/// The future of a leader is woken by another thread, and nobody polls it: one that waits leads.
fn wake_against_wait() {
    let clock = ManualClock::new();
    let shard = shard(&clock);
    let mut lead = leader(shard.start(1));
    let waiter = passenger(shard.start(1));
    let mut kept = None;
    {
        let mut load = pin!(std::future::poll_fn(|context| {
            kept = Some(context.waker().clone());
            Poll::<()>::Pending
        }));
        let polled = lead.poll_with(&mut Context::from_waker(Waker::noop()), load.as_mut());
        assert!(polled.is_pending());
    }
    let event = {
        let clock = clock.clone();
        thread::spawn(move || {
            kept.unwrap().wake();
            clock.advance(PATIENCE);
        })
    };
    let Outcome::Lead(second) = waiter.wait() else {
        panic!("nobody landed");
    };
    event.join().unwrap();
    assert!(!lead.leads());
    assert_eq!(shard.finish(1, second, Ok(8)), (true, true));
    drop(lead);
    assert!(clock.timers().is_empty());
}

#[test]
fn the_lead_does_not_stick_to_who_is_not_polled() {
    explore(3, wake_against_wait);
}

#[test]
fn red_when_the_lead_sticks() {
    must_fail(
        "flying::interleavings::the_lead_does_not_stick_to_who_is_not_polled",
        "KeepUnpolledLead",
        "deadlock",
    );
}

/// Two loaders want each other's key.
fn circle() {
    let shard = shard(&ManualClock::new());
    // How many were told; not part of the model.
    let told = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let load = |own: u64, other: u64| {
        let (shard, told) = (shard.clone(), told.clone());
        move || {
            let nested = || {
                let inner = shard.get_or_load(other, Tick::MAX, || Ok(other));
                if inner == Answer::Denied(Denied::Recursive) {
                    told.fetch_add(1, Ordering::SeqCst);
                }
                inner.value().ok_or("in a circle")
            };
            shard.get_or_load(own, Tick::MAX, nested)
        }
    };
    let other = thread::spawn(load(2, 1));
    let answers = [load(1, 2)(), other.join().unwrap()];
    let denied = answers.map(|answer| matches!(answer, Answer::Denied(_)));
    assert_eq!(denied, [false; 2], "only a loader waits for itself");
    let failed = answers.iter().any(|answer| answer.value().is_none());
    assert_eq!(
        told.load(Ordering::SeqCst),
        usize::from(failed),
        "one of the two is told"
    );
    assert_eq!(shard.under_way(), 0);
}

#[test]
fn a_circle_of_loads_is_found() {
    explore(2, circle);
}

#[test]
fn red_when_circles_are_closed() {
    must_fail(
        "flying::interleavings::a_circle_of_loads_is_found",
        "CloseCircle",
        "deadlock",
    );
}
